//! Incidents of invented families: accidents that must reach a desk, and
//! people who only saw one.

use domain::time::{Date, add_days};

use crate::dice::Dice;
use crate::model::{Household, Incident};

/// A slight accident of the head. Its family is a low-income one, so somebody
/// has to call.
pub(crate) fn struck(
    dice: &mut Dice,
    household: &mut Household,
    index: u32,
    on: Date,
) -> (Option<usize>, String) {
    let happened = add_days(on, -i32::try_from(dice.between(5, 40)).unwrap_or(9));
    let incident = row(household, index, happened, "受伤人员");
    household.incidents.push(Incident {
        role: dice.word(&["伤者", "受灾人员", ""]),
        injury: dice.word(&["轻伤", "轻微伤"]),
        loss: "财物损失",
        ..incident
    });
    (None, format!("低收入家庭成员{happened}交通事故受伤"))
}

/// Somebody who reported what happened to others: nobody's need.
pub(crate) fn witnessed(household: &mut Household, index: u32, on: Date) {
    let incident = row(household, index, add_days(on, -12), "报警人");
    household.incidents.push(incident);
}

fn row(household: &Household, index: u32, happened: Date, role: &'static str) -> Incident {
    let head = household.head();
    Incident {
        number: format!("JJ{}{index:06}", happened.to_string().replace('-', "")),
        kind: "交通事故",
        on: happened,
        told: add_days(happened, 2),
        name: head.name.clone(),
        id: Some(head.id.clone()),
        role,
        injury: "无伤亡",
        loss: "无损失",
        sender: "交警",
    }
}
