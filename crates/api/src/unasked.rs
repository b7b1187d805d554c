//! Operations that take no query parameter refuse any: a condition that is
//! passed over in silence would read as one that was met.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

use crate::problem::Problem;

/// Methods and paths of the operations without query parameters.
pub(crate) type Unasked = Arc<BTreeSet<(&'static str, String)>>;

/// Read from the document that the handlers make, so that none is forgotten.
pub(crate) fn of(document: &OpenApi) -> Unasked {
    let takes_none = |operation: &&Operation| {
        let parameters = operation.parameters.iter().flatten();
        let mut parameters = parameters.into_iter();
        !parameters.any(|parameter| match parameter {
            RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Query,
            RefOr::Ref(_) => true,
        })
    };
    let methods = |item: &PathItem| {
        let all = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("DELETE", &item.delete),
        ];
        let known = all
            .into_iter()
            .filter(|(_, operation)| operation.as_ref().is_some_and(|o| takes_none(&o)));
        known.map(|(method, _)| method).collect::<Vec<_>>()
    };
    // What asks after our health may add what it likes.
    let paths = document.paths.paths.iter();
    let paths = paths.filter(|(path, _)| path.starts_with("/api/"));
    let all = paths.flat_map(|(path, item)| {
        let path = path.clone();
        let of = methods(item).into_iter();
        of.map(move |method| (method, path.clone()))
    });
    Arc::new(all.collect())
}

/// 400 for a query where there is nothing to ask.
pub(crate) async fn refuse(
    State(unasked): State<Unasked>,
    request: Request,
    next: Next,
) -> Response {
    let asked = request.uri().query().is_some_and(|query| !query.is_empty());
    let path = request.extensions().get::<MatchedPath>();
    let takes_none = path.is_some_and(|path| {
        let method = request.method().as_str();
        let here = |(known, at): &(&str, String)| *known == method && at == path.as_str();
        unasked.iter().any(here)
    });
    if asked && takes_none {
        return Problem::bad(
            "param.invalid",
            "查询参数不认识或格式不对",
            "this operation takes no query parameter",
        )
        .into_response();
    }
    next.run(request).await
}
