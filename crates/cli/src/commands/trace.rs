//! `hearth trace`: alert → decision → rows → file, digest, uploader, line.

mod text;

use std::sync::Arc;

use clap::Args;
use domain::authority::{Officer, Operation};
use domain::ids::AlertId;
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
    let grant = auditor.authorize(Operation::ReadImports, "hearth trace")?;
    let files = pipeline::trace::files(deps, &grant, &told.decision.rows).await?;
    let evaluation = &told.decision.evaluation;
    Ok(Trace {
        alert: told.row.id.to_string(),
        policy: evaluation.policy.clone(),
        version: evaluation.version.clone(),
        sentence: told.sentence(deps),
        decision: told.alert.decision.to_string(),
        on: told.decision.on.to_string(),
        policy_set: told.decision.policy_set.clone(),
        files: files.into_iter().map(source_file).collect(),
    })
}

fn source_file(traced: pipeline::trace::SourceFile) -> SourceFile {
    let lines = traced.lines.into_iter();
    let rows = lines
        .map(|(line, notes)| SourceRow { line, notes })
        .collect();
    let uploader = traced.uploader;
    let file = traced.file.map(|import| {
        let (id, header) = (import.uploader.to_string(), import.header);
        FileView {
            name: import.file_name,
            source: header.source.to_string(),
            dataset: header.dataset.to_string(),
            business_date: header.revision.business_date.to_string(),
            sequence: header.revision.sequence,
            digest: header.digest,
            received_at: header.received_at.to_string(),
            uploader: match uploader {
                Some(name) => format!("{name} {id}"),
                None => id,
            },
        }
    });
    SourceFile {
        import: traced.import.to_string(),
        file,
        rows,
    }
}
