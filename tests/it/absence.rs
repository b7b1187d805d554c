//! Absence is not zero: missing, late or stale data never opens, clears or
//! settles an alert.

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
    let grant = app.grant("county", Operation::ReadAlerts);
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
        // A bill, a report and a car are told by lists of their own.
        .filter(|row| {
            !["low_income_medical", "urgent_lead", "new_vehicle"].contains(&row.policy.as_str())
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
        let dated = ["member_died", "low_income_medical"];
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
