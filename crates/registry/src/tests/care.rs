//! Weeks of visits, by table: who is on the roster, which day a visit was made
//! on, what was found, and what the week then says.

use domain::dictionary::Kind;
use domain::record::Record;
use domain::time::Month;
use domain::value::{Body, Value};
use domain::week::Week;

use super::*;
use crate::care::{Roster, Span, ToVisit, by_village, roster, to_visit};

const ROSTER: Feed = ("elder_care", "care_plans");
const VILLAGE: Feed = ("village", "visits");
const FENGLE: &str = "320412100201";

fn planned(n: u8, class: &'static str, at: &str) -> Record {
    let body = Body::new(Kind::CarePlan)
        .with("class", Value::Code(class))
        .with("place", Value::Division(place(FENGLE)))
        .with("responsible", Value::Text("李某".into()));
    says(ROSTER, p(n), n, at, body)
}

fn visited(n: u8, key: u8, on: &str, kind: &'static str, finding: &'static str) -> Record {
    let body = Body::new(Kind::Visit)
        .with("kind", Value::Code(kind))
        .with("visited_on", Value::Date(day(on)))
        .with("finding", Value::Code(finding));
    // Told a week later: what counts is the day of the visit.
    valid(says(VILLAGE, p(n), key, "2026-11-27", body), on, "")
}

/// The span of person 1, looked at on a later day.
fn span_of(span: Span, today: &str, records: &[Record]) -> Option<ToVisit> {
    let lists = [complete("care_plans", COUNTY, "2026-11-01", "2026-11-01")];
    let world = World::new(lists, records.iter().cloned());
    let fold = &world.folds[&p(1)];
    to_visit(fold, &world.coverage, place(COUNTY), span, day(today))
}

fn week_of(week: &str, today: &str, records: &[Record]) -> Option<ToVisit> {
    let week: Week = week.parse().unwrap();
    span_of(Span::Week(week), today, records)
}

fn month_of(month: &str, today: &str, records: &[Record]) -> Option<ToVisit> {
    let month: Month = month.parse().unwrap();
    span_of(Span::Month(month), today, records)
}

/// Day, kind and finding of a visit.
type Made = (&'static str, &'static str, &'static str);

/// Records of person 1's visits.
fn told(visits: &[Made]) -> impl Iterator<Item = Record> {
    let stored = |list: &domain::code::CodeList, code: &str| list.stored(code).unwrap();
    (10..)
        .zip(visits)
        .map(move |(number, (on, kind, finding))| {
            let kind = stored(&domain::code::VISIT_KIND, kind);
            let finding = stored(&domain::code::VISIT_FINDING, finding);
            visited(1, number, on, kind, finding)
        })
}

#[test]
fn a_month_counts_the_visits_made_from_its_first_day_to_its_last() {
    let plan = planned(1, "monthly", "2026-11-01");
    // Visits (day, kind, finding) → seen, missed in November?
    let table: [(&[Made], Option<&str>, Option<&str>); 7] = [
        (&[], None, None),
        (&[("2026-11-01", "care", "safe")], Some("2026-11-01"), None),
        (&[("2026-11-30", "care", "safe")], Some("2026-11-30"), None),
        // The last week of October ends on the first of November.
        (&[("2026-10-31", "care", "safe")], None, None),
        (&[("2026-12-01", "care", "safe")], None, None),
        (
            &[
                ("2026-11-25", "care", "needs_help"),
                ("2026-11-03", "care", "not_seen"),
            ],
            Some("2026-11-25"),
            Some("2026-11-03"),
        ),
        (&[("2026-11-18", "round", "safe")], None, None),
    ];
    for (visits, seen, missed) in table {
        let mut records = vec![plan.clone()];
        records.extend(told(visits));
        let month = month_of("2026-11", "2026-12-15", &records).expect("on the roster");
        assert_eq!(month.seen_on, seen.map(day), "{visits:?}");
        assert_eq!(month.missed_on, missed.map(day), "{visits:?}");
    }
    // Weekly visits are not owed once more by the month, and a month that has
    // not begun owes nothing.
    let weekly = [planned(1, "weekly", "2026-11-01")];
    assert_eq!(month_of("2026-11", "2026-11-30", &weekly), None);
    let monthly = [plan];
    assert!(month_of("2026-12", "2026-12-01", &monthly).is_some());
    assert_eq!(month_of("2026-12", "2026-11-30", &monthly), None);
}

#[test]
fn a_week_counts_the_visits_made_in_it() {
    let plan = planned(1, "weekly", "2026-11-01");
    // Visits (day, kind, finding) → seen in 2026-W47 (16 to 22 November)?
    let table: [(&[Made], Option<&str>, Option<&str>); 9] = [
        (&[], None, None),
        (&[("2026-11-16", "care", "safe")], Some("2026-11-16"), None),
        (
            &[("2026-11-22", "care", "needs_help")],
            Some("2026-11-22"),
            None,
        ),
        (&[("2026-11-15", "care", "safe")], None, None),
        (&[("2026-11-23", "care", "safe")], None, None),
        (
            &[
                ("2026-11-19", "care", "safe"),
                ("2026-11-17", "care", "safe"),
            ],
            Some("2026-11-17"),
            None,
        ),
        (
            &[("2026-11-18", "care", "not_seen")],
            None,
            Some("2026-11-18"),
        ),
        (
            &[
                ("2026-11-17", "care", "not_seen"),
                ("2026-11-20", "care", "safe"),
            ],
            Some("2026-11-20"),
            Some("2026-11-17"),
        ),
        // An income survey is another duty.
        (&[("2026-11-18", "survey", "safe")], None, None),
    ];
    for (visits, seen, missed) in table {
        let mut records = vec![plan.clone()];
        records.extend(told(visits));
        let week = week_of("2026-W47", "2026-11-30", &records).expect("on the roster");
        assert_eq!(week.seen_on, seen.map(day), "{visits:?}");
        assert_eq!(week.missed_on, missed.map(day), "{visits:?}");
        assert_eq!(week.place, Some(place(FENGLE)));
    }
}

#[test]
fn only_the_rosters_weekly_class_is_due() {
    let monthly = [planned(1, "monthly", "2026-11-01")];
    assert_eq!(week_of("2026-W47", "2026-11-30", &monthly), None);
    let weekly = [planned(1, "weekly", "2026-11-01")];
    assert!(week_of("2026-W47", "2026-11-16", &weekly).is_some());
    // A week that has not begun owes nothing.
    assert_eq!(week_of("2026-W47", "2026-11-15", &weekly), None);
    // Before the first roster nobody was on one.
    let untold = [hukou(FENGLE)].map(|body| says(CIVIL, p(1), 1, "2026-11-01", body));
    assert_eq!(week_of("2026-W47", "2026-11-30", &untold), None);
}

#[test]
fn whoever_left_the_roster_is_due_until_then() {
    let lists = [
        complete("care_plans", COUNTY, "2026-11-01", "2026-11-01"),
        complete("care_plans", COUNTY, "2026-11-18", "2026-11-18"),
    ];
    let world = World::new(lists, [planned(1, "weekly", "2026-11-01")]);
    let fold = &world.folds[&p(1)];
    let due = |week: &str| {
        let week = Span::Week(week.parse().unwrap());
        to_visit(
            fold,
            &world.coverage,
            place(COUNTY),
            week,
            day("2026-11-30"),
        )
        .is_some()
    };
    assert!(due("2026-W46"));
    assert!(!due("2026-W47"));
}

#[test]
fn villages_without_a_roster_are_off_and_not_empty() {
    let mut coverage = CoverageTable::default();
    let town = place("320412100");
    assert_eq!(roster(&coverage, town, day("2026-11-22")), Roster::Never);
    coverage.insert(complete(
        "care_plans",
        "320412100",
        "2026-11-01",
        "2026-11-01",
    ));
    let as_of = day("2026-11-01");
    assert_eq!(
        roster(&coverage, town, day("2026-11-22")),
        Roster::Known { as_of }
    );
    let next_year = day("2027-02-01");
    assert_eq!(roster(&coverage, town, next_year), Roster::Stale { as_of });

    let person = |n: u8, seen: Option<&str>, at: Option<&str>| ToVisit {
        person: super::person(n),
        place: at.map(place),
        responsible: None,
        seen_on: seen.map(day),
        missed_on: None,
    };
    let people = [
        person(1, Some("2026-11-17"), Some(FENGLE)),
        person(2, None, Some(FENGLE)),
        person(3, Some("2026-11-20"), Some(FENGLE)),
        person(4, None, Some("320412102201")),
        person(5, None, None),
    ];
    let villages = [place(FENGLE), place("320412100202")];
    let on = day("2026-11-22");
    let rows = by_village(people, &villages, &coverage, place(COUNTY), on);
    let shape: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.place.to_string(),
                row.roster.is_known(),
                row.due(),
                row.done(),
            )
        })
        .collect();
    let row = |place: &str, known, due, done| (place.to_owned(), known, due, done);
    let expected = [
        row(COUNTY, false, 1, 0),
        row(FENGLE, true, 3, 2),
        row("320412100202", true, 0, 0),
        row("320412102201", false, 1, 0),
    ];
    assert_eq!(shape, expected);
    let missing: Vec<_> = rows[1].missing().map(|p| p.person).collect();
    assert_eq!(missing, [super::person(2)]);
    // Whoever is still to be visited comes first.
    assert_eq!(rows[1].people[0].person, super::person(2));
}
