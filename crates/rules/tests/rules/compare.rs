//! Everybody compared under two sets at once: counts are those of the verdicts one
//! by one, money and near misses those of the interpreter.

use std::collections::{BTreeMap, BTreeSet};

use domain::evaluation::Confidential;
use domain::household::Household;
use domain::ids::Subject;
use domain::time::{Date, add_days};
use rules::{
    Appraisal, Change, Compared, Comparison, EXAMPLES_MAX, Example, Machine, Margin, Monthly,
    NEAR_MAX, Near, Outcome, Policy, PolicySet, Screened, Standing, Told, appraise,
};

use crate::machine::population;
use crate::support;

/// The shipped policies with the samples changed.
pub(super) fn with(change: &[(&str, &str)]) -> PolicySet {
    let mut sample = support::samples();
    for (was, would) in change {
        assert!(sample.text.contains(was), "{was}");
        sample.text = sample.text.replace(was, would);
    }
    support::shipped_with([sample])
}

/// The same with a policy that begins and one that ends after a day.
fn beginning(set: &PolicySet, on: Date) -> PolicySet {
    let (begins, ends) = (add_days(on, 100), add_days(on, 200));
    let mut documents = support::documents("policies");
    let mut put = |name: &str, was: &str, would: String| {
        let document = documents.iter_mut().find(|d| d.name == name).unwrap();
        assert!(document.text.contains(was), "{name}");
        document.text = document.text.replacen(was, &would, 1);
    };
    let from = "from: 2021-07-01";
    put("periodic_check_due.yaml", from, format!("from: {begins}"));
    put(
        "subsistence_allowance.yaml",
        from,
        format!("{from}\nto: {ends}"),
    );
    set.with_policies(&documents).unwrap()
}

/// Everybody judged under one set by the machine, and asked one by one.
struct Side<'s> {
    set: &'s PolicySet,
    on: Date,
    verdicts: BTreeMap<(usize, Subject, Subject), Outcome>,
}

impl Side<'_> {
    fn of<'s>(machine: &Machine, set: &'s PolicySet, on: Date, all: &[Household]) -> Side<'s> {
        let screened = machine.screen(&machine.columns(all), set, on).unwrap();
        let one = |s: Screened| ((s.policy, s.unit, s.subject), s.outcome);
        Side {
            set,
            on,
            verdicts: screened.into_iter().map(one).collect(),
        }
    }

    fn appraised(&self, verdict: &Verdict<'_>) -> Appraisal {
        let household = Household {
            on: self.on,
            ..verdict.household.clone()
        };
        appraise(self.set, &household, &verdict.policy.id, verdict.subject).unwrap()
    }
}

/// One verdict under both.
struct Verdict<'v> {
    policy: &'v Policy,
    household: &'v Household,
    subject: Subject,
    was: Standing,
    would: Standing,
}

impl Verdict<'_> {
    fn met(&self) -> (bool, bool) {
        let met = |standing| standing == Standing::Met;
        (met(self.was), met(self.would))
    }

    fn counts(&self, change: &mut Change, (told, tells): (Told, Told)) {
        for (counts, standing, told) in [
            (&mut change.before, self.was, told),
            (&mut change.after, self.would, tells),
        ] {
            counts.met += u64::from(standing == Standing::Met);
            counts.undetermined += u64::from(standing == Standing::Undetermined);
            counts.told += u64::from(told.is_something());
        }
        let none = Standing::NotApplicable;
        change.applicable += u64::from(self.would != none);
        change.concerned += u64::from(self.was != none || self.would != none);
        change.moved += u64::from(self.was != self.would);
        let (met, would) = self.met();
        change.gained += u64::from(would && !met);
        change.lost += u64::from(met && !would);
    }

    /// Fen that the interpreter finds, if they are known.
    fn fen(&self, side: &Side<'_>, met: bool) -> Option<i64> {
        if !met {
            return Some(0);
        }
        match side.appraised(self).monthly {
            Monthly::Fen(fen) => Some(fen),
            other => {
                assert_eq!(other, Monthly::Unknown);
                None
            }
        }
    }

    fn money(&self, change: &mut Change, (now, then): (&Side<'_>, &Side<'_>)) -> i64 {
        if self.policy.amount_basis().is_none() {
            return 0;
        }
        let (met, would) = self.met();
        let money = change.money.get_or_insert_default();
        let Some((was, becomes)) = self.fen(now, met).zip(self.fen(then, would)) else {
            money.unknown += 1;
            return 0;
        };
        money.before += was;
        money.after += becomes;
        money.known += 1;
        becomes - was
    }

    fn shown(&self, change: &mut Change, fen: i64) {
        let (unit, subject) = (self.household.unit, self.subject);
        let township = self.household.hukou.and_then(|hukou| hukou.township());
        let (met, would) = self.met();
        if met != would || fen != 0 {
            let town = change.by_township.entry(township).or_default();
            town.gained += u64::from(would && !met);
            town.lost += u64::from(met && !would);
            town.fen += fen;
        }
        if met != would {
            change.examples.push(Example {
                unit,
                subject,
                township,
                gained: would,
                decision: None,
            });
        }
    }

    fn near(&self, change: &mut Change, then: &Side<'_>, keys: &BTreeSet<String>) {
        if self.would != Standing::NotMet || self.policy.parameters.is_disjoint(keys) {
            return;
        }
        change
            .near
            .extend(then.appraised(self).miss.map(|miss| Near {
                unit: self.household.unit,
                subject: self.subject,
                township: self.household.hukou.and_then(|hukou| hukou.township()),
                miss,
            }));
    }
}

/// Every verdict counted by itself.
fn counted(
    sides: (&Side<'_>, &Side<'_>),
    all: &[Household],
    keys: &BTreeSet<String>,
) -> BTreeMap<usize, Change> {
    let (now, then) = sides;
    let views: BTreeMap<Subject, &Household> = all.iter().map(|h| (h.unit, h)).collect();
    let abouts: BTreeSet<_> = now.verdicts.keys().chain(then.verdicts.keys()).collect();
    let nothing = Outcome::Judged(Standing::NotApplicable, Told::Gone);
    let mut changes: BTreeMap<usize, Change> = BTreeMap::new();
    for about in abouts {
        let (policy, unit, subject) = *about;
        let change = changes.entry(policy).or_default();
        let outcome = |side: &Side<'_>| side.verdicts.get(about).copied().unwrap_or(nothing);
        let (Outcome::Judged(was, told), Outcome::Judged(would, tells)) =
            (outcome(now), outcome(then))
        else {
            change.deferred += 1;
            continue;
        };
        let verdict = Verdict {
            policy: &now.set.policies()[policy],
            household: views[&unit],
            subject,
            was,
            would,
        };
        verdict.counts(change, (told, tells));
        let fen = verdict.money(change, sides);
        verdict.shown(change, fen);
        verdict.near(change, then, keys);
    }
    changes.values_mut().for_each(cut);
    changes
}

/// What is shown of those who would be.
fn cut(change: &mut Change) {
    let place = |one: &Near| (one.miss.by, one.subject, one.unit);
    change.near.sort_by_key(place);
    change.near.truncate(NEAR_MAX);
    let examples = change.examples.drain(..);
    let (mut gained, mut lost): (Vec<Example>, Vec<Example>) =
        examples.partition(|example| example.gained);
    for direction in [&mut gained, &mut lost] {
        direction.sort_by_key(|one| (one.unit, one.subject));
        direction.truncate(EXAMPLES_MAX);
    }
    change.examples = [gained, lost].concat();
}

/// Who asks for counts alone is told the same ones.
fn counts_alone(
    machine: &Machine,
    all: &[Household],
    asked: &Comparison<'_>,
    mut expected: BTreeMap<usize, Change>,
) {
    let asked = Comparison {
        details: None,
        ..*asked
    };
    let found = machine.compare(&machine.columns(all), &asked).unwrap();
    for change in expected.values_mut() {
        *change = Change {
            by_township: BTreeMap::new(),
            money: None,
            near: Vec::new(),
            examples: Vec::new(),
            ..change.clone()
        };
    }
    same(&found.changes, &expected, asked.now.0);
}

/// What a comparison says, and what verdicts one by one come to.
fn both_ways(
    machine: &Machine,
    all: &[Household],
    asked: &Comparison<'_>,
) -> (Compared, BTreeMap<usize, Change>) {
    let side = |(set, on)| Side::of(machine, set, on, all);
    let (now, then) = (side(asked.now), side(asked.then));
    let expected = counted((&now, &then), all, asked.details.unwrap());
    let found = machine.compare(&machine.columns(all), asked).unwrap();
    (found, expected)
}

fn same(found: &BTreeMap<usize, Change>, expected: &BTreeMap<usize, Change>, set: &PolicySet) {
    let policies: BTreeSet<usize> = found.keys().chain(expected.keys()).copied().collect();
    for policy in policies {
        let of =
            |changes: &BTreeMap<usize, Change>| changes.get(&policy).cloned().unwrap_or_default();
        let id = &set.policies()[policy].id;
        assert_eq!(of(found), of(expected), "{id}");
    }
}

#[test]
fn a_comparison_counts_what_verdicts_one_by_one_come_to() {
    let on: Date = "2026-11-20".parse().unwrap();
    let mut all = population(3);
    // Of some counties nothing is asked, before and after the one that is asked about.
    for (first, elsewhere) in [(0, "110101001"), (3, "440305001")] {
        for household in all.iter_mut().skip(first).step_by(7) {
            household.hukou = Some(elsewhere.parse().unwrap());
        }
    }
    let now = beginning(&with(&[]), on);
    let machine = Machine::of(&now);
    let standard = "zh: 低保标准, en: Allowance standard, values: [{ from: 2025-07-01, value: 1160";
    let cases = [
        ("allowance_standard", standard, "1160", "1420", on),
        ("allowance_standard", standard, "1160", "900", on),
        (
            "allowance_standard",
            standard,
            "1160",
            "1160",
            add_days(on, 400),
        ),
    ];
    let (mut gained, mut lost, mut near, mut paid, mut unknown) = (0, 0, 0, 0, 0);
    for (key, text, was, would, then_on) in cases {
        let then = beginning(&with(&[(text, &text.replace(was, would))]), on);
        let keys = BTreeSet::from([key.to_owned()]);
        let asked = Comparison {
            now: (&now, on),
            then: (&then, then_on),
            knows: &Confidential::ALL,
            within: None,
            details: Some(&keys),
        };
        let (found, expected) = both_ways(&machine, &all, &asked);
        assert_eq!(
            found.units,
            all.iter().filter(|h| h.members().count() > 0).count() as u64
        );
        same(&found.changes, &expected, &now);
        counts_alone(&machine, &all, &asked, expected);
        for change in found.changes.values() {
            gained += change.gained;
            lost += change.lost;
            near += change.near.len();
            let money = change.money.unwrap_or_default();
            paid += money.after;
            unknown += money.unknown;
        }
        // Parts joined in another order are the same.
        let half = all.len() / 2;
        let parts = [&all[half..], &all[..half]].map(|part| machine.columns(part));
        let parts = parts.map(|part| machine.compare(&part, &asked).unwrap());
        let [second, first] = parts;
        assert_eq!(second.joined(first), found);
    }
    println!("{gained} gained, {lost} lost, {near} near, {paid} fen, {unknown} unknown");
    assert!(gained > 50 && lost > 50 && near > 10 && paid > 0);
}

/// 低保 written otherwise, compared under two standards with what verdicts one by one
/// come to.
fn altered_allowance(was: &str, would: &str, is_near_told: bool) -> Change {
    let on: Date = "2026-11-20".parse().unwrap();
    let all = population(2);
    let keys = BTreeSet::from(["allowance_standard".to_owned()]);
    let mut documents = support::documents("policies");
    let text = documents
        .iter_mut()
        .find(|d| d.name == "subsistence_allowance.yaml")
        .map(|document| &mut document.text)
        .unwrap();
    assert!(text.contains(was), "{was}");
    *text = text.replacen(was, would, 1);
    let of = |change: &[_]| with(change).with_policies(&documents).unwrap();
    let (now, then) = (of(&[]), of(&[("value: 1160", "value: 1500")]));
    let asked = Comparison {
        now: (&now, on),
        then: (&then, on),
        knows: &Confidential::ALL,
        within: None,
        details: Some(&keys),
    };
    let (mut found, mut expected) = both_ways(&Machine::of(&now), &all, &asked);
    if !is_near_told {
        let both = [&mut found.changes, &mut expected].into_iter();
        both.flat_map(BTreeMap::values_mut)
            .for_each(|change| change.near.clear());
    }
    same(&found.changes, &expected, &now);
    let mut policies = now.policies().iter();
    let at = policies.position(|policy| policy.id == "subsistence_allowance");
    found.changes[&at.unwrap()].clone()
}

/// Whether what is paid is the same under both, or is not. By how little somebody misses
/// of whom a sum is not known is not told.
#[test]
fn an_amount_too_large_to_hold_takes_nothing_from_the_verdict() {
    for too_large in ["income", "(line - income)"] {
        let would = format!("per_month: {too_large} * 1000000000000000");
        let change = altered_allowance("per_month: (line - income) / 12", &would, false);
        let money = change.money.unwrap();
        println!("{too_large}: {money:?}");
        assert!(money.unknown > 5 && money.known > 5);
    }
}

/// Those who miss by a number of people are seen first, and are as many as are kept.
#[test]
fn who_misses_by_money_is_nearer_than_who_misses_by_anything_else() {
    let would = "criteria:\n  - id: several\n    zh: 一人以上\n    en: more than one\n    when: size(counted) > 1\n";
    let change = altered_allowance("criteria:\n", would, true);
    let of_money = |near: &&Near| matches!(near.miss.by, Margin::Fen(_));
    let of_money = change.near.iter().filter(of_money).count();
    println!("{of_money} of {} by money", change.near.len());
    assert!(change.near.len() == NEAR_MAX && of_money > 0);
}

#[test]
fn a_comparison_within_a_place_is_that_of_who_is_registered_there() {
    let on: Date = "2026-11-20".parse().unwrap();
    let mut all = population(2);
    let place = all.iter().find_map(|h| h.hukou?.township()).unwrap();
    for household in all.iter_mut().step_by(3) {
        household.hukou = Some("440305001".parse().unwrap());
    }
    let now = with(&[]);
    let then = with(&[("value: 1160", "value: 1500")]);
    let machine = Machine::of(&now);
    let keys = BTreeSet::from(["allowance_standard".to_owned()]);
    let ask = |of: &[Household], within| {
        let asked = Comparison {
            now: (&now, on),
            then: (&then, on),
            knows: &[Confidential::Ordinary],
            within,
            details: Some(&keys),
        };
        machine.compare(&machine.columns(of), &asked).unwrap()
    };
    let inside = |h: &&Household| h.hukou.is_some_and(|hukou| place.contains(&hukou));
    let there: Vec<Household> = all.iter().filter(inside).cloned().collect();
    assert!(!there.is_empty() && there.len() < all.len());
    let found = ask(&all, Some(place));
    assert_eq!(found, ask(&there, None));
    assert!(found.changes.values().any(|change| change.gained > 0));
    // What whoever asks may not know of is not compared.
    let policies = now.policies();
    let open = |at: &usize| policies[*at].confidential == Confidential::Ordinary;
    assert!(found.changes.keys().all(open));
    assert!(
        policies
            .iter()
            .any(|policy| policy.confidential != Confidential::Ordinary)
    );
}
