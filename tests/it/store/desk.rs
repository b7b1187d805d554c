//! What a desk needs between two pages: none of it a commit.

use std::sync::Arc;

use domain::authority::{Grant, Officer, Operation, Role};
use domain::ids::AlertId;
use store::Store;
use store::commit::CommitKind;
use store::rows::{DraftRow, Presence};

use super::build::*;

fn reader(number: u32, region: &str) -> Grant {
    let officer = Officer {
        id: officer_id(number),
        name: String::new(),
        role: Role::CountyOfficer,
        regions: vec![place(region)],
        sources: Vec::new(),
    };
    officer.authorize(Operation::ReadAlerts, "test").unwrap()
}

fn here(number: u32, since: i64) -> Presence {
    Presence {
        officer: officer_id(number),
        since: at(since),
    }
}

pub async fn who_has_an_alert_open_is_told_to_the_others(store: Arc<dyn Store>) {
    let alerts = [alert(1), alert(2)];
    put(&store, CommitKind::Evaluate, opening(&alerts)).await;
    let leaves = store.statistics().await.unwrap().ledger;
    let look = async |number, region, alert: AlertId, now, until| {
        let grant = reader(number, region);
        store
            .look_at(&grant, alert, at(now), at(until))
            .await
            .unwrap()
    };
    assert_eq!(look(2, TOWN, alert_id(1), 0, 10).await, []);
    assert_eq!(look(1, TOWN, alert_id(1), 1, 11).await, [here(2, 0)]);
    assert_eq!(look(1, TOWN, alert_id(2), 1, 11).await, [], "another alert");
    // Looked at again it lasts, and has begun when it began.
    assert_eq!(look(2, TOWN, alert_id(1), 5, 15).await, [here(1, 1)]);
    assert_eq!(
        look(3, COUNTY, alert_id(1), 6, 7).await,
        [here(1, 1), here(2, 0)]
    );
    assert_eq!(look(2, TOWN, alert_id(1), 11, 20).await, [], "run out");
    assert_eq!(look(1, TOWN, alert_id(1), 12, 20).await, [here(2, 0)]);
    store.look_away(officer_id(2), alert_id(1)).await.unwrap();
    assert_eq!(look(1, TOWN, alert_id(1), 13, 20).await, []);
    // Nobody learns by looking, and nobody is seen who may not look.
    assert_eq!(look(4, OTHER_COUNTY, alert_id(1), 13, 20).await, []);
    assert_eq!(look(3, COUNTY, alert_id(1), 14, 15).await, [here(1, 12)]);
    assert_eq!(look(3, COUNTY, alert_id(9), 14, 15).await, [], "unknown");
    publish(&store).await;
    assert_eq!(store.statistics().await.unwrap().ledger, leaves);
}

pub async fn a_draft_is_its_officers_until_it_runs_out(store: Arc<dyn Store>) {
    let draft = |number: u32, alert: u32, text: &[u8], until: i64| DraftRow {
        officer: officer_id(number),
        alert: alert_id(alert),
        sealed: text.to_vec(),
        expires_at: at(until),
    };
    for row in [
        draft(1, 2, b"old", 5),
        draft(1, 2, b"new", 10),
        draft(1, 1, b"one", 20),
        draft(2, 1, b"theirs", 20),
    ] {
        store.keep_draft(&row, at(0)).await.unwrap();
    }
    let kept = async |number, now| store.drafts(officer_id(number), at(now)).await.unwrap();
    let both = [draft(1, 1, b"one", 20), draft(1, 2, b"new", 10)];
    assert_eq!(kept(1, 9).await, both);
    assert_eq!(kept(1, 10).await, both[..1], "run out");
    assert_eq!(kept(2, 9).await, [draft(2, 1, b"theirs", 20)]);
    // What ran out is forgotten, not hidden.
    store
        .keep_draft(&draft(3, 3, b"x", 30), at(10))
        .await
        .unwrap();
    assert_eq!(kept(1, 9).await, both[..1]);
    store.drop_draft(officer_id(1), alert_id(1)).await.unwrap();
    assert_eq!(kept(1, 9).await, []);
    assert_eq!(kept(2, 9).await, [draft(2, 1, b"theirs", 20)]);
}
