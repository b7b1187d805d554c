//! The policy set that runs: documents of files, joined by the values that two
//! people approved. Every node puts it together from the same rows and gets the
//! same hash; a round that finds another hash looks at everyone again.

use std::sync::{Arc, OnceLock, RwLock};

use domain::parameter::ProposedValue;
use domain::region::DivisionCode;
use rules::{
    ApprovedValue, CaseOutcome, CaseSets, Document, PolicySet, Problem, approved_documents,
    run_cases,
};
use serde::{Deserialize, Serialize};
use store::commit::{Commit, CommitKind, Write};
use store::parameters::Proposed;

use crate::deps::Deps;
use crate::error::{StepError, offload};
use crate::release;
use crate::weighing::Weighings;

/// What a policy set is made of, and what its cases need.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// Policies.
    pub policies: Vec<Document>,
    /// Parameter files, samples and local ones among them.
    pub parameters: Vec<Document>,
    /// Cases of the policies.
    pub cases: Vec<Document>,
    /// Parameter files that cases are judged under, without samples.
    pub case_parameters: Vec<Document>,
    /// The labelled samples that cases bring.
    pub case_samples: Vec<Document>,
}

/// The set in force and what it is made of.
pub struct Policies {
    /// What the program was started with; other files may be in force.
    own: Arc<Documents>,
    /// The set they are without approved values.
    own_set: Arc<PolicySet>,
    standing: RwLock<Standing>,
    cases: OnceLock<Arc<Vec<CaseOutcome>>>,
    judging: tokio::sync::Mutex<()>,
    weighings: Weighings,
}

#[derive(Clone)]
struct Standing {
    set: Arc<PolicySet>,
    /// The files it is made of, and their hash.
    files: Arc<Documents>,
    hash: String,
    /// The last release it has seen.
    releases: i64,
    /// The last review it has seen.
    reviews: i64,
    /// Values approved, as documents.
    approved: Arc<Vec<Document>>,
}

impl Policies {
    /// The set of the files alone; [`refresh`] joins what was approved.
    pub fn load(documents: Documents) -> Result<Policies, Vec<Problem>> {
        let set = PolicySet::load(&documents.policies, &documents.parameters)?;
        let (own, set) = (Arc::new(documents), Arc::new(set));
        let hash = set.hash().to_owned();
        Ok(Policies {
            own: own.clone(),
            own_set: set.clone(),
            standing: RwLock::new(Standing {
                set,
                files: own,
                hash,
                releases: 0,
                reviews: 0,
                approved: Arc::default(),
            }),
            cases: OnceLock::new(),
            judging: tokio::sync::Mutex::default(),
            weighings: Weighings::default(),
        })
    }

    /// The same for another node of one store.
    #[must_use]
    pub fn again(&self) -> Policies {
        Policies {
            own: self.own.clone(),
            own_set: self.own_set.clone(),
            standing: RwLock::new(self.standing()),
            cases: OnceLock::new(),
            judging: tokio::sync::Mutex::default(),
            weighings: Weighings::default(),
        }
    }

    /// The set in force now.
    pub fn set(&self) -> Arc<PolicySet> {
        self.standing().set
    }

    /// SHA-256 (hex) of the files the program was started with.
    pub(crate) fn own_hash(&self) -> &str {
        self.own_set.hash()
    }

    /// The set they are.
    pub(crate) fn own_set(&self) -> Arc<PolicySet> {
        self.own_set.clone()
    }

    /// They.
    pub(crate) fn own(&self) -> &Documents {
        &self.own
    }

    /// The files in force, and their hash.
    pub(crate) fn in_force(&self) -> (String, Arc<Documents>) {
        let standing = self.standing();
        (standing.hash, standing.files)
    }

    /// The last release that was taken up.
    pub(crate) fn releases(&self) -> i64 {
        self.standing().releases
    }

    /// What everybody would be under the files that wait.
    pub(crate) fn weighings(&self) -> &Weighings {
        &self.weighings
    }

    /// Held while everybody is judged for an approval.
    pub(crate) fn judging(&self) -> &tokio::sync::Mutex<()> {
        &self.judging
    }

    fn standing(&self) -> Standing {
        let standing = self.standing.read();
        standing
            .expect("no writer panics while swapping a pointer")
            .clone()
    }

    fn replace(&self, standing: Standing) {
        let mut held = self.standing.write();
        let held = held
            .as_deref_mut()
            .expect("no writer panics while swapping a pointer");
        // A slower reader of an older release or review does not bring the old set
        // back.
        if (standing.releases, standing.reviews) >= (held.releases, held.reviews) {
            *held = standing;
        }
    }
}

/// A set with the last release and the last review it has seen.
pub struct Seen {
    /// The set.
    pub set: Arc<PolicySet>,
    /// Number of that release.
    pub releases: i64,
    /// Number of that review.
    pub reviews: i64,
}

/// Takes up what was released and joins what was approved since, if anything was;
/// what a decision may have been made under stays readable.
pub async fn refresh(deps: &Deps) -> Result<Seen, StepError> {
    let reviews = deps.store.reviews().await?;
    let releases = release::number(deps).await?;
    let before = deps.policies.standing();
    if (before.releases, before.reviews) == (releases, reviews) {
        return Ok(Seen {
            set: before.set,
            releases,
            reviews,
        });
    }
    let (hash, files, base) = released(deps, &before, releases).await?;
    let values = approved_until(deps, reviews).await?;
    let (set, approved) = joined((files.clone(), base.clone()), &values)
        .await?
        .map_err(|problems| refused(&problems))?;
    keep(deps, &before.set, (&before.files, &before.approved)).await?;
    keep(deps, &set, (&files, &approved)).await?;
    tracing::info!(
        policy_set = set.hash(),
        releases,
        reviews,
        "files in force and approved values joined"
    );
    let set = Arc::new(set);
    deps.policies.replace(Standing {
        set: set.clone(),
        files,
        hash,
        releases,
        reviews,
        approved: Arc::new(approved),
    });
    Ok(Seen {
        set,
        releases,
        reviews,
    })
}

/// The files in force after so many releases, and a set whose parameters are theirs.
async fn released(
    deps: &Deps,
    before: &Standing,
    releases: i64,
) -> Result<(String, Arc<Documents>, Arc<PolicySet>), StepError> {
    let same = || {
        (
            before.hash.clone(),
            before.files.clone(),
            before.set.clone(),
        )
    };
    if before.releases == releases {
        return Ok(same());
    }
    let Some(release) = release::standing(deps).await? else {
        return Ok(same());
    };
    if release.files == before.hash {
        return Ok(same());
    }
    if release.files == deps.policies.own_hash() {
        let own = deps.policies.own.clone();
        return Ok((release.files, own, deps.policies.own_set()));
    }
    let kept = kept(deps, &release.files).await?;
    let files = Arc::new(kept.ok_or(StepError::Damaged("settings"))?);
    let base = loaded(&files).await?;
    Ok((release.files, files, base))
}

async fn loaded(files: &Arc<Documents>) -> Result<Arc<PolicySet>, StepError> {
    let files = files.clone();
    let set = offload(move || PolicySet::load(&files.policies, &files.parameters)).await?;
    set.map(Arc::new).map_err(|problems| refused(&problems))
}

/// When a program that judges starts: keeps its documents, lets them wait for a
/// release or takes them up, and joins what was approved. A store that holds nobody
/// real adopts what it is started with.
pub async fn start(deps: &Deps, adopts: bool) -> Result<(), StepError> {
    let standing = deps.policies.standing();
    keep(deps, &standing.set, (&standing.files, &standing.approved)).await?;
    release::begun(deps, adopts).await?;
    refresh(deps).await?;
    Ok(())
}

/// Whether files kept under a hash load here, with the values approved until now.
pub(crate) async fn is_readable(deps: &Deps, hash: &str) -> Result<bool, StepError> {
    let Some(kept) = kept(deps, hash).await? else {
        return Ok(false);
    };
    let files = Arc::new(kept);
    let Ok(base) = loaded(&files).await else {
        return Ok(false);
    };
    let reviews = deps.store.reviews().await?;
    let values = approved_until(deps, reviews).await?;
    Ok(joined((files, base), &values).await?.is_ok())
}

/// The files this program was started with, joined by what was approved; or what is
/// wrong with them together.
pub(crate) async fn own_joined(
    deps: &Deps,
    reviews: i64,
) -> Result<Result<PolicySet, Problem>, StepError> {
    let own = deps.policies.own.clone();
    let base = deps.policies.own_set();
    let values = approved_until(deps, reviews).await?;
    Ok(first_problem(joined((own, base), &values).await?))
}

fn first_problem(joined: Joined) -> Result<PolicySet, Problem> {
    joined.map(|(set, _)| set).map_err(|problems| {
        let first = problems.into_iter().next();
        first.expect("a set that does not load says why")
    })
}

/// The set with one more value, when it would still load.
pub(crate) async fn tried(
    deps: &Deps,
    reviews: i64,
    more: &Proposed,
) -> Result<Result<PolicySet, Problem>, StepError> {
    with(deps, reviews, vec![value(more)]).await
}

/// The set with values that nobody has approved in that form.
pub(crate) async fn supposed(
    deps: &Deps,
    reviews: i64,
    values: Vec<ProposedValue>,
) -> Result<Result<PolicySet, Problem>, StepError> {
    let who = "what-if".to_owned();
    let supposed = values.into_iter().map(|value| ApprovedValue {
        value,
        proposed_by: who.clone(),
        approved_by: who.clone(),
    });
    with(deps, reviews, supposed.collect()).await
}

/// The set with more values, or what is wrong with one of them.
async fn with(
    deps: &Deps,
    reviews: i64,
    more: Vec<ApprovedValue>,
) -> Result<Result<PolicySet, Problem>, StepError> {
    let mut approved = approved_until(deps, reviews).await?;
    approved.extend(more);
    let standing = deps.policies.standing();
    let files = (standing.files, standing.set);
    Ok(first_problem(joined(files, &approved).await?))
}

async fn approved_until(deps: &Deps, reviews: i64) -> Result<Vec<ApprovedValue>, StepError> {
    let approved = deps.store.approved().await?;
    let seen = |one: &&Proposed| one.review.as_ref().is_some_and(|r| r.number <= reviews);
    Ok(approved.iter().filter(seen).map(value).collect())
}

/// People are named by their ids, which never change: a document must be the
/// same bytes on every node and after every restart.
fn value(one: &Proposed) -> ApprovedValue {
    let review = one.review.as_ref();
    ApprovedValue {
        value: one.proposal.value.clone(),
        proposed_by: one.proposal.by.to_string(),
        approved_by: review
            .map(|review| review.by.to_string())
            .unwrap_or_default(),
    }
}

type Joined = Result<(PolicySet, Vec<Document>), Vec<Problem>>;

/// Files joined by approved values, which are read by the parameters of a set.
async fn joined(
    (documents, base): (Arc<Documents>, Arc<PolicySet>),
    approved: &[ApprovedValue],
) -> Result<Joined, StepError> {
    let approved = approved.to_vec();
    offload(move || {
        let approved = approved_documents(base.parameters(), &approved);
        let mut parameters = documents.parameters.clone();
        parameters.extend(approved.iter().cloned());
        let set = PolicySet::load(&documents.policies, &parameters)?;
        Ok((set, approved))
    })
    .await
}

pub(crate) fn refused(problems: &[Problem]) -> StepError {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    StepError::Policies(lines.join("\n"))
}

/// The documents of a policy set, kept so that decisions can be replayed.
#[derive(Serialize, Deserialize)]
struct Kept {
    policies: Vec<(String, String)>,
    parameters: Vec<(String, String)>,
}

fn kept_key(hash: &str) -> String {
    format!("policy_set:{hash}")
}

/// Keeps the documents of a policy set under its hash.
async fn keep(
    deps: &Deps,
    set: &PolicySet,
    (documents, approved): (&Documents, &[Document]),
) -> Result<(), StepError> {
    let key = kept_key(set.hash());
    if deps.store.setting(&key).await?.is_some() {
        return Ok(());
    }
    let pair = |d: &Document| (d.name.clone(), d.text.clone());
    let kept = Kept {
        policies: documents.policies.iter().map(pair).collect(),
        parameters: documents
            .parameters
            .iter()
            .chain(approved)
            .map(pair)
            .collect(),
    };
    let value = serde_json::to_string(&kept).map_err(|_| StepError::Damaged("settings"))?;
    let commit = Commit {
        kind: CommitKind::Administration,
        partition: None,
        at: deps.clock.now(),
        actor: "policies".to_owned(),
        lease: None,
        guards: vec![],
        writes: vec![Write::Setting { key, value }],
        answer: None,
    };
    deps.store.commit(&commit).await?;
    Ok(())
}

/// The documents kept under a hash, without cases.
pub(crate) async fn kept(deps: &Deps, hash: &str) -> Result<Option<Documents>, StepError> {
    let Some(text) = deps.store.setting(&kept_key(hash)).await? else {
        return Ok(None);
    };
    let kept: Kept = serde_json::from_str(&text).map_err(|_| StepError::Damaged("settings"))?;
    let documents = |pairs: Vec<(String, String)>| -> Vec<Document> {
        let pairs = pairs.into_iter();
        pairs.map(|(name, text)| Document { name, text }).collect()
    };
    Ok(Some(Documents {
        policies: documents(kept.policies),
        parameters: documents(kept.parameters),
        ..Documents::default()
    }))
}

/// The policy set with this hash, if it is the one in force or was kept.
pub(crate) async fn as_of(deps: &Deps, hash: &str) -> Result<Option<Arc<PolicySet>>, StepError> {
    let current = deps.policies();
    if current.hash() == hash {
        return Ok(Some(current));
    }
    let Some(kept) = kept(deps, hash).await? else {
        return Ok(None);
    };
    let set = PolicySet::load(&kept.policies, &kept.parameters);
    Ok(set.ok().map(Arc::new))
}

/// Every case of the documents with its outcome, judged once by this program.
pub async fn cases(deps: &Arc<Deps>) -> Result<Arc<Vec<CaseOutcome>>, StepError> {
    if let Some(known) = deps.policies.cases.get() {
        return Ok(known.clone());
    }
    let judging = deps.clone();
    let outcomes = offload(move || judge(&judging)).await??;
    Ok(deps
        .policies
        .cases
        .get_or_init(|| Arc::new(outcomes))
        .clone())
}

fn judge(deps: &Deps) -> Result<Vec<CaseOutcome>, StepError> {
    let documents = &deps.policies.own;
    let load = |parameters: &[Document]| {
        PolicySet::load(&documents.policies, parameters).map_err(|problems| refused(&problems))
    };
    let mut sampled = documents.case_parameters.clone();
    sampled.extend(documents.case_samples.iter().cloned());
    let today = deps.clock.today();
    let place = |code: DivisionCode| deps.divisions.name(code, today);
    let sets = CaseSets {
        sampled: &load(&sampled)?,
        unsampled: &load(&documents.case_parameters)?,
        place: &place,
    };
    let mut outcomes = Vec::new();
    for document in &documents.cases {
        outcomes.extend(run_cases(document, &sets).map_err(|problem| refused(&[problem]))?);
    }
    Ok(outcomes)
}
