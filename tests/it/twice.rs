//! Nothing counts twice: an import that was cut short goes on where it
//! stopped, and a step that was overtaken writes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::authority::Operation;
use domain::ids::ImportId;
use domain::region::DivisionCode;
use domain::time::{Date, Instant};
use pipeline::apply::{APPLY, Progress, apply_step};
use pipeline::clock::Clock;
use pipeline::{Deps, Settings, StepError};
use store::StoreError;
use store::commit::{ImportRow, ImportState, KeptRow};
use synth::{CountySpec, FeedFile, invent};
use testkit::app::{COUNTY, TestApp, divisions, sample_day};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::store::backend::Backend;

/// Rows per transaction, so that a small file has many.
const INTAKE_ROWS: usize = 4;
/// Records per step, so that a small county takes many.
const APPLY_RECORDS: u32 = 100;

/// Another set of hands on an app's store: small transactions, its own clock.
pub(super) fn hands(app: &TestApp, clock: Arc<dyn Clock>) -> Arc<Deps> {
    hands_with(app, clock, |_| {})
}

/// The same with other settings.
pub(super) fn hands_with(
    app: &TestApp,
    clock: Arc<dyn Clock>,
    other: impl FnOnce(&mut Settings),
) -> Arc<Deps> {
    let deps = &app.deps;
    let mut settings = Settings {
        intake_rows: INTAKE_ROWS,
        apply_records: APPLY_RECORDS,
        ..deps.settings.clone()
    };
    other(&mut settings);
    Arc::new(Deps {
        store: deps.store.clone(),
        vault: deps.vault.clone(),
        policies: deps.policies.again(),
        divisions: deps.divisions.clone(),
        calendar: deps.calendar.clone(),
        publicity: deps.publicity.clone(),
        clock,
        settings,
        censuses: pipeline::night::Censuses::default(),
        ahead: pipeline::ahead::Aheads::default(),
        work: Notify::default(),
        published: Notify::default(),
    })
}

pub(super) async fn app(backend: &Backend) -> TestApp {
    let folder = tempfile::tempdir().expect("a folder");
    let mut app = TestApp::on(backend.open().await, folder).await;
    app.deps = hands(&app, app.clock.clone());
    app
}

pub(super) fn county() -> Vec<FeedFile> {
    let spec = CountySpec {
        seed: 11,
        households: 12,
        on: sample_day(),
    };
    invent(&spec, &divisions()).feeds
}

/// Deaths of which one is taken, one must be looked at and one has no number,
/// in turn.
fn deaths() -> FeedFile {
    let mut text = "公民身份号码,姓名,性别,出生日期,户号,户籍地址,变动类别,死亡日期,注销日期,迁往地,更新时间\n".to_owned();
    for _ in 0..6 {
        text +=
            "999001194003110224,王某英,女,1940-03-11,,,死亡,2026-09-28,2026-11-19,,2026-11-19\n";
        text += "999001194003110229,王某,女,1940-03-11,,,死亡,2026-09-28,2026-11-19,,2026-11-19\n";
        text += ",王某,女,1940-03-11,,,死亡,2026-09-28,2026-11-19,,2026-11-19\n";
    }
    let day = "2026-11-19";
    TestApp::file("police", "deaths_police", day, 1, Some(day), &text)
}

/// What an import came to.
async fn came_to(app: &TestApp, id: ImportId) -> (ImportRow, Vec<KeptRow>, i64) {
    let grant = app.grant("importer", Operation::ReadImports);
    let store = app.deps.store.as_ref();
    let import = store.import(&grant, id).await.expect("an answer");
    let kept = store.kept_rows(&grant, id, None, 0, 500).await;
    let records = store.statistics().await.expect("totals").records;
    (import.expect("the import"), kept.expect("rows"), records)
}

async fn a_cut_import_goes_on_where_it_stopped(cut: Backend, whole: Backend) {
    let file = deaths();
    let undisturbed = app(&whole).await;
    let id = undisturbed
        .import(&file)
        .await
        .expect("taken")
        .import
        .header
        .id;
    let (expected, expected_rows, expected_records) = came_to(&undisturbed, id).await;
    assert!(
        expected_records > 0 && expected_rows.len() >= 12,
        "{expected:?}"
    );

    let app = app(&cut).await;
    cut.refuse("imports", "next_line", "> 10").await;
    assert!(app.import(&file).await.is_err(), "the file is cut short");
    cut.admit("imports").await;
    let revision = expected.header.revision;
    let standing = app
        .deps
        .store
        .import_by_key(&file.source, &file.dataset, revision);
    let standing = standing.await.expect("an answer").expect("it was begun");
    assert_eq!(standing.state, ImportState::Receiving);
    assert!(standing.next_line > 2 && standing.counts.received() > 0);
    let taken = app.import(&file).await.expect("taken");
    assert!(!taken.repeated);
    assert_eq!(taken.import.header.id, standing.header.id);
    let (import, rows, records) = came_to(&app, standing.header.id).await;
    assert_eq!(import.state, ImportState::Received);
    assert_eq!(import.counts, expected.counts);
    assert_eq!(import.next_line, expected.next_line);
    assert_eq!(records, expected_records);
    let lines =
        |rows: &[KeptRow]| -> Vec<_> { rows.iter().map(|row| (row.line, row.outcome)).collect() };
    assert_eq!(lines(&rows), lines(&expected_rows));
}

/// A clock at one of whose looks something happens: between what the step has read
/// and what it writes.
pub(super) struct Overtaken<F> {
    by: F,
    /// Looks until then.
    looks: AtomicI64,
    inner: Arc<dyn Clock>,
}

impl<F> Overtaken<F> {
    /// At its first look, or as many later.
    pub(super) fn of(app: &TestApp, later: i64, by: F) -> Arc<Overtaken<F>> {
        Arc::new(Overtaken {
            by,
            looks: AtomicI64::new(later),
            inner: app.clock.clone(),
        })
    }
}

impl<F: AsyncFn() + Send + Sync> Clock for Overtaken<F> {
    fn now(&self) -> Instant {
        if self.looks.fetch_sub(1, Ordering::SeqCst) == 0 {
            tokio::task::block_in_place(|| Handle::current().block_on((self.by)()));
        }
        self.inner.now()
    }

    fn today(&self) -> Date {
        self.inner.today()
    }
}

async fn an_overtaken_step_writes_nothing(backend: Backend) {
    let app = app(&backend).await;
    for file in &county() {
        app.import(file).await.expect("taken");
    }
    let store = app.deps.store.as_ref();
    store.publish(u32::MAX).await.expect("numbers");
    let partition = DivisionCode::parse(COUNTY).expect("a county");
    // The same holder: its lease is renewed, not taken from anybody.
    let rival = hands(&app, app.clock.clone());
    let ahead = async move || {
        while apply_step(&rival, partition).await.expect("a step") != Progress::Idle {}
    };
    let slow = hands(&app, Overtaken::of(&app, 0, ahead));
    let overtaken = apply_step(&slow, partition).await;
    assert!(
        matches!(overtaken, Err(StepError::Store(StoreError::Conflict))),
        "{overtaken:?}"
    );
    // The rival came to the end, and there the checkpoint stands.
    let position = store
        .checkpoint(partition, APPLY)
        .await
        .expect("a position");
    let waiting = store.intake_after(partition, position, 1).await;
    assert_eq!(waiting.expect("batches").len(), 0);
    app.settle().await;
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_import_goes_on_where_it_stopped_on_sqlite() {
    let (cut, whole) = (Backend::sqlite().await, Backend::sqlite().await);
    a_cut_import_goes_on_where_it_stopped(cut.expect("a file"), whole.expect("a file")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_import_goes_on_where_it_stopped_on_postgres() {
    if let (Some(cut), Some(whole)) = (Backend::postgres().await, Backend::postgres().await) {
        a_cut_import_goes_on_where_it_stopped(cut, whole).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overtaken_step_writes_nothing_on_sqlite() {
    let backend = Backend::sqlite().await.expect("a file");
    an_overtaken_step_writes_nothing(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overtaken_step_writes_nothing_on_postgres() {
    if let Some(backend) = Backend::postgres().await {
        an_overtaken_step_writes_nothing(backend).await;
    }
}

/// Somebody met alone first and listed in a household later is told of again,
/// by a list that is complete of nothing: the store is as sound as before.
async fn told_again_after_moving_in_is_sound(app: TestApp) {
    let spec = CountySpec {
        seed: 9,
        households: 40,
        on: sample_day(),
    };
    let feeds = invent(&spec, &divisions()).feeds;
    for file in &feeds {
        app.import(file).await.expect("taken");
        app.settle().await;
    }
    assert_eq!(app.deps.store.check().await.unwrap(), Vec::<String>::new());
    let civil = feeds
        .iter()
        .find(|f| f.dataset.as_str() == "civil_register");
    let mut again = civil.expect("a register").clone();
    again.business_date = spec.on;
    again.as_of = None;
    let taken = app.import(&again).await.expect("taken");
    assert!(!taken.repeated && taken.import.counts.accepted > 50);
    app.settle().await;
    assert_eq!(app.deps.store.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn told_again_after_moving_in_is_sound_on_sqlite() {
    told_again_after_moving_in_is_sound(TestApp::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn told_again_after_moving_in_is_sound_on_postgres() {
    if let Some(app) = TestApp::postgres().await {
        told_again_after_moving_in_is_sound(app).await;
    }
}
