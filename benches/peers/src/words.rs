//! The five policies as the expressions of another engine need them: constants
//! written out, and the lists of codes.

use domain::code::{INCOME_CLASS, SCHEME};

use crate::flat::Figures;

/// Codes of a list by the bits of their places.
fn codes(list: &'static domain::code::CodeList, bits: u32) -> Vec<&'static str> {
    let all = list.entries.iter().enumerate();
    let those = all.filter(|(n, _)| bits >> n & 1 == 1);
    those.map(|(_, entry)| entry.code).collect()
}

/// Schemes by bits.
pub(crate) fn schemes(bits: u8) -> Vec<&'static str> {
    codes(&SCHEME, u32::from(bits))
}

/// The class of an income.
pub(crate) fn class(place: u8) -> &'static str {
    INCOME_CLASS.entries[usize::from(place)].code
}

/// `$NAME` in a text becomes a figure.
pub(crate) fn filled(text: &str, figures: &Figures) -> String {
    let list = |codes: Vec<&str>| {
        let quoted: Vec<String> = codes.iter().map(|code| format!("\"{code}\"")).collect();
        format!("[{}]", quoted.join(", "))
    };
    let with = [
        ("$YEAR", (figures.standard * 12).to_string()),
        ("$EXEMPT", list(codes(&INCOME_CLASS, figures.exempt))),
        ("$EXCLUDED", list(schemes(figures.excluded))),
        ("$LOW", list(schemes(figures.low_income))),
        ("$MANY", figures.multiple.0.to_string()),
        ("$PER", figures.multiple.1.to_string()),
        ("$SHARE", figures.share.0.to_string()),
        ("$OF", figures.share.1.to_string()),
        ("$HEAD", figures.disposable.to_string()),
        ("$BILL", figures.low_income_bill.to_string()),
        ("$LARGE", figures.large_bill.to_string()),
        ("$AFTER", figures.after.to_string()),
        ("$TODAY", figures.today.to_string()),
    ];
    with.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(name, value)
    })
}
