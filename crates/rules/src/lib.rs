//! Policies and parameters to a typed program; households to evaluations with reasons.
//!
//! [`PolicySet::load`] checks documents against the fact dictionary;
//! [`evaluate`] applies them to a household on its date; [`explain`] says why.
//! The language is described in `docs/policy-language.md`.

mod appraise;
mod approved;
mod case_household;
mod cases;
mod change;
mod check;
mod check_call;
mod check_text;
mod compile;
mod document;
mod effort;
mod eval;
mod eval_call;
mod eval_list;
mod eval_text;
mod explain;
mod expr;
mod facts;
mod failing;
mod gap;
mod handbook;
mod judge;
mod machine;
mod number;
mod parameters;
mod plain;
mod policy;
mod population;
mod problem;
mod review;
mod sentence;
mod span;
mod strata;
mod types;
mod val;
mod verdicts;
mod village;
mod walk;
mod words;
mod written;
mod yaml;

pub use appraise::{Appraisal, Margin, Miss, Monthly, appraise};
pub use approved::{ApprovedValue, Preview, approved_documents};
pub use case_household::{Described, DescribedHousehold, describe, patched};
pub use cases::{CaseFile, CaseOutcome, CaseSets, run_cases};
pub use change::{Change, Counts, EXAMPLES_MAX, Example, Monthlies, NEAR_MAX, Near, Town};
pub use document::{About, Both, PolicyKind};
pub use explain::explain;
pub use handbook::{HANDBOOK_MARK, handbook};
pub use judge::evaluate;
pub use machine::{
    Census, CensusBytes, Columns, Compared, Comparison, Gathering, Left, Level, Machine, Outcome,
    Regions, Screened, Snapshot, Standing, Told,
};
pub use parameters::{Parameter, ParameterValue, Parameters, Reported};
pub use plain::{Plain, PlainProgram};
pub use policy::{DeadlineView, PlanView, Policy, PolicySet, UnsetParameter};
pub use population::Population;
pub use problem::Problem;
pub use review::{Reviewed, Scope as ReviewScope, Warning, review};
pub use sentence::render;
pub use yaml::Document;
