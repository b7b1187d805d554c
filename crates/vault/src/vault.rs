//! The vault: every keyed operation over one master key.

use std::fmt;

use domain::dictionary::Kind;
use domain::ids::{HouseholdId, PersonId, Subject};
use domain::record::{DatasetId, HouseholdNumber, IdentityAsSent, NaturalKey, SourceId};
use uuid::{Builder, Uuid};
use zeroize::Zeroizing;

use crate::Entropy;
use crate::cell::{Aad, Sealer, VaultError};
use crate::keys::{IndexKey, MasterKey, Purpose, SubjectKey, WrappedKey};

/// Keys by purpose, ready to use; shared by all threads.
pub struct Vault {
    kek: Sealer,
    system: Sealer,
    person: IndexKey,
    household: IndexKey,
    natural_key: IndexKey,
    token: IndexKey,
    audit: IndexKey,
    fingerprint: String,
}

impl Vault {
    /// Derives every key; the master key itself is cleared.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "taking it is what clears it once the keys are derived"
    )]
    pub fn new(master: MasterKey) -> Vault {
        let sealer = |purpose| Sealer::new(&master.derive(purpose));
        let index = |purpose| IndexKey::new(&master.derive(purpose));
        Vault {
            kek: sealer(Purpose::Kek),
            system: sealer(Purpose::System),
            person: index(Purpose::IndexPerson),
            household: index(Purpose::IndexHousehold),
            natural_key: index(Purpose::IndexNaturalKey),
            token: index(Purpose::Token),
            audit: index(Purpose::Audit),
            fingerprint: master.fingerprint(),
        }
    }

    /// Names the master key without telling it: a store notes it, so that a
    /// wrong key file is refused at start rather than at the first cell.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The person an identity belongs to: same identity, same id, everywhere.
    pub fn person_id(&self, identity: &IdentityAsSent) -> PersonId {
        person_of(&self.blind_index(identity))
    }

    /// What an identity is found by. Exact matches only.
    pub fn blind_index(&self, identity: &IdentityAsSent) -> [u8; 32] {
        self.person.digest([identity.canonical().as_bytes()])
    }

    /// The household a number belongs to within its namespace.
    pub fn household_id(&self, number: &HouseholdNumber) -> HouseholdId {
        let parts = [number.namespace.as_bytes(), number.number.as_bytes()];
        HouseholdId::from_uuid(uuid_of(&self.household.digest(parts)))
    }

    /// Keys a natural key: within one source, dataset and kind, equal parts
    /// have equal keys and different parts different ones.
    pub fn natural_key(
        &self,
        source: &SourceId,
        dataset: &DatasetId,
        kind: Kind,
        parts: &[String],
    ) -> NaturalKey {
        let names = [source.as_str(), dataset.as_str(), kind.def().name];
        let parts = parts.iter().map(String::as_str);
        let all = names.into_iter().chain(parts).map(str::as_bytes);
        NaturalKey(first_16(&self.natural_key.digest(all)))
    }

    /// Draws a data key for a subject. The wrapped form is to be stored in the
    /// same commit as the first cell sealed under it.
    pub fn new_subject_key(
        &self,
        subject: Subject,
        rng: &mut dyn Entropy,
    ) -> (SubjectKey, WrappedKey) {
        let key = SubjectKey::random(rng);
        let wrapped = self.kek.seal(&place_of_key(subject), key.expose(), rng);
        (key, WrappedKey::from_bytes(wrapped))
    }

    /// The data key of a subject. Another subject's wrapped key is refused.
    pub fn unwrap_key(
        &self,
        subject: Subject,
        wrapped: &WrappedKey,
    ) -> Result<SubjectKey, VaultError> {
        let plain = self.kek.open(&place_of_key(subject), wrapped.as_bytes())?;
        SubjectKey::from_plain(&Zeroizing::new(plain)).ok_or(VaultError::Refused)
    }

    /// What an API token is stored and found as; tokens are never stored.
    pub fn token_digest(&self, token: &str) -> [u8; 32] {
        self.token.digest([token.as_bytes()])
    }

    /// How access entries of the ledger name a subject: the holder of the key
    /// can ask who saw whom, a reader of the ledger cannot.
    pub fn audit_pseudonym(&self, subject: Subject) -> [u8; 16] {
        let id = subject.as_uuid();
        let parts = [subject.letter().as_bytes(), id.as_bytes()];
        first_16(&self.audit.digest(parts))
    }

    /// Seals what belongs to no subject: rejected rows' bytes, file names. One
    /// key for all of them, good for 2³² cells.
    pub fn seal_system(&self, aad: &Aad, plain: &[u8], rng: &mut dyn Entropy) -> Vec<u8> {
        self.system.seal(aad, plain, rng)
    }

    /// Opens what [`Vault::seal_system`] sealed.
    pub fn open_system(&self, aad: &Aad, cell: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.system.open(aad, cell)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(…)")
    }
}

fn place_of_key(subject: Subject) -> Aad {
    Aad {
        table: "subject_keys",
        column: "wrapped",
        row: subject.to_string(),
    }
}

/// The person with this blind index.
pub(crate) fn person_of(blind_index: &[u8; 32]) -> PersonId {
    PersonId::from_uuid(uuid_of(blind_index))
}

/// A version 8 UUID: 122 bits of the digest.
fn uuid_of(digest: &[u8; 32]) -> Uuid {
    Builder::from_custom_bytes(first_16(digest)).into_uuid()
}

fn first_16(digest: &[u8; 32]) -> [u8; 16] {
    let (first, _) = digest.split_first_chunk().expect("32 bytes have 16");
    *first
}
