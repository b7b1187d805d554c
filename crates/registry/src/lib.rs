//! Records to a household timeline; the same canonical state in any order.
