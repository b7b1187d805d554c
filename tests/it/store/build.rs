//! Small values to write: ids by number, bodies of arbitrary bytes.

use std::sync::Arc;

use domain::alert::{FeedKind, FeedNews};
use domain::authority::{Grant, Officer, Operation, Role};
use domain::evaluation::{AlertLevel, Confidential, Finding};
use domain::ids::{
    ActionId, AlertId, DecisionId, HouseholdId, ImportId, LeadId, OfficerId, PersonId, Subject,
};
use domain::record::{
    Coverage, DatasetId, ImportHeader, NaturalKey, Revision, RowCounts, RowNote, RowOutcome,
    SourceId,
};
use domain::region::DivisionCode;
use domain::time::{Date, Instant, Period};
use store::Store;
use store::commit::{
    AccessRow, ActionRow, AlertRow, Answer, Commit, CommitKind, DecisionRow, FoldRow, ImportRow,
    ImportState, KeptRow, LeadRow, SealedRecord, VerdictRow, Write,
};
use store::rows::{AlertFilter, Receipt};
use uuid::Uuid;

/// The county most things happen in.
pub const COUNTY: &str = "320412";
/// Two townships of it.
pub const TOWN: &str = "320412100";
pub const OTHER_TOWN: &str = "320412104";
/// Another county of the same city.
pub const OTHER_COUNTY: &str = "320404";

pub fn place(code: &str) -> DivisionCode {
    DivisionCode::parse(code).unwrap()
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// Seconds after a fixed morning.
pub fn at(seconds: i64) -> Instant {
    Instant::china_morning(day("2026-11-20")).plus_seconds(seconds)
}

/// A UUID that sorts as its number.
pub fn id(number: u32) -> Uuid {
    Uuid::from_u128(u128::from(number) << 64)
}

pub fn person(number: u32) -> PersonId {
    PersonId::from_uuid(id(number))
}

pub fn household(number: u32) -> HouseholdId {
    HouseholdId::from_uuid(id(number))
}

pub fn p(number: u32) -> Subject {
    Subject::Person(person(number))
}

pub fn h(number: u32) -> Subject {
    Subject::Household(household(number))
}

pub fn import_id(number: u32) -> ImportId {
    ImportId::from_uuid(id(number))
}

pub fn alert_id(number: u32) -> AlertId {
    AlertId::from_uuid(id(number))
}

pub fn decision_id(number: u32) -> DecisionId {
    DecisionId::from_uuid(id(number))
}

pub fn lead_id(number: u32) -> LeadId {
    LeadId::from_uuid(id(number))
}

pub fn officer_id(number: u32) -> OfficerId {
    OfficerId::from_uuid(id(number))
}

/// A commit of the county.
pub fn commit(kind: CommitKind, writes: Vec<Write>) -> Commit {
    Commit {
        kind,
        partition: Some(place(COUNTY)),
        at: at(0),
        actor: kind.name().to_owned(),
        lease: None,
        guards: Vec::new(),
        writes,
        answer: None,
    }
}

/// Commits and publishes; answers the receipt.
pub async fn write(store: &Arc<dyn Store>, commit: &Commit) -> Receipt {
    let receipt = store.commit(commit).await.unwrap();
    publish(store).await;
    receipt
}

/// Commits and publishes a commit of the county; answers its number.
pub async fn put(store: &Arc<dyn Store>, kind: CommitKind, writes: Vec<Write>) -> i64 {
    write(store, &commit(kind, writes)).await;
    last_number(store).await
}

/// Numbers everything that is committed.
pub async fn publish(store: &Arc<dyn Store>) {
    while store.publish(100).await.unwrap().commits > 0 {}
}

/// The number of the last published commit.
pub async fn last_number(store: &Arc<dyn Store>) -> i64 {
    store.statistics().await.unwrap().ledger
}

/// A grant of an officer in that role over those regions.
pub fn grant(role: Role, operation: Operation, regions: &[&str]) -> Grant {
    let officer = Officer {
        id: officer_id(900),
        name: "测试".to_owned(),
        role,
        regions: regions.iter().map(|code| place(code)).collect(),
        sources: vec!["civil".to_owned()],
    };
    officer.authorize(operation, "test").unwrap()
}

/// What a county officer may see of alerts and people.
pub fn county_grant() -> Grant {
    alerts_of(COUNTY)
}

/// Alerts as an officer of that place sees them.
pub fn alerts_of(region: &str) -> Grant {
    grant(Role::CountyOfficer, Operation::ReadAlerts, &[region])
}

/// Imports as an officer of that place sees them.
pub fn imports_of(region: &str) -> Grant {
    grant(Role::CountyOfficer, Operation::ReadImports, &[region])
}

/// An import of the civil register; its sequence and its id are the number.
pub fn import(number: u32, state: ImportState) -> ImportRow {
    ImportRow {
        header: ImportHeader {
            id: import_id(number),
            source: SourceId::new("civil"),
            dataset: DatasetId::new("civil_register"),
            revision: revision(number),
            scope: place(COUNTY),
            as_of: Some(day("2026-11-19")),
            digest: "ab".repeat(32),
            size: 12_345,
            received_at: at(i64::from(number)),
        },
        file_name: format!("名册{number}.csv"),
        uploader: officer_id(7),
        state,
        next_line: 1,
        counts: RowCounts::default(),
    }
}

pub fn revision(sequence: u32) -> Revision {
    Revision {
        business_date: day("2026-11-20"),
        sequence,
    }
}

/// A kept row of an import.
pub fn kept(import: u32, line: u32, outcome: RowOutcome) -> KeptRow {
    KeptRow {
        import: import_id(import),
        line,
        outcome,
        notes: vec![RowNote {
            column: Some("身份证号".to_owned()),
            code: "id.checksum".to_owned(),
            zh: "校验码不符".to_owned(),
            en: "check digit does not match".to_owned(),
        }],
        raw: (outcome == RowOutcome::Rejected).then(|| vec![0, 1, 2, 255]),
    }
}

/// A record of a subject in an import; its key and body are its line.
pub fn record(subject: Subject, import: ImportId, line: u32) -> SealedRecord {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&line.to_be_bytes());
    SealedRecord {
        subject,
        kind: "membership".to_owned(),
        source: "civil".to_owned(),
        dataset: "civil_register".to_owned(),
        key: NaturalKey(key),
        revision: revision(1),
        import,
        line,
        sealed: format!("sealed record of line {line}").into_bytes(),
    }
}

/// Intake of a whole import in one commit.
pub fn intake(number: u32, records: Vec<SealedRecord>) -> Vec<Write> {
    vec![
        Write::ImportOpened(import(number, ImportState::Received)),
        Write::Records(records),
    ]
}

/// A lead of a place by an officer; its person has the same number.
pub fn lead(number: u32, by: u32, code: &str) -> LeadRow {
    LeadRow {
        id: lead_id(number),
        person: person(number),
        by: officer_id(by),
        place: place(code),
        at: at(i64::from(number)),
        sealed: format!("lead {number}").into_bytes(),
    }
}

pub fn coverage(import: u32, scope: &str) -> Coverage {
    Coverage {
        dataset: DatasetId::new("payments"),
        part: Some("subsistence".to_owned()),
        scope: place(scope),
        as_of: day("2026-11-15"),
        month: Some("2026-11".parse().unwrap()),
        revision: revision(import),
        import: import_id(import),
        unnamed_rows: import % 3,
    }
}

pub fn fold(subject: Subject, version: i64) -> FoldRow {
    FoldRow {
        subject,
        partition: place(COUNTY),
        version,
        sealed: format!("fold {version}").into_bytes(),
    }
}

pub fn access(subject: Subject, region: &str, valid: Period) -> AccessRow {
    AccessRow {
        subject,
        region: place(region),
        valid,
    }
}

pub fn verdict(unit: Subject, subject: Subject, policy: &str, verdict: Option<&str>) -> VerdictRow {
    VerdictRow {
        unit,
        subject,
        policy: policy.to_owned(),
        version: "2026-01-01".to_owned(),
        verdict: verdict.map(str::to_owned),
        signal: "holds".to_owned(),
        fingerprint: Some("f1".to_owned()),
        missing: vec!["means_check.result".to_owned()],
        on: day("2026-11-20"),
    }
}

/// A raised orange alert of person `number` on the desk of [`TOWN`].
pub fn alert(number: u32) -> AlertRow {
    AlertRow {
        confidential: Confidential::Ordinary,
        id: alert_id(number),
        subject: p(number),
        unit: h(number),
        policy: "subsistence_allowance".to_owned(),
        finding: Finding::PossiblyMissed,
        level: AlertLevel::Orange,
        county: place(COUNTY),
        township: Some(place(TOWN)),
        assist: None,
        condition: "holding".to_owned(),
        work: "raised".to_owned(),
        found: None,
        over: false,
        due_on: Some(day("2026-11-25")),
        look_on: Some(day("2026-11-25")),
        snoozed_until: None,
        assignee: None,
        opened_at: at(i64::from(number)),
        changed_at: at(i64::from(number)),
        version: 1,
        sealed: format!("alert {number}").into_bytes(),
    }
}

/// The alert with one more version, as a change would leave it.
pub fn changed(alert: &AlertRow, change: impl FnOnce(&mut AlertRow)) -> AlertRow {
    let mut after = alert.clone();
    after.version += 1;
    change(&mut after);
    after
}

/// The same alert, over.
pub fn ended(alert: &AlertRow) -> AlertRow {
    changed(alert, |after| {
        after.work = "closed".into();
        after.condition = "cleared".into();
        after.over = true;
        after.look_on = None;
    })
}

pub fn decision(number: u32, alert: &AlertRow) -> DecisionRow {
    DecisionRow {
        id: decision_id(number),
        alert: alert.id,
        subject: alert.subject,
        unit: alert.unit,
        policy: alert.policy.clone(),
        on: day("2026-11-20"),
        known: 3,
        policy_set: "set".to_owned(),
        digest: "cd".repeat(32),
        sealed: format!("decision {number}").into_bytes(),
    }
}

pub fn action(number: u32, alert: &AlertRow, name: &str) -> ActionRow {
    ActionRow {
        id: ActionId::from_uuid(id(number)),
        alert: alert.id,
        action: name.to_owned(),
        by: officer_id(7),
        at: at(i64::from(number)),
        version: alert.version + 1,
        sealed: b"note".to_vec(),
    }
}

pub fn news(feed: &str, kind: FeedKind, alert: AlertId) -> FeedNews {
    FeedNews {
        confidential: Confidential::Ordinary,
        feed: place(feed),
        kind,
        alert,
        policy: "subsistence_allowance".to_owned(),
        level: AlertLevel::Orange,
        due_on: Some(day("2026-11-25")),
    }
}

/// What opens alerts: rows, a decision each, news of those not held.
pub fn opening(alerts: &[AlertRow]) -> Vec<Write> {
    let decisions = (5_000..).zip(alerts).map(|(n, row)| DecisionRow {
        id: DecisionId::from_uuid(Uuid::from_u128(row.id.as_uuid().as_u128() + n)),
        ..decision(0, row)
    });
    let raised = alerts.iter().filter(|row| row.work != "held");
    let news = raised.map(|row| {
        let feed = row.township.unwrap_or(row.county);
        FeedNews {
            confidential: row.confidential,
            ..news(feed.as_str(), FeedKind::Raised, row.id)
        }
    });
    vec![
        Write::Alerts(alerts.to_vec()),
        Write::Decisions(decisions.collect()),
        Write::Feed(news.collect()),
    ]
}

pub fn answer(key: &str, fingerprint: &str, stored_at: Instant) -> Answer {
    Answer {
        principal: officer_id(7),
        route: "POST /api/v1/alerts/{id}/acknowledgement".to_owned(),
        key: key.to_owned(),
        fingerprint: fingerprint.to_owned(),
        status: 200,
        body: "{\"version\":2}".to_owned(),
        at: stored_at,
    }
}

/// Ids of the alerts a grant lists under a filter.
pub async fn listed(store: &Arc<dyn Store>, grant: &Grant, filter: &AlertFilter) -> Vec<AlertId> {
    let rows = store.alerts(grant, filter, None, 100).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}
