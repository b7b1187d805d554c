//! How long a session lasts, and what it may open yet.

use domain::time::Instant;
use store::accounts::{KnownAccount, SessionRow};

use crate::account::AccountSettings;
use crate::account::password::Profile;

/// What a session may do at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Only give the second factor.
    Code,
    /// Only change the password.
    Password,
    /// Only set up the second factor.
    SecondFactor,
    /// What the role may.
    Open,
}

/// Seconds a password lasts under 等保; ASVS forbids asking for a change by
/// time alone.
const PASSWORD_SECONDS: i64 = 90 * 24 * 3600;

/// What comes next for a live session.
pub fn stage(
    known: &KnownAccount,
    session: &SessionRow,
    now: Instant,
    settings: &AccountSettings,
) -> Stage {
    let account = &known.account;
    if account.totp.is_some() && !session.second {
        return Stage::Code;
    }
    let old = match settings.profile {
        Profile::Dengbao => account.changed_at.plus_seconds(PASSWORD_SECONDS) <= now,
        Profile::Asvs => false,
    };
    if account.must_change || old {
        return Stage::Password;
    }
    // A second factor may have been given elsewhere.
    if settings.second_factor_required && account.totp.is_none() && !session.second {
        return Stage::SecondFactor;
    }
    Stage::Open
}

/// Seconds to give the second factor.
const HALF_OPEN_SECONDS: i64 = 10 * 60;

/// The ends of a session that begins now: idle and absolute. One that still
/// waits for its second factor is short.
pub fn ends(now: Instant, half_open: bool, settings: &AccountSettings) -> (Instant, Instant) {
    let seconds = if half_open {
        HALF_OPEN_SECONDS
    } else {
        settings.session_seconds
    };
    let ends_at = now.plus_seconds(seconds);
    (
        now.plus_seconds(settings.idle_seconds).min(ends_at),
        ends_at,
    )
}

/// The idle end to write when a session is seen; `None` when that would hardly
/// move it. A session is written some 32 times within its idle time at most,
/// not with every request.
pub fn seen(session: &SessionRow, now: Instant, settings: &AccountSettings) -> Option<Instant> {
    if now < session.seen_at.plus_seconds(settings.idle_seconds / 32) {
        return None;
    }
    let idle_until = now.plus_seconds(settings.idle_seconds).min(session.ends_at);
    (idle_until > session.idle_until).then_some(idle_until)
}

#[cfg(test)]
mod tests {
    use domain::ids::OfficerId;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    proptest! {
        /// Someone who works on is not logged out before the absolute end, and
        /// someone who rests is, at the idle end at the latest.
        #[test]
        fn work_keeps_a_session_and_rest_ends_it(pauses in prop::collection::vec(1_i64..36_000, 1..60)) {
            let settings = AccountSettings::default();
            let at = |seconds: i64| Instant::from_micros(seconds * 1_000_000);
            let (idle_until, ends_at) = ends(at(0), false, &settings);
            let mut session = SessionRow {
                digest: [0; 32],
                officer: OfficerId::from_uuid(Uuid::nil()),
                begun_at: at(0),
                seen_at: at(0),
                idle_until,
                ends_at,
                second: true,
            };
            let mut now = 0;
            for pause in pauses {
                now += pause;
                let alive = at(now) < session.idle_until && at(now) < session.ends_at;
                prop_assert!(session.idle_until <= session.ends_at);
                // Rest is measured with the grain of writing: an hour's 32nd.
                if pause >= settings.idle_seconds || now >= settings.session_seconds {
                    prop_assert!(!alive);
                }
                if !alive {
                    let rested = pause > settings.idle_seconds - settings.idle_seconds / 32 - 1;
                    prop_assert!(rested || now >= settings.session_seconds);
                    break;
                }
                if let Some(idle_until) = seen(&session, at(now), &settings) {
                    session.seen_at = at(now);
                    session.idle_until = idle_until;
                }
            }
        }
    }
}
