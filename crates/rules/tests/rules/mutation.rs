//! Whether the cases beside the policies notice a changed policy: what
//! `docs/policy-language.md` names is changed in the conditions, one thing at a time,
//! and the policy's cases are run. What no case notices is listed in
//! `policies/mutants.txt` with the reason it stays; a new one, one that is noticed
//! by now and one without a reason turn this red.

use std::collections::BTreeMap;
use std::fmt::Write;

use rules::{CaseFile, CaseSets, Document, PolicySet};

use crate::{plans, support};

/// What is looked for and what is put in its place.
const CHANGES: [(&str, &str); 29] = [
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
    (" - ", " + "),
    (" / ", " * "),
    (" * ", " / "),
    ("certain(", "("),
    ("known(", "("),
    ("is_known(", "!is_known("),
    ("has(", "!has("),
    (": true", ": false"),
];

/// One changed policy.
struct Mutant {
    /// Whose line it is, the line, and in ⟦⟧ what stood there and what was put in.
    what: String,
    text: String,
}

/// A line of a condition, or of what is done about it.
pub(crate) struct Line<'t> {
    /// Where it begins in the policy.
    pub(crate) at: usize,
    pub(crate) text: &'t str,
    /// The name of `let`, the criterion or the key it belongs to.
    pub(crate) of: &'t str,
}

/// Bytes of a line from and to, and what is put there.
pub(crate) type Edit = (usize, usize, String);

/// A line with where in the policy it stands.
pub(crate) struct Placed<'t> {
    pub(crate) line: Line<'t>,
    /// The outermost key above it, or its own.
    pub(crate) inside: &'t str,
    /// What stands before its first colon.
    pub(crate) key: &'t str,
}

/// The lines of a policy, without comments.
pub(crate) fn placed(text: &str) -> Vec<Placed<'_>> {
    let mut found = Vec::new();
    let (mut inside, mut of, mut at) = ("", "", 0);
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start();
        let key = bare.split(':').next().unwrap_or_default();
        if !line.starts_with([' ', '#', '-']) {
            (inside, of) = (key, key);
        }
        // Two deep and no further stands a name of `let` or a criterion's id.
        let named = line.len() - bare.len() == 2 && bare.contains(':');
        if named && !bare.starts_with('#') {
            of = bare.strip_prefix("- id:").map_or(key, str::trim);
        }
        if !bare.starts_with('#') {
            let line = Line { at, text: line, of };
            found.push(Placed { line, inside, key });
        }
        at += line.len();
    }
    found
}

/// The lines that hold conditions: `let`, `applies_when`, `criteria`,
/// `receiving`, `level_when` and the amount, without their sentences and comments.
fn conditions(text: &str) -> impl Iterator<Item = Line<'_>> {
    let holds = |one: &Placed<'_>| {
        let whole = ["let", "applies_when", "criteria", "receiving"].contains(&one.inside);
        let words = ["zh", "en"].contains(&one.key);
        (whole && !words) || ["level_when", "per_month"].contains(&one.key)
    };
    let all = placed(text).into_iter();
    all.filter(holds).map(|one| one.line)
}

/// Byte ranges of the whole numbers that stand for themselves, not in a name
/// nor in a text literal (a code, a date).
fn numbers(line: &str) -> Vec<(usize, usize)> {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        let rest = &line[at + c.len_utf8()..];
        let length = match c {
            '"' | '\'' => literal(c, rest),
            _ if part(c) => {
                let word = line[at..].find(|c| !part(c)).unwrap_or(line.len() - at);
                if line[at..at + word].bytes().all(|b| b.is_ascii_digit()) {
                    found.push((at, at + word));
                }
                word
            }
            _ => 0,
        };
        at += length.max(c.len_utf8());
    }
    found
}

/// Bytes of the text literal that `quote` opens before `rest`; 0 when it
/// encloses a whole expression, as YAML does.
fn literal(quote: char, rest: &str) -> usize {
    match rest.find(quote) {
        Some(end) if !rest[..end].contains([' ', '(']) => end + 2,
        _ => 0,
    }
}

/// `x in list` turned round, and a code taken out of a list that is written out.
fn codes(line: &str) -> Vec<Edit> {
    let path = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let mut found = Vec::new();
    for (at, word) in line.match_indices(" in ") {
        let start = line[..at]
            .rfind(|c| !path(c))
            .map_or(0, |before| before + 1);
        let after = at + word.len();
        let stop = match line[after..].strip_prefix('[') {
            Some(list) => list.find(']').map(|end| after + end + 2),
            None => line[after..].find(|c| !path(c)).map(|end| after + end),
        };
        let stop = stop.unwrap_or(line.len());
        found.push((start, stop, format!("!({})", &line[start..stop])));
        let written: Vec<&str> = line[after..stop]
            .trim_matches(['[', ']'])
            .split(", ")
            .collect();
        if line[after..].starts_with('[') && written.len() > 1 {
            for out in 0..written.len() {
                let mut left = written.clone();
                left.remove(out);
                found.push((after, stop, format!("[{}]", left.join(", "))));
            }
        }
    }
    found
}

/// Each occurrence of a word or sign by itself, with what is put there.
pub(crate) fn words(line: &str, changes: &[(&str, &str)]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (from, to) in changes {
        for (at, _) in line.match_indices(from) {
            // A longer name that ends in a function's, or the first byte of `+ ` in a text.
            let word = from.starts_with(|c: char| c.is_ascii_lowercase());
            let before = line[..at].chars().next_back();
            if word && before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            edits.push((at, at + from.len(), (*to).to_owned()));
        }
    }
    edits
}

/// Byte ranges in a line and what is put there, each on its own.
pub(crate) fn edits(line: &str) -> Vec<Edit> {
    let mut edits = words(line, &CHANGES);
    edits.extend(codes(line));
    for (at, _) in line.match_indices('!') {
        if !line[at + 1..].starts_with('=') {
            edits.push((at, at + 1, String::new()));
        }
    }
    for (at, _) in line.match_indices("param.") {
        let name = line[at..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
        let stop = name.map_or(line.len(), |length| at + length);
        for nudge in ["+ 1", "- 1"] {
            edits.push((at, stop, format!("({} {nudge})", &line[at..stop])));
        }
    }
    for (at, stop) in numbers(line) {
        let number: i64 = line[at..stop].parse().expect("digits only");
        for near in [number + 1, number - 1] {
            edits.push((at, stop, near.to_string()));
        }
    }
    edits
}

/// Every text with one thing changed inside the conditions, or in what is done.
fn mutants(text: &str) -> Vec<Mutant> {
    let mut found = Vec::new();
    let conditions = conditions(text).map(|line| {
        let edits = edits(line.text);
        (line, edits)
    });
    for (line, edits) in conditions.chain(plans::lines(text)) {
        let said = line.text.trim();
        // A folded condition goes on over lines: say whose this one is.
        let own = said
            .strip_prefix(line.of)
            .is_some_and(|rest| rest.starts_with(':'));
        let of = if own {
            String::new()
        } else {
            format!("{}: ", line.of)
        };
        for (start, end, put) in edits {
            let (before, after) = (&line.text[..start], &line.text[end..]);
            let was = line.text[start..end].trim();
            found.push(Mutant {
                what: format!(
                    "{of}{}⟦{was} → {}⟧{}",
                    before.trim_start(),
                    put.trim(),
                    after.trim_end()
                ),
                text: format!(
                    "{}{put}{}",
                    &text[..line.at + start],
                    &text[line.at + end..]
                ),
            });
        }
    }
    found
}

#[derive(Default)]
struct Tally {
    killed: usize,
    refused: usize,
    survived: Vec<String>,
}

/// One case by itself, so that the first one that notices ends a mutant.
struct Single {
    file: CaseFile,
    /// It is judged under the sample parameters.
    sampled: bool,
}

/// A file of cases taken apart.
fn single(cases: &Document) -> Vec<Single> {
    let at = cases.text.find("\ncases:\n").expect("a file of cases");
    let (head, list) = cases.text.split_at(at + "\ncases:\n".len());
    let starts = list.match_indices("  - ").map(|(at, _)| at);
    let mut starts: Vec<usize> = starts
        .filter(|at| *at == 0 || list[..*at].ends_with('\n'))
        .collect();
    starts.push(list.len());
    let one = |pair: &[usize]| {
        let case = &list[pair[0]..pair[1]];
        let document = Document {
            name: cases.name.clone(),
            text: format!("{head}{case}"),
        };
        Single {
            file: CaseFile::read(&document).unwrap(),
            sampled: !case.contains("sample: false"),
        }
    };
    starts.windows(2).map(one).collect()
}

/// The parameters of both kinds of case.
struct Given {
    sampled: PolicySet,
    unsampled: PolicySet,
}

impl Given {
    /// The index of the first case that comes out otherwise, if one does; an error
    /// when the set is refused.
    fn noticed(&self, policy: &Document, cases: &[Single]) -> Result<Option<usize>, ()> {
        let policies = std::slice::from_ref(policy);
        let set = |given: &PolicySet| given.with_policies(policies).map_err(|_| ());
        let sampled = set(&self.sampled)?;
        for (index, case) in cases.iter().enumerate() {
            let run = |unsampled: &PolicySet| {
                case.file.run(&CaseSets {
                    sampled: &sampled,
                    unsampled,
                    place: &crate::cases::place,
                })
            };
            let outcomes = if case.sampled {
                run(&sampled)
            } else {
                run(&set(&self.unsampled)?)
            };
            assert_eq!(outcomes.len(), 1, "{}", policy.name);
            if !outcomes[0].ok {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn tally(&self, policy: &Document, mut cases: Vec<Single>) -> Tally {
        let mut tally = Tally::default();
        for mutant in mutants(&policy.text) {
            let changed = Document {
                name: policy.name.clone(),
                text: mutant.text,
            };
            match self.noticed(&changed, &cases) {
                Err(()) => tally.refused += 1,
                Ok(None) => tally.survived.push(mutant.what),
                Ok(Some(index)) => {
                    tally.killed += 1;
                    // What noticed this one often notices the next.
                    cases[..=index].rotate_right(1);
                }
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

/// Tallies of all policies, by name of the file, two at a time.
fn tallies() -> Vec<(String, Tally)> {
    let given = given();
    let documents = |folder| support::documents(folder).into_iter();
    let cases: BTreeMap<String, Document> = documents("policies/cases")
        .map(|document| (document.name.clone(), document))
        .collect();
    let mut policies: Vec<Document> = documents("policies").collect();
    policies.sort_by(|a, b| a.name.cmp(&b.name));

    let tally = |policy: &Document| {
        let cases = single(&cases[&policy.name]);
        assert!(!cases.is_empty(), "{} has no case", policy.name);
        let unchanged = given.noticed(policy, &cases);
        assert_eq!(unchanged, Ok(None), "{}", policy.name);
        (policy.name.clone(), given.tally(policy, cases))
    };
    let (first, second) = policies.split_at(policies.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| second.iter().map(tally).collect::<Vec<_>>());
        let mut tallies: Vec<(String, Tally)> = first.iter().map(tally).collect();
        tallies.extend(other.join().unwrap());
        tallies
    })
}

/// Why a survivor stays: it changes nothing that can come out, or a case is owed.
const REASONS: [&str; 2] = ["same: ", "open: "];

/// The survivors that a list names and the reason below each; empty when none
/// that counts stands there.
fn listed(text: &str) -> Vec<(&str, &str)> {
    let mut lines = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
        .peekable();
    let mut found = Vec::new();
    while let Some(what) = lines.next() {
        let below = lines
            .next_if(|line| line.starts_with(' '))
            .unwrap_or_default();
        let reason = below.trim().strip_prefix("# ").unwrap_or_default();
        // A kind with nothing after it has lost the space it ends with.
        let counts = REASONS.iter().any(|kind| reason.starts_with(kind));
        found.push((what, if counts { reason } else { "" }));
    }
    found
}

/// The list as it should be, with the reasons that are known.
fn written(tallies: &[(String, Tally)], kept: &str) -> String {
    let known: BTreeMap<&str, &str> = listed(kept).into_iter().collect();
    let (mut killed, mut refused, mut list) = (0, 0, String::new());
    let (mut survived, mut same) = (0, 0);
    for (policy, tally) in tallies {
        killed += tally.killed;
        refused += tally.refused;
        for what in &tally.survived {
            let what = format!("{policy}: {what}");
            let reason = known.get(what.as_str()).copied().unwrap_or_default();
            survived += 1;
            same += usize::from(reason.starts_with(REASONS[0]));
            writeln!(list, "{what}\n    # {reason}").unwrap();
        }
    }
    let open = survived - same;
    let comments = kept
        .split_inclusive('\n')
        .filter(|line| line.starts_with('#'));
    let comments: String = comments.collect();
    format!(
        "{comments}killed {killed} · survived {survived}, of which the same {same} and open {open} · refused by the checker {refused}\n{list}"
    )
}

#[test]
fn what_no_case_notices_is_listed_with_its_reason() {
    let kept = support::root().join("policies/mutants.txt");
    let kept = std::fs::read_to_string(kept).unwrap_or_default();
    let found = written(&tallies(), &kept);
    let mute = listed(&kept)
        .into_iter()
        .filter(|(_, reason)| reason.is_empty());
    let mute: Vec<&str> = mute.map(|(what, _)| what).collect();
    if found == kept && mute.is_empty() {
        return;
    }
    let place = std::env::temp_dir().join("hearth-mutants.txt");
    std::fs::write(&place, &found).unwrap();
    let names = |text| listed(text).into_iter().map(|(what, _)| what);
    let (old, new): (Vec<&str>, Vec<&str>) = (names(&kept).collect(), names(&found).collect());
    let more: Vec<&&str> = new.iter().filter(|what| !old.contains(what)).collect();
    let fewer: Vec<&&str> = old.iter().filter(|what| !new.contains(what)).collect();
    let summary = found.lines().find(|line| line.starts_with("killed "));
    panic!(
        "policies/mutants.txt differs; what was found is in {}\n{}\nnew: {more:#?}\ngone: {fewer:#?}\nwithout a reason: {mute:#?}",
        place.display(),
        summary.unwrap_or_default()
    );
}

#[test]
fn only_a_reason_of_a_known_kind_counts() {
    let text = "# what this is\nkilled 1\na: x⟦1 → 2⟧\n    # same: never read\nb: y\n    # because\n\
                c: z\n    # open:  \nd: w\ne: v\n    # open: no such record yet\n";
    let told: Vec<&str> = listed(text).into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(
        told,
        ["same: never read", "", "", "", "open: no such record yet"]
    );
    let what: Vec<String> = ["x⟦1 → 2⟧", "new"].map(str::to_owned).to_vec();
    let tally = Tally {
        survived: what,
        ..Tally::default()
    };
    let found = written(&[("a".to_owned(), tally)], text);
    let lines: Vec<&str> = found.lines().collect();
    assert_eq!(lines[0], "# what this is");
    assert_eq!(lines[2..4], ["a: x⟦1 → 2⟧", "    # same: never read"]);
    assert_eq!(lines[4..], ["a: new", "    # "]);
}

#[test]
fn numbers_are_those_that_stand_for_themselves() {
    let line = r#"    when: "size(a2) > 0 && g in ['1', '2'] && on >= '2026-01-01' && c == 'x' && n <= -12 * 3""#;
    let found: Vec<&str> = numbers(line)
        .into_iter()
        .map(|(a, b)| &line[a..b])
        .collect();
    assert_eq!(found, ["0", "12", "3"]);
}
