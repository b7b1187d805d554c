//! Checks across the cells of one row, named by layouts.

use serde::Deserialize;

use super::LayoutError;
use super::compile::Names;

/// A named check. `C` is a column: its name in YAML, its position when loaded.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Check<C> {
    /// The document is a resident identity document, or the row is held.
    Document {
        /// Its kind.
        column: C,
        /// Kinds that carry a resident identity number.
        accepted: Vec<String>,
    },
    /// The number's birth date, sex and age agree with the row's own, or the
    /// row is held: it may carry a relative's number.
    Identity(IdentityCheck<C>),
    /// The number is not that of a parent, nor the head's unless this is the head.
    Distinct {
        /// The number.
        id: C,
        /// Numbers of other people.
        from: Vec<C>,
        /// The head's number.
        unless_head: C,
    },
    /// The division lies in the batch's scope.
    Scope {
        /// The division.
        code: C,
    },
    /// `total` = sum of `plus` − sum of `minus`, or a warning.
    Sum {
        /// The total.
        total: C,
        /// Added parts.
        plus: Vec<C>,
        /// Taken away.
        minus: Vec<C>,
        /// Without this column there is nothing to compare.
        needs: C,
    },
    /// “其中” parts are together not larger than the whole, or the row is rejected.
    Part {
        /// The whole.
        whole: C,
        /// The parts.
        parts: Vec<C>,
    },
    /// Flag, sign and original of refunds agree.
    Refund {
        /// The flag.
        flag: C,
        /// The settlement it undoes.
        original: C,
        /// Amounts that are negative in a refund.
        amounts: Vec<C>,
    },
    /// The parts inside a certificate number agree with the columns.
    Certificate {
        /// The certificate number.
        number: C,
        /// The identity number.
        id: C,
        /// Category.
        category: C,
        /// Grade.
        grade: C,
    },
    /// Birth ≤ death ≤ registration.
    Lifespan {
        /// The number with the birth date.
        id: C,
        /// Date of death.
        death: C,
        /// Cremation or registration.
        after: C,
    },
}

/// What an identity number is compared with.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityCheck<C> {
    /// The number.
    pub(crate) id: C,
    /// Birth date of the row.
    pub(crate) birth: Option<C>,
    /// Sex of the row.
    pub(crate) sex: Option<C>,
    /// Age in years of the row.
    pub(crate) age: Option<C>,
    /// Dates on which that age held; the first that is known.
    #[serde(default = "Vec::new")]
    pub(crate) on: Vec<C>,
    /// The person's name.
    pub(crate) name: Option<C>,
    /// The relative's name, which must be another.
    pub(crate) other_name: Option<C>,
}

impl IdentityCheck<String> {
    fn resolve(self, names: &Names<'_>) -> Result<IdentityCheck<usize>, LayoutError> {
        let maybe = |name: Option<String>| name.map(|name| names.column(&name)).transpose();
        Ok(IdentityCheck {
            id: names.column(&self.id)?,
            birth: maybe(self.birth)?,
            sex: maybe(self.sex)?,
            age: maybe(self.age)?,
            on: names.columns(&self.on)?,
            name: maybe(self.name)?,
            other_name: maybe(self.other_name)?,
        })
    }
}

impl Check<String> {
    /// Columns by position.
    pub(super) fn resolve(self, names: &Names<'_>) -> Result<Check<usize>, LayoutError> {
        let one = |name: String| names.column(&name);
        let many = |list: Vec<String>| names.columns(&list);
        Ok(match self {
            Check::Document { column, accepted } => Check::Document {
                column: one(column)?,
                accepted,
            },
            Check::Identity(check) => Check::Identity(check.resolve(names)?),
            Check::Distinct {
                id,
                from,
                unless_head,
            } => Check::Distinct {
                id: one(id)?,
                from: many(from)?,
                unless_head: one(unless_head)?,
            },
            Check::Scope { code } => Check::Scope { code: one(code)? },
            Check::Sum {
                total,
                plus,
                minus,
                needs,
            } => Check::Sum {
                total: one(total)?,
                plus: many(plus)?,
                minus: many(minus)?,
                needs: one(needs)?,
            },
            Check::Part { whole, parts } => Check::Part {
                whole: one(whole)?,
                parts: many(parts)?,
            },
            Check::Refund {
                flag,
                original,
                amounts,
            } => Check::Refund {
                flag: one(flag)?,
                original: one(original)?,
                amounts: many(amounts)?,
            },
            Check::Certificate {
                number,
                id,
                category,
                grade,
            } => Check::Certificate {
                number: one(number)?,
                id: one(id)?,
                category: one(category)?,
                grade: one(grade)?,
            },
            Check::Lifespan { id, death, after } => Check::Lifespan {
                id: one(id)?,
                death: one(death)?,
                after: one(after)?,
            },
        })
    }
}
