//! A refusal as a page: what it was, and a way on.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::problem::Problem;

/// A [`Problem`] answered as HTML.
pub(super) struct Refusal(pub(super) Problem);

/// The result of a page.
pub(super) type Paged = Result<Response, Refusal>;

impl<E: Into<Problem>> From<E> for Refusal {
    fn from(error: E) -> Refusal {
        Refusal(error.into())
    }
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct RefusalPage<'a> {
    status: u16,
    code: &'a str,
    zh: &'a str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Refusal(problem) = self;
        let page = RefusalPage {
            status: problem.status().as_u16(),
            code: problem.code(),
            zh: problem.zh(),
        };
        let mut response = match page.render() {
            Ok(text) => (problem.status(), Html(text)).into_response(),
            Err(_) => return problem.into_response(),
        };
        if let Some(seconds) = problem.retry_after_seconds() {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A rendered template as an answer.
pub(super) fn html(page: &impl Template) -> Paged {
    html_with(StatusCode::OK, page)
}

/// A rendered template with a status.
pub(super) fn html_with(status: StatusCode, page: &impl Template) -> Paged {
    match page.render() {
        Ok(text) => Ok((status, Html(text)).into_response()),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            Err(Refusal(Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "系统内部错误，已记录",
                "an internal error; it has been logged",
            )))
        }
    }
}
