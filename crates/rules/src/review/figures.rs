//! Figures of the places in use: which are not set, of which no document tells,
//! which are samples or past their review. One warning for each kind and file.

use std::collections::{BTreeMap, BTreeSet};

use domain::region::DivisionCode;
use domain::time::{Date, Period};

use crate::parameters::{Parameter, ParameterValue, prefix};
use crate::policy::PolicySet;
use crate::problem::Place;
use crate::review::{Scope, Warning};
use crate::written::is_unconfirmed;

/// What the document of a default of the platform is called.
pub(crate) const PLATFORM: &str = "平台默认，非法定";

/// What may be said of a value: code, Chinese and English.
type Sort = (&'static str, &'static str, &'static str);

const SAMPLE: Sort = (
    "value.sample",
    "是样例，不是正式标准",
    "are samples, not official",
);
const NO_DOCUMENT: Sort = ("value.no_document", "没有文号", "name no document");
const NO_ARTICLE: Sort = ("value.no_article", "没有条款", "name no article");
const DEFAULT: Sort = (
    "value.platform_default",
    "是平台默认，不是法定标准",
    "are defaults of the platform, not law",
);
const UNCONFIRMED: Sort = (
    "value.unconfirmed",
    "的出处尚待复核",
    "have a source that is still to be looked up",
);
const REVIEW_DUE: Sort = (
    "value.review_due",
    "已过复核日期，仅供参考",
    "are past their review date, for reference only",
);

/// Keys with their titles, by what is said of them and where.
type Groups<'s> = BTreeMap<(String, Sort), BTreeMap<Place, &'s Parameter>>;

pub(super) fn review(set: &PolicySet, scope: Scope) -> Vec<Warning> {
    let mut warnings = dates(set);
    let mut groups = Groups::new();
    for region in regions(set, scope.region) {
        let mut unset: BTreeMap<&str, &str> = BTreeMap::new();
        for key in needed(set, scope.on) {
            let declared = deciding(set, key, region, scope.on);
            let values = declared.map_or_else(Vec::new, |p| held(p, scope.on));
            if values.is_empty() {
                unset.insert(key, set.parameters().title(key));
            }
            for (value, parameter) in values.into_iter().zip(declared.into_iter().cycle()) {
                for sort in sorts(value, scope.on) {
                    let group = groups.entry((value.at.document.clone(), sort));
                    group.or_default().insert(value.at.clone(), parameter);
                }
            }
        }
        warnings.extend(not_set(set, region, &unset));
    }
    warnings.extend(groups.into_iter().filter_map(grouped));
    warnings
}

/// The region asked about, or each that the parameters speak of.
fn regions(set: &PolicySet, only: Option<DivisionCode>) -> BTreeSet<DivisionCode> {
    if let Some(region) = only {
        return BTreeSet::from([region]);
    }
    let declared = set.parameters().iter();
    declared
        .filter_map(|parameter| DivisionCode::parse(&parameter.region))
        .collect()
}

/// Keys that policies use, those in force on the day when one is given.
fn needed(set: &PolicySet, on: Option<Date>) -> BTreeSet<&str> {
    let policies = set.policies().iter();
    let asked = policies.filter(|policy| on.is_none_or(|on| policy.valid.contains(on)));
    asked
        .flat_map(|policy| policy.parameters.iter().map(String::as_str))
        .collect()
}

/// The declaration that decides for a place: that of the smallest region.
fn deciding<'s>(
    set: &'s PolicySet,
    key: &str,
    place: DivisionCode,
    on: Option<Date>,
) -> Option<&'s Parameter> {
    if let Some(on) = on {
        return set.parameters().find(key, place, on).map(|f| f.parameter);
    }
    let declared = set.parameters().declared(key)?.iter();
    let around = declared.filter(|(prefix, _)| place.as_str().starts_with(prefix.as_str()));
    let smallest = around.max_by_key(|(prefix, _)| prefix.len());
    smallest.map(|(_, parameter)| parameter)
}

/// The value of a day, or those of any day.
fn held(parameter: &Parameter, on: Option<Date>) -> Vec<&ParameterValue> {
    match on {
        Some(on) => {
            let mut values = parameter.values.iter();
            values.find(|v| v.valid.contains(on)).into_iter().collect()
        }
        None => parameter.values.iter().collect(),
    }
}

fn sorts(value: &ParameterValue, on: Option<Date>) -> Vec<Sort> {
    let mut sorts = Vec::new();
    if value.sample {
        sorts.push(SAMPLE);
    } else if value.document.trim().is_empty() {
        sorts.push(NO_DOCUMENT);
    } else if value.document == PLATFORM {
        sorts.push(DEFAULT);
    } else if value.article.trim().is_empty() {
        sorts.push(NO_ARTICLE);
    } else if is_unconfirmed(&value.document) || is_unconfirmed(&value.article) {
        sorts.push(UNCONFIRMED);
    }
    if let (Some(due), Some(on)) = (value.review_due, on)
        && due < on
    {
        sorts.push(REVIEW_DUE);
    }
    sorts
}

/// Told at the file of the place, or of the nearest region around it; where
/// there are several, at the one that declares most of what is not set.
fn not_set(set: &PolicySet, region: DivisionCode, unset: &BTreeMap<&str, &str>) -> Option<Warning> {
    if unset.is_empty() {
        return None;
    }
    let mut documents: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for parameter in set.parameters().iter() {
        let prefix = prefix(&parameter.region).unwrap_or_default();
        if region.as_str().starts_with(&prefix) {
            let place = (prefix.len(), parameter.at.document.as_str());
            let lacks = unset.contains_key(parameter.key.as_str());
            *documents.entry(place).or_default() += usize::from(lacks);
        }
    }
    let nearest = documents
        .iter()
        .max_by_key(|((length, _), lacking)| (*length, **lacking));
    let document = nearest.map_or("", |((_, name), _)| name);
    let keys: Vec<(&str, &str)> = unset.iter().map(|(key, title)| (*key, *title)).collect();
    let (zh, en) = listed(&keys);
    Some(Warning::of(
        document,
        "parameter.unset",
        format!("{region} 未设{}个参数：{zh}", keys.len()),
        format!("{region} has no value of {} parameter(s): {en}", keys.len()),
    ))
}

fn grouped(
    ((_, (code, zh, en)), parameters): ((String, Sort), BTreeMap<Place, &Parameter>),
) -> Option<Warning> {
    let first = parameters.keys().next()?.clone();
    let keys: BTreeMap<&str, &str> = parameters
        .values()
        .map(|parameter| (parameter.key.as_str(), parameter.zh.as_str()))
        .collect();
    let keys: Vec<(&str, &str)> = keys.into_iter().collect();
    let (titles, names) = listed(&keys);
    let count = parameters.len();
    Some(Warning::at(
        first,
        code,
        format!("{count}个值{zh}：{titles}"),
        format!("{count} value(s) {en}: {names}"),
    ))
}

fn listed(keys: &[(&str, &str)]) -> (String, String) {
    let (named, titled): (Vec<&str>, Vec<&str>) = keys.iter().copied().unzip();
    (titled.join("、"), named.join(", "))
}

/// Values of one place that hold on the same day, or on none. Official values
/// stand before samples, so that the two may overlap.
fn dates(set: &PolicySet) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for parameter in set.parameters().iter() {
        let key = &parameter.key;
        for (position, value) in parameter.values.iter().enumerate() {
            let place = || value.at.clone();
            if never(value.valid) {
                let zh = format!("参数 `{key}` 的这个值没有一天有效");
                let en = format!("this value of `{key}` holds on no day");
                warnings.push(Warning::at(place(), "value.no_day", zh, en));
                continue;
            }
            let mut before = parameter.values.iter().take(position);
            let twice =
                before.any(|other| other.sample == value.sample && meet(other.valid, value.valid));
            if twice {
                let zh = format!("参数 `{key}` 的这个值与前面的值时间重叠，重叠的日子以前面的为准");
                let en = format!("this value of `{key}` overlaps one before it, which decides");
                warnings.push(Warning::at(place(), "value.overlap", zh, en));
            }
        }
    }
    warnings
}

fn never(period: Period) -> bool {
    period
        .from
        .zip(period.to)
        .is_some_and(|(from, to)| from >= to)
}

fn meet(a: Period, b: Period) -> bool {
    let ends = |a: Period, b: Period| a.to.zip(b.from).is_some_and(|(to, from)| to <= from);
    !never(a) && !never(b) && !ends(a, b) && !ends(b, a)
}
