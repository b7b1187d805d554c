//! Action forms: the same load → decide → commit as the JSON actions, with the
//! answer of a browser. A conflict shows what changed and keeps what was typed.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::alert::{AlertAction, OutcomeCode};
use domain::authority::Operation;
use domain::ids::AlertId;
use domain::region::DivisionCode;
use pipeline::act::DisputedRecord;

use super::conflict;
use super::forms::{ActionForm, StrictForm};
use super::refusal::{Paged, Refusal};
use super::visitor::Visitor;
use super::words::outcome_name;
use crate::actions::{Doing, perform};
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem};
use crate::strict::date;

/// One step of a form.
struct Step {
    route: &'static str,
    operation: Operation,
    action: AlertAction,
}

const ACKNOWLEDGE: &str = "POST /api/v1/alerts/{id}/acknowledgement";
const VERIFY: &str = "POST /api/v1/alerts/{id}/verification";
const HANDLE: &str = "POST /api/v1/alerts/{id}/handling";
const CLOSE: &str = "POST /api/v1/alerts/{id}/closure";
const RETURN: &str = "POST /api/v1/alerts/{id}/return";

/// `POST /alerts/{id}/{noun}`.
pub(super) async fn take(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path((id, noun)): Path<(String, String)>,
    StrictForm(form): StrictForm<ActionForm>,
) -> Paged {
    let id: AlertId = id.parse().map_err(|_| Problem::not_found())?;
    match run(&app, &caller, id, &noun, &form).await {
        Ok(done) => {
            // What was given back is on another desk: its page is not this officer's any more.
            let address = match (done, form.back.as_str()) {
                ("return" | "not_ours", _) | (_, "desk") => format!("/?done={done}"),
                (_, "county") => format!("/county?done={done}"),
                _ => format!("/alerts/{id}?done={done}"),
            };
            Ok(Redirect::to(&address).into_response())
        }
        Err(problem) => match problem.code() {
            // What can be put right on the spot, with the typed text at hand.
            "alert.version" | "alert.action" | "note.invalid" | "param.date" | "form.reference"
            | "form.outcome" | "param.township" => {
                conflict::page(&app, &caller, id, &noun, form, &problem).await
            }
            _ => Err(Refusal(problem)),
        },
    }
}

/// Takes every step of the form in order; answers what to tell.
async fn run(
    app: &App,
    caller: &Caller,
    id: AlertId,
    noun: &str,
    form: &ActionForm,
) -> Answered<&'static str> {
    let (done, steps) = steps(noun, form)?;
    let disputed = disputed(form)?;
    let mut version = form.version;
    for (position, step) in steps.into_iter().enumerate() {
        let grant = caller.grant(step.operation)?;
        // The words belong to the finding, or to the only step there is.
        let says = position == 0 && !matches!(step.action, AlertAction::Acknowledge)
            || noun == "acknowledgement"
            || matches!(step.action, AlertAction::Verify { .. });
        let doing = Doing {
            route: step.route,
            operation: step.operation,
            action: step.action,
            note: form.words().filter(|_| says),
            disputed: disputed.clone().filter(|_| noun == "dispute"),
        };
        let key = format!("{}.{position}", form.key);
        let done = perform(app, &grant, id, version, key, doing).await?;
        version = done.view.version;
    }
    Ok(done)
}

fn steps(noun: &str, form: &ActionForm) -> Answered<(&'static str, Vec<Step>)> {
    let work = |route, action| Step {
        route,
        operation: Operation::WorkAlerts,
        action,
    };
    let direct = |route, action| Step {
        route,
        operation: Operation::DirectAlerts,
        action,
    };
    let one = |step: Step| vec![step];
    Ok(match noun {
        "acknowledgement" => (
            "acknowledgement",
            one(work(ACKNOWLEDGE, AlertAction::Acknowledge)),
        ),
        "outcome" => conclude(form)?,
        "handling" => ("handling", one(work(HANDLE, handling(form)))),
        "closure" => ("closure", one(work(CLOSE, AlertAction::Close))),
        "return" => ("return", one(work(RETURN, AlertAction::Return))),
        "snooze" => {
            let until = date(&form.until)?;
            let route = "POST /api/v1/alerts/{id}/snooze";
            ("snooze", one(work(route, AlertAction::Snooze { until })))
        }
        "dispute" => {
            let route = "POST /api/v1/alerts/{id}/dispute";
            ("dispute", one(work(route, AlertAction::Dispute)))
        }
        "reopening" => {
            let route = "POST /api/v1/alerts/{id}/reopening";
            ("reopening", one(work(route, AlertAction::Reopen)))
        }
        "placement" => {
            let township = DivisionCode::parse(&form.township).ok_or_else(|| {
                Problem::bad("param.township", "请选择镇（街道）", "choose a township")
            })?;
            let route = "POST /api/v1/alerts/{id}/placement";
            (
                "placement",
                one(direct(route, AlertAction::Place { township })),
            )
        }
        "release" => {
            let route = "POST /api/v1/alerts/{id}/release";
            ("release", one(direct(route, AlertAction::Release)))
        }
        _ => return Err(Problem::not_found()),
    })
}

fn handling(form: &ActionForm) -> AlertAction {
    let reference = form.reference.trim();
    AlertAction::Handle {
        reference: (!reference.is_empty()).then(|| reference.to_owned()),
    }
}

/// 核实并办结: from wherever the work stood on the screen to its end, each step
/// a commit of its own. Sending the form twice repeats the same steps under
/// the same keys.
fn conclude(form: &ActionForm) -> Answered<(&'static str, Vec<Step>)> {
    let outcome = OutcomeCode::ALL
        .into_iter()
        .find(|code| outcome_name(*code) == form.outcome)
        .ok_or_else(|| Problem::bad("form.outcome", "请选择核实结果", "choose an outcome"))?;
    if outcome == OutcomeCode::InProcess && form.reference.trim().is_empty() {
        return Err(Problem::bad(
            "form.reference",
            "已在金民办理中的，须填写受理号",
            "an application in process needs its reference",
        ));
    }
    let step = |route, action| Step {
        route,
        operation: Operation::WorkAlerts,
        action,
    };
    let mut steps = Vec::new();
    if form.work == "raised" {
        steps.push(step(ACKNOWLEDGE, AlertAction::Acknowledge));
    }
    if form.found != form.outcome {
        steps.push(step(VERIFY, AlertAction::Verify { outcome }));
    }
    if outcome == OutcomeCode::NotOurs {
        steps.push(step(RETURN, AlertAction::Return));
        return Ok(("not_ours", steps));
    }
    if outcome.is_true() {
        steps.push(step(HANDLE, handling(form)));
    }
    steps.push(step(CLOSE, AlertAction::Close));
    Ok(("outcome", steps))
}

fn disputed(form: &ActionForm) -> Answered<Option<DisputedRecord>> {
    if form.record.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(&form.record)
        .map(Some)
        .map_err(|_| Problem::bad("dispute.record", "被异议的记录不对", "not a record"))
}
