//! From a form to the steps it stands for, and the steps taken one after the
//! other: each a commit of its own under a key of its own. Sending the form
//! again repeats the same steps under the same keys and changes nothing.

use domain::alert::{AlertAction, OutcomeCode};
use domain::authority::Operation;
use domain::ids::{AlertId, OfficerId};
use domain::region::DivisionCode;
use domain::time::Date;
use pipeline::act::DisputedRecord;

use super::forms::ActionForm;
use super::words::{self, outcome_name};
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
    disputed: Option<DisputedRecord>,
}

/// What a form asks for.
pub(super) struct Plan {
    /// What to tell when it is done, a name of [`super::today::done`].
    done: &'static str,
    steps: Vec<Step>,
    note: Option<String>,
}

const ACKNOWLEDGE: &str = "POST /api/v1/alerts/{id}/acknowledgement";
const VERIFY: &str = "POST /api/v1/alerts/{id}/verification";
const HANDLE: &str = "POST /api/v1/alerts/{id}/handling";
const CLOSE: &str = "POST /api/v1/alerts/{id}/closure";
const RETURN: &str = "POST /api/v1/alerts/{id}/return";
const DISPUTE: &str = "POST /api/v1/alerts/{id}/dispute";

/// Marks the name of a list where a form names a list instead of a record.
const LIST: &str = "list:";
/// The list is named in the officer's words.
pub(super) const OTHER_LIST: &str = "list:other";

/// Takes every step in order; answers what to tell. The officer has left the
/// alert then, and what was kept of an earlier try is forgotten.
pub(super) async fn take(
    app: &App,
    caller: &Caller,
    id: AlertId,
    (version, key): (i64, &str),
    plan: Plan,
) -> Answered<&'static str> {
    let mut version = version;
    let speaks = plan.speaks();
    for (position, step) in plan.steps.into_iter().enumerate() {
        let grant = caller.grant(step.operation)?;
        let doing = Doing {
            route: step.route,
            operation: step.operation,
            action: step.action,
            note: plan.note.clone().filter(|_| position == speaks),
            disputed: step.disputed,
        };
        let done = perform(app, &grant, id, version, format!("{key}.{position}"), doing).await?;
        version = done.view.version;
    }
    let store = &app.deps.store;
    store.drop_draft(caller.officer.id, id).await?;
    store.look_away(caller.officer.id, id).await?;
    Ok(plan.done)
}

impl Plan {
    /// The step that the officer's words belong to: the finding, or the last.
    fn speaks(&self) -> usize {
        let finds = |step: &Step| {
            matches!(
                step.action,
                AlertAction::Verify { .. } | AlertAction::Dispute
            )
        };
        let finding = self.steps.iter().position(finds);
        finding.unwrap_or(self.steps.len().saturating_sub(1))
    }
}

fn work(route: &'static str, action: AlertAction) -> Step {
    Step {
        route,
        operation: Operation::WorkAlerts,
        action,
        disputed: None,
    }
}

fn direct(route: &'static str, action: AlertAction) -> Step {
    Step {
        operation: Operation::DirectAlerts,
        ..work(route, action)
    }
}

/// The steps of the form of one noun.
pub(super) fn plan(noun: &str, form: &ActionForm) -> Answered<Plan> {
    let (done, step) = match noun {
        "outcome" => return conclude(form),
        "acknowledgement" => (
            "acknowledgement",
            work(ACKNOWLEDGE, AlertAction::Acknowledge),
        ),
        "assignment" => {
            let to: OfficerId = form.to.parse().map_err(|_| {
                Problem::bad("assign.not_colleague", "请选择同事", "choose a colleague")
            })?;
            let route = "POST /api/v1/alerts/{id}/assignment";
            ("assignment", work(route, AlertAction::Assign { to }))
        }
        "handling" => ("handling", work(HANDLE, handling(form)?)),
        "closure" => ("closure", work(CLOSE, AlertAction::Close)),
        "return" => ("return", work(RETURN, AlertAction::Return)),
        "snooze" => {
            let until = date(&form.until)?;
            let route = "POST /api/v1/alerts/{id}/snooze";
            ("snooze", work(route, AlertAction::Snooze { until }))
        }
        "dispute" => ("dispute", dispute(disputed(&form.record)?)),
        "reopening" => {
            let route = "POST /api/v1/alerts/{id}/reopening";
            ("reopening", work(route, AlertAction::Reopen))
        }
        "placement" => {
            let township = DivisionCode::parse(&form.township).ok_or_else(|| {
                Problem::bad("param.township", "请选择镇（街道）", "choose a township")
            })?;
            let route = "POST /api/v1/alerts/{id}/placement";
            ("placement", direct(route, AlertAction::Place { township }))
        }
        "release" => {
            let route = "POST /api/v1/alerts/{id}/release";
            ("release", direct(route, AlertAction::Release))
        }
        _ => return Err(Problem::not_found()),
    };
    Ok(Plan {
        done,
        steps: vec![step],
        note: form.words(),
    })
}

fn handling(form: &ActionForm) -> Answered<AlertAction> {
    let reference = form.reference.trim();
    Ok(AlertAction::Handle {
        reference: (!reference.is_empty()).then(|| reference.to_owned()),
        on: day(&form.handled_on)?,
    })
}

fn day(text: &str) -> Answered<Option<Date>> {
    match text {
        "" => Ok(None),
        text => date(text).map(Some),
    }
}

/// The outcome a form names.
pub(super) fn outcome(name: &str) -> Answered<OutcomeCode> {
    let mut all = OutcomeCode::ALL.into_iter();
    all.find(|code| outcome_name(*code) == name)
        .ok_or_else(|| Problem::bad("form.outcome", "请选择核实结果", "choose an outcome"))
}

/// 核实并办结: from wherever the work stood on the screen to its end.
fn conclude(form: &ActionForm) -> Answered<Plan> {
    let outcome = outcome(&form.outcome)?;
    if outcome == OutcomeCode::InProcess && form.reference.trim().is_empty() {
        return Err(Problem::bad(
            "form.reference",
            "已在金民办理中的，须填写受理号",
            "an application in process needs its reference",
        ));
    }
    let mut note = form.words();
    let mut steps = Vec::new();
    if form.work == "raised" {
        steps.push(work(ACKNOWLEDGE, AlertAction::Acknowledge));
    }
    if form.found != form.outcome {
        if outcome == OutcomeCode::DataError {
            steps.push(wrong_data(form, &mut note)?);
        } else {
            let on = day(&form.on)?;
            steps.push(work(VERIFY, AlertAction::Verify { outcome, on }));
        }
    }
    let mut done = "outcome";
    if outcome == OutcomeCode::NotOurs {
        done = "not_ours";
        steps.push(work(RETURN, AlertAction::Return));
    } else {
        if outcome.is_true() {
            steps.push(work(HANDLE, handling(form)?));
        }
        steps.push(work(CLOSE, AlertAction::Close));
    }
    Ok(Plan { done, steps, note })
}

/// 数据错误 goes back to the department: it names a record, or says which list.
fn wrong_data(form: &ActionForm, note: &mut Option<String>) -> Answered<Step> {
    let Some(list) = form.record.strip_prefix(LIST) else {
        let record = disputed(&form.record)?.ok_or_else(|| {
            Problem::bad(
                "form.record",
                "数据错误的，须选出有误的记录，或指明是哪份名册",
                "wrong data needs its record, or the list it is in",
            )
        })?;
        return Ok(dispute(Some(record)));
    };
    if form.record == OTHER_LIST && note.is_none() {
        return Err(Problem::bad(
            "form.record",
            "名册不在所列之内的，请在情况说明中写明是哪份名册",
            "say in the note which list it is",
        ));
    }
    if form.record != OTHER_LIST {
        let list = format!("有误的名册：{}", words::short(&words::dataset(list)));
        *note = Some(match note.take() {
            Some(said) => format!("{list}。{said}"),
            None => list,
        });
    }
    Ok(dispute(None))
}

fn dispute(disputed: Option<DisputedRecord>) -> Step {
    Step {
        disputed,
        ..work(DISPUTE, AlertAction::Dispute)
    }
}

fn disputed(record: &str) -> Answered<Option<DisputedRecord>> {
    if record.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(record)
        .map(Some)
        .map_err(|_| Problem::bad("dispute.record", "被异议的记录不对", "not a record"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(outcome: &str) -> ActionForm {
        ActionForm {
            work: "raised".to_owned(),
            outcome: outcome.to_owned(),
            ..ActionForm::default()
        }
    }

    fn names(form: &ActionForm) -> Vec<&'static str> {
        let Ok(plan) = plan("outcome", form) else {
            return Vec::new();
        };
        plan.steps.iter().map(|step| step.action.name()).collect()
    }

    #[test]
    fn every_outcome_has_its_steps() {
        let truly = ["acknowledge", "verify", "handle", "close"];
        for code in ["true_assisted", "true_adjusted", "true_covered"] {
            assert_eq!(names(&form(code)), truly, "{code}");
        }
        for code in ["untrue", "declined", "unverifiable"] {
            assert_eq!(names(&form(code)), ["acknowledge", "verify", "close"]);
        }
        assert_eq!(
            names(&form("not_ours")),
            ["acknowledge", "verify", "return"]
        );
        assert_eq!(names(&form("in_process")), [""; 0], "no number");
        assert_eq!(names(&form("data_error")), [""; 0], "no record, no list");
        let with_list = ActionForm {
            record: "list:civil_register".to_owned(),
            ..form("data_error")
        };
        assert_eq!(names(&with_list), ["acknowledge", "dispute", "close"]);
        let plan = plan("outcome", &with_list).unwrap();
        let said = plan.note.as_deref().unwrap_or_default();
        assert!(said.contains("低收入家庭成员名册"), "{said}");
        assert_eq!(plan.speaks(), 1);
        let elsewhere = ActionForm {
            record: OTHER_LIST.to_owned(),
            ..form("data_error")
        };
        assert_eq!(names(&elsewhere), [""; 0], "not said which");
    }
}
