//! What is kept from part of its desk, and exports that a second person decides.

use std::sync::Arc;

use domain::alert::{FeedKind, FeedNews};
use domain::authority::{Grant, Officer, Operation, Role};
use domain::evaluation::Confidential;
use domain::ids::{DecisionId, ExportId};
use domain::time::Period;
use store::commit::{AccessRow, AlertRow, CommitKind, Write};
use store::exports::{ExportEvent, ExportEventRow, ExportRow};
use store::rows::AlertFilter;
use store::{Store, StoreError};
use uuid::Uuid;

use super::build::*;

fn kept(number: u32) -> AlertRow {
    AlertRow {
        confidential: Confidential::Children,
        ..alert(number)
    }
}

/// The decision that [`opening`] gives an alert at a place of its list.
fn decided(number: u32, place: u128) -> DecisionId {
    DecisionId::from_uuid(Uuid::from_u128(id(number).as_u128() + 5_000 + place))
}

/// Everyone who might look, over the county and over the township.
const READERS: [Role; 4] = [
    Role::Caseworker,
    Role::CountyOfficer,
    Role::ChildrenOfficer,
    Role::Auditor,
];

/// Which of an ordinary alert (1) and one about a child (2) a role is shown.
fn shown(role: Role) -> &'static [u32] {
    match role {
        Role::ChildrenOfficer => &[2],
        Role::Auditor => &[1, 2],
        _ => &[1],
    }
}

pub async fn an_alert_kept_for_some_does_not_exist_for_others(store: Arc<dyn Store>) {
    let mut writes = opening(&[alert(1), kept(2)]);
    let children = [alert(1), kept(2)].map(|row| AccessRow {
        subject: row.subject,
        region: place(TOWN),
        valid: Period::ALWAYS,
    });
    writes.push(Write::Access(children.to_vec()));
    writes.push(Write::Action(action(7, &kept(2), "acknowledge")));
    put(&store, CommitKind::Evaluate, writes).await;
    for role in READERS {
        for region in [TOWN, COUNTY] {
            let seen = shown(role);
            let grant = grant(role, Operation::ReadAlerts, &[region]);
            let mut list = listed(&store, &grant, &AlertFilter::default()).await;
            list.sort();
            let ids: Vec<_> = seen.iter().map(|number| alert_id(*number)).collect();
            assert_eq!(list, ids, "{role:?} {region}");
            let counted: i64 = store
                .alert_counts(&grant)
                .await
                .unwrap()
                .iter()
                .map(|count| count.count)
                .sum();
            assert_eq!(counted, i64::try_from(seen.len()).unwrap(), "{role:?}");
            for number in [1, 2] {
                let is_seen = seen.contains(&number);
                let one = store.alert(&grant, alert_id(number)).await.unwrap();
                assert_eq!(one.is_some(), is_seen, "{role:?} {number}");
                let given = store.decisions(&grant, alert_id(number)).await.unwrap();
                assert_eq!(!given.is_empty(), is_seen, "{role:?} {number}");
                let decision = decided(number, u128::from(number) - 1);
                let one = store.decision(&grant, decision).await.unwrap();
                assert_eq!(one.is_some(), is_seen, "{role:?} decision {number}");
                let by_id = store.decisions_by_id(&grant, &[decision]).await.unwrap();
                assert_eq!(by_id.len(), usize::from(is_seen), "{role:?} {number}");
            }
            let actions = store.actions(&grant, alert_id(2)).await.unwrap();
            assert_eq!(actions.len(), usize::from(seen.contains(&2)), "{role:?}");
            // A cursor to what is kept tells no more than one to nothing.
            if !seen.contains(&2) {
                let filter = AlertFilter::default();
                let refused = store.alerts(&grant, &filter, Some(alert_id(2)), 9).await;
                assert!(matches!(refused, Err(StoreError::Conflict)), "{role:?}");
            }
        }
    }
    // Elsewhere nobody sees either.
    let elsewhere = grant(Role::ChildrenOfficer, Operation::ReadAlerts, &[OTHER_TOWN]);
    assert!(
        listed(&store, &elsewhere, &AlertFilter::default())
            .await
            .is_empty()
    );
}

pub async fn what_becomes_kept_takes_its_decisions_with_it(store: Arc<dyn Store>) {
    let mut writes = opening(&[alert(1)]);
    writes.push(Write::Access(vec![AccessRow {
        subject: alert(1).subject,
        region: place(TOWN),
        valid: Period::ALWAYS,
    }]));
    put(&store, CommitKind::Evaluate, writes).await;
    let desk = grant(Role::Caseworker, Operation::ReadDecisions, &[TOWN]);
    let decision = decided(1, 0);
    assert!(store.decision(&desk, decision).await.unwrap().is_some());
    let later = changed(&alert(1), |row| row.confidential = Confidential::Children);
    put(
        &store,
        CommitKind::Evaluate,
        vec![Write::Alerts(vec![later])],
    )
    .await;
    assert_eq!(store.decision(&desk, decision).await.unwrap(), None);
    let officer = grant(Role::ChildrenOfficer, Operation::ReadDecisions, &[TOWN]);
    assert!(store.decision(&officer, decision).await.unwrap().is_some());
    // Who may see it is not part of what was decided: the ledger still agrees.
    assert_eq!(
        store.mismatched_commits(0, 100).await.unwrap(),
        Vec::<i64>::new()
    );
}

pub async fn each_line_of_a_feed_is_numbered_by_itself(store: Arc<dyn Store>) {
    let (open, closed) = (alert(1), kept(2));
    put(
        &store,
        CommitKind::Evaluate,
        opening(&[open.clone(), closed.clone()]),
    )
    .await;
    let entry = |row: &AlertRow, kind| FeedNews {
        confidential: row.confidential,
        ..news(TOWN, kind, row.id)
    };
    for kind in [FeedKind::Raised, FeedKind::Updated, FeedKind::Closed] {
        let both = vec![entry(&closed, kind), entry(&open, kind)];
        put(&store, CommitKind::Evaluate, vec![Write::Feed(both)]).await;
    }
    for role in READERS {
        let grant = grant(role, Operation::ReadFeed, &[TOWN]);
        let entries = store.feed(&grant, 0, 100).await.unwrap();
        let seen = shown(role);
        assert_eq!(entries.len(), 4 * seen.len(), "{role:?}");
        let mut lines = std::collections::BTreeMap::new();
        for entry in &entries {
            let last = lines.entry(entry.line()).or_insert(0);
            assert_eq!(
                entry.number,
                *last + 1,
                "{role:?}: a hole in {}",
                entry.line()
            );
            *last = entry.number;
        }
        let heads = store.feed_heads(&grant).await.unwrap();
        let heads: Vec<_> = heads
            .iter()
            .map(|head| (head.line(), head.number))
            .collect();
        assert_eq!(heads, lines.into_iter().collect::<Vec<_>>(), "{role:?}");
    }
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(
        store.mismatched_commits(0, 100).await.unwrap(),
        Vec::<i64>::new()
    );
}

pub async fn every_role_is_stored(store: Arc<dyn Store>) {
    for (number, role) in (1..).zip(Role::ALL) {
        let officer = Officer {
            id: officer_id(number),
            name: role.zh().to_owned(),
            role,
            regions: vec![place(TOWN)],
            sources: Vec::new(),
        };
        let writes = vec![Write::Officer(officer.clone())];
        put(&store, CommitKind::Administration, writes).await;
        let stored = store.officer(officer.id).await.unwrap();
        assert_eq!(stored, Some(officer));
    }
}

fn export_id(number: u32) -> ExportId {
    ExportId::from_uuid(id(number))
}

fn asked(number: u32, by: u32, county: &str) -> ExportRow {
    ExportRow {
        id: export_id(number),
        officer: officer_id(by),
        county: place(county),
        filter: "{}".to_owned(),
        purpose: "export_home_visit".to_owned(),
        families: 120 + number,
        at: at(i64::from(number)),
    }
}

fn happened(number: u32, event: ExportEvent, by: u32) -> Write {
    Write::ExportEvent(ExportEventRow {
        export: export_id(number),
        event,
        officer: officer_id(by),
        at: at(100),
    })
}

fn granted(by: u32, role: Role, operation: Operation, region: &str) -> Grant {
    let officer = Officer {
        id: officer_id(by),
        name: "某某".to_owned(),
        role,
        regions: vec![place(region)],
        sources: Vec::new(),
    };
    officer.authorize(operation, "test").unwrap()
}

pub async fn an_export_is_its_owners_and_its_deciders(store: Arc<dyn Store>) {
    for row in [
        asked(1, 1, COUNTY),
        asked(2, 2, COUNTY),
        asked(3, 3, OTHER_COUNTY),
    ] {
        put(&store, CommitKind::Administration, vec![Write::Export(row)]).await;
    }
    let seen = async |grant: &Grant| {
        let list = store.exports(grant, 10).await.unwrap();
        for number in 1..=4 {
            let one = store.export(grant, export_id(number)).await.unwrap();
            let listed = list.iter().find(|known| known.row.id == export_id(number));
            assert_eq!(one.as_ref(), listed);
        }
        let ids = list.iter().map(|known| known.row.id);
        ids.collect::<Vec<_>>()
    };
    let own = granted(1, Role::Caseworker, Operation::ExportPeople, TOWN);
    assert_eq!(seen(&own).await, [export_id(1)]);
    let county = granted(9, Role::CountyOfficer, Operation::ApproveExports, COUNTY);
    assert_eq!(seen(&county).await, [export_id(2), export_id(1)]);
    // Taking is for the owner, whatever the role could decide.
    let taking = granted(9, Role::CountyOfficer, Operation::ExportPeople, COUNTY);
    assert_eq!(seen(&taking).await, []);
    let elsewhere = granted(
        9,
        Role::CountyOfficer,
        Operation::ApproveExports,
        OTHER_COUNTY,
    );
    assert_eq!(seen(&elsewhere).await, [export_id(3)]);
    assert_eq!(store.exports(&county, 1).await.unwrap().len(), 1);
}

pub async fn an_export_is_decided_once(store: Arc<dyn Store>) {
    let writes = vec![Write::Export(asked(1, 1, COUNTY))];
    put(&store, CommitKind::Administration, writes).await;
    let decide = async |event| {
        let writes = vec![happened(1, event, 2)];
        store
            .commit(&commit(CommitKind::Administration, writes))
            .await
    };
    decide(ExportEvent::Refused).await.unwrap();
    for again in [ExportEvent::Approved, ExportEvent::Refused] {
        let refused = decide(again).await;
        assert!(
            matches!(refused, Err(StoreError::Duplicate("export decision"))),
            "{refused:?}"
        );
    }
    decide(ExportEvent::Downloaded).await.unwrap();
    decide(ExportEvent::Downloaded).await.unwrap();
    publish(&store).await;
    let own = granted(1, Role::Caseworker, Operation::ExportPeople, TOWN);
    let known = store.export(&own, export_id(1)).await.unwrap().unwrap();
    let events: Vec<_> = known.events.iter().map(|event| event.event).collect();
    assert_eq!(
        events,
        [
            ExportEvent::Refused,
            ExportEvent::Downloaded,
            ExportEvent::Downloaded
        ]
    );
    assert_eq!(
        known.decided().map(|event| event.officer),
        Some(officer_id(2))
    );
    assert_eq!(
        store.mismatched_commits(0, 100).await.unwrap(),
        Vec::<i64>::new()
    );
}
