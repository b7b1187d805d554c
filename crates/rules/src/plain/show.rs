//! A value as JSON.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::error::Trouble;
use super::eval::Stop;
use super::value::{Key, Value};

/// Values and bytes of text of one result, in units of one.
const SHOWN_MAX: usize = 4 * 1024 * 1024;

/// The JSON of a value, or the facts that it lacks.
pub(crate) fn shown(value: &Value, at: usize) -> Result<Json, Stop> {
    let mut left = SHOWN_MAX;
    let mut facts = BTreeSet::new();
    match json(value, &mut left, &mut facts) {
        Err(trouble) => Err(Stop::Limit(trouble.at(at, ""))),
        Ok(_) if !facts.is_empty() => Err(Stop::Unknown(facts)),
        Ok(json) => Ok(json),
    }
}

/// An error when it is larger than what is left. Parts may be shared, so that a
/// small value is a huge text.
fn json(value: &Value, left: &mut usize, facts: &mut BTreeSet<String>) -> Result<Json, Trouble> {
    let size = match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    };
    *left = left.checked_sub(size + 1).ok_or(Trouble::TooLarge)?;
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Uint(value) => Json::from(*value),
        Value::Double(value) if value.is_finite() => Json::from(*value),
        Value::Double(value) => Json::from(double(*value)),
        Value::Text(text) => Json::from(text.as_ref()),
        Value::Bytes(bytes) => Json::from(STANDARD.encode(bytes)),
        Value::Type(name) => Json::from(*name),
        Value::List(items) => {
            let items = items.iter().map(|item| json(item, left, facts));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Map(map) => {
            let mut object = Map::new();
            for (key, item) in map.iter() {
                let name = match key {
                    Key::Bool(value) => value.to_string(),
                    Key::Int(value) => value.to_string(),
                    Key::Uint(value) => value.to_string(),
                    Key::Text(text) => text.to_string(),
                };
                *left = left.checked_sub(name.len()).ok_or(Trouble::TooLarge)?;
                // 1 and "1" are two keys of CEL and one of JSON.
                if object.insert(name, json(item, left, facts)?).is_some() {
                    return Err(Trouble::DuplicateKey);
                }
            }
            Json::Object(object)
        }
        Value::Unknown(path) => {
            facts.insert(path.to_string());
            Json::Null
        }
    })
}

/// The text of a double: the shortest that reads back as the same.
pub(crate) fn double(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value == f64::INFINITY {
        "Infinity".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Infinity".to_owned()
    } else {
        value.to_string()
    }
}
