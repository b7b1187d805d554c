//! Rows that nobody could read. A defect is a row of its own, so that a refused
//! row never changes what is true of a family.

use domain::resident_id::Sex;
use domain::time::{Date, add_days};

use crate::dice::Dice;
use crate::dirt::Cells;
use crate::families::{certificate, person_grant};
use crate::feeds::{
    Feed, care, civil, deaths, disability, elders, illness, labour, leads, liberty, medical,
    obligors, payments, school, vehicles,
};
use crate::model::{
    Bill, Car, Custody, FuneralNote, Household, HukouChange, Labour, Lead, Member, PoliceNote,
    Scheme, Standing, Stray,
};
use crate::people::{birth_date, either, person, resident_id, surname};
use crate::words::{ASSUMED, WORDS, yuan};

/// Households in a thousand beside which a feed has a row nobody can read.
pub(crate) const DEFECTS_PER_MILLE: u32 = 6;

/// What is wrong with the number of a defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defect {
    Missing,
    Checksum,
    Rounded,
}

impl Defect {
    fn outcome(self) -> (&'static str, &'static str) {
        match self {
            Defect::Missing => ("held", "id.missing"),
            Defect::Checksum => ("rejected", "id.checksum"),
            Defect::Rounded => ("rejected", "id.lost_precision"),
        }
    }

    fn write(self, id: &str) -> String {
        match self {
            Defect::Missing => String::new(),
            Defect::Rounded => "3.2E+17".to_owned(),
            Defect::Checksum => {
                let last = if id.ends_with('7') { '6' } else { '7' };
                format!("{}{last}", &id[..17])
            }
        }
    }
}

/// Position of a defect's invented person beside a family: after the family,
/// shared with the elder, whose birth date differs.
const DEFECT_POSITION: u32 = 6;

/// A row nobody can read, beside household `index`.
pub(crate) fn defect(
    dice: &mut Dice,
    feed: Feed,
    household: &Household,
    index: u32,
    told: Date,
) -> Option<Stray> {
    let defect = *dice.pick(&[Defect::Missing, Defect::Checksum, Defect::Rounded]);
    if feed == Feed::Funeral && defect != Defect::Missing {
        return relative_in_the_column(dice, household, index, told);
    }
    if feed == Feed::Leads {
        return wordless_report(household, index, told);
    }
    let newborn = defect == Defect::Missing && matches!(feed, Feed::Civil | Feed::Medical);
    let age = match feed {
        _ if newborn => 0,
        Feed::School => dice.between(8, 14),
        _ => dice.between(81, 90),
    };
    let mut someone = nobody(dice, index, age, told);
    let id = defect.write(someone.id.as_str());
    someone.kinship = if newborn { "子" } else { "其他" };
    if feed == Feed::School && school::begins_a_year(told) {
        return Some(school::unreadable_stage(&someone, told));
    }
    let (column, mut cells) = beside(dice, feed, household, index, (someone, told))?;
    let mut row = Cells {
        columns: feed.columns(),
        cells: &mut cells,
    };
    row.set(column, &id);
    if defect == Defect::Missing {
        row.set("证件类型", "无");
        row.rewrite("学籍号", |number| {
            number.get(7..).map(|n| format!("L320412{n}"))
        });
    }
    let (outcome, why) = defect.outcome();
    // Many pupils have no number of their own: such a row waits, whatever stands there.
    let outcome = if feed == Feed::School {
        "held"
    } else {
        outcome
    };
    Some(Stray {
        feed: feed.number(),
        told,
        cells,
        outcome,
        why,
    })
}

/// The same of pupils, obligors, illness and care.
fn hardship_beside(
    feed: Feed,
    household: &Household,
    someone: &Member,
    told: Date,
) -> Option<(&'static str, Vec<String>)> {
    Some(match feed {
        Feed::School => (
            "证件号码",
            school::cells(someone, school::usual(someone, told, "")?, told),
        ),
        Feed::Obligors => (
            "证件号码",
            obligors::cells(household, someone, true, None, told),
        ),
        Feed::Illness => {
            let since = add_days(told, -60);
            ("证件号码", illness::cells(someone, (since, None), told))
        }
        Feed::CarePlans => {
            let place = &household.residence;
            let row = care::planned(someone, place, &care::usual(told));
            ("证件号码", row)
        }
        Feed::Visits => {
            let visited = care::all_well(add_days(told, -1));
            ("证件号码", care::visited(someone, &visited))
        }
        _ => return None,
    })
}

/// A readable row about `someone` beside a household, and the column of the
/// number that will be spoilt.
fn beside(
    dice: &mut Dice,
    feed: Feed,
    household: &Household,
    index: u32,
    (mut someone, told): (Member, Date),
) -> Option<(&'static str, Vec<String>)> {
    Some(match feed {
        Feed::Civil if household.scheme != Scheme::Subsistence => return None,
        Feed::Civil => {
            someone.covered = true;
            ("证件号码", civil::cells(household, &someone, told))
        }
        Feed::Payments(month) => {
            let amount = ASSUMED.senior(dice.between(81, 97))?;
            someone.grants = vec![person_grant("尊老金", amount, month.plus(-3))];
            let mut alone = household.clone();
            alone.members = vec![someone];
            let row = payments::rows(&alone, month, None).pop()?;
            ("享受人证件号码", row)
        }
        Feed::Medical => {
            let bill = jaundice(dice, index, told);
            ("证件号码", medical::cells(household, &someone, &bill))
        }
        Feed::Disability => {
            let certificate = certificate(dice, "听力", 3, told);
            let row = disability::cells(household, &someone, &certificate);
            ("身份证号码", row)
        }
        Feed::Police => {
            let note = PoliceNote {
                change: HukouChange::Died,
                on: add_days(told, -12),
                told,
            };
            let row = deaths::police_cells(household, &someone, note);
            ("公民身份号码", row)
        }
        Feed::Elders => ("公民身份号码", elders::cells(household, &someone, told)),
        Feed::Labour | Feed::Liberty | Feed::Vehicles => {
            return alone_beside(feed, &someone, told);
        }
        Feed::School | Feed::Obligors | Feed::Illness | Feed::CarePlans | Feed::Visits => {
            return hardship_beside(feed, household, &someone, told);
        }
        // A report without a number is a report all the same.
        Feed::Leads | Feed::Incidents => return None,
        Feed::Funeral => {
            "无名".clone_into(&mut someone.name);
            let died = add_days(told, -7);
            let row = deaths::funeral_cells(household, &someone, FuneralNote { died, told });
            ("证件号码", row)
        }
    })
}

/// The same of the lists that name no household.
fn alone_beside(feed: Feed, someone: &Member, told: Date) -> Option<(&'static str, Vec<String>)> {
    Some(match feed {
        Feed::Labour => {
            let record = Labour::Unemployed(add_days(told, -150));
            ("证件号码", labour::cells(someone, 0, record, told))
        }
        Feed::Liberty => {
            let custody = Custody {
                kind: "监狱服刑",
                began: add_days(told, -400),
                term: "3年",
                until: None,
            };
            ("证件号码", liberty::cells(someone, custody))
        }
        Feed::Vehicles => {
            let (kind, status, plated) = ("K33", "A", add_days(told, -30));
            let car = Car {
                kind,
                status,
                plated,
            };
            ("身份证明号码", vehicles::cells(someone, 0, car))
        }
        _ => return None,
    })
}

/// A report that does not say what happened: held until someone calls back.
fn wordless_report(household: &Household, index: u32, told: Date) -> Option<Stray> {
    let head = household.listed().next()?;
    let lead = Lead {
        number: format!("WG{index:06}X"),
        time: told.to_string(),
        told,
        name: head.name.clone(),
        id: None,
        origin: "",
        category: "其他",
        urgency: "急",
        text: String::new(),
    };
    Some(Stray {
        feed: Feed::Leads.number(),
        told,
        cells: leads::cells(household, &lead),
        outcome: "held",
        why: "field.missing",
    })
}

/// A bill that may well be a newborn's.
fn jaundice(dice: &mut Dice, index: u32, told: Date) -> Bill {
    Bill {
        number: format!("S{:04}{:02}{index:06}99", told.year(), told.month()),
        care: "普通住院",
        diagnosis: "黄疸,待查".to_owned(),
        hospital: dice.pick(&WORDS.hospitals).clone(),
        from: add_days(told, -9),
        settled: add_days(told, -4),
        total: yuan(1200),
        burden: yuan(400),
        reverses: None,
        told,
    }
}

/// Someone of no household, whose number will be spoilt.
fn nobody(dice: &mut Dice, index: u32, age: i64, on: Date) -> Member {
    let sex = either(dice);
    let family_name = surname(dice);
    let birth = birth_date(dice, index, age, on);
    let id = resident_id(index, DEFECT_POSITION, birth, sex);
    let mut member = person(id, WORDS.name(dice, family_name, sex), "", on);
    member.standing = Standing::Stranger;
    member
}

/// The relative who handed in the papers stands in the deceased's column. The
/// deceased is invented; the number is the living head's.
fn relative_in_the_column(
    dice: &mut Dice,
    household: &Household,
    index: u32,
    told: Date,
) -> Option<Stray> {
    let head = household.listed().next()?;
    if head.age(told) > 65 || !head.police.is_empty() || !head.funeral.is_empty() {
        return None;
    }
    let mut someone = nobody(dice, index, 93, told);
    if someone.sex() == head.sex() && someone.sex() == Sex::Male {
        someone.kinship = "父亲";
    }
    let note = FuneralNote {
        died: add_days(told, -6),
        told,
    };
    let mut cells = deaths::funeral_cells(household, &someone, note);
    let mut row = Cells {
        columns: deaths::FUNERAL,
        cells: &mut cells,
    };
    row.set("证件号码", head.id.as_str());
    row.set("家属姓名", &head.name);
    row.set("与逝者关系", "子女");
    Some(Stray {
        feed: Feed::Funeral.number(),
        told,
        cells,
        outcome: "held",
        why: "identity.mismatch",
    })
}
