//! The service over HTTP: who sees what, officers' work, strictness, feeds.

mod access;
mod feeds;
mod imports;
mod work;

use synth::{CountySpec, invent};
use testkit::app::{TestApp, divisions, sample_day};

/// A small county, evaluated.
async fn county() -> TestApp {
    let app = TestApp::sqlite().await;
    for file in &invent(
        &CountySpec {
            seed: 5,
            households: 320,
            on: sample_day(),
        },
        &divisions(),
    )
    .feeds
    {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    app
}
