//! Of which combinations of signs there is something to tell, said by a few bits
//! of them: all lanes are asked at once, where a table is asked lane by lane.

use super::graph::T;
use super::level::Loop;
use super::room::Room;

/// The combinations, as patterns: the bits asked for, and what they have to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Telling(Vec<Pattern>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pattern {
    mask: u8,
    value: u8,
}

impl Pattern {
    #[inline(always)]
    fn fits(self, signs: u8) -> bool {
        signs & self.mask == self.value
    }
}

impl Telling {
    /// Of exactly the combinations that `tells` says. Bits are left out of a
    /// pattern as long as all that fit it tell.
    pub(super) fn of(tells: impl Fn(u8) -> bool) -> Telling {
        let mut patterns: Vec<Pattern> = Vec::new();
        for signs in (0..=u8::MAX).filter(|signs| tells(*signs)) {
            if patterns.iter().any(|pattern| pattern.fits(signs)) {
                continue;
            }
            let mut pattern = Pattern {
                mask: u8::MAX,
                value: signs,
            };
            for bit in (0..u8::BITS).map(|bit| 1 << bit) {
                let mask = pattern.mask & !bit;
                let value = signs & mask;
                let wider = Pattern { mask, value };
                if (0..=u8::MAX).all(|signs| tells(signs) || !wider.fits(signs)) {
                    pattern = wider;
                }
            }
            patterns.push(pattern);
        }
        Telling(patterns)
    }

    /// Whether there is.
    pub(super) fn tells(&self, signs: u8) -> bool {
        self.0.iter().any(|pattern| pattern.fits(signs))
    }

    /// How many of the subjects that are there have something told of them.
    pub(super) fn count(&self, room: &Room, subjects: &[u8], signs: &[u8]) -> usize {
        room.run(Counted {
            patterns: &self.0,
            subjects,
            signs,
        })
    }
}

struct Counted<'c> {
    patterns: &'c [Pattern],
    subjects: &'c [u8],
    signs: &'c [u8],
}

/// Lanes counted together: no more than a byte can count.
const TOGETHER: usize = 1 << (u8::BITS - 1);

impl Loop for Counted<'_> {
    type Out = usize;

    #[inline(always)]
    fn run(self) -> usize {
        let mut count = 0;
        let lanes = self
            .subjects
            .chunks(TOGETHER)
            .zip(self.signs.chunks(TOGETHER));
        for (subjects, signs) in lanes {
            let mut told = [0; TOGETHER];
            for pattern in self.patterns {
                let each = told.iter_mut().zip(signs);
                each.for_each(|(told, signs)| *told |= u8::from(pattern.fits(*signs)));
            }
            let both = told.iter().zip(subjects);
            let told = both.map(|(told, subject)| told & u8::from(*subject == T));
            count += usize::from(told.sum::<u8>());
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::Telling;
    use crate::machine::graph::{F, T};
    use crate::machine::level::Level;
    use crate::machine::room::Room;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn patterns_tell_of_exactly_what_they_were_made_of(
            told in proptest::collection::vec(proptest::bits::u8::ANY, 0..40),
            signs in proptest::collection::vec(proptest::num::u8::ANY, 0..700),
        ) {
            let telling = Telling::of(|signs| told.contains(&signs));
            for signs in 0..=u8::MAX {
                prop_assert_eq!(telling.tells(signs), told.contains(&signs));
            }
            let subjects: Vec<u8> = (0..signs.len()).map(|n| if n % 3 == 0 { F } else { T }).collect();
            let lanes = subjects.iter().zip(&signs);
            let counted = lanes.filter(|(subject, signs)| **subject == T && told.contains(signs));
            let counted = counted.count();
            for level in Level::all() {
                let room = Room::new(level);
                prop_assert_eq!(telling.count(&room, &subjects, &signs), counted);
            }
        }
    }
}
