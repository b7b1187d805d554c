//! 试算: who would qualify, and who no more, were a standard another. A plain
//! form answered on the same address; nothing is written but whom it showed.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::State;
use domain::authority::{Grant, Operation};
use domain::ids::Subject;
use domain::money::Money;
use domain::region::DivisionCode;
use pipeline::simulate::{Example, Near, PolicyChange, Question};
use rules::Margin;
use serde::Deserialize;

use super::alert::{Criterion, criteria};
use super::chart::{Chart, two_sided};
use super::county::policy_title;
use super::forms::StrictForm;
use super::household::link;
use super::policy::unit;
use super::refusal::{Paged, Refusal, html, html_with};
use super::registry::place;
use super::shell::Shell;
use super::today::Choice;
use super::visitor::Visitor;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem};
use crate::simulations::{Asked, CountsView, Detail, PolicyChangeView, SimulationView, ask};
use crate::strict::{StrictQuery, date};

/// What stands for a count that is withheld.
const FEW: &str = "不足5";

/// Which parameter the form begins with.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SimulationQuery {
    #[serde(default)]
    key: String,
}

/// What the form carries.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SimulationForm {
    key: String,
    value: String,
    region: String,
    on: String,
}

impl SimulationForm {
    fn read(&self) -> Answered<Question> {
        let region = DivisionCode::parse(&self.region)
            .ok_or_else(|| Problem::bad("param.region", "请选择地区", "no region"))?;
        Ok(Question {
            values: vec![(self.key.clone(), self.value.trim().to_owned())],
            region,
            on: date(&self.on)?,
        })
    }
}

/// A parameter that policies use, and what it is now.
struct Held {
    key: String,
    title: String,
    unit: &'static str,
    /// With its unit; empty where the place has set none.
    value: String,
    source: String,
    place: String,
    sample: bool,
    policies: Vec<String>,
}

/// A row of the table of what changes.
struct ChangeLine {
    id: String,
    title: String,
    before: Told,
    after: Told,
    gained: String,
    lost: String,
}

/// Counts in words.
struct Told {
    met: String,
    undetermined: String,
    to_tell: String,
}

/// A row of the table of money.
struct MoneyLine {
    title: String,
    before: String,
    after: String,
    difference: String,
    unknown: String,
}

/// A township's row.
struct TownLine {
    name: String,
    gained: String,
    lost: String,
    yuan: String,
}

/// Somebody whose verdict would change.
struct ExampleLine {
    link: String,
    name: String,
    place: String,
    criteria: Vec<Criterion>,
}

/// Somebody whom one criterion would leave out.
struct NearLine {
    link: String,
    name: String,
    place: String,
    zh: String,
    by: String,
}

/// One policy in full.
struct PolicyBlock {
    id: String,
    title: String,
    chart: Option<Chart>,
    towns: Vec<TownLine>,
    paid: bool,
    /// 新增 and 减少, with up to ten of each.
    examples: Vec<(&'static str, Vec<ExampleLine>)>,
    near: Vec<NearLine>,
}

/// The answer in words.
struct Reply {
    question: String,
    place: String,
    on: String,
    /// The day is to come.
    ahead: bool,
    units: String,
    stamps: Vec<String>,
    coarse: bool,
    left: String,
    deferred: String,
    changes: Vec<ChangeLine>,
    money: Vec<MoneyLine>,
    policies: Vec<PolicyBlock>,
}

#[derive(Template)]
#[template(path = "simulation.html")]
struct SimulationPage {
    shell: Shell,
    why: String,
    typed: SimulationForm,
    parameters: Vec<Held>,
    regions: Vec<Choice>,
    place: String,
    answer: Option<Reply>,
}

/// `GET /simulations`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<SimulationQuery>,
) -> Paged {
    let typed = SimulationForm {
        key: query.key,
        on: app.deps.clock.today().to_string(),
        ..SimulationForm::default()
    };
    html(&blank(&app, &caller, typed)?)
}

/// `POST /simulations`: answers below the form.
pub(super) async fn answer(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictForm(form): StrictForm<SimulationForm>,
) -> Paged {
    let asked = match form.read() {
        Ok(question) => {
            let asked = ask(&app, &caller, &question).await;
            asked.map(|asked| (question, asked))
        }
        Err(problem) => Err(problem),
    };
    match asked {
        Ok((question, asked)) => {
            let mut page = blank(&app, &caller, form)?;
            page.answer = Some(told(&app, &page, &question, &asked));
            html(&page)
        }
        // What was typed stays; a refusal that says when to come again does not.
        Err(problem) if matches!(problem.status().as_u16(), 400 | 422) => {
            let mut page = blank(&app, &caller, form)?;
            problem.zh().clone_into(&mut page.why);
            html_with(problem.status(), &page)
        }
        Err(problem) => Err(Refusal(problem)),
    }
}

fn blank(app: &App, caller: &Caller, mut typed: SimulationForm) -> Answered<SimulationPage> {
    let grant = caller.grant(Operation::Simulate)?;
    let today = app.deps.clock.today();
    let own = grant.regions();
    let first = own.first().copied();
    let first = first.ok_or_else(|| Problem::bad("param.region", "没有指定地区", "no region"))?;
    let around = own.iter().filter_map(DivisionCode::county);
    let regions: BTreeSet<DivisionCode> = own.iter().copied().chain(around).collect();
    let parameters = held(app, &grant, first);
    if parameters.iter().all(|one| one.key != typed.key) {
        let most = parameters.first();
        typed.key = most.map_or_else(String::new, |one| one.key.clone());
    }
    let regions = regions.into_iter().map(|code| Choice {
        code: code.to_string(),
        name: app.deps.divisions.name(code, today),
        chosen: code.as_str() == typed.region,
    });
    Ok(SimulationPage {
        shell: Shell::new(app, caller, "/simulations", "试算"),
        why: String::new(),
        parameters,
        regions: regions.collect(),
        place: app.deps.divisions.name(first, today),
        typed,
        answer: None,
    })
}

/// Parameters of the policies that the grant may know of: first the sums that
/// say who is paid how much, then what most policies use.
fn held(app: &App, grant: &Grant, region: DivisionCode) -> Vec<Held> {
    let (set, today) = (app.deps.policies(), app.deps.clock.today());
    let mut using: BTreeMap<&str, (bool, BTreeSet<&str>)> = BTreeMap::new();
    let policies = set.policies().iter();
    for policy in policies.filter(|policy| grant.knows().contains(&policy.confidential)) {
        for key in &policy.parameters {
            let (paid, titles) = using.entry(key).or_default();
            *paid |= policy.amount_basis().is_some();
            titles.insert(&policy.title.zh);
        }
    }
    let line = |(key, (paid, titles)): (&str, (bool, BTreeSet<&str>))| {
        let (parameter, value) = set.parameters().held(key, region, today)?;
        let sum = paid && parameter.unit.starts_with("yuan");
        let order = (!sum, !paid, std::cmp::Reverse(titles.len()));
        let held = Held {
            key: key.to_owned(),
            title: parameter.zh.clone(),
            unit: unit(&parameter.unit),
            value: value.map_or_else(String::new, |value| value.words.clone()),
            source: value.map_or_else(String::new, |v| format!("{}{}", v.document, v.article)),
            place: place(app, &parameter.region),
            sample: value.is_some_and(|v| v.sample && !v.document.contains("示例")),
            policies: titles.into_iter().map(str::to_owned).collect(),
        };
        Some((order, held))
    };
    let mut all: Vec<_> = using.into_iter().filter_map(line).collect();
    all.sort_by_key(|(order, _)| *order);
    all.into_iter().map(|(_, held)| held).collect()
}

/// A count, or that it is withheld.
fn number(count: Option<u64>) -> String {
    count.map_or_else(|| FEW.to_owned(), |count| count.to_string())
}

/// Yuan, or that the sum is withheld.
fn yuan(fen: Option<i64>) -> String {
    let told = fen.map(|fen| Money::from_fen(fen).yuan_grouped());
    told.unwrap_or_else(|| "不列".to_owned())
}

/// Yuan more or less.
fn signed(fen: Option<i64>) -> String {
    let sign = if fen.is_some_and(|fen| fen > 0) {
        "+"
    } else {
        ""
    };
    format!("{sign}{}", yuan(fen).replace('-', "−"))
}

fn told(app: &App, page: &SimulationPage, question: &Question, asked: &Asked) -> Reply {
    let view = SimulationView::of(&asked.answer, asked.detail);
    let title = |id: &String| policy_title(app, id);
    let name = |code| app.deps.divisions.name(code, question.on);
    let stamp = |read: &crate::simulations::ReadView| {
        let county = name(read.county);
        if read.from == read.to {
            format!("{county}：数据截至提交 {}", read.to)
        } else {
            let (from, to) = (read.from, read.to);
            format!("{county}：试算时有数据写入，读取于提交 {from} 至 {to} 之间")
        }
    };
    let changes = view.policies.iter().zip(asked.answer.policies.values());
    let mut changes: Vec<_> = changes.collect();
    // Who is paid first, and those under whom nobody moves last.
    changes.sort_by_key(|(_, of)| (of.money.is_none(), of.gained + of.lost == 0));
    let views = || changes.iter().map(|(view, _)| *view);
    let left: Vec<String> = asked.answer.left.iter().map(title).collect();
    Reply {
        question: said(page, question),
        place: name(question.region),
        on: question.on.to_string(),
        ahead: question.on > app.deps.clock.today(),
        units: number(view.units),
        stamps: view.through.iter().map(stamp).collect(),
        coarse: asked.detail == Detail::Counts,
        left: left.join("、"),
        deferred: number(view.deferred),
        changes: views().map(|one| change(app, one)).collect(),
        money: views().filter_map(|one| money(app, one)).collect(),
        policies: changes
            .iter()
            .map(|(view, of)| block(app, view, of))
            .collect(),
    }
}

/// What was asked, in words.
fn said(page: &SimulationPage, question: &Question) -> String {
    let said = |(key, value): &(String, String)| {
        let known = page.parameters.iter().find(|one| one.key == *key);
        let (title, unit, now) = known.map_or((key.as_str(), "", ""), |one| {
            (one.title.as_str(), one.unit, one.value.as_str())
        });
        let now = if now.is_empty() { "未设" } else { now };
        format!("{title}：现为 {now}，改为 {value}（{unit}）")
    };
    let all: Vec<String> = question.values.iter().map(said).collect();
    all.join("；")
}

fn counted(counts: &CountsView) -> Told {
    Told {
        met: number(counts.met),
        undetermined: number(counts.undetermined),
        to_tell: number(counts.told),
    }
}

fn change(app: &App, one: &PolicyChangeView) -> ChangeLine {
    ChangeLine {
        id: one.policy.clone(),
        title: policy_title(app, &one.policy),
        before: counted(&one.before),
        after: counted(&one.after),
        gained: number(one.gained),
        lost: number(one.lost),
    }
}

fn money(app: &App, one: &PolicyChangeView) -> Option<MoneyLine> {
    let money = one.fen_per_month.as_ref()?;
    Some(MoneyLine {
        title: policy_title(app, &one.policy),
        before: yuan(money.before),
        after: yuan(money.after),
        difference: signed(money.difference),
        unknown: number(money.unknown),
    })
}

fn township(app: &App, code: Option<DivisionCode>) -> String {
    let today = app.deps.clock.today();
    code.map_or_else(
        || "户籍地不明".to_owned(),
        |code| app.deps.divisions.name(code, today),
    )
}

fn block(app: &App, view: &PolicyChangeView, change: &PolicyChange) -> PolicyBlock {
    let paid = view.townships.iter().any(|t| t.fen_per_month.is_some());
    let town = |of: &crate::simulations::TownView| TownLine {
        name: township(app, of.township),
        gained: number(of.gained),
        lost: number(of.lost),
        yuan: signed(of.fen_per_month),
    };
    // What is withheld is drawn as nothing and written as what it is.
    let bar = |of: &crate::simulations::TownView| {
        let sides = [of.lost, of.gained].map(|count| (count.unwrap_or(0), number(count)));
        (township(app, of.township), sides)
    };
    let moved = change.gained + change.lost > 0;
    let (gained, lost): (Vec<_>, Vec<_>) = change.examples.iter().partition(|one| one.gained);
    let examples = [("新增符合的例子", gained), ("不再符合的例子", lost)];
    let lines = |all: Vec<&Example>| all.into_iter().map(|one| example(app, one)).collect();
    let examples = examples.into_iter().filter(|(_, all)| !all.is_empty());
    PolicyBlock {
        id: view.policy.clone(),
        title: policy_title(app, &view.policy),
        chart: moved.then(|| two_sided(view.townships.iter().map(bar).collect())),
        towns: view.townships.iter().map(town).collect(),
        paid,
        examples: examples.map(|(title, all)| (title, lines(all))).collect(),
        near: change.near.iter().map(|one| near(app, one)).collect(),
    }
}

/// What to call somebody without a name.
fn called(unit: Subject, subject: Subject) -> &'static str {
    match (unit, subject) {
        (_, Subject::Household(_)) => "打开这一户",
        (Subject::Household(_), Subject::Person(_)) => "打开户内这一人",
        (Subject::Person(_), Subject::Person(_)) => "打开这一人",
    }
}

fn example(app: &App, one: &Example) -> ExampleLine {
    ExampleLine {
        link: link(one.subject),
        name: called(one.unit, one.subject).to_owned(),
        place: township(app, one.township),
        criteria: (one.decision.as_deref()).map_or_else(Vec::new, |why| criteria(app, why)),
    }
}

fn near(app: &App, one: &Near) -> NearLine {
    NearLine {
        link: link(one.subject),
        name: called(one.unit, one.subject).to_owned(),
        place: township(app, one.township),
        zh: one.miss.zh.clone(),
        by: match one.miss.by {
            Margin::Fen(fen) => format!("{} 元", yuan(Some(fen))),
            Margin::Whole(whole) => whole.to_string(),
        },
    }
}
