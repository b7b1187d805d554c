//! What an invented county promises.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::LazyLock;

use domain::money::Money;
use domain::region::Divisions;
use domain::resident_id::{ResidentId, Sex};
use jiff::civil::date;
use proptest::prelude::*;
use synth::{AnomalyKind, County, CountySpec, Feed, FeedFile, invent};

static DIVISIONS: LazyLock<Divisions> = LazyLock::new(|| {
    Divisions::parse(include_str!("../../../policies/tables/divisions.csv")).unwrap()
});

fn divisions() -> &'static Divisions {
    &DIVISIONS
}

/// The county most promises are checked on.
static COUNTY: LazyLock<County> = LazyLock::new(|| invent(&spec(2, 2000), divisions()));

fn spec(seed: u64, households: u32) -> CountySpec {
    CountySpec {
        seed,
        households,
        on: date(2026, 11, 20),
    }
}

fn text(file: &FeedFile) -> String {
    let gb = matches!(file.source.as_str(), "civil" | "police" | "justice");
    if gb {
        let (text, had_errors) = encoding_rs::GB18030.decode_without_bom_handling(&file.bytes);
        assert!(!had_errors, "{} is GB18030", file.file_name);
        text.into_owned()
    } else {
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        text.trim_start_matches('\u{feff}').to_owned()
    }
}

/// Rows by column name, without title and total.
fn rows(file: &FeedFile) -> Vec<BTreeMap<String, String>> {
    let text = text(file);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut all = reader.records().map(Result::unwrap);
    let mut header = all.next().unwrap();
    if header[0].ends_with("发放名册") {
        header = all.next().unwrap();
    }
    all.filter(|row| &row[0] != "合计")
        .map(|row| {
            let cells = row.iter().map(str::to_owned);
            header.iter().map(str::to_owned).zip(cells).collect()
        })
        .collect()
}

fn file<'a>(county: &'a County, source: &str) -> &'a FeedFile {
    county
        .feeds
        .iter()
        .rev()
        .find(|f| f.source.as_str() == source)
        .unwrap()
}

#[test]
fn a_seed_names_one_county() {
    let once = invent(&spec(7, 200), divisions());
    assert_eq!(once, invent(&spec(7, 200), divisions()));
    let other = invent(&spec(8, 200), divisions());
    for (a, b) in once.feeds.iter().zip(&other.feeds) {
        assert_ne!(a.bytes, b.bytes, "{}", a.file_name);
    }
}

#[test]
fn a_larger_county_begins_with_the_smaller_one() {
    let small = text(file(&invent(&spec(7, 50), divisions()), "civil"));
    let large = text(file(&invent(&spec(7, 60), divisions()), "civil"));
    assert!(large.starts_with(&small) && large.len() > small.len());
}

#[test]
fn streaming_writes_the_same_bytes() {
    let spec = spec(3, 80);
    let county = invent(&spec, divisions());
    for (plan, file) in synth::feeds(&spec).iter().zip(&county.feeds) {
        let mut bytes = std::io::BufWriter::new(Vec::new());
        synth::write_feed(&spec, divisions(), plan, &mut bytes).unwrap();
        bytes.flush().unwrap();
        assert_eq!(bytes.into_inner().unwrap(), file.bytes);
    }
}

#[test]
fn a_county_of_so_many_rows_has_them() {
    let spec = CountySpec::of_rows(6, 6000, date(2026, 11, 20));
    let county = invent(&spec, divisions());
    let rows: u64 = county.truth.feeds.iter().map(|f| f.rows).sum();
    assert!((6000..7500).contains(&rows), "{rows}");
}

#[test]
fn everyone_is_of_the_area_that_does_not_exist() {
    let county = &*COUNTY;
    let refused: BTreeSet<(String, u64)> = county
        .truth
        .feeds
        .iter()
        .flat_map(|f| f.refused.iter().map(|r| (f.file.clone(), r.line)))
        .collect();
    let mut bad = 0;
    for file in &county.feeds {
        for row in rows(file) {
            for (column, cell) in &row {
                let is_number = column.ends_with("证件号码") || column.ends_with("身份号码");
                if !is_number || cell.is_empty() {
                    continue;
                }
                match ResidentId::parse(cell) {
                    Ok(id) => assert!(id.is_synthetic(), "{} {column}", file.file_name),
                    Err(_) => bad += 1,
                }
            }
        }
    }
    assert!(bad > 0 && bad <= refused.len(), "{bad} bad numbers");
}

#[test]
fn sexes_birth_dates_and_numbers_agree() {
    let county = &*COUNTY;
    let mut ids = BTreeSet::new();
    let mut twins = 0;
    let mut last: Option<(String, String)> = None;
    for row in rows(file(county, "civil")) {
        let Ok(id) = ResidentId::parse(&row["证件号码"]) else {
            continue;
        };
        let sex = if id.sex() == Sex::Male { "男" } else { "女" };
        assert_eq!(row["性别"], sex);
        match row["与户主关系"].as_str() {
            "子" | "之子" | "长子" | "儿" | "孙子" | "父亲" | "父" => {
                assert_eq!(sex, "男");
            }
            "女" | "之女" | "长女" | "女儿" | "孙女" | "母亲" | "母" => {
                assert_eq!(sex, "女");
            }
            _ => {}
        }
        assert_eq!(row["出生日期"], id.birth_date().to_string());
        assert_ne!(&id.as_str()[14..17], "000");
        let twin = (row["父亲证件号码"].clone(), row["出生日期"].clone());
        if ids.insert(id) && !twin.0.is_empty() && last.as_ref() == Some(&twin) {
            twins += 1;
        }
        last = Some(twin);
    }
    assert!(ids.len() > 4000, "{} people", ids.len());
    // Siblings share a birthday by chance too, but not so many.
    assert!(twins >= 8, "{twins} twins");
}

#[test]
fn the_total_row_is_the_sum_of_the_rows() {
    let county = &*COUNTY;
    let mut months = 0;
    for (file, truth) in county.feeds.iter().zip(&county.truth.feeds) {
        if file.source.as_str() != "payments" {
            continue;
        }
        months += 1;
        assert!(file.bytes.starts_with("\u{feff}武进区".as_bytes()));
        let paid = |cell: &str| Money::from_yuan_text(cell).unwrap();
        let sum: Money = rows(file).iter().map(|row| paid(&row["实发金额"])).sum();
        let text = text(file);
        let footer = text.lines().last().unwrap();
        assert!(footer.starts_with("合计,"));
        let total = footer.split(',').find(|cell| cell.contains('.')).unwrap();
        assert_eq!(paid(total), sum);
        assert_eq!(truth.paid_total, Some(sum));
        assert_eq!(truth.rows, rows(file).len() as u64);
    }
    assert_eq!(months, 3);
}

#[test]
fn every_wrong_is_there_and_none_is_common() {
    let county = &*COUNTY;
    let mut count: BTreeMap<AnomalyKind, u32> = BTreeMap::new();
    for anomaly in &county.truth.anomalies {
        *count.entry(anomaly.kind).or_default() += 1;
        assert!(anomaly.household_number.is_some() || anomaly.resident_id.is_some());
    }
    for kind in AnomalyKind::ALL {
        let n = count.get(&kind).copied().unwrap_or(0);
        assert!((3..=24).contains(&n), "{kind:?}: {n} of 2000");
    }
}

#[test]
fn dirt_is_there_but_little() {
    let county = &*COUNTY;
    let rows: u64 = county.truth.feeds.iter().map(|f| f.rows).sum();
    let soiled: u64 = county.truth.feeds.iter().map(|f| f.soiled).sum();
    assert!(
        soiled * 100 > rows && soiled * 100 < rows * 4,
        "{soiled} of {rows}"
    );
    let all = |outcome: &str| {
        let refused = county.truth.feeds.iter().flat_map(|f| &f.refused);
        refused.filter(|r| r.outcome == outcome).count()
    };
    assert!(all("held") >= 5 && all("rejected") >= 5);
}

#[test]
fn refused_rows_are_where_the_truth_says() {
    let county = &*COUNTY;
    for (file, truth) in county.feeds.iter().zip(&county.truth.feeds) {
        let text = text(file);
        let lines: Vec<&str> = text.split("\r\n").collect();
        // Addresses may hold a line break, so count as an editor does.
        let mut starts = BTreeMap::new();
        let mut at = 1u64;
        for line in lines {
            starts.insert(at, line);
            at += 1 + line.matches('\n').count() as u64;
        }
        for row in &truth.refused {
            let line = starts.get(&row.line).unwrap();
            match row.why.as_str() {
                "id.lost_precision" => assert!(line.contains("3.2E+17")),
                "field.missing" => assert!(line.starts_with("WG") && line.contains(",急,,")),
                "id.missing" => assert!(line.contains(",,") && !line.contains("3.2E+17")),
                _ => assert!(line.contains("999")),
            }
        }
    }
}

#[test]
fn families_below_the_line_are_paid_unless_the_truth_says_otherwise() {
    let county = &*COUNTY;
    let wrong: BTreeSet<&str> = county
        .truth
        .anomalies
        .iter()
        .filter(|a| a.policies == ["subsistence_allowance"])
        .filter_map(|a| a.household_number.as_deref())
        .collect();
    let paid: BTreeSet<String> = rows(file(county, "payments"))
        .into_iter()
        .filter(|r| r["救助小类"] == "整户")
        .map(|r| r["户编号"].clone())
        .collect();
    let mut families: BTreeMap<String, (i64, i64, String)> = BTreeMap::new();
    let mut number = String::new();
    for row in rows(file(county, "civil")) {
        if !row["户编号"].is_empty() {
            number.clone_from(&row["户编号"]);
        }
        let fen = |column: &str| Money::from_yuan_text(&row[column]).map_or(0, Money::as_fen);
        if ResidentId::parse(&row["证件号码"]).is_err() || row["是否计入人口"] != "是" {
            continue;
        }
        let entry = families.entry(number.clone()).or_default();
        entry.0 += 1;
        entry.1 +=
            fen("年工资性收入") + fen("年经营净收入") + fen("年财产净收入") + fen("年转移净收入")
                - fen("其中中央基础养老金");
        if entry.2.is_empty() {
            entry.2.clone_from(&row["救助类别"]);
        }
    }
    let mut repeated: BTreeMap<String, i64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for row in rows(file(county, "civil")) {
        if !seen.insert(row["证件号码"].clone()) {
            *repeated.entry(row["户编号"].clone()).or_default() += 1;
        }
    }
    let (mut missed, mut over) = (0, 0);
    for (number, (people, income, scheme)) in &families {
        if repeated.contains_key(number) || scheme == "特困" {
            continue;
        }
        let below = *income < 116_000 * 12 * people;
        let consistent = below == paid.contains(number);
        if !consistent {
            assert!(wrong.contains(number.as_str()), "{number} {scheme}");
            if below { missed += 1 } else { over += 1 }
        }
    }
    assert!(missed > 0 && over > 0);
}

/// Column of the number and of its owner's name, by list.
const PEOPLE: [(&str, &str, &str); 10] = [
    ("civil_register", "证件号码", "成员姓名"),
    ("payments", "享受人证件号码", "享受人姓名"),
    ("medical_settlements", "证件号码", "姓名"),
    ("disability_register", "身份证号码", "姓名"),
    ("deaths_police", "公民身份号码", "姓名"),
    ("hukou_elders", "公民身份号码", "姓名"),
    ("school_enrolment", "证件号码", "学生姓名"),
    ("obligors", "证件号码", "姓名"),
    ("obligors", "义务人证件号码", "义务人姓名"),
    ("serious_illness", "证件号码", "姓名"),
];

/// The first number that two different names carry.
fn shared_number(county: &County) -> Option<String> {
    let mut names: BTreeMap<ResidentId, String> = BTreeMap::new();
    for (list, number, name) in PEOPLE {
        for file in county.feeds.iter().filter(|f| f.dataset.as_str() == list) {
            for row in rows(file) {
                let Ok(id) = ResidentId::parse(&row[number]) else {
                    continue;
                };
                let name = row[name].replace('\u{3000}', "");
                if names.insert(id, name.clone()).is_some_and(|n| n != name) {
                    return Some(row[number].clone());
                }
            }
        }
    }
    None
}

#[test]
fn nobody_shares_a_number_in_a_large_county() {
    assert_eq!(shared_number(&COUNTY), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn nobody_shares_a_number_whatever_the_seed(seed in any::<u64>()) {
        let county = invent(&spec(seed, 60), divisions());
        prop_assert_eq!(shared_number(&county), None);
    }
}

#[test]
fn months_of_payments_are_the_last_three() {
    let months: Vec<String> = synth::feeds(&spec(1, 1))
        .iter()
        .filter_map(|plan| match plan.feed {
            Feed::Payments(month) => Some(month.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(months, ["2026-09", "2026-10", "2026-11"]);
}
