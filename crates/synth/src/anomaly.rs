//! Putting wrongs into invented families: one per family at most, each leaving
//! every other policy silent.

use domain::resident_id::Sex;
use domain::time::{Date, Month, add_days};

use crate::bills;
use crate::dice::Dice;
use crate::families::{Sort, certificate, entitle, person_grant};
use crate::incidents;
use crate::model::{
    Car, Custody, FuneralNote, Household, HukouChange, Labour, Lead, Member, PoliceNote, Scheme,
    Standing,
};
use crate::people::{birth_date, either, person, resident_id, surname};
use crate::truth::{Anomaly, AnomalyKind};
use crate::words::{ASSUMED, WORDS, yuan};

/// Families in a thousand that carry one kind of wrong.
const PER_MILLE_EACH: u32 = 6;
/// Position of an invented elder beside a family of at most six.
const ELDER_POSITION: u32 = 6;

/// The wrong a family is to carry, if any.
pub(crate) fn draw(dice: &mut Dice) -> Option<AnomalyKind> {
    let slot = dice.below(1000) / PER_MILLE_EACH;
    AnomalyKind::ALL.get(usize::try_from(slot).ok()?).copied()
}

/// Who is wrongly paid after death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dead {
    /// A 特困 person living alone.
    Destitute,
    /// The old mother in a 低边 family.
    Mother,
    /// An elder of no household we know.
    Stranger,
}

/// The sort of family a wrong needs.
pub(crate) fn sort_for(dice: &mut Dice, kind: AnomalyKind) -> Sort {
    let subsistence = Sort::of(Scheme::Subsistence);
    let marginal = Sort::of(Scheme::Marginal);
    match kind {
        AnomalyKind::PaidAfterDeathOneSource | AnomalyKind::PaidAfterDeathTwoSources => {
            match *dice.pick(&[
                Dead::Destitute,
                Dead::Destitute,
                Dead::Mother,
                Dead::Stranger,
            ]) {
                Dead::Destitute => Sort::of(Scheme::ExtremeDifficulty),
                // With the mother the two are a little above the line, and
                // without her they are still above it.
                Dead::Mother => Sort {
                    size_min: 2,
                    size_max: 2,
                    income_percent: (160, 175),
                    ..marginal
                },
                Dead::Stranger => Sort::of(Scheme::None),
            }
        }
        AnomalyKind::MemberDied => Sort {
            size_min: 3,
            income_percent: (5, 50),
            ..subsistence
        },
        AnomalyKind::IndividualMissed => Sort {
            individual: true,
            size_min: 2,
            ..marginal
        },
        AnomalyKind::AllowanceMissed => Sort {
            income_percent: (25, 80),
            ..marginal
        },
        AnomalyKind::IncomeOver => Sort {
            income_percent: (120, 180),
            ..subsistence
        },
        AnomalyKind::BigBill if dice.per_mille(400) => marginal,
        AnomalyKind::NursingMissed
        | AnomalyKind::LivingMissed
        | AnomalyKind::BigBill
        | AnomalyKind::CheckOverdue
        | AnomalyKind::NewVehicle
        | AnomalyKind::Reported => subsistence,
        AnomalyKind::SeniorMissed => Sort::of(Scheme::None),
        AnomalyKind::Struck => marginal,
        AnomalyKind::JobFound => Sort {
            size_min: 3,
            ..subsistence
        },
        AnomalyKind::Unemployed => Sort {
            size_min: 3,
            ..marginal
        },
        AnomalyKind::CustodyCounted => Sort {
            size_min: 2,
            income_percent: (5, 40),
            ..subsistence
        },
    }
}

/// Puts the wrong in and says what was done.
pub(crate) fn put(
    dice: &mut Dice,
    household: &mut Household,
    index: u32,
    kind: AnomalyKind,
    on: Date,
) -> Anomaly {
    let (subject, note) = match kind {
        AnomalyKind::PaidAfterDeathOneSource => paid_after_death(dice, household, index, on, false),
        AnomalyKind::PaidAfterDeathTwoSources => paid_after_death(dice, household, index, on, true),
        AnomalyKind::MemberDied => member_died(dice, household, on),
        AnomalyKind::IndividualMissed => individual_missed(household),
        AnomalyKind::NursingMissed => subsidy_missed(dice, household, on, "残疾人护理补贴"),
        AnomalyKind::LivingMissed => subsidy_missed(dice, household, on, "残疾人生活补贴"),
        AnomalyKind::BigBill => big_bill(dice, household, index, on),
        AnomalyKind::AllowanceMissed => (None, "家庭收入低于标准，未领低保".to_owned()),
        AnomalyKind::IncomeOver => income_over(household),
        AnomalyKind::CheckOverdue => check_overdue(dice, household, on),
        AnomalyKind::CustodyCounted => in_prison(household, on),
        AnomalyKind::NewVehicle => new_car(dice, household, on),
        AnomalyKind::JobFound => job_found(household, on),
        AnomalyKind::SeniorMissed => senior_missed(dice, household, index, on),
        AnomalyKind::Unemployed => unemployed(dice, household, on),
        AnomalyKind::Reported => reported(dice, household, index, on),
        AnomalyKind::Struck => incidents::struck(dice, household, index, on),
    };
    let known = subject.is_none_or(|i| !household.members[i].is_stranger());
    Anomaly {
        kind,
        policies: vec![kind.policy().to_owned()],
        finding: kind.finding(),
        household_number: known.then(|| household.number.clone()),
        resident_id: subject.map(|i| household.members[i].id.as_str().to_owned()),
        note,
    }
}

type Done = (Option<usize>, String);

fn paid_after_death(
    dice: &mut Dice,
    household: &mut Household,
    index: u32,
    on: Date,
    two_sources: bool,
) -> Done {
    let subject = match household.scheme {
        Scheme::ExtremeDifficulty => 0,
        Scheme::Marginal => elder(dice, household, index, on, false),
        _ => elder(dice, household, index, on, true),
    };
    let from = Month::of(on).plus(-3).first_day();
    let died = add_days(from, i32::try_from(dice.between(5, 50)).unwrap_or(5));
    let funeral_only = dice.per_mille(600);
    let member = &mut household.members[subject];
    if two_sources || funeral_only {
        let told = add_days(died, i32::try_from(dice.between(2, 8)).unwrap_or(2));
        member.funeral.push(FuneralNote { died, told });
    }
    if two_sources || !funeral_only {
        let told = add_days(died, i32::try_from(dice.between(9, 24)).unwrap_or(9));
        member.police.push(PoliceNote {
            change: HukouChange::Died,
            on: died,
            told,
        });
    }
    (Some(subject), format!("{died}死亡，之后月份仍在发放"))
}

/// Adds an old woman or man: the family's mother, or a stranger.
pub(crate) fn elder(
    dice: &mut Dice,
    household: &mut Household,
    index: u32,
    on: Date,
    stranger: bool,
) -> usize {
    let sex = if stranger { either(dice) } else { Sex::Female };
    let age = dice.between(81, 96);
    let birth = birth_date(dice, index, age, on);
    let id = resident_id(index, ELDER_POSITION, birth, sex);
    let family_name = surname(dice);
    let mut member = person(id, WORDS.name(dice, family_name, sex), "母亲", on);
    if stranger {
        member.standing = Standing::Stranger;
    }
    let first = Month::of(on).plus(-14);
    if let Some(amount) = ASSUMED.senior(age) {
        member.grants.push(person_grant("尊老金", amount, first));
    }
    if stranger && dice.per_mille(500) {
        let grade = u8::try_from(dice.between(1, 2)).unwrap_or(2);
        member
            .certificates
            .push(certificate(dice, "肢体", grade, on));
        if let Some(amount) = ASSUMED.nursing(grade) {
            member
                .grants
                .push(person_grant("残疾人护理补贴", amount, first));
        }
    }
    household.members.push(member);
    household.members.len() - 1
}

fn member_died(dice: &mut Dice, household: &mut Household, on: Date) -> Done {
    let people = &household.members;
    let candidates: Vec<usize> = (1..people.len())
        .filter(|i| people[*i].income.counting().as_fen() == 0)
        .collect();
    let oldest = candidates.into_iter().min_by_key(|i| people[*i].birth());
    let subject = oldest.unwrap_or(people.len() - 1);
    let died = add_days(on, -i32::try_from(dice.between(12, 80)).unwrap_or(30));
    let member = &mut household.members[subject];
    member.income = crate::model::Income::default();
    member.certificates.clear();
    member.health = "一般";
    recompute(household, on);
    let member = &mut household.members[subject];
    member.stop_after(Month::of(died));
    member.funeral.push(FuneralNote {
        died,
        told: add_days(died, 3),
    });
    if dice.per_mille(600) {
        let told = add_days(died, 6);
        member.police.push(PoliceNote {
            change: HukouChange::Died,
            on: died,
            told,
        });
    }
    (Some(subject), format!("低保家庭成员{died}死亡，名册仍计入"))
}

/// Pays the family anew after its facts changed.
fn recompute(household: &mut Household, on: Date) {
    for member in &mut household.members {
        member.grants.clear();
        member.covered = false;
    }
    entitle(household, on);
}

fn individual_missed(household: &mut Household) -> Done {
    let severe = household
        .members
        .iter()
        .position(Member::is_severely_disabled);
    let subject = severe.unwrap_or(0);
    let member = &mut household.members[subject];
    member.covered = false;
    member.grants.retain(|g| g.item != "低保");
    (
        Some(subject),
        "低边家庭重度残疾成员，未领单人户低保".to_owned(),
    )
}

fn subsidy_missed(dice: &mut Dice, household: &mut Household, on: Date, item: &str) -> Done {
    // A child might be an orphan as far as a list without orphans can tell.
    let adult = |m: &Member| m.age(on) >= ASSUMED.working_age;
    let subject = household.members.iter().rposition(adult).unwrap_or(0);
    let grade = u8::try_from(dice.between(1, 2)).unwrap_or(2);
    let category = dice.word(&["肢体", "视力", "智力", "精神"]);
    let new = certificate(dice, category, grade, on);
    let member = &mut household.members[subject];
    member.certificates = vec![new];
    member.health = "残疾";
    recompute(household, on);
    let member = &mut household.members[subject];
    member.grants.retain(|g| g.item != item);
    (
        Some(subject),
        format!("低保家庭{category}{grade}级，未领{item}"),
    )
}

fn big_bill(dice: &mut Dice, household: &mut Household, index: u32, on: Date) -> Done {
    let subject = household.members.len() - 1;
    let until = add_days(on, -5);
    let burden = bills::big(dice, &mut household.members[subject], index, until);
    (Some(subject), format!("近12个月个人负担{burden}元以上"))
}

/// Checked half a year ago and more, and still of the class checked half-yearly.
fn check_overdue(dice: &mut Dice, household: &mut Household, on: Date) -> Done {
    let days = dice.between(190, 300);
    household.check_class = "C";
    household.checked = add_days(on, -i32::try_from(days).unwrap_or(200));
    household.recognised = household.recognised.min(household.checked);
    (None, format!("C类低保家庭{days}天没有核查"))
}

fn in_prison(household: &mut Household, on: Date) -> Done {
    let began = add_days(on, -160);
    household.members[0].custody.push(Custody {
        kind: "监狱服刑",
        began,
        term: "2年6个月",
        until: Some(domain::time::add_months(began, 30)),
    });
    (None, format!("户主{began}起服刑，低保仍计入"))
}

fn new_car(dice: &mut Dice, household: &mut Household, on: Date) -> Done {
    let plated = add_days(on, -i32::try_from(dice.between(15, 250)).unwrap_or(30));
    household.members[0].cars.push(Car {
        kind: dice.word(&["K33", "K31", "小型轿车", "H31"]),
        status: dice.word(&["A", "A", "G", "GQ"]),
        plated,
    });
    (Some(0), format!("{plated}名下新登记机动车"))
}

/// An adult whose income was never assessed as wages.
fn job_found(household: &mut Household, on: Date) -> Done {
    let month = Month::of(on);
    let unwaged = |m: &Member| {
        m.age(on) >= ASSUMED.working_age && m.income.wage == domain::money::Money::ZERO
    };
    let subject = household.members.iter().position(unwaged).unwrap_or(0);
    for back in [2, 1] {
        let record = Labour::Insured(month.plus(-back), "单位参保");
        household.members[subject].labour.push(record);
    }
    (None, "低保家庭成员有单位参保，核定收入没有工资".to_owned())
}

fn unemployed(dice: &mut Dice, household: &mut Household, on: Date) -> Done {
    let since = add_days(on, -i32::try_from(dice.between(100, 220)).unwrap_or(120));
    household.members[1].labour.push(Labour::Unemployed(since));
    (Some(1), format!("{since}登记失业，未见参保和失业保险金"))
}

/// An elder of no household whom only the police list knows.
fn senior_missed(dice: &mut Dice, household: &mut Household, index: u32, on: Date) -> Done {
    let subject = elder(dice, household, index, on, true);
    let member = &mut household.members[subject];
    member.grants.clear();
    member.certificates.clear();
    (Some(subject), "户籍80周岁以上，未领尊老金".to_owned())
}

/// A report about the head, number and all; those without one are hand-made.
fn reported(dice: &mut Dice, household: &mut Household, index: u32, on: Date) -> Done {
    let head = household.head();
    let told = add_days(on, -i32::try_from(dice.between(0, 6)).unwrap_or(0));
    let text = *dice.pick(&[
        "家中断炊两天",
        "昨夜灶间失火😢",
        "摔伤住院无人照料",
        "孩子没人管，电话打不通",
    ]);
    household.leads.push(Lead {
        number: format!("WG{}{index:06}", told.to_string().replace('-', "")),
        time: format!("{told} 8:{:02}", dice.between(10, 59)),
        told,
        name: head.name.clone(),
        id: Some(head.id.clone()),
        origin: "本地",
        category: "其他",
        urgency: dice.word(&["急", "一般", ""]),
        text: text.to_owned(),
    });
    (Some(0), format!("{told}网格员上报线索"))
}

fn income_over(household: &mut Household) -> Done {
    let paid = yuan(ASSUMED.allowance_standard_yuan / 2);
    for grant in &mut household.members[0].grants {
        if grant.item == "低保" {
            // Still computed on the income of years ago.
            let line = grant.standard.as_fen() * i64::try_from(grant.covered).unwrap_or(1);
            grant.household_income = Some(domain::money::Money::from_fen(line - paid.as_fen()));
            grant.supplement = paid;
        }
    }
    (None, "家庭收入高于标准，仍领低保".to_owned())
}
