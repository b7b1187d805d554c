//! The log, on stderr. It names steps, ids and counts, never identities.

use tracing_subscriber::EnvFilter;

use crate::exit;
use crate::settings::LogSettings;

/// Environment variable that goes before the configured filter.
const VARIABLE: &str = "HEARTH_LOG";

/// Starts the log. `fallback` is the filter when none is asked for.
pub(crate) fn start(settings: &LogSettings, fallback: &str) -> anyhow::Result<()> {
    let asked = std::env::var(VARIABLE)
        .ok()
        .or_else(|| settings.filter.clone());
    let directives = asked.as_deref().unwrap_or(fallback);
    let filter = EnvFilter::try_new(directives)
        .map_err(|error| exit::configuration(format!("cannot read the log filter: {error}")))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(true);
    let started = if settings.json {
        log.json().flatten_event(true).try_init()
    } else {
        log.compact().try_init()
    };
    started.map_err(|error| exit::configuration(format!("cannot start the log: {error}")))
}
