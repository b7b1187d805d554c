//! From the YAML of a layout to positions and types, with every name checked.

use std::collections::{BTreeMap, BTreeSet};

use domain::code::CodeList;
use domain::dictionary::{DICTIONARY, FieldId, FieldType, Kind};
use domain::value::Value;

use super::text::{
    ColumnText, CoverageText, EmitText, HeadText, LayoutText, MadeText, OperationText, PlaceText,
    SourceText, TypeText,
};
use super::{
    Bad, Column, DefaultFrom, Emit, Head, KeyPart, Layout, LayoutError, Need, Operation, Place,
    ReadAs, Source, Valid, When,
};

/// The names a layout may refer to.
pub(super) struct Names<'a> {
    columns: Vec<&'a str>,
    places: Vec<&'a str>,
}

fn unknown(what: &'static str, name: &str) -> LayoutError {
    LayoutError::Unknown {
        what,
        name: name.to_owned(),
    }
}

impl Names<'_> {
    pub(super) fn column(&self, name: &str) -> Result<usize, LayoutError> {
        let position = self.columns.iter().position(|column| *column == name);
        position.ok_or_else(|| unknown("column", name))
    }

    pub(super) fn columns(&self, names: &[String]) -> Result<Vec<usize>, LayoutError> {
        names.iter().map(|name| self.column(name)).collect()
    }

    fn maybe(&self, name: Option<&String>) -> Result<Option<usize>, LayoutError> {
        name.map(|name| self.column(name)).transpose()
    }

    fn place(&self, name: &str) -> Result<usize, LayoutError> {
        let position = self.places.iter().position(|place| *place == name);
        position.ok_or_else(|| unknown("place", name))
    }
}

pub(super) fn compile(text: LayoutText) -> Result<Layout, LayoutError> {
    refuse_twice(&text)?;
    let column_names: Vec<String> = text.columns.iter().map(|c| c.name.clone()).collect();
    let place_names: Vec<String> = text.places.keys().cloned().collect();
    let names = Names {
        columns: column_names.iter().map(String::as_str).collect(),
        places: place_names.iter().map(String::as_str).collect(),
    };
    let lists = lists_of(&text)?;
    let mut columns = text
        .columns
        .into_iter()
        .map(|column| compile_column(column, &lists, &names))
        .collect::<Result<Vec<_>, _>>()?;
    let mut emits = Vec::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for emit in text.emit {
        emits.push(compile_emit(emit, &columns, &names, &mut groups)?);
    }
    let person = names.column(&text.person)?;
    for column in emits.iter().flat_map(key_columns).chain([person]) {
        columns[column].in_key = true;
    }
    Ok(Layout {
        namespace: text.namespace.unwrap_or_else(|| text.source.clone()),
        person,
        without_id: text
            .without_id
            .iter()
            .map(|group| names.columns(group))
            .collect::<Result<_, _>>()?,
        never_reject: text.never_reject,
        household: names.maybe(text.household.as_ref())?,
        operation: text.operation.map(|o| operation(o, &names)).transpose()?,
        head: text.head.map(|h| head(&h, &names)).transpose()?,
        covered_by: text.coverage.map(|c| covered_by(&c, &names)).transpose()?,
        yuan_total: names.maybe(text.yuan_total.as_ref())?,
        places: text
            .places
            .values()
            .map(|p| place(p, &names))
            .collect::<Result<_, LayoutError>>()?,
        checks: text
            .checks
            .into_iter()
            .map(|c| c.resolve(&names))
            .collect::<Result<_, _>>()?,
        dataset: text.layout,
        source: text.source,
        title: text.title,
        list: text.list,
        title_rows: text.title_rows,
        total: text.total,
        columns,
        ignored: text.ignore,
        emits,
    })
}

/// Columns whose values are part of the natural key.
fn key_columns(emit: &Emit) -> Vec<usize> {
    let column = |part: &KeyPart| match part {
        KeyPart::Column(column) => Some(*column),
        KeyPart::Constant(_) => None,
    };
    emit.key.iter().filter_map(column).collect()
}

fn place(text: &PlaceText, names: &Names<'_>) -> Result<Place, LayoutError> {
    Ok(Place {
        township: names.column(&text.township)?,
        village: names.column(&text.village)?,
        code: names.maybe(text.code.as_ref())?,
    })
}

fn operation(text: OperationText, names: &Names<'_>) -> Result<Operation, LayoutError> {
    Ok(Operation {
        column: names.column(&text.column)?,
        says: text.says,
        retracts: text.retracts,
    })
}

fn head(text: &HeadText, names: &Names<'_>) -> Result<Head, LayoutError> {
    Ok(Head {
        kinship: names.column(&text.kinship)?,
        id: names.column(&text.id)?,
    })
}

fn covered_by(text: &CoverageText, names: &Names<'_>) -> Result<(usize, usize), LayoutError> {
    Ok((names.column(&text.part)?, names.column(&text.month)?))
}

fn refuse_twice(text: &LayoutText) -> Result<(), LayoutError> {
    let mut seen = BTreeSet::new();
    let names = text
        .columns
        .iter()
        .flat_map(|c| std::iter::once(&c.name).chain(&c.aliases));
    for name in names.chain(&text.ignore) {
        if !seen.insert(name) {
            return Err(LayoutError::Twice(name.clone()));
        }
    }
    Ok(())
}

/// Code lists by column: those of the fields that columns fill.
fn lists_of(text: &LayoutText) -> Result<BTreeMap<String, &'static CodeList>, LayoutError> {
    let mut lists = BTreeMap::new();
    for emit in &text.emit {
        let kind = Kind::named(&emit.kind).ok_or_else(|| unknown("kind", &emit.kind))?;
        for (field, source) in &emit.fields {
            let def = kind
                .field(field)
                .ok_or_else(|| unknown("field", field))?
                .def();
            if let (FieldType::Code(list), SourceText::Column(column)) = (def.ty, source) {
                lists.insert(column.clone(), list);
            }
        }
    }
    Ok(lists)
}

fn list_named(name: &str) -> Option<&'static CodeList> {
    let mut fields = DICTIONARY.iter().flat_map(|kind| kind.fields);
    fields.find_map(|field| match field.ty {
        FieldType::Code(list) if list.name == name => Some(list),
        _ => None,
    })
}

fn compile_column(
    text: ColumnText,
    lists: &BTreeMap<String, &'static CodeList>,
    names: &Names<'_>,
) -> Result<Column, LayoutError> {
    let wrong = |problem| LayoutError::Option {
        column: text.name.clone(),
        problem,
    };
    if text.unit.is_some() != matches!(text.ty, TypeText::Money) {
        return Err(wrong("an amount has a unit, and nothing else has"));
    }
    let read = match text.ty {
        TypeText::Text => ReadAs::Text,
        TypeText::Number => ReadAs::Number,
        TypeText::Name => ReadAs::Name,
        TypeText::Phone => ReadAs::Phone,
        TypeText::Address => ReadAs::Address,
        TypeText::Id => ReadAs::Id,
        TypeText::Certificate => ReadAs::Certificate,
        TypeText::Division => ReadAs::Division,
        TypeText::Date => ReadAs::Date,
        TypeText::Recent => ReadAs::Recent,
        TypeText::Term => ReadAs::Term,
        TypeText::Until => ReadAs::Until,
        TypeText::Month => ReadAs::Month,
        TypeText::Money => ReadAs::Money,
        TypeText::Count => ReadAs::Count,
        TypeText::Flag => ReadAs::Flag,
        TypeText::Choice if text.choices.is_empty() => return Err(wrong("a choice needs choices")),
        TypeText::Choice => ReadAs::Choice(text.choices.clone()),
        TypeText::Code => {
            let named = match &text.list {
                Some(name) => Some(list_named(name).ok_or_else(|| unknown("code list", name))?),
                None => lists.get(&text.name).copied(),
            };
            ReadAs::Code(named.ok_or_else(|| wrong("a code needs a list or a field that has one"))?)
        }
    };
    let default_from = text.default_from.as_ref().map(|d| {
        Ok::<_, LayoutError>(DefaultFrom {
            column: names.column(&d.column)?,
            when: names.column(&d.when)?,
            is: d.is.clone(),
            unless: names.column(&d.unless)?,
        })
    });
    let bad = text.bad.unwrap_or(if text.required == Need::Value {
        Bad::Reject
    } else {
        Bad::Warn
    });
    Ok(Column {
        default_from: default_from.transpose()?,
        placeholder: text.placeholder.unwrap_or(bad),
        bad,
        read,
        need: text.required,
        fill: text.fill,
        negative: text.negative,
        past: text.past,
        in_key: false,
        name: text.name,
        aliases: text.aliases,
    })
}

fn compile_emit(
    text: EmitText,
    columns: &[Column],
    names: &Names<'_>,
    groups: &mut Vec<Vec<usize>>,
) -> Result<Emit, LayoutError> {
    let kind = Kind::named(&text.kind).ok_or_else(|| unknown("kind", &text.kind))?;
    let key = text.key.iter().map(|part| match part.strip_prefix('=') {
        Some(constant) => Ok(KeyPart::Constant(constant.to_owned())),
        None => names.column(part).map(KeyPart::Column),
    });
    let key = key.collect::<Result<Vec<_>, LayoutError>>()?;
    let key_columns: Vec<usize> = key
        .iter()
        .filter_map(|part| match part {
            KeyPart::Column(column) => Some(*column),
            KeyPart::Constant(_) => None,
        })
        .collect();
    let mut group_of = |key_columns: Vec<usize>| {
        let known = groups.iter().position(|group| *group == key_columns);
        let position = known.unwrap_or_else(|| {
            groups.push(key_columns);
            groups.len() - 1
        });
        u8::try_from(position).ok()
    };
    let when = text.when.map(|when| {
        Ok::<_, LayoutError>(When {
            column: names.column(&when.column)?,
            says: when.says,
            retracts: when.retracts,
        })
    });
    let mut fields = Vec::new();
    for (name, source) in text.fields {
        let field = kind.field(&name).ok_or_else(|| unknown("field", &name))?;
        fields.push((field, compile_source(field, source, columns, names)?));
    }
    Ok(Emit {
        kind,
        only: text.only,
        group: if text.repeats {
            None
        } else {
            group_of(key_columns)
        },
        key,
        needs: names.columns(&text.needs)?,
        keep_blank: text.keep_blank,
        when: when.transpose()?,
        valid: Valid {
            from: names.columns(&text.valid.from)?,
            until: match &text.valid.until {
                Some(until) => names.columns(until.names())?,
                None => Vec::new(),
            },
            month: names.maybe(text.valid.month.as_ref())?,
        },
        fields,
    })
}

/// What a layout asks of a field that cannot take it.
fn misfit(field: FieldId, from: &str) -> LayoutError {
    LayoutError::Type {
        field: field.def().name.to_owned(),
        from: from.to_owned(),
    }
}

/// A source whose values the field can take, so that filling it cannot fail.
fn compile_source(
    field: FieldId,
    source: SourceText,
    columns: &[Column],
    names: &Names<'_>,
) -> Result<Source, LayoutError> {
    let ty = field.def().ty;
    let typed = |name: &str| {
        let column = names.column(name)?;
        if fits(&columns[column].read, ty) {
            Ok(column)
        } else {
            Err(misfit(field, name))
        }
    };
    let all = |list: &[String]| -> Result<Vec<usize>, LayoutError> {
        list.iter().map(|name| typed(name)).collect()
    };
    let made = match source {
        SourceText::Column(name) => {
            let column = typed(&name)?;
            return Ok(match ty {
                FieldType::Person => Source::Person(column),
                FieldType::Household => Source::Household(column),
                _ => Source::Column(column),
            });
        }
        SourceText::Made(made) => made,
    };
    match made {
        MadeText::Is(text) => constant(ty, &text).ok_or_else(|| misfit(field, &text)),
        MadeText::First(list) => all(&list).map(Source::First),
        MadeText::Less { column, minus } => Ok(Source::Less {
            parts: all(minus.names())?,
            whole: typed(&column)?,
        }),
        MadeText::Refund(name) => typed(&name).map(Source::Refund),
        MadeText::SexOf(name) if matches!(ty, FieldType::Code(list) if list.name == "sex") => {
            Ok(Source::SexOf(names.column(&name)?))
        }
        MadeText::BirthOf(name) if matches!(ty, FieldType::Date) => {
            Ok(Source::BirthOf(names.column(&name)?))
        }
        MadeText::Place(name) if matches!(ty, FieldType::Division) => {
            Ok(Source::Place(names.place(&name)?))
        }
        MadeText::Within(name) if matches!(ty, FieldType::Flag) => {
            Ok(Source::Within(names.place(&name)?))
        }
        MadeText::SexOf(name)
        | MadeText::BirthOf(name)
        | MadeText::Place(name)
        | MadeText::Within(name) => Err(misfit(field, &name)),
    }
}

/// One value for every row.
fn constant(ty: FieldType, text: &str) -> Option<Source> {
    let value = match ty {
        FieldType::Code(list) => list.stored(text).map(Value::Code),
        FieldType::Flag => text.parse().ok().map(Value::Flag),
        FieldType::Text => Some(Value::Text(text.into())),
        _ => None,
    };
    value.map(Source::Constant)
}

fn fits(read: &ReadAs, ty: FieldType) -> bool {
    match (read, ty) {
        (ReadAs::Code(list), FieldType::Code(wanted)) => std::ptr::eq(*list, wanted),
        (
            ReadAs::Text
            | ReadAs::Number
            | ReadAs::Name
            | ReadAs::Phone
            | ReadAs::Address
            | ReadAs::Certificate,
            FieldType::Text,
        )
        | (ReadAs::Id, FieldType::Person)
        | (ReadAs::Number, FieldType::Household)
        | (ReadAs::Division, FieldType::Division)
        | (ReadAs::Date | ReadAs::Recent | ReadAs::Until, FieldType::Date)
        | (ReadAs::Month, FieldType::Month)
        | (ReadAs::Money, FieldType::Money)
        | (ReadAs::Term, FieldType::Months)
        | (ReadAs::Count, FieldType::Count | FieldType::Months)
        | (ReadAs::Flag, FieldType::Flag) => true,
        _ => false,
    }
}
