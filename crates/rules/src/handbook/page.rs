//! The page of one policy.

use domain::code::COMPOSITION_BASIS;
use domain::dictionary::Kind;
use domain::evaluation::Basis;

use crate::handbook::cases::{self, Case};
use crate::handbook::words::{self, code, one_line, text};
use crate::handbook::{Page, figures, opened, plan};
use crate::policy::PolicySet;
use crate::written::Written;

/// All versions of a policy, the newest first.
pub(super) fn render(set: &PolicySet, versions: &[&Written<'_>], cases: &[Case]) -> String {
    let title = versions.first().map_or("", |one| &one.policy.title.zh);
    let mut page = opened(&text(title));
    for one in versions {
        if versions.len() > 1 {
            page.heading(&format!("# 版本 {}", text(&one.policy.version)));
        }
        version(&mut page, set, one);
    }
    cases::section(&mut page, cases);
    page.0
}

fn version(page: &mut Page, set: &PolicySet, one: &Written<'_>) {
    summary(page, one);
    page.heading("## 依据");
    for basis in &one.policy.basis {
        source(page, basis);
    }
    if one.policy.basis.is_empty() {
        page.line("未写明。");
    }
    page.heading("## 适用");
    match &one.file.applies_when {
        Some(when) => {
            page.line("下面的表达式肯定不成立时，结论是不适用；否则按条件判断。");
            page.block("", &one_line(&when.value));
        }
        None => page.line("对象都适用。"),
    }
    criteria(page, one);
    names(page, one);
    figures::section(page, set, one);
    receives(page, one);
    plan::section(page, one);
    page.heading("## 不得据此");
    for limit in &one.policy.limits {
        page.line(&format!("- {}", text(limit)));
    }
    if one.policy.limits.is_empty() {
        page.line("未写明。");
    }
}

fn summary(page: &mut Page, one: &Written<'_>) {
    let policy = one.policy;
    let mut item = |name: &str, value: &str| page.line(&format!("- {name}：{value}"));
    item("英文", &text(&policy.title.en));
    item("类别", words::kind(policy.kind));
    item("对谁", words::about(policy.about));
    let valid = words::period(policy.valid);
    item("版本", &format!("{}，{valid}", text(&policy.version)));
    item("派往", words::route(policy.route));
    if let Some(place) = &one.file.incident_place {
        item("急难发生地", &code(&place.value));
    }
    if let Some(audience) = words::audience(policy.confidential) {
        item("保密", audience);
    }
    if !policy.composition.is_empty() {
        let bases = policy.composition.iter();
        let bases: Vec<&str> = bases.map(|basis| COMPOSITION_BASIS.zh(basis)).collect();
        let told = format!(
            "共同生活家庭成员须有依据（{}），否则待核实",
            bases.join("、")
        );
        item("前提", &told);
    }
    let open: Vec<String> = policy.may_remain_open().map(|id| open(one, id)).collect();
    if !open.is_empty() {
        item("未查清也可以提示", &open.join("、"));
    }
    item(
        "策略文件",
        &format!("{}（{}）", code(&policy.document), code(&policy.id)),
    );
}

/// What may remain open, a criterion or a kind of fact, in words.
fn open(one: &Written<'_>, id: &str) -> String {
    let mut criteria = one.policy.criteria();
    let criterion = criteria.find(|(known, ..)| *known == id);
    let title = criterion.map_or_else(
        || Kind::named(id).map_or("", |kind| kind.def().zh),
        |(_, zh, _)| zh,
    );
    format!("{}（{}）", text(title), code(id))
}

fn source(page: &mut Page, basis: &Basis) {
    page.line(&format!("- {}", words::source(basis)));
    if !basis.quote.trim().is_empty() {
        page.line(&format!("  > {}", text(basis.quote.trim())));
    }
}

fn criteria(page: &mut Page, one: &Written<'_>) {
    page.heading("## 条件");
    page.line("须同时满足。有一条肯定不满足是不符合，都满足是符合，其余待核实。");
    page.line("");
    for (number, criterion) in (1..).zip(&one.file.criteria) {
        let (zh, en) = (text(&criterion.zh), text(&criterion.en));
        page.line(&format!(
            "{number}. **{zh}**（{}）",
            code(&criterion.id.value)
        ));
        page.line(&format!("   {en}"));
        page.block("   ", &one_line(&criterion.when.value));
    }
}

fn names(page: &mut Page, one: &Written<'_>) {
    if one.file.lets.0.is_empty() {
        return;
    }
    page.heading("## 表达式里的名称");
    for (name, source) in &one.file.lets.0 {
        page.line(&format!("- {}", code(&name.value)));
        page.block("  ", &one_line(&source.value));
    }
}

fn receives(page: &mut Page, one: &Written<'_>) {
    if let Some(receiving) = &one.file.receiving {
        page.heading("## 怎样算已经领取");
        page.block("", &one_line(&receiving.value));
    }
    if let Some(amount) = &one.file.amount {
        page.heading("## 每月金额");
        page.line("符合的，每月（元，按分四舍五入后汇总）：");
        page.block("", &one_line(&amount.per_month.value));
        page.line("");
        source(page, &amount.basis);
    }
}
