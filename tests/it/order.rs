//! The law of order on the whole app: any order, batching or repeat of the
//! same files ends in the same state and the same open alerts.

use synth::{CountySpec, FeedFile, invent};
use testkit::app::{TestApp, divisions, sample_day};
use testkit::state::State;

use crate::twice::hands_with;

fn county() -> Vec<FeedFile> {
    let spec = CountySpec {
        seed: 11,
        households: 40,
        on: sample_day(),
    };
    invent(&spec, &divisions()).feeds
}

/// Orders tried besides the natural one, each with a way of its own: records
/// beyond which families are folded ahead, rows and records of a batch.
const WAYS: [(u64, usize, u32); 4] = [
    (0, 4, 100),
    (300, 1_000, 4_000),
    (u64::MAX, 4, 100),
    (0, 1_000, 4_000),
];

/// SplitMix64, so that a printed seed is all that is needed to repeat a run.
fn random_from(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

async fn end(app: TestApp, files: &[FeedFile], settle_after: impl Fn(usize) -> bool) -> State {
    for (index, file) in files.iter().enumerate() {
        app.import(file).await.unwrap();
        if settle_after(index) {
            app.settle().await;
        }
    }
    app.settle().await;
    app.state().await
}

#[tokio::test(flavor = "multi_thread")]
async fn any_order_batching_or_repeat_ends_alike() {
    let files = county();
    let natural = end(TestApp::sqlite().await, &files, |_| false).await;
    assert!(natural.open.lines().count() >= 1, "the county has alerts");
    assert_eq!(natural.breaches, Vec::<String>::new());
    for (seed, (backlog, rows, records)) in (0..).zip(WAYS) {
        println!("SEED={seed}");
        let mut random = random_from(seed);
        let mut shuffled = files.clone();
        for i in (1..shuffled.len()).rev() {
            let j = usize::try_from(random() % (i as u64 + 1)).unwrap();
            shuffled.swap(i, j);
        }
        let again = shuffled[usize::try_from(random() % shuffled.len() as u64).unwrap()].clone();
        shuffled.push(again);
        let mask = random();
        let mut app = TestApp::sqlite().await;
        println!("ahead beyond {backlog}, batches of {rows} and {records}");
        app.deps = hands_with(&app, app.clock.clone(), |settings| {
            settings.backlog_records = backlog;
            settings.intake_rows = rows;
            settings.apply_records = records;
        });
        let state = end(app, &shuffled, |index| mask >> (index % 64) & 1 == 1).await;
        assert_eq!(state.folds, natural.folds, "folds, seed {seed}");
        assert_eq!(state.verdicts, natural.verdicts, "verdicts, seed {seed}");
        assert_eq!(state.open, natural.open, "open alerts, seed {seed}");
        assert_eq!(state.breaches, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_stores_come_to_one_state() {
    let files = county();
    let ours = end(TestApp::sqlite().await, &files, |index| index % 3 == 2).await;
    let Some(other) = TestApp::postgres().await else {
        return;
    };
    let theirs = end(other, &files, |index| index % 3 == 2).await;
    assert_eq!(first_difference(&ours.folds, &theirs.folds), None);
    assert_eq!(first_difference(&ours.verdicts, &theirs.verdicts), None);
    assert_eq!(first_difference(&ours.open, &theirs.open), None);
    assert_eq!(theirs.breaches, Vec::<String>::new());
}

/// The first line in which two texts differ, so that a failure can be read.
fn first_difference(a: &str, b: &str) -> Option<(String, String)> {
    let cut = |line: &str| line.chars().take(400).collect::<String>();
    let (mut ours, mut theirs) = (a.lines(), b.lines());
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return None,
            (x, y) if x == y => {}
            (x, y) => return Some((cut(x.unwrap_or("")), cut(y.unwrap_or("")))),
        }
    }
}
