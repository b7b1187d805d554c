//! Records to a household timeline; the same canonical state in any order.
//!
//! A [`Fold`] keeps everything told about one subject and forgets nothing, so
//! that order, batching and repetition of the same records cannot matter.
//! [`project`] reads folds and a [`CoverageTable`] into the
//! [`Household`](domain::household::Household) that was known on a date, and
//! says when that view next changes by date alone. [`care`] asks one thing more:
//! who was to be visited in a week, and was.
//!
//! Not here: policies (`rules`), who is due (`pipeline`), and sealing (`vault`).
//! Pruning is left out: a fold keeps records beyond the dictionary's look-back,
//! because what may be dropped depends on the date and a fold must not.

pub mod care;
mod change;
mod combine;
mod coverage;
mod fold;
mod lens;
mod project;
mod stored;

#[cfg(test)]
mod tests;

pub use change::next_change_kept_fresh;
pub use coverage::CoverageTable;
pub use fold::Fold;
pub use project::{FoldSet, home, project};
pub use stored::FoldError;
