//! Views of people and households for those who may see them: now, or as of a
//! valid date and a commit number; search inside one's own townships; replay
//! of decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::authority::Grant;
use domain::dictionary::Kind;
use domain::evaluation::Decision;
use domain::household::{Household, first};
use domain::ids::{HouseholdId, PersonId, Subject};
use domain::record::IdentityAsSent;
use domain::region::DivisionCode;
use domain::resident_id::ResidentId;
use domain::time::Date;
use domain::value::Body;
use store::commit::DecisionRow;

use crate::apply::APPLY;
use crate::deps::Deps;
use crate::error::StepError;
use crate::loading::{Known, Loaded};
use crate::policies;
use crate::sealing::{Keyring, identity_place};

/// A view of one unit with who its people are.
pub struct UnitView {
    /// The household.
    pub household: Household,
    /// Latest identity facts of its people.
    pub identities: BTreeMap<PersonId, Body>,
    /// The apply position it was known at.
    pub known: i64,
}

impl UnitView {
    /// Everyone an answer with this view shows, each once, beside what was
    /// asked for: whom the ledger must name before the first byte.
    pub fn shown(&self, asked: Subject) -> Vec<Subject> {
        let everyone = self.household.people.iter().map(|p| Subject::Person(p.id));
        let mut shown: Vec<Subject> = [self.household.unit, asked]
            .into_iter()
            .chain(everyone)
            .collect();
        shown.sort_unstable();
        shown.dedup();
        shown
    }
}

/// The county a grant's regions lie in, for loading; the first wins.
pub(crate) fn partition_of(grant: &Grant) -> Option<DivisionCode> {
    grant.regions().iter().find_map(DivisionCode::county)
}

/// The view of a subject on a date, as known now or at a commit number.
/// `None` for unknown and for foreign subjects alike.
pub async fn view(
    deps: &Arc<Deps>,
    grant: &Grant,
    subject: Subject,
    on: Date,
    known_seq: Option<i64>,
) -> Result<Option<UnitView>, StepError> {
    let Some(partition) = partition_of(grant) else {
        return Ok(None);
    };
    if !deps
        .store
        .covers(grant, subject, deps.clock.today())
        .await?
    {
        return Ok(None);
    }
    let known = match known_seq {
        None => Known::Now,
        Some(number) => Known::AsOf(
            deps.store
                .checkpoint_as_of(partition, APPLY, number)
                .await?,
        ),
    };
    let mut loaded = Loaded::load(deps, partition, &[subject], known).await?;
    let mut unit = subject;
    if let Subject::Person(_) = subject {
        let Some(fold) = loaded.fold(subject) else {
            return Ok(None);
        };
        unit = registry::home(fold, &loaded.coverage, on);
        if unit != subject {
            loaded = Loaded::load(deps, partition, &[unit], known).await?;
        }
    } else if loaded.fold(subject).is_none() && loaded.people_of(subject).next().is_none() {
        return Ok(None);
    }
    let household = loaded.project(unit, on);
    let known = match known {
        Known::Now => deps.store.checkpoint(partition, APPLY).await?,
        Known::AsOf(position) => position,
    };
    let identities = identities(&loaded, &household);
    Ok(Some(UnitView {
        household,
        identities,
        known,
    }))
}

/// Latest identity facts of a household's people.
pub(crate) fn identities(loaded: &Loaded, household: &Household) -> BTreeMap<PersonId, Body> {
    let people = household.people.iter().map(|person| person.id);
    let body = |id: PersonId| {
        loaded
            .fold(Subject::Person(id))
            .and_then(|fold| fold.latest_identity().cloned())
    };
    people
        .filter_map(|id| body(id).map(|body| (id, body)))
        .collect()
}

/// Names of people, as their folds know them. Callers have checked the grant
/// through the alert or household they come from.
pub async fn names(
    deps: &Arc<Deps>,
    people: &BTreeSet<PersonId>,
) -> Result<BTreeMap<PersonId, String>, StepError> {
    let subjects: BTreeSet<Subject> = people.iter().map(|id| Subject::Person(*id)).collect();
    let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, false).await?;
    let wanted: Vec<Subject> = subjects.into_iter().collect();
    let mut names = BTreeMap::new();
    for row in deps.store.folds(&wanted).await? {
        if !keyring.has(row.subject) {
            continue;
        }
        let fold = keyring.open_fold(&row)?;
        let name = fold
            .latest_identity()
            .and_then(|body| body.text("name"))
            .map(str::to_owned);
        if let (Subject::Person(id), Some(name)) = (row.subject, name) {
            names.insert(id, name);
        }
    }
    Ok(names)
}

/// The identity numbers of people, opened; none for those whom a source told
/// apart without one. Showing one is a disclosure.
pub async fn identity_numbers(
    deps: &Arc<Deps>,
    people: &[PersonId],
) -> Result<BTreeMap<PersonId, String>, StepError> {
    let subjects: BTreeSet<Subject> = people.iter().map(|id| Subject::Person(*id)).collect();
    let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, false).await?;
    let mut numbers = BTreeMap::new();
    for row in deps.store.identities(people).await? {
        let subject = Subject::Person(row.person);
        if keyring.has(subject) {
            let plain = keyring.open(subject, &identity_place(row.person), &row.sealed)?;
            let text = String::from_utf8(plain).map_err(|_| StepError::Damaged("identities"))?;
            // Someone reported without a document has none to show.
            if let Some(number) = text.strip_prefix("resident:") {
                numbers.insert(row.person, number.to_owned());
            }
        }
    }
    Ok(numbers)
}

/// What to search for. Names, last four and phones are matched by opening the
/// rows of one's own regions; nothing else indexes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// An exact identity number.
    Identity(ResidentId),
    /// The last four characters of an identity number.
    LastFour(String),
    /// A name or the beginning of one.
    Name(String),
    /// A phone number.
    Phone(String),
}

/// One person found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Who.
    pub person: PersonId,
    /// Latest identity facts.
    pub identity: Option<Body>,
    /// Households listing them.
    pub households: BTreeSet<HouseholdId>,
}

/// Searches inside the grant's regions; at most `limit` found.
pub async fn search(
    deps: &Arc<Deps>,
    grant: &Grant,
    query: &Query,
    limit: usize,
) -> Result<Vec<Found>, StepError> {
    let today = deps.clock.today();
    if let Query::Identity(id) = query {
        let index = deps
            .vault
            .blind_index(&IdentityAsSent::Resident(id.clone()));
        let person = deps.store.person_by_index(grant, &index, today).await?;
        return found(
            deps,
            person.into_iter().map(Subject::Person).collect(),
            |_, _| true,
            limit,
        )
        .await;
    }
    let mut results = Vec::new();
    let mut after = None;
    loop {
        let page = deps
            .store
            .subjects(grant, "p", today, after, SEARCH_PAGE)
            .await?;
        let Some(last) = page.last().copied() else {
            break;
        };
        after = Some(last);
        let numbers = match query {
            Query::LastFour(_) => identity_numbers(deps, &people(&page)).await?,
            Query::Identity(_) | Query::Name(_) | Query::Phone(_) => BTreeMap::new(),
        };
        let matches = |id: PersonId, body: Option<&Body>| match query {
            Query::LastFour(four) => numbers
                .get(&id)
                .is_some_and(|number| number.ends_with(four.as_str())),
            Query::Name(name) => {
                let known = body.and_then(|body| body.text("name"));
                known.is_some_and(|known| {
                    vault::names::fold(known).starts_with(&vault::names::fold(name))
                })
            }
            Query::Phone(phone) => body
                .and_then(|body| body.text("phone"))
                .is_some_and(|known| known.contains(phone.as_str())),
            Query::Identity(_) => true,
        };
        results.extend(found(deps, page, matches, limit - results.len()).await?);
        if results.len() >= limit {
            break;
        }
    }
    Ok(results)
}

/// Subjects opened at a time.
const SEARCH_PAGE: u32 = 2_000;

fn people(subjects: &[Subject]) -> Vec<PersonId> {
    subjects
        .iter()
        .filter_map(|s| {
            if let Subject::Person(id) = s {
                Some(*id)
            } else {
                None
            }
        })
        .collect()
}

async fn found(
    deps: &Arc<Deps>,
    subjects: Vec<Subject>,
    matches: impl Fn(PersonId, Option<&Body>) -> bool,
    limit: usize,
) -> Result<Vec<Found>, StepError> {
    let set: BTreeSet<Subject> = subjects.iter().copied().collect();
    let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &set, false).await?;
    let mut results = Vec::new();
    for row in deps.store.folds(&subjects).await? {
        let Subject::Person(person) = row.subject else {
            continue;
        };
        if results.len() >= limit || !keyring.has(row.subject) {
            continue;
        }
        let fold = keyring.open_fold(&row)?;
        if matches(person, fold.latest_identity()) {
            let households = fold
                .reads()
                .into_iter()
                .filter(|read| read.person == person)
                .map(|read| read.household)
                .collect();
            results.push(Found {
                person,
                identity: fold.latest_identity().cloned(),
                households,
            });
        }
    }
    Ok(results)
}

/// Opens a decision the grant covers.
pub async fn decision(deps: &Arc<Deps>, row: &DecisionRow) -> Result<Decision, StepError> {
    let keyring = Keyring::load(
        deps.store.as_ref(),
        &deps.vault,
        &BTreeSet::from([row.subject]),
        false,
    )
    .await?;
    keyring.open_decision(row)
}

/// What replaying a decision showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Digest stored with the decision.
    pub stored: String,
    /// Digest of the decision recomputed; `None` when the policy set it was
    /// made under is not kept, or the subject cannot be evaluated any more.
    pub recomputed: Option<String>,
}

/// Recomputes a decision from the records known then and the policies in force
/// then, and compares canonical bytes.
pub async fn replay(
    deps: &Arc<Deps>,
    partition: DivisionCode,
    row: &DecisionRow,
) -> Result<Replay, StepError> {
    use sha2::{Digest as _, Sha256};
    let stored = row.digest.clone();
    let Some(policies) = policies::as_of(deps, &row.policy_set).await? else {
        return Ok(Replay {
            stored,
            recomputed: None,
        });
    };
    let loaded = Loaded::load(deps, partition, &[row.unit], Known::AsOf(row.known)).await?;
    let household = loaded.project(row.unit, row.on);
    let decision = rules::explain(&policies, &household, &row.policy, row.subject);
    let recomputed = decision
        .map(|decision| crate::evaluate::canonical(&decision))
        .transpose()?;
    Ok(Replay {
        stored,
        recomputed: recomputed.map(|bytes| hex::encode(Sha256::digest(bytes))),
    })
}

/// Where a person is on record, for showing.
pub fn place_of(household: &Household, person: PersonId) -> Option<DivisionCode> {
    household
        .person(person)
        .and_then(|p| first(&p.facts, Kind::Hukou))
        .and_then(|item| item.body.division("place"))
}

/// The latest identity facts of one person. Callers have checked the grant.
pub async fn identity_facts(deps: &Arc<Deps>, person: PersonId) -> Result<Option<Body>, StepError> {
    let subject = Subject::Person(person);
    let keyring = Keyring::load(
        deps.store.as_ref(),
        &deps.vault,
        &BTreeSet::from([subject]),
        false,
    )
    .await?;
    let rows = deps.store.folds(&[subject]).await?;
    let row = rows.first().filter(|row| keyring.has(row.subject));
    let fold = row.map(|row| keyring.open_fold(row)).transpose()?;
    Ok(fold.and_then(|fold| fold.latest_identity().cloned()))
}
