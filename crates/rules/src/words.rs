//! Values in words, with their units, in Chinese and English.

use domain::evaluation::Segment;
use domain::money::Money;
use domain::time::{Date, Month};

use crate::types::{Type, Unit};
use crate::val::{Gap, List, Val};

/// The language of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Chinese,
    English,
}

impl Language {
    pub(crate) fn pick<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        match self {
            Language::Chinese => zh,
            Language::English => en,
        }
    }
}

/// A known value, or the word for not knowing it.
pub(crate) fn outcome(
    out: &Result<Val<'_>, Gap>,
    ty: &Type,
    on: Date,
    language: Language,
) -> Vec<Segment> {
    match out {
        Ok(value) => words(value, ty, on, language),
        Err(_) => text(language.pick("未知", "unknown").to_owned()),
    }
}

fn text(text: String) -> Vec<Segment> {
    vec![Segment::Text(text)]
}

/// A known value of a type. Dates of the year of `on` leave out the year.
pub(crate) fn words(value: &Val<'_>, ty: &Type, on: Date, language: Language) -> Vec<Segment> {
    let zh = language == Language::Chinese;
    text(match (value, ty) {
        (Val::Bool(value), _) => {
            let pair = if *value {
                ("是", "yes")
            } else {
                ("否", "no")
            };
            language.pick(pair.0, pair.1).to_owned()
        }
        (Val::Number(n), Type::Number(unit)) => number(*n, *unit, zh),
        (Val::Number(n), _) => n.to_string(),
        (Val::Amount(ratio), Type::Ratio) => percent(ratio.rounded(PERMILLE)),
        (Val::Amount(amount), _) => {
            let fen = amount.rounded(1).map(Money::from_fen);
            let yuan = fen.map_or_else(|| "?".to_owned(), Money::yuan_grouped);
            if zh {
                format!("{yuan}元")
            } else {
                format!("{yuan} yuan")
            }
        }
        (Val::Date(date), _) if zh && date.year() == on.year() => {
            format!("{}月{}日", date.month(), date.day())
        }
        (Val::Date(date), _) if zh => {
            format!("{}年{}月{}日", date.year(), date.month(), date.day())
        }
        (Val::Date(date), _) => date.to_string(),
        (Val::Month(month), _) => months(&[*month], zh),
        (Val::Code(code), Type::Code(list)) if zh => list.zh(code).to_owned(),
        (Val::Code(code), _) => code.replace('_', " "),
        (Val::Text(segments), _) => return segments.to_vec(),
        (Val::Division(code), _) => return vec![Segment::Place(*code)],
        (Val::Person(id), _) => return vec![Segment::Name(*id)],
        (Val::Household(_), _) => language.pick("本户", "the household").to_owned(),
        (Val::Item(fact), _) => {
            let def = fact.item.body.kind().def();
            language.pick(def.zh, def.en).to_owned()
        }
        (Val::List(list), Type::List(of)) => return listed(list, of, on, language),
        (Val::List(list), _) => list.elements.len().to_string(),
    })
}

/// Thousandths are shown as per cent with one decimal.
const PERMILLE: i128 = 1_000;

fn percent(permille: Option<i64>) -> String {
    let Some(permille) = permille else {
        return "?".to_owned();
    };
    let sign = if permille < 0 { "-" } else { "" };
    let (whole, tenth) = (permille.unsigned_abs() / 10, permille.unsigned_abs() % 10);
    if tenth == 0 {
        format!("{sign}{whole}%")
    } else {
        format!("{sign}{whole}.{tenth}%")
    }
}

fn number(n: i64, unit: Unit, zh: bool) -> String {
    let (chinese, english) = match unit {
        Unit::Count => ("", ""),
        Unit::People => ("人", " people"),
        Unit::Months => ("个月", " months"),
        Unit::Days => ("天", " days"),
        Unit::Weeks => ("周", " weeks"),
        Unit::Years => ("岁", " years"),
    };
    format!("{n}{}", if zh { chinese } else { english })
}

/// Months of one year share its name: `2026年10、11月`.
fn months(months: &[Month], zh: bool) -> String {
    let mut out = String::new();
    let mut year = None;
    for month in months {
        let first = month.first_day();
        if !zh {
            out.push_str(if out.is_empty() { "" } else { ", " });
            out.push_str(&month.to_string());
            continue;
        }
        if year == Some(first.year()) {
            out.push('、');
        } else {
            out.push_str(if out.is_empty() { "" } else { "月、" });
            out.push_str(&first.year().to_string());
            out.push('年');
            year = Some(first.year());
        }
        out.push_str(&first.month().to_string());
    }
    if zh && !out.is_empty() {
        out.push('月');
    }
    out
}

fn listed(list: &List<'_>, of: &Type, on: Date, language: Language) -> Vec<Segment> {
    let zh = language == Language::Chinese;
    if matches!(of, Type::Month) && list.whole().is_ok() {
        let all = list.known().filter_map(|value| match value {
            Val::Month(month) => Some(*month),
            _ => None,
        });
        return text(months(&all.collect::<Vec<_>>(), zh));
    }
    let mut out = Vec::new();
    for element in &list.elements {
        if !out.is_empty() {
            out.push(Segment::Text(language.pick("、", ", ").to_owned()));
        }
        out.extend(outcome(&element.value, of, on, language));
    }
    if out.is_empty() {
        out = text(language.pick("无", "none").to_owned());
    }
    if list.open.is_some() {
        let more = language.pick("（名单不全）", " (incomplete)").to_owned();
        out.push(Segment::Text(more));
    }
    out
}

/// What a source is called.
pub(crate) fn source(name: &str, language: Language) -> String {
    let zh = match name {
        "civil" => "民政",
        "payments" => "金民",
        "medical" => "医保",
        "disability" => "残联",
        "police" => "公安",
        "funeral" => "殡葬",
        "grid" => "网格",
        "justice" => "司法行政",
        "emergency" => "应急",
        "vehicle" => "车管",
        "social_security" => "人社",
        "education" => "教育",
        "officer" => "经办人",
        "village" => "村级联络人",
        "elder_care" => "养老服务",
        other => other,
    };
    language.pick(zh, name).to_owned()
}

/// Joins neighbouring texts, so that equal sentences are equal segments.
pub(crate) fn joined(segments: Vec<Segment>) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::new();
    for segment in segments {
        match (out.last_mut(), segment) {
            (Some(Segment::Text(before)), Segment::Text(more)) => before.push_str(&more),
            (_, Segment::Text(empty)) if empty.is_empty() => {}
            (_, other) => out.push(other),
        }
    }
    out
}

/// As plain text: ids stand for names and places. For operands and keys.
pub(crate) fn plain(segments: &[Segment]) -> String {
    let mut out = String::new();
    for segment in segments {
        match segment {
            Segment::Text(text) => out.push_str(text),
            Segment::Name(id) => out.push_str(&id.to_string()),
            Segment::Place(code) => out.push_str(code.as_str()),
        }
    }
    out
}
