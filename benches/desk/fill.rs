//! Fills a store with alerts: a settled county's own ones again and again,
//! each about another person, each sealed under that person's key.

use std::collections::{BTreeMap, BTreeSet};

use domain::alert::{Alert, Condition, HeldWhy, Work};
use domain::authority::{Grant, Officer, Operation, Role};
use domain::evaluation::Decision;
use domain::ids::{AlertId, DecisionId, OfficerId, PersonId, Subject};
use domain::region::DivisionCode;
use pipeline::apply::Progress;
use pipeline::dispatch::publish_step;
use pipeline::sealing::Keyring;
use store::commit::{AlertRow, Commit, CommitKind, DecisionRow, Write};
use store::rows::AlertFilter;
use synth::CountySpec;
use testkit::app::{COUNTY, TestApp, divisions, sample_day};
use uuid::Uuid;

use crate::Failed;

/// Households of the county the alerts are modelled on.
const HOUSEHOLDS: u32 = 10_000;
/// Alerts of one commit.
const BATCH: usize = 1_000;
/// Of a hundred alerts: on a desk, in the backlog; the rest is closed.
const OPEN: usize = 6;
const HELD: usize = 8;

/// One alert to copy.
struct Model {
    alert: Alert,
    row: DecisionRow,
    decision: Vec<u8>,
}

/// Fills the store; says what is in it.
pub(crate) async fn alerts(app: &TestApp, total: usize) -> Result<String, Failed> {
    let spec = CountySpec {
        seed: 20_261_120,
        households: HOUSEHOLDS,
        on: sample_day(),
    };
    for file in &synth::invent(&spec, &divisions()).feeds {
        app.import(file).await.map_err(|error| error.to_string())?;
    }
    app.settle().await;
    let models = models(app).await?;
    let units = units(app, &models).await?;
    let mut made = 0;
    while made < total {
        let batch = BATCH.min(total - made);
        write(app, &models, &units, made, batch).await?;
        made += batch;
        while made % 100_000 == 0 && publish_step(&app.deps).await? != Progress::Idle {}
    }
    while publish_step(&app.deps).await? != Progress::Idle {}
    let statistics = app.deps.store.statistics().await?;
    Ok(format!(
        "{statistics:?}; of a hundred copies {OPEN} on desks, {} held, the rest closed",
        HELD - OPEN
    ))
}

async fn models(app: &TestApp) -> Result<Vec<Model>, Failed> {
    let grant = app.grant("county", Operation::ReadAlerts);
    let filter = AlertFilter::default();
    let rows = app.deps.store.alerts(&grant, &filter, None, 500).await?;
    let subjects: BTreeSet<Subject> = rows.iter().map(|row| row.subject).collect();
    let store = app.deps.store.as_ref();
    let keyring = Keyring::load(store, &app.deps.vault, &subjects, false).await?;
    let mut models = Vec::new();
    for row in &rows {
        let alert = keyring.open_alert(row)?;
        let found = store.decisions_by_id(&grant, &[alert.decision]).await?;
        let Some(row) = found.into_iter().next() else {
            continue;
        };
        let decision: Decision = keyring.open_decision(&row)?;
        if alert.desk.township.is_some() {
            models.push(Model {
                decision: serde_json::to_vec(&decision)?,
                alert,
                row,
            });
        }
    }
    Ok(models)
}

/// Households of each township of the models.
async fn units(
    app: &TestApp,
    models: &[Model],
) -> Result<BTreeMap<DivisionCode, Vec<Subject>>, Failed> {
    let mut units = BTreeMap::new();
    for model in models {
        let Some(township) = model.alert.desk.township else {
            continue;
        };
        if units.contains_key(&township) {
            continue;
        }
        let grant = of(township);
        let found = app
            .deps
            .store
            .subjects(&grant, "h", sample_day(), None, 2_000);
        units.insert(township, found.await?);
    }
    Ok(units)
}

fn of(township: DivisionCode) -> Grant {
    let officer = Officer {
        id: OfficerId::from_uuid(Uuid::from_u128(77)),
        name: "bench".to_owned(),
        role: Role::Caseworker,
        regions: vec![township],
        sources: vec![],
    };
    let grant = officer.authorize(Operation::ReadPeople, "bench");
    grant.expect("a caseworker reads people")
}

async fn write(
    app: &TestApp,
    models: &[Model],
    units: &BTreeMap<DivisionCode, Vec<Subject>>,
    from: usize,
    count: usize,
) -> Result<(), Failed> {
    let subjects: Vec<Subject> = (0..count)
        .map(|_| Subject::Person(PersonId::from_uuid(Uuid::new_v4())))
        .collect();
    let wanted = subjects.iter().copied().collect();
    let mut keyring =
        Keyring::load(app.deps.store.as_ref(), &app.deps.vault, &wanted, true).await?;
    let (mut alerts, mut decisions) = (Vec::new(), Vec::new());
    for (position, subject) in subjects.into_iter().enumerate() {
        let number = from + position;
        let model = &models[number % models.len()];
        let mut alert = model.alert.clone();
        let homes = alert.desk.township.and_then(|town| units.get(&town));
        let home = homes.and_then(|homes| homes.get((number / models.len()) % homes.len().max(1)));
        alert.id = AlertId::from_uuid(Uuid::new_v4());
        alert.decision = DecisionId::from_uuid(Uuid::new_v4());
        alert.subject = subject;
        alert.unit = home.copied().unwrap_or(alert.unit);
        match number % 100 {
            share if share < OPEN => {}
            share if share < HELD => {
                alert.work = Work::Held {
                    why: HeldWhy::FirstLoad,
                };
                alert.deadlines.clear();
            }
            _ => {
                alert.condition = Condition::Cleared { on: sample_day() };
                alert.work = Work::Closed {
                    by: None,
                    outcome: None,
                    effect_expected_by: None,
                    on: sample_day(),
                };
            }
        }
        // Only what a desk shows needs its decision here; history keeps its in another table.
        if number % 100 < OPEN {
            decisions.push(DecisionRow {
                id: alert.decision,
                alert: alert.id,
                subject,
                unit: alert.unit,
                sealed: keyring.seal_decision(subject, alert.decision, &model.decision)?,
                ..model.row.clone()
            });
        }
        alerts.push(AlertRow::of(&alert, None, keyring.seal_alert(&alert)?));
    }
    let commit = Commit {
        kind: CommitKind::Evaluate,
        partition: Some(DivisionCode::parse(COUNTY).expect("a county")),
        at: app.deps.clock.now(),
        actor: "bench".to_owned(),
        lease: None,
        guards: vec![],
        writes: vec![
            Write::SubjectKeys(keyring.take_new()),
            Write::Alerts(alerts),
            Write::Decisions(decisions),
        ],
        answer: None,
    };
    app.deps.store.commit(&commit).await?;
    Ok(())
}
