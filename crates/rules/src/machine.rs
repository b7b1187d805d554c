//! The columnar machine: a whole population judged at once.
//!
//! [`Machine::of`] compiles every policy of a set into one graph; [`Columns`]
//! holds households as columns; [`Machine::screen`] says of every policy and
//! subject what the row interpreter would say: the verdict and whether there is
//! something to tell. Why, and in which words, the interpreter says of the few
//! that matter. What columns cannot hold, or a graph has no operations for, is
//! left to the interpreter and said to be.

#![expect(
    clippy::inline_always,
    reason = "a loop is built for a set of instructions only where it becomes part of its caller"
)]

mod again;
mod algebra;
mod beforehand;
mod both;
mod cells;
mod census;
mod choices;
mod columns;
mod compare;
mod dates;
mod folds;
mod graph;
mod items;
mod lanes;
mod level;
mod lists;
mod lower;
mod lower_call;
mod lower_hands;
mod lower_value;
mod lower_verdict;
mod merge;
mod moved;
mod names;
mod program;
mod quarters;
mod room;
mod run;
mod schedule;
mod screen;
mod settings;
mod sign;
mod spaces;
mod sums;
mod telling;
mod widths;

pub use census::{Census, CensusBytes, Snapshot};
pub use compare::{Compared, Comparison};
pub use level::Level;
pub use screen::{Columns, Gathering, Left, Machine, Outcome, Screened, Standing, Told};
pub use settings::Regions;

#[cfg(test)]
mod tests;
