//! What is changed, one thing at a time, in what a policy does about a family: the
//! level and grade, steps and their time, whose desk it is, and when it is looked at
//! again.

use crate::mutation::{Edit, Line, Placed, edits, placed, words};

/// What is looked for and what is put in its place.
const CHANGES: [(&str, &str); 20] = [
    ("working_days:", "days:"),
    ("days:", "working_days:"),
    ("months:", "days:"),
    ("hours:", "days:"),
    ("step: contact", "step: verify"),
    ("step: verify", "step: contact"),
    ("step: handle", "step: verify"),
    ("level: red", "level: orange"),
    ("level: orange", "level: yellow"),
    ("level: yellow", "level: blue"),
    ("level: blue", "level: yellow"),
    ("grade: entitled_not_received", "grade: possibly_missed"),
    ("grade: possibly_missed", "grade: entitled_not_received"),
    (
        "grade_when_open: possibly_missed",
        "grade_when_open: entitled_not_received",
    ),
    ("route: hukou", "route: residence"),
    ("route: residence", "route: hukou"),
    ("route: county", "route: hukou"),
    ("route: incident", "route: hukou"),
    ("declared, ", ""),
    (", verified", ""),
];

/// Keys of a plan that say what is done, not what is told.
const KEYS: [&str; 8] = [
    "level",
    "level_when",
    "grade",
    "grade_when_open",
    "deadlines",
    "clear_after_days",
    "effect_within_days",
    "recheck_on",
];

/// Without them there is another value, so that the whole line is taken out too.
const OPTIONAL: [&str; 8] = [
    "grade_when_open",
    "effect_within_days",
    "recheck_on",
    "confidential",
    "may_remain_open",
    "needs",
    "from",
    "statutory",
];

/// The lines that say what is done, each with its edits.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (Line<'_>, Vec<Edit>)> {
    let says = |one: &Placed<'_>| {
        let is_plan = ["missed", "no_longer", "raises"].contains(&one.inside);
        let is_desk = ["route", "confidential", "may_remain_open", "needs"].contains(&one.inside);
        is_desk || (is_plan && KEYS.contains(&one.line.of))
    };
    let all = placed(text).into_iter().filter(says);
    all.map(|one| {
        let edits = changes(&one);
        (one.line, edits)
    })
}

fn changes(one: &Placed<'_>) -> Vec<Edit> {
    let Line { text, of, .. } = one.line;
    let mut all = words(text, &CHANGES);
    // The condition of a level is changed where conditions are.
    if one.inside != of && !["level", "level_when", "grade", "grade_when_open"].contains(&of) {
        all.extend(edits(text));
    }
    if OPTIONAL.contains(&one.key) {
        all.push((0, text.len(), String::new()));
    }
    for (optional, end) in [(", from: ", [',', '}']), (", statutory: ", ['}', '}'])] {
        let begun = text.find(optional);
        let stop = begun.and_then(|at| text[at + 1..].find(end).map(|length| at + 1 + length));
        all.extend(begun.zip(stop).map(|(at, stop)| (at, stop, " ".to_owned())));
    }
    all
}
