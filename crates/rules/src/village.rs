//! What a village contact may be told. The check follows an expression through
//! the names it uses: whatever it reads on the way could be guessed from what
//! it says, a condition as well as a value.

use domain::dictionary::{Kind, Sensitivity};
use domain::evaluation::Confidential;

use crate::check::parts;
use crate::expr::{Expr, Function, Node};
use crate::problem::Fault;
use crate::sentence::{Piece, Sentence};
use crate::types::Type;

/// Kinds of which a village is told nothing, whatever the field: that there is
/// one says already what it is.
const KINDS: [Kind; 8] = [
    Kind::Income,
    Kind::Asset,
    Kind::MeansCheck,
    Kind::MedicalSettlement,
    Kind::DisabilityCertificate,
    Kind::Disease,
    Kind::RestrictedLiberty,
    // An item paid tells of a disability or of a child without parents.
    Kind::Grant,
];

/// What an expression reads that a village is not told.
#[derive(Clone, Debug)]
pub(crate) struct Secret {
    offset: usize,
    zh: String,
    en: String,
}

impl Secret {
    fn new(expr: &Expr, zh: &str, en: &str) -> Secret {
        Secret {
            offset: expr.span.0,
            zh: zh.to_owned(),
            en: en.to_owned(),
        }
    }

    pub(crate) fn fault(self) -> Fault {
        Fault::new(
            self.offset,
            "village.secret",
            format!("村级用语不得用到{}", self.zh),
            format!("words for a village may not use {}", self.en),
        )
    }
}

/// What a sentence says that a village is not told.
pub(crate) fn found(
    sentence: &Sentence,
    lets: &[Option<Secret>],
    confidential: Confidential,
) -> Option<Secret> {
    let mut pieces = sentence.0.iter();
    pieces.find_map(|piece| {
        let (at, secret) = match piece {
            Piece::Text(_) => return None,
            // Titles of what is missing name incomes, certificates, measures.
            Piece::Missing(at) => {
                let (zh, en) = ("缺少的事项".to_owned(), "what is missing".to_owned());
                let secret = Secret { offset: 0, zh, en };
                (*at, Some(secret))
            }
            Piece::Value(at, expr) if !confidential.is_ordinary() => {
                let zh = "任何表达式：这是保密政策";
                let en = "any expression: the policy is confidential";
                (*at, Some(Secret::new(expr, zh, en)))
            }
            Piece::Value(at, expr) => (*at, secret(expr, lets)),
        };
        secret.map(|secret| Secret {
            offset: at + secret.offset,
            ..secret
        })
    })
}

/// What an expression reads, itself or through a name, that a village is not
/// told. `lets` are those of the names before it.
pub(crate) fn secret(expr: &Expr, lets: &[Option<Secret>]) -> Option<Secret> {
    let own = match &expr.node {
        // Where the name is used, not where it is bound.
        Node::Let(index) => lets.get(*index).cloned().flatten().map(|secret| Secret {
            offset: expr.span.0,
            ..secret
        }),
        Node::Kind(_, kind) if KINDS.contains(kind) => {
            let def = kind.def();
            Some(Secret::new(expr, def.zh, &format!("`{}`", def.name)))
        }
        Node::Field(_, field) => {
            let (kind, def) = (field.kind.def(), field.def());
            // Why somebody is not counted may be that they are in prison.
            let hidden = def.level >= Sensitivity::L3 || def.name == "not_counted_reason";
            let path = format!("`{}.{}`", kind.name, def.name);
            hidden.then(|| Secret::new(expr, def.zh, &path))
        }
        Node::Call(Function::Age, _) => Some(Secret::new(expr, "出生日期", "a birth date")),
        Node::Call(Function::PaidRows, _) => Some(Secret::new(expr, "待遇发放", "payments")),
        Node::Verdict(..) => {
            let (zh, en) = ("其他政策的认定结果", "another policy's verdict");
            Some(Secret::new(expr, zh, en))
        }
        _ if is_amount(&expr.ty) => Some(Secret::new(expr, "金额", "an amount")),
        _ => None,
    };
    own.or_else(|| {
        let parts = parts(&expr.node);
        parts.into_iter().find_map(|part| secret(part, lets))
    })
}

fn is_amount(ty: &Type) -> bool {
    match ty {
        Type::Money | Type::Ratio => true,
        Type::List(of) => is_amount(of),
        _ => false,
    }
}
