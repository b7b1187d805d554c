//! What a store on a PostgreSQL server must promise besides: unsafe servers
//! refused, row-level security, cause kept under concurrent commits,
//! connections clean after cancellation.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use domain::alert::{FeedKind, FeedNews};
use domain::authority::{Grant, Officer, Operation, Role};
use domain::evaluation::{AlertLevel, Finding};
use domain::ids::{ActionId, AlertId, DecisionId, ImportId, LeadId, OfficerId, PersonId, Subject};
use domain::record::{
    DatasetId, ImportHeader, NaturalKey, Revision, RowCounts, RowOutcome, SourceId,
};
use domain::region::DivisionCode;
use domain::time::{Date, Instant, Period};
use jiff::civil::date;
use sqlx::{AssertSqlSafe, PgPool};
use store::commit::{
    AccessRow, ActionRow, AlertRow, Answer, Commit, CommitKind, DecisionRow, Guard, ImportRow,
    ImportState, KeptRow, LeadRow, Write,
};
use store::corrections::CorrectionRow;
use store::{Store, StoreError};
use testkit::pg::{self, Pg, PgError};
use uuid::Uuid;

const COUNTY: &str = "320412";
const OURS: &str = "320412100";
const THEIRS: &str = "320412101";
const TODAY: Date = date(2026, 11, 20);

/// A new store and the URL of its database, unless there is no server.
async fn store() -> Option<(Arc<dyn Store>, String)> {
    let url = pg::fresh_database().await?;
    Some((store::open(&url, &[]).await.unwrap(), url))
}

fn place(code: &str) -> DivisionCode {
    DivisionCode::parse(code).unwrap()
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn taking(kind: CommitKind, writes: Vec<Write>) -> Commit {
    Commit {
        kind,
        partition: Some(place(COUNTY)),
        at: Instant::from_micros(1_000_000),
        actor: "test".to_owned(),
        lease: None,
        guards: Vec::new(),
        writes,
        answer: None,
    }
}

fn alert(number: u128, township: &str, version: i64) -> AlertRow {
    let person = Subject::Person(PersonId::from_uuid(id(number)));
    AlertRow {
        confidential: domain::evaluation::Confidential::Ordinary,
        id: AlertId::from_uuid(id(number)),
        subject: person,
        unit: person,
        policy: "test".to_owned(),
        finding: Finding::Lead,
        level: AlertLevel::Orange,
        county: place(COUNTY),
        township: Some(place(township)),
        assist: None,
        condition: "holding".to_owned(),
        work: "raised".to_owned(),
        found: None,
        over: false,
        due_on: None,
        look_on: None,
        snoozed_until: None,
        assignee: None,
        opened_at: Instant::from_micros(0),
        changed_at: Instant::from_micros(0),
        version,
        sealed: Vec::new(),
    }
}

fn news(number: u128, township: &str) -> FeedNews {
    FeedNews {
        confidential: domain::evaluation::Confidential::Ordinary,
        feed: place(township),
        kind: FeedKind::Updated,
        alert: AlertId::from_uuid(id(number)),
        policy: "test".to_owned(),
        level: AlertLevel::Orange,
        due_on: None,
    }
}

fn action(number: u128, of: u128, version: i64) -> ActionRow {
    ActionRow {
        id: ActionId::from_uuid(id(number)),
        alert: AlertId::from_uuid(id(of)),
        action: "acknowledge".to_owned(),
        by: OfficerId::from_uuid(id(0)),
        at: Instant::from_micros(0),
        version,
        sealed: Vec::new(),
    }
}

fn grant(region: &str) -> Grant {
    let officer = Officer {
        id: OfficerId::from_uuid(id(0)),
        name: "test".to_owned(),
        role: Role::Caseworker,
        regions: vec![place(region)],
        sources: Vec::new(),
    };
    officer.authorize(Operation::ReadAlerts, "test").unwrap()
}

#[tokio::test]
async fn servers_that_may_forget_are_refused() {
    let server = match Pg::start() {
        Err(PgError::NotInstalled) => return,
        started => started.unwrap(),
    };
    let url = server.database().await.unwrap();
    let superuser = PgPool::connect(&server.superuser_url("postgres"))
        .await
        .unwrap();
    let run = async |sql: &str| {
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&superuser)
            .await
            .unwrap();
    };
    let refused = async |url: &str, setting: &str| match store::open(url, &[]).await {
        Err(StoreError::Unsafe { setting: named, .. }) => assert_eq!(named, setting),
        Err(other) => panic!("{setting}: {other:?}"),
        Ok(_) => panic!("{setting} was not refused"),
    };
    store::open(&url, &[]).await.unwrap();
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        run(&format!("alter system set {setting} = off")).await;
        run("select pg_reload_conf()").await;
        // Processes read the file in their own time; a new one reads it at once.
        refused(&url, setting).await;
        run(&format!("alter system reset {setting}")).await;
        run("select pg_reload_conf()").await;
    }
    refused(&server.superuser_url("hearth_0"), "superuser").await;
    run("alter role hearth_app bypassrls").await;
    refused(&url, "bypassrls").await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let Some((store, url)) = store().await else {
        return;
    };
    drop(store);
    let raw = PgPool::connect(&url).await.unwrap();
    sqlx::raw_sql(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (9999, 'later', true, '', 0)",
    )
    .execute(&raw)
    .await
    .unwrap();
    let refused = store::open(&url, &[]).await.err().unwrap();
    assert!(
        matches!(refused, StoreError::Newer { found: 9999, .. }),
        "{refused:?}"
    );
}

fn lead(number: u128, township: &str) -> LeadRow {
    LeadRow {
        id: LeadId::from_uuid(id(number)),
        person: PersonId::from_uuid(id(number)),
        by: OfficerId::from_uuid(id(0)),
        place: place(township),
        at: Instant::from_micros(0),
        sealed: Vec::new(),
    }
}

/// Rows of two townships in every scoped table.
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn fill(store: &dyn Store) {
    for (number, township) in [(1, OURS), (2, THEIRS)] {
        let alert = alert(number, township, 1);
        let subject = alert.subject;
        let header = ImportHeader {
            id: ImportId::from_uuid(id(number)),
            source: SourceId::new("test"),
            dataset: DatasetId::new("test"),
            revision: Revision {
                business_date: TODAY,
                sequence: u32::try_from(number).unwrap(),
            },
            scope: place(township),
            as_of: None,
            digest: String::new(),
            size: 0,
            received_at: Instant::from_micros(0),
        };
        let import = ImportRow {
            header,
            file_name: String::new(),
            uploader: OfficerId::from_uuid(id(0)),
            state: ImportState::Receiving,
            next_line: 1,
            counts: RowCounts::default(),
        };
        let kept = KeptRow {
            import: import.header.id,
            line: 1,
            outcome: RowOutcome::Rejected,
            notes: Vec::new(),
            raw: None,
        };
        let task = CorrectionRow {
            action: ActionId::from_uuid(id(number)),
            import: import.header.id,
            line: 1,
            subject,
            kind: "membership".to_owned(),
            key: NaturalKey([0; 16]),
            revision: import.header.revision,
            at: Instant::from_micros(0),
            reason: None,
        };
        let access = AccessRow {
            subject,
            region: place(township),
            valid: Period::ALWAYS,
        };
        let decision = DecisionRow {
            id: DecisionId::from_uuid(id(number)),
            alert: alert.id,
            subject,
            unit: subject,
            policy: "test".to_owned(),
            on: TODAY,
            known: 0,
            policy_set: String::new(),
            digest: String::new(),
            sealed: Vec::new(),
        };
        let writes = vec![
            Write::ImportOpened(import),
            Write::RowsKept(vec![kept]),
            Write::Access(vec![access]),
            Write::Alerts(vec![alert]),
            Write::Decisions(vec![decision]),
            Write::Action(action(number, number, 1)),
            Write::Correction(task),
            Write::Feed(vec![news(number, township)]),
            Write::Lead(lead(number, township)),
        ];
        let commit = taking(CommitKind::Evaluate, writes);
        store.commit(&commit).await.unwrap();
    }
}

/// The second lock: with the first one forgotten, a query still sees only the
/// scope of its transaction, and nothing at all without one.
#[tokio::test]
async fn a_query_that_forgets_its_condition_sees_only_its_scope() {
    const TABLES: [&str; 9] = [
        "imports",
        "import_rows",
        "access",
        "alerts",
        "decisions",
        "actions",
        "corrections",
        "feed",
        "leads",
    ];
    let Some((store, url)) = store().await else {
        return;
    };
    fill(&*store).await;
    let raw = PgPool::connect(&url).await.unwrap();
    let seen = async |table: &str, scope: Option<&str>| {
        let mut tx = raw.begin().await.unwrap();
        if let Some(scope) = scope {
            sqlx::query("select set_config('app.scope', $1, true)")
                .bind(scope)
                .execute(&mut *tx)
                .await
                .unwrap();
        }
        let count = format!("select count(*) from {table}");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(count))
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        count
    };
    for table in TABLES {
        assert_eq!(seen(table, None).await, 0, "{table} without a scope");
        assert_eq!(seen(table, Some("")).await, 0, "{table} with no place");
        assert_eq!(
            seen(table, Some("320412100%")).await,
            1,
            "{table} of one township"
        );
        assert_eq!(
            seen(table, Some("320411%")).await,
            0,
            "{table} of another county"
        );
        assert_eq!(
            seen(table, Some("320411%,320412%")).await,
            2,
            "{table} of two counties"
        );
        assert_eq!(seen(table, Some("%")).await, 2, "{table} for steps");
    }
    // Nor can it write what lies outside.
    let mut tx = raw.begin().await.unwrap();
    sqlx::raw_sql("set local app.scope = '320412100%'")
        .execute(&mut *tx)
        .await
        .unwrap();
    let changed = sqlx::query("update alerts set work = 'closed'")
        .execute(&mut *tx)
        .await
        .unwrap();
    assert_eq!(changed.rows_affected(), 1);
    let moved = sqlx::query("update feed set feed = '320412101'")
        .execute(&mut *tx)
        .await;
    assert!(moved.is_err(), "a row was written into another scope");
}

#[tokio::test]
async fn reads_of_a_grant_see_its_scope_only() {
    let Some((store, _)) = store().await else {
        return;
    };
    fill(&*store).await;
    store.publish(10).await.unwrap();
    let ours = grant(OURS);
    let theirs = AlertId::from_uuid(id(2));
    assert!(
        store
            .alert(&ours, AlertId::from_uuid(id(1)))
            .await
            .unwrap()
            .is_some()
    );
    assert!(store.alert(&ours, theirs).await.unwrap().is_none());
    assert!(store.actions(&ours, theirs).await.unwrap().is_empty());
    assert!(store.decisions(&ours, theirs).await.unwrap().is_empty());
    let feed = store.feed(&ours, 0, 10).await.unwrap();
    assert_eq!(feed.len(), 1);
    assert_eq!(feed[0].feed, place(OURS));
}

/// Eight tasks change one alert again and again; each change tells its
/// version. Numbers must follow versions, because the sequencer numbers by id
/// and ids are drawn under the alert's lock.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_follow_cause() {
    const TASKS: i64 = 8;
    const CHANGES: i64 = 8;
    let Some((store, url)) = store().await else {
        return;
    };
    let first = taking(
        CommitKind::Evaluate,
        vec![Write::Alerts(vec![alert(1, OURS, 1)])],
    );
    store.commit(&first).await.unwrap();
    linger_before_commit(&url).await;
    let change = async |store: Arc<dyn Store>| {
        let mut done = 0;
        while done < CHANGES {
            let (ours, alert_id) = (grant(OURS), AlertId::from_uuid(id(1)));
            let now = store.alert(&ours, alert_id).await.unwrap().unwrap();
            let version = now.version;
            let next = u128::try_from(version + 1).unwrap();
            let mut commit = taking(
                CommitKind::Action,
                vec![
                    Write::Alerts(vec![alert(1, OURS, version + 1)]),
                    Write::Action(action(next, 1, version + 1)),
                    Write::Feed(vec![news(next, OURS)]),
                ],
            );
            // Half of them rely on the version alone, without a guard.
            if done % 2 == 0 {
                let alert = AlertId::from_uuid(id(1));
                commit.guards.push(Guard::AlertVersion { alert, version });
            }
            match store.commit(&commit).await {
                Ok(_) => done += 1,
                Err(StoreError::Conflict) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    };
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| tokio::spawn(change(store.clone())))
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    while store.publish(7).await.unwrap().commits > 0 {}
    let total = u32::try_from(TASKS * CHANGES).unwrap();
    let feed = store.feed(&grant(OURS), 0, total + 1).await.unwrap();
    let told: Vec<u128> = feed.iter().map(|e| e.alert.as_uuid().as_u128()).collect();
    let versions: Vec<u128> = (2..u128::from(total) + 2).collect();
    assert_eq!(told, versions, "the feed turned cause round");
}

/// Holds each commit between its last write and its end for a few milliseconds.
async fn linger_before_commit(url: &str) {
    let raw = PgPool::connect(url).await.unwrap();
    sqlx::raw_sql(
        "create function linger() returns trigger language plpgsql as $$
        begin perform pg_sleep((hashint8extended(new.id, 1) & 7) / 1000.0); return null; end $$;
        create constraint trigger linger after insert on commits
        deferrable initially deferred for each row execute function linger()",
    )
    .execute(&raw)
    .await
    .unwrap();
}

/// Two requests under one key at once: one takes effect, the other gets its answer.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_requests_under_one_key_takes_effect() {
    let Some((store, url)) = store().await else {
        return;
    };
    let first = taking(
        CommitKind::Evaluate,
        vec![Write::Alerts(vec![alert(1, OURS, 1)])],
    );
    store.commit(&first).await.unwrap();
    linger_before_commit(&url).await;
    for round in 1..20 {
        let mut commit = taking(
            CommitKind::Action,
            vec![Write::Alerts(vec![alert(1, OURS, round + 1)])],
        );
        let alert = AlertId::from_uuid(id(1));
        commit.guards.push(Guard::AlertVersion {
            alert,
            version: round,
        });
        commit.answer = Some(Answer {
            principal: OfficerId::from_uuid(id(0)),
            route: "POST /alerts/{id}/acknowledgement".to_owned(),
            key: format!("key {round}"),
            fingerprint: "same".to_owned(),
            status: 200,
            body: "{}".to_owned(),
            at: commit.at,
        });
        let (one, other) = tokio::join!(store.commit(&commit), store.commit(&commit));
        let outcomes = [one, other];
        let taken = outcomes.iter().filter(|o| o.is_ok()).count();
        let answered = outcomes.iter();
        let answered = answered
            .filter(|o| matches!(o, Err(StoreError::Answered(_))))
            .count();
        assert_eq!((taken, answered), (1, 1), "{outcomes:?}");
    }
}

/// Two workers at one checkpoint or one line of an import, without a lease: one
/// goes on, the other reads again.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_commits_at_one_place_goes_on() {
    let Some((store, url)) = store().await else {
        return;
    };
    fill(&*store).await;
    linger_before_commit(&url).await;
    for round in 0..10_u32 {
        let mut stepping = taking(
            CommitKind::Apply,
            vec![Write::Checkpoint {
                step: "apply".to_owned(),
                position: i64::from(round) + 1,
            }],
        );
        stepping.guards.push(Guard::CheckpointAt {
            partition: place(COUNTY),
            step: "apply".to_owned(),
            position: i64::from(round),
        });
        let import = ImportId::from_uuid(id(1));
        let mut receiving = taking(
            CommitKind::Intake,
            vec![Write::ImportAdvanced {
                import,
                next_line: round + 2,
                counts: RowCounts::default(),
                state: ImportState::Receiving,
            }],
        );
        receiving.guards.push(Guard::ImportAt {
            import,
            next_line: round + 1,
        });
        for commit in [stepping, receiving] {
            let (one, other) = tokio::join!(store.commit(&commit), store.commit(&commit));
            let outcomes = [one, other];
            let taken = outcomes.iter().filter(|o| o.is_ok()).count();
            let refused = outcomes.iter();
            let refused = refused
                .filter(|o| matches!(o, Err(StoreError::Conflict)))
                .count();
            assert_eq!((taken, refused), (1, 1), "{:?}: {outcomes:?}", commit.kind);
        }
    }
}

/// A lease that is taken while its holder commits waits for that commit; a
/// commit that comes after it is fenced.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_not_taken_in_the_middle_of_a_commit() {
    let Some((store, url)) = store().await else {
        return;
    };
    linger_before_commit(&url).await;
    let mut now = Instant::from_micros(0);
    for round in 0..20 {
        let county = place(COUNTY);
        let until = now.plus_seconds(1);
        let lease = store.lease(county, "apply", "one", now, until).await;
        let mut commit = taking(
            CommitKind::Apply,
            vec![Write::Checkpoint {
                step: "apply".to_owned(),
                position: round,
            }],
        );
        commit.lease = lease.unwrap();
        now = now.plus_seconds(2);
        let taking_over = async {
            let until = now.plus_seconds(1);
            let lease = store.lease(county, "apply", "other", now, until).await;
            lease.unwrap().expect("the first lease ran out");
            // What the new holder finds now must be what stays.
            store.checkpoint(county, "apply").await.unwrap()
        };
        let (committed, found) = tokio::join!(store.commit(&commit), taking_over);
        let stays = store.checkpoint(county, "apply").await.unwrap();
        assert_eq!(found, stays, "round {round}: {committed:?}");
        now = now.plus_seconds(2);
    }
}

/// A future that gives up after so many polls, as a disconnect would make it.
struct GivenUp<'f, F> {
    future: Pin<&'f mut F>,
    polls: u32,
}

impl<F: Future> Future for GivenUp<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.future.as_mut().poll(cx).map(Some)
    }
}

async fn given_up<F: Future>(future: F, polls: u32) -> Option<F::Output> {
    let future = pin!(future);
    GivenUp { future, polls }.await
}

/// A `begin` that was cancelled leaves its connection inside a transaction that
/// the driver does not know of; what is then written alone is never committed.
#[tokio::test]
async fn a_cancelled_call_leaves_no_transaction_behind() {
    let Some((store, url)) = store().await else {
        return;
    };
    let raw = PgPool::connect(&url).await.unwrap();
    let now = Instant::from_micros(0);
    for polls in 0..40 {
        let reading = given_up(store.alert_counts(&grant(OURS)), polls).await;
        let commit = taking(CommitKind::Evaluate, vec![Write::Feed(vec![news(1, OURS)])]);
        let writing = given_up(store.commit(&commit), polls).await;
        drop((reading, writing));
        // Single statements, enough of them to meet every pooled connection.
        for turn in 0..8 {
            let step = format!("step {polls} {turn}");
            let until = now.plus_seconds(60);
            let lease = store.lease(place(COUNTY), &step, "test", now, until).await;
            assert_eq!(lease.unwrap().unwrap().epoch, 1);
        }
        let kept: i64 = sqlx::query_scalar("select count(*) from leases")
            .fetch_one(&raw)
            .await
            .unwrap();
        let given = 8 * (i64::from(polls) + 1);
        assert_eq!(
            kept, given,
            "leases were lost after a call cancelled at poll {polls}"
        );
    }
    let open: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity
        where datname = current_database() and state like 'idle in transaction%'",
    )
    .fetch_one(&raw)
    .await
    .unwrap();
    assert_eq!(open, 0, "connections were left inside transactions");
}
