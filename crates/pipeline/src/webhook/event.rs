//! Feed entries as CloudEvents 1.0, thin: what happened to which alert, no
//! names, no amounts. Whoever wants more asks for it under their own right.

use serde::Serialize;
use store::rows::FeedEntry;

/// Media type of an event in structured mode.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";
/// What the types of our events begin with.
const TYPE: &str = "cn.hearth.alert.";
/// A test event.
const PING: &str = "cn.hearth.ping";
const SPEC: &str = "1.0";

/// An event with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The same however often it is sent; the receiver's key against repeats.
    pub id: String,
    /// JSON.
    pub body: Vec<u8>,
}

#[derive(Serialize)]
struct Envelope<'a, D> {
    specversion: &'static str,
    id: &'a str,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    time: String,
    datacontenttype: &'static str,
    data: D,
}

#[derive(Serialize)]
struct Data {
    feed: String,
    number: i64,
    position: i64,
    cursor: String,
    kind: &'static str,
    alert: String,
    policy: String,
    level: &'static str,
    due_on: Option<String>,
}

#[derive(Serialize)]
struct Ping {
    subscription: String,
}

/// The event of an entry of the feed with this epoch.
pub fn of_entry(epoch: &str, entry: &FeedEntry) -> Event {
    let id = format!("evt_{epoch}_{}", entry.position);
    let data = Data {
        feed: entry.feed.to_string(),
        number: entry.number,
        position: entry.position,
        cursor: format!("{epoch}.{}", entry.position),
        kind: entry.kind.name(),
        alert: entry.alert.to_string(),
        policy: entry.policy.clone(),
        level: entry.level.name(),
        due_on: entry.due_on.map(|on| on.to_string()),
    };
    let envelope = Envelope {
        specversion: SPEC,
        id: &id,
        source: format!("/feeds/{}", entry.feed),
        kind: format!("{TYPE}{}", entry.kind.name()),
        time: entry.at.to_string(),
        datacontenttype: "application/json",
        data,
    };
    let body = serde_json::to_vec(&envelope).expect("texts and numbers are JSON");
    Event { id, body }
}

/// A test event of a subscription.
pub fn ping(subscription: &str, unique: &str, at: &str) -> Event {
    let id = format!("ping_{unique}");
    let envelope = Envelope {
        specversion: SPEC,
        id: &id,
        source: format!("/subscriptions/{subscription}"),
        kind: PING.to_owned(),
        time: at.to_owned(),
        datacontenttype: "application/json",
        data: Ping {
            subscription: subscription.to_owned(),
        },
    };
    let body = serde_json::to_vec(&envelope).expect("texts are JSON");
    Event { id, body }
}
