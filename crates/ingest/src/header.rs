//! The header row: found under titles, matched by name, drift refused.

use std::io::Read;

use crate::charset::Charset;
use crate::error::{FileError, Refusal};
use crate::layout::{Column, Layout, Need, ReadAs};
use crate::records::{COLUMNS_MAX, RawRow, Source, cells, unquoted};
use crate::returned::quoted;

/// What stands in one column of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// A column of the layout.
    Column(usize),
    /// An amount in fen of a column of the layout; NDJSON only.
    Fen(usize),
    /// Known and never kept.
    Ignored,
    /// No name: nothing may stand under it.
    Nameless,
}

/// Columns that [`crate::returned_file`] adds; sending them back is harmless.
pub(crate) const CODES_COLUMN: &str = "_codes";
/// See [`CODES_COLUMN`].
pub(crate) const MESSAGE_COLUMN: &str = "_message";

/// Likeness from which a name is taken for a changed spelling of another.
const RENAMED_FROM: f64 = 0.6;
/// Likeness from which a name is worth mentioning.
const NEAREST_FROM: f64 = 0.3;

/// What a name means in a layout.
pub(crate) fn slot(layout: &Layout, name: &str) -> Option<Slot> {
    if let Some(column) = layout.column_named(name) {
        return Some(Slot::Column(column));
    }
    let own = matches!(name, CODES_COLUMN | MESSAGE_COLUMN);
    (own || layout.ignored.iter().any(|ignored| ignored == name)).then_some(Slot::Ignored)
}

/// [`slot`] for NDJSON keys, which may give an amount in fen.
pub(crate) fn slot_of_key(layout: &Layout, key: &str) -> Option<Slot> {
    slot(layout, key).or_else(|| {
        let column = layout.column_named(key.strip_suffix("_fen")?)?;
        matches!(layout.columns[column].read, ReadAs::Money).then_some(Slot::Fen(column))
    })
}

/// The texts of a row's cells, with what is not text made visible.
pub(crate) fn names(row: &RawRow, charset: Charset) -> Vec<String> {
    let content = row.content();
    let name = |cell| {
        let bytes = unquoted(content, cell);
        charset
            .decode(&bytes)
            .map_or_else(|_| "\u{FFFD}".to_owned(), std::borrow::Cow::into_owned)
    };
    cells(content).into_iter().map(name).collect()
}

/// A name without what spreadsheets add to it.
fn plain(name: &str) -> String {
    let narrow = |c: char| match c {
        '（' => '(',
        '）' => ')',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        other => other,
    };
    let skipped =
        |c: &char| !c.is_whitespace() && !matches!(c, '\u{200B}'..='\u{200D}' | '\u{FEFF}' | '*');
    name.chars().filter(skipped).map(narrow).collect()
}

fn all_names(layout: &Layout) -> impl Iterator<Item = &str> {
    let columns = layout
        .columns
        .iter()
        .flat_map(|c| std::iter::once(&c.name).chain(&c.aliases));
    columns.chain(&layout.ignored).map(String::as_str)
}

/// Whether a row is the header: most of its cells are names we know.
pub(crate) fn is_header(layout: &Layout, names: &[String]) -> bool {
    let filled = names.iter().filter(|name| !plain(name).is_empty()).count();
    let known = |name: &&String| {
        let name = plain(name);
        !name.is_empty() && all_names(layout).any(|known| known == name)
    };
    let known = names.iter().filter(known).count();
    known >= 2 && known * 2 >= filled
}

/// Refuses a file whose header stands in one cell because another separator was used.
pub(crate) fn refuse_separator(
    layout: &Layout,
    names: &[String],
    row: &RawRow,
) -> Result<(), FileError> {
    let line = names.join(",");
    for (separator, title) in [
        ('\t', "TAB"),
        (';', ";"),
        ('；', "；"),
        ('，', "，"),
        ('|', "|"),
    ] {
        let split: Vec<String> = line.split(separator).map(str::to_owned).collect();
        if split.len() > names.len() && is_header(layout, &split) {
            let zh = format!("分隔符像是 {title}，请用英文逗号");
            let en = format!("the separator seems to be {title}; use a comma");
            return Err(Refusal::new("upload.format", zh, en)
                .at(row.line, row.offset)
                .into());
        }
    }
    Ok(())
}

/// A name as it may be shown: short, without control characters or long
/// numbers, in case a row of data was taken for the header.
pub(crate) fn shown(name: &str) -> String {
    let mut shown = String::new();
    let mut digits = 0;
    for c in name.chars().take(24) {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        match c {
            _ if digits > 4 => shown.push('*'),
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

/// The registered name closest to another, with its likeness.
fn nearest<'a>(layout: &'a Layout, name: &str) -> Option<(&'a str, f64)> {
    let plain_name = plain(name);
    let likeness = |known: &str| {
        if known == plain_name {
            1.0
        } else {
            strsim::normalized_levenshtein(known, &plain_name)
        }
    };
    let best = all_names(layout).map(|known| (known, likeness(known)));
    let best = best.max_by(|a, b| a.1.total_cmp(&b.1));
    best.filter(|(_, likeness)| *likeness >= NEAREST_FROM)
}

/// Refuses a name that the layout does not know; never maps it silently.
pub(crate) fn unknown(layout: &Layout, name: &str, others: &[String]) -> Refusal {
    let near = nearest(layout, name);
    let shown = shown(name);
    let said = near.map(|(known, _)| known);
    let renamed = near.is_some_and(|(known, likeness)| {
        likeness >= RENAMED_FROM && !others.iter().any(|o| o == known)
    });
    let hint_zh = said
        .map(|known| format!("，最接近的是“{known}”"))
        .unwrap_or_default();
    let hint_en = said
        .map(|known| format!("; the closest is `{known}`"))
        .unwrap_or_default();
    let refusal = if renamed {
        let zh = format!("列名“{shown}”与登记的版式不符{hint_zh}");
        Refusal::new(
            "drift.column_renamed",
            zh,
            format!("column `{shown}` is not spelt as registered{hint_en}"),
        )
    } else {
        let zh = format!("多出版式中没有的列“{shown}”{hint_zh}");
        Refusal::new(
            "drift.column_added",
            zh,
            format!("column `{shown}` is not in the registered layout{hint_en}"),
        )
    };
    refusal.about(&shown, said)
}

/// Maps a header by name. Order is free; anything else that differs is refused.
pub(crate) fn map(layout: &Layout, names: &[String], row: &RawRow) -> Result<Vec<Slot>, FileError> {
    let at = |refusal: Refusal| FileError::from(refusal.at(row.line, row.offset));
    if names.len() > COLUMNS_MAX {
        let zh = format!("列数超过 {COLUMNS_MAX}");
        return Err(at(Refusal::new(
            "upload.sheet_limit",
            zh,
            format!("more than {COLUMNS_MAX} columns"),
        )));
    }
    let mut slots = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        if plain(name).is_empty() {
            slots.push(Slot::Nameless);
            continue;
        }
        let slot = slot(layout, name).ok_or_else(|| at(unknown(layout, name, names)))?;
        let twice = match slot {
            Slot::Column(_) => slots.contains(&slot),
            _ => names[..index].contains(name),
        };
        if twice {
            let zh = format!("列“{}”出现两次", shown(name));
            let en = format!("column `{}` stands twice", shown(name));
            return Err(at(
                Refusal::new("drift.column_duplicate", zh, en).about(&shown(name), None)
            ));
        }
        slots.push(slot);
    }
    for (position, column) in layout.columns.iter().enumerate() {
        if column.need != Need::No && !slots.contains(&Slot::Column(position)) {
            let zh = format!("缺少列“{}”", column.name);
            let en = format!("column `{}` is missing", column.name);
            return Err(at(
                Refusal::new("drift.column_missing", zh, en).about(&column.name, None)
            ));
        }
    }
    Ok(slots)
}

/// The header as found.
pub(crate) struct Header {
    pub(crate) slots: Vec<Slot>,
    /// Its bytes without the line end, as one CSV line.
    pub(crate) bytes: Vec<u8>,
}

/// Finds the header under at most the layout's number of title rows.
///
/// Merged cells make heads of two rows: a heading over several columns above
/// their names. Each column then has the lower name, or else the upper.
pub(crate) fn find<R: Read>(
    rows: &mut Source<R>,
    layout: &Layout,
    charset: Charset,
) -> Result<Header, FileError> {
    let mut looked_at = 0;
    let mut above: Vec<String> = Vec::new();
    while looked_at <= layout.title_rows {
        let Some(row) = rows.next_row()? else {
            break;
        };
        if is_empty(&row) {
            continue;
        }
        let own = names(&row, charset);
        let joined = joined(layout, &above, &own);
        if is_header(layout, &joined) {
            let below = lower_half(rows, layout, charset)?;
            let whole = match &below {
                Some(below) => over(&joined, below),
                None => joined,
            };
            let slots = map(layout, &whole, &row)?;
            let bytes = if whole == own {
                row.content().to_vec()
            } else {
                line(&whole, charset)
            };
            return Ok(Header { slots, bytes });
        }
        refuse_separator(layout, &own, &row)?;
        if own.len() > COLUMNS_MAX {
            map(layout, &own, &row)?;
        }
        looked_at += 1;
        above = own;
    }
    let zh = format!("前 {looked_at} 行中没有“{}”版式的表头", layout.title);
    let en = format!(
        "no header of layout `{}` in the first {looked_at} rows",
        layout.dataset
    );
    Err(Refusal::new("drift.header_missing", zh, en).into())
}

/// Whether most columns that every row needs stand in one of the first rows:
/// then a header that does not fit is a drifted one, and not another table.
pub(crate) fn is_meant<R: Read>(
    rows: &mut Source<R>,
    layout: &Layout,
    charset: Charset,
) -> Result<bool, FileError> {
    let needed = |column: &&Column| column.need == Need::Value;
    let all = layout.columns.iter().filter(needed).count();
    let mut looked_at = 0;
    while let Some(row) = rows.next_row()?.filter(|_| looked_at <= layout.title_rows) {
        looked_at += u8::from(!is_empty(&row));
        let names = names(&row, charset);
        let there = |column: &&Column| {
            let mut known = std::iter::once(&column.name).chain(&column.aliases);
            known.any(|known| names.iter().any(|name| plain(name) == *known))
        };
        if layout.columns.iter().filter(needed).filter(there).count() * 2 > all {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_empty(row: &RawRow) -> bool {
    let nothing = |b: &u8| b.is_ascii_whitespace() || *b == b',';
    row.flaws.is_empty() && row.content().iter().all(nothing)
}

/// The names of a row, with registered names of the row above where it has none.
fn joined(layout: &Layout, above: &[String], own: &[String]) -> Vec<String> {
    let known = |name: &&String| slot(layout, name).is_some();
    let mut joined = own.to_vec();
    for (position, name) in above.iter().enumerate().filter(|(_, name)| known(name)) {
        if position >= joined.len() {
            joined.resize(position + 1, String::new());
        }
        if plain(&joined[position]).is_empty() {
            joined[position].clone_from(name);
        }
    }
    joined
}

/// Every name of `upper` that has none of `lower` below it.
fn over(upper: &[String], lower: &[String]) -> Vec<String> {
    let length = upper.len().max(lower.len());
    let at = |names: &[String], position: usize| names.get(position).cloned().unwrap_or_default();
    let name = |position: usize| match at(lower, position) {
        blank if plain(&blank).is_empty() => at(upper, position),
        name => name,
    };
    (0..length).map(name).collect()
}

/// The next row, when nothing but registered names stands in it.
fn lower_half<R: Read>(
    rows: &mut Source<R>,
    layout: &Layout,
    charset: Charset,
) -> Result<Option<Vec<String>>, FileError> {
    let Some(row) = rows.next_row()? else {
        return Ok(None);
    };
    let names = names(&row, charset);
    let mut filled = names
        .iter()
        .filter(|name| !plain(name).is_empty())
        .peekable();
    if filled.peek().is_none() || !filled.all(|name| slot(layout, name).is_some()) {
        rows.put_back(row);
        return Ok(None);
    }
    Ok(Some(names))
}

/// Names as one CSV line.
fn line(names: &[String], charset: Charset) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (position, name) in names.iter().enumerate() {
        if position > 0 {
            bytes.push(b',');
        }
        quoted(&charset.encode(name), &mut bytes);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_name_holds_no_number() {
        assert_eq!(shown("备注2"), "备注2");
        assert_eq!(shown("320412198001010018"), "3204**************");
        assert_eq!(shown("a\u{1b}[2J"), "a\\u{1b}[2J");
    }
}
