//! `hearth token`: ends logins.

use clap::{Args, Subcommand};
use pipeline::clock::SystemClock;
use store::commit::Write;

use crate::commands::Place;
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, local, office};

/// Verbs about tokens.
#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Revokes one token, by its digest or read from stdin
    Revoke(RevokeArgs),
}

/// What `hearth token revoke` takes. The token itself is never an argument:
/// arguments are seen by everyone on the machine.
#[derive(Args)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Digest printed when the token was made; without it, the token is read from stdin
    #[arg(long, value_name = "HEX")]
    digest: Option<String>,
}

/// Revokes.
pub(crate) async fn run(args: &RevokeArgs, settings: Settings) -> anyhow::Result<()> {
    let opened = office::open_store(&settings.store).await?;
    let digest = if let Some(text) = &args.digest {
        let mut digest = [0; 32];
        hex::decode_to_slice(text, &mut digest)
            .map_err(|_| exit::usage("a digest is 64 hex digits"))?;
        digest
    } else {
        let mut line = vault::Zeroizing::new(String::new());
        std::io::stdin().read_line(&mut line)?;
        opened.vault.token_digest(line.trim())
    };
    let clock = SystemClock::new();
    local::administer_store(
        opened.store.as_ref(),
        &clock,
        "local",
        vec![Write::TokenRevoked { digest }],
    )
    .await?;
    say!("已吊销 revoked {}", hex::encode(digest));
    Ok(())
}
