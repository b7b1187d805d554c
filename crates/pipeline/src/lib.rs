//! Moves work through the verbs in bounded steps: intake → apply → evaluate →
//! publish → dispatch → remind.
//!
//! Every step reads load → decide → commit and is callable by a test;
//! [`run`](runner::run) only loops over them. A step that is killed anywhere
//! leaves its last commit; calling it again goes on from its checkpoint.
//! Rayon works inside blocking threads, never on the async workers.

pub mod account;
pub mod act;
pub mod ahead;
pub mod apply;
pub mod arrivals;
pub mod audit;
pub mod care;
pub mod clock;
pub mod corrections;
pub mod deps;
pub mod desk;
pub mod disclose;
pub mod dispatch;
pub mod drafts;
pub mod error;
pub mod evaluate;
pub mod export;
pub mod guard;
pub mod horizon;
pub mod intake;
pub mod keeping;
pub mod leads;
pub mod loading;
pub mod night;
pub mod outbound;
pub mod parameters;
pub mod people;
pub mod policies;
pub mod refile;
pub mod register;
pub mod release;
pub mod releasing;
pub mod remind;
pub mod returned;
mod round;
pub mod runner;
pub mod sealing;
pub mod simulate;
pub mod spans;
pub mod standing;
pub mod trace;
pub mod visits;
pub mod webhook;
pub mod weighing;

pub use apply::Progress;
pub use deps::{Deps, Settings};
pub use error::StepError;
