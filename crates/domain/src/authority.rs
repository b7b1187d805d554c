//! Authority as an argument: officers, operations, and the grant that every
//! read of the store demands.
//!
//! [`Officer::authorize`] is the one place a [`Grant`] is made. Handlers hold
//! grants, not roles; the store joins a grant's regions in every query.

use serde::{Deserialize, Serialize};

use crate::dictionary::Sensitivity;
use crate::ids::OfficerId;
use crate::region::DivisionCode;

/// What an officer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 经办人 of a township.
    Caseworker,
    /// County bureau.
    CountyOfficer,
    /// A department's or the provincial system's machine.
    Importer,
    /// Auditor: reads, with every read logged.
    Auditor,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 4] = [
        Role::Caseworker,
        Role::CountyOfficer,
        Role::Importer,
        Role::Auditor,
    ];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Caseworker => "caseworker",
            Role::CountyOfficer => "county_officer",
            Role::Importer => "importer",
            Role::Auditor => "auditor",
        }
    }

    /// Inverse of [`Role::name`].
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

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
}

impl Operation {
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
        }
    }

    /// The one table of who may do what.
    const fn allowed(self, role: Role) -> bool {
        use Role::{Auditor, Caseworker, CountyOfficer, Importer};
        match self {
            Operation::WorkAlerts | Operation::SearchPeople => {
                matches!(role, Caseworker | CountyOfficer)
            }
            Operation::DirectAlerts => matches!(role, CountyOfficer),
            Operation::ReadAlerts
            | Operation::ReadFeed
            | Operation::ReadPeople
            | Operation::ReadHistory
            | Operation::ReadDecisions => matches!(role, Caseworker | CountyOfficer | Auditor),
            Operation::Import => matches!(role, Importer),
            Operation::ReadImports => matches!(role, Importer | CountyOfficer | Auditor),
            Operation::ReadPolicies => true,
            Operation::ReadLedger => matches!(role, Auditor),
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
}

impl Officer {
    /// Grants `operation` for `purpose`, or refuses. The only door.
    pub fn authorize(&self, operation: Operation, purpose: &str) -> Result<Grant, Refused> {
        if !operation.allowed(self.role) {
            return Err(Refused {
                role: self.role,
                operation,
            });
        }
        let level = match self.role {
            Role::Importer => Sensitivity::L2,
            Role::Caseworker | Role::CountyOfficer | Role::Auditor => Sensitivity::L4,
        };
        Ok(Grant {
            officer: self.id,
            role: Some(self.role),
            operation,
            purpose: purpose.to_owned(),
            regions: self.regions.clone(),
            sources: self.sources.clone(),
            level,
        })
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
        use Operation::*;
        let all = [
            ReadAlerts,
            ReadFeed,
            WorkAlerts,
            DirectAlerts,
            ReadPeople,
            SearchPeople,
            ReadHistory,
            ReadDecisions,
            Import,
            ReadImports,
            ReadPolicies,
            ReadLedger,
        ];
        let may = |role: Role| -> Vec<&str> {
            all.iter()
                .filter(|o| o.allowed(role))
                .map(|o| o.name())
                .collect()
        };
        assert_eq!(
            may(Role::Importer),
            ["import", "read_imports", "read_policies"]
        );
        assert!(!may(Role::Auditor).contains(&"work_alerts"));
        assert!(!may(Role::Caseworker).contains(&"direct_alerts"));
        assert!(may(Role::CountyOfficer).contains(&"direct_alerts"));
    }
}
