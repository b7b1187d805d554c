//! Which policy files are in force, which wait, and putting these in force.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::authority::{Grant, Operation};
use domain::parameter::Guarded;
use pipeline::release::{self, Changed, Release, ReleaseError, Waiting, Word};
use pipeline::weighing::Progress;
use serde::{Deserialize, Serialize};
use similar::TextDiff;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::proposals::{GuardedView, asking};
use crate::strict::StrictJson;

/// Policy files that were put in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReleaseView {
    /// Counted from one.
    number: i64,
    /// SHA-256 of the files, without approved values.
    files: String,
    /// Of those in force before.
    before: Option<String>,
    /// Officer id; `null`: a start, when nothing was in force that could go on.
    by: Option<String>,
    at: String,
    words: String,
    /// What judging everybody under both said.
    guarded: Option<GuardedView>,
}

/// Files a program was started with that nobody has put in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingView {
    /// To send back.
    files: String,
    /// Documents that differ from those in force.
    changes: Vec<ChangeView>,
    /// Judging everybody under both, if somebody asked for it today.
    weighing: Option<WeighingView>,
}

/// How far judging everybody is.
#[derive(Debug, Serialize, ToSchema)]
pub struct WeighingView {
    begun: String,
    /// Households and people alone judged until now.
    units: u64,
    /// What it said; `null` until everybody was judged.
    found: Option<GuardedView>,
}

impl WeighingView {
    fn of(app: &App, progress: &Progress) -> WeighingView {
        let found = progress.found.as_ref();
        WeighingView {
            begun: progress.begun.to_string(),
            units: progress.units,
            found: found.map(|found| GuardedView::of(&app.deps, found)),
        }
    }
}

/// A document that differs.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeView {
    document: String,
    /// `added`, `altered`, `removed`.
    change: &'static str,
    /// Lines that differ, with those around them, as `diff -u` has them.
    diff: String,
}

/// Lines around those that differ. They show where in a document these stand.
const AROUND: usize = 3;
/// What has not been compared by then is shown as other lines altogether.
const COMPARED_WITHIN: Duration = Duration::from_millis(200);

/// What differs, line by line.
pub(crate) fn diff(change: &Changed) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (before, after) = (text(&change.before), text(&change.after));
    let lines = TextDiff::configure()
        .timeout(COMPARED_WITHIN)
        .diff_lines(&before, &after);
    let mut unified = lines.unified_diff();
    unified.context_radius(AROUND).to_string()
}

/// What is in force, what was before, and what waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReleasesView {
    in_force: Option<ReleaseView>,
    /// The releases before it, newest first, fifty at most.
    earlier: Vec<ReleaseView>,
    waiting: Option<WaitingView>,
}

/// Releases before the one that stands that are shown. There are a few a year.
const EARLIER_MAX: usize = 50;

/// The release that stands and those before it.
pub(crate) async fn stood(app: &App) -> Answered<Vec<Release>> {
    let Some(standing) = release::standing(&app.deps).await? else {
        return Ok(Vec::new());
    };
    let earlier = release::earlier(&app.deps, &standing, EARLIER_MAX).await?;
    Ok(std::iter::once(standing).chain(earlier).collect())
}

impl ReleaseView {
    fn of(app: &App, release: Release) -> ReleaseView {
        ReleaseView {
            number: release.number,
            files: release.files,
            before: release.before,
            by: release.by.map(|by| by.to_string()),
            at: release.at.to_string(),
            words: release.words,
            guarded: release
                .guarded
                .map(|guarded| GuardedView::of(&app.deps, &guarded)),
        }
    }
}

impl WaitingView {
    fn of(app: &App, waiting: &Waiting) -> WaitingView {
        let change = |change: &Changed| ChangeView {
            document: change.document.clone(),
            change: change.name(),
            diff: diff(change),
        };
        WaitingView {
            files: waiting.files.clone(),
            changes: waiting.changes.iter().map(change).collect(),
            weighing: waiting
                .weighing
                .as_ref()
                .map(|progress| WeighingView::of(app, progress)),
        }
    }
}

/// The policy files in force and those that wait on this node.
#[utoipa::path(get, path = "/api/v1/policy-releases", tag = "policies", responses((status = 200, body = ReleasesView)))]
pub async fn list(State(app): State<App>, caller: Caller) -> Answered<Json<ReleasesView>> {
    caller.grant(Operation::ReadPolicies)?;
    let waiting = release::waiting(&app.deps).await?;
    let stood = stood(&app).await?.into_iter();
    let mut stood = stood.map(|one| ReleaseView::of(&app, one));
    Ok(Json(ReleasesView {
        in_force: stood.next(),
        earlier: stood.collect(),
        waiting: waiting.as_ref().map(|one| WaitingView::of(&app, one)),
    }))
}

/// What a second person says of files that wait.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseBody {
    /// `files` of what waits, as it was looked at.
    files: String,
    /// What was read, and why; never empty.
    words: String,
    /// Why they come into force although `release.reason_needed` was answered.
    reason: Option<String>,
}

/// Puts the waiting files in force with the next round. Everybody is judged under
/// both first: while that goes on, `409 release.weighing` says how far it is and the
/// same is to be sent again. The same again answers the same.
#[utoipa::path(
    post, path = "/api/v1/policy-releases", tag = "policies", request_body = ReleaseBody,
    responses((status = 200, body = ReleaseView), (status = 400, body = ProblemBody), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody), (status = 412, body = ProblemBody))
)]
pub async fn release(
    State(app): State<App>,
    caller: Caller,
    StrictJson(body): StrictJson<ReleaseBody>,
) -> Answered<Json<ReleaseView>> {
    let grant = caller.grant(Operation::ReviewParameters)?;
    let word = Word {
        files: body.files,
        words: body.words,
        reason: body.reason,
    };
    let done = put_in_force(&app, &grant, word).await?;
    Ok(Json(ReleaseView::of(&app, done)))
}

/// Puts files in force, for the JSON handler and for the form.
pub(crate) async fn put_in_force(app: &App, grant: &Grant, word: Word) -> Answered<Release> {
    let (app, grant) = (app.clone(), grant.clone());
    // The commit must not be cancelled by a client that goes away.
    let task = tokio::spawn(async move {
        let patience = Duration::from_secs(app.limits.weighing_seconds);
        let done = release::release(&app.deps, &grant, &word, patience).await;
        done.map_err(|error| match error {
            ReleaseError::Guarded(guarded) => asks_reason(&app, &guarded),
            other => other.into(),
        })
    });
    task.await
        .map_err(|_| Problem::from(pipeline::StepError::Computation))?
}

/// The code of a release that is refused until a reason is given.
pub(crate) const REASON_NEEDED: &str = "release.reason_needed";

/// What was found, and how to go on.
fn asks_reason(app: &App, guarded: &Guarded) -> Problem {
    let (zh, en) = asking(&app.deps, guarded);
    Problem::new(
        StatusCode::CONFLICT,
        REASON_NEEDED,
        &format!(
            "按 {} 对 {} 户（人）在两套政策文件下各判一遍：{}。请先核对改动的文件；确为文件本意的，写明“仍予生效的理由”后再生效（界限为平台默认，非法定）",
            guarded.on, guarded.units, zh
        ),
        &format!(
            "judging {} units on {} under both: {}; check the files that changed, or give a `reason` (bounds are platform defaults)",
            guarded.units, guarded.on, en
        ),
    )
}

impl From<ReleaseError> for Problem {
    fn from(error: ReleaseError) -> Problem {
        let en = error.to_string();
        let conflict = |code, zh: &str| Problem::new(StatusCode::CONFLICT, code, zh, &en);
        match error {
            ReleaseError::Version => Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "release.version",
                "待生效的已不是这套文件，请重新打开",
                &en,
            ),
            ReleaseError::Elsewhere => Problem::new(
                StatusCode::FORBIDDEN,
                "release.elsewhere",
                "库中还有不归您管理的县，政策文件对所有县一并生效，请由上级政策管理员办理",
                &en,
            ),
            ReleaseError::Words => {
                Problem::bad("release.words", "请写明看了哪些文件、为什么生效", &en)
            }
            ReleaseError::Cases(case) => conflict(
                "release.cases",
                &format!(
                    "政策 {} 的案例“{}”不通过（{}:{}），先修好政策文件再生效",
                    case.policy, case.name, case.document, case.line
                ),
            ),
            ReleaseError::Wrong(problem) => Problem::of_rules(&problem),
            ReleaseError::Weighing(how_far) => conflict(
                "release.weighing",
                &format!(
                    "正在按两套政策文件把所有人各判一遍，已判 {} 户（人），还没有生效。请过几分钟再按一次，判过的不再重判",
                    how_far.units
                ),
            ),
            ReleaseError::Guarded(_) => conflict(REASON_NEEDED, "生效须写明“仍予生效的理由”"),
            ReleaseError::Step(error) => error.into(),
        }
    }
}
