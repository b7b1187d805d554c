//! Absence is not zero: missing, late or stale data never opens, clears or
//! settles an alert.

use std::collections::BTreeSet;

use domain::authority::Operation;
use domain::region::Divisions;
use store::commit::AlertRow;
use store::rows::AlertFilter;
use synth::{CountySpec, FeedFile, invent};
use testkit::app::{TestApp, divisions, sample_day};

fn county(divisions: &Divisions) -> Vec<FeedFile> {
    invent(
        &CountySpec {
            seed: 7,
            households: 150,
            on: sample_day(),
        },
        divisions,
    )
    .feeds
}

async fn alerts(app: &TestApp) -> Vec<AlertRow> {
    let grant = app.grant("auditor", Operation::ReadAlerts);
    let work = [
        "held",
        "raised",
        "acknowledged",
        "verified",
        "handled",
        "closed",
    ]
    .map(str::to_owned)
    .to_vec();
    let filter = AlertFilter {
        work,
        ..AlertFilter::default()
    };
    app.deps
        .store
        .alerts(&grant, &filter, None, 500)
        .await
        .unwrap()
}

fn kept(rows: &[AlertRow]) -> Vec<(String, String, String, String)> {
    let mut kept: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.id.to_string(),
                row.policy.clone(),
                row.work.clone(),
                row.condition.clone(),
            )
        })
        .collect();
    kept.sort();
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn without_payment_lists_nobody_is_missed_and_nobody_is_overpaid() {
    let app = TestApp::sqlite().await;
    for file in county(&divisions())
        .iter()
        .filter(|file| file.dataset.as_str() != "payments")
    {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    let about_payments: Vec<_> = alerts(&app)
        .await
        .into_iter()
        // A bill, a report, a car and an accident are told by lists of their own.
        .filter(|row| {
            let told = [
                "low_income_medical",
                "urgent_lead",
                "new_vehicle",
                "incident",
            ];
            !told.contains(&row.policy.as_str())
        })
        .map(|row| row.policy)
        .collect();
    assert_eq!(about_payments, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_register_no_family_is_judged() {
    let app = TestApp::sqlite().await;
    for file in county(&divisions())
        .iter()
        .filter(|file| file.dataset.as_str() != "civil_register")
    {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    let families: Vec<_> = alerts(&app)
        .await
        .into_iter()
        .filter(|row| {
            [
                "subsistence_allowance",
                "individual_case",
                "member_died",
                "low_income_medical",
                "periodic_check_due",
                "custody_still_counted",
                "unattended_child",
                "main_worker_died",
                "new_vehicle",
                "job_found",
                "death_unconfirmed",
                "record_contradiction",
            ]
            .contains(&row.policy.as_str())
        })
        .map(|row| row.policy)
        .collect();
    assert_eq!(families, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_lists_neither_open_nor_clear() {
    let app = TestApp::sqlite().await;
    for file in &county(&divisions()) {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    let before = alerts(&app).await;
    assert!(before.len() >= 5, "the county has {} alerts", before.len());
    // Half a year without any feed: every list is stale.
    app.clock.set("2027-05-20".parse().unwrap());
    app.settle().await;
    let after = alerts(&app).await;
    let conditions = |rows: &[AlertRow]| -> Vec<_> {
        let dated = ["member_died", "low_income_medical", "incident"];
        // What looks back over a window of dates may end with the window.
        let mut rows: Vec<_> = rows
            .iter()
            .filter(|row| !dated.contains(&row.policy.as_str()))
            .map(|row| (row.id, row.condition.clone()))
            .collect();
        rows.sort();
        rows
    };
    assert_eq!(conditions(&after), conditions(&before));
    assert!(
        after.len() <= before.len(),
        "stale data opened {} alerts",
        after.len() - before.len()
    );
}

/// Policies that say somebody gets less than they might.
const MISSED: [&str; 5] = [
    "individual_case",
    "living_subsidy",
    "low_income_medical",
    "nursing_subsidy",
    "subsistence_allowance",
];

/// Open alerts of something missed, after the county's files came on a day.
async fn missed(files: &[FeedFile], on: &str) -> Vec<String> {
    let app = TestApp::sqlite().await;
    app.clock.set(on.parse().unwrap());
    for file in files {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    let rows = alerts(&app).await.into_iter().map(|row| row.policy);
    rows.filter(|policy| MISSED.contains(&policy.as_str()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_came_too_late_open_nothing_missed() {
    let files = county(&divisions());
    assert!(missed(&files, "2026-11-20").await.len() >= 3);
    assert_eq!(missed(&files, "2027-05-20").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_register_that_is_not_complete_open_nothing_missed() {
    let mut files = county(&divisions());
    let whole = missed(&files, "2026-11-20").await;
    for file in &mut files {
        if file.dataset.as_str() != "payments" {
            file.as_of = None;
        }
    }
    let told = missed(&files, "2026-11-20").await;
    // What these say stands in a row: a certificate, bills. The others rest on
    // what no row says as well.
    let by_rows = ["low_income_medical", "nursing_subsidy"];
    let rest = |policies: &[String]| {
        let mut others = policies.to_vec();
        others.retain(|policy| !by_rows.contains(&policy.as_str()));
        others
    };
    assert!(!rest(&whole).is_empty(), "{whole:?}");
    assert_eq!(rest(&told), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_list_of_one_dataset_alone_changes_only_what_it_speaks_of() {
    let app = TestApp::sqlite().await;
    let files = county(&divisions());
    for file in &files {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    let before = kept(&alerts(&app).await);
    let police = files
        .iter()
        .find(|file| file.dataset.as_str() == "deaths_police")
        .unwrap();
    let header = police.bytes.split(|byte| *byte == b'\n').next().unwrap();
    let mut empty = police.clone();
    empty.bytes = [header, b"\n"].concat();
    empty.sequence = 99;
    // A list with nobody on it says only that nobody died lately.
    let taken = app.import(&empty).await;
    if taken.is_ok() {
        app.settle().await;
    }
    assert_eq!(kept(&alerts(&app).await), before);
}

/// What becomes of the rows of a list sent again.
#[derive(Clone, Copy)]
enum Lost {
    /// One cell of each cannot be read.
    Unreadable,
    /// They are not in it.
    Absent,
}

/// A later copy of a list of which only the first three rows are as they were.
/// Cells before `column` are kept, so it can be read whom a row is about.
fn again(file: &FeedFile, column: usize, lost: Lost) -> FeedFile {
    let mut kept = 0;
    let lines = file.bytes.split_inclusive(|byte| *byte == b'\n');
    let mut bytes = Vec::new();
    for line in lines {
        let mut cells: Vec<&[u8]> = line.split(|byte| *byte == b',').collect();
        let data = cells.len() > column + 1
            && !line.contains(&b'"')
            && cells[..=column]
                .iter()
                .flat_map(|c| *c)
                .any(u8::is_ascii_digit);
        if !data {
            bytes.extend_from_slice(line);
            continue;
        }
        kept += 1;
        match lost {
            _ if kept <= 3 => bytes.extend_from_slice(line),
            Lost::Absent => {}
            Lost::Unreadable => {
                cells[column] = b"#####";
                bytes.extend(cells.join(&b','));
            }
        }
    }
    assert!(kept > 50, "{kept} rows of {}", file.file_name);
    let later = "2026-11-18".parse().unwrap();
    FeedFile {
        business_date: later,
        as_of: file.as_of.map(|_| later),
        bytes,
        ..file.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_read_are_not_rows_that_are_not_there() {
    // 年工资性收入, 残疾等级
    for (dataset, column) in [("civil_register", 27), ("disability_register", 8)] {
        let mut changed = Vec::new();
        for lost in [Lost::Unreadable, Lost::Absent] {
            let app = TestApp::sqlite().await;
            let files = county(&divisions());
            for file in &files {
                app.import(file).await.unwrap();
            }
            app.settle().await;
            let before = kept(&alerts(&app).await);
            let newest = files.iter().rev().find(|f| f.dataset.as_str() == dataset);
            let later = again(newest.unwrap(), column, lost);
            let counts = app.import(&later).await.unwrap().import.counts;
            let unread = matches!(lost, Lost::Unreadable);
            assert_eq!(counts.rejected > 50, unread, "{dataset}: {counts:?}");
            app.settle().await;
            changed.push(kept(&alerts(&app).await) != before);
        }
        assert_eq!(changed, [false, true], "{dataset}: unreadable, absent");
    }
}

/// Who has an alert of which policy.
async fn told_of(files: &[FeedFile]) -> BTreeSet<(String, String)> {
    let app = TestApp::sqlite().await;
    for file in files {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    let rows = alerts(&app).await;
    rows.into_iter()
        .map(|row| (row.policy, row.subject.to_string()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_cannot_be_read_is_not_a_payment_not_made() {
    let files = county(&divisions());
    let of_payments = |file: &FeedFile| file.dataset.as_str() == "payments";
    let newest = files.iter().rposition(of_payments).unwrap();
    let undisturbed = told_of(&files).await;
    let mut more = Vec::new();
    for lost in [Lost::Unreadable, Lost::Absent] {
        let mut files = files.clone();
        // 实发金额
        files[newest] = again(&files[newest], 16, lost);
        let told = told_of(&files).await;
        more.push(told.difference(&undisturbed).count());
    }
    assert_eq!(more[0], 0, "alerts made of rows that could not be read");
    assert!(more[1] > 10, "{} alerts of rows that are absent", more[1]);
}

/// A sample file with the rows of one family only.
fn of_family(dataset: &str, on: &str, family: &str) -> FeedFile {
    let (_, files) = TestApp::samples();
    let file = files
        .into_iter()
        .find(|file| file.dataset.as_str() == dataset && file.business_date.to_string() == on);
    let file = file.expect("a file of the samples");
    let text = match String::from_utf8(file.bytes.clone()) {
        Ok(text) => text,
        Err(_) => encoding_rs::GB18030.decode(&file.bytes).0.into_owned(),
    };
    let mut lines = text.lines();
    let mut kept = vec![lines.next().unwrap()];
    kept.extend(lines.filter(|line| line.contains(family)));
    FeedFile {
        bytes: (kept.join("\n") + "\n").into_bytes(),
        ..file
    }
}

/// One row about nobody in the newest list of pupils: the child who left it may
/// be that row. No alert is made of that, and the doubt is said to the sender
/// and on the family's page, until the list comes again without the row.
#[tokio::test(flavor = "multi_thread")]
async fn a_pupil_who_left_a_list_with_a_row_about_nobody_is_shown_as_unknown() {
    let dropouts = async |app: &TestApp| {
        let all = alerts(app).await.into_iter();
        all.filter(|row| row.policy == "school_dropout").count()
    };
    // Situation 63; the parents' numbers stand in the rows of their children.
    let register = of_family("civil_register", "2026-11-03", "JM320412000631");
    let spring = of_family("school_enrolment", "2026-05-10", "羊某乐");
    let other = of_family("school_enrolment", "2026-10-08", "羊某乐");
    let readable =
        "G1,丙某,,,身份证,999001201303040152,乙学校,320412,初中,八年级,在读,,2026-2027-1,,,,\n";
    let nobody = "L1,丁某,,,无,,乙学校,320412,初中,八年级,在读,,2026-2027-1,,,,\n";
    let autumn = |rows: &str| FeedFile {
        bytes: [other.bytes.as_slice(), rows.as_bytes()].concat(),
        ..other.clone()
    };
    let app = TestApp::sqlite().await;
    for file in [&register, &spring] {
        let counts = app.import(file).await.unwrap().import.counts;
        assert!(counts.accepted + counts.warned > 0, "{counts:?}");
    }
    let doubtful = app
        .import(&autumn(&[readable, nobody].concat()))
        .await
        .unwrap();
    assert_eq!(
        doubtful.import.counts.held, 1,
        "{:?}",
        doubtful.import.counts
    );
    app.settle().await;
    assert_eq!(dropouts(&app).await, 0, "nothing is made of doubt");
    // Said with the file, and said of the family.
    let page = format!("/imports/{}", doubtful.import.header.id);
    let page = app.get("county", &page).await.text();
    assert!(
        page.contains("list.nobody") && page.contains("1 行看不出是谁"),
        "{page}"
    );
    let number = domain::record::HouseholdNumber {
        namespace: "civil".to_owned(),
        number: "JM320412000631".to_owned(),
    };
    let family = format!("/families/{}", app.deps.vault.household_id(&number));
    let told = app.get("county", &family).await.text();
    let doubt = "<li>学籍：名册中有关的行未能读入，待更正</li>";
    assert!(told.contains(doubt), "{told}");
    // The whole list again without the row: now it is known that the child left.
    let mut again = autumn(readable);
    again.sequence = 2;
    let taken = app.import(&again).await.unwrap();
    assert_eq!(taken.import.counts.held, 0, "{:?}", taken.import.counts);
    app.settle().await;
    assert_eq!(dropouts(&app).await, 1);
    let told = app.get("county", &family).await.text();
    assert!(!told.contains(doubt), "{told}");
}
