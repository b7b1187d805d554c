//! Traces for who watches many services at once: our spans over OTLP to the
//! collector that the configuration names, in builds with the feature `otel`.
//! Other builds carry none of it and refuse a configuration that asks for it.

#[cfg(feature = "otel")]
mod otlp;

use tracing_subscriber::{Layer, Registry};

#[cfg(feature = "otel")]
pub(crate) use otlp::{Traces, begin};

/// What hears the spans that are exported.
pub(crate) type Exporting = Box<dyn Layer<Registry> + Send + Sync>;

/// Nothing is exported by this build.
#[cfg(not(feature = "otel"))]
pub(crate) struct Traces;

#[cfg(not(feature = "otel"))]
impl Traces {
    /// Nothing is left to send.
    #[expect(clippy::unused_async, reason = "builds with traces wait here")]
    pub(crate) async fn end(self) {}
}

/// Refuses what this build cannot do.
#[cfg(not(feature = "otel"))]
pub(crate) fn begin(
    settings: &crate::settings::Settings,
) -> anyhow::Result<(Option<Exporting>, Traces)> {
    if settings.traces.enabled {
        return Err(crate::exit::configuration(
            "traces.enabled: 本程序不含链路追踪，请换用以 --features otel 构建的程序，或去掉该设置；\
             this build cannot export traces: use one built with --features otel, or take the setting away",
        ));
    }
    Ok((None, Traces))
}
