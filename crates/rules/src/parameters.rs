//! The regional registry of parameters: one place for every number of law.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use domain::dictionary::{DICTIONARY, FieldType};
use domain::evaluation::ParameterUse;
use domain::money::{Money, Ratio};
use domain::region::DivisionCode;
use domain::time::{Date, Period};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::approved;
use crate::number::{Fraction, is_whole};
use crate::problem::{Fault, Place, Problem};
use crate::types::{Type, Unit};
use crate::val::{List, Val};
use crate::words::{Language, Wording};
use crate::yaml::{Document, Scalars, place, placed, read};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    region: Spanned<String>,
    #[serde(default)]
    issuer: String,
    #[serde(default)]
    sample: bool,
    #[serde(default)]
    label: String,
    /// Values that two people approved at run time: they join those of files.
    #[serde(default)]
    approved: bool,
    parameters: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    key: Spanned<String>,
    unit: Spanned<String>,
    zh: String,
    #[serde(default)]
    en: String,
    /// The code list, when the unit is `codes`.
    #[serde(default)]
    list: String,
    #[serde(default)]
    values: Vec<ValueEntry>,
    /// Figures met in reports without a date of effect: shown, never applied.
    #[serde(default)]
    reported: Vec<Reported>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueEntry {
    #[serde(default)]
    from: Option<Date>,
    #[serde(default)]
    to: Option<Date>,
    value: Spanned<Scalars>,
    #[serde(default)]
    document: String,
    #[serde(default)]
    article: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    issuer: String,
    #[serde(default)]
    review_due: Option<Date>,
    /// It ends the value before it on its own first day.
    #[serde(default)]
    closes: bool,
    #[serde(default)]
    proposed_by: String,
    #[serde(default)]
    approved_by: String,
}

/// A figure met in a report that gives no date of effect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// As printed.
    pub value: String,
    /// The year it was reported for.
    pub year: i16,
    /// Where.
    pub document: String,
    /// What must be known about it.
    #[serde(default)]
    pub note: String,
}

/// A parameter's value in the language.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Setting {
    Bool(bool),
    Number(i64),
    Amount(Fraction),
    Date(Date),
    Codes(Vec<&'static str>),
    Text(String),
}

impl Setting {
    pub(crate) fn as_val<'a>(&self) -> Val<'a> {
        match self {
            Setting::Bool(value) => Val::Bool(*value),
            Setting::Number(n) => Val::Number(*n),
            Setting::Amount(amount) => Val::Amount(*amount),
            Setting::Date(date) => Val::Date(*date),
            Setting::Codes(codes) => {
                let codes = codes.iter().map(|code| Val::Code(code));
                Val::List(Rc::new(List::closed(codes)))
            }
            Setting::Text(text) => crate::eval_call::words(text.clone()),
        }
    }
}

/// One dated value of a parameter in one region.
#[derive(Clone, Debug)]
pub struct ParameterValue {
    pub(crate) setting: Setting,
    /// When it holds.
    pub valid: Period,
    /// The value with its unit, in words.
    pub words: String,
    /// Document number.
    pub document: String,
    /// Article.
    pub article: String,
    /// What must be known about it.
    pub note: String,
    /// Who issued it.
    pub issuer: String,
    /// After this day the value is for reference only.
    pub review_due: Option<Date>,
    /// From a file of samples, not official.
    pub sample: bool,
    /// Who proposed it, when it was approved at run time; else empty.
    pub proposed_by: String,
    /// Who approved it, when it was approved at run time; else empty.
    pub approved_by: String,
    /// It ends the value before it on its own first day.
    pub(crate) closes: bool,
    /// Where it is written.
    pub(crate) at: Place,
}

/// One parameter as one region declares it.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its key in policies.
    pub key: String,
    /// Chinese title.
    pub zh: String,
    /// English title.
    pub en: String,
    /// Unit as written: `yuan_per_month`, `months`, `codes`, …
    pub unit: String,
    /// Code list, when the unit is `codes`; else empty.
    pub list: String,
    /// Region as written: `320412`; `000000` is the nation.
    pub region: String,
    /// Its values; empty when the place has published none.
    pub values: Vec<ParameterValue>,
    /// Figures met in reports without a date of effect.
    pub reported: Vec<Reported>,
    /// No file of the region declares it: approved values do, from this day.
    /// Before it the region above decides.
    pub(crate) since: Option<Date>,
    /// Where its key is written.
    pub(crate) at: Place,
}

/// All parameters of all regions.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    /// Key → region prefix → declaration.
    by_key: BTreeMap<String, BTreeMap<String, Parameter>>,
    pub(crate) types: BTreeMap<String, Type>,
    /// Approved values in their order, until every file is in.
    waiting: Vec<(String, Parameter, String)>,
}

/// The region that decides a parameter for a place, and its value on a date.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'p> {
    pub(crate) parameter: &'p Parameter,
    pub(crate) value: Option<&'p Setting>,
    dated: Option<&'p ParameterValue>,
}

impl Found<'_> {
    pub(crate) fn usage(&self, key: &str, on: Date) -> ParameterUse {
        let source = |value: &ParameterValue| {
            let parts = [value.document.as_str(), value.article.as_str()];
            let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
            parts.join(" ")
        };
        ParameterUse {
            key: key.to_owned(),
            value: self.dated.map(|v| v.words.clone()),
            region: self.parameter.region.clone(),
            source: self.dated.map(source).unwrap_or_default(),
            sample: self.dated.is_some_and(|v| v.sample),
            review_overdue: self
                .dated
                .and_then(|v| v.review_due)
                .is_some_and(|due| due < on),
        }
    }
}

impl Parameters {
    /// Every declaration, by key and region.
    pub fn iter(&self) -> impl Iterator<Item = &Parameter> {
        self.by_key.values().flat_map(BTreeMap::values)
    }

    /// The value in words that holds for a place on a date, if any is set.
    pub fn value(&self, key: &str, place: DivisionCode, on: Date) -> Option<&str> {
        let found = self.find(key, place, on)?;
        found.dated.map(|v| v.words.as_str())
    }

    /// The declaration that decides for a place on a date, and its value then;
    /// the value is missing where the place has set none.
    pub fn held(
        &self,
        key: &str,
        place: DivisionCode,
        on: Date,
    ) -> Option<(&Parameter, Option<&ParameterValue>)> {
        let found = self.find(key, place, on)?;
        Some((found.parameter, found.dated))
    }

    /// The whole number that holds for a place on a date, of a parameter counted
    /// in months, days, years or pieces.
    pub fn number(&self, key: &str, place: DivisionCode, on: Date) -> Option<i64> {
        match self.find(key, place, on)?.value? {
            Setting::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The codes that hold for a place on a date. An empty list is a list;
    /// `None` is a parameter the place has not set.
    pub fn codes(&self, key: &str, place: DivisionCode, on: Date) -> Option<&[&'static str]> {
        match self.find(key, place, on)?.value? {
            Setting::Codes(codes) => Some(codes),
            _ => None,
        }
    }

    pub(crate) fn title<'p>(&'p self, key: &'p str) -> &'p str {
        let declared = self.by_key.get(key).and_then(|by| by.values().next());
        declared.map_or(key, |p| p.zh.as_str())
    }

    /// The most specific region that declares the key decides, even when it
    /// has no value on the date: a local figure that is not published is not
    /// replaced by another place's.
    pub(crate) fn find(&self, key: &str, place: DivisionCode, on: Date) -> Option<Found<'_>> {
        let by_region = self.by_key.get(key)?;
        let declared = |p: &Parameter| p.since.is_none_or(|since| since <= on);
        let within = by_region.iter().filter(|(prefix, parameter)| {
            place.as_str().starts_with(prefix.as_str()) && declared(parameter)
        });
        let (_, parameter) = within.max_by_key(|(prefix, _)| prefix.len())?;
        let mut values = parameter.values.iter().filter(|v| v.valid.contains(on));
        // Official values stand before samples.
        let dated = values.next();
        Some(Found {
            parameter,
            value: dated.map(|v| &v.setting),
            dated,
        })
    }

    /// Regions that declare any parameter, by the digits their places begin with:
    /// whatever is asked, it is the same within one as long as no smaller one is in it.
    pub(crate) fn declaring(&self) -> BTreeSet<&str> {
        let regions = self.by_key.values().flat_map(BTreeMap::keys);
        regions.map(String::as_str).collect()
    }

    /// Adds one file; what is wrong with it goes to `problems`.
    pub(crate) fn add(&mut self, document: &Document, problems: &mut Vec<Problem>) {
        let file: File = match read(document) {
            Ok(file) => file,
            Err(problem) => return problems.push(problem),
        };
        let Some(prefix) = prefix(&file.region.value) else {
            let text = &file.region.value;
            let fault = Fault::new(
                0,
                "region.unknown",
                format!("`{text}` 不是行政区划代码"),
                format!("`{text}` is not a division code"),
            );
            return problems.push(placed(document, &file.region, fault));
        };
        for entry in &file.parameters {
            match self.entry(document, &file, entry) {
                Ok(parameter) if file.approved => {
                    let waits = (prefix.clone(), parameter, document.name.clone());
                    self.waiting.push(waits);
                }
                Ok(parameter) => self.insert(&prefix, parameter, document, entry, problems),
                Err(wrong) => problems.push(placed(document, &wrong.0, wrong.1)),
            }
        }
    }

    /// Every file is in: approved values join those that files declare.
    pub(crate) fn join_approved(&mut self, problems: &mut Vec<Problem>) {
        for (prefix, parameter, document) in std::mem::take(&mut self.waiting) {
            let regions = self.by_key.entry(parameter.key.clone()).or_default();
            let first = parameter.values.iter().filter_map(|v| v.valid.from).min();
            let declared = regions.entry(prefix).or_insert_with(|| Parameter {
                values: Vec::new(),
                since: first,
                ..parameter.clone()
            });
            for value in parameter.values {
                if let Err(fault) = approved::join(declared, value) {
                    problems.push(Problem {
                        document: document.clone(),
                        line: 0,
                        column: 0,
                        code: fault.code,
                        zh: fault.zh,
                        en: fault.en,
                        nearest: None,
                    });
                }
            }
        }
    }

    /// The declarations of a key: region prefix and declaration.
    pub(crate) fn declared(&self, key: &str) -> Option<&BTreeMap<String, Parameter>> {
        self.by_key.get(key)
    }

    fn insert(
        &mut self,
        prefix: &str,
        parameter: Parameter,
        document: &Document,
        entry: &Entry,
        problems: &mut Vec<Problem>,
    ) {
        let regions = self.by_key.entry(parameter.key.clone()).or_default();
        let Some(before) = regions.get_mut(prefix) else {
            regions.insert(prefix.to_owned(), parameter);
            return;
        };
        let is_sample = |p: &Parameter| p.values.iter().any(|v| v.sample);
        if is_sample(before) == is_sample(&parameter)
            && !parameter.values.is_empty()
            && !before.values.is_empty()
        {
            let key = &parameter.key;
            let fault = Fault::new(
                0,
                "parameter.twice",
                format!("参数 `{key}` 在本地区已有"),
                format!("the region already has `{key}`"),
            );
            problems.push(placed(document, &entry.key, fault));
            return;
        }
        before.values.extend(parameter.values);
        before.values.sort_by_key(|v| v.sample);
        before.reported.extend(parameter.reported);
    }

    fn entry(
        &mut self,
        document: &Document,
        file: &File,
        entry: &Entry,
    ) -> Result<Parameter, Box<(Spanned<String>, Fault)>> {
        let key = &entry.key.value;
        let at_unit = |fault| Box::new((entry.unit.clone(), fault));
        let ty = unit_type(&entry.unit.value, &entry.list).ok_or_else(|| {
            let units = UNITS.iter().map(|(name, _)| *name).chain(["codes"]);
            at_unit(Fault::unknown(
                0,
                ("单位", "unit"),
                &entry.unit.value,
                units,
            ))
        })?;
        match self.types.get(key) {
            Some(known) if !known.fits(&ty) => {
                return Err(at_unit(Fault::new(
                    0,
                    "parameter.unit",
                    format!("参数 `{key}` 在别处的单位是 {known}"),
                    format!("`{key}` has the unit {known} elsewhere"),
                )));
            }
            Some(_) => {}
            None => {
                self.types.insert(key.clone(), ty.clone());
            }
        }
        let mut values = Vec::new();
        for one in &entry.values {
            values.push(value(document, file, one, &ty).map_err(|fault| {
                let place = Spanned::new(String::new(), one.value.referenced, one.value.defined);
                Box::new((place, fault))
            })?);
        }
        Ok(Parameter {
            key: key.clone(),
            zh: entry.zh.clone(),
            en: if entry.en.is_empty() {
                key.replace('_', " ")
            } else {
                entry.en.clone()
            },
            unit: entry.unit.value.clone(),
            list: entry.list.clone(),
            since: None,
            region: file.region.value.clone(),
            values,
            reported: entry.reported.clone(),
            at: place(document, &entry.key),
        })
    }
}

fn value(
    document: &Document,
    file: &File,
    entry: &ValueEntry,
    ty: &Type,
) -> Result<ParameterValue, Fault> {
    let setting = setting(&entry.value.value, ty).ok_or_else(|| {
        Fault::new(
            0,
            "parameter.value",
            format!("这个值不是 {ty}"),
            format!("the value is not {ty}"),
        )
    })?;
    let said = said(&setting, &entry.value.value, ty);
    let label = if file.sample && entry.document.is_empty() {
        file.label.clone()
    } else {
        entry.document.clone()
    };
    Ok(ParameterValue {
        setting,
        valid: Period {
            from: entry.from,
            to: entry.to,
        },
        words: said,
        document: label,
        article: entry.article.clone(),
        note: entry.note.clone(),
        issuer: if entry.issuer.is_empty() {
            file.issuer.clone()
        } else {
            entry.issuer.clone()
        },
        review_due: entry.review_due,
        sample: file.sample,
        proposed_by: entry.proposed_by.clone(),
        approved_by: entry.approved_by.clone(),
        closes: entry.closes,
        at: place(document, &entry.value),
    })
}

/// A value with its unit, in words.
pub(crate) fn said(setting: &Setting, scalars: &Scalars, ty: &Type) -> String {
    if let (Type::Ratio, Scalars::One(text)) = (ty, scalars) {
        return text.clone();
    }
    let far = Date::MIN;
    let mut words = Wording::default();
    words.value(&setting.as_val(), ty, far, Language::Chinese);
    words.plain()
}

pub(crate) fn setting(scalars: &Scalars, ty: &Type) -> Option<Setting> {
    match (scalars, ty) {
        (Scalars::Many(codes), Type::List(of)) => {
            let Type::Code(list) = **of else {
                return None;
            };
            let codes: Option<Vec<_>> = codes.iter().map(|code| list.stored(code)).collect();
            let mut codes = codes?;
            // Each once: how long the list can be is known of its codes.
            let mut seen = BTreeSet::new();
            codes.retain(|code| seen.insert(*code));
            Some(Setting::Codes(codes))
        }
        (Scalars::One(text), Type::Money) => {
            let money = Money::from_yuan_text(text).ok();
            let money = money.filter(|money| is_whole(money.as_fen()))?;
            Some(Setting::Amount(Fraction::whole(money.as_fen())))
        }
        (Scalars::One(text), Type::Ratio) => {
            let ratio = Ratio::from_text(text)?;
            let (above, below) = (ratio.numerator(), ratio.denominator());
            Fraction::new(above.into(), below.into()).map(Setting::Amount)
        }
        (Scalars::One(text), Type::Number(_)) => {
            let number = text.parse().ok().filter(|n| is_whole(*n));
            number.map(Setting::Number)
        }
        (Scalars::One(text), Type::Bool) => text.parse().ok().map(Setting::Bool),
        (Scalars::One(text), Type::Date) => text.parse().ok().map(Setting::Date),
        (Scalars::One(text), Type::Text) => Some(Setting::Text(text.clone())),
        _ => None,
    }
}

/// Units a parameter may have, beside `codes` with its list.
const UNITS: [(&str, Type); 13] = [
    ("yuan", Type::Money),
    ("yuan_per_month", Type::Money),
    ("yuan_per_year", Type::Money),
    ("ratio", Type::Ratio),
    ("times", Type::Ratio),
    ("count", Type::Number(Unit::Count)),
    ("people", Type::Number(Unit::People)),
    ("months", Type::Number(Unit::Months)),
    ("days", Type::Number(Unit::Days)),
    ("age_years", Type::Number(Unit::Years)),
    ("date", Type::Date),
    ("flag", Type::Bool),
    ("text", Type::Text),
];

fn unit_type(unit: &str, list: &str) -> Option<Type> {
    if unit == "codes" {
        // Any list that a field of the dictionary is read with.
        let mut fields = DICTIONARY.iter().flat_map(|kind| kind.fields);
        let found = fields.find_map(|field| match field.ty {
            FieldType::Code(known) if known.name == list => Some(known),
            _ => None,
        })?;
        return Some(Type::list(Type::Code(found)));
    }
    let found = UNITS.iter().find(|(name, _)| *name == unit);
    found.map(|(_, ty)| ty.clone())
}

/// `320412` → itself, `320400` → `3204`, `000000` → the empty prefix.
pub(crate) fn prefix(region: &str) -> Option<String> {
    DivisionCode::parse(region)?;
    let mut prefix = region;
    if region.len() == "000000".len() {
        while let Some(shorter) = prefix.strip_suffix("00") {
            prefix = shorter;
        }
    }
    Some(prefix.to_owned())
}
