//! What a village contact is told: every shipped plan has words for a village,
//! no sensitive fact is in them, and none can be written into them.

use domain::dictionary::Sensitivity;
use domain::evaluation::{Confidential, Decision, Segment, Signal, VILLAGE_WITHOUT_WORDS};
use domain::household::{Facts, Household};
use rules::{Document, PolicySet, Problem};
use serde_json::{Value as Json, json};

use crate::support;
use crate::support::household::{build, patched};

const FRAME: &str = r#"policy: probe
version: "1"
kind: signal
subject: SUBJECT
title: { zh: 试, en: probe }
basis: [{ document: 试 }]
route: hukou
MARK
let:
  old: person.identity.birth_date <= on
  behind: "!old"
  sick: person.disease.exists(d, true)
  gone: size(known(person.death)) > 0
criteria: [{ id: one, zh: 一, en: one, when: size(people) > 0 }]
raises:
  level: blue
  clear_after_days: 1
  sentence: { zh: 试, en: probe }
  village: { zh: 'WORDS' }
  advice: { zh: 试, en: probe }
limits: []
"#;

fn load(words: &str, mark: &str) -> Result<PolicySet, Vec<Problem>> {
    let document = Document {
        name: "probe.yaml".to_owned(),
        text: FRAME
            .replace("SUBJECT", "person")
            .replace("MARK", mark)
            .replace("WORDS", words),
    };
    PolicySet::load(&[document], &support::documents("policies/parameters"))
}

#[test]
fn words_for_a_village_may_name_people_and_places() {
    for words in [
        "请看望{person}",
        "{head}户（{hukou}）{gone ? text(\"近况\") : text(\"家庭\")}",
        "{size(people)}人，{on}前报镇",
    ] {
        load(words, "").unwrap_or_else(|problems| panic!("{words}: {}", problems[0]));
    }
}

#[test]
fn words_for_a_village_use_no_sensitive_fact_not_even_as_a_condition() {
    for words in [
        "{age(person)}",
        "{person.identity.phone}",
        "{sum(person.grant.map(g, g.paid))}",
        "{distinct(person.grant.map(g, g.item))}",
        "{size(paid_rows(person, \"nursing_subsidy\"))}",
        "{param.allowance_standard}",
        "{person.membership.not_counted_reason}",
        "{person.lead.map(l, l.text)}",
        "{size(person.restricted_liberty) > 0 ? text(\"甲\") : text(\"乙\")}",
        "{size(person.disability_certificate)}",
        "{person.medical_settlement.exists(s, true) ? text(\"甲\") : text(\"乙\")}",
        "{household.means_check.result}",
        "{old ? text(\"甲\") : text(\"乙\")}",
        "{behind ? text(\"甲\") : text(\"乙\")}",
        "{sick ? text(\"甲\") : text(\"乙\")}",
        "{missing}",
    ] {
        let problems = load(words, "").expect_err(words);
        let codes: Vec<&str> = problems.iter().map(|p| p.code).collect();
        assert_eq!(codes, ["village.secret"], "{words}");
    }
}

#[test]
fn the_secret_is_placed_where_it_is_used() {
    let problems = load("请看望{person}，{sick ? text(\"甲\") : text(\"乙\")}", "")
        .err()
        .unwrap();
    let line = FRAME.lines().position(|line| line.contains("WORDS"));
    let before = "  village: { zh: '请看望{person}，{".chars().count();
    let at = (problems[0].line as usize, problems[0].column as usize);
    assert_eq!(at, (line.unwrap() + 1, before + 1), "{}", problems[0]);
    assert!(problems[0].zh.contains("重特大疾病"), "{}", problems[0].zh);
}

#[test]
fn a_confidential_policy_names_nobody_to_a_village_and_is_about_persons() {
    let children = "confidential: children";
    let set = load("请等儿童督导员当面告知", children).unwrap();
    assert_eq!(set.policies()[0].confidential, Confidential::Children);
    let problems = load("请看望{person}", children).err().unwrap();
    assert_eq!(problems[0].code, "village.secret");
    assert_eq!(
        load("好", "confidential: everyone").err().unwrap()[0].code,
        "document.shape"
    );
    let household = Document {
        name: "probe.yaml".to_owned(),
        text: FRAME
            .replace("SUBJECT", "household")
            .replace("MARK", children)
            .replace("WORDS", "好")
            .replace("person.", "head."),
    };
    let problems = PolicySet::load(&[household], &[]).err().unwrap();
    assert_eq!(problems[0].code, "policy.confidential");
}

/// Every household of every case file, with the file's name.
fn everyone() -> Vec<(Household, String)> {
    let mut all = Vec::new();
    for document in support::documents("policies/cases") {
        let file: Json = serde_saphyr::from_str(&document.text).unwrap();
        let on = file["on"].as_str().unwrap().parse().unwrap();
        for case in file["cases"].as_array().unwrap() {
            let change = case.get("change").cloned().unwrap_or(json!({}));
            let built = build(&patched(&file["base"], &change), on);
            all.push((built.household, document.name.clone()));
        }
    }
    all
}

/// Sensitive values of a subject, as they would be written.
fn secrets(facts: &Facts) -> Vec<String> {
    let items = facts.values().flat_map(|list| &list.items);
    let fields = items.flat_map(|item| item.body.fields());
    let sensitive = fields.filter(|(id, _)| id.def().level >= Sensitivity::L3);
    let mut words = Vec::new();
    for (field, value) in sensitive {
        match value.to_json() {
            Json::String(text) => words.push(text),
            other => words.push(other.to_string()),
        }
        if let domain::dictionary::FieldType::Code(list) = field.def().ty
            && let Some(code) = value.to_json().as_str()
        {
            words.push(list.zh(code).to_owned());
        }
    }
    words
}

/// Words that tell a sensitive fact without reading one.
const TELLING: [&str; 17] = [
    "残疾", "护理", "服刑", "戒毒", "羁押", "矫正", "失联", "失踪", "住院", "疾病", "重病", "精神",
    "智力", "死亡", "医疗", "低保", "孤儿",
];

fn told(decision: &Decision) -> String {
    let segments = decision.village();
    let words = segments.iter().map(|segment| match segment {
        Segment::Text(text) => text.as_str(),
        Segment::Name(_) => "某",
        Segment::Place(_) => "某地",
    });
    words.collect()
}

#[test]
fn no_village_is_told_a_sensitive_fact() {
    let set = support::shipped(true);
    let (mut seen, mut spoken) = (0, std::collections::BTreeSet::new());
    for (household, file) in everyone() {
        let people = household.people.iter().map(|p| &p.facts);
        let secrets: Vec<String> = people.chain([&household.facts]).flat_map(secrets).collect();
        for evaluation in rules::evaluate(&set, &household) {
            let Signal::Holds { plan, .. } = &evaluation.signal else {
                continue;
            };
            let policy = evaluation.policy.as_str();
            let decision = rules::explain(&set, &household, policy, evaluation.subject).unwrap();
            let told = told(&decision);
            assert_ne!(told, VILLAGE_WITHOUT_WORDS, "{policy} has no words");
            assert!(!told.contains(|c: char| c.is_ascii_digit()), "{told}");
            let secret = secrets.iter().find(|s| told.contains(s.as_str()));
            assert_eq!(secret, None, "{file}: {policy}: {told}");
            let telling = TELLING.iter().find(|word| told.contains(**word));
            assert_eq!(telling, None, "{policy}: {told}");
            let children = ["unattended_child", "orphan"].contains(&policy);
            assert_eq!(
                plan.confidential == Confidential::Children,
                children,
                "{policy}"
            );
            seen += 1;
            spoken.insert(policy.to_owned());
        }
    }
    assert!(seen > 60, "{seen}");
    let silent: Vec<_> = set
        .policies()
        .iter()
        .filter(|p| !spoken.contains(&p.id))
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn a_policy_without_words_still_sends_somebody() {
    let shipped = support::documents("policies");
    let mute: Vec<Document> = shipped
        .into_iter()
        .filter(|d| d.name == "urgent_lead.yaml")
        .map(|mut d| {
            let lines = d.text.lines().filter(|l| !l.starts_with("  village:"));
            d.text = lines.collect::<Vec<_>>().join("\n");
            d
        })
        .collect();
    let set = PolicySet::load(&mute, &support::documents("policies/parameters")).unwrap();
    let (household, _) = everyone()
        .into_iter()
        .find(|(_, file)| file == "urgent_lead.yaml")
        .unwrap();
    let subject = rules::evaluate(&set, &household)[0].subject;
    let decision = rules::explain(&set, &household, "urgent_lead", subject).unwrap();
    assert!(decision.village_zh.is_empty());
    assert_eq!(told(&decision), VILLAGE_WITHOUT_WORDS);
    // A decision stored before there were words for villages reads and replays.
    let stored = serde_json::to_value(&decision).unwrap();
    assert!(stored.get("village_zh").is_none());
    let plan = &stored["evaluation"]["signal"]["holds"]["plan"];
    assert!(plan["level"].is_string() && plan.get("confidential").is_none());
    let back: Decision = serde_json::from_value(stored).unwrap();
    assert_eq!(back, decision);
}
