//! How the visible items of one kind become what is true of a subject.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use domain::dictionary::{Combine, KindDef};
use domain::household::Item;
use domain::record::SourceId;
use domain::value::{Body, Value};

/// How much a source is trusted for a kind; higher is more, unnamed is least.
pub(crate) fn trust(def: &KindDef, source: &SourceId) -> usize {
    let named = def.precedence.iter().rev();
    named
        .zip(1..)
        .find(|(name, _)| **name == source.as_str())
        .map_or(0, |(_, rank)| rank)
}

/// Chooses among items by the kind's rule and puts them in canonical order:
/// valid from, then key.
pub(crate) fn combine(def: &KindDef, items: Vec<Item>) -> Vec<Item> {
    let mut chosen = match def.combine {
        Combine::List => items,
        Combine::Latest => best_of_each(def, items, |_| (Vec::new(), None)),
        Combine::LatestPer(fields) => best_of_each(def, items, |item| {
            let values = fields.iter().map(|name| item.body.get(name).cloned());
            (values.collect(), None)
        }),
        Combine::Any => best_of_each(def, items, |item| (Vec::new(), Some(item.source.clone()))),
    };
    chosen.sort_by(|a, b| order(a).cmp(&order(b)));
    chosen
}

fn order(item: &Item) -> impl Ord + '_ {
    (item.valid.from, item.key, &item.source, &item.dataset)
}

/// What items compete for: values of the naming fields, and the source where
/// each source keeps its own.
type Slot = (Vec<Option<Value>>, Option<SourceId>);

fn best_of_each(def: &KindDef, items: Vec<Item>, slot_of: impl Fn(&Item) -> Slot) -> Vec<Item> {
    let mut slots: BTreeMap<Slot, Vec<Item>> = BTreeMap::new();
    for item in items {
        slots.entry(slot_of(&item)).or_default().push(item);
    }
    slots
        .into_values()
        .filter_map(|mut rivals| {
            rivals.sort_by(|a, b| preference(def, a).cmp(&preference(def, b)));
            let mut best = rivals.pop()?;
            best.disagreed = rivals
                .iter()
                .any(|other| other.source != best.source && contradict(&best.body, &other.body));
            Some(best)
        })
        .collect()
}

/// The greatest is chosen. Keys break ties so that the choice is the same
/// everywhere.
fn preference<'a>(def: &KindDef, item: &'a Item) -> impl Ord + use<'a> {
    (
        trust(def, &item.source),
        item.revision,
        Reverse((&item.source, &item.dataset, item.key)),
    )
}

/// Whether two bodies record different values in one field. A field that only
/// one of them records is no contradiction, nor is a county beside its village.
fn contradict(a: &Body, b: &Body) -> bool {
    a.fields()
        .any(|(field, left)| match (left, b.value(field)) {
            (_, None) => false,
            (Value::Division(x), Some(Value::Division(y))) => !x.contains(y) && !y.contains(x),
            (left, Some(right)) => left != right,
        })
}
