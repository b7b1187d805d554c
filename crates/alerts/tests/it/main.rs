//! The machine of alerts seen from outside: every transition, and the laws.

mod laws;
mod paths;
mod releases;
mod transitions;
mod world;
