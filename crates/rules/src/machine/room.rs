//! Where loops write: vectors that earlier operations let go, so that a run
//! over many chunks asks the allocator for little.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use std::cell::RefCell;
use std::rc::Rc;

use super::lanes::{Lanes, Register};
use super::level::{Level, Loop};

/// What the runs of one thread share.
#[derive(Debug)]
pub(crate) struct Room {
    level: Level,
    trits: RefCell<Vec<Rc<Vec<u8>>>>,
    narrow: RefCell<Vec<Rc<Vec<i32>>>>,
    wide: RefCell<Vec<Rc<Vec<i64>>>>,
}

/// A value that lanes are made of.
pub(crate) trait Lane: Copy + Default + PartialEq + 'static {
    /// Vectors of it that nobody uses.
    fn free(room: &Room) -> &RefCell<Vec<Rc<Vec<Self>>>>;
}

impl Lane for u8 {
    fn free(room: &Room) -> &RefCell<Vec<Rc<Vec<u8>>>> {
        &room.trits
    }
}

impl Lane for i32 {
    fn free(room: &Room) -> &RefCell<Vec<Rc<Vec<i32>>>> {
        &room.narrow
    }
}

impl Lane for i64 {
    fn free(room: &Room) -> &RefCell<Vec<Rc<Vec<i64>>>> {
        &room.wide
    }
}

impl Room {
    pub(crate) fn new(level: Level) -> Room {
        Room {
            level,
            trits: RefCell::default(),
            narrow: RefCell::default(),
            wide: RefCell::default(),
        }
    }

    /// Runs a loop with the instructions there are.
    #[inline]
    pub(crate) fn run<L: Loop>(&self, work: L) -> L::Out {
        self.level.run(work)
    }

    /// A vector nobody else holds, with whatever was in it.
    #[inline]
    fn take<V: Lane>(&self) -> Rc<Vec<V>> {
        V::free(self).borrow_mut().pop().unwrap_or_default()
    }

    /// What an iterator gives, written in one pass.
    #[inline]
    pub(crate) fn fill<V: Lane>(&self, values: impl ExactSizeIterator<Item = V>) -> Rc<Vec<V>> {
        let mut out = self.any(values.len());
        let lanes = Rc::make_mut(&mut out).as_mut_slice();
        self.level.run(Written(lanes, values));
        out
    }

    /// The same value in every lane.
    #[inline]
    pub(crate) fn same<V: Lane>(&self, value: V, lanes: usize) -> Rc<Vec<V>> {
        let mut out = self.take();
        let all = Rc::make_mut(&mut out);
        all.clear();
        all.resize(lanes, value);
        out
    }

    /// So many lanes, each to be written over.
    #[inline]
    pub(crate) fn any<V: Lane>(&self, lanes: usize) -> Rc<Vec<V>> {
        let mut out = self.take();
        Rc::make_mut(&mut out).resize(lanes, V::default());
        out
    }

    /// A slice again and again.
    pub(crate) fn repeated<V: Lane>(&self, values: &[V], times: usize) -> Rc<Vec<V>> {
        let mut out = self.take();
        let all = Rc::make_mut(&mut out);
        all.clear();
        all.reserve(values.len() * times);
        (0..times).for_each(|_| all.extend_from_slice(values));
        out
    }

    /// Lanes that turn out to be all the same are one value from here on, and
    /// what is computed of them is computed once.
    #[inline]
    pub(crate) fn settled<'c, V: Lane>(&self, lanes: Lanes<'c, V>) -> Lanes<'c, V> {
        let one = match &lanes {
            Lanes::Own(values) => self.level.run(Same(values)),
            Lanes::One(_) | Lanes::Column(_) => None,
        };
        match one {
            Some(one) => {
                self.keep(lanes);
                Lanes::One(one)
            }
            None => lanes,
        }
    }

    /// What somebody still refers to comes back with the last of them.
    fn keep<V: Lane>(&self, lanes: Lanes<'_, V>) {
        if let Lanes::Own(mut values) = lanes
            && Rc::get_mut(&mut values).is_some()
        {
            V::free(self).borrow_mut().push(values);
        }
    }

    /// Takes back what a register holds.
    pub(crate) fn back(&self, register: Register<'_>) {
        match register {
            Register::Trit(lanes) => self.keep(lanes),
            Register::Narrow(lanes) => self.keep(lanes),
            Register::Wide(lanes) => self.keep(lanes),
            Register::Empty => {}
        }
    }
}

/// Lanes, and what is written to them.
struct Written<'o, V, I>(&'o mut [V], I);

impl<V, I: Iterator<Item = V>> Loop for Written<'_, V, I> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        self.0
            .iter_mut()
            .zip(self.1)
            .for_each(|(lane, value)| *lane = value);
    }
}

/// Lanes that may all be the same.
struct Same<'v, V>(&'v [V]);

impl<V: Copy + PartialEq> Loop for Same<'_, V> {
    type Out = Option<V>;

    #[inline(always)]
    fn run(self) -> Option<V> {
        same(self.0)
    }
}

/// The value of every lane, when they are all the same.
#[inline]
pub(crate) fn same<V: Copy + PartialEq>(values: &[V]) -> Option<V> {
    // How many lanes are looked at before it is asked whether any differs.
    const AT_ONCE: usize = 256;
    let first = *values.first()?;
    let differs = |part: &[V]| {
        part.iter()
            .fold(false, |any, value| any | (*value != first))
    };
    (!values.chunks(AT_ONCE).any(differs)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::Room;
    use crate::Machine;
    use crate::machine::level::Level;
    use crate::machine::run::Run;
    use crate::machine::settings::{Regions, Settings};
    use crate::machine::tests::{household, set};

    const WHEN: &str = "'members.exists(m, m.vehicle.exists(v, v.plated_on < on))'";

    #[test]
    fn what_a_run_needs_is_what_the_run_before_it_let_go() {
        let policies = set(WHEN);
        let machine = Machine::of(&policies);
        let on = "2026-11-20".parse().unwrap();
        let columns = machine.columns([&household()]);
        let chunk = columns.chunks[0].as_ref();
        let regions = Regions::of(policies.parameters(), chunk.places.iter().copied());
        let settings = Settings::of(&machine.graph.nodes, policies.parameters(), on, &regions);
        let room = Room::new(Level::widest());
        let kept = machine.kept(chunk, &settings, &room);
        let mut held = Vec::new();
        for _ in 0..5 {
            let of = (chunk, &kept);
            Run::new(&machine.graph, of, &settings, &machine.steps, &room).finish();
            let narrow = room.narrow.borrow().len();
            held.push(room.trits.borrow().len() + narrow + room.wide.borrow().len());
        }
        assert!(held[0] > 0, "{held:?}");
        assert!(held.iter().all(|n| *n == held[0]), "{held:?}");
    }
}
