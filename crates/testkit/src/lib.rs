//! What tests share: a private PostgreSQL server and the in-memory model of
//! the store that both databases are compared with.

pub mod model;
pub mod pg;
