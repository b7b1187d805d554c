//! The console as a browser without JavaScript meets it: whose pages, in which
//! order, which forms, and what is in the ledger afterwards.

mod audit;
mod browser;
mod forms;
mod imports;
mod pages;
mod standards;

use synth::{CountySpec, invent};
use testkit::app::{TestApp, divisions, sample_day};

/// A small county, evaluated.
async fn county() -> TestApp {
    let app = TestApp::sqlite().await;
    let spec = CountySpec {
        seed: 5,
        households: 320,
        on: sample_day(),
    };
    for file in &invent(&spec, &divisions()).feeds {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    app
}

/// The committed samples, evaluated.
async fn samples() -> TestApp {
    let app = TestApp::sqlite().await;
    for file in &TestApp::samples().1 {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    app
}

/// The first alert of an officer's desk: id and version.
async fn first(app: &TestApp, officer: &str, query: &str) -> (String, i64) {
    let path = format!("/api/v1/alerts?brief=true&{query}");
    let page = app.get(officer, &path).await.json();
    let alert = &page["alerts"][0];
    let id = alert["id"].as_str().unwrap_or_else(|| panic!("{page}"));
    (id.to_owned(), alert["version"].as_i64().unwrap())
}
