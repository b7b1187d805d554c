//! Which policy files are in force: those that a person has put in force here, not
//! those a program happened to be started with.
//!
//! A start with other files goes on under those of before. An officer who reviews
//! parameters in every county that has sent something, a second person beside whoever
//! brought the files to the machine, puts them in force: the cases must be green,
//! everybody is judged under both, and shares out of the ordinary ask for a reason
//! ([`crate::guard`]), which stays with the release.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::authority::Grant;
use domain::ids::OfficerId;
use domain::parameter::Guarded;
use domain::region::DivisionCode;
use domain::time::Instant;
use rules::{CaseOutcome, Document, Problem};
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::commit::{Commit, CommitKind, Guard, Write};

use crate::deps::Deps;
use crate::error::StepError;
use crate::guard;
use crate::policies;
use crate::weighing::{Progress, Question, weighed};

/// The record of the release that stands, and the count of a store's releases.
const RELEASE: &str = "policy_release";

/// Files that were put in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Counted from one.
    pub number: i64,
    /// SHA-256 (hex) of the files, without approved values.
    pub files: String,
    /// Those in force before.
    pub before: Option<String>,
    /// By whom; `None`: by a start, for nothing was in force that could go on.
    pub by: Option<OfficerId>,
    /// When.
    pub at: Instant,
    /// What was read and why, as the officer says.
    pub words: String,
    /// What judging everybody found, and why they are in force all the same.
    pub guarded: Option<Guarded>,
}

/// Files that this program was started with and that nobody has put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// SHA-256 (hex) of them.
    pub files: String,
    /// Documents that are not the same: policies, then parameters, by name.
    pub changes: Vec<Changed>,
    /// What judging everybody under both says, as far as it was asked today.
    pub weighing: Option<Progress>,
}

/// A document that is not the one in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Name of its file.
    pub document: String,
    /// Its text in force; `None` when there was none of the name.
    pub before: Option<String>,
    /// Its text that waits; `None` when there is none of the name any more.
    pub after: Option<String>,
}

impl Changed {
    /// `added`, `altered` or `removed`.
    pub const fn name(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "altered",
        }
    }
}

/// Why files were not put in force.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// Other files wait, or none.
    #[error("these files do not wait")]
    Version,
    /// The store has counties that the officer is not of.
    #[error("the store has counties outside the officer's places")]
    Elsewhere,
    /// A release says why.
    #[error("a release needs words")]
    Words,
    /// A case fails.
    #[error("a case of the waiting files fails")]
    Cases(Box<CaseOutcome>),
    /// An approved value cannot stand beside the files.
    #[error("an approved value cannot stand beside the waiting files")]
    Wrong(Box<Problem>),
    /// Everybody is being judged under both; it is to be asked again.
    #[error("everybody is being judged; {} units until now", .0.units)]
    Weighing(Box<Progress>),
    /// What judging everybody found asks for a reason.
    #[error("a release with these consequences needs a reason")]
    Guarded(Box<Guarded>),
    /// The step failed.
    #[error("the release could not be stored")]
    Step(#[from] StepError),
}

impl From<StoreError> for ReleaseError {
    fn from(error: StoreError) -> ReleaseError {
        ReleaseError::Step(error.into())
    }
}

/// The place releases are counted under: no county's.
fn everywhere() -> DivisionCode {
    DivisionCode::parse("000000").expect("six digits")
}

/// How many releases there were.
pub(crate) async fn number(deps: &Deps) -> Result<i64, StepError> {
    Ok(deps.store.checkpoint(everywhere(), RELEASE).await?)
}

/// The release that stands; `None` before a program with releases was started.
pub async fn standing(deps: &Deps) -> Result<Option<Release>, StepError> {
    let text = deps.store.setting(RELEASE).await?;
    let release = text.map(|text| serde_json::from_str(&text));
    release
        .transpose()
        .map_err(|_| StepError::Damaged("settings"))
}

/// Releases before one, the newest first, at most so many.
pub async fn earlier(deps: &Deps, than: &Release, limit: usize) -> Result<Vec<Release>, StepError> {
    let mut found = Vec::new();
    for number in (1..than.number).rev().take(limit) {
        let text = deps.store.setting(&numbered(number)).await?;
        let release = text.map(|text| serde_json::from_str(&text)).transpose();
        found.extend(release.map_err(|_| StepError::Damaged("settings"))?);
    }
    Ok(found)
}

fn numbered(number: i64) -> String {
    format!("{RELEASE}:{number}")
}

/// When a program starts, its own files kept: they come into force if nothing was
/// before, or if it adopts them; else they wait. `Policies` when those in force do not
/// load here.
pub(crate) async fn begun(deps: &Deps, adopts: bool) -> Result<(), StepError> {
    loop {
        match registered(deps, adopts).await {
            // Another node was faster, or something was approved: what to do is
            // another question now.
            Err(StepError::Store(StoreError::Conflict)) => {}
            done => return done,
        }
    }
}

async fn registered(deps: &Deps, adopts: bool) -> Result<(), StepError> {
    let own = deps.policies.own_hash();
    let before = standing(deps).await?;
    let why = match &before {
        None => "首次启动，此前没有登记过生效的政策文件",
        Some(release) if release.files == own => return Ok(()),
        Some(_) if adopts => "演示库，或配置了 policies.adopt：启动时的政策文件直接生效",
        Some(release) if policies::is_readable(deps, &release.files).await? => {
            tracing::warn!(
                in_force = release.files,
                waiting = own,
                "the policy files of this start wait for a policy officer; those of before stay in force"
            );
            return Ok(());
        }
        // Never its own instead: an old program would undo what a new one released.
        Some(release) => {
            return Err(StepError::Policies(format!(
                "the policy files in force ({}) cannot be read by this program together with the approved values: \
                 start the program they were released with, or set policies.adopt to put this one's in force",
                release.files
            )));
        }
    };
    // A release that does not load with what was approved could not be taken back.
    let reviews = deps.store.reviews().await?;
    if let Err(problem) = policies::own_joined(deps, reviews).await? {
        return Err(policies::refused(&[problem]));
    }
    tracing::info!(policy_files = own, why, "policy files in force");
    let release = Release {
        number: before.as_ref().map_or(0, |release| release.number) + 1,
        files: own.to_owned(),
        before: before.map(|release| release.files),
        by: None,
        at: deps.clock.now(),
        words: why.to_owned(),
        guarded: None,
    };
    committed(deps, &release, reviews).await
}

/// The release is still the last one. What is approved and what is released are both
/// guarded by it: a value and files that do not load together are never both taken,
/// whichever nodes they come from.
pub(crate) fn is_last(number: i64) -> Guard {
    Guard::CheckpointAt {
        partition: everywhere(),
        step: RELEASE.to_owned(),
        position: number,
    }
}

/// Stores a release after so many reviews; another one meanwhile, or another review,
/// is a conflict.
async fn committed(deps: &Deps, release: &Release, reviews: i64) -> Result<(), StepError> {
    let value = serde_json::to_string(release).map_err(|_| StepError::Damaged("settings"))?;
    let setting = |key: String| Write::Setting {
        key,
        value: value.clone(),
    };
    let by = release.by.map(|by| by.to_string());
    let commit = Commit {
        kind: CommitKind::Administration,
        partition: Some(everywhere()),
        at: release.at,
        actor: by.unwrap_or_else(|| "policies".to_owned()),
        lease: None,
        guards: vec![
            is_last(release.number - 1),
            Guard::ReviewsAt { number: reviews },
        ],
        writes: vec![
            setting(RELEASE.to_owned()),
            setting(numbered(release.number)),
            Write::Checkpoint {
                step: RELEASE.to_owned(),
                position: release.number,
            },
        ],
        answer: None,
    };
    deps.store.commit(&commit).await?;
    Ok(())
}

/// What waits on this node.
pub async fn waiting(deps: &Deps) -> Result<Option<Waiting>, StepError> {
    policies::refresh(deps).await?;
    let (in_force, files) = deps.policies.in_force();
    let own = deps.policies.own_hash();
    if in_force == own {
        return Ok(None);
    }
    let question = question(deps, deps.policies().hash());
    let own_files = deps.policies.own();
    let mut changes = changed(&files.policies, &own_files.policies);
    changes.extend(changed(&files.parameters, &own_files.parameters));
    Ok(Some(Waiting {
        files: own.to_owned(),
        changes,
        weighing: deps.policies.weighings().progress(&question),
    }))
}

/// What is weighed before the files of this node come into force.
fn question(deps: &Deps, now: &str) -> Question {
    Question {
        now: now.to_owned(),
        files: deps.policies.own_hash().to_owned(),
        on: deps.clock.today(),
    }
}

fn changed(before: &[Document], after: &[Document]) -> Vec<Changed> {
    // Files of two folders may have one name: the first is held against the first.
    let named = |all: &[Document]| {
        let mut named: BTreeMap<(String, usize), String> = BTreeMap::new();
        for one in all {
            let key = |nth| (one.name.clone(), nth);
            let nth = (0..all.len()).find(|nth| !named.contains_key(&key(*nth)));
            named.insert(key(nth.unwrap_or(0)), one.text.clone());
        }
        named
    };
    let (mut before, mut after) = (named(before), named(after));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
    let each = names.into_iter().map(|name| Changed {
        before: before.remove(&name),
        after: after.remove(&name),
        document: name.0,
    });
    each.filter(|one| one.before != one.after).collect()
}

/// What a policy officer says of files that wait.
#[derive(Clone, Debug)]
pub struct Word {
    /// SHA-256 (hex) of the files that were looked at.
    pub files: String,
    /// What was read and why; never empty.
    pub words: String,
    /// Why they come into force in spite of what judging everybody found.
    pub reason: Option<String>,
}

/// Puts the waiting files in force; the same again answers the same release. Waits so
/// long for everybody to be judged, which goes on without whoever asked.
pub async fn release(
    deps: &Arc<Deps>,
    grant: &Grant,
    word: &Word,
    patience: Duration,
) -> Result<Release, ReleaseError> {
    let partitions = deps.store.partitions().await?;
    if !partitions.iter().all(|county| grant.covers(*county)) {
        return Err(ReleaseError::Elsewhere);
    }
    let words = word.words.trim();
    if words.is_empty() {
        return Err(ReleaseError::Words);
    }
    let now = policies::refresh(deps).await?;
    let before = standing(deps).await?.ok_or(ReleaseError::Version)?;
    if before.files == word.files {
        return Ok(before);
    }
    if before.number != deps.policies.releases() {
        // Another node was faster than the set that would be judged against.
        return Err(ReleaseError::Version);
    }
    if deps.policies.own_hash() != word.files {
        return Err(ReleaseError::Version);
    }
    let cases = policies::cases(deps).await?;
    if let Some(failing) = cases.iter().find(|case| !case.ok) {
        return Err(ReleaseError::Cases(Box::new(failing.clone())));
    }
    let then = policies::own_joined(deps, now.reviews).await?;
    let then = then.map_err(|problem| ReleaseError::Wrong(Box::new(problem)))?;
    let question = question(deps, now.set.hash());
    let judged = (partitions.as_slice(), now.set, Arc::new(then));
    let weighed = weighed(deps, &question, judged, patience).await?;
    let mut guarded = weighed.map_err(|how_far| ReleaseError::Weighing(Box::new(how_far)))?;
    let reason = word.reason.as_deref().map(str::trim);
    guarded.reason = reason
        .filter(|reason| !reason.is_empty())
        .map(str::to_owned);
    if guard::asks(&guarded) && guarded.reason.is_none() {
        return Err(ReleaseError::Guarded(Box::new(guarded)));
    }
    let release = Release {
        number: before.number + 1,
        files: word.files.clone(),
        before: Some(before.files),
        by: Some(grant.officer()),
        at: deps.clock.now(),
        words: words.to_owned(),
        guarded: Some(guarded),
    };
    match committed(deps, &release, now.reviews).await {
        Ok(()) => {}
        Err(StepError::Store(StoreError::Conflict)) => {
            // Somebody may have pressed twice.
            let last = standing(deps).await?;
            let same = last.filter(|last| last.files == word.files);
            return same.ok_or(StoreError::Conflict.into());
        }
        Err(error) => return Err(error.into()),
    }
    deps.work.notify_waiters();
    // The steps do it too; here so that the next page shows what is in force.
    if let Err(error) = policies::refresh(deps).await {
        tracing::error!(%error, "released policy files could not be taken up yet");
    }
    Ok(release)
}
