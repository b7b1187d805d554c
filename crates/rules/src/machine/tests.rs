//! The smallest policy and a household of two, for tests of one chunk.

use domain::household::Household;

use crate::{Document, PolicySet, describe};

/// The smallest policy, with a condition to be put in.
const FRAME: &str = include_str!("../../tests/rules/support/probe.yaml");

/// It with a condition, as YAML has it.
pub(super) fn set(when: &str) -> PolicySet {
    set_with(when, &[])
}

/// The same where `param.cars` is so many from a day to another.
pub(super) fn set_with(when: &str, cars: &[(&str, &str, u32)]) -> PolicySet {
    let policy = Document {
        name: "probe.yaml".to_owned(),
        text: FRAME.replace("WHEN", when),
    };
    let value = |(from, to, cars): &(&str, &str, u32)| {
        format!("{{ value: {cars}, from: {from}, to: {to} }}")
    };
    let values: Vec<String> = cars.iter().map(value).collect();
    let values = values.join(", ");
    let parameters = Document {
        name: "parameters.yaml".to_owned(),
        text: format!(
            "region: '000000'\nparameters: [{{ key: cars, unit: count, zh: 车, values: [{values}] }}]\n"
        ),
    };
    PolicySet::load(&[policy], &[parameters]).unwrap()
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
