//! Feeds without holes, for those they are for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::alert::FeedKind;
use domain::ids::AlertId;
use store::Store;
use store::commit::{CommitKind, Write};
use store::rows::FeedEntry;
use uuid::Uuid;

use super::build::*;

fn raised(feeds: &[&str], first: u32) -> Vec<Write> {
    let entries = (first..).zip(feeds);
    let entries = entries.map(|(n, feed)| news(feed, FeedKind::Raised, alert_id(n)));
    vec![Write::Feed(entries.collect())]
}

pub async fn numbers_have_no_hole(store: Arc<dyn Store>) {
    let mut first = commit(CommitKind::Evaluate, raised(&[TOWN, COUNTY, TOWN], 1));
    first.at = at(5);
    write(&store, &first).await;
    put(&store, CommitKind::Administration, vec![]).await;
    put(&store, CommitKind::Evaluate, raised(&[OTHER_TOWN, TOWN], 4)).await;
    let entries = store.feed(&county_grant(), 0, 100).await.unwrap();
    let shape: Vec<_> = entries
        .iter()
        .map(|e| (e.position, e.feed.to_string(), e.number, e.alert))
        .collect();
    let entry =
        |position, feed: &str, number, alert| (position, feed.to_owned(), number, alert_id(alert));
    let expected = [
        entry(1, TOWN, 1, 1),
        entry(2, COUNTY, 1, 2),
        entry(3, TOWN, 2, 3),
        entry(4, OTHER_TOWN, 1, 4),
        entry(5, TOWN, 3, 5),
    ];
    assert_eq!(shape, expected);
    assert_eq!((entries[0].at, entries[4].at), (at(5), at(0)));
    let told = news(TOWN, FeedKind::Raised, alert_id(1));
    assert_eq!(entries[0].kind, told.kind);
    assert_eq!(entries[0].policy, told.policy);
    assert_eq!(entries[0].level, told.level);
    assert_eq!(entries[0].due_on, told.due_on);
    let heads = store.feed_heads(&county_grant()).await.unwrap();
    let heads: Vec<_> = heads
        .iter()
        .map(|head| (head.feed.to_string(), head.number, head.position))
        .collect();
    let head = |feed: &str, number, position| (feed.to_owned(), number, position);
    assert_eq!(
        heads,
        [head(COUNTY, 1, 2), head(TOWN, 3, 5), head(OTHER_TOWN, 1, 4)]
    );
    let position = store.feed_position().await.unwrap();
    assert_eq!(position, ("e1".to_owned(), 5));
}

pub async fn feeds_of_other_places_do_not_exist(store: Arc<dyn Store>) {
    let feeds = [TOWN, OTHER_TOWN, COUNTY, OTHER_COUNTY, "320404100"];
    put(&store, CommitKind::Evaluate, raised(&feeds, 1)).await;
    let seen: [(&str, &[i64]); 7] = [
        ("32", &[1, 2, 3, 4, 5]),
        (COUNTY, &[1, 2, 3]),
        (OTHER_COUNTY, &[4, 5]),
        // The county's unplaced feed is not a township's.
        (TOWN, &[1]),
        (OTHER_TOWN, &[2]),
        ("320412100201", &[]),
        ("33", &[]),
    ];
    for (region, expected) in seen {
        let grant = alerts_of(region);
        let entries = store.feed(&grant, 0, 100).await.unwrap();
        let positions: Vec<i64> = entries.iter().map(|e| e.position).collect();
        assert_eq!(positions, expected, "{region}");
        let mut heads = store.feed_heads(&grant).await.unwrap();
        heads.sort_by_key(|head| head.position);
        let heads: Vec<i64> = heads.iter().map(|head| head.position).collect();
        assert_eq!(heads, expected, "{region}");
    }
}

pub async fn a_page_is_the_next_entries_of_all_feeds(store: Arc<dyn Store>) {
    let feeds = [TOWN, TOWN, OTHER_TOWN, TOWN, COUNTY, OTHER_TOWN];
    put(&store, CommitKind::Evaluate, raised(&feeds, 1)).await;
    let page = async |after, limit| -> Vec<i64> {
        let entries = store.feed(&county_grant(), after, limit).await.unwrap();
        entries.iter().map(|entry| entry.position).collect()
    };
    assert_eq!(page(0, 2).await, [1, 2]);
    assert_eq!(page(2, 3).await, [3, 4, 5]);
    assert_eq!(page(5, 9).await, [6]);
    assert!(page(6, 9).await.is_empty());
    let town = store.feed(&alerts_of(OTHER_TOWN), 3, 9).await.unwrap();
    assert_eq!(town.len(), 1);
}

const WRITERS: u32 = 8;
const READERS: usize = 4;
const COMMITS: u32 = 25;
const PER_COMMIT: u32 = 5;

/// Writes entries of two feeds; each entry's alert names writer and turn.
async fn write_entries(store: Arc<dyn Store>, writer: u32) {
    for turn in 0..COMMITS {
        let entries = (0..PER_COMMIT).map(|entry| {
            let number = turn * PER_COMMIT + entry;
            let id = u128::from(writer) << 96 | u128::from(number);
            let feed = if number.is_multiple_of(3) {
                OTHER_TOWN
            } else {
                TOWN
            };
            news(
                feed,
                FeedKind::Raised,
                AlertId::from_uuid(Uuid::from_u128(id)),
            )
        });
        let writes = vec![Write::Feed(entries.collect())];
        // People and steps write side by side.
        let kind = if writer.is_multiple_of(2) {
            CommitKind::Action
        } else {
            CommitKind::Evaluate
        };
        store.commit(&commit(kind, writes)).await.unwrap();
    }
}

/// Follows the county's feeds until all writers are done and nothing is left,
/// proving at every step that nothing is missing.
async fn follow(store: Arc<dyn Store>, limit: u32, done: Arc<AtomicBool>) -> Vec<FeedEntry> {
    let grant = county_grant();
    let mut entries: Vec<FeedEntry> = Vec::new();
    loop {
        let over = done.load(Ordering::SeqCst);
        let after = entries.last().map_or(0, |entry| entry.position);
        let page = store.feed(&grant, after, limit).await.unwrap();
        for (entry, expected) in page.iter().zip(after + 1..) {
            assert_eq!(entry.position, expected, "a hole in the page");
        }
        if over && page.is_empty() {
            return entries;
        }
        entries.extend(page);
        tokio::task::yield_now().await;
    }
}

pub async fn every_entry_is_followed_once_while_writers_write(store: Arc<dyn Store>) {
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..READERS)
        .map(|reader| {
            let limit = [1, 7, 64, 500][reader % 4];
            tokio::spawn(follow(Arc::clone(&store), limit, Arc::clone(&done)))
        })
        .collect();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write_entries(Arc::clone(&store), writer)))
        .collect();
    let finished = Arc::clone(&done);
    let sequencer = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            while !finished.load(Ordering::SeqCst) {
                store.publish(20).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    });
    for writer in writers {
        writer.await.unwrap();
    }
    publish(&store).await;
    done.store(true, Ordering::SeqCst);
    sequencer.await.unwrap();
    let total = WRITERS * COMMITS * PER_COMMIT;
    for reader in readers {
        let entries = reader.await.unwrap();
        assert_eq!(entries.len(), total as usize);
        let mut numbers: BTreeMap<&str, i64> = BTreeMap::new();
        let mut turns: BTreeMap<u128, u128> = BTreeMap::new();
        for entry in &entries {
            let number = numbers.entry(entry.feed.as_str()).or_default();
            *number += 1;
            assert_eq!(entry.number, *number, "a hole in feed {}", entry.feed);
            let alert = entry.alert.as_uuid().as_u128();
            let (writer, turn) = (alert >> 96, alert & 0xffff_ffff);
            let next = turns.entry(writer).or_default();
            assert_eq!(turn, *next, "writer {writer} out of its own order");
            *next += 1;
        }
        assert!(
            turns
                .values()
                .all(|turn| *turn == u128::from(COMMITS * PER_COMMIT))
        );
    }
    let breaches = store.check().await.unwrap();
    let holes: Vec<_> = breaches.iter().filter(|b| b.contains("holes")).collect();
    assert!(holes.is_empty(), "{holes:?}");
}
