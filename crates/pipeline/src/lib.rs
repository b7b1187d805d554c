//! Bounded steps: intake, apply, evaluate, publish, dispatch, remind.
