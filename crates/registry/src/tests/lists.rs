//! What lists make known on a date: listed, dropped, stale, uncovered, in conflict,
//! disputed, taken back. Unknown is never none.

use domain::dictionary::Kind;
use domain::household::{Completeness, WhyUnknown};
use domain::value::{Body, Value};

use super::*;

const REGISTER: &str = "civil_register";
const TOWN_A: &str = "320412100";
const TOWN_B: &str = "320412103";

fn listed(as_of: &str) -> Coverage {
    complete("disability_register", COUNTY, as_of, as_of)
}

fn grades(world: &World, on: &str) -> Vec<&'static str> {
    let list = world.list(1, Kind::DisabilityCertificate, on);
    let grade = |item: &domain::household::Item| item.body.code("grade");
    list.items.iter().filter_map(grade).collect()
}

#[test]
fn listed_then_not_then_listed_again() {
    let world = World::new(
        ["2026-09-30", "2026-10-31", "2026-11-30"].map(listed),
        [
            says(DISABILITY, p(1), 1, "2026-09-30", certificate("2")),
            says(DISABILITY, p(1), 1, "2026-11-30", certificate("1")),
        ],
    );
    assert_eq!(grades(&world, "2026-10-30"), ["2"]);
    assert!(grades(&world, "2026-10-31").is_empty());
    assert!(grades(&world, "2026-11-29").is_empty());
    assert_eq!(grades(&world, "2026-11-30"), ["1"]);
    let list = world.list(1, Kind::DisabilityCertificate, "2026-11-01");
    assert_eq!(list.completeness, judged_by(&listed("2026-10-31")));
}

#[test]
fn a_list_speaks_for_its_as_of_day_not_for_the_day_it_was_sent() {
    let october = complete("disability_register", COUNTY, "2026-10-31", "2026-12-05");
    let world = World::new(
        [listed("2026-11-30"), october],
        [
            says(DISABILITY, p(1), 1, "2026-12-05", certificate("2")),
            says(DISABILITY, p(1), 2, "2026-11-30", certificate("3")),
        ],
    );
    assert_eq!(grades(&world, "2026-11-01"), ["2"]);
    assert_eq!(grades(&world, "2026-12-10"), ["3"]);
}

#[test]
fn a_row_sent_between_lists_is_there_until_the_next_list_omits_it() {
    let world = World::new(
        ["2026-10-31", "2026-11-30"].map(listed),
        [says(DISABILITY, p(1), 1, "2026-11-06", certificate("2"))],
    );
    assert!(grades(&world, "2026-11-05").is_empty());
    assert_eq!(grades(&world, "2026-11-06"), ["2"]);
    assert!(grades(&world, "2026-11-30").is_empty());
}

#[test]
fn a_correction_of_a_list_replaces_it() {
    let corrected = complete("disability_register", COUNTY, "2026-10-31", "2026-10-31#2");
    let rows = [
        says(DISABILITY, p(1), 1, "2026-10-31#1", certificate("2")),
        says(DISABILITY, p(1), 2, "2026-10-31#1", certificate("4")),
        says(DISABILITY, p(1), 1, "2026-10-31#2", certificate("1")),
    ];
    let world = World::new([listed("2026-10-31"), corrected], rows);
    assert_eq!(grades(&world, "2026-11-01"), ["1"]);
}

#[test]
fn an_old_list_leaves_its_items_visible_and_the_list_open() {
    let row = says(DISABILITY, p(1), 1, "2026-09-01", certificate("2"));
    let world = World::new([listed("2026-09-01")], [row]);
    // 62 days may be relied on: up to and including 2026-11-02.
    let fresh = world.list(1, Kind::DisabilityCertificate, "2026-11-02");
    assert_eq!(fresh.completeness, judged_by(&listed("2026-09-01")));
    let stale = world.list(1, Kind::DisabilityCertificate, "2026-11-03");
    assert_eq!(stale.completeness, open(WhyUnknown::Stale));
    assert_eq!(stale.items.len(), 1);
}

#[test]
fn an_uncovered_list_is_unknown_and_not_empty() {
    let world = World::new([], [says(CIVIL, p(1), 1, "2026-11-01", born("1980-01-01"))]);
    let view = world.see(p(1), "2026-11-20");
    let facts = &view.people[0].facts;
    for kind in [
        Kind::DisabilityCertificate,
        Kind::MedicalSettlement,
        Kind::Death,
        Kind::Income,
    ] {
        assert_eq!(
            facts[&kind].completeness,
            open(WhyUnknown::NotCovered),
            "{kind:?}"
        );
        assert!(facts[&kind].items.is_empty());
    }
    assert_eq!(facts[&Kind::Grant].completeness, Completeness::Closed);
    assert!(view.months.by_item.is_empty());
    assert_eq!(
        view.facts[&Kind::Composition].completeness,
        open(WhyUnknown::NoHousehold)
    );
}

#[test]
fn an_item_known_before_any_list_is_visible_and_the_list_open() {
    let row = says(DISABILITY, p(1), 1, "2026-11-30", certificate("2"));
    let world = World::new([listed("2026-11-30")], [valid(row, "2026-05-01", "")]);
    assert!(grades(&world, "2026-04-30").is_empty());
    let list = world.list(1, Kind::DisabilityCertificate, "2026-06-01");
    assert_eq!(list.items.len(), 1);
    assert_eq!(list.completeness, open(WhyUnknown::NotCovered));
}

#[test]
fn a_list_of_another_township_tells_nothing() {
    let elsewhere = complete("disability_register", TOWN_B, "2026-11-01", "2026-11-01");
    let here = says(CIVIL, p(1), 9, "2026-11-01", hukou("320412100201"));
    let world = World::new([elsewhere.clone()], [here]);
    let list = world.list(1, Kind::DisabilityCertificate, "2026-11-20");
    assert_eq!(list.completeness, open(WhyUnknown::NotCovered));

    let there = says(CIVIL, p(1), 9, "2026-11-01", hukou("320412103217"));
    let world = World::new([elsewhere.clone()], [there]);
    let list = world.list(1, Kind::DisabilityCertificate, "2026-11-20");
    assert_eq!(list.completeness, judged_by(&elsewhere));

    // Of a person without a known place only the whole county can tell.
    let nowhere = says(CIVIL, p(1), 9, "2026-11-01", born("1980-01-01"));
    let world = World::new([elsewhere], [nowhere.clone()]);
    let list = world.list(1, Kind::DisabilityCertificate, "2026-11-20");
    assert_eq!(list.completeness, open(WhyUnknown::NotCovered));
    let world = World::new([listed("2026-11-01")], [nowhere]);
    let list = world.list(1, Kind::DisabilityCertificate, "2026-11-20");
    assert_eq!(list.completeness, judged_by(&listed("2026-11-01")));
}

#[test]
fn one_key_twice_at_one_revision_with_different_content_says_nothing() {
    let rows = [
        says(DISABILITY, p(1), 1, "2026-10-31", certificate("2")),
        says(DISABILITY, p(1), 1, "2026-10-31", certificate("4")),
        says(DISABILITY, p(1), 2, "2026-10-31", certificate("3")),
    ];
    let mut world = World::new([listed("2026-10-31")], rows);
    let list = world.list(1, Kind::DisabilityCertificate, "2026-11-01");
    assert_eq!(list.completeness, open(WhyUnknown::Conflict));
    assert_eq!(list.items.len(), 1, "the other key is not in conflict");

    world.tell(&says(DISABILITY, p(1), 1, "2026-11-01", certificate("2")));
    let list = world.list(1, Kind::DisabilityCertificate, "2026-11-01");
    assert_eq!(list.completeness, judged_by(&listed("2026-10-31")));
    assert_eq!(list.items.len(), 2);
}

#[test]
fn saying_and_withdrawing_at_one_revision_is_a_conflict() {
    let rows = [
        says(POLICE, p(1), 1, "2026-10-31", died("2026-10-01")),
        retracts(POLICE, p(1), 1, "2026-10-31", Kind::Death),
    ];
    let list = World::new([], rows).list(1, Kind::Death, "2026-11-01");
    assert_eq!(list.completeness, open(WhyUnknown::Conflict));
    assert!(list.items.is_empty());
}

#[test]
fn a_death_taken_back_and_told_again() {
    let told = says(POLICE, p(1), 1, "2026-10-08", died("2026-09-28"));
    let back = retracts(POLICE, p(1), 1, "2026-10-20", Kind::Death);
    let again = says(POLICE, p(1), 1, "2026-11-02", died("2026-09-28"));
    let deaths = |rows: &[&Record]| {
        let world = World::new([], rows.iter().copied().cloned());
        world.list(1, Kind::Death, "2026-11-20").items.len()
    };
    assert_eq!(deaths(&[&told]), 1);
    assert_eq!(deaths(&[&told, &back]), 0);
    assert_eq!(deaths(&[&back, &told]), 0, "late and out of order");
    assert_eq!(deaths(&[&told, &back, &again]), 1);
}

#[test]
fn a_death_told_later_is_seen_on_the_earlier_date() {
    let told = says(POLICE, p(1), 1, "2026-05-08", died("2026-01-28"));
    let world = World::new([], [valid(told, "2026-01-28", "")]);
    assert!(world.list(1, Kind::Death, "2026-01-27").items.is_empty());
    assert_eq!(world.list(1, Kind::Death, "2026-03-01").items.len(), 1);
}

#[test]
fn each_source_keeps_its_own_death() {
    let world = World::new(
        [],
        [
            says(POLICE, p(1), 1, "2026-10-08", died("2026-09-28")),
            says(FUNERAL, p(1), 2, "2026-10-01", died("2026-09-28")),
            says(FUNERAL, p(1), 3, "2026-10-02", died("2026-09-28")),
        ],
    );
    let list = world.list(1, Kind::Death, "2026-11-20");
    let sources: Vec<_> = list.items.iter().map(|item| item.source.as_str()).collect();
    assert_eq!(sources, ["police", "funeral"]);
    assert_eq!(list.items[1].key, NaturalKey([3; 16]));
}

#[test]
fn a_disputed_version_is_unknown_until_the_source_resends() {
    let row = says(DISABILITY, p(1), 1, "2026-10-31", certificate("2"));
    let objection = disputes(p(1), 1, "2026-10-31", Kind::DisabilityCertificate);
    let mut world = World::new([listed("2026-10-31")], [row.clone(), objection]);
    let list = world.list(1, Kind::DisabilityCertificate, "2026-11-01");
    assert_eq!(list.completeness, open(WhyUnknown::Disputed));
    assert!(list.items.is_empty());

    world.tell(&Record {
        revision: revision("2026-11-01"),
        ..row
    });
    let list = world.list(1, Kind::DisabilityCertificate, "2026-11-01");
    assert_eq!(list.items.len(), 1);
    assert_eq!(list.completeness, judged_by(&listed("2026-10-31")));
}

#[test]
fn a_dispute_taken_back_restores_the_fact() {
    let row = says(DISABILITY, p(1), 1, "2026-10-31", certificate("2"));
    let objection = disputes(p(1), 1, "2026-10-31", Kind::DisabilityCertificate);
    let back = retracts(OFFICER, p(1), 200, "2026-11-20", Kind::Dispute);
    let world = World::new([listed("2026-10-31")], [row, objection, back]);
    assert_eq!(grades(&world, "2026-11-01"), ["2"]);
}

#[test]
fn a_household_fact_is_disputed_in_the_household() {
    let basis = Body::new(Kind::Composition).with("basis", Value::Code("verified"));
    let world = World::new(
        [complete(REGISTER, COUNTY, "2026-10-31", "2026-10-31")],
        [
            says(CIVIL, h(1), 1, "2026-10-31", basis),
            disputes(h(1), 1, "2026-10-31", Kind::Composition),
        ],
    );
    let view = world.see(h(1), "2026-11-20");
    let list = &view.facts[&Kind::Composition];
    assert_eq!(list.completeness, open(WhyUnknown::Disputed));
    assert!(list.items.is_empty());
}

#[test]
fn the_office_that_still_lists_someone_is_believed() {
    let town = |scope, as_of| complete("disability_register", scope, as_of, as_of);
    let police = ("police", "hukou_changes");
    let mut world = World::new(
        [town(TOWN_A, "2026-10-31"), town(TOWN_B, "2026-11-15")],
        [
            says(DISABILITY, p(1), 1, "2026-10-31", certificate("2")),
            says(police, p(1), 2, "2026-11-01", hukou("320412103217")),
        ],
    );
    // The township moved to does not have the certificate yet.
    assert_eq!(grades(&world, "2026-11-20"), ["2"]);
    let list = world.list(1, Kind::DisabilityCertificate, "2026-11-20");
    assert_eq!(list.completeness, judged_by(&town(TOWN_A, "2026-10-31")));

    // Dropped by the one, the newer list of the other tells.
    world.coverage.insert(town(TOWN_A, "2026-11-10"));
    let list = world.list(1, Kind::DisabilityCertificate, "2026-11-20");
    assert!(list.items.is_empty());
    assert_eq!(list.completeness, judged_by(&town(TOWN_B, "2026-11-15")));
}

#[test]
fn the_latest_covered_month_is_per_item_fresh_or_stale_or_never_covered() {
    let october = paid("subsistence", "2026-10", "2026-10-05");
    let november = paid("subsistence", "2026-11", "2026-11-05");
    let old = paid("orphan", "2026-08", "2026-08-05");
    let later = paid("senior_allowance", "2026-12", "2026-12-05");
    let resent = Coverage {
        revision: revision("2026-11-10"),
        as_of: day("2026-11-10"),
        ..october.clone()
    };
    let world = World::new(
        [october, november.clone(), old, later, resent.clone()],
        [says(CIVIL, p(1), 1, "2026-10-31", member_of(1, "head"))],
    );
    let covered = |on: &str| world.see(h(1), on).months.by_item;
    let now = covered("2026-11-20");
    let note = |list: &Coverage| match judged_by(list) {
        Completeness::Complete(note) => Ok(note),
        _ => unreachable!(),
    };
    assert_eq!(
        now["subsistence"],
        note(&november),
        "a resent October is not newer"
    );
    assert_eq!(now["orphan"], Err(WhyUnknown::Stale));
    assert!(!now.contains_key("senior_allowance"));
    // 45 days may be relied on: November's list up to 2026-12-20.
    assert_eq!(covered("2026-12-20")["subsistence"], note(&november));
    assert_eq!(covered("2026-12-21")["subsistence"], note(&resent));
    assert_eq!(covered("2026-12-26")["subsistence"], Err(WhyUnknown::Stale));
}

#[test]
fn events_are_dated_and_forgotten_after_the_look_back() {
    let settlement = Body::new(Kind::MedicalSettlement).with("refund", Value::Flag(false));
    let row = says(MEDICAL, p(1), 1, "2024-11-21", settlement);
    let list = complete("medical_settlements", COUNTY, "2026-11-10", "2026-11-10");
    let world = World::new([list.clone()], [valid(row, "2024-11-20", "2024-11-21")]);
    let seen = |on: &str| world.list(1, Kind::MedicalSettlement, on);
    assert!(seen("2024-11-19").items.is_empty());
    assert_eq!(seen("2026-11-20").items.len(), 1);
    assert_eq!(seen("2026-11-20").completeness, judged_by(&list));
    assert!(seen("2026-11-21").items.is_empty());
}
