//! Builders, the ModelStore oracle, a private PostgreSQL, a whole app for tests.
