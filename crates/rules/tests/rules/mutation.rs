//! Whether the cases beside the policies notice a changed policy: every
//! comparison, connective, quantifier, negation and parameter of a condition is
//! changed once, and the policy's cases are run. What no case notices is listed
//! in `policies/mutants.txt`, so that a new one turns this red.

use std::collections::BTreeMap;
use std::fmt::Write;

use rules::{CaseSets, Document, PolicySet, run_cases};

use crate::support;

/// What is looked for and what is put in its place.
const CHANGES: [(&str, &str); 21] = [
    (" < ", " <= "),
    (" < ", " > "),
    (" <= ", " < "),
    (" <= ", " > "),
    (" > ", " >= "),
    (" > ", " < "),
    (" >= ", " > "),
    (" >= ", " < "),
    (" == ", " != "),
    (" != ", " == "),
    ("&& ", "|| "),
    ("|| ", "&& "),
    (".exists(", ".all("),
    (".all(", ".exists("),
    ("months_between(", "days_between("),
    ("days_between(", "months_between("),
    ("add_months(", "add_days("),
    ("add_days(", "add_months("),
    ("+ ", "- "),
    ("min(", "max("),
    ("max(", "min("),
];

/// One changed policy.
struct Mutant {
    /// Line of the change, as it stands, and what was put in.
    what: String,
    text: String,
}

/// Byte ranges of the lines that hold conditions: `let`, `applies_when`,
/// `criteria` and `receiving`, without their sentences and comments.
fn conditions(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let (mut inside, mut at) = (false, 0);
    for line in text.split_inclusive('\n') {
        if !line.starts_with([' ', '#', '-']) {
            let key = line.split(':').next().unwrap_or_default();
            inside = ["let", "applies_when", "criteria", "receiving"].contains(&key);
        }
        let bare = line.trim_start();
        let words = ["zh:", "en:", "#"].iter().any(|w| bare.starts_with(w));
        if inside && !words {
            found.push((at, at + line.len()));
        }
        at += line.len();
    }
    found
}

/// Every text with `from` replaced by `to` once, inside the conditions.
fn changed(text: &str, edits: &[(usize, usize, String)]) -> Vec<Mutant> {
    let mutant = |(start, end, put): &(usize, usize, String)| {
        let begin = text[..*start].rfind('\n').map_or(0, |at| at + 1);
        let stop = text[*end..].find('\n').map_or(text.len(), |at| end + at);
        let (before, after) = (&text[begin..*start], &text[*end..stop]);
        let was = text[*start..*end].trim();
        Mutant {
            what: format!(
                "{}⟦{was} → {}⟧{}",
                before.trim_start(),
                put.trim(),
                after.trim_end()
            ),
            text: format!("{}{put}{}", &text[..*start], &text[*end..]),
        }
    };
    edits.iter().map(mutant).collect()
}

fn mutants(text: &str) -> Vec<Mutant> {
    let mut edits = Vec::new();
    for (begin, end) in conditions(text) {
        let line = &text[begin..end];
        for (from, to) in CHANGES {
            for (at, _) in line.match_indices(from) {
                // A longer name that ends in a function's, or the first byte of `+ ` in a text.
                let word = from.starts_with(|c: char| c.is_ascii_lowercase());
                let before = line[..at].chars().next_back();
                if word && before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                    continue;
                }
                edits.push((begin + at, begin + at + from.len(), to.to_owned()));
            }
        }
        for (at, _) in line.match_indices('!') {
            if !line[at + 1..].starts_with('=') {
                edits.push((begin + at, begin + at + 1, String::new()));
            }
        }
        for (at, _) in line.match_indices("param.") {
            let name = line[at..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
            let stop = name.map_or(line.len(), |length| at + length);
            for nudge in ["+ 1", "- 1"] {
                let put = format!("({} {nudge})", &line[at..stop]);
                edits.push((begin + at, begin + stop, put));
            }
        }
    }
    changed(text, &edits)
}

#[derive(Default)]
struct Tally {
    killed: usize,
    refused: usize,
    survived: Vec<String>,
}

/// The parameters of both kinds of case.
struct Given {
    sampled: PolicySet,
    unsampled: PolicySet,
}

impl Given {
    /// Whether the cases come out as written; `None` when the set is refused.
    fn passes(&self, policies: &[Document], cases: &Document) -> Option<bool> {
        let sampled = self.sampled.with_policies(policies).ok()?;
        let unsampled = self.unsampled.with_policies(policies).ok()?;
        let sets = CaseSets {
            sampled: &sampled,
            unsampled: &unsampled,
            place: &crate::cases::place,
        };
        let outcomes = run_cases(cases, &sets).unwrap();
        assert!(!outcomes.is_empty(), "{} holds no case", cases.name);
        Some(outcomes.iter().all(|outcome| outcome.ok))
    }

    fn tally(&self, policy: &Document, cases: &Document) -> Tally {
        let mut tally = Tally::default();
        for mutant in mutants(&policy.text) {
            let changed = Document {
                name: policy.name.clone(),
                text: mutant.text,
            };
            match self.passes(&[changed], cases) {
                None => tally.refused += 1,
                Some(false) => tally.killed += 1,
                Some(true) => tally.survived.push(mutant.what),
            }
        }
        tally
    }
}

fn given() -> Given {
    Given {
        sampled: support::shipped(true),
        unsampled: support::shipped(false),
    }
}

#[test]
fn what_no_case_notices_is_listed() {
    let given = given();
    let documents = |folder| support::documents(folder).into_iter();
    let cases: BTreeMap<String, Document> = documents("policies/cases")
        .map(|document| (document.name.clone(), document))
        .collect();
    let mut policies: Vec<Document> = documents("policies").collect();
    policies.sort_by(|a, b| a.name.cmp(&b.name));

    let pair = |policy: &Document| {
        let cases = &cases[&policy.name];
        let unchanged = given.passes(std::slice::from_ref(policy), cases);
        assert_eq!(unchanged, Some(true), "{}", policy.name);
        given.tally(policy, cases)
    };
    let half = policies.len() / 2;
    let (first, second) = policies.split_at(half);
    let mut tallies: Vec<Tally> = std::thread::scope(|scope| {
        let other = scope.spawn(|| second.iter().map(pair).collect::<Vec<_>>());
        let mut tallies: Vec<Tally> = first.iter().map(pair).collect();
        tallies.extend(other.join().unwrap());
        tallies
    });

    let (mut killed, mut refused, mut survived) = (0, 0, 0);
    let mut list = String::new();
    for (policy, tally) in policies.iter().zip(&mut tallies) {
        killed += tally.killed;
        refused += tally.refused;
        survived += tally.survived.len();
        for what in &tally.survived {
            writeln!(list, "{}: {what}", policy.name).unwrap();
        }
    }
    let head =
        format!("killed {killed} · survived {survived} · refused by the checker {refused}\n");
    let found = format!("{head}{list}");
    let kept = support::root().join("policies/mutants.txt");
    let kept = std::fs::read_to_string(kept).unwrap_or_default();
    let body: String = kept
        .split_inclusive('\n')
        .filter(|l| !l.starts_with('#'))
        .collect();
    if found != body {
        let place = std::env::temp_dir().join("hearth-mutants.txt");
        std::fs::write(&place, &found).unwrap();
        let (old, new): (Vec<&str>, Vec<&str>) = (body.lines().collect(), found.lines().collect());
        let more: Vec<&&str> = new.iter().filter(|l| !old.contains(l)).collect();
        let fewer: Vec<&&str> = old.iter().filter(|l| !new.contains(l)).collect();
        panic!(
            "policies/mutants.txt differs; what was found is in {}\nnew: {more:#?}\ngone: {fewer:#?}",
            place.display()
        );
    }
}
