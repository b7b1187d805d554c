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
    documents: Arc<Documents>,
    standing: RwLock<Standing>,
    cases: OnceLock<Arc<Vec<CaseOutcome>>>,
    judging: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Standing {
    set: Arc<PolicySet>,
    /// The last review it has seen.
    reviews: i64,
    /// Values approved, as documents.
    approved: Arc<Vec<Document>>,
}

impl Policies {
    /// The set of the files alone; [`refresh`] joins what was approved.
    pub fn load(documents: Documents) -> Result<Policies, Vec<Problem>> {
        let set = PolicySet::load(&documents.policies, &documents.parameters)?;
        Ok(Policies {
            documents: Arc::new(documents),
            standing: RwLock::new(Standing {
                set: Arc::new(set),
                reviews: 0,
                approved: Arc::default(),
            }),
            cases: OnceLock::new(),
            judging: tokio::sync::Mutex::default(),
        })
    }

    /// The same for another node of one store.
    #[must_use]
    pub fn again(&self) -> Policies {
        Policies {
            documents: self.documents.clone(),
            standing: RwLock::new(self.standing()),
            cases: OnceLock::new(),
            judging: tokio::sync::Mutex::default(),
        }
    }

    /// The set in force now.
    pub fn set(&self) -> Arc<PolicySet> {
        self.standing().set
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
        // A slower reader of an older review does not bring the old set back.
        if standing.reviews >= held.reviews {
            *held = standing;
        }
    }
}

/// A set with the last review it has seen.
pub struct Seen {
    /// The set.
    pub set: Arc<PolicySet>,
    /// Number of that review.
    pub reviews: i64,
}

/// Joins what was approved since, if anything was; what a decision may have been
/// made under stays readable.
pub async fn refresh(deps: &Deps) -> Result<Seen, StepError> {
    let reviews = deps.store.reviews().await?;
    let standing = deps.policies.standing();
    if standing.reviews == reviews {
        let set = standing.set;
        return Ok(Seen { set, reviews });
    }
    let approved = approved_until(deps, reviews).await?;
    let (set, approved) = joined(deps, &approved)
        .await?
        .map_err(|problems| refused(&problems))?;
    keep(deps, &standing.set, &standing.approved).await?;
    keep(deps, &set, &approved).await?;
    tracing::info!(policy_set = set.hash(), reviews, "approved values joined");
    let set = Arc::new(set);
    deps.policies.replace(Standing {
        set: set.clone(),
        reviews,
        approved: Arc::new(approved),
    });
    Ok(Seen { set, reviews })
}

/// When a program starts: keeps its documents and joins what was approved.
pub async fn start(deps: &Deps) -> Result<(), StepError> {
    let standing = deps.policies.standing();
    let new = keep(deps, &standing.set, &standing.approved).await?;
    if new {
        tracing::info!(
            policy_set = standing.set.hash(),
            "these policy and parameter files were never in force here: everybody is judged anew, and no share was judged before"
        );
    }
    refresh(deps).await?;
    Ok(())
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
    let joined = joined(deps, &approved).await?;
    Ok(joined.map(|(set, _)| set).map_err(|problems| {
        let first = problems.into_iter().next();
        first.expect("a set that does not load says why")
    }))
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

async fn joined(deps: &Deps, approved: &[ApprovedValue]) -> Result<Joined, StepError> {
    let documents = deps.policies.documents.clone();
    let base = deps.policies.set();
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

/// Keeps the documents of a policy set under its hash; whether it was not kept
/// before.
async fn keep(deps: &Deps, set: &PolicySet, approved: &[Document]) -> Result<bool, StepError> {
    let key = kept_key(set.hash());
    if deps.store.setting(&key).await?.is_some() {
        return Ok(false);
    }
    let pair = |d: &Document| (d.name.clone(), d.text.clone());
    let documents = &deps.policies.documents;
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
    Ok(true)
}

/// The policy set with this hash, if it is the one in force or was kept.
pub(crate) async fn as_of(deps: &Deps, hash: &str) -> Result<Option<Arc<PolicySet>>, StepError> {
    let current = deps.policies();
    if current.hash() == hash {
        return Ok(Some(current));
    }
    let Some(text) = deps.store.setting(&kept_key(hash)).await? else {
        return Ok(None);
    };
    let kept: Kept = serde_json::from_str(&text).map_err(|_| StepError::Damaged("settings"))?;
    let documents = |pairs: Vec<(String, String)>| -> Vec<Document> {
        let pairs = pairs.into_iter();
        pairs.map(|(name, text)| Document { name, text }).collect()
    };
    let set = PolicySet::load(&documents(kept.policies), &documents(kept.parameters));
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
    let documents = &deps.policies.documents;
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
