//! Steps go through several batches in one call, and write one while they read
//! the next: what comes of it is what would come of one after the other.

use std::fmt::Write as _;
use std::sync::Arc;

use domain::authority::Operation;
use domain::ids::Subject;
use domain::record::ReadWhy;
use domain::region::DivisionCode;
use domain::resident_id::ResidentId;
use pipeline::apply::{Progress, apply_step};
use pipeline::clock::Clock as _;
use pipeline::evaluate::{EVALUATE, evaluate_step};
use pipeline::{Settings, StepError};
use store::StoreError;
use store::commit::{CommitKind, VerdictRow, Write};
use testkit::app::{COUNTY, TestApp};

use crate::store::backend::Backend;
use crate::store::build::{commit, write};
use crate::twice::{Overtaken, app, county, hands_with};

fn partition() -> DivisionCode {
    DivisionCode::parse(COUNTY).expect("a county")
}

const REGISTER: &str = "户编号,救助类别,户籍镇街,居住镇街,户主姓名,户主证件号码,成员姓名,证件号码,与户主关系,是否共同生活,是否计入人口,\
     是否保障对象,年工资性收入,年经营净收入,年财产净收入,年转移净收入,财产核对结果,最近核查日期,核查类别";

/// A unit at a time.
fn one_by_one(settings: &mut Settings) {
    settings.evaluate_units = 1;
}

/// Applies everything that was imported; answers the records of all calls.
async fn applied(app: &TestApp) -> usize {
    let store = app.deps.store.as_ref();
    store.publish(u32::MAX).await.expect("numbers");
    let mut records = 0;
    while let Progress::Done(some) = apply_step(&app.deps, partition()).await.expect("a step") {
        records += some;
    }
    records
}

/// A verdict is never given on half of what has come: between two batches of one
/// call, too, records that wait are applied first.
async fn records_that_come_meanwhile_are_applied_first(backend: Backend) {
    let app = Arc::new(app(&backend).await);
    let mut files = county();
    let last = files.pop().expect("files");
    for file in &files {
        app.import(file).await.expect("taken");
    }
    applied(&app).await;
    let (store, partition) = (app.deps.store.clone(), partition());
    let due = store.due(partition, 100).await.expect("marks");
    assert!(due.len() > 4, "{due:?}");
    let arrives = {
        let app = app.clone();
        async move || {
            app.import(&last).await.expect("taken");
            app.deps.store.publish(u32::MAX).await.expect("numbers");
        }
    };
    let slow = hands_with(&app, Overtaken::of(&app, 0, arrives), one_by_one);
    let step = evaluate_step(&slow, partition).await.expect("a step");
    assert_ne!(step, Progress::Idle);
    let left = store.due(partition, 100).await.expect("marks");
    assert_eq!(left, due[1..], "one batch was under way");
    let step = evaluate_step(&slow, partition).await.expect("a step");
    assert_eq!(step, Progress::Idle, "records wait");
    app.settle().await;
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_come_meanwhile_are_applied_first_on_sqlite() {
    let backend = Backend::sqlite().await.expect("a file");
    records_that_come_meanwhile_are_applied_first(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_come_meanwhile_are_applied_first_on_postgres() {
    if let Some(backend) = Backend::postgres().await {
        records_that_come_meanwhile_are_applied_first(backend).await;
    }
}

/// A batch that was read before somebody else held the county is not written after.
async fn a_county_that_changed_hands_is_read_again(backend: Backend) {
    let app = app(&backend).await;
    for file in &county() {
        app.import(file).await.expect("taken");
    }
    applied(&app).await;
    let store = app.deps.store.clone();
    let due = store.due(partition(), 100).await.expect("marks");
    let (rival, clock) = (store.clone(), app.clock.clone());
    let taken = async move || {
        let now = clock.now();
        let lease = rival
            .lease(partition(), EVALUATE, "another", now, now)
            .await;
        assert!(lease.expect("an answer").is_some(), "the first has lapsed");
    };
    // The second look is at the end of the first batch.
    let slow = hands_with(&app, Overtaken::of(&app, 1, taken), |settings| {
        settings.lease_seconds = 0;
    });
    let step = evaluate_step(&slow, partition()).await;
    assert!(
        matches!(step, Err(StepError::Store(StoreError::Conflict))),
        "{step:?}"
    );
    let left = store.due(partition(), 100).await.expect("marks");
    assert_eq!(left, due);
    // A lease that only ran out is no reason not to go on.
    let late = hands_with(&app, app.clock.clone(), |settings| {
        settings.lease_seconds = 0;
        one_by_one(settings);
    });
    let step = evaluate_step(&late, partition()).await.expect("a step");
    assert!(
        matches!(step, Progress::Done(units) if units > 1),
        "{step:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_that_changed_hands_is_read_again_on_sqlite() {
    let backend = Backend::sqlite().await.expect("a file");
    a_county_that_changed_hands_is_read_again(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_that_changed_hands_is_read_again_on_postgres() {
    if let Some(backend) = Backend::postgres().await {
        a_county_that_changed_hands_is_read_again(backend).await;
    }
}

/// Every record is folded once, and of people whom one batch tells of and a later
/// one finds in a household only the household is due.
async fn a_call_folds_each_record_once(backend: Backend) {
    let app = app(&backend).await;
    for file in &county() {
        app.import(file).await.expect("taken");
    }
    let records = applied(&app).await;
    let store = app.deps.store.as_ref();
    let all = store.statistics().await.expect("totals").records;
    assert_eq!(Ok(records), usize::try_from(all));
    let marks = store.due(partition(), u32::MAX).await.expect("marks");
    let people = marks.iter().filter_map(|mark| match mark.unit {
        Subject::Person(person) => Some(person),
        Subject::Household(_) => None,
    });
    let people: Vec<_> = people.collect();
    assert!(people.len() < marks.len(), "{marks:?}");
    let reads = store.reads_by_person(&people).await.expect("reads");
    let members = reads.iter().filter(|read| read.why == ReadWhy::Member);
    assert_eq!(
        members.collect::<Vec<_>>(),
        Vec::<&domain::record::Read>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_folds_each_record_once_on_sqlite() {
    a_call_folds_each_record_once(Backend::sqlite().await.expect("a file")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_folds_each_record_once_on_postgres() {
    if let Some(backend) = Backend::postgres().await {
        a_call_folds_each_record_once(backend).await;
    }
}

/// A mother who lives alone is looked at with each of her children's households:
/// the second looks when what was found with the first is written.
async fn whom_two_batches_see_is_told_of_once(backend: Backend) {
    let app = app(&backend).await;
    let number = |first17: &str| ResidentId::from_first_17(first17).expect("a number");
    let mother = number("99900119510101002");
    let mut register = format!("{REGISTER},母亲证件号码\n");
    for (name, own) in [("一", "99900119800101011"), ("二", "99900119820101012")] {
        let (own, mother) = (number(own), mother.as_str());
        let own = own.as_str();
        writeln!(
            register,
            "BT{name},,湖塘镇,湖塘镇,俞{name},{own},俞{name},{own},户主,是,是,否,1000,0,0,0,符合,2026-11-01,A,{mother}"
        )
        .expect("a text takes more");
    }
    let leads = format!(
        "线索编号,上报时间,镇街,村(社区),对象姓名,对象证件号码,对象电话,居住地址,户籍地,线索类别,紧急程度,情况描述,关联12345工单号\n\
         BT1,2026-11-20,湖塘镇,,陈某,{},,,,其他,急,屋顶漏雨,\n",
        mother.as_str()
    );
    for (source, dataset, text) in [
        ("civil", "civil_register", register),
        ("grid", "leads", leads),
    ] {
        let file = TestApp::file(source, dataset, "2026-11-20", 1, None, &text);
        app.import(&file).await.expect("taken");
    }
    applied(&app).await;
    let store = app.deps.store.as_ref();
    let due = store.due(partition(), 100).await.expect("marks");
    assert_eq!(due.len(), 3, "{due:?}");
    let steady = hands_with(&app, app.clock.clone(), one_by_one);
    let first = due[0].unit.as_uuid();
    let is_first = match &backend {
        Backend::Postgres(_) => format!("= '{first}'"),
        _ => format!("= x'{}'", first.simple()),
    };
    backend.refuse("units", "unit_id", &is_first).await;
    let stopped = evaluate_step(&steady, partition()).await;
    assert!(stopped.is_err(), "{stopped:?}");
    let left = store.due(partition(), 100).await.expect("marks");
    assert_eq!(left, due, "the second was read, and waited");
    backend.admit("units").await;
    let step = evaluate_step(&steady, partition()).await.expect("a step");
    assert_eq!(
        step,
        Progress::Done(5),
        "she is looked at with both and alone"
    );
    let mother = due
        .iter()
        .map(|mark| mark.unit)
        .find(|unit| unit.letter() == "p");
    let mother = mother.expect("she is due");
    let told = store.verdicts(&[mother]).await.expect("verdicts");
    let lead = told.iter().find(|row| row.policy == "urgent_lead");
    assert_eq!(lead.and_then(|row| row.verdict.as_deref()), Some("met"));
    assert_eq!(store.statistics().await.expect("totals").alerts, 1);
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_two_batches_see_is_told_of_once_on_sqlite() {
    whom_two_batches_see_is_told_of_once(Backend::sqlite().await.expect("a file")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_two_batches_see_is_told_of_once_on_postgres() {
    if let Some(backend) = Backend::postgres().await {
        whom_two_batches_see_is_told_of_once(backend).await;
    }
}

/// That a policy is not for somebody is not kept, neither from the first nor once it
/// has become so, and a row of before that says so goes: most policies are for few.
async fn a_policy_that_is_not_for_somebody_is_not_kept(backend: Backend) {
    let app = app(&backend).await;
    let own = ResidentId::from_first_17("99900119510101002").expect("a number");
    let own = own.as_str();
    let mut held = Vec::new();
    for (sequence, category) in [(1, ""), (2, "特困")] {
        let register = format!(
            "{REGISTER}\nBT1,{category},湖塘镇,湖塘镇,俞一,{own},俞一,{own},户主,是,是,是,1000,0,0,0,符合,2026-11-01,A\n"
        );
        let day = "2026-11-20";
        let file = TestApp::file("civil", "civil_register", day, sequence, None, &register);
        app.import(&file).await.expect("taken");
        app.settle().await;
        let store = app.deps.store.as_ref();
        let grant = app.grant("county", Operation::ReadPeople);
        let today = testkit::app::sample_day();
        let units = store.subjects(&grant, "h", today, None, 10).await;
        let units = units.expect("units");
        let rows = store.verdicts(&units).await.expect("verdicts");
        let (unit, before) = (units[0], rows[0].clone());
        held.push(rows);
        let row = VerdictRow {
            unit,
            subject: unit,
            policy: "marginal".to_owned(),
            verdict: Some("not_applicable".to_owned()),
            ..before
        };
        let kept = commit(CommitKind::Evaluate, vec![Write::Verdicts(vec![row])]);
        write(&app.deps.store, &kept).await;
    }
    for rows in &held {
        let said = |row: &VerdictRow| row.verdict.clone().expect("a verdict");
        let said: Vec<String> = rows.iter().map(said).collect();
        assert!(!said.is_empty());
        assert!(!said.contains(&"not_applicable".to_owned()), "{rows:?}");
    }
    let of = |rows: &[VerdictRow]| rows.iter().any(|row| row.policy == "subsistence_allowance");
    assert_eq!(
        held.iter().map(|rows| of(rows)).collect::<Vec<_>>(),
        [true, false]
    );
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_not_for_somebody_is_not_kept_on_sqlite() {
    let backend = Backend::sqlite().await.expect("a file");
    a_policy_that_is_not_for_somebody_is_not_kept(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_not_for_somebody_is_not_kept_on_postgres() {
    if let Some(backend) = Backend::postgres().await {
        a_policy_that_is_not_for_somebody_is_not_kept(backend).await;
    }
}
