//! `hearth simulate`: who would qualify, and who no more, were a parameter
//! another. Nothing is written.

use std::collections::BTreeSet;

use clap::Args;
use domain::authority::Operation;
use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::Date;
use pipeline::Deps;
use pipeline::simulate::{
    Counts, Example, PolicyChange, Question, SimulateError, Simulation, simulate,
};
use serde_json::{Value as Json, json};

use crate::commands::Place;
use crate::commands::import::division;
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, local, office, sentences};

/// What `hearth simulate` takes.
#[derive(Args)]
pub(crate) struct SimulateArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// A parameter and its value, as `allowance_standard=1100`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", required = true, value_parser = pair)]
    values: Vec<(String, String)>,
    /// For which place the value would hold
    #[arg(long, value_name = "CODE", value_parser = division)]
    region: DivisionCode,
    /// On which day everybody is judged
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

/// Judges everybody twice and shows what differs.
pub(crate) async fn run(args: &SimulateArgs, settings: Settings) -> anyhow::Result<()> {
    let deps = office::open(&settings, "simulate").await?;
    let auditor = local::auditor(&deps).await?;
    let grant = auditor.authorize(Operation::ReadPeople, "hearth simulate")?;
    let question = Question {
        values: args.values.clone(),
        region: args.region,
        on: args.on,
    };
    let answer = match simulate(&deps, &grant, &question).await {
        Ok(answer) => answer,
        Err(SimulateError::Wrong(problem)) => {
            return Err(exit::check(format!("{}\n  {}", problem.en, problem.zh)));
        }
        Err(SimulateError::Step(error)) => return Err(error.into()),
    };
    // Who is an example is shown with what the verdict rests on.
    let changes = answer.policies.values();
    let shown = changes.flat_map(|change| change.examples.iter().flat_map(|e| [e.unit, e.subject]));
    let shown: BTreeSet<Subject> = shown.collect();
    if !shown.is_empty() {
        sentences::disclose(&deps, &grant, &shown).await?;
    }
    if args.json {
        say!("{}", view(&answer));
    } else {
        print(&deps, args, &answer)?;
    }
    Ok(())
}

fn counts(counts: Counts) -> Json {
    json!({ "met": counts.met, "undetermined": counts.undetermined, "told": counts.told })
}

fn view(answer: &Simulation) -> Json {
    let example = |one: &Example| {
        json!({
            "unit": one.unit.as_uuid(), "subject": one.subject.as_uuid(),
            "gained": one.gained, "criteria": one.decision.criteria,
        })
    };
    let policy = |(id, change): (&String, &PolicyChange)| {
        let towns = change.by_township.iter().map(|(town, (gained, lost))| {
            json!({ "township": town.map(|code| code.to_string()), "gained": gained, "lost": lost })
        });
        json!({
            "policy": id, "before": counts(change.before), "after": counts(change.after),
            "gained": change.gained, "lost": change.lost,
            "townships": towns.collect::<Vec<_>>(),
            "examples": change.examples.iter().map(example).collect::<Vec<_>>(),
        })
    };
    let through = answer.through.iter().map(
        |(county, (from, to))| json!({ "county": county.to_string(), "from": from, "to": to }),
    );
    json!({
        "units": answer.units, "through": through.collect::<Vec<_>>(), "left": answer.left,
        "deferred": answer.deferred,
        "policies": answer.policies.iter().map(policy).collect::<Vec<_>>(),
    })
}

fn print(deps: &Deps, args: &SimulateArgs, answer: &Simulation) -> anyhow::Result<()> {
    say!(
        "测算 what if · {} · {} · {} 户/人 units",
        args.region,
        args.on,
        answer.units
    );
    if answer.policies.is_empty() {
        say!("没有变化 nothing would change");
    }
    for (id, change) in &answer.policies {
        let policies = deps.policies();
        let title = policies
            .policy(id)
            .map_or(id.as_str(), |policy| policy.title.zh.as_str());
        say!("{title} {id}");
        say!(
            "  符合 met {} → {}（新增 {} 减少 {}）· 待核实 undetermined {} → {} · 提示 told {} → {}",
            change.before.met,
            change.after.met,
            change.gained,
            change.lost,
            change.before.undetermined,
            change.after.undetermined,
            change.before.told,
            change.after.told
        );
        for (town, (gained, lost)) in &change.by_township {
            let name = town.map_or_else(
                || "户籍地不明".to_owned(),
                |code| deps.divisions.name(code, args.on),
            );
            say!("  {name}: +{gained} −{lost}");
        }
        for one in &change.examples {
            let sign = if one.gained { '+' } else { '−' };
            say!("  {sign} {}", one.unit.as_uuid());
            for criterion in &one.decision.criteria {
                let operands = criterion.operands.iter();
                let operands: Vec<String> = operands
                    .map(|o| format!("{} = {}", o.expression, o.value))
                    .collect();
                say!("      {} · {}", criterion.zh, operands.join("；"));
            }
        }
    }
    say!(
        "本测算只供参考，不作为认定或停发依据；未计入的政策 policies left out: {}；须逐户判断 deferred: {}",
        answer.left.len(),
        answer.deferred
    );
    Ok(())
}
