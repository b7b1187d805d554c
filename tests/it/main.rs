//! Scenarios, store conformance, policy cases and tidy, in one binary.

mod absence;
mod order;
mod samples;
mod store;
mod tidy;
