//! Exports of the register that a second person releases: who asked for what,
//! who decided, who took the file. The file itself is made when it is taken
//! and never stored.

use domain::ids::{ExportId, OfficerId};
use domain::region::DivisionCode;
use domain::time::Instant;

/// An export asked for. Written once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportRow {
    /// Id.
    pub id: ExportId,
    /// Who asked, and alone may take it.
    pub officer: OfficerId,
    /// The county whose officers decide.
    pub county: DivisionCode,
    /// Which families: codes of places and schemes and dates as JSON, no person.
    pub filter: String,
    /// Why, as the officer chose it.
    pub purpose: String,
    /// How many families it held when it was asked for.
    pub families: u32,
    /// When.
    pub at: Instant,
}

/// Something that happened to an export. Written once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportEventRow {
    /// Which.
    pub export: ExportId,
    /// What.
    pub event: ExportEvent,
    /// By whom.
    pub officer: OfficerId,
    /// When.
    pub at: Instant,
}

/// What can happen to an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExportEvent {
    /// A second person released it.
    Approved,
    /// A second person did not.
    Refused,
    /// The file was taken.
    Downloaded,
}

impl ExportEvent {
    /// All of them.
    pub const ALL: [ExportEvent; 3] = [
        ExportEvent::Approved,
        ExportEvent::Refused,
        ExportEvent::Downloaded,
    ];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            ExportEvent::Approved => "approved",
            ExportEvent::Refused => "refused",
            ExportEvent::Downloaded => "downloaded",
        }
    }

    /// Whether it decides the export; there is at most one such event.
    pub const fn decides(self) -> bool {
        matches!(self, ExportEvent::Approved | ExportEvent::Refused)
    }
}

/// An export with what happened to it, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownExport {
    /// What was asked for.
    pub row: ExportRow,
    /// What happened since.
    pub events: Vec<ExportEventRow>,
}

impl KnownExport {
    /// The decision, once there is one.
    pub fn decided(&self) -> Option<&ExportEventRow> {
        self.events.iter().find(|event| event.event.decides())
    }
}
