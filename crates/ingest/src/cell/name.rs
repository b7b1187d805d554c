//! Names of people: what is a name, what is none, and one spelling of each.

use super::{Cell, weight};
use crate::layout::Column;
use crate::note::Finding;

/// Longest name accepted, in characters.
const NAME_CHARACTERS_MAX: usize = 100;

/// What is written where nobody knew the name. A newborn registered as
/// somebody's child has no name of its own yet.
fn is_placeholder(name: &str) -> bool {
    let words = [
        "无",
        "不详",
        "-",
        "--",
        "—",
        "/",
        "未知",
        "无名",
        "无名氏",
        "无名尸",
        "婴儿",
        "弃婴",
        "某",
    ];
    words.contains(&name) || name.ends_with("之婴") || name.ends_with("婴儿")
}

/// Characters that hide or turn text, or are pictures.
fn is_foreign_to_names(c: char) -> bool {
    matches!(c,
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
        | '\u{2300}'..='\u{23FF}' | '\u{2600}'..='\u{27BF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFF0}'..='\u{FFFF}'
        | '\u{1F000}'..='\u{1FAFF}' | '\u{E0000}'..='\u{E0FFF}')
}

fn is_private(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}')
}

fn is_compatibility(c: char) -> bool {
    matches!(c, '\u{F900}'..='\u{FAFF}' | '\u{2F800}'..='\u{2FA1F}')
}

/// One spelling: the dot of transliterated names is U+00B7, and space stands
/// only between Latin words (王　英 is 王英).
fn one_spelling(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut name = String::with_capacity(text.len());
    for (i, c) in characters.iter().enumerate() {
        let latin = |at: Option<&char>| at.is_some_and(char::is_ascii_alphanumeric);
        match c {
            '•' | '・' | '．' | '‧' | '∙' | '⋅' | '●' | '.' => name.push('·'),
            c if c.is_whitespace() => {
                let before = characters[..i].iter().rev().find(|c| !c.is_whitespace());
                let after = characters[i..].iter().find(|c| !c.is_whitespace());
                if latin(before) && latin(after) && !name.ends_with(' ') {
                    name.push(' ');
                }
            }
            c => name.push(*c),
        }
    }
    name
}

pub(super) fn read(column: &Column, text: &str, found: &mut Vec<Finding>) -> Cell {
    let title = Some(column.name.as_str());
    let name = one_spelling(text);
    let (code, bad) = if is_placeholder(&name) {
        ("name.placeholder", column.placeholder)
    } else if name.chars().count() > NAME_CHARACTERS_MAX {
        ("name.too_long", column.bad)
    } else if name.contains(is_private) {
        ("name.pua", column.bad)
    } else if name.contains(is_foreign_to_names) {
        ("name.charset", column.bad)
    } else {
        if name.contains(is_compatibility) {
            found.push(Finding::warn("name.compatibility", title));
        }
        return Cell::Text(name);
    };
    found.push(Finding::new(weight(bad), code, title));
    Cell::Bad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_spelling() {
        assert_eq!(one_spelling("王　英"), "王英");
        assert_eq!(one_spelling("John  Smith"), "John Smith");
        let spellings = [
            "买买提•艾力",
            "买买提・艾力",
            "买买提．艾力",
            "买买提.艾力",
            "买买提·艾力",
        ];
        assert!(spellings.iter().all(|s| one_spelling(s) == "买买提·艾力"));
    }

    #[test]
    fn newborns_and_the_unknown_have_no_name() {
        assert!(
            ["婴儿", "无名氏", "陈某之婴", "不详"]
                .into_iter()
                .all(is_placeholder)
        );
        assert!(!["吴铭", "婴宁", "测试"].into_iter().any(is_placeholder));
    }
}
