//! Folds come to what one lane after the other comes to.

use std::rc::Rc;

use proptest::prelude::{
    Just, Strategy, TestCaseError, any as anything, prop_assert_eq, prop_oneof, proptest,
};

use super::{Onto, any, count, extreme, holes, one, sum};
use crate::machine::graph::{F, NONE64, T, U};
use crate::machine::lanes::Lanes;
use crate::machine::level::Level;
use crate::machine::lists::{LONGEST, Order, Turns, longest};
use crate::machine::room::{Lane, Room, same};

type Operands = (Vec<u8>, Vec<i64>);

fn operands(lanes: usize) -> impl Strategy<Value = Operands> {
    let value = prop_oneof![
        Just(NONE64),
        -9_i64..10,
        anything::<i64>(),
        Just(i64::MAX - 1),
        Just(i64::from(i32::MAX)),
    ];
    let mask = proptest::collection::vec(F..=T, lanes);
    let alike = (F..=T).prop_map(move |mask| vec![mask; lanes]);
    (
        prop_oneof![mask, alike],
        proptest::collection::vec(value, lanes),
    )
}

/// Lanes of results, how many lanes go to each, and whether only small numbers.
fn lists() -> impl Strategy<Value = (Vec<usize>, Operands, bool)> {
    let lists = |most| proptest::collection::vec(0_usize..most, 1..20);
    let sizes = prop_oneof![lists(5), lists(2), Just(vec![1; 7])];
    (sizes, anything::<bool>()).prop_flat_map(|(sizes, small)| {
        let lanes = sizes.iter().sum();
        (Just(sizes), operands(lanes), Just(small))
    })
}

/// One value when all are the same, as chunks hold them.
fn lanes<V: Lane>(values: &[V]) -> Lanes<'static, V> {
    match same(values) {
        Some(one) => Lanes::One(one),
        None => Lanes::Own(Rc::new(values.to_vec())),
    }
}

/// What a sum comes to, one after the other; what does not fit is told.
fn summed<'v>(all: impl Iterator<Item = (&'v u8, &'v i64)>) -> (i64, bool) {
    let (mut sum, mut unknown, mut over) = (0_i64, false, false);
    for (mask, value) in all {
        unknown |= *mask == U || (*mask == T && *value == NONE64);
        if unknown || over || *mask == F {
            continue;
        }
        match sum.checked_add(*value).filter(|sum| *sum != NONE64) {
            Some(more) => sum = more,
            None => over = true,
        }
    }
    (if unknown || over { NONE64 } else { sum }, over)
}

fn check(onto: Onto<'_>, to: &[usize], (mask, value): &Operands) -> Result<(), TestCaseError> {
    let mut going: Vec<Vec<(&u8, &i64)>> = vec![Vec::new(); onto.lanes()];
    for (both, to) in mask.iter().zip(value).zip(to) {
        going[*to].push(both);
    }
    let into = |result: usize| going[result].iter().copied();
    let known: Vec<u8> = value
        .iter()
        .map(|v| if *v % 2 == 0 { T } else { U })
        .collect();
    for level in Level::all() {
        let room = Room::new(level);
        let (belongs, values) = (lanes(mask), lanes(value));
        let mut over = Vec::new();
        let sums = sum(&room, onto, &belongs, &values, |lane| over.push(lane));
        let counts = count(&room, onto, &belongs);
        let anys = any(&room, onto, &belongs, &lanes(&known));
        let ones = one(&room, onto, &belongs, &lanes(&known));
        let open = holes(&room, onto, &belongs, &lanes(&known));
        let least = extreme(&room, onto, &belongs, &values, |a, b| a < b);
        for result in 0..onto.lanes() {
            let (exact, lost) = summed(into(result));
            prop_assert_eq!(sums.at(result), exact);
            prop_assert_eq!(over.contains(&result), lost);
            let of = |mask: u8| into(result).filter(|(m, _)| **m == mask).count();
            let counted = if of(U) > 0 {
                NONE64
            } else {
                i64::try_from(of(T)).unwrap()
            };
            prop_assert_eq!(counts.at(result), counted);
            let both = into(result).map(|(m, v)| (*m).min(if *v % 2 == 0 { T } else { U }));
            let both: Vec<u8> = both.collect();
            prop_assert_eq!(anys.at(result), both.iter().copied().max().unwrap_or(F));
            let is_hole = |(m, v): (&u8, &i64)| *m == U || (*m == T && *v % 2 != 0);
            let hole = if into(result).any(is_hole) { U } else { F };
            prop_assert_eq!(open.at(result), hole);
            let (yes, may) = (
                both.iter().map(|b| u32::from(*b == T)).sum::<u32>(),
                both.contains(&U),
            );
            let exactly = match (yes, may) {
                (1, false) => T,
                (0, false) | (2.., _) => F,
                _ => U,
            };
            prop_assert_eq!(ones.at(result), exactly);
            let counted = into(result).filter(|(m, v)| **m == T && **v != NONE64);
            let smallest = counted.map(|(_, v)| *v).min().unwrap_or(NONE64);
            prop_assert_eq!(least.at(result), smallest);
        }
    }
    Ok(())
}

/// Small numbers, mostly known, of more owners than are added up at a time.
fn many() -> impl Strategy<Value = (Vec<usize>, Operands)> {
    let sizes = proptest::collection::vec(0_usize..6, 400..900);
    sizes.prop_flat_map(|sizes| {
        let lanes: usize = sizes.iter().sum();
        let mask = prop_oneof![20 => Just(T), 20 => Just(F), 1 => Just(U)];
        let value = prop_oneof![60 => -1_000_i64..1_000, 1 => Just(NONE64)];
        let operands = (
            proptest::collection::vec(mask, lanes),
            proptest::collection::vec(value, lanes),
        );
        (Just(sizes), operands)
    })
}

/// The same lanes as the items of owners, in turn and anywhere, and as people.
fn check_every_way(
    (sizes, operands): (&[usize], &Operands),
    seed: u32,
) -> Result<(), TestCaseError> {
    let each = sizes.iter().enumerate();
    let mut to: Vec<usize> = each.flat_map(|(n, size)| vec![n; *size]).collect();
    let narrow = |to: &[usize]| -> Vec<u32> {
        let all = to.iter().map(|n| u32::try_from(*n).unwrap());
        all.collect()
    };
    let up = narrow(&to);
    let lanes = sizes.len();
    let mut from = vec![0];
    from.extend(sizes.iter().scan(0, |end, size| {
        *end += u32::try_from(*size).unwrap();
        Some(*end)
    }));
    let turns = Turns {
        from: &from,
        longest: longest(&from),
    };
    for from in [&from[..], &[]] {
        let order = Order::InTurn(Turns { from, ..turns });
        let onto = Onto::Index {
            up: &up,
            lanes,
            order,
        };
        check(onto, &to, operands)?;
    }
    let len = to.len();
    (1..len).for_each(|n| to.swap(n, seed as usize % (n + 1)));
    let up = narrow(&to);
    let onto = Onto::Index {
        up: &up,
        lanes,
        order: Order::Strewn,
    };
    check(onto, &to, operands)?;
    let people = 1 + seed as usize % 4;
    let len = len / people;
    let cut = |n: usize| n - n % people;
    let (mask, value) = operands;
    let whole = (
        mask[..cut(mask.len())].to_vec(),
        value[..cut(value.len())].to_vec(),
    );
    let to: Vec<usize> = (0..len * people).map(|lane| lane % len).collect();
    check(Onto::People { len, people }, &to, &whole)
}

proptest! {
    #[test]
    fn folds_come_to_what_one_lane_after_the_other_comes_to(
        (sizes, (mask, value), small) in lists(),
        seed in anything::<u32>(),
    ) {
        let half = |n: &i64| if small && *n != NONE64 { n % 1_000 } else { *n };
        let operands = (mask, value.iter().map(half).collect::<Vec<i64>>());
        check_every_way((&sizes, &operands), seed)?;
    }
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    #[test]
    fn folds_of_more_lanes_than_are_added_up_at_a_time(
        (sizes, operands) in many(),
        seed in anything::<u32>(),
    ) {
        check_every_way((&sizes, &operands), seed)?;
    }
}

#[test]
fn as_many_items_as_are_short_add_up_to_the_end_of_their_bits() {
    let most = usize::try_from(LONGEST).unwrap();
    for items in [most, most + 1, 3 * most] {
        for (number, unknown) in [
            (i32::MIN, 0),
            (i32::MIN, 1),
            (i32::MAX, 1),
            (i32::MAX, items),
        ] {
            let known = items - unknown;
            let mut value = vec![i64::from(number); items];
            value[known..].fill(NONE64);
            // An owner before and one after, so that sums have to be taken apart.
            let (value, count) = (
                [&[7], &value[..], &[9]].concat(),
                u32::try_from(items).unwrap(),
            );
            let from = [0, 1, 1 + count, 2 + count];
            let up = [&[0], vec![1; items].as_slice(), &[2]].concat();
            let longest = longest(&from);
            for from in [&from[..], &[]] {
                let order = Order::InTurn(Turns { from, longest });
                let onto = Onto::Index {
                    up: &up,
                    lanes: 3,
                    order,
                };
                let room = Room::new(Level::widest());
                let values = lanes(&value);
                let sums = sum(&room, onto, &Lanes::One(T), &values, |_| panic!("it fits"));
                let exact = i64::from(number) * i64::try_from(known).unwrap();
                let middle = if unknown == 0 { exact } else { NONE64 };
                let found: Vec<i64> = (0..3).map(|at| sums.at(at)).collect();
                assert_eq!(found, [7, middle, 9]);
            }
        }
    }
}
