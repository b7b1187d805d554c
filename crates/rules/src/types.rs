//! Types of expressions: what an amount, a count, a date or a code is, so that
//! comparing one with another is refused when the policy is loaded.

use std::fmt;

use domain::code::CodeList;
use domain::dictionary::{Combine, FieldType, Kind};

/// Of what a whole number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Things.
    Count,
    /// People.
    People,
    /// Months.
    Months,
    /// Days.
    Days,
    /// Calendar weeks.
    Weeks,
    /// Years of age.
    Years,
}

impl Unit {
    /// People are things that can be counted; other units do not mix.
    fn fits(self, other: Unit) -> bool {
        let counted = |u| matches!(u, Unit::Count | Unit::People);
        self == other || (counted(self) && counted(other))
    }
}

/// Type of an expression.
#[derive(Clone, Debug)]
pub(crate) enum Type {
    /// True or false.
    Bool,
    /// A whole number of something.
    Number(Unit),
    /// An amount in yuan, kept in fen.
    Money,
    /// An exact ratio.
    Ratio,
    /// A civil date.
    Date,
    /// A calendar month.
    Month,
    /// A code of one list.
    Code(&'static CodeList),
    /// Text.
    Text,
    /// A division.
    Division,
    /// A household.
    Household,
    /// A person.
    Person,
    /// A fact of a kind.
    Item(Kind),
    /// A list.
    List(Box<Type>),
}

impl Type {
    /// The type of a field of the dictionary.
    pub(crate) fn of_field(ty: FieldType) -> Type {
        match ty {
            FieldType::Text => Type::Text,
            FieldType::Code(list) => Type::Code(list),
            FieldType::Money => Type::Money,
            FieldType::Date => Type::Date,
            FieldType::Month => Type::Month,
            FieldType::Count => Type::Number(Unit::Count),
            FieldType::Months => Type::Number(Unit::Months),
            FieldType::Flag => Type::Bool,
            FieldType::Division => Type::Division,
            FieldType::Person => Type::Person,
            FieldType::Household => Type::Household,
        }
    }

    /// What `subject.kind` is: one object for kinds of which one is in force,
    /// a list otherwise. A person's membership in view is the one of this
    /// household, hence one.
    pub(crate) fn of_kind(kind: Kind) -> Type {
        if is_single(kind) {
            Type::Item(kind)
        } else {
            Type::list(Type::Item(kind))
        }
    }

    pub(crate) fn list(of: Type) -> Type {
        Type::List(Box::new(of))
    }

    /// Whether values of the two may be compared or stand in one list.
    pub(crate) fn fits(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Bool, Type::Bool)
            | (Type::Money, Type::Money)
            | (Type::Ratio, Type::Ratio)
            | (Type::Date, Type::Date)
            | (Type::Month, Type::Month)
            | (Type::Text, Type::Text)
            | (Type::Division, Type::Division)
            | (Type::Household, Type::Household)
            | (Type::Person, Type::Person) => true,
            (Type::Number(a), Type::Number(b)) => a.fits(*b),
            (Type::Code(a), Type::Code(b)) => a.name == b.name,
            (Type::Item(a), Type::Item(b)) => a == b,
            (Type::List(a), Type::List(b)) => a.fits(b),
            _ => false,
        }
    }

    /// Whether `<` means something.
    pub(crate) fn is_ordered(&self) -> bool {
        matches!(
            self,
            Type::Number(_) | Type::Money | Type::Ratio | Type::Date | Type::Month
        )
    }
}

/// Whether `subject.kind` is one object.
pub(crate) fn is_single(kind: Kind) -> bool {
    kind == Kind::Membership || matches!(kind.def().combine, Combine::Latest)
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Bool => f.write_str("bool"),
            Type::Number(Unit::Count) => f.write_str("count"),
            Type::Number(Unit::People) => f.write_str("people"),
            Type::Number(Unit::Months) => f.write_str("months"),
            Type::Number(Unit::Days) => f.write_str("days"),
            Type::Number(Unit::Weeks) => f.write_str("weeks"),
            Type::Number(Unit::Years) => f.write_str("years"),
            Type::Money => f.write_str("money"),
            Type::Ratio => f.write_str("ratio"),
            Type::Date => f.write_str("date"),
            Type::Month => f.write_str("month"),
            Type::Code(list) => write!(f, "code({})", list.name),
            Type::Text => f.write_str("text"),
            Type::Division => f.write_str("division"),
            Type::Household => f.write_str("household"),
            Type::Person => f.write_str("person"),
            Type::Item(kind) => f.write_str(kind.def().name),
            Type::List(of) => write!(f, "list<{of}>"),
        }
    }
}
