//! Five alerts as their caseworkers read them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use domain::authority::{Officer, Operation};
use pipeline::Deps;
use store::commit::AlertRow;
use store::rows::AlertFilter;

use super::text::BANNER;
use crate::sentences;

/// Alerts shown.
const ALERTS: usize = 5;
/// Alerts looked at to find different ones.
const LOOKED_AT: u32 = 500;

/// Opening them is entered in the ledger like any other look.
pub(super) async fn alerts(
    deps: &Arc<Deps>,
    officer: &Officer,
    data: &Path,
) -> anyhow::Result<String> {
    let grant = officer.authorize(Operation::ReadAlerts, "demo")?;
    let rows = deps
        .store
        .alerts(&grant, &AlertFilter::default(), None, LOOKED_AT)
        .await?;
    let told = sentences::tell(deps, &grant, different(rows)).await?;
    let mut out = format!("\n预警示例 alerts · {BANNER}\n");
    let on = deps.clock.today();
    for told in &told {
        let place = told.row.township.map_or_else(
            || "县级待分派".to_owned(),
            |code| deps.divisions.name(code, on),
        );
        let decision = &told.decision;
        writeln!(
            out,
            "● [{}] {place} · {} · {}",
            told.row.level.name(),
            decision.title_zh,
            told.row.finding.zh()
        )?;
        writeln!(out, "  {}", told.sentence(deps))?;
        let basis: Vec<String> = decision
            .basis
            .iter()
            .map(|basis| format!("{}{}", basis.document, basis.article))
            .collect();
        writeln!(out, "  依据：{}", basis.join("；"))?;
        writeln!(out, "  下一步：{}", decision.advice_zh)?;
        if let Some(deadline) = told.deadline() {
            writeln!(out, "  期限：{deadline}")?;
        }
        writeln!(
            out,
            "  追溯：hearth trace --data {} {}",
            data.display(),
            told.row.id
        )?;
    }
    writeln!(out, "{}", api::alerts::STANDING_LINE)?;
    Ok(out)
}

/// One alert of each policy, then the most pressing others.
fn different(rows: Vec<AlertRow>) -> Vec<AlertRow> {
    let mut seen = BTreeSet::new();
    let (mut chosen, others): (Vec<AlertRow>, Vec<AlertRow>) = rows
        .into_iter()
        .partition(|row| seen.insert(row.policy.clone()));
    chosen.truncate(ALERTS);
    let missing = ALERTS - chosen.len();
    chosen.extend(others.into_iter().take(missing));
    chosen
}
