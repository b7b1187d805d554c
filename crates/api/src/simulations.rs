//! What if: who would qualify, and who no more, were a parameter another, of
//! the people one answers for. Nothing is written but whom the answer showed.
//!
//! Who may not read people gets counts that point at nobody: nothing below
//! five, whole fives above, and money in whole thousands of yuan and not by
//! township. One difference more between two answers then tells no family.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::authority::Operation;
use domain::evaluation::CriterionTrace;
use domain::ids::Subject;
use domain::region::DivisionCode;
use pipeline::simulate::{
    Counts, Example, Monthlies, Near, PolicyChange, Question, SimulateError, Simulation, Town,
    simulate,
};
use rules::Margin;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::{StrictJson, date};
use crate::watch::Taken;

/// Parameters asked about at once. A platform default.
const VALUES_MAX: usize = 8;
/// Characters of a key or a value, as in a proposal.
const TEXT_MAX: usize = 240;
/// Seconds after which a simulation may be asked for again.
const AGAIN_SECONDS: u32 = 5;
/// Counts below it are withheld from who may not read people, and larger ones
/// are told in multiples of it.
const LEAST: u64 = 5;
/// Fen in whose multiples money is told to who may not read people: more than
/// one family gets in a month.
const COARSE_FEN: i64 = 100_000;

/// How much of an answer its reader may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Exact counts, examples and near misses.
    People,
    /// Counts that point at nobody.
    Counts,
}

impl Detail {
    fn count(self, count: u64) -> Option<u64> {
        match self {
            Detail::People => Some(count),
            Detail::Counts if count > 0 && count < LEAST => None,
            Detail::Counts => Some(count - count % LEAST),
        }
    }

    /// A sum of money that so many subjects get.
    fn fen(self, fen: i64, of: u64) -> Option<i64> {
        match self {
            Detail::People => Some(fen),
            Detail::Counts => {
                let told = self.count(of);
                told.map(|_| fen - fen % COARSE_FEN)
            }
        }
    }
}

/// How many subjects stand how; null is a count that is withheld.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountsView {
    /// 符合.
    pub(crate) met: Option<u64>,
    /// 待核实.
    pub(crate) undetermined: Option<u64>,
    /// There is something to tell.
    pub(crate) told: Option<u64>,
}

/// What would change in one township.
#[derive(Debug, Serialize, ToSchema)]
pub struct TownView {
    /// Of the hukou; null when it is not known.
    #[schema(value_type = Option<String>)]
    pub(crate) township: Option<DivisionCode>,
    pub(crate) gained: Option<u64>,
    pub(crate) lost: Option<u64>,
    /// More or less a month, of those whose amounts are known.
    pub(crate) fen_per_month: Option<i64>,
}

/// Money a month in fen.
#[derive(Debug, Serialize, ToSchema)]
pub struct MoneyView {
    pub(crate) before: Option<i64>,
    pub(crate) after: Option<i64>,
    pub(crate) difference: Option<i64>,
    /// 未知: subjects that are in neither sum.
    pub(crate) unknown: Option<u64>,
}

/// A subject whose verdict would change.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExampleView {
    /// `h:<id>` or `p:<id>`.
    unit: String,
    subject: String,
    #[schema(value_type = Option<String>)]
    township: Option<DivisionCode>,
    /// Newly 符合, or no more.
    gained: bool,
    /// Each criterion with what it compared, under the values asked about.
    #[schema(value_type = Vec<Object>)]
    criteria: Vec<CriterionTrace>,
}

/// A subject that one criterion would leave out.
#[derive(Debug, Serialize, ToSchema)]
pub struct NearView {
    /// `h:<id>` or `p:<id>`.
    unit: String,
    subject: String,
    #[schema(value_type = Option<String>)]
    township: Option<DivisionCode>,
    /// Id of the criterion.
    criterion: String,
    zh: String,
    by: i64,
    /// `fen` or `whole`.
    by_unit: &'static str,
}

/// What would change under one policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyChangeView {
    pub(crate) policy: String,
    pub(crate) before: CountsView,
    pub(crate) after: CountsView,
    pub(crate) gained: Option<u64>,
    pub(crate) lost: Option<u64>,
    pub(crate) townships: Vec<TownView>,
    /// Null when the policy declares no amount.
    pub(crate) fen_per_month: Option<MoneyView>,
    /// Up to ten gained and ten lost; none without the right to read people.
    examples: Vec<ExampleView>,
    /// Up to ten, nearest first; none without the right to read people.
    near: Vec<NearView>,
}

/// Between which commits a county was read.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadView {
    #[schema(value_type = String)]
    pub(crate) county: DivisionCode,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl ReadView {
    /// Of every county that was read.
    pub fn all(through: &BTreeMap<DivisionCode, (i64, i64)>) -> Vec<ReadView> {
        let one = |(county, (from, to)): (&DivisionCode, &(i64, i64))| ReadView {
            county: *county,
            from: *from,
            to: *to,
        };
        through.iter().map(one).collect()
    }
}

/// An answer for reference. Not a decision about anybody.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimulationView {
    /// Households and people alone that were judged.
    pub(crate) units: Option<u64>,
    pub(crate) through: Vec<ReadView>,
    /// Policies that were not judged.
    left: Vec<String>,
    /// Verdicts that are in no count.
    pub(crate) deferred: Option<u64>,
    /// Counts are multiples of it, and null below it; null when they are exact.
    rounded_to: Option<u64>,
    /// Policies under which something would be otherwise.
    pub(crate) policies: Vec<PolicyChangeView>,
}

impl SimulationView {
    /// The answer as its reader may see it. The CLI prints the same.
    pub fn of(answer: &Simulation, detail: Detail) -> SimulationView {
        let policies = answer.policies.iter();
        SimulationView {
            units: detail.count(answer.units),
            through: ReadView::all(&answer.through),
            left: answer.left.clone(),
            deferred: detail.count(answer.deferred),
            rounded_to: (detail == Detail::Counts).then_some(LEAST),
            policies: policies
                .map(|(id, change)| policy(id, change, detail))
                .collect(),
        }
    }
}

fn counts(counts: Counts, detail: Detail) -> CountsView {
    CountsView {
        met: detail.count(counts.met),
        undetermined: detail.count(counts.undetermined),
        told: detail.count(counts.told),
    }
}

fn policy(id: &str, change: &PolicyChange, detail: Detail) -> PolicyChangeView {
    let towns = change.by_township.iter();
    let shown = detail == Detail::People;
    let examples = change.examples.iter().filter(|_| shown);
    let near = change.near.iter().filter(|_| shown);
    PolicyChangeView {
        policy: id.to_owned(),
        before: counts(change.before, detail),
        after: counts(change.after, detail),
        gained: detail.count(change.gained),
        lost: detail.count(change.lost),
        townships: towns
            .map(|(code, of)| town(*code, *of, change.money.is_some(), detail))
            .collect(),
        fen_per_month: change.money.map(|of| money(of, change, detail)),
        examples: examples.map(example).collect(),
        near: near.map(miss).collect(),
    }
}

fn town(township: Option<DivisionCode>, of: Town, paid: bool, detail: Detail) -> TownView {
    TownView {
        township,
        gained: detail.count(of.gained),
        lost: detail.count(of.lost),
        fen_per_month: (paid && detail == Detail::People).then_some(of.fen),
    }
}

fn money(of: Monthlies, change: &PolicyChange, detail: Detail) -> MoneyView {
    // Whose amount is unknown is in no sum and hides nobody in it.
    let paid = |met: u64| met.saturating_sub(of.unknown);
    let before = detail.fen(of.before, paid(change.before.met));
    let after = detail.fen(of.after, paid(change.after.met));
    MoneyView {
        before,
        after,
        // Of what is told, so that it tells no more.
        difference: after.zip(before).map(|(after, before)| after - before),
        unknown: detail.count(of.unknown),
    }
}

fn example(one: &Example) -> ExampleView {
    ExampleView {
        unit: one.unit.to_string(),
        subject: one.subject.to_string(),
        township: one.township,
        gained: one.gained,
        criteria: (one.decision.as_ref()).map_or_else(Vec::new, |why| why.criteria.clone()),
    }
}

fn miss(one: &Near) -> NearView {
    let (by_unit, by) = match one.miss.by {
        Margin::Fen(fen) => ("fen", fen),
        Margin::Whole(whole) => ("whole", whole),
    };
    NearView {
        unit: one.unit.to_string(),
        subject: one.subject.to_string(),
        township: one.township,
        criterion: one.miss.criterion.clone(),
        zh: one.miss.zh.clone(),
        by,
        by_unit,
    }
}

/// A parameter and the value it would have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueBody {
    key: String,
    /// In the parameter's unit; several codes are separated by commas.
    value: String,
}

/// What is asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulationBody {
    /// One to eight, each of another parameter.
    #[schema(min_items = 1, max_items = 8)]
    values: Vec<ValueBody>,
    /// Division code for which the values would hold: of the caller's places,
    /// inside one, or around one.
    #[schema(value_type = String)]
    region: DivisionCode,
    /// The day on which everybody is judged.
    on: String,
}

/// An answer with what its reader may be shown of it; whom it shows is in the
/// ledger already.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) answer: Simulation,
    pub(crate) detail: Detail,
}

/// Asks, bounded in number and time. Dropped, it stops at its next page.
pub(crate) async fn ask(app: &App, caller: &Caller, question: &Question) -> Answered<Asked> {
    let grant = caller.grant(Operation::Simulate)?;
    check(question)?;
    let own = grant.regions().iter();
    let mut near =
        own.filter(|own| own.contains(&question.region) || question.region.contains(own));
    if near.next().is_none() {
        return Err(Problem::bad(
            "param.region",
            "该地区不在您的范围内",
            "region is not one of yours, inside one or around one",
        ));
    }
    let running = app
        .watch
        .simulation(caller.officer.id, app.limits.simulations_max);
    let _running = running.map_err(busy)?;
    let bound = Duration::from_secs(app.limits.simulation_seconds);
    let answer = tokio::time::timeout(bound, simulate(&app.deps, &grant, question)).await;
    let mut answer = answer.map_err(|_| too_long())??;
    let detail = if caller.grant(Operation::ReadPeople).is_ok() {
        Detail::People
    } else {
        // What is not shown is not carried further either.
        for change in answer.policies.values_mut() {
            change.examples.clear();
            change.near.clear();
        }
        Detail::Counts
    };
    let shown: Vec<Subject> = answer.shown().into_iter().collect();
    if !shown.is_empty() {
        app.discloser
            .disclose(&grant, &shown, &caller.request)
            .await?;
    }
    Ok(Asked { answer, detail })
}

fn check(question: &Question) -> Answered<()> {
    let values = &question.values;
    let keys: BTreeSet<&String> = values.iter().map(|(key, _)| key).collect();
    let long = |text: &String| text.chars().count() > TEXT_MAX;
    if values.is_empty() || values.len() > VALUES_MAX || keys.len() < values.len() {
        return Err(Problem::bad(
            "simulation.values",
            "一次试算一至八个标准，每个标准只写一次",
            "a simulation takes one to eight values, each of another parameter",
        ));
    }
    if values.iter().any(|(key, value)| long(key) || long(value)) {
        return Err(Problem::bad(
            "simulation.values",
            "标准名或数值过长",
            "a key or a value is too long",
        ));
    }
    Ok(())
}

fn busy(taken: Taken) -> Problem {
    match taken {
        Taken::ByOneself => Problem::too_many(
            "simulation.running",
            "您的上一次试算还没有算完，请等它算完再试",
            "another simulation of yours is running",
            AGAIN_SECONDS,
        ),
        Taken::ByOthers => Problem::unavailable(
            "simulation.busy",
            "正在试算的人太多，请稍后再试",
            "as many simulations as may run are running",
        ),
    }
}

fn too_long() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "simulation.timeout",
        "试算超过时限，请选小一些的范围，或请管理员用命令行测算",
        "the simulation took too long; ask the operator to run `hearth simulate`",
    )
}

impl From<SimulateError> for Problem {
    fn from(error: SimulateError) -> Problem {
        match error {
            SimulateError::Wrong(problem) => Problem::of_rules(&problem),
            SimulateError::Step(error) => error.into(),
        }
    }
}

/// Judges everybody the caller answers for twice, under the values in force and
/// under those asked about, and tells what differs. Disclosing, where it shows
/// examples and near misses.
#[utoipa::path(post, path = "/api/v1/simulations", tag = "policies", request_body = SimulationBody, responses((status = 200, body = SimulationView), (status = 400, body = ProblemBody), (status = 403, body = ProblemBody), (status = 422, body = ProblemBody, description = "a value is not one of its parameter"), (status = 429, body = ProblemBody, description = "another simulation of the caller is running"), (status = 503, body = ProblemBody)))]
pub async fn run(
    State(app): State<App>,
    caller: Caller,
    StrictJson(body): StrictJson<SimulationBody>,
) -> Answered<Response> {
    let values = body.values.into_iter();
    let question = Question {
        values: values.map(|one| (one.key, one.value)).collect(),
        region: body.region,
        on: date(&body.on)?,
    };
    let asked = ask(&app, &caller, &question).await?;
    let view = SimulationView::of(&asked.answer, asked.detail);
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_points_at_somebody_is_told_to_readers_of_people_only() {
        let told = |count| Detail::Counts.count(count);
        assert_eq!(told(0), Some(0));
        assert!((1..5).all(|few| told(few).is_none()));
        assert_eq!([told(5), told(9), told(10)], [Some(5), Some(5), Some(10)]);
        assert!((0..12).all(|count| Detail::People.count(count) == Some(count)));
    }

    #[test]
    fn whose_amount_is_unknown_hides_nobody_in_the_sum() {
        let mut change = PolicyChange::default();
        (change.before.met, change.after.met) = (5, 9);
        let of = Monthlies {
            before: 300_000,
            after: 900_000,
            known: 1,
            unknown: 4,
        };
        let told = money(of, &change, Detail::Counts);
        assert_eq!((told.before, told.after), (None, Some(900_000)));
    }

    #[test]
    fn the_money_of_a_few_is_withheld_and_that_of_many_told_in_thousands() {
        let told = |fen, of| Detail::Counts.fen(fen, of);
        assert_eq!(told(123_456, 4), None);
        assert_eq!(told(1_234_567, 5), Some(1_200_000));
        assert_eq!(Detail::People.fen(123_456, 1), Some(123_456));
    }
}
