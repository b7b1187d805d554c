//! Truth values that are kept, four to a byte: each quarter of the lanes has two bits
//! of all bytes, so that reading is four passes over many lanes at once.

use std::rc::Rc;

use super::lanes::Lanes;
use super::level::Loop;
use super::room::Room;

/// How many lanes a byte holds, and the bits of each.
const IN_A_BYTE: usize = 4;
const BITS: usize = 2;
/// All bits of a lane.
const LANE: u8 = (1 << BITS) - 1;

/// Lanes of values that have two bits.
#[derive(Clone, Debug)]
pub(super) struct Quarters {
    lanes: usize,
    bytes: Vec<u8>,
}

impl Quarters {
    /// `None` when some value has more bits.
    pub(super) fn of(values: &[u8]) -> Option<Quarters> {
        if values.iter().any(|value| *value > LANE) {
            return None;
        }
        let quarter = values.len().div_ceil(IN_A_BYTE);
        let mut bytes = vec![0; quarter];
        for (at, part) in values.chunks(quarter.max(1)).enumerate() {
            let lanes = bytes.iter_mut().zip(part);
            lanes.for_each(|(byte, value)| *byte |= value << (at * BITS));
        }
        Some(Quarters {
            lanes: values.len(),
            bytes,
        })
    }

    pub(super) fn at(&self, lane: usize) -> u8 {
        let quarter = self.bytes.len();
        (self.bytes[lane % quarter] >> (lane / quarter * BITS)) & LANE
    }

    pub(super) fn lanes(&self, room: &Room) -> Lanes<'static, u8> {
        let mut out = room.any(self.lanes);
        room.run(Unpacked {
            bytes: &self.bytes,
            lanes: Rc::make_mut(&mut out).as_mut_slice(),
        });
        Lanes::Own(out)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

struct Unpacked<'v> {
    bytes: &'v [u8],
    lanes: &'v mut [u8],
}

impl Loop for Unpacked<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let quarters = self.lanes.chunks_mut(self.bytes.len().max(1));
        for (at, quarter) in quarters.enumerate() {
            let lanes = quarter.iter_mut().zip(self.bytes);
            lanes.for_each(|(lane, byte)| *lane = (byte >> (at * BITS)) & LANE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Quarters;
    use crate::machine::level::Level;
    use crate::machine::room::Room;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_of_more_bits_is_not_packed(
            mut values in proptest::collection::vec(0u8..4, 1..70),
            at in 0usize..70,
            more in 4u8..,
        ) {
            let at = at % values.len();
            values[at] = more;
            prop_assert!(Quarters::of(&values).is_none());
        }

        #[test]
        fn lanes_are_what_they_were_made_of(values in proptest::collection::vec(0u8..4, 0..700)) {
            let packed = Quarters::of(&values).unwrap();
            prop_assert_eq!(packed.bytes(), values.len().div_ceil(4));
            let each: Vec<u8> = (0..values.len()).map(|lane| packed.at(lane)).collect();
            prop_assert_eq!(&each, &values);
            for level in Level::all() {
                let room = Room::new(level);
                // Lanes somebody let go, of another length.
                room.back(crate::machine::lanes::Register::Trit(crate::machine::lanes::Lanes::Own(
                    room.same(3, 40),
                )));
                let lanes = packed.lanes(&room);
                prop_assert_eq!(lanes.slice(), Ok(values.as_slice()));
            }
        }
    }
}
