//! Sixteen writers, eight readers, two sequencers on one PostgreSQL database:
//! nothing missing, nothing twice, no hole, nobody's order turned round.
//!
//! A deferred trigger stands between the last write of each commit and its
//! end: it waits a random while, so that commits end in another order than
//! they got their ids, and rolls one in twenty back.

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::alert::{FeedKind, FeedNews};
use domain::authority::{Grant, Officer, Operation, Role};
use domain::evaluation::AlertLevel;
use domain::ids::{AlertId, OfficerId};
use domain::region::DivisionCode;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::{AssertSqlSafe, PgPool};
use store::Store;
use store::commit::{Commit, CommitKind, Write};
use store::rows::FeedEntry;
use testkit::pg;
use tokio::sync::watch;
use uuid::Uuid;

const WRITERS: u64 = 16;
const READERS: u64 = 8;
const COUNTY: &str = "320412";
const TOWNSHIPS: [&str; 5] = [
    "320412100",
    "320412101",
    "320412104",
    "320412105",
    "320412106",
];

/// How much, how long at most, and from which seed.
#[derive(Clone, Copy, Debug)]
struct Load {
    entries: usize,
    at_most: Duration,
    seed: u64,
}

impl Load {
    /// 20,000 entries; 200,000 with `HEARTH_DEEP=1`; any number with
    /// `HEARTH_HAMMER`. `HEARTH_SEED` repeats the choices of a run.
    fn of_this_run() -> Load {
        let number = |name| env::var(name).ok().and_then(|text| text.parse().ok());
        let deep = env::var("HEARTH_DEEP").is_ok_and(|value| value == "1");
        let entries = number("HEARTH_HAMMER").map_or(if deep { 200_000 } else { 20_000 }, |n| {
            usize::try_from(n).expect("a count")
        });
        let at_most = Duration::from_secs(if deep { 900 } else { 120 });
        let seed = number("HEARTH_SEED").unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0 >> 33);
        let load = Load {
            entries,
            at_most,
            seed,
        };
        eprintln!("hammer: {load:?}");
        load
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_have_no_holes_under_many_writers() {
    let Some(url) = pg::fresh_database().await else {
        return;
    };
    let load = Load::of_this_run();
    let store = store::open(&url, &[("epoch", "hammer".to_owned())])
        .await
        .unwrap();
    let raw = PgPool::connect(&url).await.unwrap();
    stand_between(&raw, load.seed).await;

    let progress = Arc::new(Progress::new(load));
    let sequencers: Vec<_> = (0..2)
        .map(|_| tokio::spawn(publish(store.clone(), progress.clone())))
        .collect();
    let readers: Vec<_> = (0..READERS)
        .map(|n| tokio::spawn(read(store.clone(), progress.clone(), n)))
        .collect();
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| tokio::spawn(write(store.clone(), progress.clone(), n)))
        .collect();

    let began = Instant::now();
    let (mut taken, mut refused) = (0, 0);
    for writer in writers {
        let (t, r) = writer.await.unwrap();
        taken += t;
        refused += r;
    }
    progress.written.send_replace(true);
    for sequencer in sequencers {
        sequencer.await.unwrap();
    }
    let seconds = began.elapsed().as_secs_f64();
    let total = progress.told.load(Ordering::SeqCst);
    progress.head.send_modify(|head| head.end = Some(total));
    for reader in readers {
        reader.await.unwrap();
    }
    eprintln!(
        "hammer: {total} entries of {taken} commits in {seconds:.1} s, {refused} rolled back"
    );
    assert!(refused > 0, "no commit was rolled back");
    let in_time = progress.began.elapsed() <= load.at_most;
    assert!(total >= load.entries || !in_time, "writers stopped early");

    let statistics = store.statistics().await.unwrap();
    assert_eq!(statistics.feed, i64::try_from(total).unwrap());
    assert_eq!(statistics.ledger, taken);
    // Alerts are left out here; only numbers are at stake.
    let breaches = store.check().await.unwrap();
    let holes: Vec<_> = breaches.iter().filter(|b| b.contains("holes")).collect();
    assert!(holes.is_empty(), "{holes:?}");
}

/// The negative control: what the sequencer is for. A reader that follows the
/// ids of committed rows misses some under the same load.
#[tokio::test(flavor = "multi_thread")]
async fn following_ids_without_the_sequencer_misses_commits() {
    let Some(url) = pg::fresh_database().await else {
        return;
    };
    let load = Load {
        entries: 4_000,
        ..Load::of_this_run()
    };
    let store = store::open(&url, &[]).await.unwrap();
    let raw = PgPool::connect(&url).await.unwrap();
    stand_between(&raw, load.seed).await;

    let progress = Arc::new(Progress::new(load));
    let done = Arc::new(AtomicBool::new(false));
    let follower = {
        let (raw, done) = (raw.clone(), done.clone());
        tokio::spawn(async move {
            let (mut last, mut seen) = (0, 0);
            loop {
                let ended = done.load(Ordering::SeqCst);
                let ids: Vec<i64> = sqlx::query_scalar(
                    "select id from commits where id > $1 order by id limit 100",
                )
                .bind(last)
                .fetch_all(&raw)
                .await
                .unwrap();
                seen += ids.len();
                last = ids.last().copied().unwrap_or(last);
                if ids.is_empty() && ended {
                    return seen;
                }
            }
        })
    };
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| tokio::spawn(write(store.clone(), progress.clone(), n)))
        .collect();
    let mut taken = 0;
    for writer in writers {
        taken += writer.await.unwrap().0;
    }
    done.store(true, Ordering::SeqCst);
    let seen = i64::try_from(follower.await.unwrap()).unwrap();
    eprintln!(
        "hammer: by ids {} of {taken} commits were missed",
        taken - seen
    );
    assert!(seen < taken, "the load is too gentle to show anything");
}

/// What the tasks know of each other.
struct Progress {
    load: Load,
    began: Instant,
    /// Entries that writers have set out to write.
    begun: AtomicUsize,
    /// Entries acknowledged.
    told: AtomicUsize,
    head: watch::Sender<Head>,
    written: watch::Sender<bool>,
}

/// How far the feed has come, and where it ends once that is known.
#[derive(Clone, Copy, Default)]
struct Head {
    published: usize,
    end: Option<usize>,
}

impl Progress {
    fn new(load: Load) -> Progress {
        Progress {
            load,
            began: Instant::now(),
            begun: AtomicUsize::new(0),
            told: AtomicUsize::new(0),
            head: watch::channel(Head::default()).0,
            written: watch::channel(false).0,
        }
    }

    fn rng(&self, task: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.load.seed ^ (task << 32))
    }
}

/// Installs the trigger between the last write of a commit and its end.
async fn stand_between(raw: &PgPool, seed: u64) {
    let function = format!(
        "create function hammer() returns trigger language plpgsql as $$
        declare dice bigint := hashint8extended(new.id, {seed}) & 1048575;
        begin
            perform pg_sleep((dice % 8) / 1000.0);
            if dice % 20 = 7 then raise exception 'the hammer rolls this back'; end if;
            return null;
        end $$;
        create constraint trigger hammer after insert on commits
        deferrable initially deferred for each row execute function hammer()"
    );
    sqlx::raw_sql(AssertSqlSafe(function))
        .execute(raw)
        .await
        .unwrap();
}

fn place(code: &str) -> DivisionCode {
    DivisionCode::parse(code).unwrap()
}

fn grant(role: Role, region: &str) -> Grant {
    let officer = Officer {
        id: OfficerId::from_uuid(Uuid::nil()),
        name: "hammer".to_owned(),
        role,
        regions: vec![place(region)],
        sources: Vec::new(),
    };
    officer.authorize(Operation::ReadFeed, "test").unwrap()
}

/// An entry's alert says who wrote it, in which commit, at which place.
fn alert(writer: u64, commit: u64, place: usize) -> AlertId {
    let low = (commit << 8) | place as u64;
    AlertId::from_uuid(Uuid::from_u64_pair(writer, low))
}

/// Commits until enough entries are begun. Answers (taken, rolled back).
async fn write(store: Arc<dyn Store>, progress: Arc<Progress>, writer: u64) -> (i64, u64) {
    let mut rng = progress.rng(writer);
    let (mut taken, mut refused) = (0, 0);
    for commit in 0.. {
        let count = rng.random_range(1..=9_usize);
        let begun = progress.begun.fetch_add(count, Ordering::SeqCst);
        if begun >= progress.load.entries || progress.began.elapsed() > progress.load.at_most {
            progress.begun.fetch_sub(count, Ordering::SeqCst);
            break;
        }
        let news = (0..count).map(|at| FeedNews {
            confidential: domain::evaluation::Confidential::Ordinary,
            feed: place(TOWNSHIPS[rng.random_range(0..TOWNSHIPS.len())]),
            kind: FeedKind::Raised,
            alert: alert(writer, commit, at),
            policy: "hammer".to_owned(),
            level: AlertLevel::Orange,
            due_on: None,
        });
        let news = news.collect();
        let taking = Commit {
            kind: CommitKind::Evaluate,
            partition: Some(place(COUNTY)),
            at: domain::time::Instant::from_micros(0),
            actor: format!("writer {writer}"),
            lease: None,
            guards: Vec::new(),
            writes: vec![Write::Feed(news)],
            answer: None,
        };
        match store.commit(&taking).await {
            Ok(_) => {
                taken += 1;
                progress.told.fetch_add(count, Ordering::SeqCst);
            }
            Err(rolled_back) => {
                let source = std::error::Error::source(&rolled_back).unwrap().to_string();
                assert!(source.contains("the hammer"), "{source}");
                // Others write what this one could not.
                progress.begun.fetch_sub(count, Ordering::SeqCst);
                refused += 1;
            }
        }
        // A doorbell for the sequencers.
        progress.written.send_replace(false);
    }
    (taken, refused)
}

/// Publishes until the writers have ended and nothing is left.
async fn publish(store: Arc<dyn Store>, progress: Arc<Progress>) {
    let mut written = progress.written.subscribe();
    loop {
        let ended = *written.borrow_and_update();
        let published = store.publish(200).await.unwrap();
        if published.entries > 0 {
            let (_, position) = store.feed_position().await.unwrap();
            let position = usize::try_from(position).unwrap();
            progress
                .head
                .send_modify(|head| head.published = head.published.max(position));
        }
        if published.commits > 0 {
            continue;
        }
        if ended {
            let (_, position) = store.feed_position().await.unwrap();
            let told = progress.told.load(Ordering::SeqCst);
            if usize::try_from(position).unwrap() == told {
                return;
            }
            // The rival is at the rest.
            tokio::task::yield_now().await;
            continue;
        }
        written.changed().await.unwrap();
    }
}

/// Follows the feed by cursor to its end, proving each page.
async fn read(store: Arc<dyn Store>, progress: Arc<Progress>, reader: u64) {
    let mut rng = progress.rng(reader | 1 << 16);
    let everything = reader.is_multiple_of(2);
    let grant = if everything {
        grant(Role::CountyOfficer, COUNTY)
    } else {
        let township = TOWNSHIPS[usize::try_from(reader).unwrap() % TOWNSHIPS.len()];
        grant(Role::Caseworker, township)
    };
    let mut head = progress.head.subscribe();
    let mut proof = Proof::default();
    loop {
        let known = *head.borrow_and_update();
        let limit = rng.random_range(1..=400);
        let page = store.feed(&grant, proof.position, limit).await.unwrap();
        for entry in &page {
            proof.take(entry, everything);
        }
        if !page.is_empty() {
            continue;
        }
        if let Some(end) = known.end {
            if everything {
                assert_eq!(proof.taken, end, "reader {reader} has not got everything");
            }
            return;
        }
        head.changed().await.unwrap();
    }
}

/// What a reader has proved so far.
#[derive(Default)]
struct Proof {
    position: i64,
    taken: usize,
    numbers: BTreeMap<DivisionCode, i64>,
    /// The last entry seen of each writer: entries of one writer come in the
    /// order it wrote them.
    last: BTreeMap<u64, u64>,
}

impl Proof {
    fn take(&mut self, entry: &FeedEntry, everything: bool) {
        assert!(entry.position > self.position, "positions go back");
        if everything {
            assert_eq!(entry.position, self.position + 1, "a hole in positions");
        }
        self.position = entry.position;
        let number = self.numbers.entry(entry.feed).or_default();
        assert_eq!(entry.number, *number + 1, "a hole in feed {}", entry.feed);
        *number = entry.number;
        let (writer, place) = entry.alert.as_uuid().as_u64_pair();
        let before = self.last.insert(writer, place + 1).unwrap_or(0);
        assert!(
            place >= before,
            "writer {writer} is told twice or turned round"
        );
        self.taken += 1;
    }
}
