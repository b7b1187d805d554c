//! What the truth values of one subject come to under a policy, a bit each; above them
//! whether the subject receives, as a trit.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use super::graph::{F, T, U};
use super::lanes::{Lanes, zip};
use super::room::Room;

pub(super) const REFUSED: u8 = 1;
pub(super) const MISSING: u8 = 1 << 1;
pub(super) const BLOCKING: u8 = 1 << 2;
pub(super) const BY_FACTS: u8 = 1 << 3;
pub(super) const UNGATED: u8 = 1 << 4;
pub(super) const NOT_APPLICABLE: u8 = 1 << 5;
pub(super) const RECEIVING: u32 = 6;

/// What the gate and the scope of a policy say.
pub(super) fn begun(gate: u8, applies: u8) -> u8 {
    let gated = (gate == T) & (applies == T);
    let ungated = MISSING | BLOCKING | UNGATED;
    (if gated { 0 } else { ungated }) | (if applies == F { NOT_APPLICABLE } else { 0 })
}

/// Signs with those of one more truth value: of false, unknown and true.
pub(super) fn joined(
    room: &Room,
    signs: &Lanes<'_, u8>,
    value: &Lanes<'_, u8>,
    [no, unsure, yes]: [u8; 3],
) -> Lanes<'static, u8> {
    // All ones where it is so: a choice without a branch or a look-up.
    let mask = |is: bool| u8::from(is).wrapping_neg();
    zip(room, signs, value, move |signs, value: u8| {
        signs | (mask(value == F) & no) | (mask(value == U) & unsure) | (mask(value == T) & yes)
    })
}
