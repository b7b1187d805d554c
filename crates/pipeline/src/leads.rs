//! Leads reported by people: load → decide → commit, and what came of them.
//!
//! A report is read by the same layout as the grid's file of leads, as a file
//! of one row: the rule of whom it is about, the places and the remarks cannot
//! come apart. Reports of one name in one town on one day are about one person,
//! whoever makes them, so three reports of one fire are one alert.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::alert::{Alert, OutcomeCode, Work};
use domain::authority::{Grant, Role};
use domain::code;
use domain::dictionary::Kind;
use domain::ids::{ImportId, LeadId, PersonId, Subject};
use domain::record::{
    DatasetId, ImportHeader, Incoming, Revision, RowNote, RowOutcome, SourceId, Statement,
};
use domain::region::{DivisionCode, Level};
use domain::time::Instant;
use domain::value::Value;
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::commit::{Answer, Commit, CommitKind, LeadRow, Write};
use vault::{Aad, Admitted};

use crate::clock::new_id;
use crate::deps::Deps;
use crate::dispatch::open_all;
use crate::error::StepError;
use crate::intake::{KEY_RACES_MAX, seal_admitted, subjects_of_admitted};
use crate::sealing::Keyring;

/// The policy that makes an alert of a lead.
const LEAD_POLICY: &str = "urgent_lead";
/// The list leads are read as.
const DATASET: &str = "leads";

/// What a reporter writes. `Debug` is left out: it holds names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Village or township it is about.
    pub place: DivisionCode,
    /// Name, or how people call them.
    pub who: Option<String>,
    /// Identity number, if known.
    pub resident_id: Option<String>,
    /// Code of `LEAD_CATEGORY`.
    pub category: Option<String>,
    /// Code of `URGENCY`.
    pub urgency: Option<String>,
    /// What happened.
    pub text: String,
    /// Telephone of the person or the reporter.
    pub phone: Option<String>,
}

/// What is kept of a report for its reporter, sealed under its person's key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadNote {
    /// Name as written.
    pub who: Option<String>,
    /// Code of `LEAD_CATEGORY`.
    pub category: Option<String>,
    /// Code of `URGENCY`.
    pub urgency: Option<String>,
    /// What happened.
    pub text: String,
}

/// A report taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// Its id.
    pub id: LeadId,
    /// Remarks, such as a telephone that is none.
    pub notes: Vec<RowNote>,
}

/// Why a report was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The place is unknown, or not one the reporter answers for.
    #[error("there is no such place in the reporter's scope")]
    Place,
    /// A machine that may not send as the grid.
    #[error("the sender may not report leads")]
    NotAllowed,
    /// Something must be corrected first.
    #[error("the report cannot be read: {}", .0.code)]
    Unreadable(Box<RowNote>),
    /// Answered before under the same key.
    #[error("answered before")]
    Answered(Box<Answer>),
    /// The step failed.
    #[error("the report could not be stored")]
    Step(#[from] StepError),
}

impl From<StoreError> for ReportError {
    fn from(error: StoreError) -> ReportError {
        match error {
            StoreError::Answered(answer) => ReportError::Answered(answer),
            other => ReportError::Step(StepError::Store(other)),
        }
    }
}

/// Who says it, and the code of `LEAD_KIND`, by the reporter's role.
fn voice(grant: &Grant) -> Result<(SourceId, &'static str), ReportError> {
    match grant.role() {
        Some(Role::VillageContact) => Ok((SourceId::new("village"), "village")),
        // A machine speaks as the grid or not at all.
        Some(Role::Importer) if grant.sources().iter().any(|source| source == "grid") => {
            Ok((SourceId::new("grid"), "grid"))
        }
        Some(Role::Importer) | None => Err(ReportError::NotAllowed),
        Some(_) => Ok((SourceId::new("officer"), "desk")),
    }
}

/// Takes one report. `answer` makes the answer repeatable; it is given what
/// was taken.
pub async fn report(
    deps: &Arc<Deps>,
    grant: &Grant,
    report: &Report,
    answer: impl Fn(&Reported) -> Option<Answer> + Send,
) -> Result<Reported, ReportError> {
    let (source, kind) = voice(grant)?;
    let today = deps.clock.today();
    let known = grant.covers(report.place)
        && report.place.level() >= Level::Township
        && deps.divisions.on(report.place, today).is_some();
    let county = deps.divisions.bureau(report.place, today);
    let county = county.filter(|_| known).ok_or(ReportError::Place)?;
    let now = deps.clock.now();
    let id = LeadId::from_uuid(new_id(now));
    let header = ImportHeader {
        id: ImportId::from_uuid(id.as_uuid()),
        source,
        dataset: DatasetId::new(DATASET),
        revision: Revision {
            business_date: today,
            sequence: moment_of_day(now),
        },
        scope: county,
        as_of: None,
        digest: String::new(),
        size: 0,
        received_at: now,
    };
    let (admitted, notes) = read(deps, &header, report, kind)?;
    let reported = Reported { id, notes };
    for attempt in 0.. {
        let commit = taken(deps, grant, county, report, &admitted, now, id).await?;
        let commit = Commit {
            answer: answer(&reported),
            ..commit
        };
        match deps.store.commit(&commit).await {
            Ok(_) => break,
            // Another report of the same person made their key first.
            Err(StoreError::Conflict) if attempt < KEY_RACES_MAX => {}
            Err(error) => return Err(error.into()),
        }
    }
    deps.work.notify_waiters();
    Ok(reported)
}

/// Milliseconds since midnight, so that what is told later on one day is newer.
pub(crate) fn moment_of_day(now: Instant) -> u32 {
    let millis = now.as_micros() / 1_000;
    u32::try_from(millis.rem_euclid(86_400_000)).unwrap_or(0)
}

/// The report as a file of one row, read and admitted.
fn read(
    deps: &Deps,
    header: &ImportHeader,
    report: &Report,
    kind: &'static str,
) -> Result<(Vec<Admitted>, Vec<RowNote>), ReportError> {
    let layout = ingest::layout_for(DATASET).ok_or(StepError::Damaged("layouts"))?;
    let cx = ingest::Context {
        header,
        divisions: &deps.divisions,
        synthetic: deps.settings.synthetic,
    };
    let line = line(deps, header, report).to_string();
    let unread = |_| ReportError::Step(StepError::Damaged("leads"));
    let mut rows =
        ingest::decode(std::io::Cursor::new(line.as_bytes()), layout, &cx).map_err(unread)?;
    let row = rows.next().ok_or(StepError::Damaged("leads"))?;
    let row = row.map_err(unread)?;
    // On the spot a number can be put right; in a file it waits for a call.
    let wrong = |note: &&RowNote| note.code.starts_with("id.");
    let taken = matches!(row.outcome, RowOutcome::Accepted | RowOutcome::Warned);
    let blame = row.notes.iter().find(wrong);
    let blame = blame.or_else(|| row.notes.first().filter(|_| !taken));
    if let Some(note) = blame {
        return Err(ReportError::Unreadable(Box::new(note.clone())));
    }
    let said = |mut incoming: Incoming| {
        if let Statement::Says(body) = &mut incoming.statement
            && body.kind() == Kind::Lead
            && let Some(field) = Kind::Lead.field("kind")
        {
            body.set(field, Value::Code(kind));
        }
        deps.vault.admit(incoming, header)
    };
    Ok((row.incoming.into_iter().map(said).collect(), row.notes))
}

/// The row as the layout's columns name it.
fn line(deps: &Deps, header: &ImportHeader, report: &Report) -> serde_json::Value {
    let on = header.revision.business_date;
    let name = |code: Option<DivisionCode>| code.map(|code| deps.divisions.name(code, on));
    let village = (report.place.level() == Level::Village).then_some(report.place);
    let label = |list: &'static code::CodeList, code: &Option<String>| {
        code.as_deref().map(|code| list.zh(code).to_owned())
    };
    let number = format!("XS{}", header.id.as_uuid().simple());
    let cells: [(&str, Option<String>); 13] = [
        ("线索编号", Some(number)),
        ("上报时间", Some(on.to_string())),
        ("镇街", name(report.place.township())),
        ("村(社区)", name(village)),
        ("对象姓名", report.who.clone()),
        ("对象证件号码", report.resident_id.clone()),
        ("对象电话", report.phone.clone()),
        ("居住地址", None),
        ("户籍地", None),
        ("线索类别", label(&code::LEAD_CATEGORY, &report.category)),
        ("紧急程度", label(&code::URGENCY, &report.urgency)),
        ("情况描述", Some(report.text.clone())),
        ("关联12345工单号", None),
    ];
    let cells = cells.into_iter();
    cells
        .map(|(column, cell)| (column.to_owned(), cell.unwrap_or_default().into()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The commit of a report: identities, records, and the row its reporter asks
/// about.
async fn taken(
    deps: &Arc<Deps>,
    grant: &Grant,
    county: DivisionCode,
    report: &Report,
    admitted: &[Admitted],
    now: Instant,
    id: LeadId,
) -> Result<Commit, ReportError> {
    let lead = admitted
        .iter()
        .find(|a| a.record.statement.kind() == Kind::Lead);
    let Some(Subject::Person(person)) = lead.map(|a| a.record.subject) else {
        return Err(StepError::Damaged("leads").into());
    };
    let subjects = subjects_of_admitted(admitted);
    let mut keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, true).await?;
    let note = LeadNote {
        who: report.who.clone(),
        category: report.category.clone(),
        urgency: report.urgency.clone(),
        text: report.text.clone(),
    };
    let plain = serde_json::to_vec(&note).map_err(|_| StepError::Damaged("leads"))?;
    let row = LeadRow {
        id,
        person,
        by: grant.officer(),
        place: report.place,
        at: now,
        sealed: keyring.seal(Subject::Person(person), &lead_place(id), &plain)?,
    };
    let mut writes = seal_admitted(&mut keyring, admitted)?;
    writes.push(Write::Lead(row));
    Ok(Commit {
        kind: CommitKind::Action,
        partition: Some(county),
        at: now,
        actor: grant.officer().to_string(),
        lease: None,
        guards: vec![],
        writes,
        answer: None,
    })
}

/// The place of a lead's sealed note.
fn lead_place(id: LeadId) -> Aad {
    Aad {
        table: "leads",
        column: "sealed",
        row: id.to_string(),
    }
}

/// Where a lead stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// 收到: no desk has it yet.
    Received,
    /// 已派到: on this desk, not signed for; `None` is the county's.
    Dispatched(Option<DivisionCode>),
    /// 办理中.
    InHand(Option<DivisionCode>),
    /// 办结, with what was found when somebody found something.
    Closed(Option<OutcomeCode>),
}

impl Standing {
    /// Of a lead told at an instant, from the latest alert about its person.
    /// An episode that was over before the lead came is not its answer.
    fn of(told_at: Instant, alert: Option<&Alert>) -> Standing {
        let Some(alert) = alert else {
            return Standing::Received;
        };
        match &alert.work {
            Work::Held { .. } => Standing::Received,
            Work::Closed { .. } if alert.changed_at < told_at => Standing::Received,
            Work::Closed { outcome, .. } => Standing::Closed(*outcome),
            Work::Raised => Standing::Dispatched(alert.desk.township),
            Work::Acknowledged { .. } | Work::Verified { .. } | Work::Handled { .. } => {
                Standing::InHand(alert.desk.township)
            }
        }
    }

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Received => "received",
            Standing::Dispatched(_) => "dispatched",
            Standing::InHand(_) => "in_hand",
            Standing::Closed(_) => "closed",
        }
    }
}

/// A lead opened for somebody who may read it.
pub struct OpenedLead {
    /// Its row.
    pub row: LeadRow,
    /// What was written.
    pub note: LeadNote,
    /// Where it stands.
    pub standing: Standing,
}

/// Opens leads the grant was given; those of erased people are left out.
/// Opening is not disclosing.
pub async fn opened(deps: &Arc<Deps>, rows: Vec<LeadRow>) -> Result<Vec<OpenedLead>, StepError> {
    let people = rows.iter().map(|row| Subject::Person(row.person));
    let subjects = people.collect();
    let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, false).await?;
    let wanted: Vec<Subject> = subjects.into_iter().collect();
    let mut latest = deps.store.latest_alerts(&wanted).await?;
    latest.retain(|row| row.policy == LEAD_POLICY && keyring.has(row.subject));
    let (_, alerts) = open_all(deps, &latest).await?;
    let alerts: BTreeMap<Subject, Alert> = alerts.into_iter().map(|a| (a.subject, a)).collect();
    let mut opened = Vec::with_capacity(rows.len());
    for row in rows {
        let subject = Subject::Person(row.person);
        if !keyring.has(subject) {
            continue;
        }
        let plain = keyring.open(subject, &lead_place(row.id), &row.sealed)?;
        let note = serde_json::from_slice(&plain).map_err(|_| StepError::Damaged("leads"))?;
        let standing = Standing::of(row.at, alerts.get(&subject));
        opened.push(OpenedLead {
            row,
            note,
            standing,
        });
    }
    Ok(opened)
}

/// Whom an answer with these leads shows.
pub fn shown(leads: &[OpenedLead]) -> Vec<Subject> {
    let people: std::collections::BTreeSet<PersonId> =
        leads.iter().map(|lead| lead.row.person).collect();
    people.into_iter().map(Subject::Person).collect()
}
