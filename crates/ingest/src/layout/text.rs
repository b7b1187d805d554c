//! A layout as YAML writes it. Unknown keys are refused, so a misspelt option
//! never silently does nothing.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LayoutText {
    pub(super) layout: String,
    pub(super) source: String,
    pub(super) title: String,
    pub(super) list: super::ListKind,
    #[serde(default)]
    pub(super) title_rows: u8,
    pub(super) namespace: Option<String>,
    pub(super) person: String,
    #[serde(default)]
    pub(super) without_id: Vec<Vec<String>>,
    #[serde(default)]
    pub(super) never_reject: bool,
    pub(super) household: Option<String>,
    pub(super) operation: Option<OperationText>,
    pub(super) head: Option<HeadText>,
    pub(super) coverage: Option<CoverageText>,
    pub(super) yuan_total: Option<String>,
    pub(super) total: Option<super::TotalRow>,
    pub(super) columns: Vec<ColumnText>,
    #[serde(default)]
    pub(super) ignore: Vec<String>,
    #[serde(default)]
    pub(super) places: BTreeMap<String, PlaceText>,
    #[serde(default)]
    pub(super) checks: Vec<super::Check<String>>,
    pub(super) emit: Vec<EmitText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperationText {
    pub(super) column: String,
    pub(super) says: Vec<String>,
    pub(super) retracts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadText {
    pub(super) kinship: String,
    pub(super) id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CoverageText {
    pub(super) part: String,
    pub(super) month: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceText {
    pub(super) township: String,
    pub(super) village: String,
    pub(super) code: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TypeText {
    Text,
    Number,
    Name,
    Phone,
    Address,
    Id,
    Certificate,
    Division,
    Date,
    Recent,
    Term,
    Until,
    Month,
    Money,
    Count,
    Flag,
    Code,
    Choice,
}

/// What the amounts of a column are per. All are yuan; the word is there so
/// that a reader of the layout need not guess.
#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UnitText {
    Yuan,
    YuanMonth,
    YuanYear,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnText {
    pub(super) name: String,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    #[serde(rename = "type")]
    pub(super) ty: TypeText,
    pub(super) list: Option<String>,
    #[serde(default)]
    pub(super) choices: BTreeMap<String, Vec<String>>,
    pub(super) unit: Option<UnitText>,
    #[serde(default)]
    pub(super) required: super::Need,
    pub(super) bad: Option<super::Bad>,
    pub(super) placeholder: Option<super::Bad>,
    #[serde(default)]
    pub(super) fill: super::Fill,
    #[serde(default)]
    pub(super) negative: bool,
    #[serde(default)]
    pub(super) past: bool,
    pub(super) default_from: Option<DefaultText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DefaultText {
    pub(super) column: String,
    pub(super) when: String,
    pub(super) is: Vec<String>,
    pub(super) unless: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EmitText {
    pub(super) kind: String,
    #[serde(default)]
    pub(super) only: super::Only,
    pub(super) key: Vec<String>,
    #[serde(default)]
    pub(super) needs: Vec<String>,
    #[serde(default)]
    pub(super) keep_blank: bool,
    #[serde(default)]
    pub(super) repeats: bool,
    pub(super) when: Option<WhenText>,
    #[serde(default)]
    pub(super) valid: ValidText,
    pub(super) fields: BTreeMap<String, SourceText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhenText {
    pub(super) column: String,
    pub(super) says: Vec<String>,
    pub(super) retracts: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValidText {
    #[serde(default)]
    pub(super) from: Vec<String>,
    pub(super) until: Option<OneOrMore>,
    pub(super) month: Option<String>,
}

/// One column, or several of which the first that is known counts.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub(super) fn names(&self) -> &[String] {
        match self {
            OneOrMore::One(name) => std::slice::from_ref(name),
            OneOrMore::More(names) => names,
        }
    }
}

/// Where a field's value comes from: a column, or a named transform.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum SourceText {
    Column(String),
    Made(MadeText),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(super) enum MadeText {
    /// A constant.
    Is(String),
    /// The first of several columns that is not blank.
    First(Vec<String>),
    /// The sex inside an identity number.
    SexOf(String),
    /// The birth date inside an identity number.
    BirthOf(String),
    /// A named place, as precisely as its names are known.
    Place(String),
    /// Whether that place lies in the batch's scope: yes, or not recorded.
    Within(String),
    /// Refund flag, or negative amounts.
    Refund(String),
    /// A column without its “其中” parts.
    #[serde(untagged)]
    Less { column: String, minus: OneOrMore },
}
