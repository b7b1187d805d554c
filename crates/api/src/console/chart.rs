//! Bar charts drawn here: no script, readable by machines that read
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
    /// Numbers at the ends of a bar with two sides.
    pub(super) labels: Vec<Label>,
}

/// A number at the end of a bar.
pub(super) struct Label {
    pub(super) x: i64,
    pub(super) anchor: &'static str,
    pub(super) text: String,
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
    /// Where bars with two sides begin.
    pub(super) x_zero: i64,
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
            labels: Vec::new(),
        });
        y += ROW;
    }
    Chart {
        bars,
        height: y,
        width: x_name + 10 + LENGTH + 8 + width(&most.to_string()) + 8,
        x_name,
        x_zero: x_name + 10,
    }
}

/// How many and in which words, of what is drawn to the left and to the right.
pub(super) type Sides = [(u64, String); 2];

/// Bars that go both ways from one line, in the order given.
pub(super) fn two_sided(rows: Vec<(String, Sides)>) -> Chart {
    // So that lengths fit; no county has as many people.
    let length = |count: u64| i64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let most = |side: usize| rows.iter().map(|(_, sides)| length(sides[side].0)).max();
    let [left, right] = [0, 1].map(|side| most(side).unwrap_or(0));
    let scaled = |count: u64| length(count) * LENGTH / (left + right).max(1);
    let room = |side: usize| {
        let texts = rows
            .iter()
            .map(|(_, sides)| width(&sides[side].1) + width("−"));
        texts.max().unwrap_or(0) + 8
    };
    let names = rows.iter().map(|(name, _)| width(name)).max();
    let x_name = names.unwrap_or(0) + 4;
    let x_zero = x_name + 10 + room(0) + left * LENGTH / (left + right).max(1);
    let chart_width = x_zero + right * LENGTH / (left + right).max(1) + room(1) + 8;
    let mut bars = Vec::new();
    let mut y = 8;
    for (name, [lost, gained]) in rows {
        let (to_left, to_right) = (scaled(lost.0), scaled(gained.0));
        let part = |class, x, width| Part { class, x, width };
        let label = |x, anchor, sign: &str, text: &str| Label {
            x,
            anchor,
            // What is withheld is no number to put a sign before.
            text: if text.chars().all(|c| c.is_ascii_digit()) {
                format!("{sign}{text}")
            } else {
                text.to_owned()
            },
        };
        // Nothing is written at the side where nothing moves.
        let left = (lost.1 != "0").then(|| label(x_zero - to_left - 6, "end", "−", &lost.1));
        let right =
            (gained.1 != "0").then(|| label(x_zero + to_right + 6, "start", "+", &gained.1));
        bars.push(Bar {
            name,
            parts: vec![
                part("bar-lost", x_zero - to_left, to_left),
                part("bar-gained", x_zero, to_right),
            ],
            total: 0,
            y_text: y + 14,
            y,
            x_total: x_zero + to_right + 6,
            labels: left.into_iter().chain(right).collect(),
        });
        y += ROW;
    }
    Chart {
        bars,
        height: y,
        width: chart_width,
        x_name,
        x_zero,
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
    #[test]
    fn bars_of_two_sides_begin_at_one_line_and_are_as_long_as_their_numbers() {
        let side = |count: u64| (count, count.to_string());
        let rows = [("湖塘镇", 0, 40), ("牛塘镇", 10, 20), ("礼嘉镇", 0, 0)];
        let rows = rows.map(|(name, lost, gained)| (name.to_owned(), [side(lost), side(gained)]));
        let chart = two_sided(rows.to_vec());
        let told = |bar: &Bar| {
            bar.labels
                .iter()
                .map(|l| l.text.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&chart.bars[0]), ["+40"]);
        assert_eq!(told(&chart.bars[1]), ["−10", "+20"]);
        assert!(told(&chart.bars[2]).is_empty());
        let few = two_sided(vec![(String::new(), [side(0), (0, "不足5".to_owned())])]);
        assert_eq!(told(&few.bars[0]), ["不足5"]);
        for bar in &chart.bars {
            let [lost, gained] = bar.parts.as_slice() else {
                panic!("two sides");
            };
            assert_eq!(
                (lost.x + lost.width, gained.x),
                (chart.x_zero, chart.x_zero)
            );
            assert!(lost.x > chart.x_name && gained.x + gained.width < chart.width);
            for label in &bar.labels {
                let wide = width(&label.text);
                let ends = if label.anchor == "end" {
                    label.x - wide
                } else {
                    label.x + wide
                };
                assert!(ends > chart.x_name && ends <= chart.width, "{}", label.text);
            }
        }
        let wide = |row: usize, side: usize| chart.bars[row].parts[side].width;
        assert_eq!((wide(0, 1), wide(1, 1), wide(1, 0)), (448, 224, 112));
        let empty = two_sided(vec![("湖塘镇".to_owned(), [side(0), side(0)])]);
        assert!(empty.bars[0].parts.iter().all(|part| part.width == 0));
    }
}
