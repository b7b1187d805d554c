//! What tests share: a whole running app, a private PostgreSQL server, and the
//! in-memory model of the store that both databases are compared with.

pub mod app;
pub mod call;
pub mod chromium;
pub mod counted;
pub mod model;
pub mod pg;
pub mod raw;
pub mod served;
pub mod state;
