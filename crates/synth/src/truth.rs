//! What is true of an invented county: who should be found, and which rows
//! cannot be taken.

use domain::evaluation::Finding;
use domain::money::Money;
use domain::time::Date;
use serde::{Deserialize, Serialize};

/// A wrong put in on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnomalyKind {
    /// Paid after a death that one source tells of.
    PaidAfterDeathOneSource,
    /// Paid after a death that police and funeral home agree on.
    PaidAfterDeathTwoSources,
    /// A counted member of a 低保 family died; the family is not recounted yet.
    MemberDied,
    /// Severely disabled in a 低边 family without 单人户低保.
    IndividualMissed,
    /// Grade 1–2 in a 低保 family without nursing subsidy.
    NursingMissed,
    /// Disabled in a 低保 family without living subsidy.
    LivingMissed,
    /// Medical bills past the line within twelve months.
    BigBill,
    /// Income below the line, not paid 低保.
    AllowanceMissed,
    /// Income over the line, still paid 低保.
    IncomeOver,
    /// The half-yearly check of an allowance family is overdue.
    CheckOverdue,
    /// A counted member of a 低保 family serves a sentence.
    CustodyCounted,
    /// A low-income family's member registered a car.
    NewVehicle,
    /// A 低保 family's member is insured by an employer, wages not assessed.
    JobFound,
    /// Over eighty, of local hukou and of no household, not on the list.
    SeniorMissed,
    /// Unemployed for months in a 低边 family, without benefit.
    Unemployed,
    /// A grid worker reported someone. No wrong, but it must reach a desk.
    Reported,
    /// A low-income family's member was hurt in an accident.
    Struck,
}

impl AnomalyKind {
    /// All of them.
    pub const ALL: [AnomalyKind; 17] = [
        AnomalyKind::PaidAfterDeathOneSource,
        AnomalyKind::PaidAfterDeathTwoSources,
        AnomalyKind::MemberDied,
        AnomalyKind::IndividualMissed,
        AnomalyKind::NursingMissed,
        AnomalyKind::LivingMissed,
        AnomalyKind::BigBill,
        AnomalyKind::AllowanceMissed,
        AnomalyKind::IncomeOver,
        AnomalyKind::Reported,
        AnomalyKind::CheckOverdue,
        AnomalyKind::CustodyCounted,
        AnomalyKind::NewVehicle,
        AnomalyKind::JobFound,
        AnomalyKind::Unemployed,
        AnomalyKind::SeniorMissed,
        AnomalyKind::Struck,
    ];

    /// The policy that must notice it.
    pub const fn policy(self) -> &'static str {
        match self {
            AnomalyKind::PaidAfterDeathOneSource | AnomalyKind::PaidAfterDeathTwoSources => {
                "paid_after_death"
            }
            AnomalyKind::MemberDied => "member_died",
            AnomalyKind::IndividualMissed => "individual_case",
            AnomalyKind::NursingMissed => "nursing_subsidy",
            AnomalyKind::LivingMissed => "living_subsidy",
            AnomalyKind::BigBill => "low_income_medical",
            AnomalyKind::AllowanceMissed | AnomalyKind::IncomeOver => "subsistence_allowance",
            AnomalyKind::Reported => "urgent_lead",
            AnomalyKind::CustodyCounted => "custody_still_counted",
            AnomalyKind::NewVehicle => "new_vehicle",
            AnomalyKind::JobFound => "job_found",
            AnomalyKind::Unemployed => "unemployed_without_benefit",
            AnomalyKind::SeniorMissed => "senior_allowance",
            AnomalyKind::CheckOverdue => "periodic_check_due",
            AnomalyKind::Struck => "incident",
        }
    }
}

impl AnomalyKind {
    /// What the policy must find.
    pub const fn finding(self) -> Finding {
        match self {
            AnomalyKind::PaidAfterDeathOneSource | AnomalyKind::PaidAfterDeathTwoSources => {
                Finding::Discrepancy
            }
            AnomalyKind::MemberDied | AnomalyKind::CheckOverdue => Finding::Duty,
            AnomalyKind::CustodyCounted => Finding::Discrepancy,
            AnomalyKind::BigBill
            | AnomalyKind::Reported
            | AnomalyKind::NewVehicle
            | AnomalyKind::JobFound
            | AnomalyKind::Struck
            | AnomalyKind::Unemployed => Finding::Signal,
            AnomalyKind::IncomeOver => Finding::MayNoLongerQualify,
            AnomalyKind::IndividualMissed
            | AnomalyKind::SeniorMissed
            | AnomalyKind::NursingMissed
            | AnomalyKind::LivingMissed
            | AnomalyKind::AllowanceMissed => Finding::EntitledNotReceived,
        }
    }
}

/// One wrong, about whom, and who must notice it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anomaly {
    /// What.
    pub kind: AnomalyKind,
    /// Policies expected to notice it.
    pub policies: Vec<String>,
    /// What they must find.
    pub finding: Finding,
    /// 户编号; absent for people of no household we know.
    pub household_number: Option<String>,
    /// The person it is about; absent when it is about the household.
    pub resident_id: Option<String>,
    /// In words.
    pub note: String,
}

/// A row that cannot be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowTruth {
    /// 1-based line of the file on which the row begins.
    pub line: u64,
    /// `held` or `rejected`.
    pub outcome: String,
    /// Why.
    pub why: String,
}

/// What is known about one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedTruth {
    /// File name.
    pub file: String,
    /// Data rows: without title, header and 合计.
    pub rows: u64,
    /// Rows with a spelling a department would use; all of them can be read.
    pub soiled: u64,
    /// Rows that repeat the row before them.
    pub repeated: u64,
    /// Rows to be held or rejected.
    pub refused: Vec<RowTruth>,
    /// Sum of 实发金额 over all rows, where the file has that column.
    pub paid_total: Option<Money>,
}

/// What is true of a county.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// The date it is true on.
    pub on: Date,
    /// Wrongs put in, in household order.
    pub anomalies: Vec<Anomaly>,
    /// Files, in the order of the feeds.
    pub feeds: Vec<FeedTruth>,
}
