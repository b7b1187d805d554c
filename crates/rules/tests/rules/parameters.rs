//! The parameter registry: regions, dates, what is unset, what is overdue.

use crate::support;
use domain::parameter::ProposedValue;
use domain::region::DivisionCode;
use domain::time::Date;
use rules::{ApprovedValue, Document, PolicySet, approved_documents};

fn file(name: &str, text: &str) -> Document {
    Document {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

fn entry(values: &str) -> String {
    format!("parameters:\n  - key: k\n    unit: yuan\n    zh: 数\n    values: {values}\n")
}

fn set(files: &[(&str, &str)]) -> PolicySet {
    let files: Vec<Document> = files
        .iter()
        .map(|(region, values)| {
            let text = format!("region: \"{region}\"\n{}", entry(values));
            file(&format!("{region}.yaml"), &text)
        })
        .collect();
    PolicySet::load(&[], &files).unwrap()
}

fn value(set: &PolicySet, place: &str, on: &str) -> Option<String> {
    let place = DivisionCode::parse(place).unwrap();
    let on: Date = on.parse().unwrap();
    set.parameters().value("k", place, on).map(str::to_owned)
}

#[test]
fn the_longest_region_that_declares_it_decides() {
    let set = set(&[
        ("000000", "[{ value: 1 }]"),
        ("320000", "[{ value: 2 }]"),
        ("320400", "[{ value: 3 }]"),
        ("320412", "[{ value: 4, from: 2026-01-01, to: 2027-01-01 }]"),
        ("320412100", "[{ value: 5 }]"),
    ]);
    let on = "2026-11-20";
    for (place, expected) in [
        ("320412100201", "5元"),
        ("320412100", "5元"),
        ("320412101", "4元"),
        ("320411001", "3元"),
        ("320500", "2元"),
        ("11", "1元"),
    ] {
        assert_eq!(value(&set, place, on).as_deref(), Some(expected), "{place}");
    }
    // Its own period over, the county has no value; its city's is not taken instead.
    assert_eq!(value(&set, "320412101", "2025-12-31"), None);
    assert_eq!(
        value(&set, "320412101", "2026-01-01").as_deref(),
        Some("4元")
    );
    assert_eq!(value(&set, "320412101", "2027-01-01"), None);
}

#[test]
fn what_is_only_reported_is_never_applied() {
    let set = support::shipped(false);
    let place = DivisionCode::parse("320412100").unwrap();
    for on in ["2023-06-30", "2023-12-31", "2026-11-20"] {
        let on: Date = on.parse().unwrap();
        assert_eq!(
            set.parameters().value("allowance_standard", place, on),
            None
        );
    }
    let unset = set.unset(place, "2026-11-20".parse().unwrap());
    let waiting = unset
        .iter()
        .find(|u| u.key == "allowance_standard")
        .unwrap();
    assert!(
        waiting
            .policies
            .contains(&"subsistence_allowance".to_owned())
    );
    let pension = unset
        .iter()
        .any(|u| u.key == "central_basic_pension_exempt");
    assert!(pension, "the exemption ended with 2025");
    let before = set.unset(place, "2025-12-31".parse().unwrap());
    assert!(
        before
            .iter()
            .all(|u| u.key != "central_basic_pension_exempt")
    );
}

#[test]
fn samples_fill_in_and_are_labelled() {
    let set = support::shipped(true);
    let place = DivisionCode::parse("320412100").unwrap();
    let unset = set.unset(place, "2026-11-20".parse().unwrap());
    assert_eq!(unset, []);
    let samples = set
        .parameters()
        .iter()
        .flat_map(|p| &p.values)
        .filter(|v| v.sample);
    let mut seen = 0;
    for sample in samples {
        seen += 1;
        assert_eq!(sample.document, "示例参数·非官方标准");
    }
    assert!(seen > 5);
}

#[test]
fn wrong_files_are_placed() {
    for (text, line, code) in [
        (
            format!("region: \"3204x2\"\n{}", entry("[]")),
            1,
            "region.unknown",
        ),
        (
            format!("region: \"320412\"\n{}", entry("[{ value: many }]")),
            6,
            "parameter.value",
        ),
        (
            format!(
                "region: \"320412\"\n{}",
                entry("[]").replace("yuan", "yaun")
            ),
            4,
            "name.unknown",
        ),
        (
            format!("region: \"320412\"\n{}", entry("[{ value: 1.5 }]")),
            6,
            "document.shape",
        ),
    ] {
        let problems = PolicySet::load(&[], &[file("p.yaml", &text)]).unwrap_err();
        assert_eq!(
            (problems[0].line, problems[0].code),
            (line, code),
            "{}",
            problems[0]
        );
    }
    let two = format!("region: \"320412\"\n{}", entry("[{ value: 1 }]"));
    let twice = [file("a.yaml", &two), file("b.yaml", &two)];
    assert_eq!(
        PolicySet::load(&[], &twice).unwrap_err()[0].code,
        "parameter.twice"
    );
    let other = two.replace("yuan", "months");
    let units = [file("a.yaml", &two), file("b.yaml", &other)];
    assert_eq!(
        PolicySet::load(&[], &units).unwrap_err()[0].code,
        "parameter.unit"
    );
}

#[test]
fn the_hash_is_of_the_documents_in_any_order() {
    let mut documents = support::documents("policies/parameters");
    let one = PolicySet::load(&[], &documents).unwrap();
    documents.reverse();
    let same = PolicySet::load(&[], &documents).unwrap();
    assert_eq!(one.hash(), same.hash());
    documents[0].text.push('\n');
    let other = PolicySet::load(&[], &documents).unwrap();
    assert_ne!(one.hash(), other.hash());
}

fn proposed(region: &str, value: &str, from: &str, closes: bool) -> ProposedValue {
    ProposedValue {
        key: "k".to_owned(),
        region: DivisionCode::parse(region).unwrap(),
        value: value.to_owned(),
        from: from.parse().unwrap(),
        to: None,
        closes,
        document: "文〔2026〕1号".to_owned(),
        article: "一\"：#".to_owned(),
        issuer: "本地".to_owned(),
        note: String::new(),
        review_due: None,
    }
}

fn joined(
    base: &[(&str, &str)],
    approved: &[ProposedValue],
) -> Result<PolicySet, Vec<rules::Problem>> {
    let files: Vec<Document> = base
        .iter()
        .map(|(region, values)| {
            let text = format!("region: \"{region}\"\n{}", entry(values));
            file(&format!("{region}.yaml"), &text)
        })
        .collect();
    let alone = PolicySet::load(&[], &files)?;
    let approved: Vec<ApprovedValue> = approved
        .iter()
        .map(|value| ApprovedValue {
            value: value.clone(),
            proposed_by: "a".to_owned(),
            approved_by: "b".to_owned(),
        })
        .collect();
    let mut all = files;
    all.extend(approved_documents(alone.parameters(), &approved));
    PolicySet::load(&[], &all)
}

#[test]
fn an_approved_value_joins_and_ends_the_one_before() {
    let base = [("320412", "[{ value: 4, from: 2026-01-01, document: 甲 }]")];
    let next = proposed("320412", "5.50", "2026-07-01", true);
    let set = joined(&base, std::slice::from_ref(&next)).unwrap();
    let on = |day| value(&set, "320412100", day);
    assert_eq!(on("2026-06-30").as_deref(), Some("4元"));
    assert_eq!(on("2026-07-01").as_deref(), Some("5.50元"));
    let parameter = set.parameters().iter().next().unwrap();
    let (old, new) = (&parameter.values[0], &parameter.values[1]);
    assert_eq!(old.valid.to, Some("2026-07-01".parse().unwrap()));
    assert_eq!(
        (new.proposed_by.as_str(), new.approved_by.as_str()),
        ("a", "b")
    );
    assert_eq!(new.article, "一\"：#");
    // The same values give the same bytes.
    let again = joined(&base, std::slice::from_ref(&next)).unwrap();
    assert_eq!(again.hash(), set.hash());
    let unlike = proposed("320412", "5.51", "2026-07-01", true);
    assert_ne!(joined(&base, &[unlike]).unwrap().hash(), set.hash());
    // Without closing it, and before its first day, it does not join.
    for wrong in [
        proposed("320412", "5", "2026-07-01", false),
        proposed("320412", "5", "2025-07-01", true),
        proposed("320412", "5", "2026-01-01", true),
    ] {
        let problems = joined(&base, std::slice::from_ref(&wrong)).unwrap_err();
        assert_eq!(problems[0].code, "parameter.overlap", "{}", problems[0]);
        assert!(
            problems[0].zh.contains("4元"),
            "the row is not named: {}",
            problems[0].zh
        );
        let alone = joined(&base, &[]).unwrap();
        assert_eq!(alone.propose(&wrong).unwrap_err().code, "parameter.overlap");
    }
}

#[test]
fn a_file_that_comes_after_the_approval_is_no_second_value() {
    let official = "[{ value: 5, from: 2026-07-01, document: 文〔2026〕1号 }]";
    let value_5 = proposed("320412", "5", "2026-07-01", false);
    let set = joined(&[("320412", official)], &[value_5]).unwrap();
    let parameter = set.parameters().iter().next().unwrap();
    assert_eq!(parameter.values.len(), 1);
}

#[test]
fn before_its_first_approved_day_a_place_has_what_the_place_above_has() {
    let base = [("320000", "[{ value: 2, from: 2026-01-01 }]")];
    let own = proposed("320412", "3", "2026-07-01", false);
    let set = joined(&base, &[own]).unwrap();
    assert_eq!(
        value(&set, "320412100", "2026-06-30").as_deref(),
        Some("2元")
    );
    assert_eq!(
        value(&set, "320412100", "2026-07-01").as_deref(),
        Some("3元")
    );
    assert_eq!(
        value(&set, "320411001", "2026-07-01").as_deref(),
        Some("2元")
    );
    // A key that only other places declare is not this place's.
    let foreign = joined(&[("320500", "[]")], &[]).unwrap();
    let refused = foreign.propose(&proposed("320412", "3", "2026-07-01", false));
    assert_eq!(refused.unwrap_err().code, "parameter.unknown");
}

/// A code that is named twice is one code.
#[test]
fn a_list_of_codes_names_each_once() {
    let platform =
        support::document(&support::root().join("policies/parameters/000000-platform.yaml"));
    let twice = platform
        .text
        .replace("[car, bus, truck]", "[car, bus, car, truck]");
    assert_ne!(twice, platform.text);
    let load = |text: &str| {
        let file = file("p.yaml", text);
        let set = PolicySet::load(
            &[support::framed(
                "probe",
                "household",
                "size(param.vehicle_types_checked) == 3",
                "",
            )],
            &[file],
        );
        let household = support::everyone().swap_remove(0);
        rules::evaluate(&set.unwrap(), &household)[0]
            .verdict
            .clone()
    };
    assert_eq!(load(&twice), domain::evaluation::Verdict::Met);
    assert_eq!(load(&platform.text), domain::evaluation::Verdict::Met);
}
