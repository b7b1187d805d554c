//! Subscriptions: feeds sent to machines. A subscription has one place in the
//! feed, its cursor; only entries that did not arrive have rows of their own.
//! Nothing is copied out of the feed, so nothing can be lost between the two.

use std::fmt;

use domain::alert::FeedKind;
use domain::authority::Officer;
use domain::evaluation::AlertLevel;
use domain::ids::{OfficerId, SubscriptionId};
use domain::region::DivisionCode;
use domain::time::Instant;

/// A subscription.
///
/// A write is taken only with the version after the stored one (1 for a new
/// one), else it is [`crate::StoreError::Conflict`].
#[derive(Clone, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// Id.
    pub id: SubscriptionId,
    /// Who made it; what is sent is what this officer may read.
    pub owner: OfficerId,
    /// Where to.
    pub url: String,
    /// Feeds of this place and all inside it.
    pub region: DivisionCode,
    /// Kinds of entries; all when empty.
    pub kinds: Vec<FeedKind>,
    /// Policies; all when empty.
    pub policies: Vec<String>,
    /// This level or a more pressing one.
    pub level: AlertLevel,
    /// What entries are signed with, sealed under the system key.
    pub secret: Vec<u8>,
    /// The secret before, and until when it signs as well.
    pub old_secret: Option<(Vec<u8>, Instant)>,
    /// Why nothing is sent any more.
    pub ended: Option<Ended>,
    /// Position in the feed through which every entry arrived or has a
    /// [`DeliveryRow`].
    pub cursor: i64,
    /// Failures in a row.
    pub failures: u32,
    /// Nothing is sent before.
    pub paused_until: Option<Instant>,
    /// When it was made.
    pub made_at: Instant,
    /// When something last arrived.
    pub succeeded_at: Option<Instant>,
    /// When something last failed, and how.
    pub failed: Option<(Instant, Failure)>,
    /// Counts writes.
    pub version: i64,
}

impl fmt::Debug for SubscriptionRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionRow")
            .field("id", &self.id)
            .field("region", &self.region)
            .field("ended", &self.ended)
            .field("cursor", &self.cursor)
            .field("failures", &self.failures)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// A subscription with its owner, who is not disabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The subscription.
    pub row: SubscriptionRow,
    /// Its owner.
    pub owner: Officer,
}

/// Why a subscription ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The receiver answered 410.
    Gone,
}

impl Ended {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Ended::Gone => "gone",
        }
    }
}

/// An entry that did not arrive yet, or never will by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Subscription.
    pub subscription: SubscriptionId,
    /// The entry's position in the feed.
    pub position: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// First and last time.
    pub first_at: Instant,
    /// Last time.
    pub last_at: Instant,
    /// When next; `None`: a dead letter.
    pub next_at: Option<Instant>,
    /// What went wrong last.
    pub failure: Failure,
    /// The status answered last, if any was.
    pub status: Option<u16>,
}

/// Entries that did not arrive, as counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// To be tried again.
    pub waiting: i64,
    /// Given up.
    pub dead: i64,
}

/// What went wrong with a delivery. A closed list: what the other side says is
/// never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// The target or its address is not allowed.
    Refused,
    /// The name has no address.
    Unresolved,
    /// Nobody listens there.
    Unreachable,
    /// No trusted TLS.
    Tls,
    /// No answer in time.
    Timeout,
    /// Not HTTP, or cut off.
    Broken,
    /// It wanted to send us elsewhere; not followed.
    Redirected,
    /// A status that is not 2xx.
    Status,
}

impl Failure {
    /// All of them.
    pub const ALL: [Failure; 8] = [
        Failure::Refused,
        Failure::Unresolved,
        Failure::Unreachable,
        Failure::Tls,
        Failure::Timeout,
        Failure::Broken,
        Failure::Redirected,
        Failure::Status,
    ];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Failure::Refused => "refused",
            Failure::Unresolved => "unresolved",
            Failure::Unreachable => "unreachable",
            Failure::Tls => "tls",
            Failure::Timeout => "timeout",
            Failure::Broken => "broken",
            Failure::Redirected => "redirected",
            Failure::Status => "status",
        }
    }

    /// What people call it.
    pub const fn zh(self) -> &'static str {
        match self {
            Failure::Refused => "地址不在允许清单内",
            Failure::Unresolved => "域名解析不到地址",
            Failure::Unreachable => "连接不上",
            Failure::Tls => "证书不可信",
            Failure::Timeout => "超时无应答",
            Failure::Broken => "应答不完整或不是 HTTP",
            Failure::Redirected => "要求跳转，未跟随",
            Failure::Status => "应答不是 2xx",
        }
    }
}
