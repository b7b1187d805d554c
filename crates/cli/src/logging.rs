//! The log, on stderr. It names steps, ids and counts, never identities.

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt, registry};

use crate::exit;
use crate::settings::LogSettings;
use crate::traces::Exporting;

/// Environment variable that goes before the configured filter.
const VARIABLE: &str = "HEARTH_LOG";

/// Starts the log. `fallback` is the filter when none is asked for. What is
/// exported has a filter of its own: a quiet log does not thin out traces.
pub(crate) fn start(
    settings: &LogSettings,
    fallback: &str,
    exporting: Option<Exporting>,
) -> anyhow::Result<()> {
    let asked = std::env::var(VARIABLE)
        .ok()
        .or_else(|| settings.filter.clone());
    let directives = asked.as_deref().unwrap_or(fallback);
    let filter = EnvFilter::try_new(directives)
        .map_err(|error| exit::configuration(format!("cannot read the log filter: {error}")))?;
    let log = fmt::layer().with_writer(std::io::stderr).with_target(true);
    let log = if settings.json {
        log.json().flatten_event(true).boxed()
    } else {
        log.compact().boxed()
    };
    let started = registry()
        .with(exporting)
        .with(log.with_filter(filter))
        .try_init();
    started.map_err(|error| exit::configuration(format!("cannot start the log: {error}")))
}
