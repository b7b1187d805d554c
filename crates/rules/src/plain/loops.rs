//! The macros over lists and over the keys of maps.

use std::sync::Arc;

use super::compile::Loop;
use super::eval::{Evaluator, Got, Open, Stop, overload};
use super::value::Value;
use crate::expr::Each;

impl Evaluator<'_> {
    pub(crate) fn each(&mut self, each: &Loop, at: usize) -> Got {
        let range = self.value(&each.range)?;
        let items: Arc<Vec<Value>> = match &range {
            Value::List(items) => items.clone(),
            Value::Map(map) => {
                self.spend(map.len(), at)?;
                Arc::new(map.keys().map(super::value::Key::value).collect())
            }
            other => return Err(overload("macro", &[other], at)),
        };
        let slot = self.locals.len();
        self.locals.push(Value::Null);
        let got = match each.each {
            Each::All => self.quantified(each, &items, slot, false),
            Each::Exists => self.quantified(each, &items, slot, true),
            Each::ExistsOne | Each::Filter => self.filtered(each, &items, slot),
            Each::Map => self.mapped(each, &items, slot),
        };
        self.locals.truncate(slot);
        got
    }

    /// `all` is `&&` over the elements, `exists` is `||`.
    fn quantified(&mut self, each: &Loop, items: &[Value], slot: usize, decides: bool) -> Got {
        let mut open = Open::default();
        let mut failed = None;
        for item in items {
            self.locals[slot] = item.clone();
            match self.truth(&each.body)? {
                Ok(value) if value == decides => return Ok(Value::Bool(decides)),
                Ok(_) => {}
                Err(Stop::Unknown(facts)) => {
                    open.take(Err(Stop::Unknown(facts)))?;
                }
                Err(stop) => failed = failed.or(Some(stop)),
            }
        }
        open.close()?;
        failed.map_or(Ok(Value::Bool(!decides)), Err)
    }

    /// `filter`, and `exists_one` which counts what it leaves.
    fn filtered(&mut self, each: &Loop, items: &[Value], slot: usize) -> Got {
        let mut open = Open::default();
        let mut kept = Vec::new();
        for item in items {
            self.locals[slot] = item.clone();
            match self.truth(&each.body)? {
                Ok(true) => kept.push(item.clone()),
                Ok(false) => {}
                Err(stop) => {
                    open.take(Err(stop))?;
                }
            }
        }
        open.close()?;
        Ok(if each.each == Each::ExistsOne {
            Value::Bool(kept.len() == 1)
        } else {
            Value::List(Arc::new(kept))
        })
    }

    fn mapped(&mut self, each: &Loop, items: &[Value], slot: usize) -> Got {
        let mut open = Open::default();
        let mut values = Vec::new();
        for item in items {
            self.locals[slot] = item.clone();
            if let Some(only) = &each.only {
                match self.truth(only)? {
                    Ok(true) => {}
                    Ok(false) => continue,
                    Err(stop) => {
                        open.take(Err(stop))?;
                        continue;
                    }
                }
            }
            let got = self.value(&each.body);
            values.extend(open.take(got)?);
        }
        open.close()?;
        Ok(Value::List(Arc::new(values)))
    }
}
