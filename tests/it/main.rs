//! Scenarios, store conformance, policy cases and tidy, in one binary.

#![cfg(test)]
#![expect(
    unreachable_pub,
    reason = "behaviours are named from the modules that run them"
)]

mod absence;
mod abuse;
mod ahead;
mod batches;
mod bounded;
mod browser;
mod console;
mod crash;
mod declined;
mod guard;
mod hooks;
mod horizon;
mod http;
mod login;
mod matrix;
mod night;
mod order;
mod parameters;
mod publications;
mod quiet;
mod release;
mod samples;
mod simulate;
mod sso;
mod store;
mod tidy;
mod twice;
mod village;
mod village_words;
