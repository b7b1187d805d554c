//! Values of facts and the body of a record, encoded by the dictionary.

use serde_json::Value as Json;

use crate::dictionary::{FieldId, FieldType, Kind};
use crate::ids::{HouseholdId, PersonId};
use crate::money::Money;
use crate::region::DivisionCode;
use crate::time::{Date, Month};

/// One value. Its type is the field's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Free text.
    Text(Box<str>),
    /// A code of the field's list.
    Code(&'static str),
    /// Fen.
    Money(Money),
    /// Civil date.
    Date(Date),
    /// Calendar month.
    Month(Month),
    /// A count or a number of months.
    Count(i64),
    /// Yes or no.
    Flag(bool),
    /// A division.
    Division(DivisionCode),
    /// Another person.
    Person(PersonId),
    /// A household.
    Household(HouseholdId),
}

impl Value {
    fn fits(&self, ty: FieldType) -> bool {
        match (self, ty) {
            (Value::Code(code), FieldType::Code(list)) => list.stored(code).is_some(),
            (Value::Text(_), FieldType::Text)
            | (Value::Money(_), FieldType::Money)
            | (Value::Date(_), FieldType::Date)
            | (Value::Month(_), FieldType::Month)
            | (Value::Count(_), FieldType::Count | FieldType::Months)
            | (Value::Flag(_), FieldType::Flag)
            | (Value::Division(_), FieldType::Division)
            | (Value::Person(_), FieldType::Person)
            | (Value::Household(_), FieldType::Household) => true,
            _ => false,
        }
    }

    /// As JSON: money integer fen, dates and ids text.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Text(text) => Json::from(&**text),
            Value::Code(code) => Json::from(*code),
            Value::Money(money) => Json::from(money.as_fen()),
            Value::Date(date) => Json::from(date.to_string()),
            Value::Month(month) => Json::from(month.to_string()),
            Value::Count(count) => Json::from(*count),
            Value::Flag(flag) => Json::from(*flag),
            Value::Division(code) => Json::from(code.as_str()),
            Value::Person(id) => Json::from(id.to_string()),
            Value::Household(id) => Json::from(id.to_string()),
        }
    }

    /// Inverse of [`Value::to_json`] for a field of type `ty`.
    pub fn from_json(ty: FieldType, json: &Json) -> Option<Value> {
        Some(match ty {
            FieldType::Text => Value::Text(json.as_str()?.into()),
            FieldType::Code(list) => Value::Code(list.stored(json.as_str()?)?),
            FieldType::Money => Value::Money(Money::from_fen(json.as_i64()?)),
            FieldType::Date => Value::Date(json.as_str()?.parse().ok()?),
            FieldType::Month => Value::Month(json.as_str()?.parse().ok()?),
            FieldType::Count | FieldType::Months => Value::Count(json.as_i64()?),
            FieldType::Flag => Value::Flag(json.as_bool()?),
            FieldType::Division => Value::Division(DivisionCode::parse(json.as_str()?)?),
            FieldType::Person => Value::Person(json.as_str()?.parse().ok()?),
            FieldType::Household => Value::Household(json.as_str()?.parse().ok()?),
        })
    }
}

/// The facts of one record: for its kind, one optional value per field.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Body {
    kind: Kind,
    values: Box<[Option<Value>]>,
}

/// Why stored bytes are not a body. Only damage can cause it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not JSON of the right shape.
    #[error("the body is not an object with a known kind")]
    Malformed,
    /// A field that the dictionary does not have or whose value does not fit.
    #[error("field `{0}` does not fit the dictionary")]
    Field(String),
}

impl Body {
    /// An empty body of a kind.
    pub fn new(kind: Kind) -> Body {
        Body {
            kind,
            values: vec![None; kind.def().fields.len()].into_boxed_slice(),
        }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Sets a field. Panics when the value's type is not the field's: callers
    /// have just parsed it by that type.
    pub fn set(&mut self, field: FieldId, value: Value) {
        assert!(
            field.kind == self.kind && value.fits(field.def().ty),
            "{} takes another type",
            field.def().name
        );
        self.values[usize::from(field.position)] = Some(value);
    }

    /// [`Body::set`] by name, for code that builds bodies by hand.
    #[must_use]
    pub fn with(mut self, field: &str, value: Value) -> Body {
        let field = self.kind.field(field).expect("a field of this kind");
        self.set(field, value);
        self
    }

    /// The value of a field, if recorded.
    pub fn value(&self, field: FieldId) -> Option<&Value> {
        if field.kind == self.kind {
            self.values[usize::from(field.position)].as_ref()
        } else {
            None
        }
    }

    /// The value of a named field, if recorded.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.value(self.kind.field(field)?)
    }

    /// A text field.
    pub fn text(&self, field: &str) -> Option<&str> {
        if let Some(Value::Text(text)) = self.get(field) {
            Some(text)
        } else {
            None
        }
    }

    /// A code field.
    pub fn code(&self, field: &str) -> Option<&'static str> {
        if let Some(Value::Code(code)) = self.get(field) {
            Some(code)
        } else {
            None
        }
    }

    /// A money field.
    pub fn money(&self, field: &str) -> Option<Money> {
        if let Some(Value::Money(money)) = self.get(field) {
            Some(*money)
        } else {
            None
        }
    }

    /// A date field.
    pub fn date(&self, field: &str) -> Option<Date> {
        if let Some(Value::Date(date)) = self.get(field) {
            Some(*date)
        } else {
            None
        }
    }

    /// A month field.
    pub fn month(&self, field: &str) -> Option<Month> {
        if let Some(Value::Month(month)) = self.get(field) {
            Some(*month)
        } else {
            None
        }
    }

    /// A count field.
    pub fn count(&self, field: &str) -> Option<i64> {
        if let Some(Value::Count(count)) = self.get(field) {
            Some(*count)
        } else {
            None
        }
    }

    /// A flag field.
    pub fn flag(&self, field: &str) -> Option<bool> {
        if let Some(Value::Flag(flag)) = self.get(field) {
            Some(*flag)
        } else {
            None
        }
    }

    /// A division field.
    pub fn division(&self, field: &str) -> Option<DivisionCode> {
        if let Some(Value::Division(code)) = self.get(field) {
            Some(*code)
        } else {
            None
        }
    }

    /// A person field.
    pub fn person(&self, field: &str) -> Option<PersonId> {
        if let Some(Value::Person(id)) = self.get(field) {
            Some(*id)
        } else {
            None
        }
    }

    /// A household field.
    pub fn household(&self, field: &str) -> Option<HouseholdId> {
        if let Some(Value::Household(id)) = self.get(field) {
            Some(*id)
        } else {
            None
        }
    }

    /// The recorded fields in dictionary order.
    pub fn fields(&self) -> impl Iterator<Item = (FieldId, &Value)> {
        let kind = self.kind;
        self.values
            .iter()
            .enumerate()
            .filter_map(move |(position, value)| {
                let position = u8::try_from(position).ok()?;
                value
                    .as_ref()
                    .map(|value| (FieldId { kind, position }, value))
            })
    }

    /// As canonical JSON: `{"kind":…,"fields":{…}}`, fields in name order.
    pub fn to_json(&self) -> Json {
        let fields: serde_json::Map<String, Json> = self
            .fields()
            .map(|(field, value)| (field.def().name.to_owned(), value.to_json()))
            .collect();
        serde_json::json!({ "kind": self.kind.def().name, "fields": fields })
    }

    /// Inverse of [`Body::to_json`].
    pub fn from_json(json: &Json) -> Result<Body, BodyError> {
        let kind = json
            .get("kind")
            .and_then(Json::as_str)
            .and_then(Kind::named)
            .ok_or(BodyError::Malformed)?;
        let fields = json
            .get("fields")
            .and_then(Json::as_object)
            .ok_or(BodyError::Malformed)?;
        let mut body = Body::new(kind);
        for (name, json) in fields {
            let bad = || BodyError::Field(name.clone());
            let field = kind.field(name).ok_or_else(bad)?;
            body.set(
                field,
                Value::from_json(field.def().ty, json).ok_or_else(bad)?,
            );
        }
        Ok(body)
    }
}

/// Shows the kind and which fields are recorded, never their values.
impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.fields().map(|(field, _)| field.def().name).collect();
        write!(f, "Body({} {names:?})", self.kind.def().name)
    }
}

impl serde::Serialize for Body {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(s)
    }
}

impl<'de> serde::Deserialize<'de> for Body {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Body, D::Error> {
        let json = Json::deserialize(d)?;
        Body::from_json(&json).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_body_reads_back_and_debug_is_silent() {
        let body = Body::new(Kind::DisabilityCertificate)
            .with("category", Value::Code("limb"))
            .with("grade", Value::Code("2"))
            .with("issued_on", Value::Date(date(2026, 11, 6)));
        assert_eq!(Body::from_json(&body.to_json()), Ok(body.clone()));
        assert_eq!(
            format!("{body:?}"),
            r#"Body(disability_certificate ["category", "grade", "issued_on"])"#
        );
    }

    #[test]
    #[should_panic(expected = "takes another type")]
    fn a_code_of_another_list_is_refused() {
        let _ = Body::new(Kind::DisabilityCertificate).with("grade", Value::Code("limb"));
    }
}
