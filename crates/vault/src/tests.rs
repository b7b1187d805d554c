//! What the vault promises: cells stay where they were sealed, ids are stable
//! and keyed, erasure is final, nothing secret is printed.

use std::fmt::Write as _;

use aes_gcm::Aes256Gcm;
use domain::dictionary::Kind;
use domain::ids::{HouseholdId, ImportId, PersonId, Subject};
use domain::record::{
    DatasetId, HouseholdNumber, IdentityAsSent, ImportHeader, Incoming, Revision, SourceId,
    Statement, SubjectAsSent,
};
use domain::region::DivisionCode;
use domain::resident_id::ResidentId;
use domain::time::{Date, Instant, Period};
use domain::value::{Body, Value};
use proptest::prelude::*;
use uuid::Uuid;
use zeroize::ZeroizeOnDrop;

use super::*;
use crate::keys::Purpose;

/// Seeded bytes (splitmix64): every run draws the same.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}

impl Entropy for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_be_bytes()[..chunk.len()]);
        }
    }
}

/// One, two, three, …: for vectors computed elsewhere.
struct Counting;

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for (byte, n) in bytes.iter_mut().zip(1..) {
            *byte = n;
        }
    }
}

fn counting_vault() -> Vault {
    Vault::new(MasterKey::from_bytes(std::array::from_fn(|n| {
        u8::try_from(n).unwrap()
    })))
}

fn other_vault() -> Vault {
    Vault::new(MasterKey::from_bytes([9; 32]))
}

fn identity(number: &str) -> IdentityAsSent {
    IdentityAsSent::Resident(ResidentId::parse(number).unwrap())
}

fn invented(sequence: usize) -> IdentityAsSent {
    let first17 = format!("99900119800101{sequence:03}");
    IdentityAsSent::Resident(ResidentId::from_first_17(&first17).unwrap())
}

fn household(number: &str) -> HouseholdNumber {
    HouseholdNumber {
        namespace: "civil".to_owned(),
        number: number.to_owned(),
    }
}

fn place(table: &'static str, column: &'static str, row: impl Into<String>) -> Aad {
    let row = row.into();
    Aad { table, column, row }
}

fn somebody() -> Subject {
    Subject::Person(PersonId::from_uuid(Uuid::from_u128(7)))
}

fn strings(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

fn natural_key(vault: &Vault, parts: &[&str]) -> String {
    let (source, dataset) = (SourceId::new("civil"), DatasetId::new("civil_register"));
    let key = vault.natural_key(&source, &dataset, Kind::Membership, &strings(parts));
    key.to_string()
}

/// Computed by Python's `hmac`, `hashlib` and `cryptography` from the master
/// key 00 01 … 1f. What was indexed or sealed once must be found and opened by
/// every later release.
#[test]
fn ids_and_cells_are_frozen() {
    let vault = counting_vault();
    let sent = identity("11010519491231002X");
    let person = vault.person_id(&sent);
    assert_eq!(
        hex::encode(vault.blind_index(&sent)),
        "b124c1146db3b4014c45d823f3755ba074b3ee30dbfee6e30a9b61d2b10bf5db"
    );
    assert_eq!(person.to_string(), "b124c114-6db3-8401-8c45-d823f3755ba0");
    assert_eq!(
        vault.household_id(&household("H-1")).to_string(),
        "19cbb3f5-6d2b-8bfc-868e-f3994a8944d0"
    );
    assert_eq!(
        natural_key(&vault, &["H-1", "11010519491231002X"]),
        "10b789b6a6d66c96321c5b79944a4b13"
    );
    assert_eq!(
        hex::encode(vault.token_digest("hearth_abc")),
        "d18f8068300c77ae04429db63ee9d94b9c0e7180bf2723391984311ff2b6f8f1"
    );
    assert_eq!(
        hex::encode(vault.audit_pseudonym(Subject::Person(person))),
        "19bead17bf529e3a7ffcea4720365bdf"
    );
    assert_eq!(vault.fingerprint(), "44bc1b805ef94b3c");
    let cell = vault.seal_system(
        &place("import_rows", "raw", "7/3"),
        "王某英".as_bytes(),
        &mut Counting,
    );
    assert_eq!(
        hex::encode(cell),
        "0101f88a0a220102030405060708090a0b0c44bcb1a6ef8fe173df879cbfb0b628c7cb69628cedca71fb42"
    );
}

#[test]
fn ids_are_stable_with_one_key_and_different_with_another() {
    let (one, same, other) = (counting_vault(), counting_vault(), other_vault());
    let mut ids = std::collections::BTreeSet::new();
    for n in 0..500 {
        let sent = invented(n);
        assert_eq!(one.person_id(&sent), same.person_id(&sent));
        assert_eq!(one.blind_index(&sent), same.blind_index(&sent));
        assert_ne!(one.person_id(&sent), other.person_id(&sent));
        assert_eq!(one.person_id(&sent).as_uuid().get_version_num(), 8);
        let number = household(&n.to_string());
        assert_eq!(one.household_id(&number), same.household_id(&number));
        assert_ne!(one.household_id(&number), other.household_id(&number));
        assert!(ids.insert(one.person_id(&sent).as_uuid()));
        assert!(ids.insert(one.household_id(&number).as_uuid()));
        assert!(ids.insert(other.person_id(&sent).as_uuid()));
    }
    let (a, b) = (
        household("7"),
        HouseholdNumber {
            namespace: "grid".into(),
            number: "7".into(),
        },
    );
    assert_ne!(one.household_id(&a), one.household_id(&b));
    assert_ne!(one.token_digest("t"), other.token_digest("t"));
    assert_ne!(one.fingerprint(), other.fingerprint());
    let twin = Subject::Household(HouseholdId::from_uuid(somebody().as_uuid()));
    assert_ne!(one.audit_pseudonym(somebody()), one.audit_pseudonym(twin));
}

#[test]
fn every_purpose_has_its_own_key() {
    let vault = counting_vault();
    let purposes = [
        Purpose::Kek,
        Purpose::IndexPerson,
        Purpose::IndexHousehold,
        Purpose::IndexNaturalKey,
        Purpose::Token,
        Purpose::Audit,
        Purpose::System,
        Purpose::Fingerprint,
    ];
    let master = MasterKey::from_bytes([1; 32]);
    let digests = purposes.map(|purpose| *master.derive(purpose));
    let distinct: std::collections::BTreeSet<_> = digests.iter().collect();
    assert_eq!(distinct.len(), digests.len());
    let (_, wrapped) = vault.new_subject_key(somebody(), &mut Seeded(1));
    let aad = place("subject_keys", "wrapped", somebody().to_string());
    let opened = vault.open_system(&aad, wrapped.as_bytes());
    assert_eq!(opened, Err(VaultError::OtherKey));
}

#[test]
fn a_thousand_swapped_cells_are_refused() {
    let vault = counting_vault();
    let mut seeded = Seeded(20_261_120);
    let (key, _) = vault.new_subject_key(somebody(), &mut seeded);
    let mut cells = Vec::new();
    for table in ["records", "folds", "alerts"] {
        for column in ["sealed", "note"] {
            for row in 0..20 {
                let aad = place(table, column, format!("row {row}"));
                let cell = key.seal(&aad, b"the same facts", &mut seeded);
                cells.push((aad, cell));
            }
        }
    }
    let mut refused = 0;
    while refused < 1_000 {
        let (here, there) = (seeded.below(cells.len()), seeded.below(cells.len()));
        if here == there {
            continue;
        }
        let opened = key.open(&cells[here].0, &cells[there].1);
        assert_eq!(opened, Err(VaultError::Refused), "{here} {there}");
        refused += 1;
    }
    for (aad, cell) in &cells {
        assert_eq!(
            key.open(aad, cell).as_deref(),
            Ok(b"the same facts".as_slice())
        );
    }
    // Without separators these two places would be one.
    let cell = key.seal(&place("ab", "c", "d"), b"", &mut seeded);
    for elsewhere in [
        place("a", "bc", "d"),
        place("ab", "cd", ""),
        place("a", "b", "cd"),
    ] {
        assert_eq!(key.open(&elsewhere, &cell), Err(VaultError::Refused));
    }
}

#[test]
fn damaged_cells_are_refused() {
    let vault = counting_vault();
    let mut seeded = Seeded(3);
    let (key, _) = vault.new_subject_key(somebody(), &mut seeded);
    let aad = place("records", "sealed", "1");
    let cell = key.seal(&aad, "王某英 320412".as_bytes(), &mut seeded);
    for bit in 0..8 * cell.len() {
        let mut flipped = cell.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = key.open(&aad, &flipped).unwrap_err();
        match bit / 8 {
            0 => assert_eq!(error, VaultError::Version(flipped[0])),
            1 => assert_eq!(error, VaultError::Suite(flipped[1])),
            2..6 => assert_eq!(error, VaultError::OtherKey),
            _ => assert_eq!(error, VaultError::Refused),
        }
    }
    for len in 0..cell.len() {
        assert!(key.open(&aad, &cell[..len]).is_err(), "{len}");
    }
    assert_eq!(key.open(&aad, &cell[..33]), Err(VaultError::Truncated));
    let mut longer = cell.clone();
    longer.push(0);
    assert_eq!(key.open(&aad, &longer), Err(VaultError::Refused));
}

#[test]
fn equal_facts_are_sealed_differently() {
    let vault = counting_vault();
    let mut seeded = Seeded(4);
    let (key, _) = vault.new_subject_key(somebody(), &mut seeded);
    let aad = place("records", "sealed", "1");
    assert_ne!(
        key.seal(&aad, b"same", &mut seeded),
        key.seal(&aad, b"same", &mut seeded)
    );
}

#[test]
fn erasing_the_wrapped_key_erases_the_subject() {
    let vault = counting_vault();
    let mut seeded = Seeded(5);
    let aad = place("folds", "sealed", "1");
    let (cell, wrapped) = {
        let (key, wrapped) = vault.new_subject_key(somebody(), &mut seeded);
        (key.seal(&aad, b"facts", &mut seeded), wrapped)
    };
    let kept = vault.unwrap_key(somebody(), &wrapped).unwrap();
    assert_eq!(kept.open(&aad, &cell).as_deref(), Ok(b"facts".as_slice()));

    // With the same master key and subject, a new key is another key: nothing
    // but the wrapped key leads back.
    let (again, wrapped_again) = vault.new_subject_key(somebody(), &mut seeded);
    assert_eq!(again.open(&aad, &cell), Err(VaultError::OtherKey));
    assert_ne!(wrapped, wrapped_again);
    assert_eq!(vault.open_system(&aad, &cell), Err(VaultError::OtherKey));

    // Nor does the wrapped key open as anyone else's, damaged, or elsewhere.
    let twin = Subject::Household(HouseholdId::from_uuid(somebody().as_uuid()));
    assert_eq!(
        vault.unwrap_key(twin, &wrapped).err(),
        Some(VaultError::Refused)
    );
    let foreign = other_vault().unwrap_key(somebody(), &wrapped);
    assert_eq!(foreign.err(), Some(VaultError::OtherKey));
    let cut = WrappedKey::from_bytes(wrapped.as_bytes()[..20].to_vec());
    assert_eq!(
        vault.unwrap_key(somebody(), &cut).err(),
        Some(VaultError::Truncated)
    );
    assert_eq!(
        WrappedKey::from_bytes(wrapped.clone().into_bytes()),
        wrapped
    );
}

#[test]
fn natural_keys_tell_tricky_parts_apart() {
    let vault = counting_vault();
    let tricky: [&[&str]; 12] = [
        &[],
        &[""],
        &["", ""],
        &["a", "bc"],
        &["ab", "c"],
        &["abc"],
        &["abc", ""],
        &["", "abc"],
        &["a\u{1f}bc"],
        &["a\0bc"],
        &["\0\0\0\0\0\0\0\u{1}a", "bc"],
        &["甲", "乙"],
    ];
    let keys: std::collections::BTreeSet<_> = tricky
        .iter()
        .map(|parts| natural_key(&vault, parts))
        .collect();
    assert_eq!(keys.len(), tricky.len());

    let key = |source: &str, dataset: &str, kind| {
        let parts = strings(&["1"]);
        vault.natural_key(
            &SourceId::new(source),
            &DatasetId::new(dataset),
            kind,
            &parts,
        )
    };
    let base = key("civil", "register", Kind::Hukou);
    assert_eq!(base, key("civil", "register", Kind::Hukou));
    assert_ne!(base, key("grid", "register", Kind::Hukou));
    assert_ne!(base, key("civil", "payments", Kind::Hukou));
    assert_ne!(base, key("civil", "register", Kind::Residence));
    assert_ne!(base, key("civilregister", "", Kind::Hukou));
}

fn header() -> ImportHeader {
    ImportHeader {
        id: ImportId::from_uuid(Uuid::from_u128(1)),
        source: SourceId::new("civil"),
        dataset: DatasetId::new("civil_register"),
        revision: Revision {
            business_date: day("2026-11-20"),
            sequence: 2,
        },
        scope: DivisionCode::parse("320412").unwrap(),
        as_of: None,
        digest: String::new(),
        size: 0,
        received_at: Instant::from_micros(0),
    }
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn parent_row(child: IdentityAsSent, parent: IdentityAsSent) -> Incoming {
    let field = Kind::ParentOf.field("parent").unwrap();
    Incoming {
        subject: SubjectAsSent::Person(child),
        key: strings(&["999001198001010010", "mother"]),
        valid: Period::since(day("2020-01-01")),
        statement: Statement::Says(
            Body::new(Kind::ParentOf).with("relation", Value::Code("mother")),
        ),
        person_links: vec![(field, parent)],
        household_links: Vec::new(),
        line: 12,
    }
}

#[test]
fn a_row_is_admitted_with_ids_in_place_of_identities() {
    let vault = counting_vault();
    let incoming = parent_row(invented(1), invented(2));
    let Admitted { record, identities } = vault.admit(incoming, &header());
    let (child, parent) = (vault.person_id(&invented(1)), vault.person_id(&invented(2)));
    assert_eq!(record.subject, Subject::Person(child));
    assert_eq!(record.source.as_str(), "civil");
    assert_eq!(record.dataset.as_str(), "civil_register");
    assert_eq!(record.revision, header().revision);
    assert_eq!(record.valid, Period::since(day("2020-01-01")));
    assert_eq!(
        (record.origin.import, record.origin.line),
        (header().id, 12)
    );
    let Statement::Says(body) = &record.statement else {
        panic!("a statement")
    };
    assert_eq!(body.person("parent"), Some(parent));
    assert_eq!(body.code("relation"), Some("mother"));
    let named: Vec<_> = identities.iter().map(|i| i.person).collect();
    assert_eq!(named, [child, parent]);
    assert_eq!(identities[1].identity, invented(2));
    assert_eq!(identities[1].blind_index, vault.blind_index(&invented(2)));
    assert!(!serde_like(&record).contains("9990011980"));
}

/// Everything a record could print or store of itself.
fn serde_like(record: &domain::record::Record) -> String {
    let body = match &record.statement {
        Statement::Says(body) => body.to_json().to_string(),
        Statement::Retracts(kind) | Statement::Unread(kind) => kind.def().name.to_owned(),
    };
    format!("{record:?} {body} {} {}", record.key, record.subject)
}

#[test]
fn an_identity_named_twice_is_listed_once() {
    let vault = counting_vault();
    let admitted = vault.admit(parent_row(invented(1), invented(1)), &header());
    assert_eq!(admitted.identities.len(), 1);
}

#[test]
fn household_links_become_ids() {
    let vault = counting_vault();
    let field = Kind::Membership.field("household").unwrap();
    let incoming = Incoming {
        subject: SubjectAsSent::Person(invented(1)),
        key: strings(&["H-1"]),
        valid: Period::ALWAYS,
        statement: Statement::Says(Body::new(Kind::Membership)),
        person_links: Vec::new(),
        household_links: vec![(field, household("H-1"))],
        line: 1,
    };
    let record = vault.admit(incoming, &header()).record;
    let Statement::Says(body) = &record.statement else {
        panic!("a statement")
    };
    let id = vault.household_id(&household("H-1"));
    assert_eq!(body.household("household"), Some(id));

    let about = Incoming {
        subject: SubjectAsSent::Household(household("H-1")),
        key: strings(&["H-1"]),
        valid: Period::ALWAYS,
        statement: Statement::Says(Body::new(Kind::Composition)),
        person_links: Vec::new(),
        household_links: Vec::new(),
        line: 1,
    };
    let admitted = vault.admit(about, &header());
    assert_eq!(admitted.record.subject, Subject::Household(id));
    assert_eq!(admitted.identities, []);
}

#[test]
fn a_retraction_meets_the_key_it_withdraws() {
    let vault = counting_vault();
    let said = vault.admit(parent_row(invented(1), invented(2)), &header());
    let mut row = parent_row(invented(1), invented(2));
    row.statement = Statement::Retracts(Kind::ParentOf);
    let withdrawn = vault.admit(row, &header());
    assert_eq!(withdrawn.record.key, said.record.key);
    assert_eq!(withdrawn.record.subject, said.record.subject);
    assert_eq!(
        withdrawn.record.statement,
        Statement::Retracts(Kind::ParentOf)
    );
    assert_eq!(withdrawn.identities, said.identities[..1]);
}

/// Draws one byte over and over, so that a leaked key is easy to recognise.
struct Canary;

impl Entropy for Canary {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(0xa9);
    }
}

#[test]
fn debug_never_prints_secrets() {
    let master = MasterKey::from_bytes([0xc7; 32]);
    let file = MasterKeyFile::format(&master);
    let mut said = format!("{master:?} {master:#?}");
    let vault = Vault::new(master);
    let (key, wrapped) = vault.new_subject_key(somebody(), &mut Canary);
    let aad = place("records", "sealed", "1");
    let cell = key.seal(&aad, b"canary facts", &mut Canary);
    let admitted = vault.admit(parent_row(invented(1), invented(2)), &header());
    write!(said, "{vault:?} {vault:#?} {key:?} {key:#?} {wrapped:?}").unwrap();
    write!(said, "{admitted:?} {admitted:#?} {aad:?}").unwrap();
    let mut broken = cell;
    broken[20] ^= 1;
    let refused = key.open(&aad, &broken).unwrap_err();
    let typed = MasterKeyFile::parse(&file.replace("fingerprint: ", "fingerprint: 0"));
    let typed = typed.unwrap_err();
    write!(said, "{refused:?} {refused} {typed:?} {typed}").unwrap();
    let IdentityAsSent::Resident(number) = invented(1) else {
        panic!("a resident number")
    };
    let tail = &number.as_str()[6..];
    for secret in [
        "c7c7", "c7, c7", "199, 199", "a9a9", "169, 169", "canary", "mother", tail,
    ] {
        let said = said.to_lowercase();
        assert!(!said.contains(secret), "{secret} in {said}");
    }
    assert!(format!("{key:?}") == "SubjectKey(…)");
}

#[test]
fn keys_are_cleared_and_shared_by_threads() {
    fn cleared<T: ZeroizeOnDrop>() {}
    fn shared<T: Send + Sync>() {}
    cleared::<MasterKey>();
    cleared::<SubjectKey>();
    cleared::<Aes256Gcm>();
    // An HMAC holds two of these and nothing else of the key.
    cleared::<sha2::Sha256>();
    shared::<Vault>();
    shared::<SubjectKey>();
}

proptest! {
    #[test]
    fn what_is_sealed_opens(plain in proptest::collection::vec(any::<u8>(), 0..300), row in ".{0,30}", seed in any::<u64>()) {
        let vault = counting_vault();
        let mut seeded = Seeded(seed);
        let (key, wrapped) = vault.new_subject_key(somebody(), &mut seeded);
        let aad = place("records", "sealed", row);
        let cell = key.seal(&aad, &plain, &mut seeded);
        prop_assert_eq!(cell.len(), plain.len() + 34);
        let unwrapped = counting_vault().unwrap_key(somebody(), &wrapped).unwrap();
        prop_assert_eq!(unwrapped.open(&aad, &cell), Ok(plain.clone()));
        let system = vault.seal_system(&aad, &plain, &mut seeded);
        prop_assert_eq!(vault.open_system(&aad, &system), Ok(plain));
    }

    #[test]
    fn any_cell_is_answered_without_panic(cell in proptest::collection::vec(any::<u8>(), 0..80)) {
        let vault = counting_vault();
        let opened = vault.open_system(&place("t", "c", ""), &cell);
        prop_assert!(opened.is_err());
    }

    /// Small alphabet, so that lists which join to the same text are common.
    #[test]
    fn different_parts_have_different_keys(a in proptest::collection::vec("[ab]{0,2}", 0..4), b in proptest::collection::vec("[ab]{0,2}", 0..4)) {
        let vault = counting_vault();
        let (source, dataset) = (SourceId::new("s"), DatasetId::new("d"));
        let key = |parts: &[String]| vault.natural_key(&source, &dataset, Kind::Grant, parts);
        prop_assert_eq!(a == b, key(&a) == key(&b));
    }
}
