//! Alerts in full sentences, opened for an officer who may read them. Whoever
//! prints one has it entered in the ledger first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::alert::{Alert, Due};
use domain::authority::{Grant, Role};
use domain::evaluation::{Decision, Nature, Segment, Step};
use domain::ids::{PersonId, Subject};
use pipeline::disclose::Discloser;
use pipeline::sealing::Keyring;
use pipeline::{Deps, StepError, people};
use store::commit::AlertRow;

/// Names the program in ledger entries.
const REQUEST: &str = "hearth-cli";

/// An alert opened with the decision it shows.
pub(crate) struct Told {
    pub(crate) row: AlertRow,
    pub(crate) alert: Alert,
    pub(crate) decision: Decision,
    pub(crate) names: BTreeMap<PersonId, String>,
}

/// Opens alerts and enters the disclosure. Alerts of erased subjects are left
/// out.
pub(crate) async fn tell(
    deps: &Arc<Deps>,
    grant: &Grant,
    rows: Vec<AlertRow>,
) -> anyhow::Result<Vec<Told>> {
    let subjects: BTreeSet<Subject> = rows
        .iter()
        .flat_map(|row| [row.subject, row.unit])
        .collect();
    let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, false).await?;
    let mut opened: Vec<(AlertRow, Alert)> = Vec::new();
    for row in rows.into_iter().filter(|row| keyring.has(row.subject)) {
        let alert = keyring.open_alert(&row)?;
        opened.push((row, alert));
    }
    let ids: Vec<_> = opened.iter().map(|(_, alert)| alert.decision).collect();
    let mut decisions = BTreeMap::new();
    for row in deps.store.decisions_by_id(grant, &ids).await? {
        decisions.insert(row.id, keyring.open_decision(&row)?);
    }
    let mut told = Vec::new();
    for (row, alert) in opened {
        let decision = decisions
            .remove(&alert.decision)
            .ok_or(StepError::Damaged("decisions"))?;
        let names = names_of(deps, grant, &[&decision.sentence_zh, &decision.sentence_en]).await?;
        told.push(Told {
            row,
            alert,
            decision,
            names,
        });
    }
    disclose(deps, grant, &subjects).await?;
    Ok(told)
}

/// Enters in the ledger that subjects are about to be shown.
pub(crate) async fn disclose(
    deps: &Arc<Deps>,
    grant: &Grant,
    subjects: &BTreeSet<Subject>,
) -> anyhow::Result<()> {
    let subjects: Vec<Subject> = subjects.iter().copied().collect();
    Discloser::start(deps.clone())
        .disclose(grant, &subjects, REQUEST)
        .await?;
    Ok(())
}

/// Names in sentences; an auditor sees them masked.
pub(crate) async fn names_of(
    deps: &Arc<Deps>,
    grant: &Grant,
    sentences: &[&[Segment]],
) -> anyhow::Result<BTreeMap<PersonId, String>> {
    let named = sentences.iter().flat_map(|segments| segments.iter());
    let people: BTreeSet<PersonId> = named
        .filter_map(|s| {
            if let Segment::Name(id) = s {
                Some(*id)
            } else {
                None
            }
        })
        .collect();
    let mut names = people::names(deps, &people).await?;
    if grant.role() == Some(Role::Auditor) {
        for name in names.values_mut() {
            *name = vault::mask::name(name);
        }
    }
    Ok(names)
}

/// A sentence with its names filled in.
pub(crate) fn render(
    deps: &Deps,
    names: &BTreeMap<PersonId, String>,
    segments: &[Segment],
) -> String {
    let today = deps.clock.today();
    let name = |id: PersonId| {
        names
            .get(&id)
            .cloned()
            .unwrap_or_else(|| "（姓名未登记）".to_owned())
    };
    rules::render(segments, &name, &|code| deps.divisions.name(code, today))
}

impl Told {
    /// The first line a caseworker reads.
    pub(crate) fn sentence(&self, deps: &Deps) -> String {
        render(deps, &self.names, &self.decision.sentence_zh)
    }

    /// The earliest deadline with its nature.
    pub(crate) fn deadline(&self) -> Option<String> {
        let first = self.alert.deadlines.first()?;
        let step = match first.step {
            Step::Contact => "联系",
            Step::Verify => "核实",
            Step::Handle => "办结",
        };
        let by = match first.due {
            Due::On { on } => format!("{on} 前{step}"),
            Due::Pending { year } => format!("{step}期限待定（{year}年放假安排未录入）"),
        };
        Some(match &first.nature {
            Nature::Statutory(document) => format!("{by}（{document}）"),
            Nature::Platform => format!("{by}（平台默认，非法定）"),
        })
    }
}
