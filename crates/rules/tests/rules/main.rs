//! Tests of the crate through its public face, on the shipped policies.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod appraise;
mod beforehand;
mod cases;
mod census;
mod compare;
mod documented;
mod handbook;
mod invented;
mod language;
mod large;
mod late;
mod machine;
mod mutation;
mod operators;
mod parameters;
mod plain;
mod plans;
mod promises;
mod review;
mod same;
mod strata;
mod support;
mod village;
