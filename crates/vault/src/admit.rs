//! The one door from rows in clear to records.

use std::fmt;

use domain::dictionary::FieldId;
use domain::ids::{PersonId, Subject};
use domain::record::{
    IdentityAsSent, ImportHeader, Incoming, Origin, Record, Statement, SubjectAsSent,
};
use domain::value::{Body, Value};

use crate::vault::{Vault, person_of};

/// A record with the identities it stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted {
    /// The record, without any identity in it.
    pub record: Record,
    /// Every identity the row named, once, in the order first named: the
    /// subject's, then those of the links that were set.
    pub identities: Vec<AdmittedIdentity>,
}

/// An identity with its id and index, to be stored sealed under the person's
/// key. `Debug` shows the id only.
#[derive(Clone, PartialEq, Eq)]
pub struct AdmittedIdentity {
    /// Whose.
    pub person: PersonId,
    /// What it is found by.
    pub blind_index: [u8; 32],
    /// In clear.
    pub identity: IdentityAsSent,
}

impl fmt::Debug for AdmittedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AdmittedIdentity({}, …)", self.person)
    }
}

impl Vault {
    /// Turns a decoded row into a record: identities and household numbers
    /// become ids, the natural key is keyed. A retraction needs no links: its
    /// key says what it withdraws.
    ///
    /// Panics when a link names a field that is not of the statement's kind or
    /// holds another type, as [`Body::set`] does: layouts are checked for it.
    pub fn admit(&self, incoming: Incoming, header: &ImportHeader) -> Admitted {
        let Incoming {
            subject,
            key,
            valid,
            statement,
            person_links,
            household_links,
            line,
        } = incoming;
        let mut identities = Vec::with_capacity(1 + person_links.len());
        let subject = match subject {
            SubjectAsSent::Person(identity) => {
                Subject::Person(self.admit_identity(identity, &mut identities))
            }
            SubjectAsSent::Household(number) => Subject::Household(self.household_id(&number)),
        };
        let key = self.natural_key(&header.source, &header.dataset, statement.kind(), &key);
        let statement = match statement {
            Statement::Says(mut body) => {
                self.set_people(&mut body, person_links, &mut identities);
                for (field, number) in household_links {
                    body.set(field, Value::Household(self.household_id(&number)));
                }
                Statement::Says(body)
            }
            Statement::Retracts(kind) => Statement::Retracts(kind),
            Statement::Unread(kind) => Statement::Unread(kind),
        };
        let record = Record {
            source: header.source.clone(),
            dataset: header.dataset.clone(),
            key,
            revision: header.revision,
            subject,
            valid,
            statement,
            origin: Origin {
                import: header.id,
                line,
            },
        };
        Admitted { record, identities }
    }

    fn set_people(
        &self,
        body: &mut Body,
        links: Vec<(FieldId, IdentityAsSent)>,
        identities: &mut Vec<AdmittedIdentity>,
    ) {
        for (field, identity) in links {
            let person = self.admit_identity(identity, identities);
            body.set(field, Value::Person(person));
        }
    }

    fn admit_identity(
        &self,
        identity: IdentityAsSent,
        identities: &mut Vec<AdmittedIdentity>,
    ) -> PersonId {
        let blind_index = self.blind_index(&identity);
        let person = person_of(&blind_index);
        if identities.iter().all(|known| known.person != person) {
            identities.push(AdmittedIdentity {
                person,
                blind_index,
                identity,
            });
        }
        person
    }
}
