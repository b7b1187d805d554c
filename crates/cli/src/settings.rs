//! The configuration: defaults, then a TOML file, then `HEARTH__SECTION__KEY`
//! from the environment. Unknown keys are refused. Secrets stand in files that
//! the configuration only names. Relative paths are relative to the folder the
//! program runs in.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use domain::time::Date;
use serde::Deserialize;

use crate::exit;
use crate::secret;

/// The configuration file looked for when none is named.
const DEFAULT_FILE: &str = "hearth.toml";

/// Everything that can be configured.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    pub(crate) store: StoreSettings,
    pub(crate) http: HttpSettings,
    pub(crate) policies: PolicySettings,
    pub(crate) parameters: ParameterSettings,
    pub(crate) tables: TableSettings,
    pub(crate) steps: StepSettings,
    pub(crate) accounts: AccountSettings,
    pub(crate) log: LogSettings,
}

/// Where the store is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreSettings {
    /// `sqlite:<path>` or `postgres://…` without a password.
    url: Option<String>,
    /// A file that holds the URL, for URLs with a password.
    url_file: Option<PathBuf>,
    /// The master key.
    pub(crate) key_file: PathBuf,
    /// Uploads are spooled under this folder.
    pub(crate) data_dir: PathBuf,
}

impl Default for StoreSettings {
    fn default() -> StoreSettings {
        StoreSettings {
            url: None,
            url_file: None,
            key_file: "hearth-data/master.key".into(),
            data_dir: "hearth-data".into(),
        }
    }
}

/// How HTTP is served.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HttpSettings {
    pub(crate) listen: SocketAddr,
    /// Query parameters that gateways add and that are taken off.
    pub(crate) gateway_parameters: Vec<String>,
    /// Bytes of one upload.
    pub(crate) upload_bytes_max: u64,
    /// Header in which the trusted proxy in front names the client's address.
    pub(crate) client_address_header: Option<String>,
}

impl Default for HttpSettings {
    fn default() -> HttpSettings {
        HttpSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 8420)),
            gateway_parameters: Vec::new(),
            upload_bytes_max: api::app::Limits::default().upload_bytes_max,
            client_address_header: None,
        }
    }
}

/// Where policies are; those built in when absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PolicySettings {
    /// `*.yaml`, and `parameters/*.yaml` below.
    pub(crate) dir: Option<PathBuf>,
}

/// Parameters beside those of the policies' folder.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ParameterSettings {
    pub(crate) files: Vec<PathBuf>,
}

/// Where tables are; those built in when absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TableSettings {
    /// `divisions.csv`, `working-days.csv` and `publicity.csv`.
    pub(crate) dir: Option<PathBuf>,
}

/// Bounds of the steps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StepSettings {
    pub(crate) daily_budget_per_township: u32,
    pub(crate) intake_rows: usize,
    pub(crate) apply_records: u32,
    pub(crate) evaluate_units: u32,
    pub(crate) snooze_days_max: u16,
    pub(crate) export_people_free: usize,
    pub(crate) lease_seconds: i64,
    /// The business date stands still; only a synthetic store takes it.
    pub(crate) on: Option<Date>,
}

impl Default for StepSettings {
    fn default() -> StepSettings {
        let steps = pipeline::Settings::default();
        StepSettings {
            daily_budget_per_township: steps.daily_budget_per_township,
            intake_rows: steps.intake_rows,
            apply_records: steps.apply_records,
            evaluate_units: steps.evaluate_units,
            snooze_days_max: steps.snooze_days_max,
            export_people_free: steps.export_people_free,
            lease_seconds: steps.lease_seconds,
            on: None,
        }
    }
}

/// Which rule passwords follow.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PasswordProfile {
    /// 等级保护: ten characters of three classes.
    Dengbao,
    /// OWASP ASVS: length, and no common password.
    Asvs,
}

/// How people log in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AccountSettings {
    pub(crate) profile: PasswordProfile,
    /// Who has no second factor must set one up first.
    pub(crate) second_factor_required: bool,
    /// Wrong answers in a row that lock an account.
    pub(crate) failures_max: u32,
    pub(crate) lock_minutes: u32,
    /// Minutes without a request that end a session.
    pub(crate) idle_minutes: u32,
    /// Minutes that end a session in any case.
    pub(crate) session_minutes: u32,
}

impl Default for AccountSettings {
    fn default() -> AccountSettings {
        AccountSettings {
            profile: PasswordProfile::Dengbao,
            second_factor_required: true,
            failures_max: 5,
            lock_minutes: 30,
            idle_minutes: 8 * 60,
            session_minutes: 12 * 60,
        }
    }
}

impl AccountSettings {
    /// As the steps take them. A zero would switch a guard off without saying
    /// so, and is refused.
    pub(crate) fn steps(&self) -> anyhow::Result<pipeline::account::AccountSettings> {
        let guards = [
            ("failures_max", self.failures_max),
            ("lock_minutes", self.lock_minutes),
            ("idle_minutes", self.idle_minutes),
            ("session_minutes", self.session_minutes),
        ];
        if let Some((name, _)) = guards.iter().find(|(_, value)| *value == 0) {
            return Err(exit::configuration(format!(
                "accounts.{name} must be at least 1"
            )));
        }
        let seconds = |minutes: u32| i64::from(minutes) * 60;
        Ok(pipeline::account::AccountSettings {
            profile: match self.profile {
                PasswordProfile::Dengbao => pipeline::account::password::Profile::Dengbao,
                PasswordProfile::Asvs => pipeline::account::password::Profile::Asvs,
            },
            second_factor_required: self.second_factor_required,
            failures_max: self.failures_max,
            lock_seconds: seconds(self.lock_minutes),
            idle_seconds: seconds(self.idle_minutes),
            session_seconds: seconds(self.session_minutes),
            ..pipeline::account::AccountSettings::default()
        })
    }
}

/// How the log is written, to stderr.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSettings {
    pub(crate) json: bool,
    /// As `HEARTH_LOG`, which goes before it: `info`, `pipeline=debug,info`, …
    pub(crate) filter: Option<String>,
}

impl Settings {
    /// Reads the configuration. A file that was named must exist.
    pub(crate) fn load(file: Option<&Path>) -> anyhow::Result<Settings> {
        let named = config::File::from(file.unwrap_or(Path::new(DEFAULT_FILE)))
            .format(config::FileFormat::Toml)
            .required(file.is_some());
        let environment = config::Environment::with_prefix("HEARTH")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("http.gateway_parameters")
            .with_list_parse_key("parameters.files");
        let built = config::Config::builder()
            .add_source(named)
            .add_source(environment)
            .build();
        let read = built.and_then(config::Config::try_deserialize::<Settings>);
        read.context("cannot read the configuration")
    }
}

impl StoreSettings {
    /// The store in this SQLite file with this key.
    pub(crate) fn embedded(folder: &Path) -> StoreSettings {
        StoreSettings {
            url: Some(format!("sqlite:{}", folder.join("hearth.db").display())),
            url_file: None,
            key_file: folder.join("master.key"),
            data_dir: folder.to_owned(),
        }
    }

    /// Where the store is.
    pub(crate) fn url(&self) -> anyhow::Result<String> {
        match (&self.url, &self.url_file) {
            (Some(_), Some(_)) => Err(exit::configuration(
                "store.url and store.url_file exclude each other",
            )),
            (Some(url), None) if has_password(url) => Err(exit::configuration(
                "store.url holds a password: put the URL into a file and name it in store.url_file",
            )),
            (Some(url), None) => Ok(url.clone()),
            (None, Some(file)) => Ok(secret::read(file, "the URL file")?.trim().to_owned()),
            (None, None) => Ok(format!(
                "sqlite:{}",
                self.data_dir.join("hearth.db").display()
            )),
        }
    }

    /// Uploads wait here while they are read.
    pub(crate) fn spool(&self) -> PathBuf {
        self.data_dir.join("spool")
    }
}

fn has_password(url: &str) -> bool {
    let after = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = after.split('/').next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':') || url.contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_example_is_read() {
        let file = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/deploy/hearth.toml"
        ));
        let settings = Settings::load(Some(file)).unwrap();
        assert_eq!(settings.http.listen.port(), 8420);
        // Every line that is commented out is a setting that exists.
        let text = std::fs::read_to_string(file).unwrap();
        let all: String = text
            .lines()
            .map(|line| line.strip_prefix("#= ").unwrap_or(line))
            .fold(String::new(), |all, line| all + line + "\n");
        assert!(
            toml::from_str::<Settings>(&all).is_ok(),
            "{:?}",
            toml::from_str::<Settings>(&all)
        );
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(toml::from_str::<Settings>("[store]\nurll = 'x'").is_err());
        assert!(toml::from_str::<Settings>("[stores]\nurl = 'x'").is_err());
    }

    #[test]
    fn passwords_do_not_stand_in_the_configuration() {
        assert!(has_password("postgres://hearth:geheim@db/hearth"));
        assert!(has_password("postgres://db/hearth?password=geheim"));
        assert!(!has_password("postgres://hearth@db:5432/hearth"));
        assert!(!has_password("sqlite:/var/lib/a@b:c/hearth.db"));
    }
}
