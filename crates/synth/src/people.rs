//! Inventing one person: an identity number no place ever issued, a name, and
//! the plain facts that go with an age.

use domain::resident_id::{ResidentId, Sex};
use domain::time::Date;
use jiff::civil;

use crate::dice::Dice;
use crate::model::{Income, Member, Standing};
use crate::words::{ASSUMED, WORDS};

/// Areas given to invented counties. The first of all, up to 999011, belong to
/// hand-made situations.
const FIRST_AREA: u32 = 999_100;
const AREAS: u32 = 900;
/// Sequence pairs (a woman's and a man's number) one household may use.
pub(crate) const PEOPLE_PER_HOUSEHOLD: u32 = 8;
/// 499 pairs without number 000, in blocks of one household.
const BLOCKS: u32 = 499 / PEOPLE_PER_HOUSEHOLD;
/// Households whose numbers differ by area and sequence alone.
const PER_LAP: u32 = AREAS * BLOCKS;
/// Birthdays are dealt so that households of different laps never share one.
const LAPS: u32 = 7;

/// Households with birthdays of their own choice.
const APART: u32 = PER_LAP * LAPS;
/// Areas of the households beyond those, which have one day of birth each.
const FURTHER_AREA: u32 = 999_050;
const FURTHER_AREAS: u32 = FIRST_AREA - FURTHER_AREA;
const PER_BIRTHDAY: u32 = FURTHER_AREAS * BLOCKS;
const MONTHS: u32 = 12;
/// Days that every month has.
const DAYS: u32 = 28;
const BIRTHDAYS: u32 = MONTHS * DAYS;

/// The most households one county may have before numbers would repeat.
pub const HOUSEHOLDS_MAX: u32 = APART + PER_BIRTHDAY * BIRTHDAYS;

/// A birth date that makes a person `age` years old on `on`, among the days
/// that belong to household `index`.
pub(crate) fn birth_date(dice: &mut Dice, index: u32, age: i64, on: Date) -> Date {
    let month = dice.between(1, i64::from(MONTHS));
    let area = i64::from(index % AREAS);
    let lap = i64::from(index / PER_LAP);
    let day = 1 + (lap + area + month).rem_euclid(7) + 7 * dice.between(0, 3);
    let (month, day) = match index.checked_sub(APART) {
        None => (month, day),
        Some(further) => {
            // Day after day, so that as many have their birthday on one as on another
            // however many households there are.
            let (month, day) = (further % MONTHS, further / MONTHS % DAYS);
            (i64::from(1 + month), i64::from(1 + day))
        }
    };
    let month = i8::try_from(month).unwrap_or(1);
    let day = i8::try_from(day).unwrap_or(1);
    let had_birthday = (month, day) <= (on.month(), on.day());
    let year = i64::from(on.year()) - age - i64::from(!had_birthday);
    civil::date(i16::try_from(year).unwrap_or(1970), month, day)
}

/// The identity number of the person at `position` of household `index`.
pub(crate) fn resident_id(index: u32, position: u32, birth: Date, sex: Sex) -> ResidentId {
    let (area, block) = match index.checked_sub(APART) {
        None => (FIRST_AREA + index % AREAS, index / AREAS % BLOCKS),
        Some(further) => {
            let further = further / BIRTHDAYS;
            let area = FURTHER_AREA + further % FURTHER_AREAS;
            (area, further / FURTHER_AREAS % BLOCKS)
        }
    };
    let pair = 1 + block * PEOPLE_PER_HOUSEHOLD + position % PEOPLE_PER_HOUSEHOLD;
    let sequence = pair * 2 + u32::from(sex == Sex::Male);
    let text = format!(
        "{area:06}{:04}{:02}{:02}{sequence:03}",
        birth.year(),
        birth.month(),
        birth.day()
    );
    ResidentId::from_first_17(&text).expect("an existing date and seventeen digits")
}

/// A person with the facts an age brings.
pub(crate) fn person(id: ResidentId, name: String, kinship: &'static str, on: Date) -> Member {
    let age = domain::time::age_in_years(id.birth_date(), on);
    let adult = age >= ASSUMED.working_age;
    let elder = age >= ASSUMED.elder_age;
    Member {
        id,
        name,
        kinship,
        marriage: if adult { "已婚" } else { "未婚" },
        health: if elder { "一般" } else { "健康" },
        capacity: if adult && !elder {
            "有劳动能力"
        } else {
            "无劳动能力"
        },
        employment: employment(adult, elder),
        school: school(age),
        standing: Standing::Listed,
        together: true,
        counted: true,
        not_counted: "",
        covered: false,
        father: None,
        mother: None,
        income: Income::default(),
        certificates: Vec::new(),
        grants: Vec::new(),
        bills: Vec::new(),
        police: Vec::new(),
        funeral: Vec::new(),
        custody: Vec::new(),
        labour: Vec::new(),
        cars: Vec::new(),
        pupil: crate::model::Pupil::Usual,
        obligors: None,
        illness: None,
        care: None,
    }
}

fn employment(adult: bool, elder: bool) -> &'static str {
    match (adult, elder) {
        (false, _) => "未成年人",
        (true, true) => "老年人",
        (true, false) => "无业",
    }
}

/// The stage of schooling usual at an age; a habit, not a rule.
pub(crate) fn school(age: i64) -> &'static str {
    match age {
        4..=6 => "幼儿园",
        7..=12 => "小学",
        13..=15 => "初中",
        16..=17 => "普通高中",
        _ => "",
    }
}

/// Either sex.
pub(crate) fn either(dice: &mut Dice) -> Sex {
    if dice.per_mille(500) {
        Sex::Male
    } else {
        Sex::Female
    }
}

/// The other sex.
pub(crate) fn other(sex: Sex) -> Sex {
    match sex {
        Sex::Male => Sex::Female,
        Sex::Female => Sex::Male,
    }
}

/// A name for a new family: surname first.
pub(crate) fn surname(dice: &mut Dice) -> char {
    WORDS.surname(dice)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::dice::Stream;

    #[test]
    fn households_with_the_same_numbers_share_no_birthday() {
        let on = civil::date(2026, 11, 20);
        let mut seen: BTreeSet<ResidentId> = BTreeSet::new();
        for lap in 0..LAPS {
            let index = 1234 + lap * PER_LAP;
            let dice = &mut Dice::new(1, index, Stream::People);
            let made: BTreeSet<ResidentId> = (0..300)
                .map(|_| birth_date(dice, index, 40, on))
                .map(|birth| resident_id(index, 3, birth, Sex::Female))
                .collect();
            assert!(made.len() > 40 && seen.is_disjoint(&made), "lap {lap}");
            seen.extend(made);
        }
    }

    #[test]
    fn households_beyond_those_have_numbers_of_their_own() {
        let on = civil::date(2026, 11, 20);
        let mut seen: BTreeSet<ResidentId> = BTreeSet::new();
        let mut sampled = 0;
        let near = (APART - 70_000..APART).chain(APART..APART + 70_000);
        let last = HOUSEHOLDS_MAX - PER_BIRTHDAY..HOUSEHOLDS_MAX;
        for index in near.chain(last).step_by(5) {
            let dice = &mut Dice::new(1, index, Stream::People);
            for position in [0, PEOPLE_PER_HOUSEHOLD - 1] {
                let birth = birth_date(dice, index, 40, on);
                seen.insert(resident_id(index, position, birth, Sex::Male));
                sampled += 1;
            }
        }
        assert_eq!(seen.len(), sampled);
    }

    /// A night looks at who has a birthday: it would find nobody of them on most days.
    #[test]
    fn households_beyond_those_have_birthdays_all_year() {
        let on = civil::date(2026, 11, 20);
        let mut days: BTreeMap<(i8, i8), u32> = BTreeMap::new();
        for index in APART..=APART + 3 * BIRTHDAYS {
            let dice = &mut Dice::new(1, index, Stream::People);
            let birth = birth_date(dice, index, 40, on);
            *days.entry((birth.month(), birth.day())).or_default() += 1;
        }
        assert_eq!(days.len(), BIRTHDAYS as usize);
        assert!(days.values().all(|born| [3, 4].contains(born)), "{days:?}");
    }

    #[test]
    fn an_age_is_completed_on_the_date() {
        let on = civil::date(2026, 11, 20);
        for index in [77, HOUSEHOLDS_MAX - 1] {
            let dice = &mut Dice::new(9, index, Stream::People);
            for age in 0..100 {
                let birth = birth_date(dice, index, age, on);
                assert_eq!(domain::time::age_in_years(birth, on), age);
            }
        }
    }
}
