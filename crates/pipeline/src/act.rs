//! Officers' actions on alerts: load → decide → commit.
//!
//! An action changes the alert by version, appends to its timeline, and where
//! it says something about the world (an outcome, a disputed record) appends
//! that as a record for the fold. Only the applier folds.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::alert::{Alert, AlertAction, OutcomeCode, Work};
use domain::authority::{Grant, Officer, Operation};
use domain::dictionary::Kind;
use domain::ids::{ActionId, AlertId, ImportId, OfficerId, Subject};
use domain::record::{DatasetId, NaturalKey, Origin, Record, Revision, SourceId, Statement};
use domain::region::DivisionCode;
use domain::time::Period;
use domain::value::{Body, Value};
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::commit::{ActionRow, Answer, CommitKind, Write};

use crate::apply::APPLY;
use crate::clock::new_id;
use crate::corrections;
use crate::deps::Deps;
use crate::dispatch::{change_commit, open_all};
use crate::error::StepError;
use crate::intake::seal_records;
use crate::sealing::{Keyring, action_place};

/// What an officer asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Alert.
    pub alert: AlertId,
    /// Version the officer saw (`If-Match`).
    pub version: i64,
    /// What to do.
    pub action: AlertAction,
    /// A note for the timeline; sealed.
    pub note: Option<String>,
    /// The record disputed, when the action disputes one.
    pub disputed: Option<DisputedRecord>,
}

/// A record named in a dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputedRecord {
    /// Whose.
    pub subject: Subject,
    /// Kind of fact, dictionary name.
    pub fact: String,
    /// Its key.
    pub key: NaturalKey,
    /// Its revision.
    pub revision: Revision,
}

/// What the timeline keeps of an action, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionNote {
    /// The action with its particulars.
    pub action: AlertAction,
    /// The officer's words.
    pub note: Option<String>,
    /// The record disputed.
    pub disputed: Option<DisputedRecord>,
}

/// Why an action was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// Unknown, or not on a desk of the officer.
    #[error("there is no such alert on this desk")]
    NotFound,
    /// The alert moved on.
    #[error("the alert has version {current}")]
    Version {
        /// Current version.
        current: i64,
    },
    /// The state machine refuses.
    #[error("the action is not possible now")]
    Refused(#[from] alerts::ActionRefused),
    /// The disputed record does not belong to the alert's people.
    #[error("the disputed record is not one this alert rests on")]
    NotThisRecord,
    /// Not an officer of the alert's desk who works on alerts: unknown,
    /// disabled and foreign ones alike.
    #[error("there is no such colleague on this desk")]
    NotAColleague,
    /// Answered before under the same key.
    #[error("answered before")]
    Answered(Box<Answer>),
    /// The key was used for another request.
    #[error("the key was used for another request")]
    KeyReused,
    /// The step failed.
    #[error("the action could not be stored")]
    Step(#[from] StepError),
}

impl From<StoreError> for ActError {
    fn from(error: StoreError) -> ActError {
        match error {
            StoreError::Answered(answer) => ActError::Answered(answer),
            StoreError::KeyReused => ActError::KeyReused,
            other => ActError::Step(StepError::Store(other)),
        }
    }
}

/// Takes one action. `answer` makes the answer repeatable; it is given the
/// alert as it will be.
pub async fn act(
    deps: &Arc<Deps>,
    grant: &Grant,
    request: &Request,
    answer: impl FnOnce(&Alert) -> Option<Answer> + Send,
) -> Result<Alert, ActError> {
    let row = deps
        .store
        .alert(grant, request.alert)
        .await?
        .ok_or(ActError::NotFound)?;
    let (keyring, alerts) = open_all(deps, std::slice::from_ref(&row)).await?;
    let alert = alerts.into_iter().next().ok_or(ActError::NotFound)?;
    if alert.version != request.version {
        return Err(ActError::Version {
            current: alert.version,
        });
    }

    may_name(deps, grant, &alert, request).await?;
    let now = deps.clock.now();
    let cx = alerts::Context {
        now,
        on: deps.clock.today(),
        calendar: &deps.calendar,
        divisions: &deps.divisions,
    };
    let limits = alerts::ActLimits {
        snooze_days_max: deps.settings.snooze_days_max,
    };
    let change = alerts::act(&alert, &request.action, grant.officer(), &limits, &cx)?;
    let after = change.after.clone();
    let records = said(deps, &after, request)?;

    let county = alert.desk.county;
    let mut commit = change_commit(
        deps,
        county,
        CommitKind::Action,
        &grant.officer().to_string(),
        None,
        &keyring,
        vec![change],
    )?;
    let entry = timeline(&after, grant, request, &keyring, now)?;
    if let Some(disputed) = &request.disputed {
        let note = request.note.as_deref();
        let task = corrections::task(deps, &after, disputed, entry.id, note, now).await?;
        commit.writes.extend(task.map(Write::Correction));
    }
    commit.writes.push(Write::Action(entry));
    if !records.is_empty() {
        commit.writes.extend(seal_records(deps, &records).await?);
    }
    commit.answer = answer(&after);
    match deps.store.commit(&commit).await {
        Ok(_) => {}
        Err(StoreError::Conflict) => {
            let current = deps
                .store
                .alert(grant, request.alert)
                .await?
                .map_or(0, |row| row.version);
            return Err(ActError::Version { current });
        }
        Err(error) => return Err(error.into()),
    }
    deps.work.notify_waiters();
    Ok(after)
}

/// Whether whom and what the request names may be named for this alert.
async fn may_name(
    deps: &Deps,
    grant: &Grant,
    alert: &Alert,
    request: &Request,
) -> Result<(), ActError> {
    if let AlertAction::Assign { to } = request.action
        && !is_colleague(deps, grant, alert, to).await?
    {
        return Err(ActError::NotAColleague);
    }
    if let Some(disputed) = &request.disputed
        && !rests_on(deps, grant, alert, disputed).await?
    {
        return Err(ActError::NotThisRecord);
    }
    Ok(())
}

/// Officers who may be handed an alert: those of the place it lies with, who
/// work on alerts.
pub async fn colleagues(
    deps: &Deps,
    grant: &Grant,
    desk: DivisionCode,
) -> Result<Vec<Officer>, StepError> {
    let now = deps.clock.now();
    let mut officers = deps.store.officers_of(grant, desk, now).await?;
    officers.retain(|officer| officer.authorize(Operation::WorkAlerts, "assign").is_ok());
    Ok(officers)
}

async fn is_colleague(
    deps: &Deps,
    grant: &Grant,
    alert: &Alert,
    to: OfficerId,
) -> Result<bool, StepError> {
    let officers = colleagues(deps, grant, alert.desk.feed()).await?;
    Ok(officers.iter().any(|officer| officer.id == to))
}

/// Whether a record may be disputed here: one about the alert's own people, or
/// about people the officer answers for, or one its decision was made from.
async fn rests_on(
    deps: &Deps,
    grant: &Grant,
    alert: &Alert,
    disputed: &DisputedRecord,
) -> Result<bool, ActError> {
    let subject = disputed.subject;
    let today = deps.clock.today();
    if subjects_of(alert).contains(&subject) || deps.store.covers(grant, subject, today).await? {
        return Ok(true);
    }
    let Some(row) = deps.store.decision(grant, alert.decision).await? else {
        return Ok(false);
    };
    let subjects = BTreeSet::from([row.subject]);
    let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, false).await?;
    let rows = keyring.open_decision(&row)?.rows;
    let known = deps.store.checkpoint(alert.desk.county, APPLY).await?;
    let records = deps.store.records_of(&[subject], known).await?;
    Ok(records.iter().any(|record| {
        let origin = Origin {
            import: record.import,
            line: record.line,
        };
        (record.key, record.revision) == (disputed.key, disputed.revision) && rows.contains(&origin)
    }))
}

fn timeline(
    alert: &Alert,
    grant: &Grant,
    request: &Request,
    keyring: &Keyring,
    at: domain::time::Instant,
) -> Result<ActionRow, StepError> {
    let id = ActionId::from_uuid(new_id(at));
    let note = ActionNote {
        action: request.action.clone(),
        note: request.note.clone(),
        disputed: request.disputed.clone(),
    };
    let plain = serde_json::to_vec(&note).map_err(|_| StepError::Damaged("actions"))?;
    Ok(ActionRow {
        id,
        alert: alert.id,
        action: request.action.name().to_owned(),
        by: grant.officer(),
        at,
        version: alert.version,
        sealed: keyring.seal(alert.subject, &action_place(id), &plain)?,
    })
}

/// What the action says about the world.
fn said(deps: &Deps, after: &Alert, request: &Request) -> Result<Vec<Record>, ActError> {
    let mut records = Vec::new();
    let today = deps.clock.today();
    let outcome = match (&request.action, &after.work) {
        (AlertAction::Handle { reference, on }, Work::Handled { outcome, .. }) => {
            Some((*outcome, reference.clone(), *on))
        }
        (AlertAction::Verify { outcome, on }, _) => Some((*outcome, None, *on)),
        (AlertAction::Dispute, _) => Some((OutcomeCode::DataError, None, None)),
        _ => None,
    };
    let source = SourceId::new("officer");
    let dataset = DatasetId::new("officers");
    let sequence = u32::try_from(after.version).unwrap_or(u32::MAX);
    let record = |subject: Subject, kind: Kind, parts: &[String], body: Body| Record {
        source: source.clone(),
        dataset: dataset.clone(),
        key: deps.vault.natural_key(&source, &dataset, kind, parts),
        revision: Revision {
            business_date: today,
            sequence,
        },
        subject,
        valid: Period::since(today),
        statement: Statement::Says(body),
        origin: Origin {
            import: ImportId::from_uuid(after.id.as_uuid()),
            line: sequence,
        },
    };
    if let Some((outcome, reference, told_on)) = outcome {
        let code = serde_json::to_value(outcome).ok();
        let code = code
            .as_ref()
            .and_then(|json| json.as_str())
            .and_then(|code| domain::code::OUTCOME.stored(code));
        let mut body = Body::new(Kind::Outcome)
            .with("policy", Value::Text(after.policy.as_str().into()))
            .with("found_on", Value::Date(told_on.unwrap_or(today)));
        if let Some(code) = code {
            body = body.with("outcome", Value::Code(code));
        }
        if let Some(reference) = reference {
            body = body.with("reference", Value::Text(reference.into()));
        }
        records.push(record(
            after.subject,
            Kind::Outcome,
            &[after.id.to_string()],
            body,
        ));
    }
    if let Some(disputed) = &request.disputed {
        if Kind::named(&disputed.fact).is_none() {
            return Err(ActError::NotThisRecord);
        }
        let body = Body::new(Kind::Dispute)
            .with("fact", Value::Text(disputed.fact.as_str().into()))
            .with("record", Value::Text(disputed.key.to_string().into()))
            .with(
                "revision",
                Value::Text(disputed.revision.to_string().into()),
            )
            .with("disputed_on", Value::Date(today));
        let parts = [disputed.key.to_string(), disputed.revision.to_string()];
        records.push(record(disputed.subject, Kind::Dispute, &parts, body));
    }
    Ok(records)
}

/// Subjects an alert's records may belong to: its own and its card's.
pub fn subjects_of(alert: &Alert) -> BTreeSet<Subject> {
    BTreeSet::from([alert.subject, alert.unit])
}
