//! What every step needs, built once by the binary or a test.

use std::sync::Arc;

use domain::calendar::WorkingDays;
use domain::publicity::Publicity;
use domain::region::Divisions;
use rules::PolicySet;
use store::Store;
use tokio::sync::Notify;
use vault::Vault;

use crate::account::AccountSettings;
use crate::ahead::Aheads;
use crate::clock::Clock;
use crate::night::Censuses;
use crate::policies::Policies;

/// Settings of the steps. Defaults suit one county office.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Alerts a township may be given from the backlog in one day; red ones
    /// are always given. A platform default.
    pub daily_budget_per_township: u32,
    /// Rows per intake transaction.
    pub intake_rows: usize,
    /// Records read at a time for one apply transaction, whole commits of them.
    pub apply_records: u32,
    /// Records waiting beyond which all that waits of somebody who was never met
    /// is folded at once.
    pub backlog_records: u64,
    /// Units per evaluate transaction.
    pub evaluate_units: u32,
    /// Days an alert may be snoozed. A platform default.
    pub snooze_days_max: u16,
    /// People of one file beyond which a second person must release it. A
    /// platform default.
    pub export_people_free: usize,
    /// Seconds a worker holds a partition without renewing.
    pub lease_seconds: i64,
    /// The store was created for invented people (area 999xxx).
    pub synthetic: bool,
    /// Names this process among workers.
    pub holder: String,
    /// Passwords, lockout, sessions.
    pub accounts: AccountSettings,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            daily_budget_per_township: 15,
            intake_rows: 1_000,
            apply_records: 4_000,
            backlog_records: 50_000,
            evaluate_units: 400,
            snooze_days_max: 30,
            export_people_free: 100,
            lease_seconds: 60,
            synthetic: false,
            holder: "hearth".to_owned(),
            accounts: AccountSettings::default(),
        }
    }
}

/// What every step needs.
pub struct Deps {
    /// What the system remembers.
    pub store: Arc<dyn Store>,
    /// Seals and opens.
    pub vault: Arc<Vault>,
    /// The policy set in force; replaced whole.
    pub policies: Policies,
    /// Divisions.
    pub divisions: Arc<Divisions>,
    /// Working days.
    pub calendar: Arc<WorkingDays>,
    /// What may be put on a notice board.
    pub publicity: Arc<Publicity>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Settings.
    pub settings: Settings,
    /// Everybody of the counties evaluated here, in columns.
    pub censuses: Censuses,
    /// Who was folded ahead of the checkpoint here.
    pub ahead: Aheads,
    /// Rung when there may be work for the steps.
    pub work: Notify,
    /// Rung when feed entries were published.
    pub published: Notify,
}

impl Deps {
    /// The policy set in force now.
    pub fn policies(&self) -> Arc<PolicySet> {
        self.policies.set()
    }

    /// What a policy is called in force, or in the files that wait.
    pub fn title(&self, policy: &str) -> Option<String> {
        let sets = [self.policies(), self.policies.own_set()];
        let called = |set: &Arc<PolicySet>| set.policy(policy).map(|one| one.title.zh.clone());
        sets.iter().find_map(called)
    }
}
