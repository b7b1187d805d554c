//! What came of each file.

use std::collections::BTreeMap;

use domain::record::{RowCounts, RowOutcome};

use super::turning::Imported;
use crate::terminal::table;

/// Reasons shown per file and outcome.
const REASONS: usize = 2;

/// Rows by outcome, one line per file and one for all.
pub(super) fn counts(imports: &[Imported]) -> Vec<Vec<String>> {
    let cells = |file: &str, date: &str, counts: &RowCounts| {
        let numbers = [
            counts.received(),
            counts.accepted,
            counts.warned,
            counts.held,
            counts.rejected,
        ];
        [file.to_owned(), date.to_owned()]
            .into_iter()
            .chain(numbers.map(|n| n.to_string()))
            .collect()
    };
    let titles = [
        "文件 file",
        "业务日期",
        "行 rows",
        "接收 accepted",
        "提示 warned",
        "待补 held",
        "退回 rejected",
    ];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    let mut total = RowCounts::default();
    for Imported { import, .. } in imports {
        let counts = import.counts;
        rows.push(cells(
            &import.file_name,
            &import.header.revision.business_date.to_string(),
            &counts,
        ));
        total = RowCounts {
            accepted: total.accepted + counts.accepted,
            warned: total.warned + counts.warned,
            held: total.held + counts.held,
            rejected: total.rejected + counts.rejected,
        };
    }
    rows.push(cells("合计 total", "", &total));
    rows
}

/// One line per file, and what the codes mean beneath.
pub(super) fn reasons(imports: &[Imported]) -> String {
    let mut rows = Vec::new();
    let mut meanings: BTreeMap<&str, &str> = BTreeMap::new();
    for Imported { import, reasons } in imports {
        let mut row = vec![import.file_name.clone()];
        for (outcome, name) in [
            (RowOutcome::Rejected, "退回"),
            (RowOutcome::Held, "待补"),
            (RowOutcome::Warned, "提示"),
        ] {
            let top: Vec<String> = reasons
                .iter()
                .filter(|reason| reason.outcome == outcome)
                .take(REASONS)
                .inspect(|reason| {
                    meanings.entry(&reason.code).or_insert(&reason.zh);
                })
                .map(|reason| format!("{}×{}", reason.code, reason.count))
                .collect();
            if !top.is_empty() {
                row.push(format!("{name} {}", top.join(" ")));
            }
        }
        rows.push(row);
    }
    let meanings: Vec<Vec<String>> = meanings
        .into_iter()
        .map(|(code, zh)| vec![code.to_owned(), zh.to_owned()])
        .collect();
    format!("{}{}", table(&rows), table(&meanings))
}
