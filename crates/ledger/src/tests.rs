//! The laws of the log: RFC 6962 by an independent definition, known vectors,
//! and every kind of tampering against clean logs.

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;

/// The Merkle Tree Hash as RFC 6962 section 2.1 defines it, by recursion over
/// the whole list, sharing nothing with the crate.
fn recursive_root(entries: &[Vec<u8>]) -> [u8; 32] {
    match entries {
        [] => Sha256::digest([]).into(),
        [entry] => Sha256::digest([&[0], entry.as_slice()].concat()).into(),
        _ => {
            let mut split = 1;
            while split * 2 < entries.len() {
                split *= 2;
            }
            let left = recursive_root(&entries[..split]);
            let right = recursive_root(&entries[split..]);
            Sha256::digest([&[1], left.as_slice(), right.as_slice()].concat()).into()
        }
    }
}

fn frontier_of(entries: &[Vec<u8>]) -> Frontier {
    let mut frontier = Frontier::new();
    for entry in entries {
        frontier.append(leaf_hash(entry));
    }
    frontier
}

/// Published leaf inputs of the Certificate Transparency reference tree.
fn vector_leaves() -> Vec<Vec<u8>> {
    [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    .map(|text| hex::decode(text).unwrap())
    .to_vec()
}

/// Published roots of its first 0 to 8 leaves.
const VECTOR_ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn published_vectors() {
    let leaves = vector_leaves();
    for (size, root) in VECTOR_ROOTS.iter().enumerate() {
        assert_eq!(frontier_of(&leaves[..size]).root().to_string(), *root);
        assert_eq!(hex::encode(recursive_root(&leaves[..size])), *root);
    }
    assert_eq!(empty_root().to_string(), VECTOR_ROOTS[0]);
}

#[test]
fn every_size_to_300_has_the_recursive_root() {
    let entries: Vec<Vec<u8>> = (0..300u32).map(|n| n.to_le_bytes().to_vec()).collect();
    let mut frontier = Frontier::new();
    for size in 0..=entries.len() {
        assert_eq!(frontier.size(), size as u64);
        assert_eq!(frontier.root().0, recursive_root(&entries[..size]));
        assert_eq!(
            Frontier::from_bytes(&frontier.to_bytes()),
            Ok(frontier.clone())
        );
        if let Some(entry) = entries.get(size) {
            assert_eq!(frontier.append(leaf_hash(entry)), size as u64);
        }
    }
}

#[test]
fn a_node_cannot_be_passed_off_as_an_entry() {
    let (left, right) = (leaf_hash(b"a"), leaf_hash(b"b"));
    let forged = [left.0, right.0].concat();
    assert_ne!(leaf_hash(&forged), node_hash(left, right));
}

#[test]
fn a_damaged_frontier_is_refused() {
    let bytes = frontier_of(&vector_leaves()[..7]).to_bytes();
    assert_eq!(Frontier::from_bytes(&[]), Err(FrontierError::Length));
    for cut in 1..bytes.len() {
        assert_eq!(
            Frontier::from_bytes(&bytes[..cut]),
            Err(FrontierError::Length)
        );
    }
    let mut longer = bytes.clone();
    longer.extend([0; 32]);
    assert_eq!(Frontier::from_bytes(&longer), Err(FrontierError::Length));
    let mut newer = bytes.clone();
    newer[0] = 2;
    assert_eq!(Frontier::from_bytes(&newer), Err(FrontierError::Version(2)));
    let mut endless = vec![1];
    endless.extend(u64::MAX.to_be_bytes());
    endless.extend([0; 64 * 32]);
    assert_eq!(
        Frontier::from_bytes(&endless),
        Err(FrontierError::Size(u64::MAX))
    );
}

#[test]
fn a_checkpoint_has_one_text() {
    let checkpoint = Checkpoint::of("hearth.example/320412", &frontier_of(&vector_leaves()));
    let text = checkpoint.to_string();
    assert_eq!(
        text,
        "hearth.example/320412\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
    );
    assert_eq!(text.parse(), Ok(checkpoint));
    let root = "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=";
    let refusals = [
        (text.trim_end().to_owned(), CheckpointError::Lines),
        (format!("{text}extension\n"), CheckpointError::Lines),
        (format!("\n8\n{root}\n"), CheckpointError::Origin),
        (format!("o\n08\n{root}\n"), CheckpointError::Size),
        (format!("o\n+8\n{root}\n"), CheckpointError::Size),
        (format!("o\n8\n{}\n", &root[..42]), CheckpointError::Root),
        (format!("o\n8\n{root}\r\n"), CheckpointError::Root),
        ("o\n8\nAAAA\n".to_owned(), CheckpointError::Root),
    ];
    for (text, error) in refusals {
        assert_eq!(text.parse::<Checkpoint>(), Err(error), "{text:?}");
    }
}

/// Small seeded generator (splitmix64), so that every run tampers alike.
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

/// A log of distinct entries with a last checkpoint over all of it and a few
/// earlier ones.
fn invented_log(seeded: &mut Seeded) -> (Vec<Vec<u8>>, Vec<Checkpoint>) {
    let size = 1 + seeded.below(48);
    let entries: Vec<Vec<u8>> = (0..size)
        .map(|n| {
            let value = seeded.next().to_be_bytes();
            let at = i64::try_from(n).unwrap();
            Entry::encode("commit", at, "officer", &[("value", &value)])
        })
        .collect();
    let mut sizes: Vec<usize> = (0..seeded.below(4)).map(|_| seeded.below(size)).collect();
    sizes.push(size);
    let checkpoints = sizes
        .into_iter()
        .map(|size| Checkpoint::of("log", &frontier_of(&entries[..size])))
        .collect();
    (entries, checkpoints)
}

/// Applies one mutation and returns the index of the first entry that differs.
fn tamper(entries: &mut Vec<Vec<u8>>, seeded: &mut Seeded) -> usize {
    let at = seeded.below(entries.len());
    match seeded.below(7) {
        0 => {
            let byte = seeded.below(entries[at].len());
            entries[at][byte] ^= 1 << seeded.below(8);
        }
        1 => drop(entries.remove(at)),
        2 => entries.insert(at, b"inserted".to_vec()),
        3 if entries.len() > 1 => {
            let other = (at + 1 + seeded.below(entries.len() - 1)) % entries.len();
            entries.swap(at, other);
            return at.min(other);
        }
        4 => entries.truncate(at),
        5 => entries[at].push(0),
        _ => entries[at].clear(),
    }
    at
}

#[test]
fn ten_thousand_tamperings_are_found_where_they_are() {
    let mut seeded = Seeded(20_261_120);
    let mut found = 0;
    for _ in 0..10_000 {
        let (mut entries, checkpoints) = invented_log(&mut seeded);
        let at = tamper(&mut entries, &mut seeded) as u64;
        let breach = verify(entries.into_iter(), &checkpoints).unwrap_err();
        // Nothing before the reported index was touched, and what was touched
        // lies before the end of the reported range.
        match breach.kind {
            BreachKind::Differs { until } => assert!(breach.index <= at && at < until, "{breach}"),
            BreachKind::Truncated { entries, size } => {
                assert!(
                    breach.index <= at && at <= entries && entries < size,
                    "{breach}"
                );
            }
            BreachKind::Fork { .. } | BreachKind::Origin { .. } => panic!("{breach}"),
        }
        found += 1;
    }
    assert_eq!(found, 10_000);
}

#[test]
fn a_thousand_clean_logs_raise_no_alarm() {
    let mut seeded = Seeded(7);
    for _ in 0..1_000 {
        let (entries, checkpoints) = invented_log(&mut seeded);
        let size = entries.len() as u64;
        let root = Hash(recursive_root(&entries));
        let verified = verify(entries.into_iter(), &checkpoints);
        assert_eq!(
            verified,
            Ok(Verified {
                size,
                root,
                covered: size
            })
        );
    }
}

#[test]
fn what_no_checkpoint_covers_is_said_to_be_uncovered() {
    let entries = vector_leaves();
    let checkpoints = [Checkpoint::of("log", &frontier_of(&entries[..5]))];
    let verified = verify(entries.clone().into_iter(), &checkpoints).unwrap();
    assert_eq!((verified.size, verified.covered), (8, 5));
    assert_eq!(verify(entries.into_iter(), &[]).unwrap().covered, 0);
}

#[test]
fn the_breach_names_the_range_between_checkpoints() {
    let mut entries = vector_leaves();
    let at = |size: usize| Checkpoint::of("log", &frontier_of(&vector_leaves()[..size]));
    // In any order, with a repeat.
    let checkpoints = [at(8), at(0), at(3), at(6), at(3)];
    entries[4] = b"changed".to_vec();
    let breach = verify(entries.into_iter(), &checkpoints).unwrap_err();
    assert_eq!(breach.index, 3);
    assert_eq!(breach.kind, BreachKind::Differs { until: 6 });
    let shorter = vector_leaves().into_iter().take(7);
    let breach = verify(shorter, &checkpoints).unwrap_err();
    assert_eq!(breach.index, 6);
    let kind = BreachKind::Truncated {
        entries: 7,
        size: 8,
    };
    assert_eq!(breach.kind, kind);
}

#[test]
fn checkpoints_that_contradict_each_other_are_a_breach() {
    let leaves = vector_leaves();
    let good = Checkpoint::of("log", &frontier_of(&leaves[..4]));
    let mut forked = good.clone();
    forked.root = leaf_hash(b"elsewhere");
    let mut foreign = good.clone();
    foreign.origin = "another log".to_owned();
    let breach = |other: Checkpoint| {
        let checkpoints = [good.clone(), other];
        verify(leaves.clone().into_iter(), &checkpoints)
            .unwrap_err()
            .kind
    };
    assert_eq!(breach(forked), BreachKind::Fork { size: 4 });
    assert_eq!(breach(foreign), BreachKind::Origin { size: 4 });
    let mut empty = Checkpoint::of("log", &Frontier::new());
    empty.root = leaf_hash(b"");
    let breach = verify(leaves.into_iter(), &[empty]).unwrap_err();
    assert_eq!(breach.kind, BreachKind::Differs { until: 0 });
}

#[test]
fn entry_bytes_are_frozen() {
    let bytes = Entry::encode("access", 258, "o1", &[("why", b"care"), ("", b"")]);
    assert_eq!(
        hex::encode(&bytes),
        "01\
         00000006616363657373\
         0000000000000102\
         000000026f31\
         00000002\
         00000003776879\
         0000000463617265\
         00000000\
         00000000"
    );
    let entry = Entry::from_bytes(&bytes).unwrap();
    assert_eq!(entry.field("why"), Some(b"care".as_slice()));
    assert_eq!(entry.field("where"), None);
    assert_eq!(entry.to_bytes(), bytes);
    for cut in 0..bytes.len() {
        assert_eq!(Entry::from_bytes(&bytes[..cut]), Err(EntryError::Truncated));
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Entry::from_bytes(&longer), Err(EntryError::Trailing));
    let mut other = bytes.clone();
    other[0] = 9;
    assert_eq!(Entry::from_bytes(&other), Err(EntryError::Version(9)));
    let mut broken = bytes;
    broken[5] = 0xff;
    assert_eq!(Entry::from_bytes(&broken), Err(EntryError::Text));
}

#[test]
fn a_lying_length_costs_no_memory() {
    let mut bytes = vec![1];
    bytes.extend([0xff; 4]);
    assert_eq!(Entry::from_bytes(&bytes), Err(EntryError::Truncated));
    let mut bytes = Entry::encode("k", 0, "", &[]);
    let count = bytes.len() - 4;
    bytes[count..].fill(0xff);
    assert_eq!(Entry::from_bytes(&bytes), Err(EntryError::Truncated));
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let field = (".{0,4}", proptest::collection::vec(any::<u8>(), 0..6));
    let fields = proptest::collection::vec(field, 0..4);
    (".{0,6}", any::<i64>(), ".{0,6}", fields).prop_map(|(kind, at_micros, actor, fields)| Entry {
        kind,
        at_micros,
        actor,
        fields,
    })
}

proptest! {
    #[test]
    fn any_log_has_the_recursive_root(entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..70)) {
        prop_assert_eq!(frontier_of(&entries).root().0, recursive_root(&entries));
    }

    #[test]
    fn appending_after_a_round_trip_is_appending(entries in proptest::collection::vec(any::<[u8; 3]>(), 0..70), at in 0usize..70) {
        let entries: Vec<Vec<u8>> = entries.iter().map(|e| e.to_vec()).collect();
        let at = at.min(entries.len());
        let mut resumed = Frontier::from_bytes(&frontier_of(&entries[..at]).to_bytes()).unwrap();
        for entry in &entries[at..] {
            resumed.append(leaf_hash(entry));
        }
        prop_assert_eq!(resumed, frontier_of(&entries));
    }

    #[test]
    fn entries_read_back(entry in any_entry()) {
        prop_assert_eq!(Entry::from_bytes(&entry.to_bytes()), Ok(entry));
    }

    #[test]
    fn accepted_bytes_are_canonical(entry in any_entry(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = entry.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = Entry::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }

    #[test]
    fn any_text_and_bytes_are_answered_without_panic(text in "\\PC{0,80}", bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = text.parse::<Checkpoint>();
        let _ = Frontier::from_bytes(&bytes);
        let _ = Entry::from_bytes(&bytes);
    }
}

#[test]
fn the_end_of_a_log_is_verified_from_the_frontier_before_it() {
    let entries: Vec<Vec<u8>> = (0..23_u8).map(|n| vec![n; 3]).collect();
    let mut frontier = Frontier::new();
    let mut roots = Vec::new();
    let mut before = Frontier::new();
    for (n, entry) in entries.iter().enumerate() {
        if n == 9 {
            before = frontier.clone();
        }
        frontier.append(leaf_hash(entry));
        roots.push(Checkpoint::of("log", &frontier));
    }
    let read = |from: &Frontier, tail: &[Vec<u8>], checkpoints: &[Checkpoint]| {
        let mut verifier = Verifier::after(from.clone(), checkpoints)?;
        for entry in tail {
            verifier.entry(entry)?;
        }
        verifier.finish()
    };
    // Roots before the frontier are left out, its own vouches for it.
    let whole = read(&before, &entries[9..], &roots).unwrap();
    assert_eq!((whole.size, whole.covered), (23, 23));
    assert_eq!(whole.root, frontier.root());
    let mut changed = entries.clone();
    changed[12][0] ^= 1;
    assert!(read(&before, &changed[9..], &roots).is_err());
    let mut other = Frontier::new();
    (0..9_u8).for_each(|n| {
        other.append(leaf_hash(&[n; 4]));
    });
    assert!(read(&other, &entries[9..], &roots).is_err());
    assert!(read(&before, &entries[9..20], &roots).is_err(), "cut off");
}
