//! The state of an app as comparable text: what is known, what is concluded,
//! what is open, and that feeds are complete. Natural keys and derived ids
//! only; drawn ids and instants are left out, so two runs can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use domain::authority::Operation;
use domain::ids::Subject;
use pipeline::sealing::Keyring;
use serde_json::Value as Json;

use crate::app::TestApp;

/// A state to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// One line per subject: its fold without import ids.
    pub folds: String,
    /// One line per verdict.
    pub verdicts: String,
    /// One line per alert that is not over: subject, policy, fingerprint,
    /// condition.
    pub open: String,
    /// Breaches of store invariants and of feed contiguity.
    pub breaches: Vec<String>,
}

impl TestApp {
    /// The state at rest.
    pub async fn state(&self) -> State {
        let grant = self.grant("county", Operation::ReadPeople);
        let store = self.deps.store.as_ref();
        let today = crate::app::sample_day();
        let mut subjects: Vec<Subject> = Vec::new();
        for letter in ["h", "p"] {
            let mut after = None;
            loop {
                let page = store
                    .subjects(&grant, letter, today, after, 5_000)
                    .await
                    .expect("subjects");
                let Some(last) = page.last() else { break };
                after = Some(*last);
                subjects.extend(page);
            }
        }
        let set: BTreeSet<Subject> = subjects.iter().copied().collect();
        let keyring = Keyring::load(store, &self.deps.vault, &set, false)
            .await
            .expect("keys");
        let mut folds: BTreeMap<Subject, String> = BTreeMap::new();
        let mut verdicts = BTreeSet::new();
        let mut open = BTreeSet::new();
        for chunk in subjects.chunks(2_000) {
            for row in store.folds(chunk).await.expect("folds") {
                let fold = keyring.open_fold(&row).expect("an open fold");
                let json: Json = serde_json::from_str(&fold.to_json()).expect("JSON");
                folds.insert(row.subject, without_imports(json).to_string());
            }
            for v in store.verdicts(chunk).await.expect("verdicts") {
                verdicts.insert(format!(
                    "{} {} {} {:?} {} {:?} {:?}",
                    v.unit, v.subject, v.policy, v.verdict, v.signal, v.fingerprint, v.missing
                ));
            }
            for row in store
                .latest_alerts(chunk)
                .await
                .expect("alerts")
                .iter()
                .filter(|row| !row.over)
            {
                let alert = keyring.open_alert(row).expect("an open alert");
                open.insert(format!(
                    "{} {} {} {}",
                    row.subject, row.policy, alert.fingerprint, row.condition
                ));
            }
        }
        let mut text = String::new();
        for (subject, fold) in folds {
            let _ = writeln!(text, "{subject} {fold}");
        }
        let lines = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join("\n");
        State {
            folds: text,
            verdicts: lines(verdicts),
            open: lines(open),
            breaches: self.breaches().await,
        }
    }

    /// Breaches of store invariants and of feed contiguity.
    pub async fn breaches(&self) -> Vec<String> {
        let store = self.deps.store.as_ref();
        let mut breaches = store.check().await.expect("a check");
        let grant = self.grant("county", Operation::ReadFeed);
        let (mut position, mut numbers) = (0, BTreeMap::new());
        loop {
            let page = store.feed(&grant, position, 1_000).await.expect("a feed");
            if page.is_empty() {
                break;
            }
            for entry in page {
                let number = numbers.entry(entry.feed).or_insert(0);
                *number += 1;
                if entry.number != *number || entry.position <= position {
                    breaches.push(format!(
                        "feed {} has {} where {number} belongs",
                        entry.feed, entry.number
                    ));
                }
                position = entry.position;
            }
        }
        let (_, head) = store.feed_position().await.expect("a head");
        if head < position {
            breaches.push(format!("the feed's head {head} is behind its entries"));
        }
        breaches
    }
}

/// A stored fold without the ids of imports: rows keep date, sequence and line.
fn without_imports(mut json: Json) -> Json {
    fn rows(json: &mut Json) {
        match json {
            Json::Object(map) => {
                if let Some(Json::Array(at)) = map.get_mut("at") {
                    for row in at
                        .iter_mut()
                        .filter_map(Json::as_array_mut)
                        .filter(|row| row.len() == 4)
                    {
                        row.remove(2);
                    }
                }
                map.values_mut().for_each(rows);
            }
            Json::Array(list) => list.iter_mut().for_each(rows),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
    }
    if let Some(map) = json.as_object_mut() {
        map.remove("imports");
    }
    rows(&mut json);
    json
}
