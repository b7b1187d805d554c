//! What operators and functions come to, over one household of which something
//! is missing.

use domain::evaluation::Verdict;
use rules::{PolicySet, Problem, describe};
use serde_json::json;

use crate::support::framed;

fn load(when: &str) -> Result<PolicySet, Vec<Problem>> {
    PolicySet::load(&[framed("probe", "household", when, "")], &[])
}

/// `true`, `false`, or `?` and the facts that are missing.
fn told(when: &str) -> String {
    let set = load(when).unwrap_or_else(|problems| panic!("{when}: {}", problems[0]));
    let household = json!({
        "hukou": "320412100",
        "covered": ["civil_register", "vehicles"],
        "people": {
            "a": {
                "identity": [{ "name": "王小明", "birth_date": "1950-02-28" }],
                "membership": [{ "kinship": "head" }],
                "vehicle": [
                    { "type": "car", "status": "normal", "plated_on": "2026-01-31" },
                    { "status": "cancelled" },
                ],
                "visit": [{ "visited_on": "2026-11-15" }, { "visited_on": "2026-11-16" }],
            },
        },
    });
    let on = "2026-11-20".parse().unwrap();
    let household = describe(&household, on).unwrap().household;
    match &rules::evaluate(&set, &household)[0].verdict {
        Verdict::Met => "true".to_owned(),
        Verdict::NotMet => "false".to_owned(),
        Verdict::NotApplicable => "-".to_owned(),
        Verdict::Undetermined(missing) => {
            let facts: Vec<&str> = missing.iter().map(|one| one.fact.as_str()).collect();
            format!("?{}", facts.join(" "))
        }
    }
}

/// Checks rows of `condition => answer`, all of them before it fails.
fn check(rows: &str) {
    let rows = rows.lines().map(str::trim).filter(|row| !row.is_empty());
    let wrong: Vec<String> = rows
        .filter_map(|row| {
            let (when, expected) = row.rsplit_once(" => ").unwrap();
            let told = told(when.trim());
            (told != expected.trim()).then(|| format!("{when} => {told}, not {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn remainder_and_sign() {
    check(
        "7 % 3 == 1 => true
         -7 % 3 == -1 => true
         7 % -3 == 1 => true
         size(members) % 2 == 1 => true
         7 % 0 == 1 => ?arithmetic
         months_between(month_of('1950-02-28'), month_of(on)) % 12 == 9 => true
         -(1 / 2) < 0 / 1 => true
         -(1 / 2) == -1 / 2 => true
         -(1 / 0) < 1 / 1 => ?arithmetic
         -yuan(2) == yuan(-2) => true",
    );
}

#[test]
fn calendar_weeks_run_from_monday_to_sunday() {
    check(
        "week_of('2026-11-20') == '2026-11-16' => true
         week_of('2026-11-16') == '2026-11-16' => true
         week_of('2026-11-15') == '2026-11-09' => true
         head.visit.exists_one(v, week_of(v.visited_on) == week_of(on)) => true
         weeks_between('2026-11-15', '2026-11-16') == 1 => true
         weeks_between('2026-11-16', '2026-11-22') == 0 => true
         weeks_between('2026-11-16', '2026-11-15') == -1 => true
         weeks_between(head.vehicle[1].plated_on, on) == 0 => ?vehicle.plated_on",
    );
}

#[test]
fn an_element_by_its_number_needs_to_know_which_elements_there_are() {
    check(
        "[3, 5, 8][1] == 5 => true
         [3, 5][2] == 5 => ?element
         [3, 5][-1] == 5 => ?element
         head.vehicle[0].status == 'normal' => true
         head.vehicle[1].status == 'normal' => false
         head.vehicle[1].type == 'car' => ?vehicle.type
         head.vehicle.map(v, v.type)[0] == 'car' => true
         head.vehicle.filter(v, v.type == 'car')[0].status == 'normal' => ?vehicle.type
         head.vehicle.filter(v, has(v.type))[0].status == 'normal' => true
         head.medical_settlement[0].refund => ?medical_settlement.refund
         size([[1, 2], [3]][0]) == 2 => true",
    );
}

#[test]
fn what_is_missing_for_either_side_is_named_together() {
    check(
        "size(head.medical_settlement) in [1, 2] => ?medical_settlement
         1 in (head.identity.phone == '1' ? [1, 2] : [3]) => ?identity.phone
         size(head.medical_settlement) in (head.identity.phone == '1' ? [1, 2] : [3]) => ?identity.phone medical_settlement
         confirmed(head.vehicle, size(head.medical_settlement)) => ?medical_settlement
         confirmed(head.identity.phone == '1' ? head.vehicle : head.vehicle, 1) => ?identity.phone
         confirmed(head.identity.phone == '1' ? head.vehicle : head.vehicle, size(head.medical_settlement)) => ?identity.phone medical_settlement
         confirmed(head.vehicle, 1) => true
         confirmed(head.vehicle, 2) => ?vehicle
         confirmed(head.vehicle.filter(v, v.status != 'normal' && v.status != 'cancelled'), 2) => false",
    );
}

#[test]
fn texts_are_asked_for_parts_ends_and_patterns() {
    check(
        "head.identity.name.contains('小') => true
         head.identity.name.startsWith('王') => true
         head.identity.name.startsWith('小') => false
         head.identity.name.endsWith('明') => true
         head.identity.name.contains('') => true
         size(head.identity.name) == 3 => true
         head.identity.name.matches('^王..$') => true
         matches(head.identity.name, '[0-9]') => false
         head.identity.phone.contains('1') => ?identity.phone
         head.identity.phone.matches('1') => ?identity.phone
         size(head.identity.phone) > 0 => ?identity.phone
         text(head).contains('王') => ?arithmetic
         text('a', head.identity.name).matches('^a王') => true",
    );
}

#[test]
fn what_has_no_plain_meaning_is_refused() {
    for (when, code) in [
        ("7 % size(members) == yuan(1)", "type.compare"),
        ("yuan(3) % yuan(2) == yuan(1)", "type.arithmetic"),
        ("(1 / 2) % (1 / 3) == 1 / 2", "type.arithmetic"),
        ("age(head) % 3 == size(members)", "type.compare"),
        ("members[on] == head", "call.arguments"),
        ("head[0] == head", "call.arguments"),
        ("members[age(head)] == head", "call.arguments"),
        ("week_of(month_of(on)) == on", "call.arguments"),
        (
            "weeks_between(on, on) == days_between(on, on)",
            "type.compare",
        ),
        ("head.identity.sex.contains('1')", "call.arguments"),
        ("head.identity.name.contains(1)", "call.arguments"),
        ("head.identity.name.contains()", "call.arguments"),
        ("size(head.identity.sex) == 1", "call.arguments"),
        (
            "head.identity.name.matches(head.identity.name)",
            "pattern.written",
        ),
        ("head.identity.name.matches('(')", "pattern.malformed"),
        (
            "head.identity.name.matches('(a{1000}){1000}')",
            "pattern.malformed",
        ),
        ("head.identity.sex.matches('1')", "type.mismatch"),
        ("head.identity.name.contain('1')", "name.unknown"),
        ("-9223372036854775808 < 0", "expression.literal"),
    ] {
        let problems = load(when).map(|_| when).unwrap_err();
        assert_eq!(problems[0].code, code, "{when}: {}", problems[0]);
    }
}

/// A pattern on which going back and trying again would never end.
#[test]
fn patterns_match_in_linear_time() {
    let long = "a".repeat(3_000);
    for pattern in ["^(a*)*b$", "^(a|a)*b$", "(.*)*(.*)*x"] {
        let when = format!("text('{long}').matches('{pattern}')");
        assert_eq!(told(&when), "false", "{pattern}");
    }
}
