//! Policies and parameters to a typed program; households to evaluations with reasons.
