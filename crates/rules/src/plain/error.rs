//! What can go wrong while evaluating, each with its code and its words.

use crate::problem::Fault;

/// An error of evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Overflow,
    DivisionByZero,
    ModulusByZero,
    NoSuchKey,
    IndexOutOfRange,
    NoSuchOverload,
    InvalidConversion,
    DuplicateKey,
    EmptyList,
    BadPattern,
    TooCostly,
    TooLarge,
}

impl Trouble {
    /// The fault at a byte of the expression; `about` says of what.
    #[expect(
        clippy::unnecessary_box_returns,
        reason = "every error of evaluation is kept boxed"
    )]
    pub(crate) fn at(self, offset: usize, about: &str) -> Box<Fault> {
        let (code, zh, en) = self.words();
        let (zh, en) = if about.is_empty() {
            (zh.to_owned(), en.to_owned())
        } else {
            (format!("{zh}：{about}"), format!("{en}: {about}"))
        };
        Box::new(Fault::new(offset, code, zh, en))
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Trouble::Overflow => ("cel.overflow", "数值溢出", "the number overflows"),
            Trouble::DivisionByZero => ("cel.division_by_zero", "除以零", "division by zero"),
            Trouble::ModulusByZero => ("cel.modulus_by_zero", "对零取余", "modulus by zero"),
            Trouble::NoSuchKey => ("cel.no_such_key", "没有这个键", "no such key"),
            Trouble::IndexOutOfRange => {
                ("cel.index_out_of_range", "下标越界", "index out of range")
            }
            Trouble::NoSuchOverload => (
                "cel.no_such_overload",
                "不能用于这些类型",
                "no such overload",
            ),
            Trouble::InvalidConversion => {
                ("cel.invalid_conversion", "无法转换", "invalid conversion")
            }
            Trouble::DuplicateKey => ("cel.duplicate_key", "键重复", "the key is there twice"),
            Trouble::EmptyList => ("cel.empty_list", "列表为空", "the list is empty"),
            Trouble::BadPattern => (
                "cel.bad_pattern",
                "正则表达式有误或过大",
                "not a regular expression, or too large a one",
            ),
            Trouble::TooCostly => (
                "cel.too_costly",
                "计算量超过上限",
                "the evaluation costs too much",
            ),
            Trouble::TooLarge => ("cel.too_large", "值过大", "the value is too large"),
        }
    }
}
