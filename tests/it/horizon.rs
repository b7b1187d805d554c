//! Who enters and leaves by date alone: what judging on every day gives, each
//! birthday on its very day, and nothing is written.

use std::collections::{BTreeMap, BTreeSet};

use domain::authority::{Grant, Operation};
use domain::dictionary::Kind;
use domain::evaluation::Verdict;
use domain::household::{Completeness, Household, WhyUnknown, first};
use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::{Date, add_days, add_months, days_between};
use pipeline::horizon::{Crossed, Horizon, Question, carried, horizon};
use pipeline::loading::{Known, Loaded};
use pipeline::policies::Documents;
use pipeline::simulate;
use rules::Document;
use synth::{CountySpec, FeedFile, invent};
use testkit::app::{COUNTY, TestApp, divisions, policy_documents, sample_day};

const AGE: &str = "senior_allowance_age";
const POLICY: &str = "senior_allowance";

fn county() -> DivisionCode {
    DivisionCode::parse(COUNTY).unwrap()
}

async fn asked(app: &TestApp, days: u16, age: Option<u32>) -> Horizon {
    let values = age.map(|age| simulate::Question {
        values: vec![(AGE.to_owned(), age.to_string())],
        region: county(),
        on: sample_day(),
    });
    let question = Question {
        on: sample_day(),
        days,
        values,
    };
    let grant = app.grant("county", Operation::ReadPeople);
    horizon(&app.deps, &grant, &question).await.unwrap()
}

/// Every unit of the county, as it is loaded for judging.
async fn units(app: &TestApp) -> (Loaded, Vec<Subject>) {
    let grant = Grant::for_steps(county());
    let mut all = Vec::new();
    for letter in ["h", "p"] {
        let store = &app.deps.store;
        let page = store.subjects(&grant, letter, sample_day(), None, 1_000);
        all.extend(page.await.unwrap());
    }
    let loaded = Loaded::load(&app.deps, county(), &all, Known::Now);
    let loaded = loaded.await.unwrap();
    let alone = |unit: &Subject| {
        matches!(unit, Subject::Household(_))
            || registry::home(loaded.fold(*unit).unwrap(), &loaded.coverage, sample_day()) == *unit
    };
    let units = all.into_iter().filter(alone).collect();
    (loaded, units)
}

type Days = BTreeMap<(String, Date, Option<DivisionCode>), Crossed>;
type Verdicts = BTreeMap<(Subject, String, Subject), Verdict>;

fn count(days: &mut Days, at: (String, Date, Option<DivisionCode>), was: &Verdict, is: &Verdict) {
    let one = days.entry(at).or_default();
    match (was, is) {
        (_, Verdict::Met) => one.entered += 1,
        (Verdict::Met, Verdict::Undetermined(_)) => one.opened += 1,
        (Verdict::Met, _) => one.left += 1,
        _ => one.others += 1,
    }
}

fn same(was: &Verdict, is: &Verdict) -> bool {
    std::mem::discriminant(was) == std::mem::discriminant(is)
}

/// The repository's policies, of which one ends and one begins in the days ahead.
fn changing() -> Documents {
    let mut documents = policy_documents();
    let mut dates = |name: &str, from: &str, to: &str| {
        let named = |document: &&mut Document| document.name == name;
        let document = documents.policies.iter_mut().find(named).unwrap();
        assert!(document.text.contains(from), "{name}");
        document.text = document.text.replacen(from, to, 1);
    };
    let day = |days| add_days(sample_day(), days);
    let ends = format!("from: 2021-07-01\nto: {}\n", day(20));
    dates("marginal.yaml", "from: 2021-07-01\n", &ends);
    let begins = format!("from: {}\n", day(30));
    dates("senior_allowance.yaml", "from: 2012-01-01\n", &begins);
    documents
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_days_ahead_are_what_judging_on_each_of_them_gives() {
    let app = TestApp::sqlite().await.inhabited(64).await;
    let told = is_judging_on_each_day(&app).await;
    assert!(told.values().any(|crossed| crossed.entered > 0), "{told:?}");
    assert!(told.values().any(|crossed| crossed.left > 0), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_ends_or_begins_in_the_days_ahead_is_told_of_on_that_day() {
    let app = TestApp::of(changing()).await.inhabited(64).await;
    let told = is_judging_on_each_day(&app).await;
    let on = |policy: &str, days| {
        let day = add_days(sample_day(), days);
        let there = told
            .iter()
            .filter(|((id, on, _), _)| id == policy && *on == day);
        there.fold((0, 0), |(entered, left), (_, crossed)| {
            (entered + crossed.entered, left + crossed.left)
        })
    };
    let ((_, left), (entered, _)) = (on("marginal", 20), on(POLICY, 30));
    assert!(left > 0 && entered > 0, "{left} {entered} {told:?}");
}

/// What the days ahead tell, which is what judging every unit on every day comes to.
async fn is_judging_on_each_day(app: &TestApp) -> Days {
    const DAYS: u16 = 75;
    let before = app.deps.store.statistics().await.unwrap();
    let answer = asked(app, DAYS, None).await;
    assert_eq!(app.deps.store.statistics().await.unwrap(), before);
    assert!(answer.left.is_empty());

    let (loaded, units) = units(app).await;
    assert_eq!(answer.units, units.len() as u64);
    let (set, mut expected, mut stale) = (app.deps.policies(), Days::new(), 0);
    for unit in &units {
        let start = loaded.project(*unit, sample_day());
        let judged = |view: &Household| -> Verdicts {
            let all = rules::evaluate(&set, view).into_iter();
            all.map(|e| ((view.unit, e.policy, e.subject), e.verdict))
                .collect()
        };
        let mut yesterday = judged(&start);
        for day in 1..=i32::from(DAYS) {
            let day = add_days(sample_day(), day);
            let plain = loaded.project(*unit, day);
            let open = Completeness::Open(WhyUnknown::Stale);
            let lists = |view: &Household| {
                let people = view.people.iter().flat_map(|p| p.facts.values());
                people.filter(|list| list.completeness == open).count()
            };
            let view = carried(plain.clone(), &start);
            stale += lists(&plain) - lists(&view);
            let today = judged(&view);
            let town = view.hukou.and_then(|place| place.township());
            let keys = today
                .keys()
                .chain(yesterday.keys().filter(|k| !today.contains_key(*k)));
            for key in keys {
                let of = |all: &Verdicts| all.get(key).cloned().unwrap_or(Verdict::NotApplicable);
                let (was, is) = (of(&yesterday), of(&today));
                if !same(&was, &is) {
                    count(&mut expected, (key.1.clone(), day, town), &was, &is);
                }
            }
            yesterday = today;
        }
    }
    // Lists would have grown stale, and did not in the answer.
    assert!(stale > 0);
    let told = answer.policies.iter().flat_map(|(id, ahead)| {
        let days = ahead.by_day.iter();
        days.map(|((day, town), crossed)| ((id.clone(), *day, *town), *crossed))
    });
    let told: Days = told.collect();
    assert_eq!(told, expected);
    for (id, ahead) in &answer.policies {
        let total = ahead.total();
        let crossing = total.entered + total.left + total.opened;
        assert_eq!(ahead.examples.len() as u64, crossing.min(10), "{id}");
        assert!(ahead.examples.is_sorted_by_key(|one| one.change.on), "{id}");
    }
    told
}

/// The day each person of the units reaches an age, who lives and is of local
/// hukou: the rest of the policy.
fn birthdays(loaded: &Loaded, units: &[Subject], age: u32) -> BTreeMap<Subject, Date> {
    let mut days = BTreeMap::new();
    for unit in units {
        for person in loaded.project(*unit, sample_day()).members() {
            let identity = first(&person.facts, Kind::Identity);
            let hukou = first(&person.facts, Kind::Hukou);
            let local = hukou.is_some_and(|hukou| hukou.body.flag("local") == Some(true));
            let dead = first(&person.facts, Kind::Death).is_some();
            if !local || dead {
                continue;
            }
            if let Some(born) = identity.and_then(|item| item.body.date("birth_date")) {
                let months = i32::try_from(age * 12).unwrap();
                days.insert(Subject::Person(person.id), add_months(born, months));
            }
        }
    }
    days
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_birthday_is_told_on_its_day_and_the_day_after_the_last_is_not() {
    let app = TestApp::sqlite().await.inhabited(64).await;
    let (loaded, units) = units(&app).await;
    // Two that come of an age within the year, on days of their own, living.
    let mut chosen = None;
    for age in (20..80).rev() {
        let mut ahead: Vec<Date> = birthdays(&loaded, &units, age).into_values().collect();
        ahead.retain(|day| (1..=300).contains(&days_between(sample_day(), *day)));
        ahead.sort_unstable();
        if let [.., one, two] = ahead.as_slice()
            && one < two
            && ahead.len() > 2
        {
            chosen = Some((age, *two));
            break;
        }
    }
    let (age, after) = chosen.expect("an age that three people reach");
    let days = u16::try_from(days_between(sample_day(), after) - 1).unwrap();
    let all = birthdays(&loaded, &units, age);
    let told = |answer: &Horizon| -> BTreeMap<Subject, Date> {
        let examples = answer.policies[POLICY].examples.iter();
        let entered = examples.filter(|one| one.change.becomes == rules::Standing::Met);
        entered
            .map(|one| (one.change.subject, one.change.on))
            .collect()
    };
    let short = asked(&app, days, Some(age)).await;
    let longer = asked(&app, days + 1, Some(age)).await;
    let (short, longer) = (told(&short), told(&longer));
    assert!(short.len() > 1 && longer.len() < 10, "{short:?}");
    for (subject, day) in &longer {
        assert_eq!(all[subject], *day);
        assert_eq!(short.contains_key(subject), *day != after);
    }
    let last = longer.values().filter(|day| **day == after);
    assert!(last.count() > 0, "{longer:?}");
    let inside = |day: &&Date| **day > sample_day() && **day < after;
    assert_eq!(short.len(), all.values().filter(inside).count());
}

/// The list without three people who live with somebody, a day later.
fn without_three(civil: &FeedFile) -> FeedFile {
    let number = |line: &[u8]| line.split(|byte| *byte == b',').next().map(<[u8]>::to_vec);
    let (mut before, mut left) = (None, 0);
    let lines = civil.bytes.split_inclusive(|byte| *byte == b'\n');
    let kept = lines.filter(|line| {
        let number = number(line);
        let leaves = left < 3 && number == before;
        left += usize::from(leaves);
        before = number;
        !leaves
    });
    let bytes = kept.flatten().copied().collect();
    assert_eq!(left, 3);
    let later = add_days(civil.business_date, 1);
    FeedFile {
        bytes,
        business_date: later,
        as_of: Some(later),
        ..civil.clone()
    }
}

/// Lists of a county of two dozen families.
fn few() -> Vec<FeedFile> {
    let spec = CountySpec {
        seed: 5,
        households: 24,
        on: sample_day(),
    };
    invent(&spec, &divisions()).feeds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_moved_out_is_a_unit_although_the_household_still_reads_them() {
    let app = TestApp::sqlite().await;
    let civil = few().into_iter();
    let civil = civil
        .filter(|file| file.dataset.as_str() == "civil_register")
        .max_by_key(|file| file.business_date)
        .unwrap();
    app.import(&civil).await.unwrap();
    app.settle().await;
    let (_, before) = units(&app).await;
    app.import(&without_three(&civil)).await.unwrap();
    app.settle().await;
    let (loaded, after) = units(&app).await;
    let moved_out = |unit: &&Subject| {
        let read = |household: &Subject| {
            loaded
                .people_of(*household)
                .any(|id| **unit == Subject::Person(id))
        };
        let households = after
            .iter()
            .filter(|unit| matches!(unit, Subject::Household(_)));
        !before.contains(unit) && matches!(unit, Subject::Person(_)) && households.clone().any(read)
    };
    assert_eq!(after.iter().filter(moved_out).count(), 3);
    assert_eq!(asked(&app, 1, None).await.units, after.len() as u64);
}

/// Units that are looked at again under another set of policies.
async fn revisited(app: &TestApp) -> BTreeSet<Subject> {
    let store = &app.deps.store;
    let all = store.units_to_revisit(county(), Date::MAX, "another", None, 1_000);
    all.await.unwrap().into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lives_in_a_household_is_no_unit_though_met_alone_first() {
    let app = TestApp::sqlite().await;
    let feeds = few().into_iter();
    let (mut civil, others): (Vec<FeedFile>, Vec<FeedFile>) =
        feeds.partition(|file| file.dataset.as_str() == "civil_register");
    civil.sort_by_key(|file| file.business_date);
    let last = civil.last().cloned().unwrap();
    let (mut ended, mut begun) = (0, 0);
    let mut before = BTreeSet::new();
    for files in [others, civil, vec![without_three(&last)]] {
        for file in &files {
            app.import(file).await.unwrap();
        }
        app.settle().await;
        let (_, now) = units(&app).await;
        let now: BTreeSet<Subject> = now.into_iter().collect();
        assert_eq!(revisited(&app).await, now);
        ended += before.difference(&now).count();
        begun = now.difference(&before).count();
        before = now;
        assert_eq!(app.deps.store.check().await.unwrap(), Vec::<String>::new());
    }
    assert!(
        ended > 10,
        "{ended} met alone were found to live with others"
    );
    assert_eq!(begun, 3, "those who left");
}
