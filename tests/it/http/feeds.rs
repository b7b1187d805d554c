//! Feeds and streams: contiguous, resumable, cheap to poll.

#![expect(clippy::too_many_lines, reason = "a scenario reads from top to bottom")]

use axum::http::{Method, StatusCode};

use super::county;

/// Ids and entries of an event stream.
fn events(text: &str) -> Vec<(String, serde_json::Value)> {
    let field = |event: &str, name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {event}"))
            .to_owned()
    };
    let told = text.split("\n\n").filter(|event| event.contains("data: "));
    told.map(|event| {
        let data = serde_json::from_str(&field(event, "data: ")).unwrap();
        (field(event, "id: "), data)
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_cut_anywhere_goes_on_where_it_was() {
    let app = county().await;
    let page = app.get("county", "/api/v1/alerts/feed?limit=500").await;
    let expected = page.json()["entries"].as_array().unwrap().clone();
    assert!(expected.len() > 3);
    let whole = app.get("county", "/api/v1/alerts/stream").await;
    assert_eq!(whole.headers["content-type"], "text/event-stream");
    let all = events(&whole.text());
    let entries: Vec<_> = all.iter().map(|(_, entry)| entry.clone()).collect();
    assert_eq!(entries, expected);
    for cut in [0, 1, all.len() / 2, all.len() - 1] {
        let last = [("last-event-id", all[cut].0.as_str())];
        let rest = app
            .call(
                "county",
                Method::GET,
                // The header goes before the address a reader once began with.
                "/api/v1/alerts/stream?after=e1.0",
                &last,
                vec![],
            )
            .await;
        assert_eq!(rest.status, StatusCode::OK, "{}", rest.text());
        assert_eq!(events(&rest.text()), all[cut + 1..], "cut behind {cut}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_are_contiguous_resumable_and_cheap_to_poll() {
    let app = county().await;
    let mut cursor = String::new();
    let mut numbers = std::collections::BTreeMap::<String, i64>::new();
    loop {
        let path = if cursor.is_empty() {
            "/api/v1/alerts/feed?limit=3".to_owned()
        } else {
            format!("/api/v1/alerts/feed?limit=3&after={cursor}")
        };
        let answer = app.get("county", &path).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let page = answer.json();
        let entries = page["entries"].as_array().unwrap();
        for entry in entries {
            let last = numbers
                .entry(entry["feed"].as_str().unwrap().to_owned())
                .or_default();
            *last += 1;
            assert_eq!(entry["number"].as_i64().unwrap(), *last);
        }
        cursor = page["next"].as_str().unwrap().to_owned();
        if entries.is_empty() {
            let polled = app
                .call(
                    "county",
                    Method::GET,
                    &format!("/api/v1/alerts/feed?after={cursor}"),
                    &[("if-none-match", answer.etag().as_str())],
                    vec![],
                )
                .await;
            assert_eq!(polled.status, StatusCode::NOT_MODIFIED);
            break;
        }
    }
    for head in app.get("county", "/api/v1/alerts/feed").await.json()["heads"]
        .as_array()
        .unwrap()
    {
        assert_eq!(
            numbers[head["feed"].as_str().unwrap()],
            head["number"].as_i64().unwrap()
        );
    }
    let refusals = [
        (
            "/api/v1/alerts/stream?after=e1.999999",
            StatusCode::CONFLICT,
        ),
        ("/api/v1/alerts/stream?after=other.1", StatusCode::GONE),
        ("/api/v1/alerts/feed?after=e1.999999", StatusCode::CONFLICT),
        ("/api/v1/alerts/feed?after=other.1", StatusCode::GONE),
        (
            "/api/v1/alerts/feed?after=nonsense",
            StatusCode::BAD_REQUEST,
        ),
        ("/api/v1/alerts/feed?limit=0", StatusCode::BAD_REQUEST),
        ("/api/v1/alerts/feed?colour=red", StatusCode::BAD_REQUEST),
    ];
    for (path, status) in refusals {
        let answer = app.get("county", path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(
            answer.json()["type"]
                .as_str()
                .unwrap()
                .starts_with("urn:problem:"),
            "{path}"
        );
    }
    // What a gateway adds is taken off before the strict reading.
    assert_eq!(
        app.get("county", "/api/v1/alerts/feed?gw_trace=1&limit=1")
            .await
            .status,
        StatusCode::OK
    );
}
