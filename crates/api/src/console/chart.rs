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
const LENGTH: i64 = 560;
/// Size of the texts, as the style sheet sets it.
const TEXT: i64 = 13;

/// How wide a text is drawn: a Chinese character is as wide as the text is
/// high, a Latin letter or digit at most six tenths of it.
fn width(text: &str) -> i64 {
    let tenths = |c: char| if c.is_ascii() { 6 } else { 10 };
    (text.chars().map(tenths).sum::<i64>() * TEXT + 9) / 10
}

/// Bars in the order given: by place, never by size, because order by size is
/// a ranking.
pub(super) fn stacked(rows: Vec<(String, Vec<(&'static str, i64)>)>) -> Chart {
    let total = |parts: &[(&str, i64)]| parts.iter().map(|(_, count)| count).sum::<i64>();
    let most = rows.iter().map(|(_, parts)| total(parts)).max();
    let most = most.unwrap_or(0).max(1);
    let names = rows.iter().map(|(name, _)| width(name)).max();
    let x_name = names.unwrap_or(0) + 4;
    let mut bars = Vec::new();
    let mut y = 8;
    for (name, parts) in rows {
        let sum = total(&parts);
        let mut x = x_name + 10;
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
        width: x_name + 10 + LENGTH + 8 + width(&most.to_string()) + 8,
        x_name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_is_cut_off() {
        let rows = [
            ("湖塘镇", 3),
            ("县级待分派", 120),
            ("武进国家高新技术产业开发区南区", 0),
        ];
        let rows = rows.map(|(name, count)| (name.to_owned(), vec![("bar-held", count)]));
        let chart = stacked(rows.to_vec());
        for bar in &chart.bars {
            assert!(chart.x_name >= width(&bar.name), "{}", bar.name);
            assert!(chart.width >= bar.x_total + width(&bar.total.to_string()));
        }
        assert_eq!(width("湖塘镇"), 3 * TEXT);
        assert!(width("A1") < width("湖塘"));
    }
}
