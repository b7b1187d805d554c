//! The demonstration's officers and their one-time logins.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use domain::authority::{Officer, Role};
use domain::ids::OfficerId;
use domain::region::DivisionCode;
use pipeline::Deps;
use pipeline::account::administer::{self, Act, Books, NewAccount};
use store::commit::Write;
use vault::Zeroizing;

use crate::manifest::Samples;
use crate::{exit, local, tokens};

/// Seconds a login lasts.
const LOGIN_SECONDS: i64 = 12 * 3600;

/// One officer of each role.
pub(super) struct Officers(Vec<Officer>);

impl Officers {
    /// The officer with a role.
    pub(super) fn of(&self, role: Role) -> anyhow::Result<&Officer> {
        self.0
            .iter()
            .find(|officer| officer.role == role)
            .ok_or_else(|| exit::data("the demonstration has no such officer"))
    }
}

/// The officers, written when they are not there yet.
pub(super) async fn officers(
    deps: &Arc<Deps>,
    town: &str,
    samples: &Samples<'_>,
) -> anyhow::Result<Officers> {
    let on = samples.manifest.on;
    let township = super::township(deps, town, samples, on)?;
    let mut counties = BTreeSet::new();
    let mut sources = BTreeSet::new();
    for import in &samples.manifest.imports {
        counties.extend(import.scope.county());
        sources.insert(import.source.to_string());
    }
    let counties: Vec<_> = counties.into_iter().collect();
    let named = |role: Role, id: &[u8; 16], name: &str, regions: &[DivisionCode]| Officer {
        id: OfficerId::from_uuid(uuid::Builder::from_custom_bytes(*id).into_uuid()),
        name: format!("{name}（演示）"),
        role,
        regions: regions.to_vec(),
        sources: Vec::new(),
    };
    let (caseworker, village) = (format!("{town}经办人"), format!("{town}村级联络人"));
    let (here, bureau) = ([township], &counties);
    let mut importer = named(Role::Importer, b"hearth-demo-impt", "数据报送", bureau);
    importer.sources = sources.into_iter().collect();
    let all = vec![
        named(Role::Caseworker, b"hearth-demo-case", &caseworker, &here),
        named(
            Role::CountyOfficer,
            b"hearth-demo-cnty",
            "县区民政局",
            bureau,
        ),
        importer,
        named(Role::Auditor, b"hearth-demo-audt", "审计", bureau),
        named(Role::SystemAdmin, b"hearth-demo-syst", "系统管理员", bureau),
        named(
            Role::SecurityAdmin,
            b"hearth-demo-secu",
            "安全管理员",
            bureau,
        ),
        named(Role::VillageContact, b"hearth-demo-vill", &village, &here),
    ];
    for officer in &all {
        if deps.store.officer(officer.id).await?.as_ref() != Some(officer) {
            local::administer(deps, "demo", vec![Write::Officer(officer.clone())]).await?;
        }
    }
    Ok(Officers(all))
}

/// Issues logins and says how to use them. Tokens are shown this once and
/// stored as digests.
pub(super) async fn issue(
    deps: &Arc<Deps>,
    officers: &Officers,
    address: SocketAddr,
    samples: &Samples<'_>,
) -> anyhow::Result<String> {
    let base = format!("http://{address}");
    let mut out = format!("\n服务 serving {base} · 文档 docs {base}/docs · 停止 stop: Ctrl-C\n");
    writeln!(
        out,
        "浏览器登录 log in with a browser: {base}/login（一次性口令只显示这一次，首次登录须修改）\n接口令牌 bearer tokens（12小时后失效）"
    )?;
    let expires_at = deps.clock.now().plus_seconds(LOGIN_SECONDS);
    for officer in &officers.0 {
        let login = login_of(officer.role);
        let password = one_time(deps, officer, login).await?;
        writeln!(
            out,
            "\n{} · {}\n  login {login} password {}",
            officer.name,
            officer.role.name(),
            password.as_str()
        )?;
        if !has_token(officer.role) {
            continue;
        }
        let minted = tokens::mint(&deps.vault);
        local::administer(
            deps,
            "demo",
            vec![minted.write(officer.id, Some(expires_at))],
        )
        .await?;
        let token = minted.token.as_str();
        writeln!(out, "  token {token}")?;
        let bearer = format!("curl -s -H 'Authorization: Bearer {token}'");
        match officer.role {
            Role::Caseworker => writeln!(out, "  {bearer} '{base}/api/v1/alerts?limit=5'")?,
            Role::CountyOfficer => writeln!(out, "  {bearer} '{base}/api/v1/alerts/counts'")?,
            Role::Auditor => writeln!(out, "  {bearer} '{base}/api/v1/ledger/roots'")?,
            Role::Importer => out.push_str(&upload(&bearer, &base, samples)),
            Role::SystemAdmin | Role::SecurityAdmin | Role::VillageContact => {}
        }
    }
    Ok(out)
}

/// Machines and desks that are followed by curl get a token as well.
const fn has_token(role: Role) -> bool {
    match role {
        Role::Caseworker | Role::CountyOfficer | Role::Auditor | Role::Importer => true,
        Role::SystemAdmin | Role::SecurityAdmin | Role::VillageContact => false,
    }
}

const fn login_of(role: Role) -> &'static str {
    match role {
        Role::Caseworker => "caseworker",
        Role::CountyOfficer => "county",
        Role::Importer => "importer",
        Role::Auditor => "auditor",
        Role::SystemAdmin => "system",
        Role::SecurityAdmin => "security",
        Role::VillageContact => "village",
    }
}

/// A one-time password: of a new account, or of one that is reset. The second
/// person an auditor's needs is the demonstration's county.
async fn one_time(
    deps: &Arc<Deps>,
    officer: &Officer,
    login: &str,
) -> anyhow::Result<Zeroizing<String>> {
    let books = Books {
        store: deps.store.as_ref(),
        clock: deps.clock.as_ref(),
        cost: deps.settings.accounts.cost,
    };
    let known = deps.store.account(officer.id).await?;
    let county = deps.store.account_by_login(login_of(Role::CountyOfficer));
    let act = Act {
        by: "demo",
        second: county.await?.map(|known| known.officer.id),
    };
    let password = if known.is_some() {
        administer::reset(&books, &act, login, true).await?
    } else {
        let new = NewAccount {
            officer: officer.clone(),
            login,
            holder: None,
        };
        administer::add(&books, &act, new).await?
    };
    local::publish(deps.store.as_ref()).await?;
    Ok(password)
}

/// Sends the last sample once more, from a clone: the answer says that it was
/// taken before.
fn upload(bearer: &str, base: &str, samples: &Samples<'_>) -> String {
    let last = samples.manifest.imports.last();
    let file = last.map(|import| Path::new("data-samples").join(&import.file));
    let (Some(import), Some(file)) = (last, file.filter(|file| file.exists())) else {
        return format!("  {bearer} '{base}/api/v1/imports?limit=5'\n");
    };
    let as_of = import
        .as_of
        .map_or_else(String::new, |on| format!("&as_of={on}"));
    let query = format!(
        "source={}&dataset={}&business_date={}&sequence={}&scope={}{as_of}&file_name={}",
        import.source,
        import.dataset,
        import.business_date,
        import.sequence,
        import.scope,
        import.file
    );
    format!(
        "  {bearer} --data-binary @{} '{base}/api/v1/imports?{query}'\n",
        file.display()
    )
}
