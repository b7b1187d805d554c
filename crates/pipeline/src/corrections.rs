//! 数据错误→退来源: what an officer disputed, as a task of the department that
//! sent the row. The department learns the row, the kind of fact and the
//! officer's words; of names and long numbers in them only what a mask leaves.

use std::sync::Arc;

use domain::alert::Alert;
use domain::authority::Grant;
use domain::ids::{ActionId, ImportId};
use domain::time::Instant;
use store::corrections::{Correction, CorrectionRow};
use vault::Aad;

use crate::act::DisputedRecord;
use crate::clock::OsEntropy;
use crate::deps::Deps;
use crate::error::StepError;
use crate::people;
use crate::sealing::correction_place;

/// Digits in a row from which a number may be somebody's.
const DIGITS_MAX: usize = 5;

/// A task with the officer's words.
#[derive(Clone, Debug)]
pub struct Task {
    /// The task.
    pub row: Correction,
    /// Why, names masked.
    pub reason: Option<String>,
}

/// Tasks the grant sees, newest first.
pub async fn list(
    deps: &Arc<Deps>,
    grant: &Grant,
    import: Option<ImportId>,
    limit: u32,
) -> Result<Vec<Task>, StepError> {
    let rows = deps.store.corrections(grant, import, limit).await?;
    rows.into_iter().map(|row| open(deps, row)).collect()
}

fn open(deps: &Deps, row: Correction) -> Result<Task, StepError> {
    let place = correction_place(row.action);
    let reason = match &row.reason {
        None => None,
        Some(sealed) => {
            let clear = deps.vault.open_system(&place, sealed);
            let clear = clear.map_err(|source| StepError::Sealed {
                table: "corrections",
                source,
            })?;
            let text = String::from_utf8(clear.clone());
            Some(text.map_err(|_| StepError::Damaged("corrections"))?)
        }
    };
    Ok(Task { row, reason })
}

/// The task of a dispute; `None` when no department sent the record.
pub(crate) async fn task(
    deps: &Arc<Deps>,
    alert: &Alert,
    disputed: &DisputedRecord,
    action: ActionId,
    note: Option<&str>,
    at: Instant,
) -> Result<Option<CorrectionRow>, StepError> {
    let records = deps.store.records_of(&[disputed.subject], i64::MAX).await?;
    let same = records.iter().filter(|row| {
        row.kind == disputed.fact && row.key == disputed.key && row.revision == disputed.revision
    });
    let sent = same.filter(|row| row.source != "officer");
    let Some(record) = sent.min_by_key(|row| (row.import, row.line)) else {
        return Ok(None);
    };
    let reason = match note {
        None => None,
        Some(note) => {
            let masked = masked(note, &names(deps, alert).await?);
            let place: Aad = correction_place(action);
            let sealed = deps
                .vault
                .seal_system(&place, masked.as_bytes(), &mut OsEntropy);
            Some(sealed)
        }
    };
    Ok(Some(CorrectionRow {
        action,
        import: record.import,
        line: record.line,
        subject: disputed.subject,
        kind: disputed.fact.clone(),
        key: disputed.key,
        revision: disputed.revision,
        at,
        reason,
    }))
}

/// Names of everyone in the alert's household, longest first.
async fn names(deps: &Arc<Deps>, alert: &Alert) -> Result<Vec<String>, StepError> {
    let grant = Grant::for_steps(alert.desk.county);
    let today = deps.clock.today();
    let mut names = Vec::new();
    for subject in [alert.unit, alert.subject] {
        let view = people::view(deps, &grant, subject, today, None).await?;
        let bodies = view.iter().flat_map(|view| view.identities.values());
        names.extend(bodies.filter_map(|body| body.text("name").map(str::to_owned)));
    }
    names.sort_by_key(|name| std::cmp::Reverse(name.chars().count()));
    names.dedup();
    Ok(names)
}

/// The words without the household's names and without long numbers.
fn masked(note: &str, names: &[String]) -> String {
    let mut text = note.to_owned();
    for name in names.iter().filter(|name| name.chars().count() > 1) {
        text = text.replace(name.as_str(), &vault::mask::name(name));
    }
    let mut shown = String::with_capacity(text.len());
    let mut digits = 0;
    for c in text.chars() {
        let digit = matches!(c, '0'..='9' | '０'..='９');
        digits = if digit { digits + 1 } else { 0 };
        shown.push(if digits > DIGITS_MAX { '*' } else { c });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_no_name_and_no_number() {
        let names = ["王小英".to_owned(), "王英".to_owned(), "李".to_owned()];
        assert_eq!(
            masked(
                "王小英在世，电话13812345678，与王英、李某无关；2026年11月",
                &names
            ),
            "王**在世，电话13812******，与王**、李某无关；2026年11月"
        );
        assert_eq!(
            masked("证号329903198209140133", &names),
            "证号32990*************"
        );
    }
}
