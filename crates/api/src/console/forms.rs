//! Forms: strict reading, what an action form carries, and which actions the
//! state of an alert allows.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest, Request};
use domain::alert::{Alert, AlertAction, OutcomeCode};
use domain::authority::{Operation, Role};
use domain::ids::OfficerId;
use domain::time::{Date, add_days};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::refusal::Refusal;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::Problem;

/// A form of a type that denies unknown fields. The refusal repeats nothing of
/// what was typed.
pub(super) struct StrictForm<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for StrictForm<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<StrictForm<T>, Refusal> {
        let form = Form::<T>::from_request(request, app).await;
        form.map(|Form(value)| StrictForm(value))
            .map_err(|_: FormRejection| {
                Refusal::from(Problem::bad(
                    "form.invalid",
                    "表单内容不完整或格式不对，请返回重填",
                    "the form has missing, unknown or malformed fields",
                ))
            })
    }
}

/// What every action form on an alert may carry.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionForm {
    /// The version on the screen.
    pub(super) version: i64,
    /// Idempotency key made with the form.
    pub(super) key: String,
    /// Where the work stood on the screen.
    #[serde(default)]
    pub(super) work: String,
    /// What had been found by then, if anything.
    #[serde(default)]
    pub(super) found: String,
    /// What was found now.
    #[serde(default)]
    pub(super) outcome: String,
    /// 金民 acceptance number.
    #[serde(default)]
    pub(super) reference: String,
    /// 金民办理日期.
    #[serde(default)]
    pub(super) handled_on: String,
    /// The day of the visit.
    #[serde(default)]
    pub(super) on: String,
    /// The officer's words.
    #[serde(default)]
    pub(super) note: String,
    /// The day a snoozed alert comes back.
    #[serde(default)]
    pub(super) until: String,
    /// Township code.
    #[serde(default)]
    pub(super) township: String,
    /// Officer id of a colleague.
    #[serde(default)]
    pub(super) to: String,
    /// A disputed record as JSON, made by the page, or `list:` with the name of
    /// a dataset.
    #[serde(default)]
    pub(super) record: String,
    /// `desk` or `county`: the page to go back to. Anything else is the alert.
    #[serde(default)]
    pub(super) back: String,
}

impl ActionForm {
    /// The officer's words, if any. Browsers send line ends as CR LF.
    pub(super) fn words(&self) -> Option<String> {
        let note = self.note.replace("\r\n", "\n");
        let note = note.trim();
        (!note.is_empty()).then(|| note.to_owned())
    }
}

/// A key nobody has used.
pub(super) fn fresh_key() -> String {
    Uuid::new_v4().to_string()
}

/// Actions the state and the role allow, found by trying them.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one flag per form on the page"
)]
pub(super) struct Allowed {
    pub(super) acknowledge: bool,
    /// 核实并办结 in one form.
    pub(super) conclude: bool,
    pub(super) handle: bool,
    pub(super) close: bool,
    /// Hand over to a colleague.
    pub(super) assign: bool,
    pub(super) snooze: bool,
    pub(super) give_back: bool,
    pub(super) dispute: bool,
    pub(super) reopen: bool,
    pub(super) place: bool,
    pub(super) release: bool,
}

impl Allowed {
    /// Tries every action on a copy.
    pub(super) fn on(app: &App, caller: &Caller, alert: &Alert) -> Allowed {
        let officer = &caller.officer;
        let may = |operation| officer.authorize(operation, "console").is_ok();
        let (works, directs) = (may(Operation::WorkAlerts), may(Operation::DirectAlerts));
        let can = |action: AlertAction| possible(app, alert, &action, officer.id);
        let tomorrow = add_days(app.deps.clock.today(), 1);
        let handle = AlertAction::Handle {
            reference: Some("-".to_owned()),
            on: None,
        };
        let verify = AlertAction::Verify {
            outcome: OutcomeCode::Unverifiable,
            on: None,
        };
        let acknowledge = can(AlertAction::Acknowledge);
        Allowed {
            acknowledge: works && acknowledge,
            conclude: works && (acknowledge || can(verify)),
            handle: works && can(handle),
            close: works && can(AlertAction::Close),
            // Whoever holds it, somebody else could.
            assign: works
                && can(AlertAction::Assign {
                    to: OfficerId::from_uuid(Uuid::nil()),
                }),
            snooze: works && can(AlertAction::Snooze { until: tomorrow }),
            give_back: works && can(AlertAction::Return),
            dispute: works && can(AlertAction::Dispute),
            reopen: works && can(AlertAction::Reopen),
            place: directs && unplaced(alert),
            release: directs && can(AlertAction::Release),
        }
    }

    /// Whether the form of this noun is on the alert's page.
    pub(super) fn has(self, noun: &str) -> bool {
        match noun {
            "acknowledgement" => self.acknowledge,
            "outcome" => self.conclude,
            "handling" => self.handle,
            "closure" => self.close,
            "snooze" => self.snooze,
            "return" => self.give_back,
            "reopening" => self.reopen,
            _ => false,
        }
    }

    /// Whether there is anything to do at all.
    pub(super) fn any(self) -> bool {
        self.conclude
            || self.handle
            || self.close
            || self.assign
            || self.snooze
            || self.give_back
            || self.reopen
            || self.place
            || self.release
    }
}

fn unplaced(alert: &Alert) -> bool {
    alert.desk.township.is_none() && !matches!(alert.work.name(), "handled" | "closed")
}

fn possible(app: &App, alert: &Alert, action: &AlertAction, by: OfficerId) -> bool {
    let deps = &app.deps;
    let cx = alerts::Context {
        now: deps.clock.now(),
        on: deps.clock.today(),
        calendar: &deps.calendar,
        divisions: &deps.divisions,
    };
    let limits = alerts::ActLimits {
        snooze_days_max: deps.settings.snooze_days_max,
    };
    alerts::act(alert, action, by, &limits, &cx).is_ok()
}

/// The last day an alert may be hidden until by the bureau's rule.
pub(super) fn snooze_until_max(app: &App) -> Date {
    let days = i32::from(app.deps.settings.snooze_days_max);
    add_days(app.deps.clock.today(), days)
}

/// Whether names are masked for this reader.
pub(super) fn masks_names(caller: &Caller) -> bool {
    caller.officer.role == Role::Auditor
}
