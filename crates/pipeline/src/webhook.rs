//! Webhooks: entries of the feed sent to machines that subscribed, at least
//! once and under an id that stays.
//!
//! What is to be sent, when again and when no more is decided by pure
//! functions ([`plan`], [`event`], [`sign`]); [`manage`] makes, rotates,
//! replays and ends subscriptions, [`deliver`] sends.

pub mod deliver;
pub mod event;
pub mod manage;
pub mod plan;
pub mod sign;

pub use deliver::{come_to_rest, deliver_step, run};
pub use manage::Hooks;
