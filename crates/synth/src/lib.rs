//! Invents counties with ground truth.
