//! The exporter: OTLP over HTTP with protobuf, sent by the one client that
//! leaves the house, to a collector on its list.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use opentelemetry::Value;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};
use pipeline::outbound::{Client, OutboundSettings, Sending, Target};
use pipeline::spans::{self, Carrier};
use tokio::runtime::Handle;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use vault::Zeroizing;

use super::Exporting;
use crate::exit;
use crate::settings::Settings;

/// Where the collector is, as every service names it.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Switches every exporter of a machine off.
const DISABLED: &str = "OTEL_SDK_DISABLED";
/// Names the service where several run.
const SERVICE: &str = "OTEL_SERVICE_NAME";
/// Where a collector takes traces.
const PATH: &str = "/v1/traces";
/// Bytes of a collector's answer that are read.
const ANSWER_BYTES: usize = 64 * 1024;

/// Traces under way, if any.
pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Sends what is left. A collector that does not answer holds nothing up
    /// for long: the client's patience bounds it.
    pub(crate) async fn end(self) {
        let Some(provider) = self.0 else { return };
        // It waits for its own thread, which waits for this runtime.
        let ended = tokio::task::spawn_blocking(move || provider.shutdown()).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last traces were not sent");
        }
    }
}

/// Begins to export, where the configuration asks for it. In a runtime.
pub(crate) fn begin(settings: &Settings) -> anyhow::Result<(Option<Exporting>, Traces)> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let disabled = variable(DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if !settings.traces.enabled || disabled {
        return Ok((None, Traces(None)));
    }
    let refuse = |why: &str| exit::configuration(format!("traces.endpoint: {why}"));
    let named = settings.traces.endpoint.clone();
    let base = named.or_else(|| variable(ENDPOINT)).ok_or_else(|| {
        refuse("未写收集器地址；name the collector here or in OTEL_EXPORTER_OTLP_ENDPOINT")
    })?;
    let endpoint = format!("{}{PATH}", base.trim_end_matches('/'));
    let parsed = endpoint.parse::<Target>();
    let target = parsed.map_err(|error| refuse(&error.to_string()))?;
    // A collector often stands on the same machine, and this one address is
    // named by the configuration and not by an officer.
    let outbound = OutboundSettings {
        own_addresses: true,
        ..settings.outbound.steps()?
    };
    let client = Client::new(outbound);
    client
        .allows(&target)
        .map_err(|error| refuse(&format!("{error} (outbound.allow)")))?;
    let sender = Sender {
        client: Arc::new(client),
        target,
        runtime: Handle::current(),
        failing: AtomicBool::new(false),
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(sender)
        .with_endpoint(endpoint)
        .with_protocol(Protocol::HttpBinary)
        .build()
        .map_err(|error| exit::configuration(format!("cannot export traces: {error}")))?;
    let service = variable(SERVICE).unwrap_or_else(|| "hearth".to_owned());
    let resource = Resource::builder_empty().with_service_name(service).build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(Busy(exporter))
        .with_resource(resource)
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("hearth"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(Targets::new().with_target(spans::TARGET, LevelFilter::INFO));
    spans::carry(Carrier { adopt, name });
    Ok((Some(layer.boxed()), Traces(Some(provider))))
}

/// Only `traceparent` is taken, which is numbers: `tracestate` and `baggage`
/// may hold what another service put there.
fn adopt(span: &Span, traceparent: &str) {
    let header = HashMap::from([(spans::TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let parent = TraceContextPropagator::new().extract(&header);
    if parent.span().span_context().is_valid() {
        // It fails for a span nobody exports.
        let _ = span.set_parent(parent);
    }
}

fn name(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let known = span.span_context();
    known.is_valid().then(|| {
        let sampled = u8::from(known.is_sampled());
        format!("00-{}-{}-{sampled:02x}", known.trace_id(), known.span_id())
    })
}

/// Leaves out steps that found nothing to do.
#[derive(Debug)]
struct Busy<E>(E);

fn is_idle(span: &SpanData) -> bool {
    let idle = |value: &Value| value.as_str() == spans::IDLE;
    let mut attributes = span.attributes.iter();
    attributes.any(|attribute| attribute.key.as_str() == "outcome" && idle(&attribute.value))
}

impl<E: opentelemetry_sdk::trace::SpanExporter> opentelemetry_sdk::trace::SpanExporter for Busy<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let busy: Vec<SpanData> = batch.into_iter().filter(|span| !is_idle(span)).collect();
        if busy.is_empty() {
            return Ok(());
        }
        self.0.export(busy).await
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.0.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

/// Sends by our client, whichever thread exports.
struct Sender {
    client: Arc<Client>,
    target: Target,
    runtime: Handle,
    /// A failure is logged once until the next success.
    failing: AtomicBool,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let headers = head.headers.iter();
        let sending = Sending {
            method: head.method,
            headers: headers
                .filter(|(name, _)| *name != "user-agent" && *name != "host")
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            body: Zeroizing::new(body.to_vec()),
            answer_bytes_max: ANSWER_BYTES,
        };
        let (client, target) = (self.client.clone(), self.target.clone());
        let sent = self
            .runtime
            .spawn(async move { client.send(&target, sending).await })
            .await?;
        let failed = match &sent {
            Ok(answer) if (200..300).contains(&answer.status) => None,
            Ok(_) => Some("answer"),
            Err(failure) => Some(failure.name()),
        };
        let before = self.failing.swap(failed.is_some(), Ordering::Relaxed);
        if let Some(failure) = failed.filter(|_| !before) {
            tracing::warn!(failure, "traces are not taken by the collector");
        }
        let answer = sent.map_err(|failure| HttpError::from(failure.name()))?;
        let response = Response::builder().status(answer.status);
        Ok(response.body(Bytes::from(answer.body))?)
    }
}
