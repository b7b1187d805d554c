//! How an expression reads what another policy says of a person or the household.

use std::cell::RefCell;

use domain::household::{Standing, WhyUnknown};
use domain::ids::{PersonId, Subject};

use crate::eval::{Frame, Weighed};
use crate::expr::Asked;
use crate::gap::{Gap, Sought};
use crate::judge::weigh;
use crate::val::Val;

impl<'a> Frame<'a> {
    /// 符合 is true, 不符合 and 不适用 are false, 待核实 is unknown under what it
    /// misses. Of somebody who does not live here, of another household and of a
    /// policy that is not in force nothing is known.
    pub(crate) fn verdict(&self, of: &Val<'a>, asked: &Asked) -> Result<bool, Gap> {
        let (subject, person) = match of {
            Val::Person(id) => (Subject::Person(*id), Some(*id)),
            Val::Household(Some(id)) => (Subject::Household(*id), None),
            _ => (self.household.unit, None),
        };
        let judged_here = match person {
            Some(id) => {
                let found = self.household.person(id);
                found.is_some_and(|p| p.standing == Standing::Member)
            }
            None => subject == self.household.unit,
        };
        let policies = self.set.policies().iter();
        let position = policies
            .enumerate()
            .find(|(_, p)| p.id == asked.policy && p.valid.contains(self.on))
            .map(|(at, _)| at);
        if let Some(position) = position.filter(|_| judged_here) {
            return self.weighed(position, person);
        }
        let sought = Sought::Verdict(asked.policy.as_str().into());
        Err(Gap::missing(subject, sought, WhyUnknown::NotCovered))
    }

    fn weighed(&self, position: usize, person: Option<PersonId>) -> Result<bool, Gap> {
        let key = (position, person);
        let known = self.verdicts.borrow().get(&key).cloned();
        // What is explained needs what it rests on as well.
        let known = known.filter(|known| self.trace.is_none() || known.read.is_some());
        let weighed = known.unwrap_or_else(|| {
            let weighed = self.weigh(position, person);
            self.verdicts.borrow_mut().insert(key, weighed.clone());
            weighed
        });
        if let (Some(own), Some(read)) = (&self.trace, weighed.read) {
            own.borrow_mut().join(read);
        }
        weighed.met
    }

    fn weigh(&self, position: usize, person: Option<PersonId>) -> Weighed<'a> {
        let policy = &self.set.policies()[position];
        let mut frame = Frame::new(&policy.lets, self.set, self.household, self.on, person);
        if self.trace.is_some() {
            frame = frame.traced();
        }
        let frame = frame.sharing(&self.verdicts);
        let met = weigh(policy, &frame).met();
        let read = frame.trace.map(RefCell::into_inner);
        Weighed { met, read }
    }
}
