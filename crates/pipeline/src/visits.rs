//! Visits told by people: one record each, which makes the policies look at the
//! family again. The outcome of an alert stays with the alert (`act`).

use std::sync::Arc;

use domain::authority::{Grant, Role};
use domain::code;
use domain::dictionary::Kind;
use domain::household::{Household, Item};
use domain::ids::{ImportId, PersonId, Subject};
use domain::record::{DatasetId, Origin, Record, Revision, SourceId, Statement};
use domain::time::{Date, Period};
use domain::value::{Body, Value};
use store::StoreError;
use store::commit::{Answer, Commit, CommitKind};
use uuid::Uuid;

use crate::clock::new_id;
use crate::deps::Deps;
use crate::error::StepError;
use crate::intake::{KEY_RACES_MAX, seal_records};
use crate::leads::moment_of_day;
use crate::people::partition_of;

/// One thing a visitor found. A visit carries at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VisitAnswer {
    /// 平安.
    Safe,
    /// 需要帮助.
    NeedsHelp,
    /// 未见到人.
    NotSeen,
    /// 情况有变（收入）.
    IncomeChanged,
    /// 情况有变（人口）.
    MembersChanged,
    /// 情况有变（健康）.
    HealthChanged,
    /// 情况有变（住房）.
    HousingChanged,
}

impl VisitAnswer {
    /// All of them.
    pub const ALL: [VisitAnswer; 7] = [
        VisitAnswer::Safe,
        VisitAnswer::NeedsHelp,
        VisitAnswer::NotSeen,
        VisitAnswer::IncomeChanged,
        VisitAnswer::MembersChanged,
        VisitAnswer::HealthChanged,
        VisitAnswer::HousingChanged,
    ];

    /// Stable name: a code of `VISIT_FINDING`, or the flag of the dictionary.
    pub const fn name(self) -> &'static str {
        match self {
            VisitAnswer::Safe => "safe",
            VisitAnswer::NeedsHelp => "needs_help",
            VisitAnswer::NotSeen => "not_seen",
            VisitAnswer::IncomeChanged => "income_changed",
            VisitAnswer::MembersChanged => "members_changed",
            VisitAnswer::HealthChanged => "health_changed",
            VisitAnswer::HousingChanged => "housing_changed",
        }
    }

    /// In words.
    pub const fn zh(self) -> &'static str {
        match self {
            VisitAnswer::Safe => "平安",
            VisitAnswer::NeedsHelp => "需要帮助",
            VisitAnswer::NotSeen => "未见到人",
            VisitAnswer::IncomeChanged => "情况有变：收入",
            VisitAnswer::MembersChanged => "情况有变：人口",
            VisitAnswer::HealthChanged => "情况有变：健康",
            VisitAnswer::HousingChanged => "情况有变：住房",
        }
    }

    /// Inverse of [`VisitAnswer::name`].
    pub fn named(name: &str) -> Option<VisitAnswer> {
        VisitAnswer::ALL.into_iter().find(|a| a.name() == name)
    }

    /// Whether it is one of the three of which a visit has one at most.
    const fn is_finding(self) -> bool {
        matches!(
            self,
            VisitAnswer::Safe | VisitAnswer::NeedsHelp | VisitAnswer::NotSeen
        )
    }

    /// What a visit's facts say.
    pub fn of(body: &Body) -> Vec<VisitAnswer> {
        let said = |answer: &VisitAnswer| {
            if answer.is_finding() {
                body.code("finding") == Some(answer.name())
            } else {
                body.flag(answer.name()) == Some(true)
            }
        };
        VisitAnswer::ALL.into_iter().filter(said).collect()
    }
}

/// A visit to tell of. No `Debug`: the note may hold names.
#[derive(Clone)]
pub struct VisitReport {
    /// Who was visited.
    pub person: PersonId,
    /// Code of `VISIT_KIND`.
    pub kind: &'static str,
    /// When.
    pub visited_on: Date,
    /// What was found.
    pub answers: Vec<VisitAnswer>,
    /// The visitor's words.
    pub note: Option<String>,
}

/// Why a visit was not taken.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// Unknown, or nobody the visitor answers for.
    #[error("there is no such person in the visitor's scope")]
    NotFound,
    /// It lies ahead.
    #[error("a visit cannot lie in the future")]
    Ahead,
    /// No answer, or two that exclude each other.
    #[error("a visit has one of safe, needs_help and not_seen, or tells of a change")]
    Answers,
    /// Answered before under the same key.
    #[error("answered before")]
    Answered(Box<Answer>),
    /// The step failed.
    #[error("the visit could not be stored")]
    Step(#[from] StepError),
}

impl From<StoreError> for VisitError {
    fn from(error: StoreError) -> VisitError {
        match error {
            StoreError::Answered(answer) => VisitError::Answered(answer),
            other => VisitError::Step(StepError::Store(other)),
        }
    }
}

/// The facts of a visit, or why they contradict each other. Every change is
/// written, also that there is none: a visitor who says 平安 has looked.
fn body(report: &VisitReport) -> Result<Body, VisitError> {
    let mut findings = report.answers.iter().filter(|a| a.is_finding());
    let finding = findings.next();
    if findings.next().is_some() || report.answers.is_empty() {
        return Err(VisitError::Answers);
    }
    let mut body = Body::new(Kind::Visit)
        .with("kind", Value::Code(report.kind))
        .with("visited_on", Value::Date(report.visited_on));
    if let Some(code) = finding.and_then(|a| code::VISIT_FINDING.stored(a.name())) {
        body = body.with("finding", Value::Code(code));
    }
    for change in VisitAnswer::ALL.iter().filter(|a| !a.is_finding()) {
        let told = report.answers.contains(change);
        body = body.with(change.name(), Value::Flag(told));
    }
    if let Some(note) = &report.note {
        body = body.with("note", Value::Text(note.as_str().into()));
    }
    Ok(body)
}

/// Takes one visit; answers its id. `answer` makes the answer repeatable.
pub async fn record(
    deps: &Arc<Deps>,
    grant: &Grant,
    report: &VisitReport,
    answer: impl Fn(Uuid) -> Option<Answer> + Send,
) -> Result<Uuid, VisitError> {
    let today = deps.clock.today();
    let subject = Subject::Person(report.person);
    if !deps.store.covers(grant, subject, today).await? {
        return Err(VisitError::NotFound);
    }
    let county = partition_of(grant).ok_or(VisitError::NotFound)?;
    if report.visited_on > today {
        return Err(VisitError::Ahead);
    }
    let now = deps.clock.now();
    let id = new_id(now);
    let source = SourceId::new(match grant.role() {
        Some(Role::VillageContact) => "village",
        _ => "officer",
    });
    let dataset = DatasetId::new("visits");
    let parts = [id.to_string()];
    let record = Record {
        key: deps
            .vault
            .natural_key(&source, &dataset, Kind::Visit, &parts),
        source,
        dataset,
        revision: Revision {
            business_date: today,
            sequence: moment_of_day(now),
        },
        subject,
        valid: Period::since(report.visited_on),
        statement: Statement::Says(body(report)?),
        origin: Origin {
            import: ImportId::from_uuid(id),
            line: 1,
        },
    };
    for attempt in 0.. {
        let commit = Commit {
            kind: CommitKind::Action,
            partition: Some(county),
            at: now,
            actor: grant.officer().to_string(),
            lease: None,
            guards: vec![],
            writes: seal_records(deps, std::slice::from_ref(&record)).await?,
            answer: answer(id),
        };
        match deps.store.commit(&commit).await {
            Ok(_) => break,
            Err(StoreError::Conflict) if attempt < KEY_RACES_MAX => {}
            Err(error) => return Err(error.into()),
        }
    }
    deps.work.notify_waiters();
    Ok(id)
}

/// The visits a household's view knows, newest first, with whom they were to.
pub fn of_household(household: &Household) -> Vec<(PersonId, &Item)> {
    let visits = household.members().flat_map(|person| {
        let list = person.facts.get(&Kind::Visit);
        let items = list.into_iter().flat_map(|list| &list.items);
        items.map(move |item| (person.id, item))
    });
    let mut visits: Vec<_> = visits.collect();
    let order = |(person, item): &(PersonId, &Item)| {
        (
            item.body.date("visited_on"),
            item.revision,
            *person,
            item.key,
        )
    };
    visits.sort_by_key(|visit| std::cmp::Reverse(order(visit)));
    visits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_back_and_do_not_contradict() {
        use VisitAnswer::{HealthChanged, IncomeChanged, NeedsHelp, NotSeen, Safe};
        let facts = |answers: &[VisitAnswer]| {
            body(&VisitReport {
                person: PersonId::from_uuid(Uuid::nil()),
                kind: "care",
                visited_on: "2026-11-20".parse().unwrap(),
                answers: answers.to_vec(),
                note: None,
            })
        };
        for answers in [
            &[Safe][..],
            &[NeedsHelp, HealthChanged],
            &[NotSeen, IncomeChanged],
            &[IncomeChanged, HealthChanged],
        ] {
            assert_eq!(VisitAnswer::of(&facts(answers).unwrap()), answers);
        }
        for answers in [&[][..], &[Safe, NeedsHelp], &[Safe, NotSeen]] {
            assert!(matches!(facts(answers), Err(VisitError::Answers)));
        }
    }
}
