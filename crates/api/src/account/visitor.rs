//! Someone with a session, whatever it may open yet: for the pages of accounts.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use pipeline::account::session::Stage;
use store::accounts::Signed;

use crate::account::origin::refuse_foreign;
use crate::app::App;
use crate::problem::{Answered, Problem};

/// The session of a request, live and seen.
pub async fn session(parts: &Parts, app: &App) -> Answered<Option<(Signed, Stage)>> {
    match app.cookies.id(&parts.headers)? {
        None => Ok(None),
        Some(id) => {
            refuse_foreign(parts)?;
            Ok(app.door.signed(id).await?)
        }
    }
}

/// No session, or one that must do something else first.
pub fn unfinished() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "session.unfinished",
        "登录尚未完成：请先完成动态口令或修改口令",
        "the login is not finished: the second factor or a new password is due",
    )
}

/// Someone with a session.
pub struct Visitor {
    /// Who.
    pub signed: Signed,
    /// What the session may do.
    pub stage: Stage,
}

/// The page that comes next.
pub fn next(stage: Stage) -> &'static str {
    match stage {
        Stage::Code => "/login/code",
        Stage::Password => "/account",
        Stage::SecondFactor => "/account/second-factor",
        Stage::Open => "/",
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Response;

    /// A page without a session leads to the login; a form without one is
    /// refused.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Visitor, Response> {
        let found = session(parts, app).await.map_err(Problem::into_response)?;
        match found {
            Some((signed, stage)) => Ok(Visitor { signed, stage }),
            None if parts.method == Method::GET => Err(Redirect::to("/login").into_response()),
            None => Err(crate::auth::unauthorized().into_response()),
        }
    }
}

impl Visitor {
    /// Where else a session must go first that may do these things only: a page
    /// leads there, a form is refused.
    pub fn elsewhere(&self, method: &Method, may: &[Stage]) -> Option<Response> {
        if may.contains(&self.stage) {
            return None;
        }
        Some(if *method == Method::GET {
            Redirect::to(next(self.stage)).into_response()
        } else {
            unfinished().into_response()
        })
    }
}
