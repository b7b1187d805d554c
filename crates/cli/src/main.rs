//! The binary `hearth`: one office's whole system, from `demo` to `serve`.

mod commands;
mod documents;
mod embedded;
mod exit;
mod local;
mod logging;
mod manifest;
mod office;
mod secret;
mod sentences;
mod settings;
mod spool;
mod terminal;
mod tokens;
mod traces;

use std::process::ExitCode;

use clap::Parser;

/// 暖心 Hearth: finds hardship before people apply
#[derive(Parser)]
#[command(name = "hearth", version, about, after_help = exit::HELP, disable_help_subcommand = true)]
struct Hearth {
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    let Hearth { command } = Hearth::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(commands::run(command)),
        Err(error) => Err(anyhow::Error::new(error).context("cannot start")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<terminal::ReaderGone>() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hearth: {error:#}");
            exit::of(&error).into()
        }
    }
}
