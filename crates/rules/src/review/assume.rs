//! Whether conditions can hold together. Each condition is taken apart into
//! what it says of single terms; what they say of one term must not contradict.

use std::collections::{BTreeMap, BTreeSet};

use crate::review::terms::{Form, TermId, Terms};
use crate::review::value::{Constant, Range};

/// What is assumed of terms.
#[derive(Default)]
struct Assumed {
    /// The truth each must have.
    truths: BTreeMap<TermId, bool>,
    ranges: BTreeMap<TermId, Range>,
    allowed: BTreeMap<TermId, BTreeSet<Constant>>,
    excluded: BTreeMap<TermId, BTreeSet<Constant>>,
}

/// Whether no household can give every term the truth value beside it.
/// `false` says nothing: not every contradiction is found.
pub(crate) fn never(terms: &Terms<'_>, all: &[(TermId, bool)]) -> bool {
    let mut assumed = Assumed::default();
    let mut waiting = all.to_vec();
    while let Some((id, truth)) = waiting.pop() {
        match assumed.truths.insert(id, truth) {
            Some(before) if before == truth => continue,
            Some(_) => return true,
            None => {}
        }
        let value = terms.value(id);
        if !(if truth { value.yes() } else { value.no() }) {
            return true;
        }
        match (terms.form(id), truth) {
            (Form::And(a, b), true) => waiting.extend([(*a, true), (*b, true)]),
            (Form::Or(a, b), false) => waiting.extend([(*a, false), (*b, false)]),
            (Form::Not(of), truth) => waiting.push((*of, !truth)),
            (Form::Certain(of), true) => waiting.push((*of, true)),
            // It is unknown while the first holds.
            (Form::Unless(when, then), truth) => {
                waiting.push((*when, false));
                if terms.constant(*then).is_none() {
                    waiting.push((*then, truth));
                }
            }
            (Form::Same(a, b), truth) => assumed.same(terms, *a, *b, truth),
            (Form::Less(a, b), truth) => assumed.less(terms, *a, *b, truth),
            (Form::Among(item, list), truth) => assumed.among(terms, *item, *list, truth),
            _ => {}
        }
    }
    assumed.contradicts(terms)
}

impl Assumed {
    fn same(&mut self, terms: &Terms<'_>, a: TermId, b: TermId, truth: bool) {
        for (of, with) in [(a, b), (b, a)] {
            let Some(constant) = terms.constant(with) else {
                continue;
            };
            if truth {
                self.allow(of, &BTreeSet::from([constant.clone()]));
            } else {
                self.excluded
                    .entry(of)
                    .or_default()
                    .insert(constant.clone());
            }
        }
    }

    fn less(&mut self, terms: &Terms<'_>, a: TermId, b: TermId, truth: bool) {
        if let Some(constant) = terms.value(b).range().only() {
            let constant = constant.clone();
            self.narrow(
                a,
                &if truth {
                    Range::under(constant, true)
                } else {
                    Range::above(constant, false)
                },
            );
        }
        if let Some(constant) = terms.value(a).range().only() {
            let constant = constant.clone();
            self.narrow(
                b,
                &if truth {
                    Range::above(constant, true)
                } else {
                    Range::under(constant, false)
                },
            );
        }
    }

    /// An item that is in no list equals none of its items; one that is in it
    /// equals one of them, when all are written out.
    fn among(&mut self, terms: &Terms<'_>, item: TermId, list: TermId, truth: bool) {
        let Form::List(items) = terms.form(list) else {
            return;
        };
        let written = items.iter().map(|one| terms.constant(*one).cloned());
        if truth {
            if let Some(all) = written.collect::<Option<_>>() {
                self.allow(item, &all);
            }
        } else {
            let excluded = self.excluded.entry(item).or_default();
            excluded.extend(written.flatten());
        }
    }

    fn allow(&mut self, of: TermId, these: &BTreeSet<Constant>) {
        let allowed = self.allowed.entry(of).or_insert_with(|| these.clone());
        allowed.retain(|one| these.contains(one));
    }

    fn narrow(&mut self, of: TermId, range: &Range) {
        let narrowed = self.ranges.entry(of).or_default();
        *narrowed = narrowed.within(range);
    }

    fn contradicts(&self, terms: &Terms<'_>) -> bool {
        let of = |id: &TermId| {
            let range = self.ranges.get(id).cloned().unwrap_or_default();
            terms.value(*id).range().within(&range)
        };
        let mut narrowed = self.ranges.keys();
        let mut listed = self.allowed.iter();
        narrowed.any(|id| of(id).is_empty())
            || listed.any(|(id, allowed)| {
                let range = of(id);
                let excluded = self.excluded.get(id);
                let free = |one: &&Constant| excluded.is_none_or(|set| !set.contains(*one));
                let fits = |one: &Constant| range.holds(one);
                !allowed.iter().filter(free).any(fits)
            })
    }
}
