//! The demonstration's officers and their one-time logins.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use domain::authority::{Officer, Role};
use domain::ids::OfficerId;
use domain::region::{DivisionCode, Level};
use domain::time::Date;
use pipeline::Deps;
use pipeline::account::administer::{self, Act, NewAccount};
use store::commit::Write;

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
    let villages = deps.divisions.inside(township, Level::Village, on);
    let village = villages.first().map(|division| division.code);
    let village = village.ok_or_else(|| exit::data(format!("{town} has no village")))?;
    let mut counties = BTreeSet::new();
    let mut sources = BTreeSet::new();
    for import in &samples.manifest.imports {
        counties.extend(import.scope.county());
        sources.insert(import.source.to_string());
    }
    let counties: Vec<_> = counties.into_iter().collect();
    let all = one_of_each(deps, (town, township), (village, on), counties, sources);
    for officer in &all {
        if deps.store.officer(officer.id).await?.as_ref() != Some(officer) {
            local::administer(deps, "demo", vec![Write::Officer(officer.clone())]).await?;
        }
    }
    Ok(Officers(all))
}

/// One officer of each role that the demonstration shows.
fn one_of_each(
    deps: &Deps,
    (town, township): (&str, DivisionCode),
    (village, on): (DivisionCode, Date),
    counties: Vec<DivisionCode>,
    sources: BTreeSet<String>,
) -> Vec<Officer> {
    let officer =
        |role: Role, id: &[u8; 16], name: String, regions: Vec<_>, sources: Vec<String>| Officer {
            id: OfficerId::from_uuid(uuid::Builder::from_custom_bytes(*id).into_uuid()),
            name,
            role,
            regions,
            sources,
        };
    vec![
        officer(
            Role::Caseworker,
            b"hearth-demo-case",
            format!("{town}经办人（演示）"),
            vec![township],
            vec![],
        ),
        officer(
            Role::CountyOfficer,
            b"hearth-demo-cnty",
            "县区民政局（演示）".to_owned(),
            counties.clone(),
            vec![],
        ),
        officer(
            Role::Importer,
            b"hearth-demo-impt",
            "数据报送（演示）".to_owned(),
            counties.clone(),
            sources.into_iter().collect(),
        ),
        officer(
            Role::Auditor,
            b"hearth-demo-audt",
            "审计（演示）".to_owned(),
            counties.clone(),
            vec![],
        ),
        officer(
            Role::PolicyOfficer,
            b"hearth-demo-plcy",
            "政策管理员（演示）".to_owned(),
            counties.clone(),
            vec![],
        ),
        officer(
            Role::ChildrenOfficer,
            b"hearth-demo-chld",
            "儿童督导员（演示）".to_owned(),
            counties,
            vec![],
        ),
        officer(
            Role::VillageContact,
            b"hearth-demo-vill",
            format!("{}联络人（演示）", deps.divisions.name(village, on)),
            vec![village],
            vec![],
        ),
    ]
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
    let mut out = format!(
        "\n服务 serving {base} · 控制台 console {base}/ · 文档 docs {base}/docs · 停止 stop: Ctrl-C\n"
    );
    writeln!(
        out,
        "一次性登录 one-time logins（只显示这一次；口令首次登录须修改，令牌12小时后失效）"
    )?;
    let expires_at = deps.clock.now().plus_seconds(LOGIN_SECONDS);
    let county = officers.of(Role::CountyOfficer)?.id;
    for officer in &officers.0 {
        let minted = tokens::mint(&deps.vault);
        local::administer(
            deps,
            "demo",
            vec![minted.write(officer.id, Some(expires_at))],
        )
        .await?;
        let token = minted.token.as_str();
        writeln!(
            out,
            "\n{} · {}\n  token {token}",
            officer.name,
            officer.role.name()
        )?;
        if let Some(login) = login_of(officer.role) {
            let password = password(deps, officer, login, county).await?;
            let password = password.as_str();
            writeln!(out, "  登录 login {base}/login · {login} · {password}")?;
        }
        let bearer = format!("curl -s -H 'Authorization: Bearer {token}'");
        match officer.role {
            Role::Caseworker | Role::ChildrenOfficer => {
                writeln!(out, "  {bearer} '{base}/api/v1/alerts?limit=5'")?;
            }
            Role::CountyOfficer => writeln!(out, "  {bearer} '{base}/api/v1/alerts/counts'")?,
            Role::Auditor => writeln!(out, "  {bearer} '{base}/api/v1/ledger/roots'")?,
            Role::Importer => out.push_str(&upload(&bearer, &base, samples)),
            Role::VillageContact => writeln!(out, "  {bearer} '{base}/api/v1/leads'")?,
            Role::PolicyOfficer => {
                writeln!(out, "  {bearer} '{base}/api/v1/parameters/proposals'")?;
            }
            Role::SystemAdmin | Role::SecurityAdmin => {}
        }
    }
    Ok(out)
}

/// Who logs in with a browser, and as whom.
const fn login_of(role: Role) -> Option<&'static str> {
    match role {
        Role::Caseworker => Some("jingban"),
        Role::CountyOfficer => Some("minzheng"),
        Role::Importer => Some("baosong"),
        Role::Auditor => Some("shenji"),
        Role::VillageContact => Some("cunlian"),
        Role::PolicyOfficer => Some("zhengce"),
        Role::ChildrenOfficer => Some("ertong"),
        Role::SystemAdmin | Role::SecurityAdmin => None,
    }
}

/// A password for one login; it must be changed then.
async fn password(
    deps: &Deps,
    officer: &Officer,
    login: &str,
    second: OfficerId,
) -> anyhow::Result<vault::Zeroizing<String>> {
    let mut act = Act {
        by: "demo",
        second: None,
    };
    if deps.store.account(officer.id).await?.is_none() {
        let new = NewAccount {
            officer: officer.clone(),
            login,
            holder: None,
        };
        return Ok(administer::add(deps, &act, new).await?);
    }
    act.second = (officer.role == Role::Auditor).then_some(second);
    Ok(administer::reset(deps, &act, login, true).await?)
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
