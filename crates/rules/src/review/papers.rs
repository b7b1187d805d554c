//! What a policy officer must be able to show: a basis, limits, cases.

use std::collections::BTreeSet;

use domain::evaluation::Basis;
use domain::time::Period;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;

use crate::review::{Reviewed, Warning};
use crate::written::{Written, is_unconfirmed};
use crate::yaml::{Document, place, read};

/// A file of cases, as far as it is looked at here.
#[derive(Deserialize)]
struct CaseFile {
    policy: Spanned<String>,
    cases: Vec<IgnoredAny>,
}

/// What one policy lacks.
pub(super) fn policy(one: &Written<'_>, tried: &BTreeSet<String>) -> Vec<Warning> {
    let (policy, file) = (one.policy, &one.file);
    let id = &policy.id;
    let mut warnings = Vec::new();
    let mut say = |code, zh: String, en: String| {
        warnings.push(one.warn(&file.policy, 0, code, (zh, en)));
    };
    let named = |basis: &&Basis| !basis.document.trim().is_empty();
    if !policy.basis.iter().any(|basis| named(&basis)) {
        let (zh, en) = ("没有依据", "has no basis");
        say(
            "policy.no_basis",
            format!("政策 `{id}` {zh}"),
            format!("`{id}` {en}"),
        );
    }
    let amount = policy.amount.iter().map(|amount| &amount.basis);
    let all = policy.basis.iter().chain(amount).filter(named);
    for basis in all {
        let (document, article) = (&basis.document, &basis.article);
        if article.trim().is_empty() {
            say(
                "basis.no_article",
                format!("依据 {document} 没有条款"),
                format!("the basis {document} names no article"),
            );
        } else if is_unconfirmed(document) || is_unconfirmed(article) {
            say(
                "basis.unconfirmed",
                format!("依据 {document} {article} 尚待复核"),
                format!("the basis {document} {article} is still to be looked up"),
            );
        }
    }
    if policy.limits.iter().all(|limit| limit.trim().is_empty()) {
        say(
            "policy.no_limits",
            format!("政策 `{id}` 没有写明不得据此做什么"),
            format!("`{id}` does not say what must not be concluded from it"),
        );
    }
    let Period { from, to } = policy.valid;
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        say(
            "policy.no_day",
            format!("政策 `{id}` 的这个版本没有一天有效"),
            format!("this version of `{id}` is in force on no day"),
        );
    }
    if !tried.contains(id) {
        say(
            "policy.no_cases",
            format!("政策 `{id}` 没有案例"),
            format!("`{id}` has no case"),
        );
    }
    warnings
}

/// Policies that have a case.
pub(super) fn tried(cases: &[Document]) -> BTreeSet<String> {
    let files = cases.iter().filter_map(|document| read(document).ok());
    let files = files.filter(|file: &CaseFile| !file.cases.is_empty());
    files.map(|file| file.policy.value).collect()
}

/// Files of cases that cannot be read or belong to no policy.
pub(super) fn cases(documents: &Reviewed<'_>) -> Vec<Warning> {
    let policies = documents.set.policies().iter();
    let known: BTreeSet<&str> = policies.map(|policy| policy.id.as_str()).collect();
    let mut warnings = Vec::new();
    for document in documents.cases {
        match read::<CaseFile>(document) {
            Ok(file) if known.contains(file.policy.value.as_str()) => {}
            Ok(file) => {
                let id = &file.policy.value;
                warnings.push(Warning::at(
                    place(document, &file.policy),
                    "cases.no_policy",
                    format!("没有名为 `{id}` 的政策"),
                    format!("there is no policy named `{id}`"),
                ));
            }
            Err(problem) => warnings.push(Warning {
                document: problem.document,
                line: problem.line,
                column: problem.column,
                code: "cases.unreadable",
                zh: problem.zh,
                en: problem.en,
            }),
        }
    }
    warnings
}
