//! One span for each request: the route as it is written in the documentation,
//! never the path with its ids, and no query, header, address or officer.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use pipeline::spans::{self, TARGET, TRACEPARENT, TRACERESPONSE};
use tracing::Instrument as _;
use tracing::field::Empty;

/// A method by its name. Any word may stand where the method does, so one we
/// do not serve is not repeated.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Measures a request, as part of the caller's trace where there is one.
pub(crate) async fn traced(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.kind = "server",
        http.request.method = method(request.method()),
        http.route = route.map_or("none", MatchedPath::as_str),
        http.response.status_code = Empty,
    );
    let parent = request.headers().get(TRACEPARENT);
    if let Some(parent) = parent.and_then(|value| value.to_str().ok()) {
        spans::adopt(&span, parent);
    }
    let mut response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    let name = spans::traceparent(&span).and_then(|name| HeaderValue::from_str(&name).ok());
    if let Some(name) = name {
        let header = HeaderName::from_static(TRACERESPONSE);
        response.headers_mut().insert(header, name);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_is_not_served_is_not_repeated() {
        assert_eq!(method(&Method::POST), "POST");
        let number = Method::from_bytes(b"329903198209140133").unwrap();
        assert_eq!(method(&number), "other");
    }
}
