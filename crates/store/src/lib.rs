//! Remembers: one write, reads by noun; SQLite and PostgreSQL.
