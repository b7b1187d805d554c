//! Where a county is evaluated everybody is asked from the columns that are kept
//! for it, and the answer is that of reading everybody from the folds.

use std::time::Duration;

use domain::authority::Operation;
use domain::resident_id::ResidentId;
use domain::time::{Date, add_days};
use pipeline::apply::{Progress, apply_step};
use pipeline::evaluate::EVALUATE;
use pipeline::keeping::keep_step;
use pipeline::runner;
use pipeline::simulate::{Question, Simulation, simulate};
use testkit::app::{TestApp, sample_day};

use super::{county, raised};

async fn on(app: &TestApp, value: &str, on: Date) -> Simulation {
    let grant = app.grant("county", Operation::ReadPeople);
    let question = Question {
        on,
        ..raised(value)
    };
    simulate(&app.deps, &grant, &question).await.unwrap()
}

/// Asks of what is kept, then again with nothing kept.
async fn both(app: &TestApp, value: &str, day: Date) -> (Simulation, Simulation) {
    let kept = on(app, value, day).await;
    app.deps.censuses.forget(county());
    let read = on(app, value, day).await;
    (kept, read)
}

fn same(kept: &Simulation, read: &Simulation) {
    assert_eq!(read.read, read.units);
    assert_eq!(kept.units, read.units);
    assert_eq!(kept.deferred, read.deferred);
    let policies = |answer: &Simulation| answer.policies.keys().cloned().collect::<Vec<_>>();
    assert_eq!(policies(kept), policies(read));
    for (id, change) in &kept.policies {
        assert_eq!(change, &read.policies[id], "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_answers_as_reading_everybody_does() {
    let app = TestApp::sqlite().await.inhabited(320).await;
    let days = [0, 40, 200];
    for (days, value) in days.into_iter().zip(["3000", "300", "2600"]) {
        // A day on which nothing happens keeps what was lost.
        app.clock.set(add_days(app.deps.clock.today(), 1));
        app.settle().await;
        let day = add_days(app.deps.clock.today(), days);
        let (kept, read) = both(&app, value, day).await;
        println!("after {days} days {} of {} read", kept.read, kept.units);
        assert!(days > 0 || kept.read == 0, "{}", kept.read);
        assert!(days == 0 || kept.read > 0, "views begin by then");
        assert!(kept.read < kept.units, "{}", kept.read);
        let change = &kept.policies["subsistence_allowance"];
        assert!(change.gained + change.lost > 0, "{change:?}");
        // Nobody is 待核实 for a list that could not have come yet.
        let (before, all) = (change.before.undetermined, change.applicable);
        assert!(before < all / 2, "{before} of {all}");
        same(&kept, &read);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_due_is_asked_as_they_are_now() {
    let app = TestApp::sqlite().await.inhabited(320).await;
    register(&app, 900, 60_000).await;
    app.settle().await;
    let before = on(&app, "3000", sample_day()).await;
    assert_eq!(before.read, 0);
    // They earn less, and nobody has evaluated that yet.
    register(&app, 901, 12_000).await;
    while let Progress::Done(_) = apply_step(&app.deps, county()).await.unwrap() {}
    let (kept, read) = both(&app, "3000", sample_day()).await;
    assert!(kept.through[&county()] > before.through[&county()]);
    assert_eq!((kept.read, kept.units), (1, before.units));
    let met = |answer: &Simulation| answer.policies["subsistence_allowance"].before.met;
    assert_eq!(met(&kept), met(&before) + 1);
    same(&kept, &read);
}

/// A family of 湖塘镇 and what it earns a year.
async fn register(app: &TestApp, sequence: u32, yuan: u32) {
    let head = ResidentId::from_first_17("99900119800101011").unwrap();
    let head = head.as_str();
    let text = format!(
        "户编号,救助类别,户籍镇街,居住镇街,户主姓名,户主证件号码,成员姓名,证件号码,与户主关系,是否共同生活,是否计入人口,是否保障对象,\
         年工资性收入,年经营净收入,年财产净收入,年转移净收入,财产核对结果,最近核查日期,核查类别\n\
         KE01,低保,湖塘镇,湖塘镇,俞某,{head},俞某,{head},户主,是,是,是,{yuan},0,0,0,符合,2026-11-01,A\n"
    );
    let day = sample_day().to_string();
    let file = TestApp::file("civil", "civil_register", &day, sequence, None, &text);
    app.import(&file).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_the_county_and_a_day_that_is_past_are_read() {
    let app = TestApp::sqlite().await.inhabited(320).await;
    let whole = on(&app, "3000", sample_day()).await;
    let grant = app.grant("hutang", Operation::ReadPeople);
    let part = simulate(&app.deps, &grant, &raised("3000")).await.unwrap();
    assert!(part.units > 0 && part.units < whole.units);
    assert_eq!((whole.read, part.read), (0, part.units));
    let past = on(&app, "3000", add_days(sample_day(), -1)).await;
    assert_eq!(past.read, past.units);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_with_hours_between_them_keep_what_is_kept() {
    let app = TestApp::sqlite().await.inhabited(320).await;
    // A county at rest takes no lease, and each question finds it run out.
    for _ in 0..4 {
        app.clock.advance(app.deps.settings.lease_seconds + 1);
        assert_eq!(on(&app, "3000", sample_day()).await.read, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_worker_may_have_changed_is_not_asked_of_what_is_kept() {
    let app = TestApp::sqlite().await.inhabited(320).await;
    let day = sample_day();
    assert_eq!(on(&app, "3000", day).await.read, 0);
    // Another worker takes the county over when our lease has run out.
    let later = |seconds| app.deps.clock.now().plus_seconds(seconds);
    let lapse = app.deps.settings.lease_seconds + 1;
    app.clock.advance(lapse);
    let (begun, until) = (app.deps.clock.now(), later(lapse));
    let store = &app.deps.store;
    let lease = store.lease(county(), EVALUATE, "another", begun, until);
    assert!(lease.await.unwrap().is_some());
    let held = on(&app, "3000", day).await;
    assert_eq!(held.read, held.units);
    // Theirs has run out as well: nobody knows what they did meanwhile.
    app.clock.advance(lapse + 1);
    let lapsed = on(&app, "3000", day).await;
    assert_eq!(lapsed.read, lapsed.units);
}

/// Keeps until there is nothing to keep; how many units were read in.
async fn keep(app: &TestApp) -> usize {
    let mut read = 0;
    while let Progress::Done(units) = keep_step(&app.deps, county()).await.unwrap() {
        read += units;
    }
    read
}

/// Somebody else evaluates the county until their lease has run out.
async fn another_holds(app: &TestApp) {
    let lapse = app.deps.settings.lease_seconds + 1;
    app.clock.advance(lapse);
    let (begun, store) = (app.deps.clock.now(), &app.deps.store);
    let until = begun.plus_seconds(lapse);
    let lease = store.lease(county(), EVALUATE, "another", begun, until);
    assert!(lease.await.unwrap().is_some());
    app.clock.advance(lapse + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_county_at_rest_is_read_in_after_a_start() {
    let app = TestApp::sqlite().await.inhabited(320).await;
    assert_eq!(keep(&app).await, 0, "whole since the night");
    app.deps.censuses.forget(county());
    let units = on(&app, "3000", sample_day()).await.units;
    assert!(u64::try_from(keep(&app).await).unwrap() >= units);
    assert_eq!(keep(&app).await, 0);
    let (kept, read) = both(&app, "3000", sample_day()).await;
    assert_eq!(kept.read, 0);
    same(&kept, &read);
    // The night that follows asks what was read in, and looks at as many as ever.
    keep(&app).await;
    app.clock.set(add_days(sample_day(), 1));
    app.settle().await;
    let (kept, read) = both(&app, "3000", add_days(sample_day(), 1)).await;
    assert_eq!(kept.read, 0);
    same(&kept, &read);
    // What a night has not looked at is left to it.
    app.clock.set(add_days(sample_day(), 2));
    assert_eq!(keep(&app).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_worker_keeps_is_not_made_worthless() {
    let app = TestApp::sqlite().await.inhabited(320).await;
    another_holds(&app).await;
    app.deps.censuses.forget(county());
    assert_eq!(keep(&app).await, 0);
    let last = app
        .deps
        .store
        .last_holder(county(), EVALUATE)
        .await
        .unwrap();
    assert_eq!(last.as_deref(), Some("another"));
    // Whoever judges somebody again holds the county again.
    register(&app, 900, 60_000).await;
    app.settle().await;
    assert!(keep(&app).await > 0);
    assert_eq!(on(&app, "3000", sample_day()).await.read, 0);
    // Two who take turns do not read everybody in at each: the night does.
    another_holds(&app).await;
    register(&app, 901, 12_000).await;
    app.settle().await;
    assert_eq!(keep(&app).await, 0);
    app.clock.set(add_days(sample_day(), 1));
    app.settle().await;
    assert_eq!(on(&app, "3000", add_days(sample_day(), 1)).await.read, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_has_nothing_else_to_do_keeps() {
    let app = TestApp::sqlite().await.inhabited(320).await;
    app.deps.censuses.forget(county());
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(runner::run(app.deps.clone(), stopped));
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let whole = async {
        while on(&app, "3000", sample_day()).await.read > 0 {
            ticks.tick().await;
        }
    };
    let whole = tokio::time::timeout(Duration::from_mins(1), whole).await;
    stop.send(true).expect("the steps still run");
    running.await.expect("the steps end");
    whole.expect("everybody is kept");
}
