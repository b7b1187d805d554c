//! Families on a date: homes, moves, links, precedence, places and grants.

use domain::dictionary::Kind;
use domain::household::{Standing, WhyUnknown, first};
use domain::record::{Read, ReadWhy};
use domain::time::Month;
use domain::value::{Body, Value};

use super::*;

const REGISTER: &str = "civil_register";
const TOWN_A: &str = "320412100";
const TOWN_B: &str = "320412103";

#[test]
fn a_disputed_membership_leaves_the_composition_unknown() {
    let basis = Body::new(Kind::Composition).with("basis", Value::Code("verified"));
    let register = complete(REGISTER, COUNTY, "2026-10-31", "2026-10-31");
    let world = World::new(
        [register],
        [
            says(CIVIL, h(1), 1, "2026-10-31", basis),
            says(CIVIL, p(1), 2, "2026-10-31", member_of(1, "head")),
            says(CIVIL, p(2), 3, "2026-10-31", member_of(1, "child")),
            disputes(p(2), 3, "2026-10-31", Kind::Membership),
        ],
    );
    let view = world.see(h(1), "2026-11-20");
    assert_eq!(member_ids(&view), [person(1)]);
    assert_eq!(view.person(person(2)).unwrap().standing, Standing::Linked);
    let list = &view.facts[&Kind::Composition];
    assert!(list.items.is_empty());
    assert_eq!(list.completeness, open(WhyUnknown::Disputed));
    assert_eq!(world.home(2, "2026-11-20"), p(2));
}

#[test]
fn of_two_households_the_newer_membership_is_home() {
    let rows = [
        says(CIVIL, p(1), 2, "2026-10-31", member_of(1, "child")),
        says(CIVIL, p(1), 1, "2026-11-05", member_of(2, "spouse")),
    ];
    let world = World::new([], rows);
    assert_eq!(world.home(1, "2026-11-20"), h(2));
    assert!(member_ids(&world.see(h(1), "2026-11-20")).is_empty());
    let view = world.see(h(2), "2026-11-20");
    assert_eq!(member_ids(&view), [person(1)]);
    let memberships = &view.people[0].facts[&Kind::Membership].items;
    assert_eq!(memberships.len(), 1);
    assert_eq!(
        memberships[0].body.household("household"),
        Some(household(2))
    );
    assert!(world.see(p(1), "2026-11-20").people.is_empty());
}

#[test]
fn of_two_memberships_of_one_revision_the_lower_household_is_home() {
    let rows = [
        says(CIVIL, p(1), 1, "2026-10-31", member_of(2, "child")),
        says(CIVIL, p(1), 2, "2026-10-31", member_of(1, "child")),
    ];
    assert_eq!(World::new([], rows).home(1, "2026-11-20"), h(1));
}

/// A mother listed by both sons lives in two households; a married daughter
/// still in the old book lives in one; whoever moved with the next list too.
#[test]
fn households_are_those_the_register_has_someone_living_in() {
    let apart = member_of(1, "child").with("living_together", Value::Flag(false));
    let register = complete(REGISTER, COUNTY, "2026-10-31", "2026-10-31");
    let rows = [
        says(CIVIL, p(1), 1, "2026-10-31", member_of(1, "parent")),
        says(CIVIL, p(1), 2, "2026-10-31", member_of(2, "parent")),
        says(CIVIL, p(2), 3, "2026-10-31", apart),
        says(CIVIL, p(2), 4, "2026-10-31", member_of(2, "spouse")),
        says(CIVIL, p(3), 5, "2026-09-30", member_of(1, "head")),
        says(CIVIL, p(3), 6, "2026-10-31", member_of(2, "head")),
    ];
    let world = World::new([register], rows);
    for (number, expected) in [(1, 2), (2, 1), (3, 1)] {
        let home = world.home(number, "2026-11-20");
        let view = world.see(home, "2026-11-20");
        let found = view.person(person(number)).unwrap();
        assert_eq!(found.households, expected, "person {number}");
    }
}

#[test]
fn a_move_between_households_happens_on_the_day_of_the_list() {
    let register = |as_of: &str| complete(REGISTER, COUNTY, as_of, as_of);
    let world = World::new(
        [register("2026-10-31"), register("2026-11-30")],
        [
            says(CIVIL, p(1), 1, "2026-10-31", member_of(1, "child")),
            says(CIVIL, p(1), 2, "2026-11-30", member_of(2, "head")),
        ],
    );
    assert_eq!(
        world.home(1, "2026-10-30"),
        h(1),
        "before any list, as first told"
    );
    assert_eq!(world.home(1, "2026-11-29"), h(1));
    assert_eq!(world.home(1, "2026-11-30"), h(2));
}

#[test]
fn who_is_dropped_from_the_register_lives_alone_with_composition_unknown() {
    let register = |as_of: &str| complete(REGISTER, COUNTY, as_of, as_of);
    let world = World::new(
        [register("2026-10-31"), register("2026-11-30")],
        [says(CIVIL, p(1), 1, "2026-10-31", member_of(1, "head"))],
    );
    assert_eq!(world.home(1, "2026-12-01"), p(1));
    let view = world.see(p(1), "2026-12-01");
    assert_eq!(member_ids(&view), [person(1)]);
    let facts = &view.people[0].facts;
    assert_eq!(
        facts[&Kind::Membership].completeness,
        judged_by(&register("2026-11-30"))
    );
    // The register's silence about someone it does not list is not a zero.
    assert_eq!(
        facts[&Kind::Income].completeness,
        open(WhyUnknown::NoHousehold)
    );
}

#[test]
fn a_homemaker_met_only_in_a_medical_row_has_unknown_income() {
    let row = says(MEDICAL, p(1), 1, "2026-11-03", born("1979-02-03"));
    let register = complete(REGISTER, COUNTY, "2026-11-01", "2026-11-01");
    let world = World::new([register], [row]);
    let list = world.list(1, Kind::Income, "2026-11-20");
    assert!(list.items.is_empty());
    assert_eq!(list.completeness, open(WhyUnknown::NoHousehold));
}

#[test]
fn a_spouse_registered_in_another_province_is_listed_and_dropped_like_anyone() {
    let register = |as_of: &str| complete(REGISTER, COUNTY, as_of, as_of);
    let income = Body::new(Kind::Income).with("class", Value::Code("wage"));
    let world = World::new(
        [register("2026-10-31"), register("2026-11-30")],
        [
            says(CIVIL, p(1), 1, "2026-10-31", member_of(1, "spouse")),
            says(CIVIL, p(1), 2, "2026-10-31", hukou("341200")),
            says(CIVIL, p(1), 3, "2026-10-31", income),
        ],
    );
    assert_eq!(world.home(1, "2026-11-20"), h(1));
    let list = world.list(1, Kind::Income, "2026-11-20");
    assert_eq!(list.completeness, judged_by(&register("2026-10-31")));
    let list = world.list(1, Kind::DisabilityCertificate, "2026-11-20");
    assert_eq!(list.completeness, open(WhyUnknown::NotCovered));
    assert_eq!(world.home(1, "2026-12-01"), p(1));
}

#[test]
fn a_newborn_comes_with_the_row_that_names_it() {
    let register = complete(REGISTER, COUNTY, "2026-10-31", "2026-10-31");
    let parent = |relation, n| {
        Body::new(Kind::ParentOf)
            .with("relation", Value::Code(relation))
            .with("parent", Value::Person(person(n)))
    };
    let world = World::new(
        [register],
        [
            says(CIVIL, p(1), 1, "2026-10-31", member_of(1, "head")),
            says(CIVIL, p(2), 2, "2026-11-06", member_of(1, "child")),
            says(CIVIL, p(2), 3, "2026-11-06", born("2026-10-20")),
            says(CIVIL, p(2), 4, "2026-11-06", parent("mother", 1)),
            says(CIVIL, p(2), 5, "2026-11-06", parent("father", 3)),
        ],
    );
    assert_eq!(member_ids(&world.see(h(1), "2026-11-05")), [person(1)]);
    let view = world.see(h(1), "2026-11-06");
    assert_eq!(member_ids(&view), [person(1), person(2)]);
    // The father lives elsewhere and nothing was told about him.
    let father = view.person(person(3)).unwrap();
    assert_eq!(father.standing, Standing::Linked);
    assert!(father.facts.values().all(|list| list.items.is_empty()));
    assert_eq!(
        father.facts[&Kind::Income].completeness,
        open(WhyUnknown::NoHousehold)
    );
}

#[test]
fn a_moved_hukou_moves_the_household_and_the_lists_that_tell() {
    let town = |scope, as_of| complete(REGISTER, scope, as_of, as_of);
    let old = Record {
        revision: revision("2026-10-30#1"),
        ..says(CIVIL, p(1), 1, "2026-10-30", member_of(1, "head"))
    };
    let world = World::new(
        [
            town(TOWN_A, "2026-10-30"),
            town(TOWN_B, "2026-11-15"),
            town(TOWN_A, "2026-11-30"),
        ],
        [
            old.clone(),
            says(CIVIL, p(1), 2, "2026-10-30", hukou("320412100201")),
            Record {
                revision: revision("2026-11-15"),
                ..old
            },
            says(CIVIL, p(1), 2, "2026-11-15", hukou("320412103217")),
        ],
    );
    assert_eq!(
        world.see(h(1), "2026-11-14").hukou,
        Some(place("320412100201"))
    );
    assert_eq!(
        world.see(h(1), "2026-11-15").hukou,
        Some(place("320412103217"))
    );
    // The old township's next list does not have them, and does not end it.
    let view = world.see(h(1), "2026-12-01");
    assert_eq!(view.hukou, Some(place("320412103217")));
    assert_eq!(member_ids(&view), [person(1)]);
}

#[test]
fn a_trusted_source_wins_and_the_other_is_a_visible_difference() {
    let civil = says(CIVIL, p(1), 1, "2026-11-10", hukou("320412100201"));
    let police = says(
        ("police", "hukou_changes"),
        p(1),
        2,
        "2026-06-01",
        hukou("320412103"),
    );
    let world = World::new([], [civil.clone(), police.clone()]);
    let list = world.list(1, Kind::Hukou, "2026-11-20");
    assert_eq!(list.items.len(), 1);
    assert_eq!(list.items[0].source.as_str(), "police");
    assert!(list.items[0].disagreed);

    // The township of the village the other names is the same place.
    let near = says(CIVIL, p(1), 1, "2026-11-10", hukou("320412103217"));
    let list = World::new([], [near, police]).list(1, Kind::Hukou, "2026-11-20");
    assert!(!list.items[0].disagreed);

    // A source the dictionary does not name is trusted least.
    let rumour = says(
        ("rumour", "talk"),
        p(1),
        3,
        "2026-11-19",
        hukou("320412103"),
    );
    let list = World::new([], [civil, rumour]).list(1, Kind::Hukou, "2026-11-20");
    assert_eq!(list.items[0].source.as_str(), "civil");
    assert!(list.items[0].disagreed);
}

#[test]
fn incomes_are_one_per_class() {
    let income = |class, fen| {
        Body::new(Kind::Income)
            .with("class", Value::Code(class))
            .with(
                "amount_year",
                Value::Money(domain::money::Money::from_fen(fen)),
            )
    };
    let social = ("social_security", "insurance");
    let world = World::new(
        [],
        [
            says(CIVIL, p(1), 1, "2026-10-31", income("wage", 2_000)),
            says(CIVIL, p(1), 2, "2026-10-31", income("transfer", 50)),
            says(social, p(1), 3, "2026-11-01", income("wage", 3_000)),
        ],
    );
    let items = world.list(1, Kind::Income, "2026-11-20").items;
    let seen: Vec<_> = items
        .iter()
        .map(|i| {
            (
                i.body.code("class").unwrap(),
                i.body.money("amount_year").unwrap().as_fen(),
                i.disagreed,
            )
        })
        .collect();
    assert_eq!(seen, [("wage", 2_000, true), ("transfer", 50, false)]);
}

#[test]
fn a_parent_in_another_household_reads_ours() {
    let parent = Body::new(Kind::ParentOf)
        .with("relation", Value::Code("father"))
        .with("parent", Value::Person(person(2)));
    let obligor = Body::new(Kind::ObligorOf)
        .with("relation", Value::Code("child"))
        .with("obligor", Value::Person(person(3)));
    let world = World::new(
        [],
        [
            says(CIVIL, p(1), 1, "2026-10-31", member_of(1, "grandchild")),
            says(CIVIL, p(1), 2, "2026-10-31", parent),
            says(CIVIL, p(1), 3, "2026-10-31", obligor),
            says(CIVIL, p(2), 4, "2026-10-31", member_of(2, "head")),
            says(CIVIL, p(2), 5, "2026-10-31", born("1982-09-14")),
        ],
    );
    let read = |n, why| Read {
        person: person(n),
        household: household(1),
        why,
    };
    let fold = &world.folds[&p(1)];
    let expected = [
        read(1, ReadWhy::Member),
        read(2, ReadWhy::Parent),
        read(3, ReadWhy::Obligor),
    ];
    assert_eq!(fold.reads(), expected.into());
    assert_eq!(fold.parents_and_obligors(), [person(2), person(3)].into());

    let view = world.see(h(1), "2026-11-20");
    let standings: Vec<_> = view.people.iter().map(|p| (p.id, p.standing)).collect();
    assert_eq!(
        standings,
        [
            (person(1), Standing::Member),
            (person(2), Standing::Linked),
            (person(3), Standing::Linked),
        ]
    );
    let father = view.person(person(2)).unwrap();
    assert!(first(&father.facts, Kind::Identity).is_some());
    assert!(
        father.facts[&Kind::Membership].items.is_empty(),
        "not of this household"
    );
}

#[test]
fn a_household_left_long_ago_is_still_read() {
    let register = |as_of: &str| complete(REGISTER, COUNTY, as_of, as_of);
    let world = World::new(
        [register("2026-10-31"), register("2026-11-30")],
        [
            says(CIVIL, p(1), 1, "2026-10-31", member_of(1, "child")),
            retracts(CIVIL, p(1), 1, "2026-11-30", Kind::Membership),
        ],
    );
    let reads = world.folds[&p(1)].reads();
    assert_eq!(reads.first().map(|r| r.household), Some(household(1)));
}

fn grant(month: Month, number: u8) -> Body {
    Body::new(Kind::Grant)
        .with("item", Value::Code("subsistence"))
        .with("month", Value::Month(month))
        .with("household", Value::Household(household(number)))
}

fn grant_of(person: u8, month: Month, key: u8) -> Record {
    let paid_on = domain::time::add_days(month.first_day(), 4);
    let row = says(
        PAYMENTS,
        p(person),
        key,
        &paid_on.to_string(),
        grant(month, 1),
    );
    valid(
        row,
        &month.first_day().to_string(),
        &month.plus(1).first_day().to_string(),
    )
}

#[test]
fn who_is_paid_under_the_households_number_is_linked() {
    let month = Month::new(2026, 11).unwrap();
    let world = World::new(
        [],
        [
            says(CIVIL, p(1), 1, "2026-10-31", member_of(1, "head")),
            grant_of(1, month, 2),
            grant_of(2, month, 3),
        ],
    );
    let view = world.see(h(1), "2026-11-20");
    assert_eq!(member_ids(&view), [person(1)]);
    assert_eq!(view.person(person(2)).unwrap().standing, Standing::Linked);
    let reads = world.folds[&p(2)].reads();
    assert_eq!(reads.first().map(|r| r.why), Some(ReadWhy::Grant));
    assert!(
        world.see(h(1), "2026-10-31").person(person(2)).is_none(),
        "not begun"
    );
}

#[test]
fn fifteen_monthly_grants_are_all_seen_within_the_look_back() {
    let first_month = Month::new(2025, 9).unwrap();
    let months = (0u8..15).map(|n| (first_month.plus(i32::from(n)), n));
    let rows = months.map(|(month, n)| grant_of(1, month, n));
    let world = World::new([], rows);
    assert_eq!(world.list(1, Kind::Grant, "2026-11-20").items.len(), 15);
    let seen = world.list(1, Kind::Grant, "2026-11-20").items;
    assert!(seen.is_sorted_by_key(|item| item.body.month("month")));
    assert_eq!(world.list(1, Kind::Grant, "2026-05-20").items.len(), 9);
    // September 2025 ended on 1 October 2025 and is kept 36 months.
    assert_eq!(world.list(1, Kind::Grant, "2028-09-30").items.len(), 15);
    assert_eq!(world.list(1, Kind::Grant, "2028-10-01").items.len(), 14);
}

#[test]
fn the_household_is_where_its_head_is() {
    let world = World::new(
        [],
        [
            says(CIVIL, p(1), 1, "2026-10-31", member_of(1, "child")),
            says(CIVIL, p(1), 2, "2026-10-31", hukou("320412100201")),
            says(CIVIL, p(2), 3, "2026-10-31", member_of(1, "head")),
            says(CIVIL, p(2), 4, "2026-10-31", hukou("320412103217")),
            says(
                GRID,
                p(1),
                5,
                "2026-10-31",
                Body::new(Kind::Residence).with("place", Value::Division(place("320412104"))),
            ),
        ],
    );
    let view = world.see(h(1), "2026-11-20");
    assert_eq!(view.hukou, Some(place("320412103217")));
    assert_eq!(
        view.residence,
        Some(place("320412104")),
        "the head's is not known"
    );
}

#[test]
fn latest_identity_is_of_the_most_trusted_source() {
    let name = |text: &str| Body::new(Kind::Identity).with("name", Value::Text(text.into()));
    let mut world = World::new(
        [],
        [
            says(FUNERAL, p(1), 1, "2026-11-19", name("误")),
            says(CIVIL, p(1), 2, "2026-10-31", name("旧")),
            says(CIVIL, p(1), 2, "2026-11-10", name("王某英")),
        ],
    );
    let known = |world: &World| {
        let identity = world.folds[&p(1)].latest_identity();
        identity.and_then(|body| body.text("name").map(str::to_owned))
    };
    assert_eq!(known(&world).as_deref(), Some("王某英"));

    // In conflict it says nothing, and the next source is asked.
    world.tell(&says(CIVIL, p(1), 2, "2026-11-10", name("王某莹")));
    assert_eq!(known(&world).as_deref(), Some("误"));
}
