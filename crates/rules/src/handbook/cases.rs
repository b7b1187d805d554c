//! The cases of a policy: what each is and what must come of it.

use std::collections::BTreeMap;

use domain::evaluation::{AlertLevel, Finding};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::handbook::Page;
use crate::handbook::words::{self, code, text};
use crate::yaml::{Document, read};

/// One case, as far as a page tells of it.
pub(super) struct Case {
    name: String,
    expect: Json,
    /// Judged without the sample parameters.
    bare: bool,
}

/// Cases by policy, in the order of the documents and in theirs.
pub(super) fn read_all(documents: &[Document]) -> BTreeMap<String, Vec<Case>> {
    let mut sorted: Vec<&Document> = documents.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut all: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for document in sorted {
        // What cannot be read is a warning of the check.
        let Ok(file) = read::<Json>(document) else {
            continue;
        };
        let policy = file["policy"].as_str().unwrap_or_default().to_owned();
        let cases = file["cases"].as_array().into_iter().flatten();
        all.entry(policy)
            .or_default()
            .extend(cases.map(|case| Case {
                name: case["name"].as_str().unwrap_or_default().to_owned(),
                expect: case["expect"].clone(),
                bare: case["sample"] == false,
            }));
    }
    all
}

pub(super) fn section(page: &mut Page, cases: &[Case]) {
    page.heading(&format!("## 案例（{}）", cases.len()));
    if cases.is_empty() {
        page.line("没有案例。");
        return;
    }
    page.line("案例用带标记的样例参数判断；注明“无样例参数”的除外。");
    page.line("");
    page.line("| 案例 | 结论 | 提示 |");
    page.line("|---|---|---|");
    for case in cases {
        let bare = if case.bare {
            "（无样例参数）"
        } else {
            ""
        };
        page.line(&format!(
            "| {}{bare} | {} | {} |",
            text(&case.name),
            verdict(&case.expect),
            signal(&case.expect)
        ));
    }
}

/// `不符合（不满足 `income`）`.
fn verdict(expect: &Json) -> String {
    let verdict = expect["verdict"].as_str().map_or("", words::verdict);
    let listed = |key: &str, title: &str| {
        let ids = expect[key].as_array()?.iter().filter_map(Json::as_str);
        let ids: Vec<String> = ids.map(code).collect();
        (!ids.is_empty()).then(|| format!("{title} {}", ids.join("、")))
    };
    let notes = [
        listed("fails", "不满足"),
        listed("open", "未查清"),
        listed("missing", "缺"),
    ];
    let notes: Vec<String> = notes.into_iter().flatten().collect();
    if notes.is_empty() {
        return verdict.to_owned();
    }
    format!("{verdict}（{}）", notes.join("；"))
}

/// `提示：应享未享，橙色`.
fn signal(expect: &Json) -> String {
    let mut told = expect["signal"]
        .as_str()
        .map_or("", words::signal)
        .to_owned();
    let finding = named::<Finding>(&expect["finding"]).map(Finding::zh);
    let level = named::<AlertLevel>(&expect["level"]).map(words::level);
    let details: Vec<&str> = [finding, level].into_iter().flatten().collect();
    if !details.is_empty() {
        told = format!("{told}：{}", details.join("，"));
    }
    told
}

fn named<T: DeserializeOwned>(name: &Json) -> Option<T> {
    serde_json::from_value(name.clone()).ok()
}
