//! Leads: of one's places, or those one reported.

use std::sync::Arc;

use domain::authority::{Grant, Operation, Role};
use domain::ids::LeadId;
use store::Store;
use store::commit::{CommitKind, Write};

use super::backend::Backend;
use super::build::*;

const VILLAGE: &str = "320412100201";
const OTHER_VILLAGE: &str = "320412100202";

/// Leads 1 to 5: two of a village, one of its neighbour, one of the township,
/// one of another township. The grants of `build` are officer 900's.
async fn five(store: &Arc<dyn Store>) {
    let rows = [
        lead(1, 900, VILLAGE),
        lead(2, 7, VILLAGE),
        lead(3, 900, OTHER_VILLAGE),
        lead(4, 7, TOWN),
        lead(5, 900, OTHER_TOWN),
    ];
    for row in rows {
        put(store, CommitKind::Action, vec![Write::Lead(row)]).await;
    }
}

async fn listed(
    store: &Arc<dyn Store>,
    grant: &Grant,
    before: Option<LeadId>,
    limit: u32,
) -> Vec<LeadId> {
    let rows = store.leads(grant, before, limit).await.unwrap();
    rows.iter().map(|row| row.id).collect()
}

pub async fn leads_are_listed_newest_first_where_covered(store: Arc<dyn Store>) {
    five(&store).await;
    let desk = |region: &str| grant(Role::CountyOfficer, Operation::ReadLeads, &[region]);
    let ids = |numbers: &[u32]| numbers.iter().map(|n| lead_id(*n)).collect::<Vec<_>>();
    let county = desk(COUNTY);
    assert_eq!(
        listed(&store, &county, None, 10).await,
        ids(&[5, 4, 3, 2, 1])
    );
    assert_eq!(listed(&store, &county, None, 2).await, ids(&[5, 4]));
    assert_eq!(
        listed(&store, &county, Some(lead_id(4)), 2).await,
        ids(&[3, 2])
    );
    assert_eq!(listed(&store, &county, Some(lead_id(1)), 2).await, ids(&[]));
    assert_eq!(
        listed(&store, &county, Some(lead_id(77)), 2).await,
        ids(&[])
    );
    assert_eq!(
        listed(&store, &desk(TOWN), None, 10).await,
        ids(&[4, 3, 2, 1])
    );
    assert_eq!(listed(&store, &desk(VILLAGE), None, 10).await, ids(&[2, 1]));
    assert_eq!(
        listed(&store, &desk(OTHER_COUNTY), None, 10).await,
        ids(&[])
    );
    let one = store.lead(&desk(TOWN), lead_id(3)).await.unwrap();
    assert_eq!(one, Some(lead(3, 900, OTHER_VILLAGE)));
    for (region, number) in [(OTHER_TOWN, 3), (VILLAGE, 3), (VILLAGE, 4), (COUNTY, 77)] {
        let none = store.lead(&desk(region), lead_id(number)).await.unwrap();
        assert_eq!(none, None, "{region} {number}");
    }
}

pub async fn a_reporter_sees_its_own_leads_only(store: Arc<dyn Store>) {
    five(&store).await;
    let own = |regions: &[&str]| grant(Role::VillageContact, Operation::ReadOwnLeads, regions);
    let one = own(&[VILLAGE]);
    assert_eq!(listed(&store, &one, None, 10).await, [lead_id(1)]);
    let both = own(&[VILLAGE, OTHER_VILLAGE]);
    assert_eq!(
        listed(&store, &both, None, 10).await,
        [lead_id(3), lead_id(1)]
    );
    assert_eq!(
        listed(&store, &both, Some(lead_id(3)), 10).await,
        [lead_id(1)]
    );
    assert!(store.lead(&one, lead_id(1)).await.unwrap().is_some());
    // Somebody else's of the same village, one's own of another place.
    assert_eq!(store.lead(&one, lead_id(2)).await.unwrap(), None);
    assert_eq!(store.lead(&one, lead_id(3)).await.unwrap(), None);
    // A township is no village.
    assert!(listed(&store, &own(&[TOWN]), None, 10).await.is_empty());
}

pub async fn a_changed_lead_is_found(backend: &Backend) {
    let store = backend.open().await;
    five(&store).await;
    let mismatched = async || store.mismatched_commits(0, 100).await.unwrap();
    assert!(mismatched().await.is_empty());
    backend
        .tamper("update leads set place = '320412102' where place = '320412100202'")
        .await;
    assert_eq!(mismatched().await, [3]);
}
