//! The binary from outside: what it prints, what it refuses, how it ends.

#![cfg(test)]

mod backup;
mod demo;
mod ledger;
mod policy;
mod postgres;
mod serving;
mod support;
mod verbs;
mod what_if;
