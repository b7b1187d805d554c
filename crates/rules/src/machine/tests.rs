//! The smallest policy and a household of two, for tests of one chunk.

use domain::household::Household;

use crate::{Document, PolicySet, describe};

/// The smallest policy, with a condition to be put in.
const FRAME: &str = include_str!("../../tests/rules/support/probe.yaml");

/// It with a condition, as YAML has it.
pub(super) fn set(when: &str) -> PolicySet {
    let document = Document {
        name: "probe.yaml".to_owned(),
        text: FRAME.replace("WHEN", when),
    };
    PolicySet::load(&[document], &[]).unwrap()
}

/// One of the two has a car.
pub(super) fn household() -> Household {
    let whole = serde_json::json!({
        "hukou": "320412100",
        "people": { "a": { "vehicle": [{ "type": "car" }] }, "b": {} },
    });
    let on = "2026-11-20".parse().unwrap();
    describe(&whole, on).unwrap().household
}
