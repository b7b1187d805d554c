//! A stacked bar chart drawn here: no script, readable by machines that read
//! aloud, and never without its table beside it.

/// One bar.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) parts: Vec<Part>,
    pub(super) total: i64,
    /// Baseline of its texts.
    pub(super) y_text: i64,
    /// Top of its rectangles.
    pub(super) y: i64,
    /// Where the total is written.
    pub(super) x_total: i64,
}

/// One piece of a bar.
pub(super) struct Part {
    pub(super) class: &'static str,
    pub(super) x: i64,
    pub(super) width: i64,
}

/// A chart with its size in units of its own.
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    pub(super) height: i64,
    pub(super) width: i64,
    pub(super) x_name: i64,
}

const ROW: i64 = 30;
const NAME: i64 = 130;
const LENGTH: i64 = 560;

/// Bars in the order given: by place, never by size, because order by size is
/// a ranking.
pub(super) fn stacked(rows: Vec<(String, Vec<(&'static str, i64)>)>) -> Chart {
    let total = |parts: &[(&str, i64)]| parts.iter().map(|(_, count)| count).sum::<i64>();
    let most = rows.iter().map(|(_, parts)| total(parts)).max();
    let most = most.unwrap_or(0).max(1);
    let mut bars = Vec::new();
    let mut y = 8;
    for (name, parts) in rows {
        let sum = total(&parts);
        let mut x = NAME + 10;
        let mut drawn = Vec::new();
        for (class, count) in parts {
            let width = count * LENGTH / most;
            drawn.push(Part { class, x, width });
            x += width;
        }
        bars.push(Bar {
            name,
            parts: drawn,
            total: sum,
            y_text: y + 14,
            y,
            x_total: x + 8,
        });
        y += ROW;
    }
    Chart {
        bars,
        height: y,
        width: NAME + LENGTH + 60,
        x_name: NAME,
    }
}
