//! What a desk costs when much is stored: one million alerts, most of them
//! history, and five hundred readers polling.
//!
//! `cargo run --release -p benches --bin desk -- [sqlite|postgres] [alerts] [pollers]`
//!
//! Pages are asked of the router in this process, so that a figure is the
//! server's own time, the durable disclosure entry included. Pollers come over
//! loopback from this same process and pay for both ends; a bare axum route
//! that answers 304 is polled alike in the same run. Timing decides nothing.

mod fill;
mod poll;
mod spread;

use axum::http::Method;
use spread::Spread;
use testkit::app::{COUNTY, HUTANG, TestApp};

/// Requests per page.
const TIMES: u32 = 200;

type Failed = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut words = std::env::args().skip(1);
    let backend = words.next().unwrap_or_else(|| "sqlite".to_owned());
    let alerts: usize = words.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let pollers: usize = words.next().map_or(Ok(500), |text| text.parse())?;
    let app = if backend == "postgres" {
        TestApp::postgres()
            .await
            .ok_or("PostgreSQL is not installed")?
    } else {
        TestApp::sqlite().await
    };
    let stored = fill::alerts(&app, alerts).await?;
    println!("backend {backend}: {stored}");
    for (name, officer, path) in [
        ("今天要办, township", "hutang", "/"),
        ("今天要办, county", "county", "/"),
        ("alerts, first 50", "hutang", "/api/v1/alerts?limit=50"),
        (
            "alerts, first 50, county",
            "county",
            "/api/v1/alerts?limit=50",
        ),
        ("counts, county", "county", "/api/v1/alerts/counts"),
        ("feed, first 100", "hutang", "/api/v1/alerts/feed?limit=100"),
        ("全县情况", "county", "/county"),
        ("台账, township", "hutang", "/families"),
    ] {
        println!("{name:<28} {}", page(&app, officer, path).await);
    }
    println!("regions: {HUTANG} of {COUNTY}");
    poll::run(&app, pollers).await
}

/// How long one page takes, asked again and again.
async fn page(app: &TestApp, officer: &str, path: &str) -> Spread {
    let mut spread = Spread::default();
    for turn in 0..TIMES {
        let from = std::time::Instant::now();
        let answer = app.call(officer, Method::GET, path, &[], vec![]).await;
        let took = from.elapsed();
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        // The first ones warm caches up.
        if turn >= TIMES / 20 {
            spread.add(took);
        }
    }
    spread
}
