//! Reading a text that is to be made public, or shown to an auditor, for what
//! could be the number of a person: identity, telephone, account.
//!
//! Whoever writes such a number where it does not belong may write it in any
//! digits and with anything between them. So digits of every script in use
//! count, Chinese numerals too, and whatever is neither letter nor digit
//! counts for nothing.

/// The digit a character stands for in a number that somebody wants read.
fn digit(c: char) -> Option<char> {
    const GROUPS: [&str; 10] = [
        "〇零○洞",
        "一壹㈠㊀弌幺",
        "二贰貳㈡㊁弍两兩",
        "三叁參㈢㊂弎",
        "四肆㈣㊃",
        "五伍㈤㊄",
        "六陆陸㈥㊅",
        "七柒㈦㊆拐",
        "八捌㈧㊇",
        "九玖㈨㊈勾",
    ];
    if c.is_ascii_digit() {
        return Some(c);
    }
    let named = GROUPS.iter().position(|group| group.contains(c));
    let named = named.and_then(|value| u32::try_from(value).ok());
    let code = u32::from(c);
    // Decimal digits of a script stand in a row from its zero.
    let zeros = [
        0xff10, 0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66,
        0x0ce6, 0x0d66, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x17e0, 0x1810, 0x2080, 0x1d7ce, 0x1d7d8,
        0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1fbf0,
    ];
    let row = zeros
        .iter()
        .find_map(|zero| code.checked_sub(*zero).filter(|value| *value < 10));
    // Circled, in brackets, with a stop, black, Suzhou: rows from their one.
    let ones = [
        0x2460, 0x2474, 0x2488, 0x2776, 0x2780, 0x278a, 0x24f5, 0x3021,
    ];
    let from_one = ones.iter().find_map(|one| {
        code.checked_sub(*one)
            .map(|value| value + 1)
            .filter(|value| *value < 10)
    });
    let lone = match c {
        '\u{24ea}' | '\u{24ff}' | '\u{2070}' => Some(0),
        '\u{b9}' => Some(1),
        '\u{b2}' => Some(2),
        '\u{b3}' => Some(3),
        '\u{2074}'..='\u{2079}' => Some(code - 0x2070),
        _ => None,
    };
    let value = named.or(row).or(from_one).or(lone)?;
    char::from_digit(value, 10)
}

/// Whether a character ends a number: a letter or character that is no digit.
fn ends(c: char) -> bool {
    c.is_alphanumeric() && digit(c).is_none()
}

/// Digits in a row, at least as many, are a number of a person: telephones have
/// 11, identities 15 or 18, cards 16 to 19; nothing else is so long.
const LONG: usize = 11;

/// Whether texts read one after the other hold what could be a number of a
/// person. Where one text ends and the next begins counts for nothing.
pub fn holds_number<'a>(texts: impl IntoIterator<Item = &'a str>) -> bool {
    let mut run = 0;
    for c in texts.into_iter().flat_map(str::chars) {
        if digit(c).is_some() {
            run += 1;
            if run >= LONG {
                return true;
            }
        } else if ends(c) {
            run = 0;
        }
    }
    false
}

/// Whether a table holds one, read along its rows or down its columns.
pub fn table_holds_number(rows: &[Vec<String>]) -> bool {
    let along = rows.iter().flatten().map(String::as_str);
    if holds_number(along) {
        return true;
    }
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    (0..width).any(|column| {
        let down = rows.iter().filter_map(|row| row.get(column));
        holds_number(down.map(String::as_str))
    })
}

/// Numbers shorter than this say nothing of a person: ages, days, houses.
const SHOWN: usize = 6;
/// Words after which a name stands.
const CUES: [&str; 24] = [
    "姓名",
    "户主",
    "村民",
    "居民",
    "老人",
    "联系人",
    "上报人",
    "报告人",
    "母亲",
    "父亲",
    "妻子",
    "丈夫",
    "儿子",
    "女儿",
    "孙子",
    "孙女",
    "其子",
    "其女",
    "其妻",
    "其夫",
    "邻居",
    "名叫",
    "其母",
    "其父",
];

/// A free text with the numbers and the names in it masked: `known` names
/// wherever they stand, and of what follows words such as 户主 all but the
/// first character. Best effort: it hides more rather than less.
pub fn masked(text: &str, known: &[&str]) -> String {
    let mut text = without_numbers(text);
    let mut known: Vec<&str> = known
        .iter()
        .copied()
        .filter(|n| n.chars().count() > 1)
        .collect();
    known.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in known {
        text = text.replace(name, &crate::mask::name(name));
    }
    for cue in CUES {
        text = after(&text, cue);
    }
    text
}

/// A sentence of ours with what it quotes of others masked: what stands
/// between “ and ”.
pub fn quotes_masked(sentence: &str, known: &[&str]) -> String {
    let mut parts = sentence.split('“');
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (quoted, rest) = part.rsplit_once('”').unwrap_or((part, ""));
        let closed = part.contains('”');
        shown.push('“');
        shown.push_str(&masked(quoted, known));
        if closed {
            shown.push('”');
        }
        shown.push_str(rest);
    }
    shown
}

fn without_numbers(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        if digit(chars[at]).is_none() {
            masked.push(chars[at]);
            at += 1;
            continue;
        }
        let (mut end, mut last, mut digits) = (at, at, 0);
        while end < chars.len() && !ends(chars[end]) {
            if digit(chars[end]).is_some() {
                digits += 1;
                last = end;
            }
            end += 1;
        }
        if digits > SHOWN {
            masked.push_str("******");
        } else {
            masked.extend(&chars[at..=last]);
        }
        at = last + 1;
    }
    masked
}

/// Masks up to two characters behind the first one after a cue.
fn after(text: &str, cue: &str) -> String {
    let mut parts = text.split(cue);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked.push_str(cue);
        let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        let led = part.trim_start_matches(['：', ':', ' ', '为', '是']);
        masked.push_str(&part[..part.len() - led.len()]);
        let name: String = led.chars().take_while(|c| is_han(*c)).take(3).collect();
        if name.chars().count() < 2 {
            masked.push_str(led);
            continue;
        }
        masked.extend(name.chars().take(1));
        masked.push_str("**");
        masked.push_str(&led[name.len()..]);
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_however_it_is_written() {
        for text in [
            "330102195001010006",
            "3301 0219 5001 0100 06",
            "330102-19500101-000X",
            "１３８１２３４５６７８",
            "一三八 一二三四 五六七八",
            "壹叁捌壹贰叁肆伍陆柒捌",
            "①③⑧①②③④⑤⑥⑦⑧",
            "138\u{200b}1234\u{feff}5678",
            "1/3/8.1_2~3*4(5)6[7]8",
            "١٣٨١٢٣٤٥٦٧٨",
            "6222 0212 3456 7890 123",
            "1\u{fe0f}\u{20e3}3\u{fe0f}\u{20e3}8\u{fe0f}\u{20e3}12345678",
        ] {
            assert!(holds_number([text]), "{text}");
            assert!(holds_number(["备注", text, "元"]), "{text}");
        }
        for text in [
            "2026年11月20日至2026年11月27日",
            "二〇二六年十一月二十日",
            "3人，1,234.00元，湖塘镇三勤村委会",
            "民发〔2021〕57号第二十四条",
        ] {
            assert!(!holds_number([text]), "{text}");
        }
    }

    #[test]
    fn a_number_split_over_cells_is_found() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let along = [row(["王", "1381", "234"]), row(["5678", "某", "3人"])];
        assert!(table_holds_number(&along));
        let down = [
            row(["甲", "1381", "元"]),
            row(["乙", "2345", "元"]),
            row(["丙", "678", "元"]),
        ];
        assert!(table_holds_number(&down));
        let fair = [
            row(["王某", "3人", "1,234.00元"]),
            row(["李某", "2人", "980.00元"]),
        ];
        assert!(!table_holds_number(&fair));
    }

    #[test]
    fn what_an_auditor_reads_names_nobody() {
        let told = "村民张小芳反映其子李强住院，电话138 1234 5678，身份证３２０４１２１９９００１０１１２３４，欠费3000元。郑娣无劳动能力";
        let masked = masked(told, &["郑娣"]);
        for hidden in ["小芳", "李强", "1381", "5678", "３２０", "郑娣"] {
            assert!(!masked.contains(hidden), "{hidden}: {masked}");
        }
        for kept in ["反映", "3000元", "无劳动能力"] {
            assert!(masked.contains(kept), "{kept}: {masked}");
        }
    }
}
