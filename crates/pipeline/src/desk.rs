//! Alerts opened for the people who may read them: bodies, decisions and the
//! names their sentences speak of. Opening is not disclosing; callers enter
//! the disclosure before they show anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::alert::Alert;
use domain::authority::{Grant, Role};
use domain::evaluation::{Decision, Segment};
use domain::ids::{AlertId, DecisionId, PersonId, Subject};
use store::commit::AlertRow;

use crate::deps::Deps;
use crate::error::StepError;
use crate::people;
use crate::sealing::Keyring;

/// Alerts opened. Erased subjects are left out.
pub struct Opened {
    /// Bodies.
    pub alerts: BTreeMap<AlertId, Alert>,
    /// The decision each alert shows.
    pub decisions: BTreeMap<AlertId, Decision>,
    names: BTreeMap<PersonId, String>,
    /// Names in full that quoted words are masked of, for auditors.
    masked: Option<Vec<String>>,
}

impl Opened {
    /// Opens rows the grant was given. Auditors get masked names.
    pub async fn of(
        deps: &Arc<Deps>,
        grant: &Grant,
        rows: &[AlertRow],
    ) -> Result<Opened, StepError> {
        let store = deps.store.as_ref();
        let subjects: BTreeSet<Subject> = rows.iter().map(|row| row.subject).collect();
        let keyring = Keyring::load(store, &deps.vault, &subjects, false).await?;
        let mut opened = Opened {
            alerts: BTreeMap::new(),
            decisions: BTreeMap::new(),
            names: BTreeMap::new(),
            masked: None,
        };
        let mut wanted: BTreeMap<DecisionId, AlertId> = BTreeMap::new();
        for row in rows.iter().filter(|row| keyring.has(row.subject)) {
            let alert = keyring.open_alert(row)?;
            wanted.insert(alert.decision, row.id);
            opened.alerts.insert(row.id, alert);
        }
        let ids: Vec<DecisionId> = wanted.keys().copied().collect();
        for row in store.decisions_by_id(grant, &ids).await? {
            if let Some(alert) = wanted.get(&row.id).filter(|_| keyring.has(row.subject)) {
                opened
                    .decisions
                    .insert(*alert, keyring.open_decision(&row)?);
            }
        }
        let people: BTreeSet<PersonId> = opened
            .decisions
            .values()
            .flat_map(|d| [named(&d.sentence_zh), named(&d.village_zh)])
            .flatten()
            .collect();
        opened.names = people::names(deps, &people).await?;
        if grant.role() == Some(Role::Auditor) {
            opened.masked = Some(opened.names.values().cloned().collect());
            opened
                .names
                .values_mut()
                .for_each(|name| *name = vault::mask::name(name));
        }
        Ok(opened)
    }

    /// A sentence with its names and places filled in.
    pub fn render(&self, deps: &Deps, segments: &[Segment]) -> String {
        let today = deps.clock.today();
        let name = |id: PersonId| {
            self.names
                .get(&id)
                .cloned()
                .unwrap_or_else(|| "（姓名未登记）".to_owned())
        };
        let sentence = rules::render(segments, &name, &|code| deps.divisions.name(code, today));
        match &self.masked {
            None => sentence,
            Some(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                vault::reread::quotes_masked(&sentence, &names)
            }
        }
    }
}

fn named(segments: &[Segment]) -> Vec<PersonId> {
    let name = |segment: &Segment| {
        if let Segment::Name(id) = segment {
            Some(*id)
        } else {
            None
        }
    };
    segments.iter().filter_map(name).collect()
}
