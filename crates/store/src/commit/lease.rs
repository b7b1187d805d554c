//! Who may work on a step of a county.

use domain::region::DivisionCode;

/// A worker's hold on one step of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// County.
    pub partition: DivisionCode,
    /// `apply`, `evaluate`, …
    pub step: String,
    /// Grows with every new holder.
    pub epoch: i64,
}

impl Lease {
    /// Whether nobody else held it since an epoch: every lapse adds one, and so does
    /// every change of hands, so that somebody in between makes two.
    #[must_use]
    pub fn follows(&self, epoch: i64) -> bool {
        self.epoch == epoch || self.epoch == epoch + 1
    }
}
