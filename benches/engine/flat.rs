//! Households as a plain table has them: only what five policies read, in the
//! shape someone who writes the five by hand would choose.
//!
//! The five are the hottest of the committed set that a table can express:
//! 特困人员 costs more and reads the facts of people outside the household.

use domain::code::{CodeList, INCOME_CLASS, SCHEME};
use domain::dictionary::Kind;
use domain::household::{Completeness, Facts, Household, Item};
use domain::money::Money;
use domain::region::DivisionCode;
use domain::time::{Date, add_months, days_between};
use rules::{Parameters, Standing};

/// The five, in the order of their places in a [`Flags`].
pub(crate) const FIVE: [&str; 5] = [
    "subsistence_allowance",
    "marginal",
    "expenditure_hardship",
    "low_income_medical",
    "large_medical_bill",
];

/// An amount of the year that is not known.
pub(crate) const UNKNOWN: i64 = i64::MIN;

/// Two bits for the standing of each of the first four (不适用, 不符合, 待核实,
/// 符合), and above them one for each member of whom the fifth says 符合.
pub(crate) type Flags = u32;

/// Puts a standing where it belongs.
pub(crate) fn flag(policy: usize, standing: Standing) -> Flags {
    (standing as Flags) << (2 * policy)
}

/// The bit of a member.
pub(crate) const fn member_flag(member: usize) -> Flags {
    1 << (8 + member)
}

/// One income of the year.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Income {
    /// Place in the code list.
    pub(crate) class: u8,
    /// Fen, or [`UNKNOWN`].
    pub(crate) fen: i64,
}

/// One settlement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settled {
    /// Days since 1970.
    pub(crate) day: i32,
    /// Fen borne after insurance.
    pub(crate) fen: i64,
}

/// A member.
#[derive(Clone, Debug, Default)]
pub(crate) struct Person {
    /// Sources that told of a death.
    pub(crate) deaths: u8,
    pub(crate) incomes: Vec<Income>,
    /// There may be more incomes.
    pub(crate) incomes_open: bool,
    pub(crate) settled: Vec<Settled>,
    /// There may be more settlements.
    pub(crate) settled_open: bool,
}

/// A household.
#[derive(Clone, Debug, Default)]
pub(crate) struct Home {
    /// Bits of schemes, by their places in the code list.
    pub(crate) recognised: u8,
    /// There may be more recognitions.
    pub(crate) recognised_open: bool,
    /// Whether property is within the rule, if known.
    pub(crate) within: Option<bool>,
    /// On the latest list of 低保 as a whole family.
    pub(crate) whole_family: bool,
    pub(crate) people: Vec<Person>,
}

/// The figures the five compare with, of one place and day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// 低保标准, fen a month.
    pub(crate) standard: i64,
    /// How many times of it 低边 reaches.
    pub(crate) multiple: (i64, i64),
    /// Bits of income classes that do not count for it.
    pub(crate) exempt: u32,
    /// Fen a year.
    pub(crate) disposable: i64,
    pub(crate) share: (i64, i64),
    /// Fen in twelve months.
    pub(crate) low_income_bill: i64,
    pub(crate) large_bill: i64,
    /// Settlements after this day count, until [`Figures::today`].
    pub(crate) after: i32,
    pub(crate) today: i32,
    /// Bits of schemes.
    pub(crate) low_income: u8,
    pub(crate) excluded: u8,
    pub(crate) extreme: u8,
}

fn place(list: &CodeList, code: &str) -> u8 {
    let at = list.entries.iter().position(|e| e.code == code);
    at.and_then(|at| u8::try_from(at).ok())
        .expect("a code of the list")
}

fn day(date: Date) -> i32 {
    let first = Date::new(1970, 1, 1).expect("a day");
    i32::try_from(days_between(first, date)).expect("a day of this age")
}

impl Figures {
    /// As in force, with every one of them set.
    pub(crate) fn of(all: &Parameters, at: DivisionCode, on: Date) -> Option<Figures> {
        let fen = |key| {
            Some(
                Money::from_yuan_text(all.value(key, at, on)?)
                    .ok()?
                    .as_fen(),
            )
        };
        // Yuan in hundredths, so any decimal of two places is a fraction.
        let ratio = |key| Some((fen(key)?, 100));
        let schemes = |key| -> Option<u8> {
            let codes = all.codes(key, at, on)?.iter();
            Some(codes.map(|code| 1 << place(&SCHEME, code)).sum())
        };
        let mut exempt: u32 = all
            .codes("exempt_income_classes", at, on)?
            .iter()
            .map(|code| 1 << place(&INCOME_CLASS, code))
            .sum();
        let central = 1 << place(&INCOME_CLASS, "central_basic_pension");
        exempt &= !central;
        if all.value("central_basic_pension_exempt", at, on)? == "是" {
            exempt |= central;
        }
        let window = i32::try_from(all.number("medical_window_months", at, on)?).ok()?;
        let other = all.number("large_bill_window_months", at, on)?;
        // One window for both is what the hand-written version rests on.
        if i64::from(window) != other || all.number("death_sources_to_confirm", at, on)? != 2 {
            return None;
        }
        let hardship = 1 << place(&SCHEME, "expenditure_hardship");
        Some(Figures {
            standard: fen("allowance_standard")?,
            multiple: ratio("low_margin_multiple")?,
            exempt,
            disposable: fen("disposable_income_per_head")?,
            share: ratio("hardship_expenditure_ratio")?,
            low_income_bill: fen("medical_burden_threshold")?,
            large_bill: fen("large_bill_threshold")?,
            after: day(add_months(on, -window)),
            today: day(on),
            low_income: schemes("low_income_schemes")?,
            excluded: schemes("hardship_excluded_schemes")? | hardship,
            extreme: 1 << place(&SCHEME, "extreme_difficulty"),
        })
    }
}

fn items(facts: &Facts, kind: Kind) -> (&[Item], bool) {
    facts.get(&kind).map_or((&[], true), |list| {
        let open = matches!(list.completeness, Completeness::Open(_));
        (list.items.as_slice(), open)
    })
}

impl Home {
    /// What a household's row and its members' rows say.
    pub(crate) fn of(household: &Household) -> Home {
        let (recognitions, recognised_open) = items(&household.facts, Kind::Recognition);
        let schemes = recognitions.iter().filter_map(|r| r.body.code("scheme"));
        let recognised = schemes.fold(0, |bits, code| bits | 1 << place(&SCHEME, code));
        let (checks, _) = items(&household.facts, Kind::MeansCheck);
        let result = checks.first().and_then(|c| c.body.code("result"));
        let month = household.months.by_item.get("subsistence");
        let month = month.and_then(|note| note.as_ref().ok()?.month);
        let whole = |row: &Item| {
            row.body.code("item") == Some("subsistence")
                && row.body.code("sub_item") == Some("whole_family")
                && row.body.code("status") == Some("paid")
                && row.body.month("month") == month
        };
        let people = household.people.iter();
        Home {
            recognised,
            recognised_open,
            within: result.map(|code| code == "within"),
            whole_family: people
                .clone()
                .any(|p| items(&p.facts, Kind::Grant).0.iter().any(whole)),
            people: people.map(Person::of).collect(),
        }
    }
}

impl Person {
    fn of(person: &domain::household::Person) -> Person {
        let (deaths, _) = items(&person.facts, Kind::Death);
        let mut tellers: Vec<_> = deaths.iter().map(|item| &item.source).collect();
        tellers.sort();
        tellers.dedup();
        let (incomes, incomes_open) = items(&person.facts, Kind::Income);
        let income = |item: &Item| Income {
            class: place(
                &INCOME_CLASS,
                item.body.code("class").expect("every income has one"),
            ),
            fen: item
                .body
                .money("amount_year")
                .map_or(UNKNOWN, Money::as_fen),
        };
        let (settled, settled_open) = items(&person.facts, Kind::MedicalSettlement);
        let settlement = |item: &Item| Settled {
            day: day(item
                .body
                .date("settled_on")
                .expect("every settlement has one")),
            fen: item
                .body
                .money("personal_burden")
                .expect("and this")
                .as_fen(),
        };
        Person {
            deaths: u8::try_from(tellers.len()).unwrap_or(u8::MAX),
            incomes: incomes.iter().map(income).collect(),
            incomes_open,
            settled: settled.iter().map(settlement).collect(),
            settled_open,
        }
    }
}
