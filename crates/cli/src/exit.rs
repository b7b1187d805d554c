//! Exit codes, and which failure has which.

use std::process::ExitCode;

use pipeline::StepError;
use pipeline::act::ActError;
use pipeline::intake::IntakeError;
use store::StoreError;

/// Shown under `hearth --help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0   done
  1   a check failed or a breach was found
  2   wrong usage
  65  bad data: a file, a manifest or stored bytes are not what they must be
  70  an internal failure
  75  busy, locked or unreachable: try again later
  78  bad configuration: settings, key file, permissions";

/// How the program ends when it did not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A check failed or a breach was found.
    Check,
    /// Wrong usage that clap cannot see.
    Usage,
    /// Bad data.
    Data,
    /// An internal failure.
    Internal,
    /// Busy, locked or unreachable.
    Busy,
    /// Bad configuration.
    Configuration,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Exit::Check => 1,
            Exit::Usage => 2,
            Exit::Data => 65,
            Exit::Internal => 70,
            Exit::Busy => 75,
            Exit::Configuration => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// A failure that knows its exit code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refusal {
    exit: Exit,
    message: String,
}

/// Wrong usage.
pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
    refusal(Exit::Usage, message)
}

/// Bad data.
pub(crate) fn data(message: impl Into<String>) -> anyhow::Error {
    refusal(Exit::Data, message)
}

/// Busy or unreachable.
pub(crate) fn busy(message: impl Into<String>) -> anyhow::Error {
    refusal(Exit::Busy, message)
}

/// A check that failed.
pub(crate) fn check(message: impl Into<String>) -> anyhow::Error {
    refusal(Exit::Check, message)
}

/// Bad configuration.
pub(crate) fn configuration(message: impl Into<String>) -> anyhow::Error {
    refusal(Exit::Configuration, message)
}

fn refusal(exit: Exit, message: impl Into<String>) -> anyhow::Error {
    Refusal {
        exit,
        message: message.into(),
    }
    .into()
}

/// The exit code of a failure: that of the first cause that has one.
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    error.chain().find_map(of_cause).unwrap_or(Exit::Internal)
}

fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if let Some(refusal) = cause.downcast_ref::<Refusal>() {
        return Some(refusal.exit);
    }
    if let Some(error) = cause.downcast_ref::<StoreError>() {
        return Some(of_store(error));
    }
    if let Some(error) = cause.downcast_ref::<StepError>() {
        return Some(of_step(error));
    }
    if let Some(ActError::Step(error)) = cause.downcast_ref::<ActError>() {
        return Some(of_step(error));
    }
    if let Some(error) = cause.downcast_ref::<IntakeError>() {
        return match error {
            IntakeError::Step(error) => Some(of_step(error)),
            IntakeError::Spool(_) => Some(Exit::Busy),
            IntakeError::NotAllowed | IntakeError::UnknownDataset { .. } => Some(Exit::Usage),
            IntakeError::OtherContent(_) | IntakeError::File(_) => Some(Exit::Data),
        };
    }
    if cause.is::<vault::KeyFileError>() || cause.is::<config::ConfigError>() {
        return Some(Exit::Configuration);
    }
    None
}

fn of_step(error: &StepError) -> Exit {
    match error {
        StepError::Store(error) => of_store(error),
        StepError::Sealed { .. }
        | StepError::Damaged(_)
        | StepError::Fold(_)
        | StepError::Erased => Exit::Data,
        StepError::HeldElsewhere => Exit::Busy,
        StepError::Computation => Exit::Internal,
        StepError::Policies(_) => Exit::Configuration,
    }
}

fn of_store(error: &StoreError) -> Exit {
    match error {
        StoreError::Held
        | StoreError::Full(_)
        | StoreError::Database(_)
        | StoreError::Conflict
        | StoreError::Fenced { .. } => Exit::Busy,
        StoreError::Corrupt { .. } | StoreError::Duplicate(_) => Exit::Data,
        StoreError::Unsafe { .. }
        | StoreError::Newer { .. }
        | StoreError::Unsupported(_)
        | StoreError::Migration(_) => Exit::Configuration,
        StoreError::Answered(_) | StoreError::KeyReused => Exit::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_keeps_its_code_under_context() {
        let held = anyhow::Error::from(StoreError::Held).context("cannot open the store");
        assert_eq!(of(&held), Exit::Busy);
        let step = anyhow::Error::from(StepError::Store(StoreError::Unsupported("x".into())));
        assert_eq!(of(&step), Exit::Configuration);
        assert_eq!(of(&usage("x").context("y")).code(), 2);
        assert_eq!(of(&data("x")).code(), 65);
        assert_eq!(of(&anyhow::anyhow!("x")).code(), 70);
    }
}
