//! The configuration: defaults, then a TOML file, then `HEARTH__SECTION__KEY`
//! from the environment. Unknown keys are refused. Secrets stand in files that
//! the configuration only names. Relative paths are relative to the folder the
//! program runs in.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use domain::time::Date;
use pipeline::account::sso::SsoSettings;
use pipeline::outbound::Target;
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
    pub(crate) outbound: OutboundSettings,
    pub(crate) oidc: OidcSettings,
    pub(crate) log: LogSettings,
    pub(crate) traces: TraceSettings,
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
    /// Files of a start come into force at once, and nobody is asked.
    pub(crate) adopt: bool,
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

/// Where connections may go: the security administrator's list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OutboundSettings {
    /// Nothing is allowed that is not on it.
    pub(crate) allow: Vec<AllowSettings>,
    /// Authorities trusted, PEM; the system's when absent.
    pub(crate) ca_file: Option<PathBuf>,
    /// Loopback and this machine's addresses as well: for tests and drills.
    pub(crate) own_addresses: bool,
}

/// One place connections may go to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllowSettings {
    host: String,
    port: u16,
    /// Networks its addresses must lie in.
    #[serde(default)]
    networks: Vec<String>,
    /// Without TLS.
    #[serde(default)]
    plain: bool,
}

impl OutboundSettings {
    /// As the client takes them.
    pub(crate) fn steps(&self) -> anyhow::Result<pipeline::outbound::OutboundSettings> {
        let entry = |entry: &AllowSettings| -> anyhow::Result<pipeline::outbound::Allowed> {
            let host = entry.host.parse().map_err(|error| {
                exit::configuration(format!("outbound.allow: `{}`: {error}", entry.host))
            })?;
            let networks = entry.networks.iter().map(|network| {
                let parsed = network.parse();
                parsed.map_err(|error| exit::configuration(format!("outbound.allow: {error}")))
            });
            Ok(pipeline::outbound::Allowed {
                host,
                port: entry.port,
                networks: networks.collect::<anyhow::Result<_>>()?,
                plain: entry.plain,
            })
        };
        let settings = pipeline::outbound::OutboundSettings {
            allow: self
                .allow
                .iter()
                .map(entry)
                .collect::<anyhow::Result<_>>()?,
            ca_file: self.ca_file.clone(),
            own_addresses: self.own_addresses,
            ..pipeline::outbound::OutboundSettings::default()
        };
        if settings.allow.iter().any(|entry| !entry.plain)
            && let Err(error) = pipeline::outbound::Client::check_tls(&settings)
        {
            return Err(exit::configuration(format!("outbound: {error}")));
        }
        Ok(settings)
    }
}

/// The identity provider; none without an issuer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OidcSettings {
    /// As the provider names itself.
    pub(crate) issuer: Option<String>,
    client_id: String,
    client_secret_file: PathBuf,
    /// `https://…/login/oidc/callback` as browsers reach it.
    redirect_url: String,
    /// The claim that names the subject; `sub` when absent.
    subject_claim: Option<String>,
    /// Whether the provider's second factor is taken for ours.
    counts_as_second_factor: bool,
    /// Values of `amr` that are one.
    second_factor_amr: Vec<String>,
    /// Values of `acr` that include one.
    second_factor_acr: Vec<String>,
}

impl OidcSettings {
    /// As the door takes them.
    pub(crate) fn steps(&self) -> anyhow::Result<Option<SsoSettings>> {
        let Some(issuer) = &self.issuer else {
            return Ok(None);
        };
        let refuse = |why: &str| Err(exit::configuration(format!("oidc: {why}")));
        if issuer.parse::<Target>().is_err() || self.redirect_url.parse::<Target>().is_err() {
            return refuse("issuer and redirect_url must be plain URLs");
        }
        if self.client_id.is_empty() {
            return refuse("client_id is missing");
        }
        let (methods, levels) = (&self.second_factor_amr, &self.second_factor_acr);
        if self.counts_as_second_factor && methods.is_empty() && levels.is_empty() {
            return refuse("name second_factor_amr or second_factor_acr, or nothing counts");
        }
        let counting = |list: &[String]| {
            let counts = self.counts_as_second_factor;
            if counts { list.to_vec() } else { Vec::new() }
        };
        let secret = secret::read(&self.client_secret_file, "the client's secret")?;
        let claim = self.subject_claim.as_deref().unwrap_or("sub");
        Ok(Some(SsoSettings {
            issuer: issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: vault::Zeroizing::new(secret.trim().to_owned()),
            redirect_url: self.redirect_url.clone(),
            subject_claim: claim.to_owned(),
            second_factor_methods: counting(methods),
            second_factor_levels: counting(levels),
        }))
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

/// Whether and where traces are sent. Only a build with the feature `otel`
/// can.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TraceSettings {
    pub(crate) enabled: bool,
    /// The collector, without `/v1/traces`; `OTEL_EXPORTER_OTLP_ENDPOINT` when
    /// absent. On the list of `outbound.allow`.
    pub(crate) endpoint: Option<String>,
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

    /// The keys a table takes, as the refusal of an unknown one names them.
    fn known_keys(table: &str) -> Vec<String> {
        let refused = toml::from_str::<Settings>(&format!("{table}\nno-such-key = 1"));
        let told = refused.unwrap_err().to_string();
        let (_, expected) = told
            .split_once(", expected ")
            .expect("it names the known ones");
        let names = expected.split('`').skip(1).step_by(2);
        names.map(str::to_owned).collect()
    }

    #[test]
    fn every_setting_stands_in_the_example() {
        let example = include_str!("../../../docs/deploy/hearth.toml");
        let lines: Vec<&str> = example
            .lines()
            .map(|line| line.strip_prefix("#= ").unwrap_or(line))
            .collect();
        let within = |table: &str, key: &str| {
            let mut inside = table.is_empty();
            lines.iter().any(|line| {
                if line.starts_with('[') {
                    inside = *line == table;
                }
                inside && line.split('=').next().map(str::trim) == Some(key)
            })
        };
        let sections = known_keys("");
        assert!(sections.len() >= 9, "{sections:?}");
        let mut keys = 0;
        for section in &sections {
            let table = format!("[{section}]");
            assert!(lines.contains(&table.as_str()), "{table} is missing");
            for key in known_keys(&table) {
                let nested = format!("[[{section}.{key}]]");
                keys += 1;
                if lines.contains(&nested.as_str()) {
                    let nested_keys = known_keys(&format!("{nested}\nhost = 'x'\nport = 1"));
                    for key in nested_keys {
                        assert!(within(&nested, &key), "{nested} {key} is missing");
                    }
                } else {
                    assert!(within(&table, &key), "{table} {key} is missing");
                }
            }
        }
        assert!(keys > 25, "only {keys} were looked for");
    }

    #[test]
    fn where_connections_may_go_is_read_or_refused() {
        let read = |text: &str| {
            let settings: OutboundSettings = toml::from_str(text).unwrap();
            settings.steps()
        };
        let listed = "[[allow]]\nhost = 'hooks.example'\nport = 8080\nplain = true\nnetworks = ['10.20.0.0/16']";
        let settings = read(listed).unwrap();
        assert_eq!(settings.allow.len(), 1);
        assert!(!settings.own_addresses);
        for bad in [
            listed.replace("hooks.example", "0x7f.1"),
            listed.replace("hooks.example", "*.example"),
            listed.replace("hooks.example", "https://hooks.example"),
            listed.replace("10.20.0.0/16", "10.20.0.1/16"),
            "ca_file = '/nowhere/ca.pem'\n[[allow]]\nhost = 'a.example'\nport = 443".to_owned(),
        ] {
            let refused = read(&bad).unwrap_err();
            assert_eq!(exit::of(&refused), exit::Exit::Configuration, "{bad}");
        }
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
