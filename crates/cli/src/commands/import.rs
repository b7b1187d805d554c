//! `hearth import`: one file into the configured store, as this machine's
//! importer.

use std::convert::Infallible;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use domain::authority::{Operation, Role};
use domain::record::{DatasetId, Revision, SourceId};
use domain::region::DivisionCode;
use domain::time::Date;
use ingest::FileError;
use pipeline::Deps;
use pipeline::intake::{IntakeError, Taken, UploadHeader, intake};
use serde_json::json;

use crate::commands::Place;
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, local, office, terminal};

/// What `hearth import` takes.
#[derive(Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The file as the department sent it: CSV or NDJSON in UTF-8 or GB18030, or .xlsx
    file: PathBuf,
    /// Who sends it, e.g. civil
    #[arg(long)]
    source: String,
    /// Which list, e.g. civil_register
    #[arg(long)]
    dataset: String,
    /// Business date of the batch
    #[arg(long, value_name = "DATE")]
    business_date: Date,
    /// Sequence of the batch on that date
    #[arg(long, value_name = "N")]
    sequence: u32,
    /// Division code of the county it is about
    #[arg(long, value_name = "CODE", value_parser = division)]
    scope: DivisionCode,
    /// The list is complete as of this day
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// A division code as an argument.
pub(crate) fn division(text: &str) -> Result<DivisionCode, String> {
    DivisionCode::parse(text)
        .ok_or_else(|| "a division code has 2, 4, 6, 9 or 12 digits".to_owned())
}

/// Takes it.
pub(crate) async fn run(args: &ImportArgs, settings: Settings) -> anyhow::Result<()> {
    let deps = office::open(&settings, "import").await?;
    let county = args
        .scope
        .county()
        .ok_or_else(|| exit::usage("--scope must be a county or a place in one"))?;
    let officer = local::officer(&deps, Role::Importer, &[county], &[&args.source]).await?;
    let grant = officer.authorize(Operation::Import, "hearth import")?;
    let name = args
        .file
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let header = UploadHeader {
        source: SourceId::new(&args.source),
        dataset: DatasetId::new(&args.dataset),
        revision: Revision {
            business_date: args.business_date,
            sequence: args.sequence,
        },
        scope: args.scope,
        as_of: args.as_of,
        file_name: name,
    };
    let lines = lines(&args.file)
        .map_err(|error| exit::data(format!("cannot read {}: {error}", args.file.display())))?;
    let taken = tokio::select! {
        taken = intake(&deps, &grant, &header, &args.file) => taken,
        never = watch(&deps, &header, lines) => match never {},
    };
    print(args, &told(taken)?)
}

/// A refused file says why in the words its sender gets.
fn told(taken: Result<Taken, IntakeError>) -> anyhow::Result<Taken> {
    match taken {
        Err(IntakeError::File(FileError::Refused(refused))) => {
            let line = refused
                .line
                .map_or_else(String::new, |line| format!(" 行 line {line}"));
            Err(exit::data(format!(
                "{}{line} {} ({})",
                refused.code, refused.zh, refused.en
            )))
        }
        other => other.context("cannot import the file"),
    }
}

fn print(args: &ImportArgs, taken: &Taken) -> anyhow::Result<()> {
    let Taken { import, repeated } = taken;
    let counts = import.counts;
    if args.json {
        let view = json!({
            "id": import.header.id.to_string(), "digest": import.header.digest, "repeated": repeated,
            "received": counts.received(), "accepted": counts.accepted, "warned": counts.warned,
            "held": counts.held, "rejected": counts.rejected,
        });
        say!("{view}");
        return Ok(());
    }
    let again = if *repeated {
        "（此前已收，未重复写入 taken before）"
    } else {
        ""
    };
    say!("{} {}{again}", import.header.id, import.file_name);
    say!(
        "行 rows {} · 接收 accepted {} · 提示 warned {} · 待补 held {} · 退回 rejected {}",
        counts.received(),
        counts.accepted,
        counts.warned,
        counts.held,
        counts.rejected
    );
    Ok(())
}

/// Lines of a file, to tell how much is left; of a workbook a guess.
fn lines(path: &Path) -> std::io::Result<u64> {
    let mut file = BufReader::new(File::open(path)?);
    let mut lines = 0;
    while file.skip_until(b'\n')? > 0 {
        lines += 1;
    }
    Ok(lines)
}

/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Shows how far the import has come; never ends.
async fn watch(deps: &Arc<Deps>, header: &UploadHeader, lines: u64) -> Infallible {
    let bar = terminal::bar(lines);
    bar.set_message(header.file_name.clone());
    loop {
        tokio::time::sleep(LOOK).await;
        if bar.is_hidden() {
            continue;
        }
        let import = deps
            .store
            .import_by_key(&header.source, &header.dataset, header.revision)
            .await;
        if let Ok(Some(import)) = import {
            bar.set_position(u64::from(import.next_line));
        }
    }
}
