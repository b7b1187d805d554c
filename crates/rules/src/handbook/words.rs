//! Words of the handbook, and text made safe for Markdown.

use domain::evaluation::{AlertLevel, Basis, Confidential, Route, Step};
use domain::time::{Date, Period};

use crate::document::{About, PolicyKind};
use crate::policy::SpanUnit;

/// Kinds in the order of the index.
pub(super) const KINDS: [PolicyKind; 4] = [
    PolicyKind::Entitlement,
    PolicyKind::Signal,
    PolicyKind::Discrepancy,
    PolicyKind::Duty,
];

pub(super) const fn kind(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::Entitlement => "待遇资格",
        PolicyKind::Signal => "风险线索",
        PolicyKind::Discrepancy => "存疑数据",
        PolicyKind::Duty => "履责提醒",
    }
}

pub(super) const fn about(about: About) -> &'static str {
    match about {
        About::Household => "户（整个家庭）",
        About::Person => "人（家庭的每个成员分别判断）",
    }
}

pub(super) const fn route(route: Route) -> &'static str {
    match route {
        Route::Hukou => "户籍地乡镇（街道）",
        Route::Residence => "居住地乡镇（街道）",
        Route::Incident => "急难发生地乡镇（街道）",
        Route::County => "县级民政部门，不派乡镇",
    }
}

pub(super) const fn audience(confidential: Confidential) -> Option<&'static str> {
    match confidential {
        Confidential::Ordinary => None,
        Confidential::Children => Some("只有儿童工作人员可见"),
    }
}

pub(super) const fn level(level: AlertLevel) -> &'static str {
    match level {
        AlertLevel::Red => "红色",
        AlertLevel::Orange => "橙色",
        AlertLevel::Yellow => "黄色",
        AlertLevel::Blue => "蓝色",
    }
}

pub(super) const fn step(step: Step) -> &'static str {
    match step {
        Step::Contact => "联系",
        Step::Verify => "核实",
        Step::Handle => "办结",
    }
}

pub(super) const fn span(unit: SpanUnit) -> &'static str {
    match unit {
        SpanUnit::WorkingDays => "个工作日",
        SpanUnit::Days => "天",
        SpanUnit::Months => "个月",
        SpanUnit::Hours => "小时",
    }
}

/// The unit of a parameter; that of codes is their list.
pub(super) fn unit(unit: &str, list: &str) -> String {
    let named = match unit {
        "yuan" => "元",
        "yuan_per_month" => "元/月",
        "yuan_per_year" => "元/年",
        "ratio" => "比例",
        "times" => "倍",
        "count" => "个",
        "people" => "人",
        "months" => "个月",
        "days" => "天",
        "age_years" => "周岁",
        "date" => "日期",
        "flag" => "是/否",
        "text" => "文字",
        "codes" => return format!("代码表 {}", code(list)),
        other => other,
    };
    named.to_owned()
}

pub(super) fn verdict(name: &str) -> &str {
    match name {
        "met" => "符合",
        "not_met" => "不符合",
        "undetermined" => "待核实",
        "not_applicable" => "不适用",
        other => other,
    }
}

pub(super) fn signal(name: &str) -> &str {
    match name {
        "holds" => "提示",
        "gone" => "不提示",
        "unknown" => "不提示也不消除",
        other => other,
    }
}

pub(super) fn day(date: Date) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

/// `自2021年7月1日起`; the last day of a period is the day before its end.
pub(super) fn period(period: Period) -> String {
    let last = |to: Date| domain::time::add_days(to, -1);
    match (period.from, period.to) {
        (None, None) => "不限日期".to_owned(),
        (Some(from), None) => format!("自{}起", day(from)),
        (None, Some(to)) => format!("至{}止", day(last(to))),
        (Some(from), Some(to)) => format!("自{}起，至{}止", day(from), day(last(to))),
    }
}

/// `国务院令第649号 第九条`.
pub(super) fn source(basis: &Basis) -> String {
    let parts = [basis.document.trim(), basis.article.trim()];
    let told: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    match told.as_slice() {
        [] => "未写明".to_owned(),
        told => text(&told.join(" ")),
    }
}

/// Text in which no character is markup.
pub(super) fn text(plain: &str) -> String {
    let mut out = String::new();
    for c in plain.chars() {
        if matches!(c, '\\' | '*' | '_' | '`' | '[' | ']' | '|' | '<') {
            out.push('\\');
        }
        out.push(if c.is_whitespace() { ' ' } else { c });
    }
    out
}

/// A name or expression on a line.
pub(super) fn code(name: &str) -> String {
    format!("`{}`", one_line(name))
}

/// Lines and indentation of a YAML scalar as single spaces.
pub(super) fn one_line(source: &str) -> String {
    source.split_whitespace().collect::<Vec<_>>().join(" ")
}
