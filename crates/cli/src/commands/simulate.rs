//! `hearth simulate`: who would qualify, and who no more, were a parameter
//! another, or days to pass. Nothing is written.

mod horizon;

use std::collections::BTreeMap;

use api::simulations::{Detail, SimulationView};
use clap::Args;
use domain::authority::Operation;
use domain::evaluation::Decision;
use domain::money::Money;
use domain::region::DivisionCode;
use domain::time::Date;
use pipeline::Deps;
use pipeline::simulate::{PolicyChange, Question, SimulateError, Simulation, simulate};
use rules::Margin;

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
    #[arg(long = "set", value_name = "KEY=VALUE", required_unless_present = "horizon", requires = "region", value_parser = pair)]
    values: Vec<(String, String)>,
    /// For which place the value would hold
    #[arg(long, value_name = "CODE", requires = "values", value_parser = division)]
    region: Option<DivisionCode>,
    /// On which day everybody is judged
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// Who enters and leaves by date alone in the days after, as `90d`
    #[arg(long, value_name = "DAYS", value_parser = horizon::days)]
    horizon: Option<u16>,
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
    if let Some(days) = args.horizon {
        return horizon::run(args, &deps, &grant, days).await;
    }
    let Some((question, region)) = args.question().zip(args.region) else {
        return Err(exit::configuration("--set needs --region".to_owned()));
    };
    let answer = simulate(&deps, &grant, &question).await.map_err(refused)?;
    // Who is an example is shown with what the verdict rests on.
    let shown = answer.shown();
    if !shown.is_empty() {
        sentences::disclose(&deps, &grant, &shown).await?;
    }
    if args.json {
        let view = SimulationView::of(&answer, Detail::People);
        say!("{}", serde_json::to_string(&view)?);
    } else {
        print(&deps, args, region, &answer)?;
    }
    Ok(())
}

impl SimulateArgs {
    fn question(&self) -> Option<Question> {
        Some(Question {
            values: self.values.clone(),
            region: self.region?,
            on: self.on,
        })
    }
}

fn refused(error: SimulateError) -> anyhow::Error {
    match error {
        SimulateError::Wrong(problem) => exit::check(format!("{}\n  {}", problem.en, problem.zh)),
        SimulateError::Step(error) => error.into(),
    }
}

fn yuan(fen: i64) -> String {
    Money::from_fen(fen).yuan_grouped()
}

fn signed(fen: i64) -> String {
    let sign = if fen > 0 { "+" } else { "" };
    format!("{sign}{}", yuan(fen))
}

/// From which commit to which it was read.
fn positions(through: &BTreeMap<DivisionCode, (i64, i64)>) -> anyhow::Result<()> {
    for (county, (from, to)) in through {
        if from == to {
            say!("{county} 数据截至提交 read at commit {to}");
        } else {
            say!(
                "{county} 测算期间有数据写入，读取于提交 {from} 至 {to} 之间 \
                 read between commits {from} and {to} while data came in"
            );
        }
    }
    Ok(())
}

fn print(
    deps: &Deps,
    args: &SimulateArgs,
    region: DivisionCode,
    answer: &Simulation,
) -> anyhow::Result<()> {
    say!(
        "测算 what if · {} · {} · {} 户/人 units",
        region,
        args.on,
        answer.units
    );
    positions(&answer.through)?;
    if args.on > deps.clock.today() {
        say!("各名册当作照今天的情况继续报送 lists are taken to come as they have come by today");
    }
    if answer.policies.is_empty() {
        say!("没有变化 nothing would change");
    }
    for (id, change) in &answer.policies {
        print_change(deps, args, id, change)?;
    }
    say!(
        "本测算只供参考，不作为认定或停发依据；未计入的政策 policies left out: {}；须逐户判断 deferred: {}",
        answer.left.len(),
        answer.deferred
    );
    Ok(())
}

fn print_change(
    deps: &Deps,
    args: &SimulateArgs,
    id: &str,
    change: &PolicyChange,
) -> anyhow::Result<()> {
    let policies = deps.policies();
    let title = policies
        .policy(id)
        .map_or(id, |policy| policy.title.zh.as_str());
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
    match change.money {
        Some(money) => say!(
            "  每月金额 a month {} → {} 元（{} 元）· 未知 unknown {}",
            yuan(money.before),
            yuan(money.after),
            signed(money.difference()),
            money.unknown
        ),
        None => say!("  每月金额未知：政策没有写金额 no amount is declared"),
    }
    for (code, town) in &change.by_township {
        let name = town_name(deps, *code, args.on);
        let money = change.money.map(|_| format!(" · {} 元", signed(town.fen)));
        let money = money.unwrap_or_default();
        say!("  {name}: +{} −{}{money}", town.gained, town.lost);
    }
    people(change)
}

fn town_name(deps: &Deps, code: Option<DivisionCode>, on: Date) -> String {
    code.map_or_else(
        || "户籍地不明".to_owned(),
        |code| deps.divisions.name(code, on),
    )
}

/// Each criterion of a decision with what it compared.
fn reasons(decision: Option<&Decision>) -> anyhow::Result<()> {
    for criterion in decision.iter().flat_map(|decision| &decision.criteria) {
        let operands = criterion.operands.iter();
        let operands: Vec<String> = operands
            .map(|o| format!("{} = {}", o.expression, o.value))
            .collect();
        say!("      {} · {}", criterion.zh, operands.join("；"));
    }
    Ok(())
}

/// Examples and near misses, without names.
fn people(change: &PolicyChange) -> anyhow::Result<()> {
    for one in &change.examples {
        let sign = if one.gained { '+' } else { '−' };
        say!("  {sign} {}", one.unit);
        reasons(one.decision.as_deref())?;
    }
    for one in &change.near {
        let by = match one.miss.by {
            Margin::Fen(fen) => format!("{} 元", yuan(fen)),
            Margin::Whole(n) => n.to_string(),
        };
        let id = one.unit;
        say!("  差一点 near {id} · {} · 差 by {by}", one.miss.zh);
    }
    Ok(())
}
