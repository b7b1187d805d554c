//! The auditor's pages: from a person to the lines of files, who looked, the log
//! taken to another computer, months that never came, runs counted, and what was
//! dismissed with a sample to visit again.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use domain::authority::Operation;
use domain::ids::Subject;
use ledger::{Checkpoint, Frontier, Hash, Verifier};
use pipeline::{audit, people};
use serde_json::{Value as Json, json};
use testkit::app::{TestApp, sample_day};
use testkit::call::Answer;

use super::browser::text;
use super::{county, first, samples};

async fn page(app: &TestApp, path: &str) -> String {
    let answer = app.get("auditor", path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.text()
}

async fn ask(app: &TestApp, about: &str) -> Answer {
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("about={}", about.replace(':', "%3A"));
    app.call("auditor", Method::POST, "/audit", &kind, body.into_bytes())
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_traced_to_lines_of_files_and_who_looked_is_told() {
    let app = samples().await;
    let grant = app.grant("county", Operation::ReadPeople);
    let store = &app.deps.store;
    let everyone = store
        .subjects(&grant, "p", sample_day(), None, 5)
        .await
        .unwrap();
    let subject = everyone[0];
    let Subject::Person(id) = subject else {
        panic!("not a person")
    };
    app.get("county", &format!("/persons/{id}")).await;
    let told = text(&ask(&app, &subject.to_string()).await.text());
    let view = people::view(&app.deps, &grant, subject, sample_day(), None)
        .await
        .unwrap()
        .unwrap();
    let rows = audit::rows_of(&view.household, subject);
    assert!(!rows.is_empty());
    let imports = app.grant("auditor", Operation::ReadImports);
    let mut named = 0;
    for row in &rows {
        if let Some(import) = store.import(&imports, row.import).await.unwrap() {
            assert!(told.contains(&import.header.digest), "{}", import.file_name);
            assert!(told.contains(&import.file_name), "{}", import.file_name);
            named += 1;
        }
    }
    assert!(named > 0 && told.contains("importer"), "{told}");
    assert!(told.contains("谁看过") && told.contains("county"), "{told}");
    // Masked, and the auditor's own look is in the ledger.
    let name = view.identities[&id].text("name").unwrap();
    assert!(!told.contains(name), "{name} is shown whole");
    assert!(told.contains(&vault::mask::name(name)), "{told}");
    let pseudonym = app.deps.vault.audit_pseudonym(subject);
    let ledger = app.grant("auditor", Operation::ReadLedger);
    let looked = store.disclosures(&ledger, &pseudonym, 10).await.unwrap();
    let (auditor, _) = &app.officers["auditor"];
    assert!(
        looked.iter().any(|shown| shown.officer == auditor.id),
        "{looked:?}"
    );
    let unknown = ask(&app, "p:00000000-0000-4000-8000-000000000000").await;
    assert!(!unknown.text().contains("SHA-256"));
}

/// A log file's entries with the frontier it begins at.
fn parsed(file: &str) -> (Frontier, Vec<Vec<u8>>, Vec<Json>) {
    let lines: Vec<Json> = file
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let head = &lines[0];
    let frontier = hex::decode(head["frontier"].as_str().unwrap()).unwrap();
    let entries = lines[1..lines.len() - 1]
        .iter()
        .map(|line| hex::decode(line["bytes"].as_str().unwrap()).unwrap())
        .collect();
    let roots = lines.last().unwrap()["roots"].as_array().unwrap().clone();
    (Frontier::from_bytes(&frontier).unwrap(), entries, roots)
}

fn verified(file: &str, size: u64, root: [u8; 32]) -> bool {
    let (frontier, entries, _) = parsed(file);
    let origin = "hearth".to_owned();
    let checkpoints = [Checkpoint {
        origin,
        size,
        root: Hash(root),
    }];
    let Ok(mut verifier) = Verifier::after(frontier, &checkpoints) else {
        return false;
    };
    entries.iter().all(|entry| verifier.entry(entry).is_ok()) && verifier.finish().is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_verified_on_another_computer() {
    let app = county().await;
    let root = app.deps.store.ledger_roots().await.unwrap().pop().unwrap();
    let size = u64::try_from(root.size).unwrap();
    let whole = page(&app, "/audit/ledger").await;
    assert_eq!(parsed(&whole).1.len(), usize::try_from(size).unwrap());
    assert!(verified(&whole, size, root.root));
    let end = page(&app, &format!("/audit/ledger?from={}", size - 3)).await;
    assert_eq!(parsed(&end).1.len(), 3);
    assert!(verified(&end, size, root.root));
    // One changed digit of an entry, or another root, is found.
    let entry = whole.find("\"bytes\":\"").unwrap() + 40;
    let digit = if &whole[entry..=entry] == "0" {
        "1"
    } else {
        "0"
    };
    let changed = format!("{}{digit}{}", &whole[..entry], &whole[entry + 1..]);
    assert!(!verified(&changed, size, root.root));
    assert!(!verified(&whole, size, [7; 32]));
    assert!(!verified(&end, size, [7; 32]));
    let beyond = app
        .get("auditor", &format!("/audit/ledger?from={}", size + 100))
        .await;
    assert_eq!(beyond.status, StatusCode::BAD_REQUEST);
    for officer in ["hutang", "county", "policy", "system"] {
        let refused = app.get(officer, "/audit/ledger").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{officer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn months_that_never_came_and_what_runs_counted_are_told() {
    let app = samples().await;
    let grant = app.grant("auditor", Operation::ReadLedger);
    let before = audit::list_months(&app.deps, &grant).await.unwrap();
    assert!(before.iter().all(|list| list.came > 0));
    // Three months on, nothing more came.
    app.clock.set("2027-02-20".parse().unwrap());
    let lists = audit::list_months(&app.deps, &grant).await.unwrap();
    let payments = lists
        .iter()
        .find(|list| list.dataset == "payments")
        .unwrap();
    let missing: Vec<String> = payments.missing.iter().map(ToString::to_string).collect();
    assert!(
        missing.ends_with(&["2026-12", "2027-01", "2027-02"].map(str::to_owned)),
        "{missing:?}"
    );
    let shown = text(&page(&app, "/audit/records").await);
    assert!(shown.contains("2027-01"), "{shown}");

    // Counts of runs agree with the verdicts there are: the samples were all
    // looked at, and everyone not told about is counted.
    let runs = audit::runs(&app.deps, &grant).await.unwrap();
    assert!(!runs.is_empty());
    let mut totals: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for run in &runs {
        assert!(run.units > 0);
        for (policy, counts) in &run.policies {
            let total = totals.entry(policy).or_default();
            total.0 += counts.evaluated;
            total.1 += counts.flagged;
            total.2 += counts.missing.values().sum::<u64>();
            assert_eq!(counts.verdicts.values().sum::<u64>(), counts.evaluated);
        }
    }
    let nursing = totals["nursing_subsidy"];
    assert!(nursing.0 > nursing.1 && nursing.1 > 0, "{nursing:?}");
    assert!(
        totals.values().any(|total| total.2 > 0),
        "no fact was missing"
    );
    assert!(shown.contains("未提示") && shown.contains("缺什么"));
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn a_sample_of_what_was_dismissed_is_drawn_by_its_seed_and_disclosed() {
    let app = county().await;
    for (n, outcome) in ["untrue", "unverifiable", "untrue"].into_iter().enumerate() {
        let (alert, version) = first(&app, "hutang", "work=raised").await;
        let key = format!("a{n}");
        let done = app
            .act(
                "hutang",
                &alert,
                "acknowledgement",
                version,
                &key,
                &json!({}),
            )
            .await;
        let version = done.json()["version"].as_i64().unwrap();
        let body = json!({ "outcome": outcome });
        let done = app
            .act("hutang", &alert, "verification", version, &key, &body)
            .await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    }
    let shown = text(&page(&app, "/audit/dismissed?seed=2026&size=2").await);
    assert!(
        shown.contains("3 条") && shown.contains("不属实") && shown.contains("2026"),
        "{shown}"
    );
    let ids = |page: &str| -> Vec<String> {
        let links = page.split("href=\"/alerts/").skip(1);
        links
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect()
    };
    let sample = ids(&shown);
    assert_eq!(sample.len(), 2);
    assert_eq!(
        ids(&page(&app, "/audit/dismissed?seed=2026&size=2").await),
        sample
    );
    let all = ids(&page(&app, "/audit/dismissed?seed=2026").await);
    assert_eq!(all[..2], sample[..]);
    let seeds = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut orders = Vec::new();
    for seed in seeds {
        orders.push(ids(
            &page(&app, &format!("/audit/dismissed?seed={seed}")).await
        ));
    }
    assert!(
        orders.iter().any(|order| *order != all),
        "the seed draws nothing"
    );
    // Who is in the sample is in the ledger; the officer who acted is not named.
    assert!(!shown.contains("hutang"), "an officer is named");
    let ledger = app.grant("auditor", Operation::ReadLedger);
    let alert = app
        .get("county", &format!("/api/v1/alerts/{}", sample[0]))
        .await
        .json();
    let subject: Subject = alert["alert"]["subject"].as_str().unwrap().parse().unwrap();
    let pseudonym = app.deps.vault.audit_pseudonym(subject);
    let looked = app
        .deps
        .store
        .disclosures(&ledger, &pseudonym, 50)
        .await
        .unwrap();
    let (auditor, _) = &app.officers["auditor"];
    assert!(looked.iter().any(|shown| shown.officer == auditor.id));
    for path in ["/audit/dismissed", "/audit/records"] {
        for officer in ["hutang", "county", "policy", "village"] {
            let refused = app.get(officer, path).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{officer} {path}");
        }
    }
}
