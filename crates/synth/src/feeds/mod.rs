//! The files departments send: which there are, what stands in them, and
//! how they are written out.

pub(crate) mod care;
pub(crate) mod civil;
pub(crate) mod deaths;
pub(crate) mod disability;
pub(crate) mod elders;
pub(crate) mod illness;
pub(crate) mod incidents;
pub(crate) mod labour;
pub(crate) mod leads;
pub(crate) mod liberty;
pub(crate) mod medical;
pub(crate) mod obligors;
pub(crate) mod payments;
pub(crate) mod school;
pub(crate) mod vehicles;

use std::io::{self, Write};

use domain::money::Money;
use domain::record::{DatasetId, SourceId};
use domain::region::DivisionCode;
use domain::time::{Date, Month};

use crate::dice::{Dice, Stream};
use crate::model::{Household, Stray};
use crate::places::county;
use crate::sheet::{Charset, Sheet};
use crate::truth::{FeedTruth, RowTruth};
use crate::workbook::Book;
use crate::{defects, dirt};

/// One of the files departments send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    /// 民政 低收入家庭成员名册.
    Civil,
    /// 金民 发放名册 of one month.
    Payments(Month),
    /// 医保 结算明细.
    Medical,
    /// 残联 持证名册.
    Disability,
    /// 公安 户口注销.
    Police,
    /// 殡葬 火化登记.
    Funeral,
    /// 网格 线索.
    Leads,
    /// 司法行政、公安 限制人身自由和失联人员.
    Liberty,
    /// 公安车管 机动车登记.
    Vehicles,
    /// 人社 参保就业待遇.
    Labour,
    /// 公安户籍 80周岁以上人员.
    Elders,
    /// 教育 学籍.
    School,
    /// 乡镇 法定义务人登记.
    Obligors,
    /// 医保 重特大疾病认定.
    Illness,
    /// 应急、消防、交警 突发事件.
    Incidents,
    /// 养老服务 探访对象与责任人名册.
    CarePlans,
    /// 养老服务 探访记录.
    Visits,
}

impl Feed {
    /// A small number per feed; months of payments differ.
    pub(crate) fn number(self) -> u8 {
        match self {
            Feed::Civil => 0,
            Feed::Medical => 1,
            Feed::Disability => 2,
            Feed::Police => 3,
            Feed::Funeral => 4,
            Feed::Leads => 5,
            Feed::Liberty => 6,
            Feed::Vehicles => 7,
            Feed::Labour => 8,
            Feed::Elders => 9,
            Feed::School => 13,
            Feed::Obligors => 14,
            Feed::Illness => 15,
            Feed::Incidents => 11,
            Feed::CarePlans => 10,
            Feed::Visits => 12,
            // Sixteen months in a row have numbers of their own.
            Feed::Payments(month) => {
                let nth = month
                    .since(Month::of(jiff::civil::date(2000, 1, 1)))
                    .rem_euclid(16);
                16 + u8::try_from(nth).unwrap_or(0)
            }
        }
    }

    /// Columns in the order of the file.
    pub(crate) fn columns(self) -> &'static [&'static str] {
        match self {
            Feed::Civil => civil::COLUMNS,
            Feed::Payments(_) => payments::COLUMNS,
            Feed::Medical => medical::COLUMNS,
            Feed::Disability => disability::COLUMNS,
            Feed::Police => deaths::POLICE,
            Feed::Funeral => deaths::FUNERAL,
            Feed::Leads => leads::COLUMNS,
            Feed::Liberty => liberty::COLUMNS,
            Feed::Vehicles => vehicles::COLUMNS,
            Feed::Labour => labour::COLUMNS,
            Feed::Elders => elders::COLUMNS,
            Feed::School => school::COLUMNS,
            Feed::Obligors => obligors::COLUMNS,
            Feed::Illness => illness::COLUMNS,
            Feed::Incidents => incidents::COLUMNS,
            Feed::CarePlans => care::ROSTER,
            Feed::Visits => care::VISITS,
        }
    }

    const fn charset(self) -> Charset {
        match self {
            Feed::Civil | Feed::Police | Feed::Liberty | Feed::Elders | Feed::Obligors => {
                Charset::Gb18030
            }
            Feed::Payments(_) | Feed::Leads | Feed::Labour | Feed::School | Feed::Incidents => {
                Charset::Utf8Bom
            }
            Feed::Medical
            | Feed::Disability
            | Feed::Funeral
            | Feed::Vehicles
            | Feed::Illness
            | Feed::CarePlans
            | Feed::Visits => Charset::Utf8,
        }
    }

    /// Source and dataset as imports name them.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Feed::Civil => ("civil", "civil_register"),
            Feed::Payments(_) => ("payments", "payments"),
            Feed::Medical => ("medical", "medical_settlements"),
            Feed::Disability => ("disability", "disability_register"),
            Feed::Police => ("police", "deaths_police"),
            Feed::Funeral => ("funeral", "deaths_funeral"),
            Feed::Leads => ("grid", "leads"),
            Feed::Liberty => ("justice", "restricted_liberty"),
            Feed::Vehicles => ("vehicle", "vehicles"),
            Feed::Labour => ("social_security", "social_security"),
            Feed::Elders => ("police", "hukou_elders"),
            Feed::School => ("education", "school_enrolment"),
            Feed::Obligors => ("civil", "obligors"),
            Feed::Illness => ("medical", "serious_illness"),
            Feed::Incidents => ("emergency", "incidents"),
            Feed::CarePlans => ("elder_care", "care_plans"),
            Feed::Visits => ("elder_care", "visits"),
        }
    }
}

/// Days of telling that one file covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The file before ended on this day.
    pub(crate) after: Option<Date>,
    /// This file ends on this day.
    pub(crate) until: Date,
}

impl Window {
    /// Whether what was told on this day stands in the file.
    pub(crate) fn contains(self, told: Date) -> bool {
        self.after.is_none_or(|after| after < told) && told <= self.until
    }
}

/// One file to be written: what an import header needs to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPlan {
    /// Which feed.
    pub feed: Feed,
    /// File name.
    pub file_name: String,
    /// Sender.
    pub source: SourceId,
    /// List.
    pub dataset: DatasetId,
    /// Business date.
    pub business_date: Date,
    /// Sequence on that date.
    pub sequence: u32,
    /// The list is complete as of this day, or up to this day for events.
    pub as_of: Option<Date>,
    /// County it is about.
    pub scope: DivisionCode,
    /// The file of the same feed before this one.
    pub(crate) after: Option<Date>,
    /// An item whose list has not come.
    pub(crate) omit: Option<&'static str>,
    /// Sent as a workbook.
    pub(crate) workbook: bool,
}

impl FeedPlan {
    /// The plan of a feed's file of a business date.
    pub(crate) fn new(feed: Feed, business_date: Date, sequence: u32) -> FeedPlan {
        let (source, dataset) = feed.names();
        let day = format!(
            "{:04}{:02}{:02}",
            business_date.year(),
            business_date.month(),
            business_date.day()
        );
        let file_name = match feed {
            Feed::Payments(month) => format!("payments-{month}.csv"),
            _ => format!("{}-{day}.csv", dataset.replace('_', "-")),
        };
        let as_of = match feed {
            Feed::Payments(_) => None,
            _ => Some(business_date),
        };
        FeedPlan {
            feed,
            file_name,
            source: SourceId::new(source),
            dataset: DatasetId::new(dataset),
            business_date,
            sequence,
            as_of,
            scope: county(),
            after: None,
            omit: None,
            workbook: false,
        }
    }

    /// The same file, covering only what was told after a day.
    pub(crate) fn after(self, day: Date) -> FeedPlan {
        FeedPlan {
            after: Some(day),
            ..self
        }
    }

    /// The same file, sent as a workbook.
    pub(crate) fn into_workbook(self) -> FeedPlan {
        FeedPlan {
            file_name: self.file_name.replace(".csv", ".xlsx"),
            workbook: true,
            ..self
        }
    }

    /// A number of the file's own: its feed and its day.
    fn lane(&self) -> u32 {
        let start = jiff::civil::date(1900, 1, 1);
        let days = domain::time::days_between(start, self.business_date);
        u32::try_from(days).unwrap_or(0) * 64 + u32::from(self.feed.number())
    }

    fn window(&self) -> Window {
        Window {
            after: self.after,
            until: self.business_date,
        }
    }
}

/// A household to write, and its number in the seed's order unless hand-made.
pub(crate) struct Written {
    /// Its number; hand-made households are written without dirt.
    pub(crate) index: Option<u32>,
    /// The household.
    pub(crate) household: Household,
}

/// Writes one file.
pub(crate) fn write(
    plan: &FeedPlan,
    seed: u64,
    households: impl Iterator<Item = Written>,
    out: &mut dyn Write,
) -> io::Result<FeedTruth> {
    if plan.workbook {
        let mut book = Book::new(care::TITLE, care::GROUPS, plan.feed.columns(), plan.as_of);
        let truth = fill(plan, seed, households, |cells| Ok(book.row(cells)))?;
        book.finish(care::FOOT, out)?;
        return Ok(truth);
    }
    let columns = plan.feed.columns();
    let mut sheet = Sheet::new(out, plan.feed.charset())?;
    if let Feed::Payments(month) = plan.feed {
        let mut title = vec![String::new(); columns.len()];
        let first = month.first_day();
        title[0] = format!(
            "武进区{}年{}月社会救助资金发放名册",
            first.year(),
            first.month()
        );
        sheet.row(&title)?;
    }
    sheet.row(columns)?;
    let truth = fill(plan, seed, households, |cells| sheet.row(cells))?;
    if let (Some(at), Some(total)) = (paid_column(plan.feed), truth.paid_total) {
        let mut footer = vec![String::new(); columns.len()];
        "合计".clone_into(&mut footer[0]);
        footer[at] = total.to_string();
        sheet.row(&footer)?;
    }
    Ok(truth)
}

/// Where the amount stands that a total is stated of.
fn paid_column(feed: Feed) -> Option<usize> {
    feed.columns().iter().position(|c| *c == "实发金额")
}

/// Puts the rows of every household down, and what is true of them.
fn fill(
    plan: &FeedPlan,
    seed: u64,
    households: impl Iterator<Item = Written>,
    mut put: impl FnMut(&[String]) -> io::Result<u64>,
) -> io::Result<FeedTruth> {
    let mut truth = FeedTruth {
        file: plan.file_name.clone(),
        ..FeedTruth::default()
    };
    let paid = paid_column(plan.feed);
    let mut total = Money::ZERO;
    for written in households {
        let page = page(plan, seed, &written, &mut truth);
        for (cells, refused) in page {
            let line = put(&cells)?;
            truth.rows += 1;
            if let Some(amount) = paid.and_then(|at| Money::from_yuan_text(&cells[at]).ok()) {
                total = [total, amount].into_iter().sum();
            }
            if let Some((outcome, why)) = refused {
                truth.refused.push(RowTruth {
                    line,
                    outcome: outcome.to_owned(),
                    why: why.to_owned(),
                });
            }
        }
    }
    truth.paid_total = paid.map(|_| total);
    Ok(truth)
}

type Line = (Vec<String>, Option<(&'static str, &'static str)>);

/// The rows one household puts into a file.
fn page(plan: &FeedPlan, seed: u64, written: &Written, truth: &mut FeedTruth) -> Vec<Line> {
    let household = &written.household;
    let mut rows = clean(plan, household);
    let mut page: Vec<Line> = Vec::with_capacity(rows.len() + 1);
    if let Some(index) = written.index {
        let dice = &mut Dice::new(seed, index, Stream::Dirt(plan.lane()));
        if plan.feed == Feed::Civil && dice.per_mille(dirt::SOILED_PER_MILLE) {
            truth.soiled += dirt::merge_cells(&mut rows);
        }
        let may_repeat = !matches!(plan.feed, Feed::Payments(_));
        for mut cells in rows {
            if dice.per_mille(dirt::SOILED_PER_MILLE) && dirt::soil(dice, plan.feed, &mut cells) {
                truth.soiled += 1;
            }
            if may_repeat && dice.per_mille(dirt::REPEATED_PER_MILLE) {
                truth.repeated += 1;
                page.push((cells.clone(), None));
            }
            page.push((cells, None));
        }
        if dice.per_mille(defects::DEFECTS_PER_MILLE) {
            let stray = defects::defect(dice, plan.feed, household, index, plan.business_date);
            page.extend(stray.map(line));
        }
    } else {
        page.extend(rows.into_iter().map(|cells| (cells, None)));
    }
    let number = plan.feed.number();
    let strays = household.strays.iter().filter(|s| s.feed == number);
    let strays = strays.filter(|s| {
        matches!(plan.feed, Feed::Payments(_) | Feed::Civil) || plan.window().contains(s.told)
    });
    page.extend(strays.cloned().map(line));
    page
}

fn line(stray: Stray) -> Line {
    (stray.cells, Some((stray.outcome, stray.why)))
}

fn clean(plan: &FeedPlan, household: &Household) -> Vec<Vec<String>> {
    match plan.feed {
        Feed::Civil => civil::rows(household, plan.business_date),
        Feed::Payments(month) => payments::rows(household, month, plan.omit),
        Feed::Medical => medical::rows(household, plan.window()),
        Feed::Disability => disability::rows(household),
        Feed::Police => deaths::police(household, plan.window()),
        Feed::Funeral => deaths::funeral(household, plan.window()),
        Feed::Leads => leads::rows(household, plan.window()),
        Feed::Liberty => liberty::rows(household),
        Feed::Vehicles => vehicles::rows(household),
        Feed::Labour => labour::rows(household, plan.business_date),
        Feed::Elders => elders::rows(household, plan.business_date),
        Feed::School => school::rows(household, plan.business_date),
        Feed::Obligors => obligors::rows(household, plan.business_date),
        Feed::Illness => illness::rows(household, plan.business_date),
        Feed::Incidents => incidents::rows(household, plan.window()),
        Feed::CarePlans => care::roster(household, plan.business_date),
        Feed::Visits => care::visits(household, plan.window()),
    }
}

/// `2026-11-20`.
pub(crate) fn iso(date: Date) -> String {
    date.to_string()
}

/// `202611`.
pub(crate) fn month_compact(month: Month) -> String {
    month.to_string().replace('-', "")
}

/// `2026-11`.
pub(crate) fn month_dashed(month: Month) -> String {
    month.to_string()
}
