//! `hearth account`: who may log in with a password. Each verb that changes
//! something is a commit with an event in the ledger.

use clap::{Args, Subcommand};
use domain::authority::{Officer, Role};
use domain::ids::OfficerId;
use domain::region::DivisionCode;
use pipeline::account::administer::{self, Act, Books, NewAccount};
use pipeline::account::login_name;
use pipeline::clock::{Clock as _, SystemClock, new_id};
use serde_json::json;
use store::Store;
use store::accounts::KnownAccount;

use crate::commands::Place;
use crate::commands::import::division;
use crate::commands::officer::{refuse_odd, role};
use crate::office::{self, Opened};
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, local};

/// Who acts: whoever sits at this machine.
const LOCAL: &str = "local";

/// Verbs about accounts.
#[derive(Subcommand)]
pub(crate) enum AccountCommand {
    /// Makes an account and prints its one-time password, once
    Add(AddArgs),
    /// Gives a new one-time password and ends every session; an auditor's needs --second
    Reset(ResetArgs),
    /// Disables the officer for good: sessions, logins and tokens
    Disable(LoginArgs),
    /// Lets an account that is locked try again
    Unlock(LoginArgs),
    /// Lists accounts
    List(ListArgs),
}

/// What `hearth account add` takes.
#[derive(Args)]
pub(crate) struct AddArgs {
    #[command(flatten)]
    place: Place,
    /// Login name: letters, digits, `.`, `_`, `-`, Chinese characters
    #[arg(long)]
    login: String,
    /// Work number of the person, when it is not the login name: one person may not hold two of system_admin, security_admin and auditor
    #[arg(long)]
    holder: Option<String>,
    /// For an officer that is there already, by id
    #[arg(long, value_name = "ID", conflicts_with_all = ["name", "role", "region", "source"])]
    officer: Option<uuid::Uuid>,
    /// Work name shown on actions
    #[arg(long, required_unless_present = "officer")]
    name: Option<String>,
    /// What the officer is
    #[arg(long, value_parser = role, required_unless_present = "officer")]
    role: Option<Role>,
    /// Division code of a township or county; may be given several times
    #[arg(long, value_name = "CODE", required_unless_present = "officer", value_parser = division)]
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
    #[arg(long)]
    login: String,
    /// Takes the second factor and the recovery codes off as well (lost phone)
    #[arg(long)]
    second_factor: bool,
    /// The second person who agreed, by officer id or login name; recorded in the ledger
    #[arg(long, value_name = "OFFICER")]
    second: Option<String>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// A login name.
#[derive(Args)]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    place: Place,
    /// Login name
    #[arg(long)]
    login: String,
}

/// What `hearth account list` takes.
#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    place: Place,
    /// Prints one JSON object per line
    #[arg(long)]
    json: bool,
}

impl AccountCommand {
    /// Which store.
    pub(crate) fn place(&self) -> &Place {
        match self {
            AccountCommand::Add(args) => &args.place,
            AccountCommand::Reset(args) => &args.place,
            AccountCommand::Disable(args) | AccountCommand::Unlock(args) => &args.place,
            AccountCommand::List(args) => &args.place,
        }
    }
}

/// Runs one.
pub(crate) async fn run(command: &AccountCommand, settings: Settings) -> anyhow::Result<()> {
    let accounts = settings.accounts.checked()?;
    let opened = office::open_store(&settings.store).await?;
    let clock = SystemClock::new();
    let books = Books {
        store: opened.store.as_ref(),
        clock: &clock,
        cost: accounts.cost,
    };
    match command {
        AccountCommand::Add(args) => add(args, &books).await?,
        AccountCommand::Reset(args) => reset(args, &books).await?,
        AccountCommand::Disable(args) => {
            administer::disable(&books, &alone(), &args.login).await?;
            say!("已停用 disabled {}", args.login);
        }
        AccountCommand::Unlock(args) => {
            administer::unlock(&books, &alone(), &args.login).await?;
            say!("已解锁 unlocked {}", args.login);
        }
        AccountCommand::List(args) => list(args, &opened).await?,
    }
    local::publish(opened.store.as_ref()).await
}

fn alone() -> Act<'static> {
    Act {
        by: LOCAL,
        second: None,
    }
}

async fn add(args: &AddArgs, books: &Books<'_>) -> anyhow::Result<()> {
    let officer = match (args.officer, args.role) {
        (Some(id), _) => {
            let known = books.store.officer(OfficerId::from_uuid(id)).await?;
            known.ok_or_else(|| exit::usage(format!("there is no officer {id}")))?
        }
        (None, Some(role)) => {
            refuse_odd(role, &args.region, &args.source)?;
            Officer {
                id: OfficerId::from_uuid(new_id(books.clock.now())),
                name: args.name.clone().unwrap_or_default(),
                role,
                regions: args.region.clone(),
                sources: args.source.clone(),
            }
        }
        (None, None) => return Err(exit::usage("--role or --officer is needed")),
    };
    let (id, role) = (officer.id, officer.role);
    let new = NewAccount {
        officer,
        login: &args.login,
        holder: args.holder.as_deref(),
    };
    let password = administer::add(books, &alone(), new).await?;
    tell(&args.login, Some((id, role)), &password, args.json)
}

async fn reset(args: &ResetArgs, books: &Books<'_>) -> anyhow::Result<()> {
    let second = match &args.second {
        None => None,
        Some(text) => Some(named(books.store, text).await?),
    };
    let act = Act { by: LOCAL, second };
    let password = administer::reset(books, &act, &args.login, args.second_factor).await?;
    tell(&args.login, None, &password, args.json)
}

/// An officer by id or login name.
async fn named(store: &dyn Store, text: &str) -> anyhow::Result<OfficerId> {
    if let Ok(id) = text.parse() {
        return Ok(OfficerId::from_uuid(id));
    }
    let known = match login_name(text) {
        Some(login) => store.account_by_login(&login).await?,
        None => None,
    };
    let known = known.ok_or_else(|| exit::usage(format!("there is no officer {text}")))?;
    Ok(known.officer.id)
}

/// Shows a one-time password, once.
fn tell(
    login: &str,
    made: Option<(OfficerId, Role)>,
    password: &str,
    json: bool,
) -> anyhow::Result<()> {
    if json {
        let id = made.map(|(id, _)| id.to_string());
        say!(
            "{}",
            json!({ "login": login, "officer": id, "one_time_password": password })
        );
        return Ok(());
    }
    if let Some((id, role)) = made {
        say!("{id} {}", role.name());
    }
    say!("登录名 login {login}");
    say!("一次性口令 one-time password（只显示这一次，首次登录须修改 shown once） {password}");
    Ok(())
}

async fn list(args: &ListArgs, opened: &Opened) -> anyhow::Result<()> {
    let now = SystemClock::new().now();
    for known in opened.store.accounts().await? {
        let KnownAccount {
            account,
            officer,
            disabled_at,
        } = &known;
        let locked = account.locked_until.filter(|until| now < *until);
        if args.json {
            say!(
                "{}",
                json!({
                    "login": account.login, "officer": officer.id.to_string(), "name": officer.name,
                    "role": officer.role.name(), "holder": account.holder,
                    "second_factor": account.totp.is_some(), "must_change": account.must_change,
                    "locked_until": locked.map(|until| until.to_string()),
                    "disabled_at": disabled_at.map(|at| at.to_string()),
                })
            );
            continue;
        }
        let mut state = Vec::new();
        if disabled_at.is_some() {
            state.push("停用 disabled");
        }
        if locked.is_some() {
            state.push("锁定 locked");
        }
        if account.must_change {
            state.push("待改口令 must change");
        }
        if account.totp.is_none() {
            state.push("无动态口令 no second factor");
        }
        let (login, role, name) = (&account.login, officer.role.name(), &officer.name);
        say!("{login}\t{role}\t{name}\t{}", state.join("，"));
    }
    Ok(())
}
