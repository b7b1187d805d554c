//! `hearth trace`: alert → decision → rows → file, digest, uploader, line.

mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use domain::authority::{Officer, Operation};
use domain::ids::{AlertId, ImportId};
use domain::record::RowNote;
use pipeline::Deps;
use serde::Serialize;

use crate::commands::Place;
use crate::sentences::{self, Told};
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, local, office};

/// What `hearth trace` takes.
#[derive(Args)]
pub(crate) struct TraceArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The alert's id
    alert: AlertId,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// From an alert to its sources.
#[derive(Debug, Serialize)]
struct Trace {
    alert: String,
    policy: String,
    version: String,
    sentence: String,
    decision: String,
    on: String,
    policy_set: String,
    files: Vec<SourceFile>,
}

/// A file the decision rests on, with its rows.
#[derive(Debug, Serialize)]
struct SourceFile {
    import: String,
    /// Absent for what officers recorded here.
    file: Option<FileView>,
    rows: Vec<SourceRow>,
}

/// What an import said about itself.
#[derive(Debug, Serialize)]
struct FileView {
    name: String,
    source: String,
    dataset: String,
    business_date: String,
    sequence: u32,
    digest: String,
    received_at: String,
    uploader: String,
}

/// A row with what its sender was told about it.
#[derive(Debug, Serialize)]
struct SourceRow {
    line: u32,
    notes: Vec<RowNote>,
}

/// Traces.
pub(crate) async fn run(args: &TraceArgs, settings: Settings) -> anyhow::Result<()> {
    let deps = office::open(&settings, "trace").await?;
    let auditor = local::auditor(&deps).await?;
    let told = alert(&deps, &auditor, args.alert, "hearth trace").await?;
    let trace = trace(&deps, &auditor, &told).await?;
    if args.json {
        say!("{}", serde_json::to_string(&trace)?);
    } else {
        text::print(&trace)?;
    }
    Ok(())
}

/// One alert opened for the auditor of this machine, which is entered in the
/// ledger.
pub(crate) async fn alert(
    deps: &Arc<Deps>,
    auditor: &Officer,
    id: AlertId,
    purpose: &str,
) -> anyhow::Result<Told> {
    let grant = auditor.authorize(Operation::ReadAlerts, purpose)?;
    let row = deps.store.alert(&grant, id).await?;
    let row = row.ok_or_else(|| exit::data(format!("there is no alert {id}")))?;
    let told = sentences::tell(deps, &grant, vec![row]).await?;
    told.into_iter()
        .next()
        .ok_or_else(|| exit::data("the person's data was erased"))
}

async fn trace(deps: &Arc<Deps>, auditor: &Officer, told: &Told) -> anyhow::Result<Trace> {
    let mut lines: BTreeMap<ImportId, Vec<u32>> = BTreeMap::new();
    for origin in &told.decision.rows {
        lines.entry(origin.import).or_default().push(origin.line);
    }
    let mut files = Vec::new();
    for (import, mut lines) in lines {
        lines.sort_unstable();
        lines.dedup();
        files.push(source_file(deps, auditor, import, &lines).await?);
    }
    let evaluation = &told.decision.evaluation;
    Ok(Trace {
        alert: told.row.id.to_string(),
        policy: evaluation.policy.clone(),
        version: evaluation.version.clone(),
        sentence: told.sentence(deps),
        decision: told.alert.decision.to_string(),
        on: told.decision.on.to_string(),
        policy_set: told.decision.policy_set.clone(),
        files,
    })
}

async fn source_file(
    deps: &Arc<Deps>,
    auditor: &Officer,
    id: ImportId,
    lines: &[u32],
) -> anyhow::Result<SourceFile> {
    let grant = auditor.authorize(Operation::ReadImports, "hearth trace")?;
    let Some(import) = deps.store.import(&grant, id).await? else {
        let rows = lines
            .iter()
            .map(|line| SourceRow {
                line: *line,
                notes: Vec::new(),
            })
            .collect();
        return Ok(SourceFile {
            import: id.to_string(),
            file: None,
            rows,
        });
    };
    let mut rows = Vec::new();
    for line in lines {
        let kept = deps
            .store
            .kept_rows(&grant, id, None, line.saturating_sub(1), 1)
            .await?;
        let notes = kept
            .into_iter()
            .filter(|row| row.line == *line)
            .flat_map(|row| row.notes)
            .collect();
        rows.push(SourceRow { line: *line, notes });
    }
    let uploader = deps.store.officer(import.uploader).await?;
    let header = import.header;
    let file = FileView {
        name: import.file_name,
        source: header.source.to_string(),
        dataset: header.dataset.to_string(),
        business_date: header.revision.business_date.to_string(),
        sequence: header.revision.sequence,
        digest: header.digest,
        received_at: header.received_at.to_string(),
        uploader: uploader.map_or_else(
            || import.uploader.to_string(),
            |officer| format!("{} {}", officer.name, officer.id),
        ),
    };
    Ok(SourceFile {
        import: id.to_string(),
        file: Some(file),
        rows,
    })
}
