//! The verbs, one file each.

pub(crate) mod account;
pub(crate) mod backup;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod erase;
pub(crate) mod escrow;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod fsck;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod ledger;
pub(crate) mod officer;
pub(crate) mod policy;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod synth;
pub(crate) mod token;
pub(crate) mod trace;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::logging;
use crate::settings::{Settings, StoreSettings};
use crate::traces::{self, Traces};

/// Which store.
#[derive(Args, Clone, Debug)]
pub(crate) struct Place {
    /// Configuration file [default: hearth.toml, if there is one]
    #[arg(long, value_name = "FILE", env = "HEARTH_CONFIG")]
    config: Option<PathBuf>,
    /// Uses the SQLite store and key of this folder, whatever is configured
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Place {
    /// Reads the configuration and starts the log.
    fn settings(&self, log: &str) -> anyhow::Result<Settings> {
        let settings = self.read()?;
        logging::start(&settings.log, log, None)?;
        Ok(settings)
    }

    /// Reads the configuration, starts the log and, where they are asked for,
    /// traces: for commands that serve.
    fn serving(&self) -> anyhow::Result<(Settings, Traces)> {
        let settings = self.read()?;
        let (layer, traces) = traces::begin(&settings)?;
        logging::start(&settings.log, SERVING, layer)?;
        Ok((settings, traces))
    }

    fn read(&self) -> anyhow::Result<Settings> {
        let mut settings = Settings::load(self.config.as_deref())?;
        if let Some(folder) = &self.data {
            settings.store = StoreSettings::embedded(folder);
        }
        Ok(settings)
    }
}

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Shows the whole loop on invented people
    Demo(demo::DemoArgs),
    /// Makes the key file and the store; demands an escrow copy of the key
    Init(init::InitArgs),
    /// Runs the steps and serves API and docs
    Serve(serve::ServeArgs),
    /// Takes a department's file
    Import(import::ImportArgs),
    /// Runs every step until nothing is left to do
    Evaluate(evaluate::EvaluateArgs),
    /// Says why: an alert's decision, or a policy applied to a household or person
    Explain(explain::ExplainArgs),
    /// Goes from an alert to the source rows, file digest and uploader
    Trace(trace::TraceArgs),
    /// Who would qualify, and who no more, were a parameter another
    Simulate(simulate::SimulateArgs),
    /// Checks and shows policies
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Proves that the log and the rows it vouches for are unchanged
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Invents a county: the files departments would send, and what is true
    Synth(synth::SynthArgs),
    /// Checks the store's invariants and the ledger
    Fsck(fsck::FsckArgs),
    /// Says what an operator should see to: late lists, unset parameters, waiting work
    Doctor(doctor::DoctorArgs),
    /// Copies the store, while the service runs
    Backup(backup::BackupArgs),
    /// Puts a copy in the place of the store
    Restore(restore::RestoreArgs),
    /// Adds people and machines who may log in
    #[command(subcommand)]
    Officer(officer::OfficerCommand),
    /// People who log in with a browser: login names, passwords, second factors
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Revokes logins
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Destroys the key of a person or household: their data can never be read again
    Erase(erase::EraseArgs),
}

/// Log filter of commands that serve.
const SERVING: &str = "info";
/// Log filter of commands that answer and end.
const ANSWERING: &str = "warn";

/// Runs one verb.
pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => {
            logging::start(&Settings::default().log, ANSWERING, None)?;
            // It holds every step at once: too much for the stack of all verbs.
            Box::pin(demo::run(args)).await
        }
        Command::Init(args) => init::run(&args, args.place.settings(ANSWERING)?).await,
        Command::Serve(args) => {
            let (settings, traces) = args.place.serving()?;
            let served = serve::run(args, settings).await;
            traces.end().await;
            served
        }
        Command::Import(args) => import::run(&args, args.place.settings(ANSWERING)?).await,
        Command::Evaluate(args) => evaluate::run(&args, args.place.settings(ANSWERING)?).await,
        Command::Explain(args) => explain::run(&args, args.place.settings(ANSWERING)?).await,
        Command::Trace(args) => trace::run(&args, args.place.settings(ANSWERING)?).await,
        Command::Simulate(args) => simulate::run(&args, args.place.settings(ANSWERING)?).await,
        Command::Policy(command) => policy::run(&command),
        Command::Ledger(ledger::LedgerCommand::Verify(args)) => {
            if let Some(file) = &args.file {
                return ledger::offline(&args, file);
            }
            ledger::run(&args, args.place.settings(ANSWERING)?).await
        }
        Command::Synth(args) => synth::run(&args),
        Command::Fsck(args) => fsck::run(&args, args.place.settings(ANSWERING)?).await,
        Command::Doctor(args) => doctor::run(&args, args.place.settings(ANSWERING)?).await,
        Command::Backup(args) => backup::run(&args, args.place.settings(ANSWERING)?).await,
        Command::Restore(args) => restore::run(&args, args.place.settings(ANSWERING)?).await,
        Command::Officer(officer::OfficerCommand::Add(args)) => {
            officer::run(&args, args.place.settings(ANSWERING)?).await
        }
        Command::Account(command) => {
            let settings = command.place().settings(ANSWERING)?;
            account::run(&command, settings).await
        }
        Command::Token(token::TokenCommand::Revoke(args)) => {
            token::run(&args, args.place.settings(ANSWERING)?).await
        }
        Command::Erase(args) => erase::run(&args, args.place.settings(ANSWERING)?).await,
    }
}
