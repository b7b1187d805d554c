//! Imports a synthetic county and settles it, beside the raw load of the same rows.
fn main() {}
