//! A decision for people, top to bottom.

use domain::evaluation::CriterionTrace;

use super::Explained;
use crate::terminal::say;

/// Prints a decision.
pub(super) fn print(explained: &Explained) -> anyhow::Result<()> {
    let decision = &explained.decision;
    say!(
        "{} · {} · {}",
        decision.title_zh,
        decision.evaluation.verdict.name(),
        decision.on
    );
    say!("  {}", explained.sentence);
    for basis in &decision.basis {
        say!("依据 basis {}{}", basis.document, basis.article);
    }
    for criterion in &decision.criteria {
        print_criterion(criterion)?;
    }
    for parameter in &decision.parameters {
        let value = parameter.value.as_deref().unwrap_or("未设 unset");
        let mark = if parameter.sample {
            " · 示例参数·非官方标准"
        } else {
            ""
        };
        say!(
            "参数 parameter {} = {value} · {} {}{mark}",
            parameter.key,
            parameter.region,
            parameter.source
        );
    }
    for note in &decision.coverage {
        let part = note
            .part
            .as_deref()
            .map_or_else(String::new, |part| format!("/{part}"));
        say!("名册 list {}{part} 截至 {}", note.dataset, note.as_of);
    }
    for missing in &decision.missing {
        say!(
            "缺 missing {} {} ({:?})",
            missing.fact,
            missing.zh,
            missing.why
        );
    }
    say!("下一步 advice {}", decision.advice_zh);
    for limit in &decision.limits {
        say!("限制 limit {limit}");
    }
    say!("{}", api::alerts::STANDING_LINE);
    Ok(())
}

fn print_criterion(criterion: &CriterionTrace) -> anyhow::Result<()> {
    let outcome = match criterion.holds {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "?",
    };
    say!("{outcome} {} {}", criterion.id, criterion.zh);
    for operand in &criterion.operands {
        say!("    {} = {}", operand.expression, operand.value);
    }
    Ok(())
}
