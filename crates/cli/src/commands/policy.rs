//! `hearth policy`: checks documents against the fact dictionary, shows what
//! they say, evaluates plain CEL.

mod docs;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use domain::region::DivisionCode;
use domain::time::Date;
use rules::{
    CaseOutcome, CaseSets, Document, Plain, PlainProgram, PolicySet, Problem, ReviewScope,
    Reviewed, Warning, review, run_cases,
};
use serde_json::{Map, Value, json};

use crate::commands::import::division;
use crate::commands::policy::docs::DocsArgs;
use crate::documents::{Documents, Tables};
use crate::exit;
use crate::terminal::say;

/// Verbs about policies.
#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// Checks policies and parameters and warns; exit 1 with file, line, column
    Check(CheckArgs),
    /// Runs the cases beside the policies; exit 1 when one comes out otherwise
    Test(PolicyArgs),
    /// Shows policies as sentences, and unset parameters of a place
    Show(ShowArgs),
    /// Writes a page for each policy; with --check compares, exit 1 if stale
    Docs(DocsArgs),
    /// Evaluates plain CEL over JSON facts; prints one line, exit 1 for an error
    Eval(EvalArgs),
}

/// Which documents.
#[derive(Args)]
pub(crate) struct PolicyArgs {
    /// Folder of *.yaml with parameters/*.yaml below
    folder: PathBuf,
    /// More parameter files
    #[arg(long, value_name = "FILE")]
    parameters: Vec<PathBuf>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// What `hearth policy check` takes.
#[derive(Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    documents: PolicyArgs,
    /// Warns of figures of this place only, not of every place with a file
    #[arg(long, value_name = "CODE", value_parser = division)]
    region: Option<DivisionCode>,
    /// Warns of values not set, and of reviews past, on this date
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    /// Exit 1 when there are warnings
    #[arg(long)]
    strict: bool,
}

/// What `hearth policy show` takes.
#[derive(Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    documents: PolicyArgs,
    /// Also lists parameters that are unset for this place; needs --on
    #[arg(long, value_name = "CODE", value_parser = division, requires = "on")]
    region: Option<DivisionCode>,
    /// On this date
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
}

/// What `hearth policy eval` takes.
#[derive(Args)]
pub(crate) struct EvalArgs {
    /// The expression
    #[arg(long, value_name = "CEL", allow_hyphen_values = true)]
    expr: String,
    /// A JSON object of facts, - for standard input; none are told without
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
}

/// Checks, shows or evaluates.
pub(crate) fn run(command: &PolicyCommand) -> anyhow::Result<()> {
    match command {
        PolicyCommand::Check(args) => check(args),
        PolicyCommand::Test(args) => test(args),
        PolicyCommand::Show(args) => show(args),
        PolicyCommand::Docs(args) => docs::run(args),
        PolicyCommand::Eval(args) => eval(args),
    }
}

fn load(args: &PolicyArgs) -> anyhow::Result<(Documents, Result<PolicySet, Vec<Problem>>)> {
    let mut documents = Documents::of(&args.folder)?;
    documents.add_parameters(&args.parameters)?;
    let set = documents.load();
    Ok((documents, set))
}

fn check(args: &CheckArgs) -> anyhow::Result<()> {
    let (documents, set) = load(&args.documents)?;
    let set = match set {
        Ok(set) => set,
        Err(problems) => return refuse(&problems, args.documents.json),
    };
    let reviewed = Reviewed {
        set: &set,
        policies: &documents.policies,
        cases: &documents.cases,
    };
    let scope = ReviewScope {
        region: args.region,
        on: args.on,
    };
    let warnings = review(&reviewed, scope);
    if args.documents.json {
        let views: Vec<_> = warnings.iter().map(warning_view).collect();
        say!(
            "{}",
            json!({
                "policies": set.policies().len(), "hash": set.hash(), "problems": [],
                "warnings": views,
            })
        );
    } else {
        say!("政策 policies {} · {}", set.policies().len(), set.hash());
        for warning in &warnings {
            say!("{warning}\n  {}", warning.zh);
        }
        say!("提醒 warnings {}", warnings.len());
    }
    if args.strict && !warnings.is_empty() {
        return Err(exit::check(format!("{} warning(s)", warnings.len())));
    }
    Ok(())
}

/// Says what is wrong with documents.
fn refuse(problems: &[Problem], json: bool) -> anyhow::Result<()> {
    if json {
        let views: Vec<_> = problems.iter().map(view).collect();
        say!("{}", json!({ "problems": views }));
    } else {
        for problem in problems {
            say!("{problem}\n  {}", problem.zh);
        }
    }
    Err(exit::check(format!("{} problem(s) found", problems.len())))
}

/// Cases bring the labelled samples; parameter files given beside them do not
/// count, so that a local standard turns no case.
fn test(args: &PolicyArgs) -> anyhow::Result<()> {
    let documents = Documents::of(&args.folder)?;
    let load = |parameters: &[Document]| {
        PolicySet::load(&documents.policies, parameters).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            exit::check(lines.join("\n"))
        })
    };
    let mut sampled = documents.case_parameters.clone();
    sampled.push(Documents::samples()?);
    let divisions = Tables::built_in()?.divisions;
    let place = |code: DivisionCode| divisions.name(code, Date::MAX);
    let sets = CaseSets {
        sampled: &load(&sampled)?,
        unsampled: &load(&documents.case_parameters)?,
        place: &place,
    };
    let mut outcomes = Vec::new();
    for document in &documents.cases {
        let run = run_cases(document, &sets).map_err(|problem| exit::check(problem.to_string()))?;
        outcomes.extend(run);
    }
    let wrong: Vec<&CaseOutcome> = outcomes.iter().filter(|outcome| !outcome.ok).collect();
    if args.json {
        let view = |o: &CaseOutcome| {
            json!({
                "policy": o.policy, "document": o.document, "line": o.line, "name": o.name, "ok": o.ok,
                "expected": o.expected, "told": o.told,
            })
        };
        let views: Vec<_> = outcomes.iter().map(view).collect();
        say!("{}", json!({ "cases": views, "wrong": wrong.len() }));
    } else {
        for outcome in &wrong {
            say!("✗ {}:{} · {}", outcome.document, outcome.line, outcome.name);
            for (key, expected, told) in outcome.differences() {
                say!("  {key} 应为 expected {expected}，实为 told {told}");
            }
        }
        say!("案例 cases {} · 不符 wrong {}", outcomes.len(), wrong.len());
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(exit::check(format!(
        "{} case(s) came out otherwise",
        wrong.len()
    )))
}

/// One line, whatever comes out. Facts that are no JSON object are bad data.
fn eval(args: &EvalArgs) -> anyhow::Result<()> {
    let facts = match &args.facts {
        Some(file) => facts(file)?,
        None => Map::new(),
    };
    let plain = match PlainProgram::compile(&args.expr) {
        Ok(program) => program.eval(&facts),
        Err(problem) => Plain::Error(*problem),
    };
    say!("{}", plain.to_json());
    match plain {
        Plain::Error(problem) => Err(exit::check(problem.to_string())),
        Plain::Value(_) | Plain::Unknown(_) => Ok(()),
    }
}

fn facts(file: &Path) -> anyhow::Result<Map<String, Value>> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    let name = file.display();
    let text = text.map_err(|error| exit::data(format!("{name}: {error}")))?;
    let facts = serde_json::from_str(&text);
    facts.map_err(|error| {
        exit::data(format!(
            "{name}: 应为一个 JSON 对象 a JSON object is needed: {error}"
        ))
    })
}

fn view(problem: &Problem) -> serde_json::Value {
    json!({
        "document": problem.document, "line": problem.line, "column": problem.column,
        "code": problem.code, "zh": problem.zh, "en": problem.en, "nearest": problem.nearest,
    })
}

fn warning_view(warning: &Warning) -> serde_json::Value {
    json!({
        "document": warning.document, "line": warning.line, "column": warning.column,
        "code": warning.code, "zh": warning.zh, "en": warning.en,
    })
}

fn show(args: &ShowArgs) -> anyhow::Result<()> {
    let set = match load(&args.documents)?.1 {
        Ok(set) => set,
        Err(problems) => return refuse(&problems, args.documents.json),
    };
    let unset = match (args.region, args.on) {
        (Some(region), Some(on)) => set.unset(region, on),
        _ => Vec::new(),
    };
    if args.documents.json {
        let policies: Vec<_> = set.policies().iter().map(policy_view).collect();
        let unset: Vec<_> = unset
            .iter()
            .map(|u| json!({ "key": u.key, "zh": u.zh, "policies": u.policies }))
            .collect();
        say!("{}", json!({ "policies": policies, "unset": unset }));
        return Ok(());
    }
    for policy in set.policies() {
        say!(
            "{} {} · {} / {}",
            policy.id,
            policy.version,
            policy.title.zh,
            policy.title.en
        );
        for basis in &policy.basis {
            say!("  依据 {}{}", basis.document, basis.article);
        }
        for (id, zh, en) in policy.criteria() {
            say!("  {id}: {zh} / {en}");
        }
    }
    for unset in unset {
        say!(
            "未设 unset {} {}: {}",
            unset.key,
            unset.zh,
            unset.policies.join(", ")
        );
    }
    Ok(())
}

fn policy_view(policy: &rules::Policy) -> serde_json::Value {
    let criteria: Vec<_> = policy
        .criteria()
        .map(|(id, zh, en)| json!({ "id": id, "zh": zh, "en": en }))
        .collect();
    json!({
        "id": policy.id, "version": policy.version, "title": { "zh": policy.title.zh, "en": policy.title.en },
        "criteria": criteria, "parameters": policy.parameters, "limits": policy.limits,
    })
}
