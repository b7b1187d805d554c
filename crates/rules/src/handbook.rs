//! The policies as pages for a policy officer and an auditor: in Chinese
//! sentences, with every basis, figure and case. Made of the documents alone,
//! so that the same documents give the same bytes on any day.

mod cases;
mod figures;
mod page;
mod plan;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use crate::handbook::cases::Case;
use crate::policy::PolicySet;
use crate::written::{Written, written};
use crate::yaml::Document;

/// The first line of every page: it tells pages of ours from others.
pub const HANDBOOK_MARK: &str =
    "<!-- 本页由 hearth policy docs 从策略文件生成，不要手改：改策略、参数或案例后重新生成。 -->";

/// Pages by file name: `README.md` lists the policies by kind, and each policy
/// has a page with all its versions. The set is the one loaded from `policies`.
pub fn handbook(
    set: &PolicySet,
    policies: &[Document],
    cases: &[Document],
) -> BTreeMap<String, String> {
    let all = written(set, policies);
    let cases = cases::read_all(cases);
    let ids: BTreeSet<&str> = all.iter().map(|one| one.policy.id.as_str()).collect();
    let mut pages = BTreeMap::new();
    for id in ids {
        let mut versions: Vec<&Written<'_>> = all.iter().filter(|w| w.policy.id == id).collect();
        versions.sort_by_key(|one| std::cmp::Reverse(one.policy.valid.from));
        let told = cases.get(id).map_or(&[][..], Vec::as_slice);
        pages.insert(format!("{id}.md"), page::render(set, &versions, told));
    }
    pages.insert("README.md".to_owned(), index(&all, &cases));
    pages
}

/// What every page begins with.
fn opened(title: &str) -> Page {
    let mut page = Page(format!("{HANDBOOK_MARK}\n\n"));
    page.line(&format!("# {title}"));
    page.line("");
    page
}

/// A page that grows line by line.
struct Page(String);

impl Page {
    /// No two empty lines follow each other.
    fn line(&mut self, line: &str) {
        if line.is_empty() && self.0.ends_with("\n\n") {
            return;
        }
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn heading(&mut self, title: &str) {
        self.line("");
        self.line(title);
        self.line("");
    }

    /// Code on lines of its own, indented below a list item.
    fn block(&mut self, indent: &str, code: &str) {
        self.line("");
        for line in ["```text", code, "```"] {
            self.line(&format!("{indent}{line}"));
        }
    }
}

fn index(all: &[Written<'_>], cases: &BTreeMap<String, Vec<Case>>) -> String {
    let mut page = opened("政策一览");
    let ids: BTreeSet<&str> = all.iter().map(|one| one.policy.id.as_str()).collect();
    page.line("");
    page.line(&format!(
        "共{}项政策，按类别列出。每页写明依据、条件、参数、提示、不得据此做什么和案例。",
        ids.len()
    ));
    for kind in words::KINDS {
        let mut of: Vec<&Written<'_>> = all.iter().filter(|w| w.policy.kind == kind).collect();
        if of.is_empty() {
            continue;
        }
        of.sort_by_key(|one| (&one.policy.id, std::cmp::Reverse(one.policy.valid.from)));
        of.dedup_by_key(|one| &one.policy.id);
        page.heading(&format!("## {}（{}）", words::kind(kind), of.len()));
        page.line("| 政策 | 对谁 | 依据 | 提示 | 案例 |");
        page.line("|---|---|---|---|---|");
        for one in of {
            let policy = one.policy;
            let basis: Vec<String> = policy.basis.iter().map(words::source).collect();
            let told: Vec<String> = policy.plans().map(plan::short).collect();
            page.line(&format!(
                "| [{}]({}.md) | {} | {} | {} | {} |",
                words::text(&policy.title.zh),
                policy.id,
                words::about(policy.about),
                basis.join("；"),
                told.join("；"),
                cases.get(&policy.id).map_or(0, Vec::len),
            ));
        }
    }
    page.0
}
