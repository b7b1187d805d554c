//! One line of NDJSON to texts by key. Numbers stay exact: an integer is taken
//! digit by digit, anything with a decimal point must be sent as text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::note::Code;

/// A value as text, or the code of what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Blank,
    Text(String),
    Integer(String),
    Wrong(Code),
}

/// The keys and values of one object in their order.
#[derive(Debug, Default)]
pub(crate) struct Object {
    pub(crate) entries: Vec<(String, Scalar)>,
    pub(crate) duplicate: bool,
}

/// Reads one line that must hold exactly one object.
pub(crate) fn object(line: &str) -> Result<Object, Code> {
    let mut reader = serde_json::Deserializer::from_str(line);
    let object = Object::deserialize(&mut reader).map_err(|_| "json.syntax")?;
    reader.end().map_err(|_| "json.trailing")?;
    Ok(object)
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut object = Object::default();
        while let Some((key, value)) = map.next_entry::<String, Scalar>()? {
            object.duplicate |= object.entries.iter().any(|(known, _)| *known == key);
            // A line is bounded, so the number of its keys is.
            object.entries.push((key, value));
        }
        Ok(object)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Blank)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Text(if value { "是" } else { "否" }.to_owned()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(value.to_string()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Scalar, E> {
        Ok(Scalar::Wrong("json.number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(Scalar::Wrong("json.nested"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map
            .next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?
            .is_some()
        {}
        Ok(Scalar::Wrong("json.nested"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_lines() {
        let table = [
            (r#"{"a":1}{"b":2}"#, "json.trailing"),
            (r"{'a':1}", "json.syntax"),
            (r#"{"a":1,}"#, "json.syntax"),
            (r#"{"a":NaN}"#, "json.syntax"),
            (r"[1]", "json.syntax"),
            ("", "json.syntax"),
        ];
        for (line, code) in table {
            assert_eq!(object(line).err(), Some(code), "{line}");
        }
        assert!(object(r#"{"a":1,"a":1}"#).unwrap().duplicate);
        assert!(object(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn numbers_stay_exact_or_are_refused() {
        let object =
            object(r#"{"a":329903198209140133,"b":1340.00,"c":[1],"d":null,"e":true}"#).unwrap();
        let values: Vec<&Scalar> = object.entries.iter().map(|(_, v)| v).collect();
        assert_eq!(values[0], &Scalar::Integer("329903198209140133".to_owned()));
        assert_eq!(
            values[1..4],
            [
                &Scalar::Wrong("json.number"),
                &Scalar::Wrong("json.nested"),
                &Scalar::Blank
            ]
        );
        assert_eq!(values[4], &Scalar::Text("是".to_owned()));
    }
}
