//! A household from a case file: names instead of ids, kinds and fields by
//! their dictionary names, amounts in yuan text.

use std::collections::BTreeMap;

use domain::dictionary::{About, FieldType, Kind, Mode};
use domain::household::{
    Completeness, CoverageNote, FactList, Facts, Household, Item, MonthsCovered, Person, Standing,
    WhyUnknown,
};
use domain::ids::{HouseholdId, ImportId, PersonId, Subject};
use domain::money::Money;
use domain::record::{DatasetId, NaturalKey, Origin, Revision, SourceId};
use domain::region::DivisionCode;
use domain::time::{Date, Period};
use domain::value::{Body, Value};
use serde_json::Value as Json;
use uuid::Uuid;

/// RFC 7396: `change` laid over `base`.
pub(crate) fn patched(base: &Json, change: &Json) -> Json {
    let Json::Object(change) = change else {
        return change.clone();
    };
    let mut merged = base.as_object().cloned().unwrap_or_default();
    for (key, value) in change {
        if value.is_null() {
            merged.remove(key);
        } else {
            let before = merged.get(key).cloned().unwrap_or(Json::Null);
            merged.insert(key.clone(), patched(&before, value));
        }
    }
    Json::Object(merged)
}

pub(crate) struct Built {
    pub(crate) household: Household,
    pub(crate) people: BTreeMap<String, PersonId>,
}

pub(crate) fn build(json: &Json, on: Date) -> Built {
    let described = json["people"].as_object().expect("people");
    let people: BTreeMap<String, PersonId> = described
        .keys()
        .zip(1u128..)
        .map(|(name, n)| (name.clone(), PersonId::from_uuid(Uuid::from_u128(n))))
        .collect();
    let unit = match json["solo"].as_str() {
        Some(name) => Subject::Person(people[name]),
        None => Subject::Household(HouseholdId::from_uuid(Uuid::from_u128(900))),
    };
    let mut builder = Builder {
        json,
        on,
        people: &people,
        line: 0,
    };
    let mut facts = Facts::new();
    if json["solo"].is_null() {
        facts = builder.facts(&json["household"], About::Household);
    }
    let mut listed: Vec<Person> = described
        .iter()
        .map(|(name, person)| Person {
            id: people[name],
            standing: if person["linked"] == true {
                Standing::Linked
            } else {
                Standing::Member
            },
            facts: builder.facts(person, About::Person),
            households: person["households"].as_u64().map_or_else(
                || u32::from(person["membership"].is_array()),
                |n| u32::try_from(n).unwrap(),
            ),
        })
        .collect();
    listed.sort_by_key(|p| (p.standing, p.id));
    let place = |key: &str| json[key].as_str().and_then(DivisionCode::parse);
    let household = Household {
        unit,
        on,
        hukou: place("hukou"),
        residence: place("residence"),
        county: DivisionCode::parse("320412").unwrap(),
        facts,
        people: listed,
        months: builder.months(),
        next_change_on: None,
    };
    Built { household, people }
}

struct Builder<'b> {
    json: &'b Json,
    on: Date,
    people: &'b BTreeMap<String, PersonId>,
    line: u32,
}

impl Builder<'_> {
    fn listed(&self, key: &str, name: &str) -> bool {
        let list = self.json[key].as_array();
        list.is_some_and(|all| all.iter().any(|one| one == name))
    }

    fn months(&self) -> MonthsCovered {
        let mut months = MonthsCovered::default();
        for (item, month) in self.json["months"].as_object().into_iter().flatten() {
            let month = month.as_str().unwrap();
            let covered = if month == "stale" {
                Err(WhyUnknown::Stale)
            } else {
                Ok(CoverageNote {
                    dataset: DatasetId::new("payments"),
                    part: Some(item.clone()),
                    as_of: self.on,
                    month: Some(month.parse().unwrap()),
                })
            };
            months.by_item.insert(item.clone(), covered);
        }
        months
    }

    fn completeness(&self, kind: Kind) -> Completeness {
        let Some(dataset) = kind.covering_dataset() else {
            return Completeness::Closed;
        };
        if matches!(kind.def().mode, Mode::Months(_)) {
            return Completeness::Closed;
        }
        if self.listed("stale", dataset) {
            return Completeness::Open(WhyUnknown::Stale);
        }
        if !self.listed("covered", dataset) {
            return Completeness::Open(WhyUnknown::NotCovered);
        }
        Completeness::Complete(CoverageNote {
            dataset: DatasetId::new(dataset),
            part: None,
            as_of: self.on,
            month: None,
        })
    }

    fn facts(&mut self, json: &Json, about: About) -> Facts {
        let described = json.as_object().cloned().unwrap_or_default();
        for key in described
            .keys()
            .filter(|key| !["linked", "households"].contains(&key.as_str()))
        {
            let kind = Kind::named(key).unwrap_or_else(|| panic!("no kind `{key}`"));
            assert_eq!(kind.def().about, about, "{key}");
        }
        let mut facts = Facts::new();
        for kind in Kind::all().filter(|k| k.def().about == about) {
            let rows = described.get(kind.def().name).and_then(Json::as_array);
            let items = rows
                .into_iter()
                .flatten()
                .map(|row| self.item(kind, row))
                .collect();
            let completeness = self.completeness(kind);
            facts.insert(
                kind,
                FactList {
                    items,
                    completeness,
                },
            );
        }
        facts
    }

    fn item(&mut self, kind: Kind, row: &Json) -> Item {
        self.line += 1;
        let mut body = Body::new(kind);
        for (name, json) in row.as_object().unwrap() {
            if ["source", "told"].contains(&name.as_str()) && kind.field(name).is_none() {
                continue;
            }
            let field = kind
                .field(name)
                .unwrap_or_else(|| panic!("no field `{name}`"));
            let text = json
                .as_str()
                .map_or_else(|| json.to_string(), str::to_owned);
            body.set(field, self.value(field.def().ty, &text));
        }
        let told = row["told"]
            .as_str()
            .map_or(self.on, |day| day.parse().unwrap());
        let dataset = kind.covering_dataset().unwrap_or(kind.def().name);
        let mut key = [0; 16];
        key[12..].copy_from_slice(&self.line.to_be_bytes());
        Item {
            body,
            valid: Period::ALWAYS,
            source: SourceId::new(row["source"].as_str().unwrap_or("civil")),
            dataset: DatasetId::new(dataset),
            key: NaturalKey(key),
            revision: Revision {
                business_date: told,
                sequence: 1,
            },
            origin: Origin {
                import: ImportId::from_uuid(Uuid::from_u128(7)),
                line: self.line,
            },
            disagreed: false,
        }
    }

    fn value(&self, ty: FieldType, text: &str) -> Value {
        match ty {
            FieldType::Money => Value::Money(Money::from_yuan_text(text).unwrap()),
            FieldType::Code(list) => Value::Code(
                list.stored(text)
                    .unwrap_or_else(|| panic!("no code `{text}`")),
            ),
            FieldType::Person => Value::Person(self.people[text]),
            FieldType::Household => Value::Household(HouseholdId::from_uuid(Uuid::from_u128(900))),
            FieldType::Flag => Value::Flag(text == "true"),
            FieldType::Count | FieldType::Months => Value::Count(text.parse().unwrap()),
            _ => Value::from_json(ty, &Json::from(text)).unwrap_or_else(|| panic!("`{text}`")),
        }
    }
}
