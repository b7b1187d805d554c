//! 政策: every criterion as a sentence, every number with its document, and
//! what the place has not set. Discloses nobody.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect};
use domain::authority::Operation;
use pipeline::release::{self, Changed, Word};
use pipeline::weighing::Progress;
use pipeline::{guard, policies};
use rules::{CaseOutcome, Policy};
use serde::Deserialize;

use super::refusal::{Paged, Refusal, html, html_with};
use super::registry::{Names, Row, applies, period, rows_of, told};
use super::shell::Shell;
use super::today::{Choice, chosen, townships};
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::console::forms::StrictForm;
use crate::problem::{Answered, Problem};
use crate::releases::{REASON_NEEDED, diff, put_in_force, stood};
use crate::strict::StrictQuery;

/// Which place.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoliciesQuery {
    #[serde(default)]
    region: String,
    #[serde(default)]
    done: String,
}

/// A document that waits with others to come into force.
struct ChangedView {
    document: String,
    how: &'static str,
    diff: String,
}

/// Files that came into force.
struct StoodView {
    /// Which release, when and by whom.
    head: String,
    /// What was said of it, and what judging everybody said.
    said: String,
    files: String,
}

/// One dated version of a policy.
struct PolicyView {
    id: String,
    title: String,
    kind: &'static str,
    valid: String,
    documents: String,
    cases: usize,
    wrong: usize,
}

/// A parameter the place has not set.
struct UnsetView {
    key: String,
    title: String,
    policies: String,
}

#[derive(Template)]
#[template(path = "policies.html")]
struct PoliciesPage {
    shell: Shell,
    /// The release that stands and those before it; empty before the first.
    stood: Vec<StoodView>,
    done: &'static str,
    /// Why nothing was put in force.
    why: String,
    /// SHA-256 of the files that wait; empty when none do.
    waiting: String,
    changes: Vec<ChangedView>,
    /// How far judging everybody is, or what it said; empty when nobody asked today.
    weighing: Vec<String>,
    may_release: bool,
    words: String,
    /// The last release was refused until a reason is given.
    asks_reason: bool,
    reason: String,
    nearly_all: u64,
    changed: u64,
    failing: usize,
    region: String,
    townships: Vec<Choice>,
    policy_set: String,
    policies: Vec<PolicyView>,
    parameters: Vec<Row>,
    unset: Vec<UnsetView>,
}

/// `GET /policies`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<PoliciesQuery>,
) -> Paged {
    let mut shown = policies_page(&app, &caller, &query).await?;
    if query.done == "release" {
        shown.done = "已生效，下一轮评估起按新的政策文件；新预警先进存量";
    }
    html(&shown)
}

async fn policies_page(
    app: &App,
    caller: &Caller,
    query: &PoliciesQuery,
) -> Answered<PoliciesPage> {
    let grant = caller.grant(Operation::ReadPolicies)?;
    let waiting = release::waiting(&app.deps).await?;
    let own = grant.regions().first().copied();
    let region = chosen(&query.region)?
        .or(own)
        .ok_or_else(|| Problem::bad("param.region", "没有指定地区", "no region"))?;
    let set = app.deps.policies();
    let today = app.deps.clock.today();
    let title = |id: &String| {
        let policy = set.policy(id);
        policy.map_or_else(|| id.clone(), |policy| policy.title.zh.clone())
    };
    let unset = set.unset(region, today).into_iter().map(|unset| UnsetView {
        policies: unset
            .policies
            .iter()
            .map(title)
            .collect::<Vec<_>>()
            .join("、"),
        title: unset.zh,
        key: unset.key,
    });
    let cases = policies::cases(&app.deps).await?;
    let rows = set.parameters().iter().filter(|p| applies(p, region));
    let rows = rows.flat_map(|parameter| rows_of(app, parameter));
    let stood = releases(app).await?;
    let changes = waiting.iter().flat_map(|waiting| &waiting.changes);
    let weighing = waiting.as_ref().and_then(|one| one.weighing.as_ref());
    Ok(PoliciesPage {
        shell: Shell::new(app, caller, "/policies", "政策"),
        stood,
        done: "",
        why: String::new(),
        changes: changes.map(changed).collect(),
        weighing: weighing.map(|one| weighed(app, one)).unwrap_or_default(),
        asks_reason: weighing.is_some_and(|one| one.found.as_ref().is_some_and(guard::asks)),
        waiting: waiting.map(|waiting| waiting.files).unwrap_or_default(),
        may_release: caller.grant(Operation::ReviewParameters).is_ok(),
        words: String::new(),
        reason: String::new(),
        nearly_all: guard::NEARLY_ALL_PERCENT,
        changed: guard::CHANGES_PERCENT,
        failing: cases.iter().filter(|case| !case.ok).count(),
        region: app.deps.divisions.name(region, today),
        townships: townships(app, caller, Some(region)),
        policy_set: set.hash().to_owned(),
        policies: set.policies().iter().map(|p| policy(p, &cases)).collect(),
        parameters: rows.collect(),
        unset: unset.collect(),
    })
}

/// Releases in words, the one that stands first.
async fn releases(app: &App) -> Answered<Vec<StoodView>> {
    let mut names = Names::default();
    let mut views = Vec::new();
    for release in stood(app).await? {
        let by = match release.by {
            Some(by) => names.of(app, by).await?,
            None => "程序启动".to_owned(),
        };
        let mut said = vec![release.words];
        if let Some(guarded) = &release.guarded {
            said.extend(told(&app.deps, guarded));
            let reason = guarded.reason.iter();
            said.extend(reason.map(|reason| format!("仍予生效的理由：{reason}")));
        }
        let at = words::minute(release.at);
        views.push(StoodView {
            head: format!("第 {} 次生效，{by} {at}", release.number),
            said: said.join("；"),
            files: release.files,
        });
    }
    Ok(views)
}

/// How far judging everybody is, or what it said.
fn weighed(app: &App, progress: &Progress) -> Vec<String> {
    let begun = words::minute(progress.begun);
    match &progress.found {
        Some(found) => {
            let mut said = told(&app.deps, found);
            said.push(format!("{begun} 起试算，此后报送的数据不在其中"));
            said
        }
        None => vec![format!(
            "{begun} 起正在试算，已判 {} 户（人）",
            progress.units
        )],
    }
}

fn changed(change: &Changed) -> ChangedView {
    ChangedView {
        document: change.document.clone(),
        how: match change.name() {
            "added" => "新增",
            "removed" => "不再有",
            _ => "改动",
        },
        diff: diff(change),
    }
}

/// What the form of a release carries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseForm {
    files: String,
    words: String,
    /// Only asked for when judging everybody found something.
    #[serde(default)]
    reason: String,
}

/// `POST /policies`: puts the files that wait in force.
pub(super) async fn release(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictForm(form): StrictForm<ReleaseForm>,
) -> Paged {
    let grant = caller.grant(Operation::ReviewParameters)?;
    let word = Word {
        files: form.files,
        words: form.words.replace("\r\n", "\n"),
        reason: Some(form.reason.replace("\r\n", "\n")).filter(|reason| !reason.is_empty()),
    };
    match put_in_force(&app, &grant, word).await {
        Ok(_) => Ok(Redirect::to("/policies?done=release").into_response()),
        Err(problem) if problem.status().is_client_error() => {
            let mut page = policies_page(&app, &caller, &PoliciesQuery::default()).await?;
            page.words = form.words;
            page.asks_reason |= problem.code() == REASON_NEEDED || !form.reason.is_empty();
            page.reason = form.reason;
            problem.zh().clone_into(&mut page.why);
            html_with(problem.status(), &page)
        }
        Err(problem) => Err(Refusal(problem)),
    }
}

fn policy(policy: &Policy, cases: &[CaseOutcome]) -> PolicyView {
    let documents = policy.basis.iter().map(|basis| basis.document.as_str());
    let cases = cases.iter().filter(|case| case.policy == policy.id);
    PolicyView {
        id: policy.id.clone(),
        title: policy.title.zh.clone(),
        kind: kind(policy.kind),
        valid: period(policy.valid),
        documents: documents.collect::<Vec<_>>().join("、"),
        cases: cases.clone().count(),
        wrong: cases.filter(|case| !case.ok).count(),
    }
}

pub(super) const fn kind(kind: rules::PolicyKind) -> &'static str {
    match kind {
        rules::PolicyKind::Entitlement => "待遇资格",
        rules::PolicyKind::Signal => "风险线索",
        rules::PolicyKind::Discrepancy => "存疑数据",
        rules::PolicyKind::Duty => "履责提醒",
    }
}
