//! What surrounds every page: who is logged in, where one may go, the stamp
//! that a printed sheet carries.

use domain::authority::Role;

use super::words;
use crate::app::App;
use crate::auth::Caller;

/// One entry of the navigation.
pub(super) struct Nav {
    pub(super) href: &'static str,
    pub(super) label: &'static str,
    pub(super) current: bool,
}

/// The frame of a page.
pub(super) struct Shell {
    /// Title of the page.
    pub(super) title: String,
    /// Work account.
    pub(super) officer: String,
    /// Role in words.
    pub(super) role: &'static str,
    /// Places answered for.
    pub(super) places: String,
    /// Business date in words.
    pub(super) today: String,
    /// Who and when, for watermarks.
    pub(super) stamp: String,
    /// Invented people only.
    pub(super) synthetic: bool,
    /// Where the brand leads.
    pub(super) start: &'static str,
    /// Where one may go.
    pub(super) nav: Vec<Nav>,
}

impl Shell {
    /// The frame of the page at `here`, one of the addresses of the navigation.
    pub(super) fn new(app: &App, caller: &Caller, here: &str, title: &str) -> Shell {
        let today = app.deps.clock.today();
        let officer = &caller.officer;
        let places: Vec<String> = officer
            .regions
            .iter()
            .map(|code| app.deps.divisions.name(*code, today))
            .collect();
        let nav = entries(officer.role)
            .iter()
            .map(|(href, label)| Nav {
                href,
                label,
                current: *href == here,
            })
            .collect();
        Shell {
            title: title.to_owned(),
            officer: officer.name.clone(),
            role: words::role(officer.role),
            places: places.join("、"),
            today: words::day_with_weekday(today),
            stamp: format!("{} · {}", officer.name, words::minute(app.deps.clock.now())),
            synthetic: app.deps.settings.synthetic,
            start: start(officer.role),
            nav,
        }
    }
}

/// Where the work of a role begins, and a login leads.
pub(crate) fn start(role: Role) -> &'static str {
    entries(role).first().map_or("/", |(href, _)| href)
}

/// Pages a role has use for.
fn entries(role: Role) -> &'static [(&'static str, &'static str)] {
    match role {
        Role::Caseworker => &[
            ("/", "今天要办"),
            ("/families", "台账"),
            ("/visits", "探访"),
            ("/exports", "导出"),
            ("/publications", "公示公布"),
            ("/policies", "政策"),
            ("/simulations", "试算"),
        ],
        Role::ChildrenOfficer => &[
            ("/", "今天要办"),
            ("/county", "派发"),
            ("/families", "台账"),
            ("/policies", "政策"),
        ],
        Role::CountyOfficer => &[
            ("/", "今天要办"),
            ("/families", "台账"),
            ("/visits", "探访"),
            ("/county", "全县情况"),
            ("/imports", "报送"),
            ("/exports", "导出"),
            ("/publications", "公示公布"),
            ("/policies", "政策"),
            ("/parameters", "标准与复核"),
            ("/simulations", "试算"),
        ],
        Role::Auditor => &[
            ("/", "预警"),
            ("/families", "台账"),
            ("/visits", "探访"),
            ("/county", "全县情况"),
            ("/audit", "审计"),
            ("/accounts", "账号"),
            ("/policies", "政策"),
            ("/parameters", "标准与复核"),
            ("/simulations", "试算"),
        ],
        Role::PolicyOfficer => &[
            ("/policies", "政策"),
            ("/parameters", "标准与复核"),
            ("/simulations", "试算"),
        ],
        Role::Importer => &[("/imports", "报送"), ("/policies", "政策")],
        Role::SystemAdmin => &[("/policies", "政策")],
        Role::SecurityAdmin => &[("/accounts", "账号"), ("/policies", "政策")],
        Role::VillageContact => &[
            ("/village", "本周应访"),
            ("/village/leads/new", "报线索"),
            ("/village/leads", "我的线索"),
        ],
    }
}
