//! What a policy tells people, how pressing it is and until when.

use crate::document::{DeadlineFile, PlanFile};
use crate::handbook::Page;
use crate::handbook::words::{self, code, one_line, text};
use crate::policy::{Deadline, Plan, PlanView};
use crate::written::Written;

/// `应享未享（橙色）`.
pub(super) fn short(plan: PlanView<'_>) -> String {
    format!("{}（{}）", plan.finding().zh(), words::level(plan.level()))
}

pub(super) fn section(page: &mut Page, one: &Written<'_>) {
    page.heading("## 提示什么");
    let (file, policy) = (&one.file, one.policy);
    let plans = [
        ("符合而未领取", &file.missed, &policy.missed),
        ("不符合而仍在领取", &file.no_longer, &policy.no_longer),
        ("符合", &file.raises, &policy.raises),
    ];
    for (when, written, plan) in plans {
        if let (Some(written), Some(plan)) = (written, plan) {
            told(page, when, written, plan);
        }
    }
}

fn told(page: &mut Page, when: &str, written: &PlanFile, plan: &Plan) {
    page.line(&format!("### {when}：{}", plan.grade.zh()));
    page.line("");
    if plan.grade_when_open != plan.grade {
        page.line(&format!(
            "- 有事项未查清时改为：{}",
            plan.grade_when_open.zh()
        ));
    }
    page.line(&format!("- 级别：{}", words::level(plan.level)));
    for level in &written.level_when {
        let named = words::level(level.level);
        page.line(&format!("- {named}，如果 {}", code(&level.when.value)));
    }
    if plan.deadlines.is_empty() {
        page.line("- 期限：无");
    }
    for (file, deadline) in written.deadlines.iter().zip(&plan.deadlines) {
        page.line(&format!("- 期限：{}", until(file, deadline)));
    }
    page.line(&format!("- 触发事实消失{}天后消除", plan.clear_after_days));
    if let Some(days) = plan.effect_within_days {
        page.line(&format!("- 处置后{days}天内应见效果"));
    }
    if let Some(recheck) = &written.recheck_on {
        page.line(&format!("- 复查日：{}", code(&recheck.value)));
    }
    page.line(&format!("- 建议：{}", text(&plan.advice.zh)));
    page.line("- 句子：");
    page.block("  ", &one_line(&written.sentence.zh.value));
    match &written.village {
        Some(village) => {
            page.line("- 告知村（社区）：");
            page.block("  ", &one_line(&village.zh.value));
        }
        None => page.line("- 告知村（社区）：有一条需要走访的提示（不说明内容）"),
    }
    page.line("");
}

/// `联系，5个工作日内（平台默认，非法定）`.
fn until(file: &DeadlineFile, deadline: &Deadline) -> String {
    let count = if deadline.text.chars().all(|c| c.is_ascii_digit()) {
        deadline.text.clone()
    } else {
        format!("{} ", code(&deadline.text))
    };
    let from = file.from.as_ref();
    let from = from.map(|from| format!("，自 {} 起算", code(&from.value)));
    let nature = deadline.statutory.as_ref().map_or_else(
        || "平台默认，非法定".to_owned(),
        |document| format!("文件规定：{}", text(document)),
    );
    format!(
        "{}，{count}{}内{}（{nature}）",
        words::step(deadline.step),
        words::span(deadline.unit),
        from.unwrap_or_default()
    )
}
