//! Invented expressions as trees, so that one that tells something can be cut down.

use domain::code::CodeList;
use domain::dictionary::{Combine, DICTIONARY, FieldType, Kind};

/// Types of the language, as `docs/policy-language.md` has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ty {
    Bool,
    /// `count`, `people`, `months`, `days` or `years`.
    Number(&'static str),
    Money,
    Ratio,
    Date,
    Month,
    /// A code of the list of this name.
    Code(&'static str),
    Text,
    Division,
    Household,
    Person,
    Item(Kind),
    List(Box<Ty>),
}

impl Ty {
    pub(super) fn list(of: Ty) -> Ty {
        Ty::List(Box::new(of))
    }

    pub(super) fn of_field(ty: FieldType) -> Ty {
        match ty {
            FieldType::Text => Ty::Text,
            FieldType::Code(list) => Ty::Code(list.name),
            FieldType::Money => Ty::Money,
            FieldType::Date => Ty::Date,
            FieldType::Month => Ty::Month,
            FieldType::Count => Ty::Number("count"),
            FieldType::Months => Ty::Number("months"),
            FieldType::Flag => Ty::Bool,
            FieldType::Division => Ty::Division,
            FieldType::Person => Ty::Person,
            FieldType::Household => Ty::Household,
        }
    }

    pub(super) fn is_ordered(&self) -> bool {
        matches!(
            self,
            Ty::Number(_) | Ty::Money | Ty::Ratio | Ty::Date | Ty::Month
        )
    }
}

/// Whether `subject.kind` is one object.
pub(super) fn is_single(kind: Kind) -> bool {
    kind == Kind::Membership || matches!(kind.def().combine, Combine::Latest)
}

/// The code list of a name.
pub(super) fn codes(name: &str) -> &'static CodeList {
    let fields = DICTIONARY.iter().flat_map(|kind| kind.fields);
    let mut lists = fields.filter_map(|field| match field.ty {
        FieldType::Code(list) => Some(list),
        _ => None,
    });
    lists.find(|list| list.name == name).unwrap()
}

/// An expression: its text with `{0}`, `{1}`, … where its parts stand.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) ty: Ty,
    pub(super) form: String,
    pub(super) parts: Vec<Tree>,
}

impl Tree {
    pub(super) fn leaf(ty: Ty, text: impl Into<String>) -> Tree {
        Tree {
            ty,
            form: text.into(),
            parts: Vec::new(),
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = self.form.clone();
        for (at, part) in self.parts.iter().enumerate() {
            text = text.replace(&format!("{{{at}}}"), &part.text());
        }
        text
    }

    /// Parts of parts, the nearest first.
    fn below(&self) -> Vec<&Tree> {
        let mut all: Vec<&Tree> = self.parts.iter().collect();
        let mut at = 0;
        while at < all.len() {
            let more: Vec<&Tree> = all[at].parts.iter().collect();
            all.extend(more);
            at += 1;
        }
        all
    }

    /// Smaller trees of the same type. Some may name a variable that is bound no
    /// more; such a policy does not load and reproduces nothing.
    pub(super) fn smaller(&self) -> Vec<Tree> {
        let mut all: Vec<Tree> = Vec::new();
        all.extend(
            self.below()
                .into_iter()
                .filter(|t| t.ty == self.ty)
                .cloned(),
        );
        let plain: &[&str] = match self.ty {
            Ty::Bool => &["true", "false"],
            Ty::Number("count") => &["0", "1"],
            Ty::Money => &["yuan(1)"],
            Ty::Date => &["on"],
            Ty::Month => &["month_of(on)"],
            Ty::Person => &["head"],
            Ty::Household => &["household"],
            _ => &[],
        };
        if !self.parts.is_empty() {
            all.extend(plain.iter().map(|text| Tree::leaf(self.ty.clone(), *text)));
        }
        for (at, part) in self.parts.iter().enumerate() {
            for less in part.smaller() {
                let mut tree = self.clone();
                tree.parts[at] = less;
                all.push(tree);
            }
        }
        all
    }
}
