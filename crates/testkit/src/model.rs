//! The store as plain maps: what SQLite and PostgreSQL must agree with.
//!
//! It keeps every commit whole and answers from the log where that is simplest
//! and from the latest values otherwise. It is written to be read, not to be
//! fast; it keeps nothing when it is dropped.

mod accounts;
mod implementation;
mod parameters;
mod people;
mod refusal;
mod rows;
mod state;
mod subscriptions;
mod work;
mod write;

use std::sync::{Mutex, MutexGuard};

use crate::model::state::State;

/// When commits get their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// Inside the transaction, as SQLite does.
    Immediate,
    /// By [`store::Store::publish`], as PostgreSQL does.
    Sequenced,
}

/// The store in memory.
#[derive(Debug)]
pub struct ModelStore {
    numbering: Numbering,
    state: Mutex<State>,
}

impl ModelStore {
    /// An empty store with the settings it is created with.
    pub fn new(numbering: Numbering, create: &[(&str, String)]) -> ModelStore {
        let mut state = State::default();
        for (key, value) in create {
            state.settings.insert((*key).to_owned(), value.clone());
        }
        ModelStore {
            numbering,
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no reader or writer panics")
    }
}
