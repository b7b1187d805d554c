//! Alerts, timelines and decisions as people see them.

use std::sync::Arc;

use domain::alert::Found;
use domain::authority::{Grant, Operation, Role};
use domain::evaluation::AlertLevel;
use domain::ids::{AlertId, OfficerId};
use domain::time::Period;
use store::commit::{AlertRow, CommitKind, DecisionRow, Write};
use store::rows::AlertFilter;
use store::{Store, StoreError};

use super::build::*;

pub async fn an_alert_reads_back_whole(store: Arc<dyn Store>) {
    let full = AlertRow {
        assist: Some(place(OTHER_TOWN)),
        snoozed_until: Some(day("2026-11-30")),
        assignee: Some(officer_id(4)),
        ..alert(1)
    };
    let bare = AlertRow {
        township: None,
        due_on: None,
        look_on: None,
        ..alert(2)
    };
    put(
        &store,
        CommitKind::Evaluate,
        opening(&[full.clone(), bare.clone()]),
    )
    .await;
    for expected in [full, bare] {
        let found = store.alert(&county_grant(), expected.id).await.unwrap();
        assert_eq!(found, Some(expected));
    }
}

pub async fn a_policy_has_one_open_episode_of_a_subject(store: Arc<dyn Store>) {
    put(&store, CommitKind::Evaluate, opening(&[alert(1)])).await;
    let second = AlertRow {
        subject: p(1),
        ..alert(2)
    };
    let twice = commit(CommitKind::Evaluate, opening(&[second]));
    let error = store.commit(&twice).await;
    assert!(matches!(error, Err(StoreError::Duplicate("alert"))));
    let found = store.alert(&county_grant(), alert_id(2)).await.unwrap();
    assert_eq!(found, None);
}

pub async fn an_episode_may_follow_another_in_one_commit(store: Arc<dyn Store>) {
    // The ending alert's id sorts after the beginning one's.
    put(&store, CommitKind::Evaluate, opening(&[alert(2)])).await;
    let next = AlertRow {
        subject: p(2),
        ..alert(1)
    };
    let mut writes = opening(std::slice::from_ref(&next));
    writes.push(Write::Alerts(vec![ended(&alert(2))]));
    put(&store, CommitKind::Evaluate, writes).await;
    assert_eq!(store.latest_alerts(&[p(2)]).await.unwrap(), [next]);
    assert_eq!(store.statistics().await.unwrap().alerts, 1);
}

pub async fn an_alert_never_goes_back_to_a_version(store: Arc<dyn Store>) {
    put(&store, CommitKind::Evaluate, opening(&[alert(1), alert(2)])).await;
    let mine = changed(&alert(1), |after| after.work = "acknowledged".into());
    let writes = vec![Write::Alerts(vec![mine.clone()])];
    put(&store, CommitKind::Action, writes).await;
    // The step computed its change from version 1 and did not guard it.
    let stale = changed(&alert(1), |after| after.level = AlertLevel::Red);
    let other = changed(&alert(2), |after| after.level = AlertLevel::Red);
    let writes = vec![Write::Alerts(vec![other, stale])];
    let error = store.commit(&commit(CommitKind::Evaluate, writes)).await;
    assert!(matches!(error, Err(StoreError::Conflict)));
    let county = county_grant();
    assert_eq!(store.alert(&county, alert_id(1)).await.unwrap(), Some(mine));
    let untouched = store.alert(&county, alert_id(2)).await.unwrap();
    assert_eq!(untouched, Some(alert(2)));
}

/// An alert on a desk, one on the unplaced desk, one of another bureau that a
/// township assists with.
fn desks() -> [AlertRow; 3] {
    let unplaced = AlertRow {
        township: None,
        ..alert(2)
    };
    let assisted = AlertRow {
        county: place(OTHER_COUNTY),
        township: Some(place("320404100")),
        assist: Some(place(TOWN)),
        ..alert(3)
    };
    [alert(1), unplaced, assisted]
}

/// Which of the three a region sees.
const SEEN: [(&str, &[u32]); 9] = [
    ("32", &[1, 2, 3]),
    ("3204", &[1, 2, 3]),
    ("33", &[]),
    (COUNTY, &[1, 2]),
    (OTHER_COUNTY, &[3]),
    (TOWN, &[1, 3]),
    (OTHER_TOWN, &[]),
    ("320404100", &[3]),
    ("320412100201", &[]),
];

fn ids(numbers: &[u32]) -> Vec<AlertId> {
    numbers.iter().map(|number| alert_id(*number)).collect()
}

/// A grant over one region in the role that goes with it.
fn over(region: &str) -> Grant {
    let role = if region.len() > 6 {
        Role::Caseworker
    } else {
        Role::CountyOfficer
    };
    grant(role, Operation::ReadAlerts, &[region])
}

pub async fn alerts_of_other_desks_do_not_exist(store: Arc<dyn Store>) {
    put(&store, CommitKind::Evaluate, opening(&desks())).await;
    for (region, seen) in SEEN {
        let grant = over(region);
        let mut list = listed(&store, &grant, &AlertFilter::default()).await;
        list.sort();
        assert_eq!(list, ids(seen), "{region}");
        for number in [1, 2, 3, 4] {
            let one = store.alert(&grant, alert_id(number)).await.unwrap();
            assert_eq!(one.is_some(), seen.contains(&number), "{region} {number}");
        }
    }
    let both = grant(
        Role::CountyOfficer,
        Operation::ReadAlerts,
        &[OTHER_TOWN, OTHER_COUNTY],
    );
    let list = listed(&store, &both, &AlertFilter::default()).await;
    assert_eq!(list, ids(&[3]));
    let nowhere = grant(Role::Caseworker, Operation::ReadAlerts, &[]);
    assert!(
        listed(&store, &nowhere, &AlertFilter::default())
            .await
            .is_empty()
    );
}

pub async fn lists_begin_with_the_most_pressing(store: Arc<dyn Store>) {
    let ranked = |number, level, due_on: Option<&str>| AlertRow {
        level,
        due_on: due_on.map(day),
        ..alert(number)
    };
    let expected = [
        ranked(9, AlertLevel::Red, Some("2026-12-01")),
        ranked(2, AlertLevel::Red, None),
        ranked(7, AlertLevel::Orange, Some("2026-11-21")),
        ranked(3, AlertLevel::Orange, Some("2026-11-22")),
        ranked(4, AlertLevel::Orange, Some("2026-11-22")),
        ranked(1, AlertLevel::Orange, None),
        ranked(5, AlertLevel::Orange, None),
        ranked(6, AlertLevel::Blue, Some("2026-11-20")),
    ];
    let mut rows = expected.to_vec();
    rows.sort_by_key(|row| row.id);
    put(&store, CommitKind::Evaluate, opening(&rows)).await;
    let foreign = AlertRow {
        county: place(OTHER_COUNTY),
        township: None,
        ..alert(50)
    };
    put(&store, CommitKind::Evaluate, opening(&[foreign])).await;
    let county = county_grant();
    let filter = AlertFilter::default();
    for size in [1, 3, 8, 100] {
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = store.alerts(&county, &filter, after, size).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            paged.extend(page);
        }
        assert_eq!(paged, expected, "{size}");
    }
    // A foreign and an unknown cursor answer alike.
    for cursor in [50, 51] {
        let page = store.alerts(&county, &filter, Some(alert_id(cursor)), 3);
        assert!(matches!(page.await, Err(StoreError::Conflict)), "{cursor}");
    }
}

/// Filters, and the alerts of [`lists_are_filtered`] they leave.
fn filters() -> Vec<(AlertFilter, Vec<u32>)> {
    let with = |wish: &dyn Fn(&mut AlertFilter)| {
        let mut filter = AlertFilter::default();
        wish(&mut filter);
        filter
    };
    vec![
        (with(&|_| {}), vec![1, 2, 3, 6, 7, 8, 9, 10]),
        (
            with(&|f| f.policies = vec!["nursing_subsidy".to_owned(), "none".to_owned()]),
            vec![2],
        ),
        (
            with(&|f| f.levels = vec![AlertLevel::Red, AlertLevel::Blue]),
            vec![3],
        ),
        (
            with(&|f| f.work = vec!["held".to_owned(), "closed".to_owned()]),
            vec![4, 5],
        ),
        (with(&|f| f.township = Some(place(OTHER_TOWN))), vec![6]),
        (with(&|f| f.unplaced = true), vec![7]),
        (with(&|f| f.unit = Some(h(8))), vec![8]),
        (with(&|f| f.unit = Some(p(8))), vec![]),
        (with(&|f| f.due_by = Some(day("2026-11-21"))), vec![8]),
        (
            with(&|f| f.awake_on = Some(day("2026-11-29"))),
            vec![1, 2, 3, 6, 7, 8, 10],
        ),
        (
            with(&|f| f.awake_on = Some(day("2026-11-30"))),
            vec![1, 2, 3, 6, 7, 8, 9, 10],
        ),
        (with(&|f| f.assignee = Some(officer_id(4))), vec![10]),
        (with(&|f| f.assignee = Some(officer_id(5))), vec![]),
        (with(&|f| f.unassigned = true), vec![1, 2, 3, 6, 7, 8, 9]),
    ]
}

pub async fn lists_are_filtered(store: Arc<dyn Store>) {
    let with = |number, change: &dyn Fn(&mut AlertRow)| {
        let mut row = alert(number);
        change(&mut row);
        row
    };
    let rows = [
        with(1, &|_| {}),
        with(2, &|row| row.policy = "nursing_subsidy".into()),
        with(3, &|row| row.level = AlertLevel::Red),
        with(4, &|row| row.work = "held".into()),
        with(5, &|row| row.work = "closed".into()),
        with(6, &|row| row.township = Some(place(OTHER_TOWN))),
        with(7, &|row| row.township = None),
        with(8, &|row| row.due_on = Some(day("2026-11-21"))),
        with(9, &|row| row.snoozed_until = Some(day("2026-11-30"))),
        with(10, &|row| row.assignee = Some(officer_id(4))),
    ];
    put(&store, CommitKind::Evaluate, opening(&rows)).await;
    for (filter, expected) in filters() {
        let mut found = listed(&store, &county_grant(), &filter).await;
        found.sort();
        assert_eq!(found, ids(&expected), "{filter:?}");
    }
}

pub async fn counts_are_of_the_grants_desks(store: Arc<dyn Store>) {
    let held = AlertRow {
        work: "held".to_owned(),
        ..alert(4)
    };
    let [on_desk, unplaced, assisted] = desks();
    let alerts = [on_desk, unplaced, assisted, held, alert(5)];
    put(&store, CommitKind::Evaluate, opening(&alerts)).await;
    let counts = store.alert_counts(&county_grant()).await.unwrap();
    let shape: Vec<_> = counts
        .iter()
        .map(|c| (c.township, c.level.as_str(), c.work.as_str(), c.count))
        .collect();
    let town = Some(place(TOWN));
    let expected = [
        (None, "orange", "raised", 1),
        (town, "orange", "held", 1),
        (town, "orange", "raised", 2),
    ];
    assert_eq!(shape, expected);
    for (region, total) in [(TOWN, 4), (OTHER_TOWN, 0), (OTHER_COUNTY, 1), ("3204", 5)] {
        let counts = store.alert_counts(&over(region)).await.unwrap();
        let sum: i64 = counts.iter().map(|count| count.count).sum();
        assert_eq!(sum, total, "{region}");
    }
}

pub async fn desks_stand_as_counted(store: Arc<dyn Store>) {
    let with = |number, change: &dyn Fn(&mut AlertRow)| {
        let mut row = alert(number);
        change(&mut row);
        row
    };
    let rows = [
        with(1, &|row| row.due_on = Some(day("2026-11-19"))),
        with(2, &|row| row.due_on = Some(day("2026-11-20"))),
        with(3, &|row| {
            row.work = "held".to_owned();
            row.due_on = Some(day("2026-11-01"));
        }),
        with(4, &|row| {
            row.work = "closed".to_owned();
            row.found = Some(Found::True);
            row.due_on = Some(day("2026-11-01"));
        }),
        with(5, &|row| row.work = "closed".to_owned()),
        with(6, &|row| {
            row.work = "verified".to_owned();
            row.found = Some(Found::Unverifiable);
            row.due_on = None;
        }),
    ];
    put(&store, CommitKind::Evaluate, opening(&rows)).await;
    let on = day("2026-11-20");
    let counts = store.standing(&county_grant(), on).await.unwrap();
    let shape: Vec<_> = counts
        .iter()
        .map(|c| (c.work.as_str(), c.overdue, c.found, c.count))
        .collect();
    let expected = [
        ("closed", false, Some(Found::True), 1),
        ("held", false, None, 1),
        ("raised", false, None, 1),
        ("raised", true, None, 1),
        ("verified", false, Some(Found::Unverifiable), 1),
    ];
    assert_eq!(shape, expected);
    for (region, total) in [(TOWN, 5), (OTHER_TOWN, 0), ("3204", 5)] {
        let counts = store.standing(&over(region), on).await.unwrap();
        let sum: i64 = counts.iter().map(|count| count.count).sum();
        assert_eq!(sum, total, "{region}");
    }
}

pub async fn timelines_are_of_the_grants_desks(store: Arc<dyn Store>) {
    put(&store, CommitKind::Evaluate, opening(&[alert(1)])).await;
    let mut after = alert(1);
    let mut expected = Vec::new();
    // Action ids run against time.
    for (number, name) in [(9, "acknowledge"), (8, "verify"), (7, "handle")] {
        let step = action(number, &after, name);
        after = changed(&after, |row| row.changed_at = at(i64::from(number)));
        let writes = vec![
            Write::Action(step.clone()),
            Write::Alerts(vec![after.clone()]),
        ];
        put(&store, CommitKind::Action, writes).await;
        expected.push(step);
    }
    let seen = store.actions(&over(TOWN), alert_id(1)).await.unwrap();
    assert_eq!(seen, expected);
    let foreign = store.actions(&over(OTHER_TOWN), alert_id(1)).await;
    assert!(foreign.unwrap().is_empty());
    let unknown = store.actions(&over(TOWN), alert_id(2)).await.unwrap();
    assert!(unknown.is_empty());
}

pub async fn decisions_are_of_the_grants_desks(store: Arc<dyn Store>) {
    put(
        &store,
        CommitKind::Evaluate,
        vec![Write::Alerts(vec![alert(1)])],
    )
    .await;
    let rows: Vec<DecisionRow> = [3, 1, 2].map(|n| decision(n, &alert(1))).to_vec();
    for row in &rows {
        let writes = vec![Write::Decisions(vec![row.clone()])];
        put(&store, CommitKind::Evaluate, writes).await;
    }
    let town = over(TOWN);
    let found = store.decisions(&town, alert_id(1)).await.unwrap();
    assert_eq!(found, rows);
    let one = store.decision(&town, decision_id(1)).await.unwrap();
    assert_eq!(one, Some(rows[1].clone()));
    let wanted = [decision_id(1), decision_id(3), decision_id(44)];
    let mut some = store.decisions_by_id(&town, &wanted).await.unwrap();
    some.sort_by_key(|row| row.id);
    assert_eq!(some, [rows[1].clone(), rows[0].clone()]);
    let foreign = over(OTHER_TOWN);
    assert!(
        store
            .decisions(&foreign, alert_id(1))
            .await
            .unwrap()
            .is_empty()
    );
    let one = store.decision(&foreign, decision_id(1)).await.unwrap();
    assert_eq!(one, None);
    let some = store.decisions_by_id(&foreign, &wanted).await.unwrap();
    assert!(some.is_empty());
}

pub async fn decisions_are_read_where_the_subject_was(store: Arc<dyn Store>) {
    // Decided for 20 November; the subject lived in three places.
    let mut writes = opening(&[alert(1)]);
    writes.push(Write::Decisions(vec![decision(1, &alert(1))]));
    put(&store, CommitKind::Evaluate, writes).await;
    let until = |day_text: &str| Period {
        from: None,
        to: Some(day(day_text)),
    };
    let rows = vec![
        access(p(1), "320404101", until("2026-11-01")),
        access(
            p(1),
            "320404102",
            Period::between(day("2026-11-01"), day("2026-12-01")),
        ),
        access(p(1), "320404103", Period::since(day("2026-12-01"))),
    ];
    put(&store, CommitKind::Apply, vec![Write::Access(rows)]).await;
    let seen = [
        ("320404101", false),
        ("320404102", true),
        ("320404103", true),
    ];
    for (region, may) in seen {
        let found = store.decision(&over(region), decision_id(1)).await.unwrap();
        assert_eq!(found.is_some(), may, "{region}");
    }
    let nobody = OfficerId::from_uuid(uuid::Uuid::nil());
    assert_ne!(over(TOWN).officer(), nobody);
}
