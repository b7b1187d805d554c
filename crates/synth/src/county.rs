//! Inventing household number `index` of a county: the whole of it from the
//! seed and the index, so that a million can be streamed.

use domain::resident_id::Sex;
use domain::time::{Date, Month, add_days, add_months};

use crate::anomaly;
use crate::bills;
use crate::dice::{Dice, Stream};
use crate::families::{Sort, certificate, family, person_grant};
use crate::feeds::care;
use crate::incidents;
use crate::model::{
    Car, Custody, FuneralNote, Household, HukouChange, Labour, Member, Obligors, PoliceNote,
    Scheme, Standing,
};
use crate::people::{birth_date, either, person, resident_id, surname};
use crate::places::Places;
use crate::truth::Anomaly;
use crate::words::{ASSUMED, WORDS};

/// Position of a stranger's number beside a family.
const STRANGER_POSITION: u32 = 7;
/// Position of an obligor's number beside somebody who lives alone.
const OBLIGOR_POSITION: u32 = 5;

/// One household and what is wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Invented {
    /// The household.
    pub(crate) household: Household,
    /// The wrong, if any.
    pub(crate) anomaly: Option<Anomaly>,
}

/// Invents one household.
pub(crate) fn household(seed: u64, index: u32, places: &Places, on: Date) -> Invented {
    let mut dice = Dice::new(seed, index, Stream::People);
    let dice = &mut dice;
    let kind = anomaly::draw(dice);
    let sort = match kind {
        Some(kind) => anomaly::sort_for(dice, kind),
        None => ordinary(dice),
    };
    let mut household = family(dice, places, index, sort, on);
    bills::quiet(dice, &mut household, index, add_days(on, -5));
    let anomaly = kind.map(|kind| anomaly::put(dice, &mut household, index, kind, on));
    beside(dice, &mut household, index, on);
    no_findings(dice, &mut household, index, on);
    registered(&mut household, index, on);
    cared_for(&mut household, index, on);
    Invented { household, anomaly }
}

/// The mix of a county's register.
fn ordinary(dice: &mut Dice) -> Sort {
    match dice.below(100) {
        0..55 => Sort::of(Scheme::Subsistence),
        55..75 => Sort::of(Scheme::Marginal),
        75..87 => Sort::of(Scheme::ExtremeDifficulty),
        87..92 => Sort {
            individual: true,
            size_min: 2,
            ..Sort::of(Scheme::Marginal)
        },
        92..97 => Sort::of(Scheme::Hardship),
        _ => Sort::of(Scheme::None),
    }
}

/// People that other departments name too: elders on the 尊老金 list, disabled
/// people of ordinary families, patients, the dead.
fn beside(dice: &mut Dice, household: &mut Household, index: u32, on: Date) {
    let sex = either(dice);
    let member = match dice.below(100) {
        0..5 => {
            let mut member = stranger(dice, index, sex, (81, 97), on);
            pay_senior(&mut member, on);
            member
        }
        5..8 => {
            let mut member = stranger(dice, index, sex, (20, 75), on);
            let grade = u8::try_from(dice.between(1, 4)).unwrap_or(4);
            member
                .certificates
                .push(certificate(dice, "肢体", grade, on));
            if let Some(amount) = ASSUMED.nursing(grade) {
                let first = Month::of(on).plus(-20);
                member
                    .grants
                    .push(person_grant("残疾人护理补贴", amount, first));
            }
            member
        }
        8..11 => {
            let mut member = stranger(dice, index, sex, (28, 58), on);
            bills::quiet_stranger(dice, &mut member, index, add_days(on, -5));
            member
        }
        11..14 => {
            let mut member = stranger(dice, index, sex, (66, 96), on);
            pay_senior(&mut member, on);
            die(dice, &mut member, on);
            member
        }
        _ => return,
    };
    household.members.push(member);
}

/// What other lists say of ordinary families and no policy takes up: old cars,
/// motorcycles, wheelchair cars, sold ones, and measures that leave the count alone.
fn no_findings(dice: &mut Dice, household: &mut Household, index: u32, on: Date) {
    let (kind, status, days) = match dice.below(100) {
        0..5 => ("M21", "A", 90),
        5..8 => ("K33", "A", 900),
        8..9 => ("M15", "A", 120),
        9..10 => ("K33", "B", 200),
        10..11 => ("K31", "E", 100),
        _ => ("", "", 0),
    };
    let adults = household.members.iter_mut().filter(|m| m.is_listed());
    let Some(member) = adults
        .into_iter()
        .find(|m| m.age(on) >= ASSUMED.working_age)
    else {
        return;
    };
    if !kind.is_empty() {
        member.cars.push(Car {
            kind,
            status,
            plated: add_days(on, -days),
        });
    }
    // Who has assessed wages is insured, and who works for himself pays himself.
    let form = match member.employment {
        "在职" => "单位参保",
        "灵活就业" => "灵活就业",
        _ => "",
    };
    let wages = member.income.wage > domain::money::Money::ZERO;
    if dice.per_mille(400) && !form.is_empty() && (wages || form == "灵活就业") {
        let month = Month::of(on);
        for back in [2, 1] {
            member.labour.push(Labour::Insured(month.plus(-back), form));
        }
    }
    if dice.per_mille(12) && member.custody.is_empty() {
        member.custody.push(Custody {
            kind: dice.word(&["社区矫正", "缓刑"]),
            began: add_days(on, -200),
            term: "一年六个月",
            until: None,
        });
    }
    if dice.per_mille(4) {
        incidents::witnessed(household, index, on);
    }
}

/// What further departments register of families that no policy takes up: old
/// obligors of 特困 people or none, and illness in families on 低保 as a whole.
fn registered(household: &mut Household, index: u32, on: Date) {
    let head = &mut household.members[0];
    match household.scheme {
        Scheme::ExtremeDifficulty => {
            let mut people = Vec::new();
            if index.is_multiple_of(4) {
                // Older than the head, and so of an age that settles nothing.
                let birth = add_months(head.birth(), -12 * 3);
                let id = resident_id(index, OBLIGOR_POSITION, birth, Sex::Male);
                people.push((format!("{}兄", head.name), Some(id), "兄"));
            }
            head.obligors = Some(Obligors {
                complete: !index.is_multiple_of(7),
                people,
            });
        }
        Scheme::Subsistence if index.is_multiple_of(9) => {
            let since = add_days(on, -i32::try_from(40 + index % 400).unwrap_or(40));
            let until = add_days(add_months(since, 24), -1);
            head.illness = Some((since, index.is_multiple_of(2).then_some(until)));
        }
        _ => {}
    }
}

/// Who lives alone and is old is on the visiting roster: the very old and the
/// severely disabled every week, the others every month. Whoever is visited is
/// well; some have not been visited in the week or the month, or were out.
fn cared_for(household: &mut Household, index: u32, on: Date) {
    let alone = household.listed().count() == 1;
    let head = &mut household.members[0];
    let alive = head.police.is_empty() && head.funeral.is_empty();
    if !alone || !alive || !head.is_listed() || head.age(on) < care::ALONE_FROM {
        return;
    }
    let weekly = head.age(on) >= care::WEEKLY_FROM || head.is_severely_disabled();
    head.care = Some(care::invented(weekly, index));
}

fn stranger(dice: &mut Dice, index: u32, sex: Sex, ages: (i64, i64), on: Date) -> Member {
    let age = dice.between(ages.0, ages.1);
    let birth = birth_date(dice, index, age, on);
    let id = resident_id(index, STRANGER_POSITION, birth, sex);
    let family_name = surname(dice);
    let mut member = person(id, WORDS.name(dice, family_name, sex), "", on);
    member.standing = Standing::Stranger;
    member
}

fn pay_senior(member: &mut Member, on: Date) {
    if let Some(amount) = ASSUMED.senior(member.age(on)) {
        let first = Month::of(on).plus(-14);
        member.grants.push(person_grant("尊老金", amount, first));
    }
}

/// An ordinary death: told by both sources, paid to the month of death.
fn die(dice: &mut Dice, member: &mut Member, on: Date) {
    let died = add_days(on, -i32::try_from(dice.between(20, 75)).unwrap_or(30));
    member.stop_after(Month::of(died));
    let told = add_days(died, i32::try_from(dice.between(2, 6)).unwrap_or(2));
    member.funeral.push(FuneralNote { died, told });
    let told = add_days(told, i32::try_from(dice.between(1, 8)).unwrap_or(1));
    let change = HukouChange::Died;
    member.police.push(PoliceNote {
        change,
        on: died,
        told,
    });
}
