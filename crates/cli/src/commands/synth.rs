//! `hearth synth`: an invented county as files, with what is true about it.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use domain::time::Date;
use serde_json::json;
use synth::{CountySpec, FeedPlan, Import, Manifest, Truth};

use crate::documents::Tables;
use crate::embedded::SAMPLE_PARAMETERS;
use crate::exit;
use crate::manifest;
use crate::terminal;
use crate::terminal::say;

/// What `hearth synth` takes.
#[derive(Args)]
pub(crate) struct SynthArgs {
    /// Households on the register
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(synth::HOUSEHOLDS_MAX)))]
    households: u32,
    /// The same seed invents the same county
    #[arg(long)]
    seed: u64,
    /// Folder to write to; made when missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The date everything is true on
    #[arg(long, value_name = "DATE", default_value = "2026-11-20")]
    on: Date,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Invents.
pub(crate) fn run(args: &SynthArgs) -> anyhow::Result<()> {
    let divisions = Tables::built_in()?.divisions;
    let spec = CountySpec {
        seed: args.seed,
        households: args.households,
        on: args.on,
    };
    fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let plans = synth::feeds(&spec);
    let progress = terminal::bar(plans.len() as u64);
    let mut feeds = Vec::new();
    for plan in &plans {
        progress.set_message(plan.file_name.clone());
        let path = args.out.join(&plan.file_name);
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut out = BufWriter::new(file);
        feeds.push(synth::write_feed(&spec, &divisions, plan, &mut out)?);
        out.flush()?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    let county = plans
        .first()
        .map(|plan| plan.scope)
        .ok_or_else(|| exit::data("there is no county to invent"))?;
    let manifest = Manifest {
        synthetic: true,
        on: args.on,
        county,
        parameters: SAMPLE_PARAMETERS.to_owned(),
        seed: args.seed,
        households: args.households,
        imports: plans.into_iter().map(import).collect(),
    };
    manifest::write(&args.out, &manifest)?;
    let truth = Truth {
        on: args.on,
        anomalies: synth::anomalies(&spec, &divisions),
        feeds,
    };
    let mut text = serde_json::to_string_pretty(&truth)?;
    text.push('\n');
    fs::write(args.out.join("truth.json"), text)?;
    let rows: u64 = truth.feeds.iter().map(|feed| feed.rows).sum();
    if args.json {
        say!(
            "{}",
            json!({ "files": truth.feeds.len(), "rows": rows, "anomalies": truth.anomalies.len() })
        );
    } else {
        say!(
            "{}: 文件 files {} · 行 rows {rows} · 已知问题 anomalies {}",
            args.out.display(),
            truth.feeds.len(),
            truth.anomalies.len()
        );
    }
    Ok(())
}

fn import(plan: FeedPlan) -> Import {
    Import {
        file: plan.file_name,
        source: plan.source,
        dataset: plan.dataset,
        business_date: plan.business_date,
        sequence: plan.sequence,
        as_of: plan.as_of,
        scope: plan.scope,
    }
}
