//! What deserves a second look in documents that are in order: conditions that
//! decide nothing, figures without a source, what nobody uses. Warnings refuse
//! nothing; what is wrong is a [`crate::Problem`].

mod assume;
mod chains;
mod conditions;
mod figures;
mod papers;
mod terms;
mod unused;
mod value;

use std::fmt;

use domain::region::DivisionCode;
use domain::time::Date;
use serde_saphyr::Spanned;

use crate::policy::PolicySet;
use crate::problem::{Fault, Place};
use crate::written::{Written, written};
use crate::yaml::{Document, placed};

/// Documents and the set that was loaded from them.
#[derive(Clone, Copy, Debug)]
pub struct Reviewed<'d> {
    /// Loaded from the policies and parameters.
    pub set: &'d PolicySet,
    /// The policies.
    pub policies: &'d [Document],
    /// The cases.
    pub cases: &'d [Document],
}

/// For which place and day figures are looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope {
    /// Only this one; every region that the parameters speak of without.
    pub region: Option<DivisionCode>,
    /// Values that hold on this day; without, values of any day, and no review
    /// date is past.
    pub on: Option<Date>,
}

/// One thing worth a second look. Ordered by where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// Name of the document.
    pub document: String,
    /// 1-based line; 0 when the whole document is meant.
    pub line: u32,
    /// 1-based column in characters; 0 when the whole document is meant.
    pub column: u32,
    /// Stable code such as `let.unused`.
    pub code: &'static str,
    /// Chinese sentence.
    pub zh: String,
    /// English sentence.
    pub en: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}: {}",
            self.document, self.line, self.column, self.code, self.en
        )
    }
}

impl Warning {
    fn at(place: Place, code: &'static str, zh: String, en: String) -> Warning {
        Warning {
            document: place.document,
            line: place.line,
            column: place.column,
            code,
            zh,
            en,
        }
    }

    /// About a whole document.
    fn of(document: &str, code: &'static str, zh: String, en: String) -> Warning {
        let place = Place {
            document: document.to_owned(),
            ..Place::default()
        };
        Warning::at(place, code, zh, en)
    }
}

impl Written<'_> {
    /// A warning so many bytes into a scalar.
    fn warn(
        &self,
        scalar: &Spanned<String>,
        offset: usize,
        code: &'static str,
        (zh, en): (String, String),
    ) -> Warning {
        let problem = placed(self.document, scalar, Fault::new(offset, code, zh, en));
        Warning {
            document: problem.document,
            line: problem.line,
            column: problem.column,
            code,
            zh: problem.zh,
            en: problem.en,
        }
    }
}

/// Everything worth a second look, by document, line and column.
pub fn review(documents: &Reviewed<'_>, scope: Scope) -> Vec<Warning> {
    let written = written(documents.set, documents.policies);
    let tried = papers::tried(documents.cases);
    let mut warnings = Vec::new();
    for one in &written {
        warnings.extend(conditions::review(one));
        warnings.extend(chains::review(one, documents.set));
        warnings.extend(unused::names(one));
        warnings.extend(papers::policy(one, &tried));
    }
    warnings.extend(papers::cases(documents));
    warnings.extend(unused::parameters(documents.set));
    warnings.extend(figures::review(documents.set, scope));
    warnings.sort();
    warnings.dedup();
    warnings
}
