//! Keeping: a county at rest is read into columns before anybody asks.
//!
//! After a start nobody is in columns. The next night would read everybody in, and
//! until then whoever asks what another standard would change would wait for as
//! long. A worker with nothing else to do therefore reads them in, page by page,
//! between looks at what has arrived.

use std::sync::Arc;

use domain::region::DivisionCode;

use crate::apply::{Progress, lease};
use crate::deps::Deps;
use crate::error::StepError;
use crate::evaluate::EVALUATE;
use crate::loading::{Known, Loaded};
use crate::night::Asking;
use crate::policies;
use crate::round::Round;

/// Reads the next units of a county in, when nothing of it is left to look at today.
/// Idle where everybody is kept, and where another worker was the last to evaluate
/// the county: taking its lease would make what that one keeps worthless.
pub async fn keep_step(deps: &Arc<Deps>, partition: DivisionCode) -> Result<Progress, StepError> {
    if !deps.censuses.is_to_fill(partition) {
        return Ok(Progress::Idle);
    }
    let holder = deps.store.last_holder(partition, EVALUATE).await?;
    if holder.as_deref() != Some(deps.settings.holder.as_str()) {
        return Ok(Progress::Idle);
    }
    let today = deps.clock.today();
    let set = policies::refresh(deps).await?.set;
    let loaded = Loaded::load(deps, partition, &[], Known::Now).await?;
    let round = Round::of(deps, partition, &set, &loaded, today).await?;
    if !round.is_over() {
        return Ok(Progress::Idle);
    }
    let lease = match lease(deps, partition, EVALUATE).await {
        Ok(lease) => lease,
        Err(StepError::HeldElsewhere) => return Ok(Progress::Idle),
        Err(error) => return Err(error),
    };
    let asking = Asking::of((deps, &lease), (&set, &round), today);
    asking.fill().await
}
