//! Layouts are checked as data: names, types, and that nothing is read in vain.

use std::collections::BTreeSet;

use super::{Check, IdentityCheck, KeyPart, Layout, LayoutError, Source, layout_for};

#[test]
fn every_built_in_layout_loads_and_is_found_by_its_dataset() {
    let datasets: Vec<&str> = Layout::builtin().iter().map(Layout::dataset).collect();
    assert_eq!(
        datasets,
        [
            "civil_register",
            "payments",
            "medical_settlements",
            "disability_register",
            "deaths_police",
            "deaths_funeral",
            "leads",
            "restricted_liberty",
            "vehicles",
            "social_security",
            "hukou_elders",
            "incidents",
            "care_plans",
            "visits"
        ]
    );
    for dataset in datasets {
        assert_eq!(layout_for(dataset).map(Layout::dataset), Some(dataset));
    }
    assert!(layout_for("no_such_list").is_none());
    let snapshots: Vec<bool> = Layout::builtin().iter().map(Layout::is_snapshot).collect();
    assert_eq!(
        snapshots,
        [
            true, false, false, true, false, false, false, false, true, false, false, false, true,
            false
        ]
    );
}

#[test]
fn what_is_not_used_is_not_read() {
    for layout in Layout::builtin() {
        let used = used_columns(layout);
        let idle: Vec<&str> = (0..layout.columns.len())
            .filter(|c| !used.contains(c))
            .map(|c| layout.name(c))
            .collect();
        assert!(
            idle.is_empty(),
            "{}: {idle:?} should be ignored",
            layout.dataset
        );
    }
}

#[test]
fn accounts_are_never_read() {
    let payments = layout_for("payments").unwrap();
    for account in ["银行账号", "开户银行", "代领人"] {
        assert!(
            payments.column_named(account).is_none()
                && payments.ignored.iter().any(|i| i == account)
        );
    }
}

#[test]
fn mistakes_in_a_layout_are_refused_by_name() {
    let yaml = |column: &str, emit: &str| {
        format!(
            "layout: x\nsource: x\ntitle: x\nlist: events\nperson: 号\ncolumns:\n  - {{ name: 号, type: id, required: value }}\n  - {column}\nemit:\n  - {emit}\n"
        )
    };
    let death = "{ kind: death, key: [号], fields: { died_on: 日 } }";
    let day = "{ name: 日, type: date }";
    assert!(Layout::parse(&yaml(day, death)).is_ok());
    let refused = |column: &str, emit: &str| Layout::parse(&yaml(column, emit)).unwrap_err();
    assert!(matches!(
        refused("{ name: 日, type: text }", death),
        LayoutError::Type { .. }
    ));
    assert!(matches!(
        refused("{ name: 号, type: date }", death),
        LayoutError::Twice(_)
    ));
    assert!(matches!(
        refused("{ name: 日, type: date, unit: yuan }", death),
        LayoutError::Option { .. }
    ));
    assert!(matches!(
        refused("{ name: 日, type: date, colour: red }", death),
        LayoutError::Yaml(_)
    ));
    let unknown = |emit: &str| match refused(day, emit) {
        LayoutError::Unknown { what, .. } => what,
        other => panic!("{other}"),
    };
    assert_eq!(
        unknown("{ kind: birth, key: [号], fields: { died_on: 日 } }"),
        "kind"
    );
    assert_eq!(
        unknown("{ kind: death, key: [号], fields: { died: 日 } }"),
        "field"
    );
    assert_eq!(
        unknown("{ kind: death, key: [键], fields: { died_on: 日 } }"),
        "column"
    );
}

/// Columns that some fact, check or key of the layout uses.
fn used_columns(layout: &Layout) -> BTreeSet<usize> {
    let mut used = BTreeSet::from([layout.person]);
    used.extend(layout.household);
    used.extend(layout.operation.iter().map(|o| o.column));
    used.extend(layout.head.iter().flat_map(|h| [h.kinship, h.id]));
    used.extend(
        layout
            .columns
            .iter()
            .filter_map(|c| c.default_from.as_ref())
            .flat_map(|d| [d.column, d.when, d.unless]),
    );
    for place in &layout.places {
        used.extend(
            [Some(place.township), Some(place.village), place.code]
                .into_iter()
                .flatten(),
        );
    }
    for emit in &layout.emits {
        used.extend(emit.when.iter().map(|w| w.column));
        used.extend(emit.key.iter().filter_map(|part| {
            if let KeyPart::Column(c) = part {
                Some(*c)
            } else {
                None
            }
        }));
        used.extend(emit.valid.from.iter().chain(&emit.valid.until));
        used.extend(emit.valid.month);
        for (_, source) in &emit.fields {
            match source {
                Source::Column(c)
                | Source::SexOf(c)
                | Source::BirthOf(c)
                | Source::Refund(c)
                | Source::Person(c)
                | Source::Household(c) => used.extend([*c]),
                Source::First(list) => used.extend(list),
                Source::Less { whole, part } => used.extend([*whole, *part]),
                Source::Constant(_) | Source::Place(_) | Source::Within(_) => {}
            }
        }
    }
    for check in &layout.checks {
        match check {
            Check::Document { column, .. } => used.extend([*column]),
            Check::Identity(IdentityCheck {
                birth,
                sex,
                age,
                name,
                other_name,
                ..
            }) => used.extend(
                [*birth, *sex, *age, *name, *other_name]
                    .into_iter()
                    .flatten(),
            ),
            Check::Refund { original, .. } => used.extend([*original]),
            _ => {}
        }
    }
    used
}
