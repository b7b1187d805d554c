//! Everyone at once, on every core, in unit order.

use std::collections::BTreeMap;

use domain::evaluation::Evaluation;
use domain::household::Household;
use domain::ids::Subject;
use domain::time::Date;
use rayon::prelude::*;

use crate::judge::evaluate_on;
use crate::policy::PolicySet;

/// Households to evaluate together. How it keeps them is its own affair.
#[derive(Debug, Default)]
pub struct Population {
    units: BTreeMap<Subject, Household>,
}

impl Population {
    /// Nobody.
    pub fn new() -> Population {
        Population::default()
    }

    /// Adds a household, or replaces what was known of it.
    pub fn upsert(&mut self, household: Household) {
        self.units.insert(household.unit, household);
    }

    /// Removes a household.
    pub fn remove(&mut self, unit: Subject) {
        self.units.remove(&unit);
    }

    /// Number of households and people alone.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Applies every policy in force on a date; the same result in the same
    /// order whatever the number of threads. Households should be views of
    /// that date.
    pub fn evaluate(&self, set: &PolicySet, on: Date) -> Vec<Evaluation> {
        let units: Vec<&Household> = self.units.values().collect();
        let evaluated: Vec<Vec<Evaluation>> = units
            .par_iter()
            .map(|household| evaluate_on(set, household, on))
            .collect();
        evaluated.into_iter().flatten().collect()
    }
}
