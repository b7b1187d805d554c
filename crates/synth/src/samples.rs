//! The committed samples: a county of a fixed seed with hand-made situations
//! among its people, in as many batches as the situations need.

use domain::record::{DatasetId, SourceId};
use domain::region::{DivisionCode, Divisions};
use domain::time::{Date, Month, add_days};
use jiff::civil::date;
use serde::{Deserialize, Serialize};

use crate::feeds::school::{AUTUMN, SPRING};
use crate::feeds::{self, Feed, FeedPlan, Written};
use crate::places::{Places, county};
use crate::situations::{self, Situation, expectations};
use crate::truth::{FeedTruth, Truth};
use crate::{CountySpec, invented, wrongs};

/// One import of the samples, in the order they came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// File name beside the manifest.
    pub file: String,
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
}

/// `manifest.json`: how to read the samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Everyone is invented: only a store made for synthetic data may take it.
    pub synthetic: bool,
    /// The date to evaluate on.
    pub on: Date,
    /// The county.
    pub county: DivisionCode,
    /// Parameter file beside the manifest; sample values, not official.
    pub parameters: String,
    /// Seed of the invented families.
    pub seed: u64,
    /// Invented families, besides the hand-made ones.
    pub households: u32,
    /// Files in the order they came.
    pub imports: Vec<Import>,
}

/// The county the samples are made of.
pub fn sample_county() -> CountySpec {
    CountySpec {
        seed: 20_261_120,
        households: 2000,
        on: date(2026, 11, 20),
    }
}

/// Batches of the samples. Deaths and settlements come in several, because
/// situations need a second one that takes something back.
fn plans(on: Date) -> Vec<FeedPlan> {
    let november = Month::of(on);
    let mut plans: Vec<FeedPlan> = [-2, -1, 0]
        .map(|back| {
            let month = november.plus(back);
            FeedPlan::new(Feed::Payments(month), add_days(month.first_day(), 9), 1)
        })
        .into();
    // The November list of 特困 has not come.
    plans[2].omit = Some("特困");
    plans.push(FeedPlan::new(Feed::Civil, date(2026, 11, 3), 1));
    plans.push(FeedPlan::new(Feed::Disability, date(2026, 11, 10), 1));
    plans.push(FeedPlan::new(Feed::Liberty, date(2026, 11, 10), 1));
    plans.push(FeedPlan::new(Feed::Vehicles, date(2026, 11, 10), 1));
    plans.push(FeedPlan::new(Feed::Labour, date(2026, 11, 8), 1));
    plans.push(FeedPlan::new(Feed::Elders, date(2026, 11, 9), 1));
    // Who was listed in spring and is not in autumn has left the local schools.
    plans.push(FeedPlan::new(Feed::School, SPRING, 1));
    plans.push(FeedPlan::new(Feed::School, AUTUMN, 1));
    plans.push(FeedPlan::new(Feed::Obligors, date(2026, 10, 28), 1));
    plans.push(FeedPlan::new(Feed::Illness, date(2026, 11, 6), 1));
    // They come with other lists that are new that day or not, so that nothing
    // else is held back, or let go, because of them.
    plans.push(FeedPlan::new(Feed::CarePlans, date(2026, 11, 10), 1).into_workbook());
    let batches = [
        (Feed::Medical, vec![date(2026, 11, 3), date(2026, 11, 15)]),
        (
            Feed::Funeral,
            vec![date(2026, 10, 6), date(2026, 10, 15), date(2026, 11, 15)],
        ),
        (Feed::Police, vec![date(2026, 10, 20), date(2026, 11, 16)]),
        (
            Feed::Visits,
            vec![date(2026, 11, 10), date(2026, 11, 16), date(2026, 11, 20)],
        ),
        (Feed::Incidents, vec![date(2026, 11, 18)]),
        (Feed::Leads, vec![date(2026, 11, 20)]),
    ];
    for (feed, days) in batches {
        let mut before: Option<Date> = None;
        for day in days {
            let plan = FeedPlan::new(feed, day, 1);
            plans.push(match before {
                Some(before) => plan.after(before),
                None => plan,
            });
            before = Some(day);
        }
    }
    plans.sort_by_key(|plan| plan.business_date);
    plans
}

/// Every file of `data-samples` that this crate makes, by name.
pub fn samples(divisions: &Divisions) -> Vec<(String, Vec<u8>)> {
    let spec = sample_county();
    let places = Places::new(divisions, spec.on);
    let situations = situations::all(&places, spec.on);
    let mut files = Vec::new();
    let mut truths = Vec::new();
    let plans = plans(spec.on);
    for plan in &plans {
        let (bytes, truth) = written(plan, &spec, &places, &situations);
        truths.push(truth);
        files.push((plan.file_name.clone(), bytes));
    }
    let truth = Truth {
        on: spec.on,
        anomalies: wrongs(&spec, &places),
        feeds: truths,
    };
    files.push(("manifest.json".to_owned(), json(&manifest(&spec, plans))));
    files.push(("truth.json".to_owned(), json(&truth)));
    files.push((
        "expected.json".to_owned(),
        lines(&expectations(&situations)),
    ));
    files.push(("README.md".to_owned(), readme(&situations).into_bytes()));
    files.push((".gitattributes".to_owned(), b"* -text\n".to_vec()));
    files
}

/// One file of the samples and what is true of it.
fn written(
    plan: &FeedPlan,
    spec: &CountySpec,
    places: &Places,
    situations: &[Situation],
) -> (Vec<u8>, FeedTruth) {
    let made = situations.iter().flat_map(|s| &s.households);
    let made = made.map(|household| Written {
        index: None,
        household: household.clone(),
    });
    let households = made.chain(invented(spec, places));
    let mut bytes = Vec::new();
    let truth = feeds::write(plan, spec.seed, households, &mut bytes)
        .expect("writing to memory does not fail");
    (bytes, truth)
}

/// The workbooks of the samples as the CSV files of the same rows, under the
/// names of the workbooks.
pub fn workbooks_as_lines(divisions: &Divisions) -> Vec<(String, Vec<u8>)> {
    let spec = sample_county();
    let places = Places::new(divisions, spec.on);
    let situations = situations::all(&places, spec.on);
    let plans = plans(spec.on).into_iter().filter(|plan| plan.workbook);
    let lines = plans.map(|plan| FeedPlan {
        workbook: false,
        ..plan
    });
    lines
        .map(|plan| {
            let (bytes, _) = written(&plan, &spec, &places, &situations);
            (plan.file_name, bytes)
        })
        .collect()
}

fn manifest(spec: &CountySpec, plans: Vec<FeedPlan>) -> Manifest {
    let import = |plan: FeedPlan| Import {
        file: plan.file_name,
        source: plan.source,
        dataset: plan.dataset,
        business_date: plan.business_date,
        sequence: plan.sequence,
        as_of: plan.as_of,
        scope: plan.scope,
    };
    Manifest {
        synthetic: true,
        on: spec.on,
        county: county(),
        parameters: "parameters-sample.yaml".to_owned(),
        seed: spec.seed,
        households: spec.households,
        imports: plans.into_iter().map(import).collect(),
    }
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    let mut text = serde_json::to_string_pretty(value).expect("plain values become JSON");
    text.push('\n');
    text.into_bytes()
}

/// A JSON array with one element per line.
fn lines<T: Serialize>(values: &[T]) -> Vec<u8> {
    let rows: Vec<String> = values
        .iter()
        .map(|v| serde_json::to_string(v).expect("plain values become JSON"))
        .collect();
    format!("[\n{}\n]\n", rows.join(",\n")).into_bytes()
}

/// The page beside the files: fixed words around the table of situations.
fn readme(situations: &[Situation]) -> String {
    let mut table = String::new();
    for situation in situations {
        let numbers: Vec<String> = situation
            .households
            .iter()
            .map(|h| Situation::household_number(h).unwrap_or_else(|| "—".to_owned()))
            .collect();
        let told: Vec<String> = situation
            .alerts
            .iter()
            .map(|a| {
                let (finding, level) = a.finding;
                format!(
                    "`{}` {}（{}）：{}",
                    a.policy,
                    finding.zh(),
                    level.name(),
                    a.why
                )
            })
            .collect();
        let told = if told.is_empty() {
            format!("**无预警**：{}", situation.why)
        } else {
            told.join("<br>")
        };
        let row = [
            situation.number.to_string(),
            numbers.join("<br>"),
            format!("{}<br>{}", situation.zh, situation.en),
            told,
        ];
        table.push_str("| ");
        table.push_str(&row.join(" | "));
        table.push_str(" |\n");
    }
    include_str!("../invention/README-samples.md").replace("{{situations}}\n", &table)
}
