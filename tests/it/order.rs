//! The law of order on the whole app: any order, batching or repeat of the
//! same files ends in the same state and the same open alerts.

use synth::{CountySpec, FeedFile, invent};
use testkit::app::{TestApp, divisions, sample_day};
use testkit::state::State;

/// Orders tried besides the natural one.
const ORDERS: u64 = 4;

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

async fn end(files: &[FeedFile], settle_after: impl Fn(usize) -> bool) -> State {
    let app = TestApp::sqlite().await;
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
    let files = invent(
        &CountySpec {
            seed: 11,
            households: 40,
            on: sample_day(),
        },
        &divisions(),
    )
    .feeds;
    let natural = end(&files, |_| false).await;
    assert!(natural.open.lines().count() >= 1, "the county has alerts");
    assert_eq!(natural.breaches, Vec::<String>::new());
    for seed in 0..ORDERS {
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
        let state = end(&shuffled, |index| mask >> (index % 64) & 1 == 1).await;
        assert_eq!(state.folds, natural.folds, "folds, seed {seed}");
        assert_eq!(state.verdicts, natural.verdicts, "verdicts, seed {seed}");
        assert_eq!(state.open, natural.open, "open alerts, seed {seed}");
        assert_eq!(state.breaches, Vec::<String>::new());
    }
}
