//! Whether a request that changes something comes from our own pages. A cookie
//! is sent along whoever asks; a bearer token is not, so only requests with a
//! cookie, and the login form, are asked.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};

use crate::problem::{Answered, Problem};

/// Methods that change nothing.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Refuses a changing request of another site, and one that does not say where
/// it comes from.
///
/// Browsers that send `Sec-Fetch-Site` cannot be made to lie in it, so it goes
/// before `Origin`, which is `null` under a strict referrer policy.
pub fn refuse_foreign(parts: &Parts) -> Answered<()> {
    if is_safe(&parts.method) || is_ours(parts) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "csrf.refused",
        "请求不是从本系统页面发出的，已拒绝",
        "the request does not come from a page of this site",
    ))
}

fn is_ours(parts: &Parts) -> bool {
    if let Some(site) = text(&parts.headers, "sec-fetch-site") {
        return site == "same-origin";
    }
    let host = text(&parts.headers, header::HOST.as_str()).or_else(|| {
        parts
            .uri
            .authority()
            .map(axum::http::uri::Authority::as_str)
    });
    let origin = text(&parts.headers, header::ORIGIN.as_str());
    let named = origin.and_then(|origin| origin.split_once("://"));
    named.is_some_and(|(_, authority)| Some(authority) == host)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
