//! Files as departments send them, and as nobody should.

mod catalogue;
mod feeds;
mod laws;
mod sample;
