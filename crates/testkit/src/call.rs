//! Calling the app's router in process, as one of its officers.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value as Json;
use tower::ServiceExt as _;

use crate::app::TestApp;

/// An answer of the app.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as sent.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is not.
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.bytes).unwrap_or(Json::Null)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The `ETag`, as sent.
    pub fn etag(&self) -> String {
        self.headers
            .get("etag")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    }
}

impl TestApp {
    /// Sends one request as a named officer; no name, no token.
    pub async fn call(
        &self,
        officer: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some((_, token)) = self.officers.get(officer) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).expect("a request");
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("the router answers");
        let (parts, body) = response.into_parts();
        let bytes = body
            .collect()
            .await
            .map(|collected| collected.to_bytes().to_vec());
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes: bytes.unwrap_or_default(),
        }
    }

    /// `GET`.
    pub async fn get(&self, officer: &str, path: &str) -> Answer {
        self.call(officer, Method::GET, path, &[], Vec::new()).await
    }

    /// `POST` of JSON.
    pub async fn post(
        &self,
        officer: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Json,
    ) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.call(
            officer,
            Method::POST,
            path,
            &all,
            body.to_string().into_bytes(),
        )
        .await
    }

    /// An action on an alert with a version and a key.
    pub async fn act(
        &self,
        officer: &str,
        alert: &str,
        noun: &str,
        version: i64,
        key: &str,
        body: &Json,
    ) -> Answer {
        let version = format!("\"{version}\"");
        let headers = [("if-match", version.as_str()), ("idempotency-key", key)];
        self.post(
            officer,
            &format!("/api/v1/alerts/{alert}/{noun}"),
            &headers,
            body,
        )
        .await
    }
}
