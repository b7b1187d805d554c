//! Comparing names as people and departments type them.

/// A name as it is compared: without spaces of any width or invisible
/// characters, and with every middle dot as U+00B7. What was sent is kept as it
/// is; only comparisons use this.
pub fn fold(name: &str) -> String {
    let seen = name
        .chars()
        .filter(|c| !c.is_whitespace() && !is_invisible(*c));
    seen.map(|c| if is_middle_dot(c) { '\u{b7}' } else { c })
        .collect()
}

/// Whether two spellings are one name.
pub fn same(a: &str, b: &str) -> bool {
    fold(a) == fold(b)
}

/// What input methods and old systems put between the parts of 买买提·艾力.
const fn is_middle_dot(c: char) -> bool {
    matches!(
        c,
        '\u{b7}'
            | '\u{2022}'
            | '\u{2027}'
            | '\u{22c5}'
            | '\u{30fb}'
            | '\u{ff65}'
            | '\u{ff0e}'
            | '.'
    )
}

/// Zero-width characters that copying from web pages and spreadsheets leaves.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_name() {
        for spelling in [
            "买买提•艾力",
            "买买提・艾力",
            "买买提．艾力",
            "买买提.艾力",
            "买买提 · 艾力",
            "\u{feff}买买提\u{200b}·艾力　",
        ] {
            assert_eq!(fold(spelling), "买买提·艾力");
        }
        assert!(same("张　三", "张三"));
        assert!(!same("张三", "张山"));
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(name in ".{0,20}") {
            prop_assert_eq!(fold(&fold(&name)), fold(&name));
        }
    }
}
