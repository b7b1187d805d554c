//! Runs the steps: to rest once, or until told to stop.

use std::sync::Arc;
use std::time::Duration;

use domain::region::DivisionCode;
use store::StoreError;
use tokio::sync::watch;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::apply::{Progress, apply_step};
use crate::deps::Deps;
use crate::dispatch::{dispatch_step, publish_step};
use crate::error::{StepError, causes};
use crate::evaluate::evaluate_step;
use crate::keeping::keep_step;
use crate::policies;
use crate::remind::remind_step;
use crate::spans;

/// Runs every step of every partition until nothing is left to do.
///
/// Tests and one-shot commands call this instead of waiting.
pub async fn settle(deps: &Arc<Deps>) -> Result<(), StepError> {
    work(deps).await?;
    for partition in deps.store.partitions().await? {
        measured("remind", partition, remind_step(deps, partition)).await?;
    }
    work(deps).await
}

/// Runs every step but remind until nothing is left to do.
async fn work(deps: &Arc<Deps>) -> Result<(), StepError> {
    // A node that holds no partition shows what was approved all the same.
    policies::refresh(deps).await?;
    while publish_step(deps).await? != Progress::Idle {}
    for partition in deps.store.partitions().await? {
        settle_partition(deps, partition).await?;
    }
    Ok(())
}

/// Reads the next page of every county at rest into columns.
async fn keep(deps: &Arc<Deps>) -> Result<Progress, StepError> {
    let mut done = Progress::Idle;
    for partition in deps.store.partitions().await? {
        if let Progress::Done(units) =
            measured("keep", partition, keep_step(deps, partition)).await?
        {
            done = Progress::Done(units);
        }
    }
    Ok(done)
}

/// Applies, evaluates and dispatches one partition until it rests.
async fn settle_partition(deps: &Arc<Deps>, partition: DivisionCode) -> Result<(), StepError> {
    loop {
        let mut idle = true;
        while retried(measured("apply", partition, apply_step(deps, partition)).await)?
            != Progress::Idle
        {
            idle = false;
        }
        while publish_step(deps).await? != Progress::Idle {}
        while retried(measured("evaluate", partition, evaluate_step(deps, partition)).await)?
            != Progress::Idle
        {
            idle = false;
        }
        while publish_step(deps).await? != Progress::Idle {}
        while retried(measured("dispatch", partition, dispatch_step(deps, partition)).await)?
            != Progress::Idle
        {
            idle = false;
        }
        while publish_step(deps).await? != Progress::Idle {}
        if idle {
            return Ok(());
        }
    }
}

/// One step in a span of its own, which says whether there was work.
async fn measured(
    step: &'static str,
    partition: DivisionCode,
    work: impl Future<Output = Result<Progress, StepError>>,
) -> Result<Progress, StepError> {
    let span = tracing::info_span!(target: spans::TARGET, "step", step, county = %partition, outcome = Empty);
    let done = work.instrument(span.clone()).await;
    let outcome = match &done {
        Ok(Progress::Idle) => spans::IDLE,
        Ok(Progress::Done(_)) => "done",
        Err(_) => "failed",
    };
    span.record("outcome", outcome);
    done
}

/// A conflict means something moved between reading and writing: look again.
fn retried(result: Result<Progress, StepError>) -> Result<Progress, StepError> {
    match result {
        Err(StepError::Store(StoreError::Conflict)) => Ok(Progress::Done(0)),
        other => other,
    }
}

/// Pause after a round without work; a ring ends it early.
const IDLE_PAUSE: Duration = Duration::from_millis(500);
/// Days turn slowly; an alert that waits for its day is looked at this often.
const REMIND_EVERY: Duration = Duration::from_mins(10);
/// Pause after a failed round, so that a broken database is not hammered.
const ERROR_PAUSE: Duration = Duration::from_secs(2);

/// Runs the steps until `stop` becomes true; the step under way is finished.
pub async fn run(deps: Arc<Deps>, mut stop: watch::Receiver<bool>) {
    let mut reminded: Option<tokio::time::Instant> = None;
    while !*stop.borrow() {
        let remind = reminded.is_none_or(|at| at.elapsed() >= REMIND_EVERY);
        let done = if remind {
            settle(&deps).await
        } else {
            work(&deps).await
        };
        if remind && done.is_ok() {
            reminded = Some(tokio::time::Instant::now());
        }
        let done = match done {
            Ok(()) => keep(&deps).await,
            Err(error) => Err(error),
        };
        let pause = match done {
            Ok(Progress::Done(_)) => continue,
            Ok(Progress::Idle) => IDLE_PAUSE,
            Err(StepError::HeldElsewhere) => ERROR_PAUSE,
            Err(error) => {
                tracing::error!(%error, cause = causes(&error), "a step failed; it will be tried again");
                metrics::counter!("hearth_step_failures_total").increment(1);
                ERROR_PAUSE
            }
        };
        tokio::select! {
            () = deps.work.notified() => {}
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}
