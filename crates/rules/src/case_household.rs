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
use serde_json::{Map, Value as Json};
use uuid::Uuid;

/// The county of every case.
const COUNTY: &str = "320412";

/// RFC 7396: `change` laid over `base`.
pub fn patched(base: &Json, change: &Json) -> Json {
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

/// What is wrong with a case, in words.
pub type Described<T> = Result<T, String>;

/// A household with the names its people have in the file.
#[derive(Debug)]
pub struct DescribedHousehold {
    /// The household as the fold would give it.
    pub household: Household,
    /// Who is who.
    pub people: BTreeMap<String, PersonId>,
}

impl DescribedHousehold {
    pub(crate) fn person(&self, name: &str) -> Described<PersonId> {
        let known = self.people.get(name).copied();
        known.ok_or_else(|| format!("there is nobody named `{name}`"))
    }
}

/// Builds the household that a case describes.
pub fn describe(json: &Json, on: Date) -> Described<DescribedHousehold> {
    let described = json["people"].as_object();
    let described = described.ok_or("`people` is missing")?;
    let people: BTreeMap<String, PersonId> = described
        .keys()
        .zip(1..)
        .map(|(name, n)| (name.clone(), PersonId::from_uuid(Uuid::from_u128(n))))
        .collect();
    let mut builder = Builder {
        json,
        on,
        people: &people,
        line: 0,
    };
    let (mut unit, mut facts) = (Subject::Household(the_household()), Facts::new());
    match json["solo"].as_str() {
        Some(name) => unit = Subject::Person(builder.person(name)?),
        None => facts = builder.facts(&json["household"], About::Household)?,
    }
    let mut listed = Vec::new();
    for (name, person) in described {
        listed.push(Person {
            id: builder.person(name)?,
            standing: if person["linked"] == true {
                Standing::Linked
            } else {
                Standing::Member
            },
            facts: builder.facts(person, About::Person)?,
            households: person["households"].as_u64().map_or_else(
                || u32::from(person["membership"].is_array()),
                |n| u32::try_from(n).unwrap_or(u32::MAX),
            ),
        });
    }
    listed.sort_by_key(|p| (p.standing, p.id));
    let place = |key: &str| json[key].as_str().and_then(DivisionCode::parse);
    let household = Household {
        unit,
        on,
        hukou: place("hukou"),
        residence: place("residence"),
        county: DivisionCode::parse(COUNTY).ok_or("no county")?,
        facts,
        people: listed,
        months: builder.months()?,
        next_change_on: None,
    };
    Ok(DescribedHousehold { household, people })
}

/// The one household of a case.
fn the_household() -> HouseholdId {
    HouseholdId::from_uuid(Uuid::max())
}

struct Builder<'b> {
    json: &'b Json,
    on: Date,
    people: &'b BTreeMap<String, PersonId>,
    line: u32,
}

impl Builder<'_> {
    fn person(&self, name: &str) -> Described<PersonId> {
        let known = self.people.get(name).copied();
        known.ok_or_else(|| format!("there is nobody named `{name}`"))
    }

    fn listed(&self, key: &str, name: &str) -> bool {
        let list = self.json[key].as_array();
        list.is_some_and(|all| all.iter().any(|one| one == name))
    }

    fn months(&self) -> Described<MonthsCovered> {
        let mut months = MonthsCovered::default();
        for (item, month) in self.json["months"].as_object().into_iter().flatten() {
            let text = month.as_str().unwrap_or_default();
            let covered = if text == "stale" {
                Err(WhyUnknown::Stale)
            } else {
                let month = text.parse().map_err(|_| format!("`{text}` is no month"))?;
                Ok(CoverageNote {
                    dataset: DatasetId::new("payments"),
                    part: Some(item.clone()),
                    as_of: self.on,
                    month: Some(month),
                })
            };
            months.by_item.insert(item.clone(), covered);
        }
        Ok(months)
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

    fn facts(&mut self, json: &Json, about: About) -> Described<Facts> {
        let none = Map::new();
        let described = json.as_object().unwrap_or(&none);
        for key in described
            .keys()
            .filter(|key| !["linked", "households"].contains(&key.as_str()))
        {
            let kind = Kind::named(key).ok_or_else(|| format!("no kind of fact `{key}`"))?;
            if kind.def().about != about {
                return Err(format!("`{key}` is not about this subject"));
            }
        }
        let mut facts = Facts::new();
        for kind in Kind::all().filter(|k| k.def().about == about) {
            let rows = described.get(kind.def().name).and_then(Json::as_array);
            let mut items = Vec::new();
            for row in rows.into_iter().flatten() {
                items.push(self.item(kind, row)?);
            }
            let completeness = self.completeness(kind);
            facts.insert(
                kind,
                FactList {
                    items,
                    completeness,
                },
            );
        }
        Ok(facts)
    }

    fn item(&mut self, kind: Kind, row: &Json) -> Described<Item> {
        self.line += 1;
        let mut body = Body::new(kind);
        let fields = row.as_object().ok_or("a row is a mapping")?;
        for (name, json) in fields {
            if ["source", "told"].contains(&name.as_str()) && kind.field(name).is_none() {
                continue;
            }
            let field = kind
                .field(name)
                .ok_or_else(|| format!("no field `{name}`"))?;
            let text = json
                .as_str()
                .map_or_else(|| json.to_string(), str::to_owned);
            body.set(field, self.value(field.def().ty, &text)?);
        }
        let told = match row["told"].as_str() {
            Some(day) => day.parse().map_err(|_| format!("`{day}` is no date"))?,
            None => self.on,
        };
        let dataset = kind.covering_dataset().unwrap_or(kind.def().name);
        Ok(Item {
            body,
            valid: Period::ALWAYS,
            source: SourceId::new(row["source"].as_str().unwrap_or("civil")),
            dataset: DatasetId::new(dataset),
            key: NaturalKey(u128::from(self.line).to_be_bytes()),
            revision: Revision {
                business_date: told,
                sequence: 1,
            },
            origin: Origin {
                import: ImportId::from_uuid(Uuid::from_u128(7)),
                line: self.line,
            },
            disagreed: false,
        })
    }

    fn value(&self, ty: FieldType, text: &str) -> Described<Value> {
        let wrong = || format!("`{text}` is not a value of its field");
        Ok(match ty {
            FieldType::Money => Value::Money(Money::from_yuan_text(text).map_err(|_| wrong())?),
            FieldType::Code(list) => Value::Code(list.stored(text).ok_or_else(wrong)?),
            FieldType::Person => Value::Person(self.person(text)?),
            FieldType::Household => Value::Household(the_household()),
            FieldType::Flag => Value::Flag(text == "true"),
            FieldType::Count | FieldType::Months => {
                Value::Count(text.parse().map_err(|_| wrong())?)
            }
            _ => Value::from_json(ty, &Json::from(text)).ok_or_else(wrong)?,
        })
    }
}
