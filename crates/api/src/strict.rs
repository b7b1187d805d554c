//! Strict reading of what callers send: unknown parameters and fields are
//! refused with the same kind of answer everywhere.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Json, Path, Query, Request};
use axum::http::{StatusCode, request::Parts};
use domain::time::Date;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::problem::{Answered, Problem};

/// Query parameters of a type that denies unknown fields.
pub struct StrictQuery<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for StrictQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<StrictQuery<T>, Problem> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        query
            .map(|Query(value)| StrictQuery(value))
            .map_err(|error: QueryRejection| {
                Problem::bad(
                    "param.invalid",
                    "查询参数不认识或格式不对",
                    told(&error.body_text()),
                )
            })
    }
}

/// What the parser says, unless it may repeat a name or a number: it quotes
/// parameters it does not know.
fn told(text: &str) -> &str {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    if text.is_ascii() && numbers.all(|number| number.len() <= 4) {
        text
    } else {
        "a parameter is not known or not well-formed"
    }
}

/// Path parameters; what does not parse is simply not found.
pub struct StrictPath<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for StrictPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<StrictPath<T>, Problem> {
        let path = Path::<T>::from_request_parts(parts, app).await;
        path.map(|Path(value)| StrictPath(value))
            .map_err(|_: PathRejection| Problem::not_found())
    }
}

/// A JSON body of a type that denies unknown fields.
pub struct StrictJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for StrictJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<StrictJson<T>, Problem> {
        match Json::<T>::from_request(request, app).await {
            Ok(Json(value)) => Ok(StrictJson(value)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "json.content_type",
                "请用 application/json",
                "the body must be application/json",
            )),
            // The text of the error may quote the body, so it is not repeated.
            Err(_) => Err(Problem::bad(
                "json.invalid",
                "请求体不是所要求的 JSON，或含有不认识的字段",
                "the body is not the JSON this operation takes, or has unknown fields",
            )),
        }
    }
}

/// A page size within limits.
pub fn limit(app: &App, asked: Option<u32>) -> Answered<u32> {
    let limit = asked.unwrap_or(100);
    if limit == 0 || limit > app.limits.page_max {
        return Err(Problem::bad(
            "param.range",
            "limit 超出范围",
            "limit is out of range",
        ));
    }
    Ok(limit)
}

/// A civil date parameter.
pub fn date(text: &str) -> Answered<Date> {
    text.parse().map_err(|_| {
        Problem::bad(
            "param.date",
            "日期应为 2026-11-20 的形式且真实存在",
            "a date must exist and read like 2026-11-20",
        )
    })
}
