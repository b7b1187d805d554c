//! Lists, searches and files ask the store a bounded number of questions,
//! however many rows there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use testkit::app::{TestApp, birth};
use testkit::counted::Counted;

use crate::matrix::fill;

/// Method, address, body, officer.
const ASKED: [(&str, &str, &str, &str); 11] = [
    ("GET", "/", "", "county"),
    ("GET", "/", "", "hutang"),
    (
        "GET",
        "/api/v1/alerts?work=held,raised&limit=500",
        "",
        "county",
    ),
    ("GET", "/api/v1/alerts/counts", "", "county"),
    ("GET", "/api/v1/alerts/feed?limit=500", "", "county"),
    ("GET", "/families?township=320412100", "", "county"),
    ("GET", "/county", "", "county"),
    (
        "POST",
        "/families/search",
        "text=%E7%8E%8B%E5%B0%8F",
        "county",
    ),
    (
        "POST",
        "/families/export",
        "purpose=home_visit&township=320412100",
        "county",
    ),
    (
        "POST",
        "/api/v1/exports",
        r#"{"purpose":"home_visit","filter":{"township":"320412100"}}"#,
        "county",
    ),
    ("GET", "/api/v1/exports?limit=500", "", "county"),
];

async fn counts(households: usize) -> BTreeMap<(&'static str, &'static str), usize> {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("hearth.db").display());
    let store = Arc::new(Counted::new(store::open(&url, &birth()).await.unwrap()));
    let app = TestApp::on(store.clone(), folder).await;
    fill(&app, 3, households).await;
    let mut counts = BTreeMap::new();
    for (method, path, body, officer) in ASKED {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let kind = if body.starts_with('{') {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        };
        let headers = [("content-type", kind)];
        let _ = store.taken();
        let answer = app.call(officer, method, path, &headers, body.into()).await;
        assert!(
            [StatusCode::OK, StatusCode::ACCEPTED, StatusCode::SEE_OTHER].contains(&answer.status),
            "{path}: {} {}",
            answer.status,
            answer.text()
        );
        counts.insert((path, officer), store.taken());
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_asks_more_often_the_more_rows_there_are() {
    let (few, many) = (counts(40).await, counts(240).await);
    println!("few {few:?}\nmany {many:?}");
    for (asked, small) in &few {
        let large = many[asked];
        assert!(*small > 0, "{asked:?} asked nothing");
        // One decision more is no row: a file is made or a second person asked.
        assert!(
            large <= small + 3,
            "{asked:?}: {small} calls of few rows, {large} of many"
        );
        assert!(large <= 40, "{asked:?}: {large} calls");
    }
}
