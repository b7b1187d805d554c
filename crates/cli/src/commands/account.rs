//! `hearth account`: people who log in with a browser. There is no account
//! before the first is made here, and no password that anybody chose for
//! somebody else: each is one-time and must be changed at the first login.

use clap::{Args, Subcommand};
use domain::authority::{Officer, Role};
use domain::ids::OfficerId;
use domain::region::DivisionCode;
use pipeline::account::AccountError;
use pipeline::account::administer::{self, Act, NewAccount};
use pipeline::clock::{Clock as _, SystemClock, new_id};
use serde_json::json;

use crate::commands::Place;
use crate::commands::import::division;
use crate::commands::officer::{refuse_unfit, role};
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, office};

/// Verbs about accounts.
#[derive(Subcommand)]
pub(crate) enum AccountCommand {
    /// Makes an account and prints its one-time password, once
    Add(AddArgs),
    /// Gives a new one-time password and ends every session
    Reset(ResetArgs),
    /// Lets a locked account try again
    Unlock(NamedArgs),
    /// Disables an account and its tokens for good
    Disable(NamedArgs),
    /// Binds the identity provider's subject to an account
    Bind(BindArgs),
    /// Takes an account's subject away
    Unbind(NamedArgs),
    /// Lists accounts
    List(ListArgs),
}

impl AccountCommand {
    /// Which store.
    pub(crate) fn place(&self) -> &Place {
        match self {
            AccountCommand::Add(args) => &args.place,
            AccountCommand::Reset(args) => &args.place,
            AccountCommand::Unlock(args)
            | AccountCommand::Disable(args)
            | AccountCommand::Unbind(args) => &args.place,
            AccountCommand::Bind(args) => &args.place,
            AccountCommand::List(args) => &args.place,
        }
    }
}

/// What `hearth account add` takes.
#[derive(Args)]
pub(crate) struct AddArgs {
    #[command(flatten)]
    place: Place,
    /// Login name
    login: String,
    /// Work account shown on actions
    #[arg(long)]
    name: String,
    /// The person behind it (work number); one person holds at most one of system_admin, security_admin and auditor
    #[arg(long)]
    holder: Option<String>,
    /// caseworker, county_officer, importer, auditor, system_admin, security_admin, village_contact, policy_officer or children_officer
    #[arg(long, value_parser = role)]
    role: Role,
    /// Division code of a township or county, for a village_contact of a village; may be given several times
    #[arg(long, value_name = "CODE", required = true, value_parser = division)]
    region: Vec<DivisionCode>,
    /// For importers: may send as this source; may be given several times
    #[arg(long)]
    source: Vec<String>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// What `hearth account reset` takes.
#[derive(Args)]
pub(crate) struct ResetArgs {
    #[command(flatten)]
    place: Place,
    /// Login name
    login: String,
    /// Takes the authenticator and the recovery codes away as well
    #[arg(long)]
    second_factor: bool,
    /// Login name of the second person, without whom no auditor's account is reset
    #[arg(long, value_name = "LOGIN")]
    second: Option<String>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// What `hearth account bind` takes.
#[derive(Args)]
pub(crate) struct BindArgs {
    #[command(flatten)]
    place: Place,
    /// Login name
    login: String,
    /// What the provider calls the person: the claim named in oidc.subject_claim
    #[arg(long, value_parser = subject)]
    subject: String,
}

/// Longest subject of an identity provider, in characters.
const SUBJECT_MAX: usize = 255;

/// A subject as a provider can say it. What nobody can have would take the
/// place of the subject there is, and let nobody in.
fn subject(text: &str) -> Result<String, String> {
    let named = !text.is_empty() && text.trim() == text;
    if named && text.chars().count() <= SUBJECT_MAX && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(
        "编号为空、过长，或首尾有空格；a subject is 1 to 255 characters without spaces around it"
            .to_owned(),
    )
}

/// An account by its name.
#[derive(Args)]
pub(crate) struct NamedArgs {
    #[command(flatten)]
    place: Place,
    /// Login name
    login: String,
}

/// What `hearth account list` takes.
#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    place: Place,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Acts.
pub(crate) async fn run(command: &AccountCommand, settings: Settings) -> anyhow::Result<()> {
    let deps = office::open(&settings, "account").await?;
    let act = Act {
        by: "local",
        second: None,
    };
    match command {
        AccountCommand::Add(args) => {
            refuse_unfit(args.role, &args.region, &args.source)?;
            let officer = Officer {
                id: OfficerId::from_uuid(new_id(SystemClock::new().now())),
                name: args.name.clone(),
                role: args.role,
                regions: args.region.clone(),
                sources: args.source.clone(),
            };
            let new = NewAccount {
                officer,
                login: &args.login,
                holder: args.holder.as_deref(),
            };
            let password = administer::add(&deps, &act, new).await.map_err(refused)?;
            tell(&args.login, &password, args.json)?;
        }
        AccountCommand::Reset(args) => {
            let second = match &args.second {
                None => None,
                Some(login) => {
                    let known = pipeline::account::login_name(login);
                    let known = match known {
                        Some(login) => deps.store.account_by_login(&login).await?,
                        None => None,
                    };
                    let known = known.ok_or_else(|| refused(AccountError::Unknown))?;
                    Some(known.officer.id)
                }
            };
            let act = Act { second, ..act };
            let reset = administer::reset(&deps, &act, &args.login, args.second_factor);
            tell(&args.login, &reset.await.map_err(refused)?, args.json)?;
        }
        AccountCommand::Unlock(args) => {
            let done = administer::unlock(&deps, &act, &args.login);
            done.await.map_err(refused)?;
            say!("已解锁 unlocked {}", args.login);
        }
        AccountCommand::Disable(args) => {
            let done = administer::disable(&deps, &act, &args.login);
            done.await.map_err(refused)?;
            say!("已停用 disabled {}", args.login);
        }
        AccountCommand::Bind(args) => bind(&deps, &act, args, &settings).await?,
        AccountCommand::Unbind(args) => {
            let done = administer::unbind(&deps, &act, &args.login);
            done.await.map_err(refused)?;
            say!("已解除 unbound {}", args.login);
        }
        AccountCommand::List(args) => list(&deps, args.json).await?,
    }
    while deps.store.publish(u32::MAX).await?.commits > 0 {}
    Ok(())
}

async fn bind(
    deps: &pipeline::Deps,
    act: &Act<'_>,
    args: &BindArgs,
    settings: &Settings,
) -> anyhow::Result<()> {
    let issuer = settings.oidc.issuer.as_deref();
    let issuer = issuer.ok_or_else(|| exit::configuration("oidc.issuer is not set"))?;
    let bound = administer::bind(deps, act, &args.login, issuer, &args.subject);
    bound.await.map_err(|error| match error {
        AccountError::Taken => exit::usage("the subject is bound to another account"),
        other => refused(other),
    })?;
    say!("已绑定 bound {}", args.login);
    Ok(())
}

fn refused(error: AccountError) -> anyhow::Error {
    match error {
        AccountError::Step(error) => error.into(),
        other => exit::usage(other.to_string()),
    }
}

fn tell(login: &str, password: &str, json: bool) -> anyhow::Result<()> {
    if json {
        say!(
            "{}",
            json!({ "login": login, "one_time_password": password })
        );
        return Ok(());
    }
    say!("登录名 login {login}");
    say!("一次性口令 one-time password（只显示这一次，首次登录须修改） {password}");
    Ok(())
}

async fn list(deps: &pipeline::Deps, json: bool) -> anyhow::Result<()> {
    let now = deps.clock.now();
    let accounts = deps.store.accounts().await?;
    let rows: Vec<_> = accounts
        .iter()
        .map(|known| {
            let account = &known.account;
            let state = if known.disabled_at.is_some() {
                "disabled"
            } else if account.locked_until.is_some_and(|until| until > now) {
                "locked"
            } else if account.must_change {
                "must_change"
            } else {
                "open"
            };
            json!({
                "login": account.login, "holder": account.holder, "name": known.officer.name,
                "role": known.officer.role.name(), "state": state, "second_factor": account.totp.is_some(),
            })
        })
        .collect();
    if json {
        say!("{}", json!({ "accounts": rows }));
        return Ok(());
    }
    for row in &rows {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        say!(
            "{} {} {} {}",
            text("login"),
            text("role"),
            text("state"),
            text("name")
        );
    }
    Ok(())
}
