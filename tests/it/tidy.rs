//! The house rules as tests: how code is written, who depends on whom, and
//! that documents speak of things that are there.
//!
//! Each rule has one test and its own list of exceptions, each with a reason.
//! A list must not rot: an exception that is no longer needed fails too.

mod documents;
mod figures;
mod mirror;
mod sending;
mod source;
mod tree;
mod workspace;
