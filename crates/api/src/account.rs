//! Logging in with a browser: pages without script, a session cookie, and
//! where a request really came from.

pub mod address;
pub mod cookie;
pub mod origin;
pub mod pages;
mod qr;
mod sso;
mod views;
pub mod visitor;
