//! Words for writing a hand-made family down in a few lines.

use domain::money::Money;
use domain::resident_id::ResidentId;
use domain::time::{Date, Month};

use crate::families::{allowance, person_grant};
use crate::model::{
    Bill, Car, Certificate, Custody, FuneralNote, Grant, Household, HukouChange, Labour, Lead,
    Member, PoliceNote, Scheme, Standing,
};
use crate::people::person;
use crate::places::{Place, Places};
use crate::words::{ASSUMED, yuan};

/// Areas kept for hand-made people, one per town.
const AREAS: [(&str, &str); 10] = [
    ("湖塘镇", "999001"),
    ("前黄镇", "999002"),
    ("洛阳镇", "999003"),
    ("雪堰镇", "999004"),
    ("礼嘉镇", "999005"),
    ("嘉泽镇", "999006"),
    ("湟里镇", "999007"),
    ("牛塘镇", "999008"),
    ("西湖街道", "999009"),
    ("南夏墅街道", "999010"),
];

/// Where and when a situation is written.
pub(crate) struct Desk<'a> {
    /// The table of places.
    pub(crate) places: &'a Places,
    /// The date everything is true on.
    pub(crate) on: Date,
}

/// The month with this number of the year the samples play in.
pub(crate) fn month(of: i8) -> Month {
    Month::new(2026, of).expect("situations name months 1 to 12")
}

/// A day of the year the samples play in.
pub(crate) fn day(month: i8, day: i8) -> Date {
    jiff::civil::date(2026, month, day)
}

impl Desk<'_> {
    /// A family of situation `number`; `nth` tells several apart. No one yet.
    pub(crate) fn family(
        &self,
        number: u32,
        nth: u32,
        scheme: Scheme,
        (town, village): (&str, &str),
    ) -> Household {
        let place = self.places.named(town, village);
        Household {
            number: format!("JM320412000{number:02}{nth}"),
            scheme,
            sub_scheme: match scheme {
                Scheme::Subsistence => "整户",
                Scheme::ExtremeDifficulty => "分散供养",
                _ => "",
            },
            address: format!("{town}{village}{}号", number * 3 + nth),
            residence: place.clone(),
            hukou: place,
            phone: format!("100000{number:04}{nth}"),
            recognised: day(3, 1),
            checked: day(9, 15),
            check_class: "B",
            means: "未超",
            members: Vec::new(),
            leads: Vec::new(),
            incidents: Vec::new(),
            strays: Vec::new(),
        }
    }

    /// Someone of a town, by birth date and sequence.
    pub(crate) fn one(
        &self,
        town: &str,
        born: &str,
        sequence: u32,
        name: &str,
        kinship: &'static str,
    ) -> Member {
        let area = AREAS.iter().find(|(name, _)| *name == town);
        let area = area.map_or("999011", |(_, area)| area);
        let id = ResidentId::from_first_17(&format!("{area}{born}{sequence:03}"))
            .expect("situations name existing birth dates");
        person(id, name.to_owned(), kinship, self.on)
    }
}

impl Household {
    /// Adds someone; the head comes first.
    pub(crate) fn with(mut self, member: Member) -> Household {
        self.members.push(member);
        self
    }

    /// Pays 低保 for the whole family, computed from what was written before.
    pub(crate) fn paid_allowance(mut self) -> Household {
        let monthly = Money::from_fen(self.counting_income().as_fen() / 12);
        let grant = allowance(self.counted(), monthly, month(4));
        self.members[0].grants.push(grant);
        for member in &mut self.members {
            member.covered = member.is_listed() && member.counted;
        }
        self
    }

    /// A grid worker reports on the last day: time as written, name, what for
    /// and how pressing, in which words.
    pub(crate) fn reported(
        mut self,
        (number, time): (u32, &str),
        name: &str,
        (category, urgency): (&'static str, &'static str),
        text: &str,
    ) -> Household {
        self.leads.push(Lead {
            number: format!("WG20261120{number:03}"),
            time: time.to_owned(),
            told: day(11, 20),
            name: name.to_owned(),
            id: None,
            origin: "",
            category,
            urgency,
            text: text.to_owned(),
        });
        self
    }

    /// Lives elsewhere than the hukou says.
    pub(crate) fn hukou_elsewhere(mut self, town: &str) -> Household {
        self.hukou = Place {
            town: town.to_owned(),
            village: String::new(),
            code: String::new(),
        };
        self
    }
}

impl Member {
    /// Yearly wages.
    pub(crate) fn wage(mut self, year: i64) -> Member {
        self.income.wage = yuan(year);
        if year > 0 {
            self.employment = "在职";
        }
        self
    }

    /// Yearly business income of someone in flexible employment.
    pub(crate) fn flexible(mut self, year: i64) -> Member {
        self.income.business = yuan(year);
        self.employment = "灵活就业";
        self
    }

    /// Yearly transfers without the central basic pension.
    pub(crate) fn transfer(mut self, year: i64) -> Member {
        let total = self.income.transfer.as_fen() + yuan(year).as_fen();
        self.income.transfer = Money::from_fen(total);
        self
    }

    /// The central basic pension.
    pub(crate) fn pension(mut self) -> Member {
        let pension = yuan(ASSUMED.central_basic_pension_yuan * 12);
        let total = self.income.transfer.as_fen() + pension.as_fen();
        self.income.transfer = Money::from_fen(total);
        self.income.central_pension = pension;
        self
    }

    /// Child of two people or one.
    pub(crate) fn child_of(mut self, father: Option<&Member>, mother: Option<&Member>) -> Member {
        self.father = father.map(|m| m.id.clone());
        self.mother = mother.map(|m| m.id.clone());
        self
    }

    /// Not counted, and why; `together` when living with the family.
    pub(crate) fn not_counted(mut self, why: &'static str, together: bool) -> Member {
        self.counted = false;
        self.together = together;
        self.not_counted = why;
        self
    }

    /// At school or university.
    pub(crate) fn at(mut self, stage: &'static str) -> Member {
        self.school = stage;
        self
    }

    /// Holds a certificate issued on a day, good for ten years.
    pub(crate) fn certified(mut self, category: &'static str, grade: u8, issued: Date) -> Member {
        let until = domain::time::add_months(issued, 120);
        self.health = "残疾";
        self.capacity = "部分丧失";
        self.certificates.push(Certificate {
            category,
            grade,
            first_issued: issued,
            issued,
            until: domain::time::add_days(until, -1),
            status: "正常",
            change: "新办",
        });
        self
    }

    /// Paid an item month after month.
    pub(crate) fn paid(mut self, item: &'static str, amount: i64) -> Member {
        self.covered |= item == "特困";
        self.grants.push(person_grant(item, yuan(amount), month(1)));
        self
    }

    /// Paid 低保 as 单人户.
    pub(crate) fn paid_alone(mut self) -> Member {
        let own = Money::from_fen(self.income.counting().as_fen() / 12);
        self.covered = true;
        self.grants.push(Grant {
            sub_item: "单人户-重残",
            ..allowance(1, own, month(4))
        });
        self
    }

    /// Every payment stops after a month.
    pub(crate) fn until(mut self, last: Month) -> Member {
        self.stop_after(last);
        self
    }

    /// Police tell of a death.
    pub(crate) fn death_by_police(mut self, on: Date, told: Date) -> Member {
        self.police.push(PoliceNote {
            change: HukouChange::Died,
            on,
            told,
        });
        self
    }

    /// The funeral home tells of a death.
    pub(crate) fn death_by_funeral(mut self, died: Date, told: Date) -> Member {
        self.funeral.push(FuneralNote { died, told });
        self
    }

    /// Police tell of something else.
    pub(crate) fn hukou(mut self, change: HukouChange, on: Date, told: Date) -> Member {
        self.police.push(PoliceNote { change, on, told });
        self
    }

    /// Under a measure of justice or police, or out of contact.
    pub(crate) fn held(mut self, kind: &'static str, began: Date, term: &'static str) -> Member {
        self.custody.push(Custody {
            kind,
            began,
            term,
            until: None,
        });
        self
    }

    /// What social security tells.
    pub(crate) fn told(mut self, records: &[Labour]) -> Member {
        self.labour.extend(records);
        self
    }

    /// Owns a vehicle.
    pub(crate) fn owns(mut self, kind: &'static str, status: &'static str, plated: Date) -> Member {
        self.cars.push(Car {
            kind,
            status,
            plated,
        });
        self
    }

    /// No longer on the register, or never.
    pub(crate) fn standing(mut self, standing: Standing) -> Member {
        self.standing = standing;
        self
    }

    /// A stay in hospital: number, settled on, total and burden in yuan.
    pub(crate) fn stay(self, number: &str, settled: Date, total: i64, burden: i64) -> Member {
        self.bill(stay(number, settled, total, burden))
    }

    /// A bill.
    pub(crate) fn bill(mut self, bill: Bill) -> Member {
        self.bills.push(bill);
        self
    }
}

/// A stay in hospital, told two days after it was settled.
pub(crate) fn stay(number: &str, settled: Date, total: i64, burden: i64) -> Bill {
    Bill {
        number: number.to_owned(),
        care: "普通住院",
        diagnosis: "恶性肿瘤".to_owned(),
        hospital: "甲医院".to_owned(),
        from: domain::time::add_days(settled, -20),
        settled,
        total: yuan(total),
        burden: yuan(burden),
        reverses: None,
        told: domain::time::add_days(settled, 2),
    }
}
