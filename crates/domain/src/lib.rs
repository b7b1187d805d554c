//! The nouns that flow through Hearth and the invariants each keeps.
//!
//! Every other core crate is one verb: a pure function from one of these nouns
//! to the next. Nothing here does IO, reads a clock or draws a random number;
//! calendars, divisions and code lists are parsed from bytes handed in.
//!
//! Read [`dictionary`] for what can be known, [`record`] for how it is said,
//! [`household`] for what is known on a date, [`evaluation`] for what policy
//! makes of it, and [`alert`] for what people are told.

pub mod alert;
pub mod authority;
pub mod calendar;
pub mod code;
pub mod dictionary;
pub mod evaluation;
pub mod household;
pub mod ids;
pub mod money;
pub mod parameter;
pub mod publicity;
pub mod record;
pub mod region;
pub mod resident_id;
pub mod time;
pub mod value;
pub mod week;
