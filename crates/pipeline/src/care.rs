//! The roll-up of care visits, by week and by month, over the people a grant
//! covers.
//!
//! Nothing indexes the roster, so folds are opened page by page, as the search
//! does; a county reads township by township. Nobody is ranked: rows are
//! villages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::authority::Grant;
use domain::dictionary::Kind;
use domain::ids::{PersonId, Subject};
use domain::region::{DivisionCode, Level};
use domain::time::{Date, Month};
use domain::value::Body;
use domain::week::Week;
use registry::CoverageTable;
use registry::care::{self, Roster, Span, ToVisit, VillageVisits};

use crate::deps::Deps;
use crate::error::{StepError, offload};
use crate::loading::{Known, Loaded};
use crate::people::partition_of;
use crate::sealing::Keyring;

/// People opened for one roll-up; [`RollUp::truncated`] says when it was met. A
/// platform bound: a township fits.
const OPENED_MAX: usize = 20_000;
/// People opened at a time.
const PAGE: u32 = 2_000;

/// The villages of one week or month.
pub struct RollUp {
    /// Which.
    pub span: Span,
    /// Whether its last day has passed: before that nobody is missing yet.
    pub over: bool,
    /// Whether a roster tells about the place asked for at all.
    pub roster: Roster,
    /// Rows, in code order.
    pub villages: Vec<VillageVisits>,
    /// Latest identity facts of the people in the rows.
    pub identities: BTreeMap<PersonId, Body>,
    /// Not everybody was looked at.
    pub truncated: bool,
}

impl RollUp {
    /// Everyone an answer with these rows shows.
    pub fn shown(&self) -> Vec<Subject> {
        let known = self.villages.iter().filter(|v| v.roster.is_known());
        let people: BTreeSet<Subject> = known
            .flat_map(|village| &village.people)
            .map(|person| Subject::Person(person.person))
            .collect();
        people.into_iter().collect()
    }
}

/// The roll-ups of some spans, from one walk over the people; `None` when one
/// of them has not begun, or the grant reaches no county.
pub async fn roll_ups(
    deps: &Arc<Deps>,
    grant: &Grant,
    spans: &[Span],
) -> Result<Option<Vec<RollUp>>, StepError> {
    let today = deps.clock.today();
    let begun = spans
        .iter()
        .all(|span| care::seen_from(*span, today).is_some());
    let Some(county) = partition_of(grant).filter(|_| begun) else {
        return Ok(None);
    };
    let loaded = Loaded::load(deps, county, &[], Known::Now).await?;
    let coverage = Arc::new(loaded.coverage);
    let mut found: Vec<Found> = Vec::new();
    let (mut after, mut opened, mut truncated) = (None, 0, false);
    loop {
        let page = deps.store.subjects(grant, "p", today, after, PAGE).await?;
        let Some(last) = page.last().copied() else {
            break;
        };
        after = Some(last);
        opened += page.len();
        let keys: BTreeSet<Subject> = page.iter().copied().collect();
        let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &keys, false).await?;
        let rows = deps.store.folds(&page).await?;
        let (coverage, spans) = (coverage.clone(), spans.to_vec());
        let due = offload(move || {
            let mut due = Vec::new();
            for row in rows.iter().filter(|row| keyring.has(row.subject)) {
                let fold = keyring.open_fold(row)?;
                if !fold.tells_of(Kind::CarePlan) {
                    continue;
                }
                for (nth, span) in spans.iter().enumerate() {
                    let to_visit = care::to_visit(&fold, &coverage, county, *span, today);
                    due.extend(to_visit.map(|t| (nth, t, fold.latest_identity().cloned())));
                }
            }
            Ok::<_, StepError>(due)
        });
        found.extend(due.await??);
        if page.len() < PAGE as usize {
            break;
        }
        truncated = opened >= OPENED_MAX;
        if truncated {
            break;
        }
    }
    let mut of_span: Vec<Vec<Found>> = spans.iter().map(|_| Vec::new()).collect();
    for person in found {
        of_span[person.0].push(person);
    }
    let rolled = spans.iter().zip(of_span).filter_map(|(span, found)| {
        let on = care::seen_from(*span, today)?;
        Some(RollUp {
            truncated,
            over: span.last_day() < today,
            ..rolled_up(grant, county, &coverage, (*span, on), found)
        })
    });
    Ok(Some(rolled.collect()))
}

/// Somebody due in one of the spans, by its position, with the latest identity.
type Found = (usize, ToVisit, Option<Body>);

/// The rows of one span, looked at on a day.
fn rolled_up(
    grant: &Grant,
    county: DivisionCode,
    coverage: &CoverageTable,
    (span, on): (Span, Date),
    mut found: Vec<Found>,
) -> RollUp {
    // A village contact visits in its own villages; someone registered there
    // and visited elsewhere is another's.
    let villages: Vec<DivisionCode> = grant.regions().to_vec();
    let asked = villages.first().copied().unwrap_or(county);
    let narrow = villages.iter().all(|place| place.level() == Level::Village);
    found.retain(|(_, person, _)| !narrow || person.place.is_some_and(|place| grant.covers(place)));
    let mut identities = BTreeMap::new();
    let mut people = Vec::with_capacity(found.len());
    for (_, person, identity) in found {
        identities.extend(identity.map(|body| (person.person, body)));
        people.push(person);
    }
    let villages = if narrow { &villages[..] } else { &[] };
    RollUp {
        span,
        over: false,
        roster: care::roster(coverage, asked, on),
        villages: care::by_village(people, villages, coverage, county, on),
        identities,
        truncated: false,
    }
}

/// Whether a grant may see this person as one to be visited: on the roster and
/// inside the places. Foreign, unknown and not to be visited answer alike.
pub async fn is_on_roster(
    deps: &Arc<Deps>,
    grant: &Grant,
    person: PersonId,
) -> Result<bool, StepError> {
    let today = deps.clock.today();
    let subject = Subject::Person(person);
    let covered = deps.store.covers(grant, subject, today).await?;
    let Some(county) = partition_of(grant).filter(|_| covered) else {
        return Ok(false);
    };
    let loaded = Loaded::load(deps, county, &[subject], Known::Now).await?;
    let spans = [Span::Week(Week::of(today)), Span::Month(Month::of(today))];
    let mut due = spans.iter().filter_map(|span| {
        let fold = loaded.fold(subject)?;
        care::to_visit(fold, &loaded.coverage, county, *span, today)
    });
    Ok(due.any(|person| person.place.is_some_and(|place| grant.covers(place))))
}
