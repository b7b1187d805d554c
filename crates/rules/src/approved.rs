//! Values that two people approved at run time: how one is proposed, and how it
//! joins the values of files. An old value is never changed; the next one may
//! end it on its own first day.

use std::collections::BTreeMap;

use domain::parameter::ProposedValue;
use domain::time::Period;
use serde_json::{Value as Json, json};

use crate::parameters::{Parameter, ParameterValue, Parameters, prefix, said, setting};
use crate::policy::PolicySet;
use crate::problem::{Fault, Place, Problem, nearest};
use crate::types::Type;
use crate::yaml::{Document, Scalars, hidden};

/// A value in force since a second person agreed.
#[derive(Clone, Debug)]
pub struct ApprovedValue {
    /// What was proposed.
    pub value: ProposedValue,
    /// Who proposed it: a work account's name.
    pub proposed_by: String,
    /// Who approved it.
    pub approved_by: String,
}

/// What a proposal would do, for its reviewer.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Chinese title of the parameter.
    pub title: String,
    /// The value with its unit, in words.
    pub words: String,
    /// The value it would end, in words with its days and document.
    pub ends: Option<String>,
}

impl PolicySet {
    /// What a proposed value would do, or the first thing that is wrong with it.
    pub fn propose(&self, value: &ProposedValue) -> Result<Preview, Problem> {
        let parameters = self.parameters();
        let told = |fault: Fault| Problem {
            document: String::new(),
            line: 0,
            column: 0,
            code: fault.code,
            zh: fault.zh,
            en: fault.en,
            nearest: fault.nearest,
        };
        complete(value).map_err(told)?;
        let (declared, ty) = declaration(parameters, value).map_err(told)?;
        let scalars = scalars(&value.value, ty);
        let read = setting(&scalars, ty).filter(|_| !value.value.trim().starts_with('-'));
        let read = read.ok_or_else(|| {
            told(Fault::new(
                0,
                "parameter.value",
                format!("“{}”的值应为{ty}（单位 {}）", declared.zh, declared.unit),
                format!(
                    "the value of {} is to be {ty} in {}",
                    value.key, declared.unit
                ),
            ))
        })?;
        let new = ParameterValue {
            words: said(&read, &scalars, ty),
            setting: read,
            valid: value.valid(),
            document: value.document.trim().to_owned(),
            article: value.article.trim().to_owned(),
            note: value.note.trim().to_owned(),
            issuer: value.issuer.trim().to_owned(),
            review_due: value.review_due,
            sample: false,
            proposed_by: String::new(),
            approved_by: String::new(),
            closes: value.closes,
            at: Place::default(),
        };
        let own = own(parameters, value);
        let held = own.map_or(&[][..], |parameter| parameter.values.as_slice());
        let ends = match settle(held, &new).map_err(told)? {
            Settled::Alone => None,
            Settled::Ends(position) => Some(row(&held[position])),
            Settled::There => {
                return Err(told(Fault::new(
                    0,
                    "parameter.there",
                    format!("同一数值、同一文号、同一起始日的值已有：{}", row(&new)),
                    "the very value is in the registry already".to_owned(),
                )));
            }
        };
        Ok(Preview {
            title: declared.zh.clone(),
            words: new.words,
            ends,
        })
    }
}

/// What every value must say, whatever its unit.
fn complete(value: &ProposedValue) -> Result<(), Fault> {
    /// Characters of one text. A platform bound.
    const TEXT_MAX: usize = 240;
    let refuse = |code, zh: &str, en: &str| Err(Fault::new(0, code, zh.to_owned(), en.to_owned()));
    if value.document.trim().is_empty() {
        return refuse(
            "proposal.document",
            "须填写文号：没有文件的数值不得作为标准",
            "a document number is needed: a figure without a document is no standard",
        );
    }
    if value.issuer.trim().is_empty() {
        return refuse("proposal.issuer", "须填写发布机关", "the issuer is needed");
    }
    if value.to.is_some_and(|to| to <= value.from) {
        return refuse(
            "proposal.period",
            "止期须晚于起始日",
            "`to` must be after `from`",
        );
    }
    if value.review_due.is_some_and(|due| due < value.from) {
        return refuse(
            "proposal.review_due",
            "复核日不得早于起始日",
            "`review_due` must not be before `from`",
        );
    }
    let texts = [
        &value.key,
        &value.value,
        &value.document,
        &value.article,
        &value.issuer,
        &value.note,
    ];
    let long = |text: &str| text.chars().count() > TEXT_MAX;
    let unseen = |text: &str| hidden(text).is_some() || text.contains(['\n', '\r', '\t']);
    if texts.iter().any(|text| long(text) || unseen(text)) {
        return refuse(
            "proposal.text",
            "有一项过长，或含有换行等控制字符",
            "a text is too long or has control characters",
        );
    }
    Ok(())
}

/// The nearest declaration at or above the place, with the unit's type.
fn declaration<'p>(
    parameters: &'p Parameters,
    value: &ProposedValue,
) -> Result<(&'p Parameter, &'p Type), Fault> {
    let key = value.key.as_str();
    let unknown = || Fault {
        code: "parameter.unknown",
        nearest: nearest(key, parameters.types.keys().map(String::as_str)),
        ..Fault::new(
            0,
            "parameter.unknown",
            format!("参数登记中没有 `{key}`：先由政策文件登记，再填数值"),
            format!("no policy or parameter file declares `{key}`"),
        )
    };
    let ty = parameters.types.get(key).ok_or_else(unknown)?;
    let place = prefix(value.region.as_str()).filter(|prefix| !prefix.is_empty());
    let place = place.ok_or_else(|| {
        Fault::new(
            0,
            "proposal.region",
            "只能填写本地区的数值".to_owned(),
            "a value is proposed for a place, not for the nation".to_owned(),
        )
    })?;
    let by_region = parameters.declared(key).ok_or_else(unknown)?;
    let above = by_region
        .iter()
        .filter(|(prefix, _)| place.starts_with(prefix.as_str()));
    let nearest = above.max_by_key(|(prefix, _)| prefix.len());
    nearest
        .map(|(_, declared)| (declared, ty))
        .ok_or_else(unknown)
}

/// What the place itself has of the key.
fn own<'p>(parameters: &'p Parameters, value: &ProposedValue) -> Option<&'p Parameter> {
    let place = prefix(value.region.as_str())?;
    parameters.declared(&value.key)?.get(&place)
}

/// Typed text as the scalars that a file would hold.
fn scalars(text: &str, ty: &Type) -> Scalars {
    if !matches!(ty, Type::List(_)) {
        return Scalars::One(text.trim().to_owned());
    }
    let apart = |c: char| c.is_whitespace() || [',', '，', '、', ';', '；'].contains(&c);
    let parts = text.split(apart).filter(|part| !part.is_empty());
    Scalars::Many(parts.map(str::to_owned).collect())
}

/// How a value joins those there are.
enum Settled {
    /// Beside them.
    Alone,
    /// It ends the one at this place.
    Ends(usize),
    /// The very value is there: its file has come after the approval.
    There,
}

/// Samples never stand in the way of an official value.
fn settle(held: &[ParameterValue], new: &ParameterValue) -> Result<Settled, Fault> {
    let official = || held.iter().enumerate().filter(|(_, value)| !value.sample);
    let same = |old: &ParameterValue| {
        old.valid.from == new.valid.from
            && old.setting == new.setting
            && old.document == new.document
    };
    if official().any(|(_, old)| same(old)) {
        return Ok(Settled::There);
    }
    let mut overlapping = official().filter(|(_, old)| overlap(old.valid, new.valid));
    let Some((position, old)) = overlapping.next() else {
        return Ok(Settled::Alone);
    };
    let later = new.valid.from > old.valid.from;
    if let Some((_, other)) = overlapping.next() {
        return Err(overlaps(other, "与不止一个已有的值重叠"));
    }
    if !later {
        return Err(overlaps(old, "起始日不晚于已有的值"));
    }
    if !new.closes {
        return Err(overlaps(
            old,
            "与已有的值重叠；确由新值接替的，请勾选“原值到新值起始日为止”",
        ));
    }
    Ok(Settled::Ends(position))
}

fn overlaps(old: &ParameterValue, why: &str) -> Fault {
    let row = row(old);
    Fault::new(
        0,
        "parameter.overlap",
        format!("{why}：{row}。旧值不改写，新值须有自己的起始日"),
        format!("overlaps the value {row}; an old value is never edited"),
    )
}

fn overlap(a: Period, b: Period) -> bool {
    let before = |first: Period, second: Period| {
        let (to, from) = (first.to, second.from);
        to.is_some_and(|to| from.is_some_and(|from| to <= from))
    };
    !before(a, b) && !before(b, a)
}

/// A value as a person names it: figure, days, document.
fn row(value: &ParameterValue) -> String {
    let day = |day: Option<domain::time::Date>, open: &str| {
        day.map_or_else(|| open.to_owned(), |day| day.to_string())
    };
    let (from, to) = (
        day(value.valid.from, "起始未注明"),
        day(value.valid.to, "未定止期"),
    );
    format!("{}（{from} 至 {to}，{}）", value.words, value.document)
}

/// A value joins; the one it ends keeps everything but its last day.
pub(crate) fn join(declared: &mut Parameter, value: ParameterValue) -> Result<(), Fault> {
    match settle(&declared.values, &value)? {
        Settled::There => return Ok(()),
        Settled::Alone => {}
        Settled::Ends(position) => declared.values[position].valid.to = value.valid.from,
    }
    declared.values.push(value);
    declared.values.sort_by_key(|value| value.sample);
    Ok(())
}

/// Approved values as documents, one for each region, in the order of their
/// approval: the same values give the same bytes on every node. A key that no
/// document declares any more is left out.
pub fn approved_documents(parameters: &Parameters, approved: &[ApprovedValue]) -> Vec<Document> {
    let mut regions: BTreeMap<String, BTreeMap<&str, Vec<Json>>> = BTreeMap::new();
    for one in approved {
        let region = regions.entry(one.value.region.to_string()).or_default();
        let values = region.entry(&one.value.key).or_default();
        if let Ok((_, ty)) = declaration(parameters, &one.value) {
            values.push(entry(one, ty));
        }
    }
    let document = |(region, keys): (String, BTreeMap<&str, Vec<Json>>)| {
        let entry = |(key, values): (&str, Vec<Json>)| {
            let declared = parameters.declared(key)?.values().next()?;
            Some(json!({
                "key": key, "unit": declared.unit, "list": declared.list,
                "zh": declared.zh, "en": declared.en, "values": values,
            }))
        };
        let entries: Vec<Json> = keys.into_iter().filter_map(entry).collect();
        let whole = json!({ "region": region, "approved": true, "parameters": entries });
        Document {
            name: format!("approved-{region}.yaml"),
            // JSON is YAML.
            text: format!("{whole:#}\n"),
        }
    };
    regions.into_iter().map(document).collect()
}

fn entry(one: &ApprovedValue, ty: &Type) -> Json {
    let value = &one.value;
    let mut entry = json!({
        "value": match scalars(&value.value, ty) {
            Scalars::One(text) => json!(text),
            Scalars::Many(texts) => json!(texts),
        },
        "from": value.from.to_string(), "closes": value.closes,
        "document": value.document.trim(), "article": value.article.trim(),
        "issuer": value.issuer.trim(), "note": value.note.trim(),
        "proposed_by": one.proposed_by, "approved_by": one.approved_by,
    });
    for (key, day) in [("to", value.to), ("review_due", value.review_due)] {
        if let Some(day) = day {
            entry[key] = json!(day.to_string());
        }
    }
    entry
}
