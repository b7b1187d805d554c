//! What one subject would get a month, and by how little it misses.

use domain::evaluation::Verdict;
use domain::household::Household;
use domain::ids::Subject;
use domain::money::Money;
use domain::time::Date;

use crate::eval::Frame;
use crate::expr::{Expr, Node};
use crate::facts::amount;
use crate::judge::{Judged, Weight, asked, judge};
use crate::policy::{Policy, PolicySet};
use crate::types::Type;
use crate::val::Val;
use crate::words::{Language, Wording};

/// Money a month for a subject that is 符合.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Monthly {
    /// The policy declares no amount.
    NotDeclared,
    /// The subject is not 符合: it gets nothing under the policy.
    Nothing,
    /// It is 符合 and what the amount is made of is not known. Not zero.
    Unknown,
    /// Fen a month, rounded half away from zero.
    Fen(i64),
}

impl Monthly {
    /// In Chinese words; `None` when no amount is declared.
    pub(crate) fn zh(self) -> Option<String> {
        match self {
            Monthly::NotDeclared => None,
            Monthly::Nothing => Some("无".to_owned()),
            Monthly::Unknown => Some("待核实".to_owned()),
            Monthly::Fen(fen) => {
                let mut words = Wording::default();
                let money = amount(Money::from_fen(fen));
                words.value(&money, &Type::Money, Date::MIN, Language::Chinese);
                Some(words.plain())
            }
        }
    }
}

/// How far what was compared is from the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Margin {
    /// Fen, never negative.
    Fen(i64),
    /// A whole number of what the line counts (years, days, people), never negative.
    Whole(i64),
}

/// The one criterion that a subject misses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// Its id.
    pub criterion: String,
    /// Its Chinese sentence.
    pub zh: String,
    /// Its English sentence.
    pub en: String,
    /// How far off.
    pub by: Margin,
}

/// One subject under one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appraisal {
    /// The verdict.
    pub verdict: Verdict,
    /// Money a month.
    pub monthly: Monthly,
    /// `Some` when exactly one criterion is false, every other is true, and
    /// that one compares two known values.
    pub miss: Option<Miss>,
}

/// Appraises a subject on the household's date. `None` when the policy is not
/// in force or says nothing about the subject.
pub fn appraise(
    set: &PolicySet,
    household: &Household,
    policy: &str,
    subject: Subject,
) -> Option<Appraisal> {
    let (policy, person) = asked(set, household, policy, subject)?;
    let on = household.on;
    let frame = Frame::new(&policy.lets, set, household, on, person);
    let judged = judge(policy, &frame);
    Some(Appraisal {
        monthly: monthly(policy, &judged, &frame),
        miss: miss(policy, &judged, &frame),
        verdict: judged.verdict(set),
    })
}

fn monthly<'a>(policy: &'a Policy, judged: &Judged<'a>, frame: &Frame<'a>) -> Monthly {
    let Some(amount) = &policy.amount else {
        return Monthly::NotDeclared;
    };
    if judged.weighed.weight != Weight::Met {
        return Monthly::Nothing;
    }
    let fen = match frame.value(&amount.per_month) {
        Ok(Val::Amount(amount)) => amount.rounded(1),
        _ => None,
    };
    fen.map_or(Monthly::Unknown, Monthly::Fen)
}

fn miss<'a>(policy: &'a Policy, judged: &Judged<'a>, frame: &Frame<'a>) -> Option<Miss> {
    if judged.weighed.weight != Weight::NotMet {
        return None;
    }
    let mut failed = None;
    for (criterion, outcome) in policy.criteria.iter().zip(&judged.weighed.outcomes) {
        match outcome {
            Ok(true) => {}
            Ok(false) if failed.is_none() => failed = Some(criterion),
            // A second one fails, or might.
            _ => return None,
        }
    }
    let criterion = failed?;
    Some(Miss {
        criterion: criterion.id.clone(),
        zh: criterion.zh.clone(),
        en: criterion.en.clone(),
        by: margin(&criterion.when, frame)?,
    })
}

/// The distance of the two sides, when the condition is one comparison.
fn margin<'a>(when: &'a Expr, frame: &Frame<'a>) -> Option<Margin> {
    let Node::Compare(_, left, right) = &when.node else {
        return None;
    };
    match (frame.value(left).ok()?, frame.value(right).ok()?) {
        (Val::Amount(a), Val::Amount(b)) if matches!(left.ty, Type::Money) => {
            let off = a.minus(b)?.rounded(1)?;
            off.checked_abs().map(Margin::Fen)
        }
        (Val::Number(a), Val::Number(b)) => a.checked_sub(b)?.checked_abs().map(Margin::Whole),
        _ => None,
    }
}
