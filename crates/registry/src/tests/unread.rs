//! Rows that could not be taken: neither the old facts nor none, until the list
//! comes again or the row is told readably.

use domain::dictionary::Kind;
use domain::household::{Completeness, WhyUnknown};
use domain::value::{Body, Value};

use super::*;

fn listed(as_of: &str) -> Coverage {
    complete("disability_register", COUNTY, as_of, as_of)
}

/// A list with rows of which nobody can tell whom they were about.
fn with_unnamed(list: Coverage) -> Coverage {
    Coverage {
        unnamed_rows: 2,
        ..list
    }
}

fn unread(feed: Feed, subject: Subject, key: u8, at: &str, kind: Kind) -> Record {
    Record {
        valid: Period::since(day(at.split('#').next().unwrap())),
        statement: Statement::Unread(kind),
        ..says(feed, subject, key, at, Body::new(kind))
    }
}

fn seen(world: &World, kind: Kind, on: &str) -> (usize, Completeness) {
    let list = world.list(1, kind, on);
    (list.items.len(), list.completeness)
}

const CERTIFICATE: Kind = Kind::DisabilityCertificate;

#[test]
fn an_unread_row_makes_unknown_what_a_missing_row_would_end() {
    let lists = ["2026-09-30", "2026-10-31", "2026-11-30"].map(listed);
    let world = World::new(
        lists.clone(),
        [
            says(DISABILITY, p(1), 1, "2026-09-30", certificate("2")),
            unread(DISABILITY, p(1), 1, "2026-10-31", CERTIFICATE),
        ],
    );
    assert_eq!(seen(&world, CERTIFICATE, "2026-10-30").0, 1);
    let unknown = (0, open(WhyUnknown::Unread));
    assert_eq!(seen(&world, CERTIFICATE, "2026-11-15"), unknown);
    // The next list does not name it, and every row of it could be read.
    let ended = (0, judged_by(&lists[2]));
    assert_eq!(seen(&world, CERTIFICATE, "2026-12-01"), ended);
}

#[test]
fn a_correction_under_the_same_key_lifts_the_doubt() {
    let world = World::new(
        [listed("2026-10-31")],
        [
            unread(DISABILITY, p(1), 1, "2026-10-31#1", CERTIFICATE),
            says(DISABILITY, p(1), 1, "2026-10-31#2", certificate("1")),
        ],
    );
    let told = (1, judged_by(&listed("2026-10-31")));
    assert_eq!(seen(&world, CERTIFICATE, "2026-11-15"), told);
}

#[test]
fn an_unread_row_under_another_key_hides_what_stood_there_before() {
    // The certificate's number was what could not be read.
    let world = World::new(
        ["2026-09-30", "2026-10-31"].map(listed),
        [
            says(DISABILITY, p(1), 1, "2026-09-30", certificate("2")),
            unread(DISABILITY, p(1), 9, "2026-10-31", CERTIFICATE),
        ],
    );
    let unknown = (0, open(WhyUnknown::Unread));
    assert_eq!(seen(&world, CERTIFICATE, "2026-11-15"), unknown);
}

#[test]
fn a_row_about_nobody_may_be_about_who_was_listed_before() {
    let lists = [
        listed("2026-08-31"),
        listed("2026-09-30"),
        with_unnamed(listed("2026-10-31")),
        with_unnamed(listed("2026-11-15")),
    ];
    let world = World::new(
        lists.clone(),
        [says(DISABILITY, p(1), 1, "2026-09-30", certificate("2"))],
    );
    let unknown = (0, open(WhyUnknown::Unread));
    assert_eq!(seen(&world, CERTIFICATE, "2026-11-10"), unknown);
    assert_eq!(seen(&world, CERTIFICATE, "2026-11-20"), unknown);
    // Whoever a readable list had already left out is not in it again.
    let gone = World::new(
        lists.clone(),
        [says(DISABILITY, p(1), 1, "2026-08-31", certificate("2"))],
    );
    let none = (0, judged_by(&lists[3]));
    assert_eq!(seen(&gone, CERTIFICATE, "2026-11-20"), none);
    // Nor is whoever was never listed.
    let never = World::new(
        lists.clone(),
        [says(CIVIL, p(1), 1, "2026-11-01", born("1980-01-01"))],
    );
    assert_eq!(seen(&never, CERTIFICATE, "2026-11-20"), none);
}

#[test]
fn a_member_in_an_unread_row_leaves_the_composition_open_and_has_no_other_home() {
    let register = |as_of| complete("civil_register", COUNTY, as_of, as_of);
    let composed = || Body::new(Kind::Composition).with("basis", Value::Code("verified"));
    let world = World::new(
        ["2026-10-03", "2026-11-03"].map(register),
        [
            says(CIVIL, p(1), 1, "2026-10-03", member_of(1, "head")),
            says(CIVIL, p(2), 2, "2026-10-03", member_of(1, "child")),
            says(CIVIL, p(2), 3, "2026-10-03", hukou("320412100")),
            says(CIVIL, h(1), 4, "2026-10-03", composed()),
            says(CIVIL, p(1), 1, "2026-11-03", member_of(1, "head")),
            says(CIVIL, h(1), 4, "2026-11-03", composed()),
            unread(CIVIL, p(2), 2, "2026-11-03", Kind::Membership),
            unread(CIVIL, p(2), 3, "2026-11-03", Kind::Hukou),
        ],
    );
    let view = world.see(h(1), "2026-11-20");
    let composition = &view.facts[&Kind::Composition];
    assert_eq!(composition.completeness, open(WhyUnknown::Unread));
    assert_eq!(member_ids(&view), [person(1)]);
    assert!(view.person(person(2)).is_some(), "read as linked");
    assert_eq!(world.home(2, "2026-11-20"), p(2));
    // Where somebody lives is not lost with a row.
    let lens = crate::lens::Lens::new(&world.folds[&p(2)], &world.coverage, day("2026-11-20"));
    assert_eq!(lens.place(), Some(place("320412100")));
}

#[test]
fn a_composition_told_and_unread_at_once_is_unread() {
    let register = complete("civil_register", COUNTY, "2026-11-03", "2026-11-03");
    let composed = Body::new(Kind::Composition).with("basis", Value::Code("verified"));
    let world = World::new(
        [register],
        [
            says(CIVIL, p(1), 1, "2026-11-03", member_of(1, "head")),
            says(CIVIL, h(1), 4, "2026-11-03", composed),
            // A member whose number could not be read, of a household that could.
            unread(CIVIL, h(1), 4, "2026-11-03", Kind::Composition),
        ],
    );
    let view = world.see(h(1), "2026-11-20");
    let composition = &view.facts[&Kind::Composition];
    assert_eq!(composition.completeness, open(WhyUnknown::Unread));
}

fn payment(month: &str) -> Body {
    Body::new(Kind::Grant)
        .with("item", Value::Code("subsistence"))
        .with("month", Value::Month(month.parse().unwrap()))
}

#[test]
fn a_payment_in_an_unread_row_is_not_a_missing_payment() {
    let october = paid("subsistence", "2026-10", "2026-10-10");
    let november = paid("subsistence", "2026-11", "2026-11-10");
    let december = paid("subsistence", "2026-12", "2026-12-10");
    let told = |row| {
        let rows = [says(PAYMENTS, p(1), 1, "2026-10-10", payment("2026-10"))];
        let lists = [october.clone(), november.clone(), december.clone()];
        World::new(lists, rows.into_iter().chain(row))
    };
    let row = unread(PAYMENTS, p(1), 2, "2026-11-10", Kind::Grant);
    let world = told(Some(row));
    assert_eq!(
        seen(&world, Kind::Grant, "2026-11-20"),
        (1, open(WhyUnknown::Unread))
    );
    // A month later the newest list tells, and the old row hides nothing of it.
    assert_eq!(
        seen(&world, Kind::Grant, "2026-12-20"),
        (1, Completeness::Closed)
    );
    let missing = told(None);
    assert_eq!(
        seen(&missing, Kind::Grant, "2026-11-20"),
        (1, Completeness::Closed)
    );
}

#[test]
fn a_payment_row_about_nobody_may_be_whose_payment_is_missing_now() {
    let october = paid("subsistence", "2026-10", "2026-10-10");
    let november = with_unnamed(paid("subsistence", "2026-11", "2026-11-10"));
    let world = World::new(
        [october, november],
        [says(PAYMENTS, p(1), 1, "2026-10-10", payment("2026-10"))],
    );
    assert_eq!(
        seen(&world, Kind::Grant, "2026-11-20"),
        (1, open(WhyUnknown::Unread))
    );
    let rows = ["2026-10", "2026-11"].map(|month| {
        let key = month.as_bytes()[6];
        says(PAYMENTS, p(1), key, "2026-11-10", payment(month))
    });
    let paid_now = World {
        folds: World::new([], rows).folds,
        ..world
    };
    assert_eq!(
        seen(&paid_now, Kind::Grant, "2026-11-20"),
        (2, Completeness::Closed)
    );
}

const EDUCATION: Feed = ("education", "school_enrolment");

/// A pupil listed in May, and the lists of May and October.
fn pupil(october: Coverage) -> World {
    let stage = |kind| Body::new(kind).with("stage", Value::Code("junior"));
    let may = complete("school_enrolment", COUNTY, "2026-05-10", "2026-05-10");
    World::new(
        [may, october],
        [
            says(EDUCATION, p(1), 1, "2026-05-10", stage(Kind::Enrolment)),
            says(EDUCATION, p(1), 1, "2026-05-10", stage(Kind::SchoolRecord)),
        ],
    )
}

/// Whoever is not in the newest list was once told to be at school: the list
/// ends the enrolment and not the word. A row of nobody in that list could be
/// the pupil, so then nothing is known.
#[test]
fn a_pupil_who_left_the_list_is_remembered_and_a_nameless_row_makes_it_unknown() {
    let october = complete("school_enrolment", COUNTY, "2026-10-08", "2026-10-08");
    let world = pupil(october.clone());
    let enrolment = world.list(1, Kind::Enrolment, "2026-11-20");
    assert_eq!(enrolment.items.len(), 0);
    assert_eq!(enrolment.completeness, judged_by(&october));
    assert_eq!(
        world.list(1, Kind::SchoolRecord, "2026-11-20").items.len(),
        1
    );

    let world = pupil(with_unnamed(october));
    let enrolment = world.list(1, Kind::Enrolment, "2026-11-20");
    assert_eq!(enrolment.completeness, open(WhyUnknown::Unread));
    assert_eq!(
        world.list(1, Kind::SchoolRecord, "2026-11-20").items.len(),
        1
    );
}

/// No list of October: May's still speaks until it is too old, then nobody knows.
#[test]
fn a_list_of_last_term_does_not_make_dropouts_of_its_pupils() {
    let of_another_county = complete("school_enrolment", "320411", "2026-10-08", "2026-10-08");
    let world = pupil(of_another_county);
    let seen = |on| world.list(1, Kind::Enrolment, on);
    assert_eq!(seen("2026-11-20").items.len(), 1);
    let late = seen("2026-12-01");
    assert_eq!(late.completeness, open(WhyUnknown::Stale));
}
