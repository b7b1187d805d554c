//! Scenarios, store conformance, policy cases and tidy, in one binary.

#![cfg(test)]
#![expect(
    unreachable_pub,
    reason = "behaviours are named from the modules that run them"
)]

mod absence;
mod abuse;
mod bounded;
mod console;
mod crash;
mod http;
mod login;
mod matrix;
mod order;
mod publications;
mod quiet;
mod samples;
mod store;
mod tidy;
mod twice;
