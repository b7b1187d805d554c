//! What is measured of the service's work for who traces it: requests, steps
//! and deliveries, as spans of `tracing`.
//!
//! A span carries names of operations, pseudonymous ids and outcomes, as the
//! log does, and never anything of a person. Nothing here knows where spans go:
//! whoever exports them installs a [`Carrier`], once, as the log is installed.

use std::sync::OnceLock;

use tracing::Span;

/// Target of every span that may leave the house. Events are the log's and are
/// not exported.
pub const TARGET: &str = "hearth::span";
/// Outcome of a step that found nothing to do; such spans tell nothing and come
/// twice a second.
pub const IDLE: &str = "idle";
/// Header of W3C Trace Context that names the caller's span.
pub const TRACEPARENT: &str = "traceparent";
/// Header of an answer that names our span.
pub const TRACERESPONSE: &str = "traceresponse";

/// Joins our spans to other services' traces.
#[derive(Clone, Copy, Debug)]
pub struct Carrier {
    /// Makes a span the child of the one that a `traceparent` names. One that
    /// cannot be read is left aside.
    pub adopt: fn(&Span, &str),
    /// A span as a `traceparent`; `None` where it is not part of a trace.
    pub name: fn(&Span) -> Option<String>,
}

static CARRIER: OnceLock<Carrier> = OnceLock::new();

/// Installs the carrier of this process; the first stays.
pub fn carry(carrier: Carrier) {
    // A second one would have the same log and so say the same.
    let _ = CARRIER.set(carrier);
}

/// Continues the trace that a `traceparent` names.
pub fn adopt(span: &Span, traceparent: &str) {
    if let Some(carrier) = CARRIER.get() {
        (carrier.adopt)(span, traceparent);
    }
}

/// A span as a `traceparent`, when traces are exported.
pub fn traceparent(span: &Span) -> Option<String> {
    CARRIER.get().and_then(|carrier| (carrier.name)(span))
}
