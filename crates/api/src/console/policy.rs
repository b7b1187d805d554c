//! One policy for people: why, when, what is told, within which time, by which
//! standards, and that its cases come out as written. Discloses nobody.

use askama::Template;
use axum::extract::State;
use domain::authority::Operation;
use domain::code;
use domain::dictionary::Kind;
use domain::evaluation::Step;
use domain::region::DivisionCode;
use pipeline::policies;
use rules::{About, CaseOutcome, DeadlineView, Policy, PolicySet};
use serde_json::Value as Json;

use super::policies::kind;
use super::proposal::{Blank, may_propose};
use super::refusal::{Paged, html};
use super::registry::{Row, applies, name_people, period, rows_of};
use super::shell::Shell;
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::problem::Problem;
use crate::strict::StrictPath;

/// One document with its words.
struct BasisLine {
    document: String,
    quote: String,
}

/// What is told and within which time.
struct PlanLine {
    finding: &'static str,
    level: &'static str,
    level_zh: &'static str,
    others: String,
    deadlines: Vec<String>,
    advice: String,
}

/// One parameter with its values and a form to propose another.
struct ParameterBlock {
    key: String,
    title: String,
    unit: &'static str,
    unset: bool,
    rows: Vec<Row>,
    form: Option<Blank>,
}

/// One case.
struct CaseLine {
    name: String,
    expected: String,
    told: String,
    ok: bool,
}

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyPage {
    shell: Shell,
    title: String,
    kind: &'static str,
    about: &'static str,
    version: String,
    valid: String,
    region: String,
    basis: Vec<BasisLine>,
    criteria: Vec<String>,
    open: Vec<String>,
    plans: Vec<PlanLine>,
    limits: Vec<String>,
    parameters: Vec<ParameterBlock>,
    cases: Vec<CaseLine>,
    wrong: usize,
    policy_set: String,
}

/// `GET /policies/{name}`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictPath(name): StrictPath<String>,
) -> Paged {
    let grant = caller.grant(Operation::ReadPolicies)?;
    let region = grant.regions().first().copied();
    let region = region.ok_or_else(|| Problem::bad("param.region", "没有指定地区", "no region"))?;
    let set = app.deps.policies();
    let policy = set.policy(&name).ok_or_else(Problem::not_found)?;
    let today = app.deps.clock.today();
    let mut parameters = Vec::new();
    for key in &policy.parameters {
        let mut block = block(&app, &set, key, region);
        name_people(&app, &mut block.rows).await?;
        if may_propose(&caller) {
            block.form = Some(Blank::new(&app, &caller, key));
        }
        parameters.push(block);
    }
    let cases = policies::cases(&app.deps).await?;
    let cases = cases.iter().filter(|case| case.policy == policy.id);
    let cases: Vec<CaseLine> = cases.map(|one| case(&set, policy, one)).collect();
    let basis = policy.basis.iter().map(|basis| BasisLine {
        document: format!("{}{}", basis.document, basis.article),
        quote: basis.quote.clone(),
    });
    html(&PolicyPage {
        shell: Shell::new(&app, &caller, "/policies", &policy.title.zh),
        title: policy.title.zh.clone(),
        kind: kind(policy.kind),
        about: match policy.about {
            About::Household => "按户判断",
            About::Person => "按人判断",
        },
        version: policy.version.clone(),
        valid: period(policy.valid),
        region: app.deps.divisions.name(region, today),
        basis: basis.collect(),
        criteria: policy.criteria().map(|(_, zh, _)| zh.to_owned()).collect(),
        open: policy
            .may_remain_open()
            .map(|open| opened(policy, open))
            .collect(),
        plans: plans(&set, policy, region, &app),
        limits: policy.limits.clone(),
        parameters,
        wrong: cases.iter().filter(|case| !case.ok).count(),
        cases,
        policy_set: set.hash().to_owned(),
    })
}

fn block(app: &App, set: &PolicySet, key: &str, region: DivisionCode) -> ParameterBlock {
    let today = app.deps.clock.today();
    let declared = set.parameters().iter().filter(|p| p.key == key);
    let here = declared.filter(|p| applies(p, region));
    let mut block = ParameterBlock {
        key: key.to_owned(),
        title: key.to_owned(),
        unit: "",
        unset: set.parameters().value(key, region, today).is_none(),
        rows: Vec::new(),
        form: None,
    };
    for parameter in here {
        block.title.clone_from(&parameter.zh);
        block.unit = unit(&parameter.unit);
        block.rows.extend(rows_of(app, parameter));
    }
    block
}

/// A unit as people write it.
pub(super) fn unit(unit: &str) -> &'static str {
    match unit {
        "yuan" => "元",
        "yuan_per_month" => "元/月",
        "yuan_per_year" => "元/年",
        "ratio" => "比例，如 0.6",
        "times" => "倍数，如 1.5",
        "count" => "次数",
        "people" => "人",
        "months" => "个月",
        "days" => "天",
        "age_years" => "周岁",
        "date" => "日期，如 2026-07-01",
        "flag" => "true（是）或 false（否）",
        "codes" => "代码，用逗号分开",
        _ => "文字",
    }
}

/// What may stay unknown: a criterion's sentence, or a kind of fact.
fn opened(policy: &Policy, open: &str) -> String {
    let mut criteria = policy.criteria();
    if let Some((_, zh, _)) = criteria.find(|(id, ..)| *id == open) {
        return zh.to_owned();
    }
    Kind::named(open).map_or_else(|| open.to_owned(), |kind| kind.def().zh.to_owned())
}

fn plans(set: &PolicySet, policy: &Policy, region: DivisionCode, app: &App) -> Vec<PlanLine> {
    let today = app.deps.clock.today();
    let within = |deadline: &DeadlineView<'_>| {
        let Some(key) = deadline.within.strip_prefix("param.") else {
            return match deadline.within.parse::<u16>() {
                Ok(number) => format!("{number}{}", span(deadline.unit)),
                Err(_) => format!("按情形计算的{}数", span(deadline.unit)),
            };
        };
        let value = set.parameters().value(key, region, today);
        let title = fact(set, deadline.within);
        value.map_or_else(
            || format!("“{title}”（未设）"),
            |value| format!("“{title}”，现为{value}"),
        )
    };
    let line = |plan: rules::PlanView<'_>| {
        let deadlines = plan.deadlines().map(|deadline| {
            let step = match deadline.step {
                Step::Contact => "联系",
                Step::Verify => "核实",
                Step::Handle => "办结",
            };
            let nature = deadline.statutory.map_or_else(
                || "平台默认，非法定".to_owned(),
                |document| format!("文件规定：{document}"),
            );
            format!("{step}：{}（{nature}）", within(&deadline))
        });
        let others = plan.levels_under_conditions().map(words::level);
        PlanLine {
            finding: plan.finding().zh(),
            level: plan.level().name(),
            level_zh: words::level(plan.level()),
            others: others.collect::<Vec<_>>().join("、"),
            deadlines: deadlines.collect(),
            advice: plan.advice().zh.clone(),
        }
    };
    policy.plans().map(line).collect()
}

fn span(unit: &str) -> &'static str {
    match unit {
        "working_days" => "个工作日",
        "months" => "个月",
        "hours" => "小时",
        _ => "天",
    }
}

/// `grant.nursing_subsidy`, `identity.birth_date`, `param.…` in words.
pub(super) fn fact(set: &PolicySet, path: &str) -> String {
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    if head == "param" {
        let found = set.parameters().iter().find(|p| p.key == rest);
        return found.map_or_else(|| rest.to_owned(), |p| p.zh.clone());
    }
    let Some(kind) = Kind::named(head) else {
        return path.to_owned();
    };
    let field = kind.field(rest).map(|field| field.def().zh.to_owned());
    let item = || code::GRANT_ITEM.zh(rest).to_owned();
    match (rest, field) {
        ("", _) => kind.def().zh.to_owned(),
        (_, Some(field)) => format!("{}·{field}", kind.def().zh),
        (_, None) => format!("{}·{}", kind.def().zh, item()),
    }
}

fn case(set: &PolicySet, policy: &Policy, outcome: &CaseOutcome) -> CaseLine {
    CaseLine {
        name: outcome.name.clone(),
        expected: said(set, policy, &outcome.expected),
        told: if outcome.ok {
            "相同".to_owned()
        } else {
            said(set, policy, &outcome.told)
        },
        ok: outcome.ok,
    }
}

/// What a case speaks of, in words.
fn said(set: &PolicySet, policy: &Policy, json: &Json) -> String {
    let Json::Object(told) = json else {
        return json.as_str().unwrap_or_default().to_owned();
    };
    let texts = |value: &Json, words: &dyn Fn(&str) -> String| {
        let list = value.as_array().into_iter().flatten();
        let texts: Vec<String> = list.filter_map(Json::as_str).map(words).collect();
        texts.join("、")
    };
    let criterion = |id: &str| {
        let mut criteria = policy.criteria();
        let found = criteria.find(|(known, ..)| *known == id);
        found.map_or_else(|| id.to_owned(), |(_, zh, _)| zh.to_owned())
    };
    let part = |(key, value): (&String, &Json)| {
        let text = value.as_str().unwrap_or_default();
        Some(match key.as_str() {
            "verdict" => verdict(text).to_owned(),
            "signal" => signal(text).to_owned(),
            "level" => format!("级别 {}", level(text)),
            "fails" => format!("不成立：{}", texts(value, &criterion)),
            "open" => format!("不能确定：{}", texts(value, &criterion)),
            "missing" => format!("缺：{}", texts(value, &|path| fact(set, path))),
            "zh" => format!("“{text}”"),
            _ => return None,
        })
    };
    let order = [
        "verdict", "signal", "level", "fails", "open", "missing", "zh",
    ];
    let parts = order.iter().filter_map(|key| told.get_key_value(*key));
    parts.filter_map(part).collect::<Vec<_>>().join("；")
}

fn verdict(name: &str) -> &'static str {
    match name {
        "met" => "符合",
        "not_met" => "不符合",
        "not_applicable" => "不适用",
        _ => "待核实",
    }
}

fn signal(name: &str) -> &'static str {
    match name {
        "holds" => "提示",
        "gone" => "不提示",
        _ => "不知道：不提示，也不消除",
    }
}

fn level(name: &str) -> &'static str {
    match name {
        "red" => "红色",
        "orange" => "橙色",
        "yellow" => "黄色",
        _ => "蓝色",
    }
}
