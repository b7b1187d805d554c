//! What people see: progress on a terminal only, tables whose columns line up
//! although Chinese characters take two cells.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Whoever read our answer went away: nothing is left to say.
#[derive(Debug, thiserror::Error)]
#[error("the answer was not read to its end")]
pub(crate) struct ReaderGone;

/// Prints a line, as `println!` does, but a reader that went away is an error
/// to return instead of a panic.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::terminal::print(format_args!("{}\n", format_args!($($words)*)))?
    };
}
pub(crate) use say;

/// Prints words.
pub(crate) fn print(words: fmt::Arguments<'_>) -> anyhow::Result<()> {
    match io::stdout().lock().write_fmt(words) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        written => Ok(written?),
    }
}

/// Prints a text that has its own line ends.
pub(crate) fn show(text: &str) -> anyhow::Result<()> {
    print(format_args!("{text}"))
}

/// A line that says what is going on; silent unless stderr is a terminal.
pub(crate) fn spinner() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A bar with the time left; silent unless stderr is a terminal.
pub(crate) fn bar(length: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} ETA {eta}");
    let bar = ProgressBar::new(length);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Cells a text takes: CJK and full-width characters take two.
pub(crate) fn cells(text: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3fffd}');
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

/// Rows with columns lined up; columns of numbers to the right.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let column = |n: usize| rows.iter().filter_map(move |row| row.get(n));
    let widths: Vec<usize> = (0..columns)
        .map(|n| column(n).map(|cell| cells(cell)).max().unwrap_or(0))
        .collect();
    let numeric = |text: &String| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let right: Vec<bool> = (0..columns)
        .map(|n| column(n).skip(1).all(numeric) && column(n).count() > 1)
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::from(" ");
        for (n, cell) in row.iter().enumerate() {
            let space = " ".repeat(widths[n] - cells(cell));
            line.push(' ');
            if right[n] {
                line.push_str(&space);
            }
            line.push_str(cell);
            if !right[n] {
                line.push_str(&space);
            }
            line.push(' ');
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_in_cells() {
        let rows = [["区划", "n"], ["湖塘镇", "12"], ["x", "3"]];
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(ToString::to_string).collect())
            .collect();
        assert_eq!(table(&rows), "  区划     n\n  湖塘镇  12\n  x        3\n");
    }
}
