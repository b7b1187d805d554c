//! What families are made of: the tables beside the source, read once.

use std::sync::LazyLock;

use domain::money::Money;
use domain::resident_id::Sex;
use serde::Deserialize;

use crate::dice::Dice;

/// Values invented families are made to fit; sample values, never official.
#[derive(Debug, Deserialize)]
pub(crate) struct Assumptions {
    pub(crate) allowance_standard_yuan: i64,
    pub(crate) extreme_difficulty_yuan: i64,
    nursing_yuan: std::collections::BTreeMap<String, i64>,
    pub(crate) living_inside_yuan: i64,
    pub(crate) living_outside_yuan: i64,
    pub(crate) central_basic_pension_yuan: i64,
    senior_yuan: Vec<(i64, i64)>,
    pub(crate) elder_age: i64,
    pub(crate) working_age: i64,
    pub(crate) orphan_yuan: i64,
    pub(crate) big_bill_yuan: i64,
    pub(crate) quiet_bills_yuan: i64,
}

impl Assumptions {
    /// The allowance standard of a month.
    pub(crate) fn standard(&self) -> Money {
        yuan(self.allowance_standard_yuan)
    }

    /// Nursing subsidy of a disability grade, if it has one.
    pub(crate) fn nursing(&self, grade: u8) -> Option<Money> {
        self.nursing_yuan.get(&grade.to_string()).map(|y| yuan(*y))
    }

    /// 尊老金 at an age, if any.
    pub(crate) fn senior(&self, age: i64) -> Option<Money> {
        let mut steps = self.senior_yuan.iter().filter(|(from, _)| *from <= age);
        steps.next_back().map(|(_, y)| yuan(*y))
    }
}

/// Whole yuan as money.
pub(crate) const fn yuan(yuan: i64) -> Money {
    Money::from_fen(yuan * 100)
}

#[derive(Deserialize)]
struct WordsFile {
    surnames: String,
    male: String,
    female: String,
    diagnoses: Vec<String>,
    grave: Vec<String>,
    hospitals: Vec<String>,
    old_villages: Vec<String>,
    banks: Vec<String>,
}

/// Words invented rows are written with.
#[derive(Debug)]
pub(crate) struct Words {
    surnames: Vec<char>,
    male: Vec<char>,
    female: Vec<char>,
    pub(crate) diagnoses: Vec<String>,
    pub(crate) grave: Vec<String>,
    pub(crate) hospitals: Vec<String>,
    pub(crate) old_villages: Vec<String>,
    pub(crate) banks: Vec<String>,
}

impl Words {
    /// A surname.
    pub(crate) fn surname(&self, dice: &mut Dice) -> char {
        *dice.pick(&self.surnames)
    }

    /// A name with this surname: one or two given characters.
    pub(crate) fn name(&self, dice: &mut Dice, surname: char, sex: Sex) -> String {
        let given = match sex {
            Sex::Male => &self.male,
            Sex::Female => &self.female,
        };
        let mut name = String::from(surname);
        name.push(*dice.pick(given));
        if dice.per_mille(700) {
            name.push(*dice.pick(given));
        }
        name
    }
}

/// The assumptions.
pub(crate) static ASSUMED: LazyLock<Assumptions> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../invention/assumptions.json"))
        .expect("the file is part of the crate and every test reads it")
});

/// The words.
pub(crate) static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let file: WordsFile = serde_json::from_str(include_str!("../invention/words.json"))
        .expect("the file is part of the crate and every test reads it");
    Words {
        surnames: file.surnames.chars().collect(),
        male: file.male.chars().collect(),
        female: file.female.chars().collect(),
        diagnoses: file.diagnoses,
        grave: file.grave,
        hospitals: file.hospitals,
        old_villages: file.old_villages,
        banks: file.banks,
    }
});
