//! Evaluations and people's actions to what to open, update, clear, hold, release.
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use domain::calendar::WorkingDays;
use domain::ids::{AlertId, DecisionId};
use domain::region::Divisions;
use domain::time::{Date, Instant};

mod act;
mod change;
mod deadline;
mod decide;
mod desk;
mod refusal;
mod release;
mod remind;

pub use act::{ActLimits, act};
pub use decide::decide;
pub use desk::{Placement, continue_as, relocate};
pub use refusal::{ActionRefused, Refusal};
pub use release::release;
pub use remind::{look_on, needs_evaluation, remind};

/// Why a household is evaluated, which decides whether what is found goes on a
/// desk or into the backlog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunMode {
    /// Its facts, or the date, changed. The nightly run is of this mode.
    Change,
    /// A policy or a dataset is there for the first time.
    FirstLoad,
    /// A policy or a parameter changed.
    Everyone,
}

/// Ids drawn by the caller for what this evaluation may open or store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewIds {
    /// For a new episode.
    pub alert: AlertId,
    /// For the decision stored with a change that `decides`.
    pub decision: DecisionId,
}

/// What the machine is told about the day and the place.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The instant a change gets.
    pub now: Instant,
    /// The civil date evaluated for.
    pub on: Date,
    /// Chinese working days.
    pub calendar: &'a WorkingDays,
    /// Which townships there are and who runs them.
    pub divisions: &'a Divisions,
}
