//! For auditors, of the whole: months of lists that never came, what each run of
//! the evaluation counted, and dismissed alerts with a sample to visit again.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use domain::authority::Operation;
use domain::code;
use domain::ids::Subject;
use pipeline::audit::{self, Dismissal, Dismissed, PolicyCounts};
use rules::PolicySet;
use serde::Deserialize;

use super::policy::fact;
use super::refusal::{Paged, html};
use super::shell::Shell;
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::problem::Problem;
use crate::strict::StrictQuery;

/// One list.
struct ListLine {
    name: String,
    first: String,
    came: usize,
    missing: String,
}

/// What a run counted for one policy.
struct PolicyLine {
    policy: String,
    evaluated: u64,
    flagged: u64,
    not_flagged: u64,
    undetermined: u64,
    missing: String,
}

/// One run.
struct RunBlock {
    title: String,
    policy_set: String,
    units: u64,
    policies: Vec<PolicyLine>,
}

#[derive(Template)]
#[template(path = "audit_records.html")]
struct RecordsPage {
    shell: Shell,
    lists: Vec<ListLine>,
    runs: Vec<RunBlock>,
}

/// Runs shown.
const RUNS_MAX: usize = 20;

/// `GET /audit/records`. Counts: discloses nobody.
pub(super) async fn page(State(app): State<App>, Visitor(caller): Visitor) -> Paged {
    let grant = caller.grant(Operation::ReadLedger)?;
    let lists = audit::list_months(&app.deps, &grant).await?;
    let lists = lists.into_iter().map(|list| {
        let part = list.part.as_deref();
        let part = part.map_or_else(String::new, |part| {
            format!("·{}", code::GRANT_ITEM.zh(part))
        });
        let missing: Vec<String> = list.missing.iter().map(ToString::to_string).collect();
        ListLine {
            name: format!("{}{part}", words::dataset(&list.dataset)),
            first: list.first.to_string(),
            came: list.came,
            missing: missing.join("、"),
        }
    });
    let set = app.deps.policies();
    let runs = audit::runs(&app.deps, &grant).await?;
    let runs = runs.into_iter().take(RUNS_MAX).map(|run| RunBlock {
        title: format!(
            "{} · 按 {} 测算 · {} 至 {}",
            mode(&run.mode),
            run.on,
            words::minute(run.from),
            words::minute(run.to)
        ),
        policy_set: run.policy_set,
        units: run.units,
        policies: run
            .policies
            .iter()
            .map(|(id, counts)| line(&set, id, counts))
            .collect(),
    });
    html(&RecordsPage {
        shell: Shell::new(&app, &caller, "/audit", "审计：名册与评估"),
        lists: lists.collect(),
        runs: runs.collect(),
    })
}

fn mode(mode: &str) -> &'static str {
    match mode {
        "first_load" => "首次导入（新预警先进存量）",
        "everyone" => "政策或标准变化，全部重算（新预警先进存量）",
        _ => "日常变化",
    }
}

fn line(set: &PolicySet, id: &str, counts: &PolicyCounts) -> PolicyLine {
    let missing = counts.missing.iter();
    let missing = missing.map(|(path, count)| format!("{} {count}", fact(set, path)));
    PolicyLine {
        policy: set
            .policy(id)
            .map_or_else(|| id.to_owned(), |policy| policy.title.zh.clone()),
        evaluated: counts.evaluated,
        flagged: counts.flagged,
        not_flagged: counts.evaluated.saturating_sub(counts.flagged),
        undetermined: counts.verdicts.get("undetermined").copied().unwrap_or(0),
        missing: missing.collect::<Vec<_>>().join("；"),
    }
}

/// How a sample is drawn.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleQuery {
    #[serde(default)]
    seed: String,
    #[serde(default)]
    size: String,
}

/// Counts of one policy on one desk.
struct DeskLine {
    policy: String,
    desk: String,
    untrue: u64,
    unverifiable: u64,
    snoozed: u64,
}

/// One alert of the sample.
struct SampleLine {
    alert: String,
    policy: String,
    desk: String,
    how: &'static str,
}

#[derive(Template)]
#[template(path = "audit_dismissed.html")]
struct DismissedPage {
    shell: Shell,
    seed: String,
    size: usize,
    total: usize,
    truncated: bool,
    desks: Vec<DeskLine>,
    sample: Vec<SampleLine>,
}

/// Alerts of one sample.
const SAMPLE_MAX: usize = 200;
const SAMPLE_USUAL: usize = 20;

/// `GET /audit/dismissed`: counts by policy and desk, and a sample by seed. Those
/// in the sample are disclosed.
pub(super) async fn dismissed(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<SampleQuery>,
) -> Paged {
    caller.grant(Operation::ReadLedger)?;
    let grant = caller.grant(Operation::ReadAlerts)?;
    let size = match query.size.trim() {
        "" => Some(SAMPLE_USUAL),
        text => text
            .parse()
            .ok()
            .filter(|size| (1..=SAMPLE_MAX).contains(size)),
    };
    let size = size.ok_or_else(|| {
        Problem::bad(
            "param.range",
            "抽样条数为 1 至 200",
            "a sample has 1 to 200 alerts",
        )
    })?;
    let seed: String = query.seed.trim().chars().take(64).collect();
    // Without one the day is the seed: the same page shows the same sample.
    let seed = if seed.is_empty() {
        app.deps.clock.today().to_string()
    } else {
        seed
    };
    let found = audit::dismissed(&app.deps, &grant, &seed, size).await?;
    let subjects: Vec<Subject> = found.sample.iter().map(|one| one.subject).collect();
    if !subjects.is_empty() {
        app.discloser
            .disclose(&grant, &subjects, &caller.request)
            .await?;
    }
    let (desks, sample) = lines(&app, &found);
    html(&DismissedPage {
        shell: Shell::new(&app, &caller, "/audit", "审计：未采取行动的预警"),
        seed,
        size,
        total: found.total,
        truncated: found.truncated,
        desks,
        sample,
    })
}

/// Counts and sample in words.
fn lines(app: &App, found: &Dismissed) -> (Vec<DeskLine>, Vec<SampleLine>) {
    let today = app.deps.clock.today();
    let set = app.deps.policies();
    let policy = |id: &str| {
        let policy = set.policy(id);
        policy.map_or_else(|| id.to_owned(), |policy| policy.title.zh.clone())
    };
    let desk = |township| {
        let name = |code| app.deps.divisions.name(code, today);
        Option::map_or_else(township, || "县级待分派".to_owned(), name)
    };
    let mut desks: BTreeMap<_, DeskLine> = BTreeMap::new();
    for ((id, township, how), count) in &found.counts {
        let line = desks.entry((id, *township)).or_insert_with(|| DeskLine {
            policy: policy(id),
            desk: desk(*township),
            untrue: 0,
            unverifiable: 0,
            snoozed: 0,
        });
        match how {
            Dismissal::Untrue => line.untrue += count,
            Dismissal::Unverifiable => line.unverifiable += count,
            Dismissal::Snoozed => line.snoozed += count,
        }
    }
    let sample = found.sample.iter().map(|one| SampleLine {
        alert: one.alert.to_string(),
        policy: policy(&one.policy),
        desk: desk(one.township),
        how: one.how.zh(),
    });
    (desks.into_values().collect(), sample.collect())
}
