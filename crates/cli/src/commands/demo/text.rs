//! The demonstration's summary for people.

use std::fmt::Write as _;
use std::sync::Arc;

use domain::region::DivisionCode;
use domain::time::Date;
use pipeline::Deps;

use super::files;
use super::summary::{Summary, UNPLACED};
use super::turning::Imported;
use crate::terminal::table;

/// Stands over everything that rests on sample parameters.
pub(super) const BANNER: &str = "示例参数·非官方标准（人物、住址、金额均为虚构）";

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
    out.push_str(&table(&files::counts(imports)));
    out.push_str("\n主要原因 main reasons\n");
    out.push_str(&files::reasons(imports));
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
