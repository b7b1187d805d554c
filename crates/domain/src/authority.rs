//! Authority as an argument: officers, operations, and the grant that every
//! read of the store demands.
//!
//! [`Officer::authorize`] is the one place a [`Grant`] is made. Handlers hold
//! grants, not roles; the store joins a grant's regions in every query.

use serde::{Deserialize, Serialize};

use crate::dictionary::Sensitivity;
use crate::evaluation::Confidential;
use crate::ids::OfficerId;
use crate::region::{DivisionCode, Level};

/// What an officer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 经办人 of a township.
    Caseworker,
    /// County bureau.
    CountyOfficer,
    /// Whoever sends for a department or the provincial system, a person or a machine.
    Importer,
    /// Auditor 审计员: reads, with every read logged.
    Auditor,
    /// System administrator 系统管理员: starts, stops, backs up; no people.
    SystemAdmin,
    /// Security administrator 安全管理员: accounts and grants; no people.
    SecurityAdmin,
    /// Contact person of a village 村级联络人: reports leads and visits, sees
    /// who is to be visited in its own villages, and nothing else.
    VillageContact,
    /// 政策管理员 of a county: proposes and reviews parameters; no people.
    PolicyOfficer,
    /// 儿童督导员 of a township or county (民发〔2019〕34号): the alerts about
    /// children that nobody else of the desk sees, and no others.
    ChildrenOfficer,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 9] = [
        Role::Caseworker,
        Role::CountyOfficer,
        Role::Importer,
        Role::Auditor,
        Role::SystemAdmin,
        Role::SecurityAdmin,
        Role::VillageContact,
        Role::PolicyOfficer,
        Role::ChildrenOfficer,
    ];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Caseworker => "caseworker",
            Role::CountyOfficer => "county_officer",
            Role::Importer => "importer",
            Role::Auditor => "auditor",
            Role::SystemAdmin => "system_admin",
            Role::SecurityAdmin => "security_admin",
            Role::VillageContact => "village_contact",
            Role::PolicyOfficer => "policy_officer",
            Role::ChildrenOfficer => "children_officer",
        }
    }

    /// What people call it.
    pub const fn zh(self) -> &'static str {
        match self {
            Role::Caseworker => "乡镇经办人",
            Role::CountyOfficer => "区县民政局",
            Role::Importer => "数据报送",
            Role::Auditor => "审计员",
            Role::SystemAdmin => "系统管理员",
            Role::SecurityAdmin => "安全管理员",
            Role::VillageContact => "村级联络人",
            Role::PolicyOfficer => "政策管理员",
            Role::ChildrenOfficer => "儿童督导员",
        }
    }

    /// One of the three powers of 三员分立, of which a person holds at most one.
    pub const fn administers(self) -> bool {
        match self {
            Role::SystemAdmin | Role::SecurityAdmin | Role::Auditor => true,
            Role::Caseworker
            | Role::CountyOfficer
            | Role::Importer
            | Role::VillageContact
            | Role::PolicyOfficer
            | Role::ChildrenOfficer => false,
        }
    }

    /// Whether one person may not hold both.
    pub fn excludes(self, other: Role) -> bool {
        self != other && self.administers() && other.administers()
    }

    /// The one table of who may do what.
    const fn may(self) -> &'static [Operation] {
        use Operation::{
            DirectAlerts, ExportPeople, Import, ManageAccounts, ProposeParameters, Publish,
            ReadAccounts, ReadAlerts, ReadCareVisits, ReadDecisions, ReadFeed, ReadHistory,
            ReadImports, ReadLeads, ReadLedger, ReadOwnLeads, ReadPeople, ReadPolicies,
            RecordVisit, ReportLead, ReviewParameters, SearchPeople, Simulate, WorkAlerts,
        };
        match self {
            Role::Caseworker => &[
                ReadAlerts,
                ReadFeed,
                WorkAlerts,
                ReadPeople,
                SearchPeople,
                ReadHistory,
                ReadDecisions,
                ReadPolicies,
                ExportPeople,
                Publish,
                ReadCareVisits,
                ReadLeads,
                RecordVisit,
                ReportLead,
                Simulate,
            ],
            Role::CountyOfficer => OF_A_COUNTY,
            Role::Importer => &[Import, ReadImports, ReadPolicies, ReportLead, ReadOwnLeads],
            Role::Auditor => &[
                ReadAlerts,
                ReadFeed,
                ReadPeople,
                ReadHistory,
                ReadDecisions,
                ReadImports,
                ReadPolicies,
                ReadLedger,
                ReadAccounts,
                ReadLeads,
                ReadCareVisits,
                Simulate,
            ],
            Role::SystemAdmin => &[ReadPolicies],
            Role::SecurityAdmin => &[ReadPolicies, ReadAccounts, ManageAccounts],
            Role::VillageContact => &[ReportLead, ReadOwnLeads, ReadCareVisits, RecordVisit],
            Role::PolicyOfficer => &[ReadPolicies, ProposeParameters, ReviewParameters, Simulate],
            Role::ChildrenOfficer => &[
                ReadAlerts,
                ReadFeed,
                WorkAlerts,
                DirectAlerts,
                ReadPeople,
                SearchPeople,
                ReadHistory,
                ReadDecisions,
                ReadPolicies,
            ],
        }
    }

    /// Which alerts of its desks it is shown: a children's officer those about
    /// children and no others, an auditor all, everyone else the ordinary ones.
    const fn knows(self) -> &'static [Confidential] {
        match self {
            Role::ChildrenOfficer => &[Confidential::Children],
            Role::Auditor => &Confidential::ALL,
            Role::Caseworker
            | Role::CountyOfficer
            | Role::Importer
            | Role::SystemAdmin
            | Role::SecurityAdmin
            | Role::VillageContact
            | Role::PolicyOfficer => &[Confidential::Ordinary],
        }
    }

    /// How sensitive what it is shown may be.
    pub const fn level(self) -> Sensitivity {
        match self {
            Role::Caseworker | Role::CountyOfficer | Role::Auditor | Role::ChildrenOfficer => {
                Sensitivity::L4
            }
            Role::Importer | Role::VillageContact => Sensitivity::L2,
            Role::SystemAdmin | Role::SecurityAdmin | Role::PolicyOfficer => Sensitivity::L1,
        }
    }

    /// Inverse of [`Role::name`].
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// What a county's officer may do.
const OF_A_COUNTY: &[Operation] = &[
    Operation::ReadAlerts,
    Operation::ReadFeed,
    Operation::WorkAlerts,
    Operation::DirectAlerts,
    Operation::ReadPeople,
    Operation::SearchPeople,
    Operation::ReadHistory,
    Operation::ReadDecisions,
    Operation::ReadImports,
    Operation::ReadPolicies,
    Operation::ApproveExports,
    Operation::ExportPeople,
    Operation::Publish,
    Operation::ReadCareVisits,
    Operation::ReadLeads,
    Operation::RecordVisit,
    Operation::ReportLead,
    Operation::ReviewParameters,
    Operation::Simulate,
    Operation::Subscribe,
];

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// List and open alerts.
    ReadAlerts,
    /// Follow feeds.
    ReadFeed,
    /// Work on alerts.
    WorkAlerts,
    /// Place, release: county work on alerts.
    DirectAlerts,
    /// Open households and persons.
    ReadPeople,
    /// Search people.
    SearchPeople,
    /// Read as of another date or sequence.
    ReadHistory,
    /// Read and replay decisions.
    ReadDecisions,
    /// Upload.
    Import,
    /// See imports and download their held and rejected rows.
    ReadImports,
    /// Read policies and parameters.
    ReadPolicies,
    /// Read the ledger and who looked.
    ReadLedger,
    /// See who has an account and what happened to it.
    ReadAccounts,
    /// Make, unlock and disable accounts.
    ManageAccounts,
    /// Have feeds sent to a machine, and see to its deliveries.
    Subscribe,
    /// Report somebody in need.
    ReportLead,
    /// Read the leads of a place.
    ReadLeads,
    /// Read only the leads one reported oneself.
    ReadOwnLeads,
    /// See who is to be visited and who was.
    ReadCareVisits,
    /// Tell of a visit.
    RecordVisit,
    /// Propose a parameter's value.
    ProposeParameters,
    /// Approve or reject what another person proposed.
    ReviewParameters,
    /// Take the register away as a file.
    ExportPeople,
    /// Release another person's export.
    ApproveExports,
    /// Make a file for 公示 or 公布.
    Publish,
    /// Ask who would qualify, were a parameter another. Counts only, without
    /// [`Operation::ReadPeople`].
    Simulate,
}

impl Operation {
    /// All operations.
    pub const ALL: [Operation; 26] = [
        Operation::ReadAlerts,
        Operation::ReadFeed,
        Operation::WorkAlerts,
        Operation::DirectAlerts,
        Operation::ReadPeople,
        Operation::SearchPeople,
        Operation::ReadHistory,
        Operation::ReadDecisions,
        Operation::Import,
        Operation::ReadImports,
        Operation::ReadPolicies,
        Operation::ReadLedger,
        Operation::ReadAccounts,
        Operation::ManageAccounts,
        Operation::Subscribe,
        Operation::ReportLead,
        Operation::ReadLeads,
        Operation::ReadOwnLeads,
        Operation::ReadCareVisits,
        Operation::RecordVisit,
        Operation::ProposeParameters,
        Operation::ReviewParameters,
        Operation::ExportPeople,
        Operation::ApproveExports,
        Operation::Publish,
        Operation::Simulate,
    ];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Operation::ReadAlerts => "read_alerts",
            Operation::ReadFeed => "read_feed",
            Operation::WorkAlerts => "work_alerts",
            Operation::DirectAlerts => "direct_alerts",
            Operation::ReadPeople => "read_people",
            Operation::SearchPeople => "search_people",
            Operation::ReadHistory => "read_history",
            Operation::ReadDecisions => "read_decisions",
            Operation::Import => "import",
            Operation::ReadImports => "read_imports",
            Operation::ReadPolicies => "read_policies",
            Operation::ReadLedger => "read_ledger",
            Operation::ReadAccounts => "read_accounts",
            Operation::ManageAccounts => "manage_accounts",
            Operation::Subscribe => "subscribe",
            Operation::ReportLead => "report_lead",
            Operation::ReadLeads => "read_leads",
            Operation::ReadOwnLeads => "read_own_leads",
            Operation::ReadCareVisits => "read_care_visits",
            Operation::RecordVisit => "record_visit",
            Operation::ProposeParameters => "propose_parameters",
            Operation::ReviewParameters => "review_parameters",
            Operation::ExportPeople => "export_people",
            Operation::ApproveExports => "approve_exports",
            Operation::Publish => "publish",
            Operation::Simulate => "simulate",
        }
    }
}

/// A known official or machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Officer {
    /// Id.
    pub id: OfficerId,
    /// Name shown on actions (a work account, not an identity).
    pub name: String,
    /// Role.
    pub role: Role,
    /// Townships or counties.
    pub regions: Vec<DivisionCode>,
    /// For importers: the sources it may send as.
    pub sources: Vec<String>,
}

/// The role may not do this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("role {role} may not {operation}", role = .role.name(), operation = .operation.name())]
pub struct Refused {
    /// Role.
    pub role: Role,
    /// Operation.
    pub operation: Operation,
}

/// Permission for one operation, made only by [`Officer::authorize`] or
/// [`Grant::for_steps`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    officer: OfficerId,
    role: Option<Role>,
    operation: Operation,
    purpose: String,
    regions: Vec<DivisionCode>,
    sources: Vec<String>,
    level: Sensitivity,
    knows: &'static [Confidential],
}

impl Officer {
    /// Grants `operation` for `purpose`, or refuses. The only door.
    pub fn authorize(&self, operation: Operation, purpose: &str) -> Result<Grant, Refused> {
        if !self.role.may().contains(&operation) {
            return Err(Refused {
                role: self.role,
                operation,
            });
        }
        Ok(Grant {
            officer: self.id,
            role: Some(self.role),
            operation,
            purpose: purpose.to_owned(),
            regions: self.covered(),
            sources: self.sources.clone(),
            level: self.role.level(),
            knows: self.role.knows(),
        })
    }
}

impl Officer {
    /// The places its authority reaches. A village contact's ends at villages:
    /// an account given a whole township by mistake covers nothing.
    fn covered(&self) -> Vec<DivisionCode> {
        let villages_only = self.role == Role::VillageContact;
        let reaches = |place: &&DivisionCode| !villages_only || place.level() == Level::Village;
        self.regions.iter().filter(reaches).copied().collect()
    }
}

impl Grant {
    /// For the pipeline's own steps over one county; discloses to nobody.
    pub fn for_steps(county: DivisionCode) -> Grant {
        Grant {
            officer: OfficerId::from_uuid(uuid::Uuid::nil()),
            role: None,
            operation: Operation::ReadPeople,
            purpose: "pipeline".to_owned(),
            regions: vec![county],
            sources: Vec::new(),
            level: Sensitivity::L4,
            knows: &Confidential::ALL,
        }
    }

    /// To whom.
    pub fn officer(&self) -> OfficerId {
        self.officer
    }

    /// In which role; `None` for the pipeline.
    pub fn role(&self) -> Option<Role> {
        self.role
    }

    /// What for.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Why.
    pub fn purpose(&self) -> &str {
        &self.purpose
    }

    /// Where.
    pub fn regions(&self) -> &[DivisionCode] {
        &self.regions
    }

    /// For importers: as which sources.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// Up to which sensitivity.
    pub fn level(&self) -> Sensitivity {
        self.level
    }

    /// Which alerts of its desks; the others are not there for it.
    pub fn knows(&self) -> &'static [Confidential] {
        self.knows
    }

    /// The same permission for what of one county it reaches, if anything.
    pub fn within(&self, county: DivisionCode) -> Option<Grant> {
        let inside = self.regions.iter().filter(|own| county.contains(own));
        let regions: Vec<DivisionCode> = if self.covers(county) {
            vec![county]
        } else {
            inside.copied().collect()
        };
        (!regions.is_empty()).then(|| Grant {
            regions,
            ..self.clone()
        })
    }

    /// Whether a place lies inside.
    pub fn covers(&self, place: DivisionCode) -> bool {
        self.regions.iter().any(|region| region.contains(&place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_who_may_do_what() {
        let may = |role: Role| -> Vec<&str> {
            let all = Operation::ALL.into_iter();
            all.filter(|o| role.may().contains(o))
                .map(Operation::name)
                .collect()
        };
        assert_eq!(
            may(Role::Importer),
            [
                "import",
                "read_imports",
                "read_policies",
                "report_lead",
                "read_own_leads"
            ]
        );
        assert!(!may(Role::Auditor).contains(&"work_alerts"));
        assert!(!may(Role::Caseworker).contains(&"direct_alerts"));
        assert!(may(Role::CountyOfficer).contains(&"direct_alerts"));
        let subscribing = Role::ALL
            .into_iter()
            .filter(|role| role.may().contains(&Operation::Subscribe));
        assert_eq!(subscribing.collect::<Vec<_>>(), [Role::CountyOfficer]);
        // Administrators see no people, and who grants does not audit.
        assert_eq!(may(Role::SystemAdmin), ["read_policies"]);
        assert_eq!(
            may(Role::SecurityAdmin),
            ["read_policies", "read_accounts", "manage_accounts"]
        );
        assert_eq!(
            may(Role::VillageContact),
            [
                "report_lead",
                "read_own_leads",
                "read_care_visits",
                "record_visit"
            ]
        );
        // Who enters standards sees no people; who works may review, not propose.
        assert_eq!(
            may(Role::PolicyOfficer),
            [
                "read_policies",
                "propose_parameters",
                "review_parameters",
                "simulate"
            ]
        );
        assert!(may(Role::CountyOfficer).contains(&"review_parameters"));
        let proposing = Role::ALL
            .into_iter()
            .filter(|role| role.may().contains(&Operation::ProposeParameters));
        assert_eq!(proposing.collect::<Vec<_>>(), [Role::PolicyOfficer]);
        let managing = Role::ALL
            .into_iter()
            .filter(|role| role.may().contains(&Operation::ManageAccounts));
        assert_eq!(managing.collect::<Vec<_>>(), [Role::SecurityAdmin]);
    }

    #[test]
    fn a_village_contact_reaches_villages_only() {
        let place = |code| DivisionCode::parse(code).unwrap();
        let mut officer = Officer {
            id: OfficerId::from_uuid(uuid::Uuid::nil()),
            name: "联络人".to_owned(),
            role: Role::VillageContact,
            regions: vec![place("320412100"), place("320412100201")],
            sources: vec![],
        };
        let regions = |officer: &Officer| {
            let grant = officer.authorize(Operation::ReportLead, "test").unwrap();
            grant.regions().to_vec()
        };
        assert_eq!(regions(&officer), [place("320412100201")]);
        officer.role = Role::Caseworker;
        assert_eq!(regions(&officer).len(), 2);
    }

    #[test]
    fn a_grant_within_a_county_reaches_no_further_than_either() {
        let place = |code| DivisionCode::parse(code).unwrap();
        let mut officer = Officer {
            id: OfficerId::from_uuid(uuid::Uuid::nil()),
            name: "经办".to_owned(),
            role: Role::Caseworker,
            regions: vec![place("320412100"), place("320411002")],
            sources: vec![],
        };
        let within = |officer: &Officer, county: &'static str| {
            let grant = officer.authorize(Operation::Simulate, "test").unwrap();
            grant
                .within(place(county))
                .map(|grant| grant.regions().to_vec())
        };
        assert_eq!(within(&officer, "320412"), Some(vec![place("320412100")]));
        assert_eq!(within(&officer, "320413"), None);
        officer.regions = vec![place("3204")];
        assert_eq!(within(&officer, "320412"), Some(vec![place("320412")]));
    }

    #[test]
    fn the_three_powers_exclude_each_other() {
        use Role::{Auditor, Caseworker, SecurityAdmin, SystemAdmin};
        for (one, other) in [
            (SystemAdmin, SecurityAdmin),
            (SecurityAdmin, Auditor),
            (Auditor, SystemAdmin),
        ] {
            assert!(one.excludes(other) && other.excludes(one));
        }
        assert!(!Auditor.excludes(Auditor));
        assert!(!Auditor.excludes(Caseworker) && !Caseworker.excludes(SystemAdmin));
    }
}
