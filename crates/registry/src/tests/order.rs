//! The law of order: any order, batching or repetition of the same records
//! gives the same bytes and the same household. With two wrong folds that the
//! law must catch, so that it is known to look.

use std::collections::{BTreeMap, BTreeSet};

use domain::dictionary::Kind;
use domain::time::add_days;
use domain::value::{Body, Value};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use super::*;

/// What one generated number triple means: small alphabets, so that keys,
/// revisions and contents meet often.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    what: u8,
    key: u8,
    at: u8,
    content: u8,
    row: u8,
}

/// Records and lists, a shuffle, what is repeated, and where batches end.
#[derive(Clone, Debug)]
pub(super) struct Case {
    steps: Vec<Step>,
    lists: u8,
    shuffle: Vec<u16>,
    pub(super) day: u8,
}

const DAYS: [&str; 5] = [
    "2026-09-30#1",
    "2026-10-31#1",
    "2026-10-31#2",
    "2026-11-06#1",
    "2026-11-30#1",
];

const PLACES: [&str; 3] = ["320412100201", "320412103", "34"];

pub(super) fn cases() -> impl Strategy<Value = Case> {
    let step =
        (0u8..14, 0u8..3, 0u8..5, 0u8..3, 0u8..4).prop_map(|(what, key, at, content, row)| Step {
            what,
            key,
            at,
            content,
            row,
        });
    let steps = prop::collection::vec(step, 1..14);
    let shuffle = prop::collection::vec(any::<u16>(), 20);
    (steps, any::<u8>(), shuffle, 0u8..100).prop_map(|(steps, lists, shuffle, day)| Case {
        steps,
        lists,
        shuffle,
        day,
    })
}

impl Step {
    fn record(self) -> Record {
        let at = DAYS[usize::from(self.at)];
        let content = usize::from(self.content);
        // Natural keys hold the kind, as the vault makes them.
        let key = |kind: Kind| kind as u8 * 4 + self.key;
        let person = p(1 + self.key % 2);
        let told = |feed, subject, body: Body| {
            // Some begin, some end, some leave the look-back (36 months of a
            // grant) within the days looked at.
            let (from, to) = match (body.kind(), self.key) {
                (Kind::Grant, 0) => ("2023-10-01", "2023-11-10"),
                (_, 0) => ("", ""),
                (_, 1) => ("2026-10-15", ""),
                _ => ("2026-01-01", "2026-11-12"),
            };
            valid(says(feed, subject, key(body.kind()), at, body), from, to)
        };
        let withdrawn = |feed, kind| retracts(feed, person, key(kind), at, kind);
        let not_read = |subject, kind| Record {
            statement: Statement::Unread(kind),
            ..says(CIVIL, subject, key(kind), at, Body::new(kind))
        };
        let disputed = |kind, subject| Record {
            key: NaturalKey([240 + self.key; 16]),
            ..disputes(subject, key(kind), at, kind)
        };
        let grant = || {
            let paid_under = Value::Household(household(1 + self.content % 2));
            Body::new(Kind::Grant).with("household", paid_under)
        };
        let composed = || {
            let basis = Value::Code(["declared", "verified", "unknown"][content]);
            Body::new(Kind::Composition).with("basis", basis)
        };
        let record = match self.what {
            0 => told(CIVIL, person, member_of(1 + self.content % 2, "head")),
            1 => told(CIVIL, person, hukou(PLACES[content])),
            2 => told(DISABILITY, person, certificate(["1", "2", "3"][content])),
            3 => told(MEDICAL, person, disease(["甲", "乙", "丙"][content])),
            4 => told(
                POLICE,
                person,
                died(["2026-10-01", "2026-10-02", "2026-11-20"][content]),
            ),
            5 => told(
                CIVIL,
                person,
                born(["1980-02-29", "2026-10-20", "1946-11-20"][content]),
            ),
            6 => told(PAYMENTS, person, grant()),
            7 => told(CIVIL, h(1), composed()),
            8 => withdrawn(MEDICAL, Kind::Disease),
            9 => withdrawn(CIVIL, Kind::Membership),
            10 => disputed(
                [Kind::Disease, Kind::Membership, Kind::Hukou][content],
                person,
            ),
            11 => disputed(Kind::Composition, h(1)),
            12 => not_read(
                person,
                [Kind::Membership, Kind::Hukou, Kind::Income][content],
            ),
            _ => not_read(h(1), Kind::Composition),
        };
        Record {
            origin: Origin {
                import: import(self.row % 2),
                line: u32::from(self.row),
            },
            ..record
        }
    }
}

fn disease(name: &str) -> Body {
    Body::new(Kind::Disease).with("name", Value::Text(name.into()))
}

impl Case {
    pub(super) fn records(&self) -> Vec<Record> {
        self.steps.iter().map(|step| step.record()).collect()
    }

    /// Some of the lists that could have come.
    pub(super) fn coverage(&self) -> Vec<Coverage> {
        let lists = [
            complete("civil_register", COUNTY, "2026-09-30", "2026-09-30#1"),
            complete("civil_register", COUNTY, "2026-10-31", "2026-10-31#1"),
            complete("civil_register", "320412103", "2026-10-31", "2026-10-31#2"),
            complete("civil_register", COUNTY, "2026-11-29", "2026-11-30#1"),
            complete("disability_register", COUNTY, "2026-10-31", "2026-10-31#2"),
            Coverage {
                unnamed_rows: 1,
                ..complete("disability_register", COUNTY, "2026-11-30", "2026-11-30#1")
            },
            complete("serious_illness", COUNTY, "2026-10-01", "2026-10-31#1"),
            paid("subsistence", "2026-10", "2026-10-05"),
        ];
        let came = |bit: usize| self.lists >> bit & 1 == 1;
        let lists = lists.into_iter().enumerate();
        lists
            .filter(|(bit, _)| came(*bit))
            .map(|(_, list)| list)
            .collect()
    }

    pub(super) fn on(&self) -> Date {
        add_days(day("2026-09-15"), i32::from(self.day))
    }

    /// The records shuffled, about every third one repeated, in batches.
    fn arrivals(&self) -> Vec<Vec<Record>> {
        let number = |i: usize| self.shuffle[i % self.shuffle.len()];
        let mut arriving: Vec<(u16, Record)> = Vec::new();
        for (i, record) in self.records().into_iter().enumerate() {
            if number(i) % 3 == 0 {
                arriving.push((number(i + 7).rotate_left(5), record.clone()));
            }
            arriving.push((number(i), record));
        }
        arriving.sort_by_key(|(place, _)| *place);
        let mut batches = vec![Vec::new()];
        for (place, record) in arriving {
            if place % 4 == 1 {
                batches.push(Vec::new());
            }
            batches.last_mut().unwrap().push(record);
        }
        batches
    }
}

/// A way to keep what was told: batches in, one text per subject out.
type Keeping = fn(&[Vec<Record>]) -> BTreeMap<Subject, Vec<u8>>;

fn folded(batches: &[Vec<Record>]) -> BTreeMap<Subject, Vec<u8>> {
    let mut stored: BTreeMap<Subject, Vec<u8>> = BTreeMap::new();
    for batch in batches {
        let mut open: BTreeMap<Subject, Fold> = BTreeMap::new();
        for record in batch {
            let subject = record.subject;
            let fold = open
                .entry(subject)
                .or_insert_with(|| match stored.get(&subject) {
                    Some(bytes) => Fold::from_bytes(bytes).unwrap(),
                    None => Fold::empty(subject),
                });
            fold.apply(record);
        }
        stored.extend(
            open.into_iter()
                .map(|(subject, fold)| (subject, fold.to_bytes())),
        );
    }
    stored
}

/// Wrong: what arrives last is believed.
fn kept_in_arrival_order(batches: &[Vec<Record>]) -> BTreeMap<Subject, Vec<u8>> {
    let mut believed: BTreeMap<Subject, BTreeMap<(NaturalKey, Kind), Record>> = BTreeMap::new();
    for record in batches.iter().flatten() {
        let key = (record.key, record.statement.kind());
        believed
            .entry(record.subject)
            .or_default()
            .insert(key, record.clone());
    }
    let text = |kept: &BTreeMap<_, Record>| serde_json::to_vec(&kept.values().collect::<Vec<_>>());
    believed
        .into_iter()
        .map(|(subject, kept)| (subject, text(&kept).unwrap()))
        .collect()
}

/// Wrong: what arrives twice counts twice.
fn kept_with_repeats(batches: &[Vec<Record>]) -> BTreeMap<Subject, Vec<u8>> {
    let mut kept: BTreeMap<Subject, Vec<String>> = BTreeMap::new();
    for record in batches.iter().flatten() {
        let text = serde_json::to_string(record).unwrap();
        kept.entry(record.subject).or_default().push(text);
    }
    kept.into_iter()
        .map(|(subject, mut texts)| {
            texts.sort();
            (subject, texts.concat().into_bytes())
        })
        .collect()
}

fn law_of_order(case: &Case, keep: Keeping) -> Result<(), TestCaseError> {
    let straight = keep(&[case.records()]);
    let arrived = keep(&case.arrivals());
    prop_assert_eq!(&straight, &arrived);
    Ok(())
}

fn same_households(case: &Case) -> Result<(), TestCaseError> {
    let straight = World::new(case.coverage(), case.records());
    let mut lists = case.coverage();
    lists.reverse();
    lists.extend(case.coverage());
    let arrived = World::new(lists, case.arrivals().concat());
    prop_assert_eq!(&straight, &arrived);
    let view = |world: &World| world.see_among(&world.people(), h(1), case.on());
    prop_assert_eq!(view(&straight), view(&arrived));
    prop_assert_eq!(illnesses(&straight), illnesses_believed(&case.records()));
    Ok(())
}

/// Keys of the illnesses of the first person in force at the end of 2026.
fn illnesses(world: &World) -> BTreeSet<NaturalKey> {
    let people = world.people();
    let seen = |unit| world.see_among(&people, unit, day("2026-12-31"));
    let views = [seen(h(1)), seen(h(2)), seen(p(1))];
    let of_first = views
        .iter()
        .flat_map(Household::members)
        .filter(|m| m.id == person(1));
    of_first
        .flat_map(|member| facts(member, Kind::Disease).items)
        .map(|item| item.key)
        .collect()
}

/// The same from the records by the plain words of the rule: of each key the
/// highest revision, if it says one thing, is in force, not withdrawn and not
/// disputed.
fn illnesses_believed(records: &[Record]) -> BTreeSet<NaturalKey> {
    let highest = |records: &[&Record]| records.iter().map(|r| r.revision).max();
    let said = |kind: Kind, key: NaturalKey| -> Vec<&Record> {
        let about = |r: &&Record| r.subject == p(1) && r.statement.kind() == kind && r.key == key;
        let all: Vec<&Record> = records.iter().filter(about).collect();
        let newest = highest(&all);
        all.into_iter()
            .filter(|r| Some(r.revision) == newest)
            .collect()
    };
    let keys = |kind: Kind| -> BTreeSet<NaturalKey> {
        let of_kind = records.iter().filter(|r| r.statement.kind() == kind);
        of_kind.map(|r| r.key).collect()
    };
    let disputed: Vec<String> = keys(Kind::Dispute)
        .into_iter()
        .flat_map(|key| said(Kind::Dispute, key))
        .filter_map(|record| match &record.statement {
            Statement::Says(body) if body.text("fact") == Some("disease") => Some(format!(
                "{}@{}",
                body.text("record")?,
                body.text("revision")?
            )),
            _ => None,
        })
        .collect();
    let believed = |key: &NaturalKey| {
        let newest = said(Kind::Disease, *key);
        let contents: BTreeSet<_> = newest.iter().map(|r| &r.statement).collect();
        let says = matches!(contents.first(), Some(Statement::Says(_)));
        let name = |r: &Record| format!("{}@{}", r.key, r.revision);
        let in_force = newest.iter().all(|r| r.valid.contains(day("2026-12-31")));
        contents.len() == 1 && says && in_force && !disputed.contains(&name(newest[0]))
    };
    keys(Kind::Disease).into_iter().filter(believed).collect()
}

proptest! {
    #![proptest_config(Config::with_cases(20_000))]

    #[test]
    fn order_batches_and_repeats_do_not_matter(case in cases()) {
        law_of_order(&case, folded)?;
    }
}

proptest! {
    #![proptest_config(Config::with_cases(2_500))]

    #[test]
    fn the_same_records_give_the_same_household(case in cases()) {
        same_households(&case)?;
    }

    #[test]
    fn telling_again_is_no_news(case in cases()) {
        let mut world = World::new(case.coverage(), case.records());
        for record in case.records() {
            prop_assert!(!world.tell(&record));
        }
    }

    /// Everyone is looked at in exactly one unit, and in a household that their
    /// fold says reads them.
    #[test]
    fn everyone_has_one_home_and_the_household_reads_them(case in cases()) {
        let world = World::new(case.coverage(), case.records());
        let people = world.people();
        let units = [h(1), h(2), p(1), p(2)];
        let views = units.map(|unit| world.see_among(&people, unit, case.on()));
        for (id, fold) in &people {
            let homes: Vec<_> = views.iter().filter(|v| v.members().any(|m| m.id == *id)).collect();
            prop_assert_eq!(homes.len(), 1);
            prop_assert_eq!(homes[0].unit, home(fold, &world.coverage, case.on()));
            for view in views.iter().filter(|v| v.person(*id).is_some()) {
                let read = fold.reads().into_iter().map(|r| Subject::Household(r.household));
                prop_assert!(view.unit == Subject::Person(*id) || read.into_iter().any(|u| u == view.unit));
            }
        }
    }
}

/// Runs the law over `keep` and says whether it was caught within `within`
/// cases.
fn caught(keep: Keeping, within: u32) -> bool {
    let config = Config {
        cases: within,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let outcome =
        TestRunner::new_with_rng(config, rng).run(&cases(), |case| law_of_order(&case, keep));
    matches!(outcome, Err(TestError::Fail(..)))
}

#[test]
fn the_law_catches_folds_that_break_it() {
    assert!(caught(kept_in_arrival_order, 200));
    assert!(caught(kept_with_repeats, 200));
    assert!(!caught(folded, 200));
}
