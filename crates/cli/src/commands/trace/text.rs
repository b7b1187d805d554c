//! A trace for people.

use super::Trace;
use crate::terminal::say;

/// Prints a trace.
pub(super) fn print(trace: &Trace) -> anyhow::Result<()> {
    say!("预警 alert {}", trace.alert);
    say!("  {}", trace.sentence);
    say!(
        "判定 decision {} · {} {} · {}",
        trace.decision,
        trace.policy,
        trace.version,
        trace.on
    );
    say!("  policy set {}", trace.policy_set);
    for source in &trace.files {
        match &source.file {
            Some(file) => {
                say!(
                    "文件 file {} · {}/{} · {}#{}",
                    file.name,
                    file.source,
                    file.dataset,
                    file.business_date,
                    file.sequence
                );
                say!("  sha256 {}", file.digest);
                say!("  报送 uploader {} · {}", file.uploader, file.received_at);
            }
            None => say!("本机登记 recorded by officers {}", source.import),
        }
        for row in &source.rows {
            let notes: Vec<String> = row
                .notes
                .iter()
                .map(|note| format!("{} {}", note.code, note.zh))
                .collect();
            let notes = if notes.is_empty() {
                String::new()
            } else {
                format!(" · {}", notes.join("；"))
            };
            say!("  行 line {}{notes}", row.line);
        }
    }
    Ok(())
}
