//! How departments misspell: the same fact in another spelling. A soiled row
//! still says the same.

use crate::dice::Dice;
use crate::feeds::{Feed, civil, school};
use crate::words::WORDS;

/// Rows in a thousand that are spelt another way.
pub(crate) const SOILED_PER_MILLE: u32 = 20;
/// Rows in a thousand that are sent twice.
pub(crate) const REPEATED_PER_MILLE: u32 = 3;

/// Cells of one row by column name.
pub(crate) struct Cells<'a> {
    pub(crate) columns: &'static [&'static str],
    pub(crate) cells: &'a mut [String],
}

impl Cells<'_> {
    /// Rewrites a cell that has something in it; `false` when it has not.
    pub(crate) fn rewrite(
        &mut self,
        column: &str,
        with: impl FnOnce(&str) -> Option<String>,
    ) -> bool {
        let Some(at) = self.columns.iter().position(|c| *c == column) else {
            return false;
        };
        match with(&self.cells[at]) {
            Some(text) => {
                self.cells[at] = text;
                true
            }
            None => false,
        }
    }

    /// Replaces a blank cell.
    fn fill(&mut self, column: &str, text: &str) -> bool {
        self.rewrite(column, |old| old.is_empty().then(|| text.to_owned()))
    }

    pub(crate) fn set(&mut self, column: &str, text: &str) -> bool {
        self.rewrite(column, |_| Some(text.to_owned()))
    }
}

/// `王英` as `王　英`: names of two characters are stretched to three.
fn spaced(name: &str) -> Option<String> {
    let mut chars = name.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some(first), Some(second), None) => Some(format!("{first}\u{3000}{second}")),
        _ => None,
    }
}

/// The form of before 1999, for those old enough to have had one.
fn fifteen(id: &str) -> Option<String> {
    let old = id.get(6..8) == Some("19") && id.get(8..10) < Some("85");
    (id.len() == 18 && old).then(|| format!("{}{}", &id[..6], &id[8..17]))
}

fn lower_x(id: &str) -> Option<String> {
    id.ends_with('X').then(|| id.to_lowercase())
}

/// `1340.00` as `1,340.00元`.
fn with_yuan(amount: &str) -> Option<String> {
    let (whole, cents) = amount.split_once('.')?;
    if whole.len() > 3 && whole.bytes().all(|b| b.is_ascii_digit()) {
        let (thousands, rest) = whole.split_at(whole.len() - 3);
        return Some(format!("{thousands},{rest}.{cents}元"));
    }
    Some(format!("{whole}.{cents}元"))
}

/// `2026-11-20 8:40` as `11.20 8:40`: reports leave the year out.
fn without_year(time: &str) -> Option<String> {
    let (_, rest) = time.split_once('-')?;
    Some(rest.replacen('-', ".", 1))
}

fn dotted(date: &str) -> Option<String> {
    let mut parts = date.split('-').map(|p| p.trim_start_matches('0'));
    match (parts.next(), parts.next(), parts.next()) {
        (Some(y), Some(m), Some(d)) => Some(format!("{y}.{m}.{d}")),
        _ => None,
    }
}

fn in_words(date: &str) -> Option<String> {
    let mut parts = date.split('-').map(|p| p.trim_start_matches('0'));
    match (parts.next(), parts.next(), parts.next()) {
        (Some(y), Some(m), Some(d)) => Some(format!("{y}年{m}月{d}日")),
        _ => None,
    }
}

/// `202611` as `2026年11月` or `2026-11`.
fn other_month(dice: &mut Dice, month: &str) -> Option<String> {
    let (year, month) = (month.get(..4)?, month.get(4..6)?);
    Some(match dice.below(3) {
        0 => format!("{year}年{}月", month.trim_start_matches('0')),
        1 => {
            let names = [
                "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
            ];
            let nth: usize = month.parse().ok()?;
            format!("{}-{}", names.get(nth.checked_sub(1)?)?, &year[2..])
        }
        _ => format!("{year}-{month}"),
    })
}

/// Spells one fact of a row another way. `false` when nothing could be changed.
pub(crate) fn soil(dice: &mut Dice, feed: Feed, cells: &mut [String]) -> bool {
    let mut row = Cells {
        columns: feed.columns(),
        cells,
    };
    match feed {
        Feed::Civil => soil_civil(dice, &mut row),
        Feed::Payments(_) => soil_payments(dice, &mut row),
        Feed::Medical => match dice.below(3) {
            0 => row.rewrite("姓名", spaced),
            1 => row.rewrite("证件号码", lower_x),
            _ => row.rewrite("医疗费总额", with_yuan),
        },
        Feed::Disability => soil_disability(dice, &mut row),
        Feed::Police => match dice.below(3) {
            0 => row.rewrite("姓名", spaced),
            1 => row.rewrite("变动类别", |c| {
                (c == "死亡").then(|| "死亡注销".to_owned())
            }),
            _ => row.rewrite("死亡日期", |d| {
                d.contains('-').then(|| d.replace('-', "/"))
            }),
        },
        Feed::Funeral => match dice.below(3) {
            0 => row.rewrite("死亡日期", dotted),
            1 => row.rewrite("火化日期", in_words),
            _ => row.rewrite("逝者姓名", spaced),
        },
        Feed::Elders => match dice.below(3) {
            0 => row.rewrite("姓名", spaced),
            1 => row.rewrite("公民身份号码", fifteen),
            _ => row.rewrite("出生日期", dotted),
        },
        Feed::Labour => match dice.below(4) {
            0 => row.rewrite("姓名", spaced),
            1 => row.rewrite("缴费年月", |month| other_month(dice, month)),
            2 => row.rewrite("记录类别", |kind| {
                (kind == "参保缴费").then(|| "缴费".to_owned())
            }),
            _ => row.rewrite("证件号码", lower_x),
        },
        Feed::Incidents => soil_incidents(dice, &mut row),
        Feed::CarePlans | Feed::Visits => soil_care(dice, feed, &mut row),
        Feed::Liberty => match dice.below(3) {
            0 => row.rewrite("姓名", spaced),
            1 => row.rewrite("起日", in_words),
            _ => row.rewrite("期限", |term| {
                (term == "2年6个月").then(|| "三十个月".to_owned())
            }),
        },
        Feed::Vehicles => match dice.below(3) {
            0 => row.rewrite("机动车所有人", spaced),
            1 => row.rewrite("发牌日期", |day| Some(day.replace('-', "/"))),
            _ => row.rewrite("号牌号码", |plate| {
                Some(plate.trim_start_matches('测').to_owned())
            }),
        },
        Feed::School | Feed::Obligors | Feed::Illness => soil_hardship(dice, feed, &mut row),
        Feed::Leads => match dice.below(4) {
            0 => row.rewrite("上报时间", without_year),
            1 => row.rewrite("对象姓名", spaced),
            2 => row.rewrite("对象电话", |phone| {
                Some(format!("{phone}/100{}", dice.digits(8)))
            }),
            _ => row.rewrite("情况描述", |text| Some(format!("{text}！！速来👆"))),
        },
    }
}

/// Pupils, obligors and illness; other lists stay as they are.
fn soil_hardship(dice: &mut Dice, feed: Feed, row: &mut Cells<'_>) -> bool {
    match feed {
        Feed::School => match dice.below(4) {
            0 => row.rewrite("学生姓名", spaced),
            1 | 2 => row.rewrite("年级", |grade| school::other_grade(dice, grade)),
            _ => row.rewrite("证件号码", lower_x),
        },
        Feed::Obligors => match dice.below(3) {
            0 => row.rewrite("姓名", spaced),
            1 => row.rewrite("登记日期", dotted),
            _ => row.rewrite("义务关系", |_| Some("兄弟姐妹".to_owned())),
        },
        Feed::Illness => match dice.below(3) {
            0 => row.rewrite("姓名", spaced),
            1 => row.rewrite("认定日期", in_words),
            _ => row.fill("有效期止", "长期"),
        },
        _ => false,
    }
}

/// The visiting roster and the records of visits.
fn soil_care(dice: &mut Dice, feed: Feed, row: &mut Cells<'_>) -> bool {
    let reworded = |word: &str| {
        let other = match word {
            "重点" => "每周至少1次",
            "一般" => "每月至少1次",
            "正常" => "平安",
            "未见到人" => "无人在家",
            _ => return None,
        };
        Some(other.to_owned())
    };
    match (dice.below(3), feed) {
        (0, _) => row.rewrite("姓名", spaced),
        (1, Feed::CarePlans) => row.rewrite("探访频次", reworded),
        (1, _) => row.rewrite("探访结果", reworded),
        (_, Feed::CarePlans) => row.rewrite("起始日期", dotted),
        _ => row.rewrite("探访日期", in_words),
    }
}

fn soil_incidents(dice: &mut Dice, row: &mut Cells<'_>) -> bool {
    match dice.below(4) {
        0 => row.rewrite("姓名", spaced),
        1 => row.rewrite("发生时间", dotted),
        2 => row.rewrite("事件类别", |kind| {
            (kind == "交通事故").then(|| "车祸".to_owned())
        }),
        _ => row.rewrite("证件号码", lower_x),
    }
}

fn soil_civil(dice: &mut Dice, row: &mut Cells<'_>) -> bool {
    match dice.below(10) {
        0 => row.rewrite("与户主关系", |word| {
            let others: &[&str] = match word {
                "子" => &["之子", "长子", "儿"],
                "女" => &["之女", "长女", "女儿"],
                "户主" => &["本人"],
                "母亲" => &["母"],
                "父亲" => &["父"],
                _ => return None,
            };
            Some(dice.word(others).to_owned())
        }),
        1 => row.rewrite("证件号码", fifteen),
        2 => row.rewrite("证件号码", lower_x),
        3 => row.rewrite("成员姓名", spaced),
        4 => row.fill("在校阶段", "无"),
        5 => row.fill("不计入原因", "/"),
        6 => row.rewrite("年工资性收入", with_yuan) | row.rewrite("年转移净收入", with_yuan),
        7 => row.rewrite("联系电话", |phone| {
            Some(format!("{phone}/100{}", dice.digits(8)))
        }),
        8 => {
            let old = dice.pick(&WORDS.old_villages);
            row.set("区划代码", "") && row.set("户籍村(社区)", old)
        }
        _ => row.rewrite("家庭住址", |address| {
            Some(format!("{address}\n（老宅）"))
        }),
    }
}

fn soil_payments(dice: &mut Dice, row: &mut Cells<'_>) -> bool {
    match dice.below(8) {
        0 => row.rewrite("发放年月", |month| other_month(dice, month)),
        1 => row.rewrite("实发金额", with_yuan),
        2 => row.rewrite("享受人姓名", spaced),
        3 => row.rewrite("享受人证件号码", fifteen),
        4 => row.rewrite("享受人证件号码", lower_x),
        5 => row.set("银行账号", "6.2E+18"),
        6 => row.set("发放状态", "成功"),
        _ => row.rewrite("救助项目", |item| {
            let other = match item {
                "低保" => "最低生活保障",
                "残疾人护理补贴" => "重度残疾人护理补贴",
                "残疾人生活补贴" => "困难残疾人生活补贴",
                "尊老金" => "高龄津贴",
                _ => return None,
            };
            Some(other.to_owned())
        }),
    }
}

fn soil_disability(dice: &mut Dice, row: &mut Cells<'_>) -> bool {
    match dice.below(5) {
        0 => row.rewrite("残疾等级", |grade| {
            let others: &[&str] = match grade {
                "一级" => &["壹级", "Ⅰ", "1"],
                "二级" => &["贰级", "Ⅱ", "2"],
                "三级" => &["叁级", "Ⅲ级", "3级"],
                _ => &["肆级", "Ⅳ", "4"],
            };
            Some(dice.word(others).to_owned())
        }),
        1 => row.set("有效期止", "长期"),
        2 => row.rewrite("姓名", spaced),
        3 => row.rewrite("身份证号码", lower_x),
        _ => row.rewrite("残疾人证号", |number| Some(format!("{number}B1"))),
    }
}

/// Blanks the cells that an office merged over the rows of a family.
pub(crate) fn merge_cells(rows: &mut [Vec<String>]) -> u64 {
    let mut merged = 0;
    for row in rows.iter_mut().skip(1) {
        for (at, column) in civil::COLUMNS.iter().enumerate() {
            if civil::MERGED.contains(column) {
                row[at].clear();
            }
        }
        merged += 1;
    }
    merged
}
