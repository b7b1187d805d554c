//! Who is folded ahead of the checkpoint, with all that waits of them, ends as
//! they would in the order of the files, and is written once.

use std::sync::Arc;

use domain::authority::Operation;
use domain::region::DivisionCode;
use pipeline::Deps;
use pipeline::apply::{APPLY, Progress, apply_step};
use store::rows::Backlog;
use synth::{CountySpec, FeedFile, invent};
use testkit::app::{COUNTY, TestApp, divisions, sample_day};

use crate::store::backend::Backend;
use crate::twice::hands_with;

fn county() -> Vec<FeedFile> {
    let spec = CountySpec {
        seed: 13,
        households: 30,
        on: sample_day(),
    };
    invent(&spec, &divisions()).feeds
}

fn partition() -> DivisionCode {
    DivisionCode::parse(COUNTY).expect("a county")
}

/// An app that folds ahead when more than so many records wait.
async fn app(backend: &Backend, backlog_records: u64) -> TestApp {
    app_with(backend, backlog_records, 100).await
}

async fn app_with(backend: &Backend, backlog_records: u64, apply_records: u32) -> TestApp {
    let folder = tempfile::tempdir().expect("a folder");
    let mut app = TestApp::on(backend.open().await, folder).await;
    app.deps = hands_with(&app, app.clock.clone(), |settings| {
        settings.backlog_records = backlog_records;
        settings.apply_records = apply_records;
    });
    app
}

async fn import(app: &TestApp, files: &[FeedFile]) {
    for file in files {
        app.import(file).await.expect("taken");
    }
    let store = app.deps.store.as_ref();
    store.publish(u32::MAX).await.expect("numbers");
}

/// How often each fold was written.
async fn written(app: &TestApp) -> Vec<i64> {
    let store = app.deps.store.as_ref();
    let grant = app.grant("county", Operation::ReadPeople);
    let mut versions = Vec::new();
    for letter in ["h", "p"] {
        let all = store.subjects(&grant, letter, sample_day(), None, 5_000);
        let folds = store.folds(&all.await.expect("subjects")).await;
        versions.extend(folds.expect("folds").iter().map(|row| row.version));
    }
    versions
}

async fn backlog(deps: &Arc<Deps>) -> Backlog {
    let store = deps.store.as_ref();
    let position = store.checkpoint(partition(), APPLY).await;
    let position = position.expect("a position");
    let backlog = store.backlog(partition(), position).await;
    backlog.expect("a backlog")
}

/// Ends as it would in the order of the files.
async fn ends_as(app: TestApp, in_order: &TestApp) {
    app.settle().await;
    let (ours, theirs) = (app.state().await, in_order.state().await);
    assert_eq!(ours.breaches, Vec::<String>::new());
    assert!(!theirs.open.is_empty() && theirs.folds.lines().count() > 100);
    assert_eq!(ours.folds, theirs.folds);
    assert_eq!(ours.verdicts, theirs.verdicts);
    assert_eq!(ours.open, theirs.open);
}

async fn who_is_folded_ahead_is_written_once(backends: [Backend; 2]) {
    let in_order = app(&backends[0], u64::MAX).await;
    import(&in_order, &county()).await;
    in_order.settle().await;
    assert!(written(&in_order).await.iter().any(|times| *times > 5));
    let ahead = app(&backends[1], 500).await;
    import(&ahead, &county()).await;
    assert!(backlog(&ahead.deps).await.records > 1_000);
    while apply_step(&ahead.deps, partition()).await.expect("a step") != Progress::Idle {}
    assert_eq!(backlog(&ahead.deps).await, Backlog::default());
    ahead.settle().await;
    let times = written(&ahead).await;
    assert!(times.len() > 100, "{}", times.len());
    assert!(times.iter().all(|times| *times == 1), "{times:?}");
    ends_as(ahead, &in_order).await;
}

async fn what_comes_meanwhile_is_folded_too(backends: [Backend; 2]) {
    let (first, later) = (county(), county());
    let (first, later) = (&first[..first.len() / 2], &later[later.len() / 2..]);
    let in_order = app(&backends[0], u64::MAX).await;
    import(&in_order, &county()).await;
    in_order.settle().await;
    let ahead = app(&backends[1], 50).await;
    import(&ahead, first).await;
    let taken = apply_step(&ahead.deps, partition()).await.expect("a step");
    assert_ne!(taken, Progress::Idle);
    let left = backlog(&ahead.deps).await;
    assert!(left.records > 0, "some of it is still on the way");
    import(&ahead, later).await;
    ends_as(ahead, &in_order).await;
}

/// Families met before come among new ones, file after file.
async fn who_was_met_before_is_folded_on_the_way(backends: [Backend; 2]) {
    let spec = CountySpec {
        seed: 14,
        households: 60,
        on: sample_day(),
    };
    let (known, mut new) = (county(), invent(&spec, &divisions()).feeds);
    for file in &mut new {
        file.sequence += 1;
    }
    let in_order = app_with(&backends[0], u64::MAX, 4_000).await;
    let ahead = app_with(&backends[1], 500, 4_000).await;
    for app in [&in_order, &ahead] {
        import(app, &known[..2]).await;
        app.settle().await;
        for (new, known) in new.iter().zip(&known) {
            import(app, &[new.clone(), known.clone()]).await;
        }
    }
    in_order.settle().await;
    ends_as(ahead, &in_order).await;
}

/// What a step that failed had in hand is read again: nobody is passed over as
/// folded whose fold was never written.
async fn a_step_that_failed_has_folded_nobody(backends: [Backend; 2]) {
    let in_order = app(&backends[0], u64::MAX).await;
    import(&in_order, &county()).await;
    in_order.settle().await;
    let ahead = app(&backends[1], 500).await;
    import(&ahead, &county()).await;
    for last in [0, 8] {
        backends[1]
            .refuse("checkpoints", "position", &format!("> {last}"))
            .await;
        while let Ok(step) = apply_step(&ahead.deps, partition()).await {
            assert_ne!(step, Progress::Idle, "it was to fail");
        }
        backends[1].admit("checkpoints").await;
        let step = apply_step(&ahead.deps, partition()).await;
        assert_ne!(step.expect("a step"), Progress::Idle);
    }
    ends_as(ahead, &in_order).await;
}

/// Runs a behaviour over two stores of each database.
macro_rules! on_both {
    ($($behaviour:ident: $sqlite:ident, $postgres:ident;)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $sqlite() {
            let backends = [Backend::sqlite().await, Backend::sqlite().await];
            $behaviour(backends.map(|backend| backend.expect("a file"))).await;
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn $postgres() {
            if let (Some(a), Some(b)) = (Backend::postgres().await, Backend::postgres().await) {
                $behaviour([a, b]).await;
            }
        }
    )+};
}

on_both! {
    who_is_folded_ahead_is_written_once:
        who_is_folded_ahead_is_written_once_on_sqlite,
        who_is_folded_ahead_is_written_once_on_postgres;
    what_comes_meanwhile_is_folded_too:
        what_comes_meanwhile_is_folded_too_on_sqlite,
        what_comes_meanwhile_is_folded_too_on_postgres;
    who_was_met_before_is_folded_on_the_way:
        who_was_met_before_is_folded_on_the_way_on_sqlite,
        who_was_met_before_is_folded_on_the_way_on_postgres;
    a_step_that_failed_has_folded_nobody:
        a_step_that_failed_has_folded_nobody_on_sqlite,
        a_step_that_failed_has_folded_nobody_on_postgres;
}
