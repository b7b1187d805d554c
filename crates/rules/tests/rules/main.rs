//! Tests of the crate through its public face, on the shipped policies.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod appraise;
mod cases;
mod census;
mod invented;
mod language;
mod machine;
mod mutation;
mod operators;
mod parameters;
mod plain;
mod promises;
mod strata;
mod support;
mod village;
