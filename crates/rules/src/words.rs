//! Values in words, with their units, in Chinese and English.

use domain::evaluation::Segment;
use domain::money::Money;
use domain::time::{Date, Month};

use crate::gap::Gap;
use crate::types::{Type, Unit};
use crate::val::{List, Val};

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

/// Words one after the other. Neighbouring texts are one segment, so that equal
/// sentences are equal segments.
#[derive(Default)]
pub(crate) struct Wording(Vec<Segment>);

/// A sentence is longer than a value.
const ROOM: usize = 64;

impl Wording {
    pub(crate) fn say(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Segment::Text(before)) => before.push_str(text),
            _ => {
                let mut first = String::with_capacity(text.len().max(ROOM));
                first.push_str(text);
                self.0.push(Segment::Text(first));
            }
        }
    }

    fn add(&mut self, segment: &Segment) {
        match segment {
            Segment::Text(text) => self.say(text),
            other => self.0.push(other.clone()),
        }
    }

    pub(crate) fn segments(self) -> Vec<Segment> {
        self.0
    }

    /// As plain text: ids stand for names and places. For operands and keys.
    pub(crate) fn plain(self) -> String {
        let mut out = String::new();
        for segment in self.0 {
            match segment {
                Segment::Text(text) if out.is_empty() => out = text,
                Segment::Text(text) => out.push_str(&text),
                Segment::Name(id) => out.push_str(&id.to_string()),
                Segment::Place(code) => out.push_str(code.as_str()),
            }
        }
        out
    }

    /// A known value, or the word for not knowing it.
    pub(crate) fn outcome(
        &mut self,
        out: &Result<Val<'_>, Gap>,
        ty: &Type,
        on: Date,
        language: Language,
    ) {
        match out {
            Ok(value) => self.value(value, ty, on, language),
            Err(_) => self.say(language.pick("未知", "unknown")),
        }
    }

    /// A known value of a type. Dates of the year of `on` leave out the year.
    pub(crate) fn value(&mut self, value: &Val<'_>, ty: &Type, on: Date, language: Language) {
        let zh = language == Language::Chinese;
        match (value, ty) {
            (Val::Bool(true), _) => self.say(language.pick("是", "yes")),
            (Val::Bool(false), _) => self.say(language.pick("否", "no")),
            (Val::Number(n), Type::Number(unit)) => self.number(*n, *unit, zh),
            (Val::Number(n), _) => self.number(*n, Unit::Count, zh),
            (Val::Amount(ratio), Type::Ratio) => self.say(&percent(ratio.rounded(PERMILLE))),
            (Val::Amount(amount), _) => {
                let fen = amount.rounded(1).map(Money::from_fen);
                self.say(&fen.map_or_else(|| "?".to_owned(), Money::yuan_grouped));
                self.say(language.pick("元", " yuan"));
            }
            (Val::Date(date), _) if zh => {
                if date.year() != on.year() {
                    self.say(&date.year().to_string());
                    self.say("年");
                }
                self.say(&format!("{}月{}日", date.month(), date.day()));
            }
            (Val::Date(date), _) => self.say(&date.to_string()),
            (Val::Month(month), _) => self.say(&months(&[*month], zh)),
            (Val::Code(code), Type::Code(list)) if zh => self.say(list.zh(code)),
            (Val::Code(code), _) => self.say(&code.replace('_', " ")),
            (Val::Text(segments), _) => segments.iter().for_each(|s| self.add(s)),
            (Val::Division(code), _) => self.0.push(Segment::Place(*code)),
            (Val::Person(id), _) => self.0.push(Segment::Name(*id)),
            (Val::Household(_), _) => self.say(language.pick("本户", "the household")),
            (Val::Item(fact), _) => {
                let def = fact.item.body.kind().def();
                self.say(language.pick(def.zh, def.en));
            }
            (Val::List(list), Type::List(of)) => self.listed(list, of, on, language),
            (Val::List(list), _) => self.say(&list.elements.len().to_string()),
        }
    }

    fn number(&mut self, n: i64, unit: Unit, zh: bool) {
        let (chinese, english) = match unit {
            Unit::Count => ("", ""),
            Unit::People => ("人", " people"),
            Unit::Months => ("个月", " months"),
            Unit::Days => ("天", " days"),
            Unit::Weeks => ("周", " weeks"),
            Unit::Years => ("岁", " years"),
        };
        self.say(&n.to_string());
        self.say(if zh { chinese } else { english });
    }

    fn listed(&mut self, list: &List<'_>, of: &Type, on: Date, language: Language) {
        if matches!(of, Type::Month) && list.whole().is_ok() {
            let all = list.known().filter_map(|value| match value {
                Val::Month(month) => Some(*month),
                _ => None,
            });
            let all: Vec<_> = all.collect();
            return self.say(&months(&all, language == Language::Chinese));
        }
        let mut said = false;
        for element in &list.elements {
            if said {
                self.say(language.pick("、", ", "));
            }
            self.outcome(&element.value, of, on, language);
            // A text of nothing is as if it were not there.
            said |= !matches!(&element.value, Ok(Val::Text(text)) if text.is_empty());
        }
        if !said {
            self.say(language.pick("无", "none"));
        }
        if list.open.is_some() {
            self.say(language.pick("（名单不全）", " (incomplete)"));
        }
    }
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

/// What a source is called.
pub(crate) fn source(name: &str, language: Language) -> &str {
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
    language.pick(zh, name)
}

#[cfg(test)]
mod tests {
    use domain::ids::PersonId;
    use domain::region::DivisionCode;

    use super::*;

    #[test]
    fn names_and_places_stand_between_texts() {
        let id = PersonId::from_uuid(uuid::Uuid::from_u128(7));
        let place = DivisionCode::parse("320412").expect("a county");
        let mut words = Wording::default();
        words.say("");
        words.add(&Segment::Name(id));
        words.say("与");
        words.say("住");
        words.add(&Segment::Place(place));
        words.say("。");
        let segments = words.0.clone();
        let text = |text: &str| Segment::Text(text.to_owned());
        let all = [
            Segment::Name(id),
            text("与住"),
            Segment::Place(place),
            text("。"),
        ];
        assert_eq!(segments, all);
        assert_eq!(words.plain(), format!("{id}与住320412。"));
        assert_eq!(Wording::default().plain(), "");
    }
}
