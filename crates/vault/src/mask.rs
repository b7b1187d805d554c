//! What is shown to those who may not see all of a value.
//!
//! When in doubt a mask hides more: what does not look like a phone number or
//! an address up to its township is not shown.

use domain::dictionary::Mask;

use crate::names;

/// A value as its field's mask shows it.
pub fn mask_for(mask: Mask, value: &str) -> String {
    match mask {
        Mask::Plain => value.to_owned(),
        Mask::Name => name(value),
        Mask::Phone => phone(value),
        Mask::Address => address(value),
        Mask::Hidden => String::new(),
    }
}

/// `王某英` → `王**`, `欧阳娜娜` → `欧阳**`. The length of the name is not shown.
pub fn name(value: &str) -> String {
    let folded = names::fold(value);
    let surname = if is_compound(&folded) { 2 } else { 1 };
    let shown: String = folded.chars().take(surname).collect();
    starred(shown, "**")
}

/// `13812345678` → `138****5678`; of other numbers the last four digits.
pub fn phone(value: &str) -> String {
    if value.trim().is_empty() {
        return String::new();
    }
    let digits: String = value.chars().filter_map(digit).collect();
    let mobile = match digits.strip_prefix("86") {
        Some(rest) if rest.len() == 11 => rest,
        _ => &digits,
    };
    if mobile.len() == 11 && mobile.starts_with('1') {
        return format!("{}****{}", &mobile[..3], &mobile[7..]);
    }
    // Of a short number four digits would be most of it.
    let last_four = if digits.len() >= 8 {
        &digits[digits.len() - 4..]
    } else {
        ""
    };
    format!("****{last_four}")
}

/// `320412199001011234` → `320412********1234`; the birth date is not shown.
pub fn resident_id(value: &str) -> String {
    let value = value.trim();
    match value.len() {
        0 => String::new(),
        18 if value.is_ascii() => format!("{}********{}", &value[..6], &value[14..]),
        15 if value.is_ascii() => format!("{}******{}", &value[..6], &value[12..]),
        _ => "******".to_owned(),
    }
}

/// `常州市武进区湖塘镇丰乐社区3幢201` → `常州市武进区湖塘镇***`. Without a
/// recognisable township, up to the county or less.
pub fn address(value: &str) -> String {
    let text: Vec<char> = value.chars().filter(|c| !c.is_whitespace()).collect();
    let shown = public_part(&text);
    let kept: String = text[..shown].iter().collect();
    if shown == text.len() {
        kept
    } else {
        kept + "***"
    }
}

fn starred(shown: String, stars: &str) -> String {
    if shown.is_empty() {
        shown
    } else {
        shown + stars
    }
}

/// The ASCII form of a half- or full-width digit.
fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10),
        _ => None,
    }
}

/// Surnames of two characters (复姓) that are met today.
const COMPOUND_SURNAMES: &[&str] = &[
    "欧阳", "上官", "司马", "诸葛", "司徒", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "尉迟",
    "公羊", "赫连", "澹台", "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容", "仲孙",
    "钟离", "长孙", "宇文", "鲜于", "司空", "闾丘", "亓官", "司寇", "巫马", "公西", "颛孙", "漆雕",
    "乐正", "宰父", "谷梁", "拓跋", "轩辕", "令狐", "段干", "百里", "呼延", "东郭", "南门", "羊舌",
    "微生", "梁丘", "左丘", "西门", "第五", "南荣", "即墨", "达奚", "端木", "太史", "欧侯", "呼衍",
];

/// A name of two characters is never a compound surname: it would be shown
/// whole.
fn is_compound(name: &str) -> bool {
    let starts = COMPOUND_SURNAMES.iter().any(|s| name.starts_with(s));
    starts && name.chars().count() > 2
}

/// How deep a part of an address reaches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Depth {
    Nothing,
    Province,
    City,
    County,
    Township,
}

/// Endings of divisions, longest first where one ends in another.
const ENDINGS: &[(&str, Depth)] = &[
    ("街道办事处", Depth::Township),
    ("街道", Depth::Township),
    ("苏木", Depth::Township),
    ("镇", Depth::Township),
    ("乡", Depth::Township),
    ("自治区", Depth::Province),
    ("省", Depth::Province),
    ("自治州", Depth::City),
    ("地区", Depth::City),
    ("盟", Depth::City),
    ("市", Depth::City),
    ("自治县", Depth::County),
    ("自治旗", Depth::County),
    ("县", Depth::County),
    ("区", Depth::County),
    ("旗", Depth::County),
];

/// Longest name of a division before its ending: 积石山保安族东乡族撒拉族 is 11.
const LONGEST: usize = 12;

/// Number of leading characters that name divisions down to the township.
fn public_part(text: &[char]) -> usize {
    let (mut depth, mut shown, mut at) = (Depth::Nothing, 0, 0);
    while at < text.len() && at - shown <= LONGEST && !is_of_a_street(text[at]) {
        let Some((len, found)) = ending(text, shown, at, depth) else {
            at += 1;
            continue;
        };
        // A county after a county is a housing estate that calls itself 区; a
        // city after a city is the county-level city inside it.
        let deeper = match (depth, found) {
            (Depth::City, Depth::City) => Depth::County,
            _ if found > depth => found,
            _ => return shown,
        };
        (depth, shown, at) = (deeper, at + len, at + len);
        if depth == Depth::Township {
            break;
        }
    }
    shown
}

/// Digits, letters and signs, and the words that streets, villages and houses
/// end in.
fn is_of_a_street(c: char) -> bool {
    !c.is_alphabetic() || c.is_ascii() || "路号幢栋室弄巷村组".contains(c)
}

/// The ending at `at` of a name that began at `start`: its length and depth.
fn ending(text: &[char], start: usize, at: usize, depth: Depth) -> Option<(usize, Depth)> {
    let begins = |from: usize, word: &str| {
        let rest = text.get(from..).unwrap_or(&[]);
        word.chars().count() <= rest.len() && word.chars().zip(rest).all(|(a, b)| a == *b)
    };
    let upper = |from: usize| {
        ["市", "县", "区", "族"]
            .iter()
            .any(|word| begins(from, word))
    };
    let township = |from: usize| ["镇", "乡", "街道"].iter().any(|word| begins(from, word));
    let &(word, found) = ENDINGS.iter().find(|(word, _)| begins(at, word))?;
    let len = word.chars().count();
    let stem = &text[start..at];
    let named = match found {
        // 景德镇市, 新乡市, 东乡族自治县: the name of something larger goes on.
        Depth::Township => !stem.is_empty() && !upper(at + len),
        // 浦东新区 is a county, 阳光小区 and 花园三区 are not: a name ending in 区
        // counts only inside a city or province.
        Depth::County if word == "区" => {
            let estate = matches!(stem.last(), Some('小' | '社'));
            depth != Depth::Nothing && (2..=6).contains(&stem.len()) && !estate
        }
        // 新市镇 is one name, unless the town begins the next: 宁波市镇海区.
        Depth::City if word == "市" => {
            !stem.is_empty() && (!township(at + len) || upper(at + len + 2))
        }
        _ => !stem.is_empty(),
    };
    named.then_some((len, found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_keep_the_surname() {
        let shown = [
            ("王某英", "王**"),
            ("王英", "王**"),
            ("王", "王**"),
            (" 王　英 ", "王**"),
            ("欧阳娜娜", "欧阳**"),
            ("欧 阳娜娜", "欧阳**"),
            ("欧阳", "欧**"),
            ("司马光", "司马**"),
            ("买买提·艾力", "买**"),
            ("John Smith", "J**"),
            ("", ""),
            ("　", ""),
        ];
        for (value, mask) in shown {
            assert_eq!(name(value), mask, "{value}");
        }
    }

    #[test]
    fn phones_keep_three_and_four() {
        let shown = [
            ("13812345678", "138****5678"),
            ("+86 138 1234 5678", "138****5678"),
            ("１３８１２３４５６７８", "138****5678"),
            ("0519-86512345", "****2345"),
            ("86512345", "****2345"),
            ("12345", "****"),
            ("无", "****"),
            ("", ""),
        ];
        for (value, mask) in shown {
            assert_eq!(phone(value), mask, "{value}");
        }
    }

    #[test]
    fn resident_ids_hide_the_birth_date() {
        assert_eq!(resident_id("320412199001011234"), "320412********1234");
        assert_eq!(resident_id("11010519491231002X"), "110105********002X");
        assert_eq!(resident_id("110105491231002"), "110105******002");
        assert_eq!(resident_id("3204121990"), "******");
        assert_eq!(resident_id("三二〇四一二"), "******");
        assert_eq!(resident_id(""), "");
    }

    #[test]
    fn addresses_end_at_the_township() {
        let shown = [
            ("常州市武进区湖塘镇丰乐社区3幢201", "常州市武进区湖塘镇***"),
            (
                "江苏省常州市天宁区兰陵街道清凉新村12幢",
                "江苏省常州市天宁区兰陵街道***",
            ),
            ("天宁区 兰陵街道办事处 九洲花园", "天宁区兰陵街道办事处***"),
            ("湖塘镇", "湖塘镇"),
            (
                "江苏省镇江市丹徒区高资街道唐驾村",
                "江苏省镇江市丹徒区高资街道***",
            ),
            (
                "江西省景德镇市浮梁县瑶里镇东埠村",
                "江西省景德镇市浮梁县瑶里镇***",
            ),
            (
                "河南省新乡市辉县市百泉镇楼根村",
                "河南省新乡市辉县市百泉镇***",
            ),
            (
                "浙江省宁波市镇海区骆驼街道里洞桥",
                "浙江省宁波市镇海区骆驼街道***",
            ),
            (
                "浙江省湖州市德清县新市镇丰乐小区",
                "浙江省湖州市德清县新市镇***",
            ),
            (
                "江苏省苏州市昆山市花桥镇蓬青路",
                "江苏省苏州市昆山市花桥镇***",
            ),
            (
                "甘肃省临夏回族自治州东乡族自治县锁南镇",
                "甘肃省临夏回族自治州东乡族自治县锁南镇",
            ),
            (
                "内蒙古自治区锡林郭勒盟正蓝旗那日图苏木高格斯台嘎查",
                "内蒙古自治区锡林郭勒盟正蓝旗那日图苏木***",
            ),
        ];
        for (value, mask) in shown {
            assert_eq!(address(value), mask, "{value}");
        }
    }

    #[test]
    fn addresses_without_a_township_show_less() {
        let shown = [
            ("常州市武进区延政中路28号", "常州市武进区***"),
            ("武进区延政中路28号", "***"),
            ("阳光小区3幢201", "***"),
            ("常州市阳光花园小区5幢王镇长家", "常州市***"),
            ("常州市武进区阳光花园三区5幢", "常州市武进区***"),
            ("丰乐村三组", "***"),
            ("3幢湖塘镇", "***"),
            ("Flat 5, 湖塘镇", "***"),
            ("", ""),
        ];
        for (value, mask) in shown {
            assert_eq!(address(value), mask, "{value}");
        }
    }

    #[test]
    fn each_mask_of_the_dictionary() {
        assert_eq!(mask_for(Mask::Plain, "低保"), "低保");
        assert_eq!(mask_for(Mask::Name, "王某英"), "王**");
        assert_eq!(mask_for(Mask::Phone, "13812345678"), "138****5678");
        assert_eq!(mask_for(Mask::Address, "湖塘镇丰乐村"), "湖塘镇***");
        assert_eq!(mask_for(Mask::Hidden, "尿毒症"), "");
    }

    proptest! {
        #[test]
        fn any_text_is_masked_without_panic(value in ".{0,40}") {
            let _ = address(&value);
            let _ = resident_id(&value);
            prop_assert!(name(&value).chars().count() <= 4);
            prop_assert!(phone(&value).chars().count() <= 11);
        }

        #[test]
        fn house_numbers_are_never_shown(place in "[省市区县镇乡街道村路小新东阳光湖塘]{0,12}", house in "[1-9][0-9]{2}") {
            let shown = address(&format!("{place}{house}室"));
            prop_assert!(!shown.contains(&house), "{}", shown);
        }

        #[test]
        fn seven_digits_at_most_of_a_phone(value in "[0-9+ -]{0,24}") {
            prop_assert!(phone(&value).chars().filter(char::is_ascii_digit).count() <= 7);
        }
    }
}
