//! Five hundred readers, each asking once a second whether there is news, over
//! real connections; beside them a bare route that only says no.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use api::app::Limits;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use reqwest::Client;
use reqwest::header::{AUTHORIZATION, ETAG, IF_NONE_MATCH};
use testkit::app::TestApp;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Failed;
use crate::spread::Spread;

/// Times each reader asks.
const ROUNDS: u32 = 20;
/// Between two questions of one reader.
const EVERY: Duration = Duration::from_secs(1);

/// Measures both services; prints a line each.
pub(crate) async fn run(app: &TestApp, pollers: usize) -> Result<(), Failed> {
    let (_stop, ours) = serve(app.router.clone()).await?;
    let bare = Router::new().route("/", get(|| async { StatusCode::NOT_MODIFIED }));
    let (_bare_stop, bare) = serve(bare).await?;
    let token = format!("Bearer {}", app.officers["hutang"].1);

    // The cursor at the end of the feed and the tag that goes with it.
    let client = Client::builder().no_proxy().build()?;
    let (after, tag) = end_of_feed(&client, ours, &token).await?;
    let nothing = format!("http://{ours}/api/v1/alerts/feed?limit=100&after={after}");
    let bare = format!("http://{bare}/");
    let first = format!("http://{ours}/api/v1/alerts/feed?limit=100");
    for (name, url, expects) in [
        ("bare axum, 304", &bare, StatusCode::NOT_MODIFIED),
        ("feed, nothing new, 304", &nothing, StatusCode::NOT_MODIFIED),
        ("feed, page of 100", &first, StatusCode::OK),
    ] {
        let ask = Ask {
            url: url.clone(),
            token: token.clone(),
            tag: tag.clone(),
            expects,
        };
        let spread = many(&ask, pollers).await?;
        println!("{pollers} pollers, {name:<24} {spread}");
    }
    Ok(())
}

async fn serve(router: Router) -> Result<(watch::Sender<bool>, SocketAddr), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (sender, stop) = watch::channel(false);
    tokio::spawn(async move {
        let limits = Limits {
            // All readers come from one address here.
            connections_per_address_max: 4_096,
            connections_max: 4_096,
            ..Limits::default()
        };
        api::server::serve(listener, router, &limits, stop).await;
    });
    Ok((sender, address))
}

async fn end_of_feed(
    client: &Client,
    address: SocketAddr,
    token: &str,
) -> Result<(String, String), Failed> {
    let mut after = String::new();
    loop {
        let url = format!("http://{address}/api/v1/alerts/feed?limit=500{after}");
        let answer = client.get(url).header(AUTHORIZATION, token).send().await?;
        let tag = answer.headers().get(ETAG).ok_or("no tag")?;
        let tag = tag.to_str()?.to_owned();
        let page: serde_json::Value = answer.json().await?;
        let next = page["next"].as_str().ok_or("no cursor")?.to_owned();
        if page["entries"].as_array().is_none_or(Vec::is_empty) {
            return Ok((next, tag));
        }
        after = format!("&after={next}");
    }
}

/// One question.
#[derive(Clone)]
struct Ask {
    url: String,
    token: String,
    tag: String,
    expects: StatusCode,
}

/// All readers, spread over the second, each on a connection of its own.
async fn many(ask: &Ask, pollers: usize) -> Result<Spread, Failed> {
    let mut readers = JoinSet::new();
    for reader in 0..pollers {
        let (ask, shift) = (
            ask.clone(),
            EVERY * u32::try_from(reader)? / u32::try_from(pollers)?,
        );
        readers.spawn(async move { one(ask, shift).await.map_err(|error| error.to_string()) });
    }
    let mut all = Spread::default();
    while let Some(spread) = readers.join_next().await {
        all.join(spread??);
    }
    Ok(all)
}

async fn one(ask: Ask, shift: Duration) -> Result<Spread, reqwest::Error> {
    let client = Client::builder().no_proxy().build()?;
    let mut spread = Spread::default();
    let mut clock = tokio::time::interval_at(tokio::time::Instant::now() + shift, EVERY);
    for round in 0..ROUNDS {
        clock.tick().await;
        let from = Instant::now();
        let asked = client
            .get(&ask.url)
            .header(AUTHORIZATION, &ask.token)
            .header(IF_NONE_MATCH, &ask.tag);
        let answer = asked.send().await?;
        let status = answer.status();
        answer.bytes().await?;
        assert_eq!(status, ask.expects, "{}", ask.url);
        // The first question opens the connection.
        if round > 0 {
            spread.add(from.elapsed());
        }
    }
    Ok(spread)
}
