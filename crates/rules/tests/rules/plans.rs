//! What is changed, one thing at a time, in what a policy does about a family: the
//! level and grade, steps and their time, whose desk it is, and when it is looked at
//! again.

use crate::mutation::{Edit, Line, edits, words};

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
const OPTIONAL: [&str; 6] = [
    "grade_when_open",
    "effect_within_days",
    "recheck_on",
    "confidential",
    "may_remain_open",
    "needs",
];

/// The lines that say what is done, each with its edits.
pub(crate) fn lines(text: &str) -> Vec<(Line<'_>, Vec<Edit>)> {
    let mut found = Vec::new();
    let (mut inside, mut of, mut at) = ("", "", 0);
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start();
        let key = bare.split(':').next().unwrap_or_default();
        if !line.starts_with([' ', '#', '-']) {
            (inside, of) = (key, key);
        }
        if line.len() - bare.len() == 2 && bare.contains(':') && !bare.starts_with('#') {
            of = key;
        }
        let is_plan = ["missed", "no_longer", "raises"].contains(&inside) && KEYS.contains(&of);
        let is_desk = ["route", "confidential", "may_remain_open", "needs"].contains(&inside);
        if (is_plan || is_desk) && !bare.starts_with('#') {
            let line = Line { at, text: line, of };
            let edits = changes(&line, inside, key);
            found.push((line, edits));
        }
        at += line.len();
    }
    found
}

fn changes(line: &Line<'_>, inside: &str, key: &str) -> Vec<Edit> {
    let text = line.text;
    let mut all = words(text, &CHANGES);
    // The condition of a level is changed where conditions are.
    if inside != line.of && !["level", "level_when", "grade", "grade_when_open"].contains(&line.of)
    {
        all.extend(edits(text));
    }
    if OPTIONAL.contains(&key) {
        all.push((0, text.len(), String::new()));
    }
    for (optional, end) in [(", from: ", [',', '}']), (", statutory: ", ['}', '}'])] {
        let begun = text.find(optional);
        let stop = begun.and_then(|at| text[at + 1..].find(end).map(|length| at + 1 + length));
        all.extend(begun.zip(stop).map(|(at, stop)| (at, stop, " ".to_owned())));
    }
    let own = ["from", "statutory"]
        .contains(&key)
        .then(|| (0, text.len(), String::new()));
    all.extend(own);
    all
}
