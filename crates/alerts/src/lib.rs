//! Evaluations and people's actions to what to open, update, clear, hold, release.
