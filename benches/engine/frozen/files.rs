//! The twelve frozen rules as policy files, and a file of parameters for every
//! place. The dictionary has no floor area and no yearly expense of a household:
//! their figures stand as values of assets of classes nobody else uses.

use rules::{Document, PolicySet};

use super::{PLACES, RULES, standard};
use crate::Failed;
use crate::shipped::told;

/// Names that rules share.
const LET: &str = r#"let:
  alive: members.filter(m, size(m.death) == 0)
  adults: alive.filter(m, age(m) >= 18)
  income: sum(alive.map(m, sum(m.income.filter(i, has(i.amount_year)).map(i, i.amount_year))))
  line: param.allowance_standard * size(alive)
  poor: income < line * 2
  paid: household.recognition.exists(r, r.scheme == "subsistence")
  bills: sum(members.map(m, sum(m.medical_settlement.filter(s, s.settled_on >= add_days(on, -365)).map(s, s.personal_burden))))
  deposits: sum(members.map(m, sum(m.asset.filter(a, a.class == "deposit").map(a, a.value))))
  houses: sum(members.map(m, size(m.asset.filter(a, a.class == "house"))))
  area: sum(members.map(m, sum(m.asset.filter(a, a.class == "land").map(a, a.value))))
  vehicles: sum(members.map(m, size(m.vehicle)))
  vehicle_value: sum(members.map(m, sum(m.asset.filter(a, a.class == "car").map(a, a.value))))
  expense: sum(members.map(m, sum(m.asset.filter(a, a.class == "claim").map(a, a.value))))
"#;

/// Each rule, in the order of the bits.
const WHEN: [(&str, &str); RULES] = [
    ("low_income", "size(alive) > 0 && income < line"),
    (
        "edge_income",
        "income >= line && income * 2 < line * 3 && deposits <= line * 36",
    ),
    (
        "property",
        "paid && (deposits > line * 24 || houses > 2 || (houses == 2 && area > yuan(50) * size(alive)))",
    ),
    (
        "vehicle",
        r#"paid && (vehicles >= 2 || vehicle_value > param.allowance_standard * 60)
      && !alive.exists(m, m.disability_certificate.exists(c, c.grade in ["1", "2"]))"#,
    ),
    ("expense", "expense * 5 > income * 36 && poor"),
    (
        "severely_disabled",
        r#"adults.exists(m, m.disability_certificate.exists(c, c.grade in ["1", "2"])
      && m.income.exists(i, i.amount_year < param.allowance_standard * 2))"#,
    ),
    (
        "orphan",
        r#"alive.exists(m, age(m) < 18 && size(m.parent_of) == 2 && !m.grant.exists(g, g.item == "subsistence"))"#,
    ),
    (
        "medical_shock",
        "bills > param.allowance_standard * 36 && bills * 2 > income * 12",
    ),
    (
        "paid_after_death",
        r#"members.exists(m, size(m.death) > 0 && m.grant.exists(g, g.item == "subsistence"))"#,
    ),
    (
        "old_and_alone",
        "size(alive) > 0 && members.all(m, size(m.death) > 0 || age(m) >= 80)",
    ),
    (
        "students",
        "size(alive.filter(m, size(m.enrolment) > 0 && age(m) >= 16)) >= 2 && poor",
    ),
    (
        "no_labour",
        r#"size(alive) > 0 && poor && !paid && !adults.exists(m, age(m) < 60 && size(m.enrolment) == 0
      && !m.disability_certificate.exists(c, c.grade in ["1", "2"]))"#,
    ),
];

/// The county of a place.
pub(super) fn county(place: u64) -> String {
    format!("32{:02}{:02}", 1 + place / 10, 1 + place % 10)
}

/// The rules, loaded as any policies are, where standards are so many times what they
/// are.
pub(super) fn set(times: i64) -> Result<PolicySet, Failed> {
    let policies: Vec<Document> = WHEN
        .iter()
        .map(|(id, when)| Document {
            name: format!("{id}.yaml"),
            text: policy(id, when),
        })
        .collect();
    let parameters: Vec<Document> = (0..PLACES).map(|place| parameters(place, times)).collect();
    PolicySet::load(&policies, &parameters).map_err(|problems| told(&problems).into())
}

/// Which bit a policy is.
pub(super) fn bit(policy: &str) -> Option<usize> {
    WHEN.iter().position(|(id, _)| *id == policy)
}

fn policy(id: &str, when: &str) -> String {
    format!(
        r"policy: {id}
version: '1'
from: 2020-01-01
kind: signal
subject: household
title: {{ zh: 基准, en: Yardstick }}
basis: [{{ document: 基准, article: 一 }}]
route: hukou
{LET}criteria:
  - id: rule
    when: >-
      {when}
    zh: 成立
    en: it holds
material: [size(alive)]
raises:
  level: blue
  deadlines: []
  clear_after_days: 7
  sentence: {{ zh: '{{head}}', en: '{{head}}' }}
  advice: {{ zh: 无, en: none }}
limits: [仅供测速]
"
    )
}

fn parameters(place: u64, times: i64) -> Document {
    let (county, yuan) = (county(place), standard(place as u8) / 100 * times);
    Document {
        name: format!("{county}.yaml"),
        text: format!(
            r#"region: "{county}"
sample: true
label: 基准
issuer: 基准
parameters:
  - {{ key: allowance_standard, unit: yuan_per_month, zh: 低保标准, en: Allowance standard, values: [{{ from: 2020-01-01, value: {yuan} }}] }}
"#
        ),
    }
}
