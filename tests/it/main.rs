//! Scenarios, store conformance, policy cases and tidy, in one binary.

mod store;
mod tidy;
