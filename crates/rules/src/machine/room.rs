//! Where loops write: vectors that earlier operations let go, so that a run
//! over many chunks asks the allocator for little.

use std::cell::RefCell;

use super::lanes::{Lanes, Register};
use super::level::Level;

/// What the runs of one thread share.
#[derive(Debug)]
pub(crate) struct Room {
    level: Level,
    trits: RefCell<Vec<Vec<u8>>>,
    narrow: RefCell<Vec<Vec<i32>>>,
    wide: RefCell<Vec<Vec<i64>>>,
}

/// A value that lanes are made of.
pub(crate) trait Lane: Copy {
    /// Vectors of it that nobody uses.
    fn free(room: &Room) -> &RefCell<Vec<Vec<Self>>>;
}

impl Lane for u8 {
    fn free(room: &Room) -> &RefCell<Vec<Vec<u8>>> {
        &room.trits
    }
}

impl Lane for i32 {
    fn free(room: &Room) -> &RefCell<Vec<Vec<i32>>> {
        &room.narrow
    }
}

impl Lane for i64 {
    fn free(room: &Room) -> &RefCell<Vec<Vec<i64>>> {
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
    pub(crate) fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        self.level.run(work)
    }

    /// An empty vector.
    #[inline]
    fn take<V: Lane>(&self) -> Vec<V> {
        V::free(self).borrow_mut().pop().unwrap_or_default()
    }

    /// What an iterator gives, written in one pass.
    #[inline]
    pub(crate) fn fill<V: Lane>(&self, values: impl Iterator<Item = V>) -> Vec<V> {
        let mut out = self.take();
        self.level.run(|| out.extend(values));
        out
    }

    /// The same value in every lane.
    #[inline]
    pub(crate) fn same<V: Lane>(&self, value: V, lanes: usize) -> Vec<V> {
        let mut out = self.take();
        out.resize(lanes, value);
        out
    }

    /// A slice again and again.
    pub(crate) fn repeated<V: Lane>(&self, values: &[V], times: usize) -> Vec<V> {
        let mut out = self.take();
        out.reserve(values.len() * times);
        (0..times).for_each(|_| out.extend_from_slice(values));
        out
    }

    fn keep<V: Lane>(&self, lanes: Lanes<'_, V>) {
        if let Lanes::Own(mut values) = lanes {
            values.clear();
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

#[cfg(test)]
mod tests {
    use super::Room;
    use crate::machine::level::Level;
    use crate::machine::run::Run;
    use crate::machine::settings::Settings;
    use crate::{Document, Machine, PolicySet, describe};

    /// The smallest policy, with a condition to be put in.
    const FRAME: &str = include_str!("../../tests/rules/support/probe.yaml");
    const WHEN: &str = "'members.exists(m, m.vehicle.exists(v, v.plated_on < on))'";

    #[test]
    fn what_a_run_needs_is_what_the_run_before_it_let_go() {
        let document = Document {
            name: "probe.yaml".to_owned(),
            text: FRAME.replace("WHEN", WHEN),
        };
        let set = PolicySet::load(&[document], &[]).unwrap();
        let machine = Machine::of(&set);
        let whole = serde_json::json!({
            "hukou": "320412100",
            "people": { "a": { "vehicle": [{ "type": "car" }] }, "b": {} },
        });
        let on = "2026-11-20".parse().unwrap();
        let household = describe(&whole, on).unwrap().household;
        let columns = machine.columns([&household]);
        let chunk = columns.chunks[0].as_ref();
        let settings = Settings::of(&machine.graph, set.parameters(), on, [chunk]);
        let room = Room::new(Level::widest());
        let mut held = Vec::new();
        for _ in 0..5 {
            Run::new(&machine.graph, chunk, &settings, &machine.last, &room).finish();
            let narrow = room.narrow.borrow().len();
            held.push(room.trits.borrow().len() + narrow + room.wide.borrow().len());
        }
        assert!(held[0] > 0, "{held:?}");
        assert!(held.iter().all(|n| *n == held[0]), "{held:?}");
    }
}
