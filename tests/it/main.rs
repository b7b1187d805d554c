//! Scenarios, store conformance, policy cases and tidy, in one binary.

#![cfg(test)]
#![expect(
    unreachable_pub,
    reason = "behaviours are named from the modules that run them"
)]

mod absence;
mod browser;
mod console;
mod crash;
mod http;
mod login;
mod order;
mod quiet;
mod samples;
mod store;
mod tidy;
mod twice;
