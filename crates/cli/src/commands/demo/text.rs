//! The demonstration's summary for people.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use domain::authority::{Officer, Operation};
use domain::record::{RowCounts, RowOutcome};
use domain::region::DivisionCode;
use domain::time::Date;
use pipeline::Deps;
use store::commit::AlertRow;
use store::rows::AlertFilter;

use super::summary::{Summary, UNPLACED};
use super::turning::Imported;
use crate::sentences;
use crate::terminal::table;

/// Stands over everything that rests on sample parameters.
pub(super) const BANNER: &str = "示例参数·非官方标准（人物、住址、金额均为虚构）";
/// Reasons shown per file.
const REASONS: usize = 3;
/// Alerts shown.
const ALERTS: usize = 5;
/// Alerts looked at to find different ones.
const LOOKED_AT: u32 = 500;

/// Rows, people, alerts, unset parameters, times.
pub(super) async fn summary(
    deps: &Arc<Deps>,
    summary: &Summary,
    imports: &[Imported],
    on: Date,
) -> anyhow::Result<String> {
    let mut out = String::new();
    writeln!(out, "暖心 Hearth 演示 · {BANNER}")?;
    writeln!(
        out,
        "业务日期 business date {on}{}",
        if summary.changed {
            ""
        } else {
            " · 数据未变化 nothing changed"
        }
    )?;
    out.push_str("\n报送 imports\n");
    out.push_str(&table(&import_rows(imports)));
    out.push_str("\n主要原因 main reasons\n");
    out.push_str(&reasons(imports));
    let Summary {
        persons,
        households,
        verdicts,
        ..
    } = summary;
    writeln!(
        out,
        "\n人员 persons {persons} · 家庭 households {households} · 判定 verdicts {verdicts}"
    )?;
    let alerts = &summary.alerts;
    writeln!(
        out,
        "\n预警 alerts {} · 已派发 raised {} · 存量待派发 held {}",
        alerts.total, alerts.raised, alerts.held
    )?;
    let policies = deps.policies();
    let mut rows = vec![heading("政策 policy")];
    for (policy, (raised, held)) in &alerts.split_by_policy {
        let title = policies
            .policy(policy)
            .map_or(policy.as_str(), |policy| policy.title.zh.as_str());
        rows.push(vec![
            title.to_owned(),
            raised.to_string(),
            held.to_string(),
            policy.clone(),
        ]);
    }
    out.push_str(&table(&rows));
    let mut rows = vec![heading("乡镇街道 township")];
    for (code, (raised, held)) in &alerts.split_by_township {
        rows.push(vec![
            place(deps, code, on),
            raised.to_string(),
            held.to_string(),
            code.clone(),
        ]);
    }
    out.push_str(&table(&rows));
    out.push_str(&unset(deps, on).await?);
    let steps: Vec<String> = summary
        .steps_ms
        .iter()
        .map(|(step, ms)| format!("{step} {ms}"))
        .collect();
    writeln!(out, "\n用时 time per step (ms): {}", steps.join(" · "))?;
    Ok(out)
}

fn heading(first: &str) -> Vec<String> {
    [first, "已派发 raised", "待派发 held", ""]
        .map(str::to_owned)
        .to_vec()
}

fn place(deps: &Deps, code: &str, on: Date) -> String {
    if code == UNPLACED {
        return "县级待分派 unplaced".to_owned();
    }
    DivisionCode::parse(code).map_or_else(|| code.to_owned(), |code| deps.divisions.name(code, on))
}

fn import_rows(imports: &[Imported]) -> Vec<Vec<String>> {
    let cells = |file: &str, date: &str, counts: &RowCounts| {
        let numbers = [
            counts.received(),
            counts.accepted,
            counts.warned,
            counts.held,
            counts.rejected,
        ];
        [file.to_owned(), date.to_owned()]
            .into_iter()
            .chain(numbers.map(|n| n.to_string()))
            .collect()
    };
    let titles = [
        "文件 file",
        "业务日期",
        "行 rows",
        "接收 accepted",
        "提示 warned",
        "待补 held",
        "退回 rejected",
    ];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    let mut total = RowCounts::default();
    for Imported { import, .. } in imports {
        let counts = import.counts;
        rows.push(cells(
            &import.file_name,
            &import.header.revision.business_date.to_string(),
            &counts,
        ));
        total = RowCounts {
            accepted: total.accepted + counts.accepted,
            warned: total.warned + counts.warned,
            held: total.held + counts.held,
            rejected: total.rejected + counts.rejected,
        };
    }
    rows.push(cells("合计 total", "", &total));
    rows
}

fn reasons(imports: &[Imported]) -> String {
    let mut rows = vec![["文件", "", "行数", "原因"].map(str::to_owned).to_vec()];
    for Imported { import, reasons } in imports {
        for (outcome, reason, count) in reasons.iter().take(REASONS) {
            let outcome = match outcome {
                RowOutcome::Accepted => "接收",
                RowOutcome::Warned => "提示",
                RowOutcome::Held => "待补",
                RowOutcome::Rejected => "退回",
            };
            rows.push(vec![
                import.file_name.clone(),
                outcome.to_owned(),
                count.to_string(),
                reason.clone(),
            ]);
        }
    }
    table(&rows)
}

async fn unset(deps: &Arc<Deps>, on: Date) -> anyhow::Result<String> {
    let mut out = String::from("\n未设参数 unset parameters（相关判定为待核实）\n");
    let policies = deps.policies();
    let mut none = true;
    for county in deps.store.partitions().await? {
        for unset in policies.unset(county, on) {
            none = false;
            writeln!(
                out,
                "  {county} {} {}: {}",
                unset.key,
                unset.zh,
                unset.policies.join(", ")
            )?;
        }
    }
    if none {
        out.push_str("  无 none\n");
    }
    Ok(out)
}

/// Five alerts as their caseworkers read them; opening them is entered in the
/// ledger like any other look.
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
    let mut seen = std::collections::BTreeSet::new();
    let (mut chosen, others): (Vec<AlertRow>, Vec<AlertRow>) = rows
        .into_iter()
        .partition(|row| seen.insert(row.policy.clone()));
    chosen.truncate(ALERTS);
    let missing = ALERTS - chosen.len();
    chosen.extend(others.into_iter().take(missing));
    chosen
}
