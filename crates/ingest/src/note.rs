//! What the sender is told: stable codes with a Chinese and an English
//! sentence. No sentence repeats a value, so none can repeat an identity.

use domain::record::RowNote;

/// How much a finding weighs on its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// The row is taken.
    Warn,
    /// The row waits for a person.
    Hold,
    /// The row goes back.
    Reject,
}

/// One finding about a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) weight: Weight,
    pub(crate) note: RowNote,
}

/// A code that has sentences; [`CODES`] has a row for each that is used.
pub(crate) type Code = &'static str;

/// Code, Chinese sentence, English sentence. Codes grow at the end and never
/// change meaning: senders' programs match on them.
pub(crate) static CODES: &[(Code, &str, &str)] = &[
    (
        "row.encoding",
        "有字节不是文件所用的编码",
        "bytes that are not in the file's charset",
    ),
    (
        "row.column_count",
        "单元格数与表头不一致",
        "the number of cells differs from the header",
    ),
    (
        "row.quote",
        "引号位置不对",
        "a quote stands where none may stand",
    ),
    ("row.nul", "含有空字符（NUL）", "a NUL character"),
    ("row.control_char", "含有控制字符", "a control character"),
    (
        "row.too_long",
        "整行超过 64 KiB",
        "the row is longer than 64 KiB",
    ),
    (
        "row.cell_too_long",
        "单元格超过 8 KiB",
        "the cell is longer than 8 KiB",
    ),
    (
        "row.duplicate_in_batch",
        "与本文件中较早的一行完全相同，只计一次",
        "says the same as an earlier row of this file; it counts once",
    ),
    (
        "row.conflict_in_batch",
        "同一主键在本文件中有不同内容，相关各行均未接收",
        "one key stands in this file with different contents; none of these rows is taken",
    ),
    (
        "event.too_large",
        "整行超过 64 KiB",
        "the line is longer than 64 KiB",
    ),
    ("json.syntax", "不是一个 JSON 对象", "not a JSON object"),
    (
        "json.trailing",
        "JSON 对象后面还有内容",
        "something follows the JSON object",
    ),
    (
        "json.duplicate_key",
        "同一个键出现两次",
        "a key stands twice",
    ),
    (
        "json.nested",
        "值不能是数组或对象",
        "a value may not be an array or an object",
    ),
    (
        "json.number",
        "数值须写成文本或整数",
        "a number must be written as text or as an integer",
    ),
    (
        "json.both_units",
        "同一金额既有元又有分",
        "one amount is given both in yuan and in fen",
    ),
    (
        "drift.column_added",
        "该键不在登记的版式中",
        "the key is not in the registered layout",
    ),
    ("field.missing", "必填项为空", "a required cell is empty"),
    (
        "id.missing",
        "没有身份证号，待补全",
        "no identity number; kept for completion",
    ),
    (
        "id.lost_precision",
        "身份证号被电子表格存成了数值（spreadsheet），只剩15位；请把该列设为文本，照原件重填",
        "a spreadsheet kept 15 digits of the identity number; make the column text and enter it again",
    ),
    (
        "id.length",
        "身份证号不是15位或18位",
        "the identity number has neither 15 nor 18 characters",
    ),
    (
        "id.charset",
        "身份证号含有数字和末位X以外的字符",
        "the identity number has characters other than digits and a final X",
    ),
    (
        "id.birthdate",
        "身份证号中的出生日期不存在或在将来",
        "the birth date inside the identity number does not exist or lies ahead",
    ),
    (
        "id.checksum",
        "身份证号校验位不对",
        "the check character of the identity number is wrong",
    ),
    (
        "id.legacy15",
        "15位旧号码，已换成18位",
        "a 15-digit number of the old form; taken in its 18-digit form",
    ),
    (
        "id.excel_rounding",
        "末尾为000，可能被电子表格（spreadsheet）改动过",
        "it ends in 000: a spreadsheet may have rounded it (excel_rounding)",
    ),
    (
        "id.region",
        "身份证号的地区码从未使用",
        "the division inside the identity number was never used",
    ),
    (
        "id.document_type",
        "证件不是居民身份证，待人工处理",
        "not a resident identity document; kept for a person to complete",
    ),
    (
        "identity.mismatch",
        "证件号码与本行的姓名、性别、出生日期、年龄或亲属号码对不上，可能填了别人的证件，待核实",
        "the identity number does not fit the row's own name, sex, birth date, age or relatives; it may be another person's",
    ),
    (
        "identity.unchecked",
        "没有性别、年龄或出生日期可与证件号码核对",
        "nothing in the row to compare the identity number with",
    ),
    (
        "subject.from_head",
        "享受人为空，按户主计",
        "no payee is given; the head is taken",
    ),
    (
        "name.placeholder",
        "姓名是占位词",
        "the name is a placeholder",
    ),
    (
        "name.too_long",
        "姓名超过100个字",
        "the name is longer than 100 characters",
    ),
    (
        "name.charset",
        "姓名含有不可用于姓名的字符",
        "the name has characters that no name has",
    ),
    (
        "name.control_char",
        "姓名含有控制字符",
        "the name has a control character",
    ),
    (
        "name.pua",
        "姓名含有自造字",
        "the name has a private-use character",
    ),
    (
        "name.compatibility",
        "姓名含有兼容汉字，已按原样保留",
        "the name has a compatibility ideograph; kept as sent",
    ),
    ("text.too_long", "文字过长", "the text is too long"),
    (
        "number.lost_precision",
        "编号被电子表格存成了数值，只剩15位；请把该列设为文本，照原件重填",
        "a spreadsheet kept 15 digits of the number; make the column text and enter it again",
    ),
    (
        "phone.invalid",
        "电话号码无法识别，未采用",
        "not a telephone number; left out",
    ),
    (
        "phone.several",
        "一格有多个电话，只取第一个",
        "several telephone numbers in one cell; the first is taken",
    ),
    (
        "date.invalid",
        "日期无法识别",
        "not a date of a documented form",
    ),
    ("date.future", "日期在将来", "the date lies ahead"),
    (
        "month.invalid",
        "年月无法识别",
        "not a month of a documented form",
    ),
    (
        "amount.invalid",
        "金额无法识别",
        "not an amount in yuan with at most two decimals",
    ),
    (
        "amount.range",
        "金额超出允许范围",
        "the amount is out of range",
    ),
    (
        "amount.identity",
        "合计项与分项不相等",
        "the amount does not equal its parts",
    ),
    (
        "amount.part_exceeds",
        "“其中”项大于总项",
        "the part is larger than the whole",
    ),
    ("count.invalid", "不是整数", "not a whole number"),
    ("flag.invalid", "不是“是”或“否”", "neither yes nor no"),
    ("code.unknown", "不在代码表中", "not in the code list"),
    (
        "division.invalid",
        "区划代码格式不对",
        "not a division code",
    ),
    (
        "operation.unknown",
        "操作类型无法识别",
        "the operation is not known",
    ),
    (
        "village.unknown",
        "村（社区）名称无法识别，已记到镇街",
        "the village is not known; placed at the township",
    ),
    (
        "township.unknown",
        "镇街名称无法识别，已记到县级待分派",
        "the township is not known; placed at the county",
    ),
    (
        "township.not_allowed",
        "区划不在本批次的范围内",
        "the division is outside this batch's scope",
    ),
    (
        "certificate.lost_precision",
        "残疾人证号被电子表格存成了数值，只剩15位；请把该列设为文本，照原件重填",
        "a spreadsheet kept 15 digits of the certificate number; make the column text and enter it again",
    ),
    (
        "certificate.number",
        "残疾人证号格式不对",
        "not a disability certificate number",
    ),
    (
        "certificate.differs",
        "证号中的类别或等级与列中不同，以列为准",
        "category or grade inside the number differ from the columns; the columns are taken",
    ),
    (
        "refund.unflagged",
        "金额为负但没有退费标志，按退费处理",
        "negative amounts without the refund flag; taken as a refund",
    ),
    (
        "refund.sign",
        "有退费标志但金额为正",
        "flagged as a refund but the amounts are positive",
    ),
    (
        "refund.original_missing",
        "退费没有写明原结算",
        "the refund does not name its original settlement",
    ),
    (
        "consistency.death_birth",
        "死亡日期早于出生日期",
        "death before birth",
    ),
    (
        "consistency.death_order",
        "死亡日期晚于火化或注销日期",
        "death after the cremation or the registration",
    ),
    (
        "household.number_missing",
        "户编号为空，且上方没有可沿用的户编号",
        "no household number here or in the row above",
    ),
    (
        "total.mismatch",
        "合计行金额与各行之和不相等",
        "the total row differs from the sum of the rows",
    ),
    (
        "list.nobody",
        "有的行看不出是谁",
        "rows of which it cannot be told whom they are about",
    ),
    (
        "cell.formula",
        "公式没有计算结果，请在表格软件中打开并保存一次，或把公式粘贴为数值",
        "a formula without its value; open and save the workbook, or paste values",
    ),
    (
        "cell.error",
        "公式出错（如 #REF!），请改正后再报",
        "a formula error such as #REF!",
    ),
    (
        "sheet.unread",
        "只读了一个工作表，其余未读",
        "only one sheet is read",
    ),
];

/// The note with this code about a column.
pub(crate) fn note(code: Code, column: Option<&str>) -> RowNote {
    let text = CODES.iter().find(|(known, ..)| *known == code);
    let (zh, en) = text.map_or((code, code), |(_, zh, en)| (*zh, *en));
    RowNote {
        column: column.map(str::to_owned),
        code: code.to_owned(),
        zh: zh.to_owned(),
        en: en.to_owned(),
    }
}

impl Finding {
    /// A finding with its catalogue sentence.
    pub(crate) fn new(weight: Weight, code: Code, column: Option<&str>) -> Finding {
        Finding {
            weight,
            note: note(code, column),
        }
    }

    /// The row goes back.
    pub(crate) fn reject(code: Code, column: Option<&str>) -> Finding {
        Finding::new(Weight::Reject, code, column)
    }

    /// The row is taken with a remark.
    pub(crate) fn warn(code: Code, column: Option<&str>) -> Finding {
        Finding::new(Weight::Warn, code, column)
    }

    /// Adds where in the row, counted in bytes.
    pub(crate) fn at_byte(mut self, offset: usize) -> Finding {
        self.note.zh = format!("{}（第 {offset} 字节）", self.note.zh);
        self.note.en = format!("{} (byte {offset})", self.note.en);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_have_both_sentences() {
        let mut seen = std::collections::BTreeSet::new();
        for (code, zh, en) in CODES {
            assert!(seen.insert(code), "{code} stands twice");
            assert!(!zh.is_empty() && en.is_ascii(), "{code}");
        }
    }
}
