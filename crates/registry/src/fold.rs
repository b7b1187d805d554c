//! Everything told about one subject, by natural key and revision.
//!
//! The shape is a set: what was said, and at which revisions it was said. Two
//! sets built from the same records are equal whatever the order, and a list
//! that repeats a row month after month costs one revision, not one body.

use std::collections::{BTreeMap, BTreeSet};

use domain::dictionary::Kind;
use domain::ids::{HouseholdId, PersonId, Subject};
use domain::record::{
    DatasetId, NaturalKey, Origin, Read, ReadWhy, Record, Revision, SourceId, Statement,
};
use domain::time::Period;
use domain::value::Body;

use crate::combine;

/// Everything told about one subject; canonical.
///
/// The same set of records gives the same fold and the same bytes, in any
/// order, batching or repetition. Folds never shrink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    subject: Subject,
    kinds: BTreeMap<Kind, BTreeMap<ThreadKey, Thread>>,
}

/// What one thread of statements is about, within a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ThreadKey {
    pub(crate) source: SourceId,
    pub(crate) dataset: DatasetId,
    pub(crate) key: NaturalKey,
}

/// What a statement says, and for which days.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Content {
    pub(crate) valid: Period,
    pub(crate) said: Said,
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Said {
    Withdrawn,
    /// It was in a row that could not be taken.
    Unread,
    Facts(Body),
}

impl Content {
    /// The facts, when they could be read and were not withdrawn.
    pub(crate) fn body(&self) -> Option<&Body> {
        match &self.said {
            Said::Facts(body) => Some(body),
            Said::Withdrawn | Said::Unread => None,
        }
    }

    /// Whether it stood in a row that could not be taken.
    pub(crate) fn is_unread(&self) -> bool {
        self.said == Said::Unread
    }
}

/// All that was said under one key: each content once, with the revisions it
/// was said at and, for each, the first row by import id and line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Thread {
    said: BTreeMap<Content, BTreeMap<Revision, Origin>>,
}

/// What a key said at one revision. More than one content is a conflict.
#[derive(Clone, Debug)]
pub(crate) struct Version<'a> {
    pub(crate) revision: Revision,
    pub(crate) contents: Vec<(&'a Content, Origin)>,
}

impl<'a> Version<'a> {
    /// The bodies said, none for a retraction.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = &'a Body> {
        self.contents.iter().filter_map(|(c, _)| c.body())
    }

    /// Whether a row of it could not be taken: then what it says is not known,
    /// whatever the others say.
    pub(crate) fn is_unread(&self) -> bool {
        self.contents.iter().any(|(c, _)| c.is_unread())
    }

    /// The body, unless withdrawn, unread or in conflict.
    pub(crate) fn body(&self) -> Option<&'a Body> {
        match self.contents[..] {
            [(content, _)] => content.body(),
            _ => None,
        }
    }
}

impl Thread {
    /// All of it at once, no part empty.
    pub(crate) fn of(said: BTreeMap<Content, BTreeMap<Revision, Origin>>) -> Thread {
        Thread { said }
    }

    /// Notes that `content` was said; returns whether that was news.
    pub(crate) fn note(&mut self, content: Content, revision: Revision, origin: Origin) -> bool {
        let said = self.said.entry(content).or_default();
        match said.get_mut(&revision) {
            None => {
                said.insert(revision, origin);
                true
            }
            Some(known) if origin < *known => {
                *known = origin;
                true
            }
            Some(_) => false,
        }
    }

    /// Each content with its revisions.
    pub(crate) fn said(&self) -> impl Iterator<Item = (&Content, &BTreeMap<Revision, Origin>)> {
        self.said.iter()
    }

    /// Every revision something was said at; one in conflict comes twice.
    pub(crate) fn revisions(&self) -> impl Iterator<Item = Revision> {
        self.said.values().flat_map(|at| at.keys().copied())
    }

    /// What was said at a revision.
    pub(crate) fn at(&self, revision: Revision) -> Version<'_> {
        Version {
            revision,
            contents: self
                .said
                .iter()
                .filter_map(|(content, at)| at.get(&revision).map(|origin| (content, *origin)))
                .collect(),
        }
    }

    /// What was said at the highest revision known.
    pub(crate) fn latest(&self) -> Option<Version<'_>> {
        let newest = |at: &BTreeMap<Revision, Origin>| at.last_key_value().map(|(r, _)| *r);
        let revision = self.said.values().filter_map(newest).max()?;
        Some(self.at(revision))
    }
}

impl Fold {
    /// A fold of nothing.
    pub fn empty(subject: Subject) -> Fold {
        Fold {
            subject,
            kinds: BTreeMap::new(),
        }
    }

    /// All of it at once, no part empty.
    pub(crate) fn of(subject: Subject, kinds: BTreeMap<Kind, BTreeMap<ThreadKey, Thread>>) -> Fold {
        Fold { subject, kinds }
    }

    /// Whom it is about.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// Adds a record; returns whether the fold changed. Idempotent, and order
    /// does not matter. Panics when the record is about another subject:
    /// callers group records by subject.
    pub fn apply(&mut self, record: &Record) -> bool {
        assert_eq!(
            record.subject, self.subject,
            "the record of another subject"
        );
        let content = match &record.statement {
            Statement::Says(body) => Content {
                valid: record.valid,
                said: Said::Facts(body.clone()),
            },
            Statement::Unread(_) => Content {
                valid: record.valid,
                said: Said::Unread,
            },
            // A withdrawal has no days of its own: it takes back the key.
            Statement::Retracts(_) => Content {
                valid: Period::ALWAYS,
                said: Said::Withdrawn,
            },
        };
        let key = ThreadKey {
            source: record.source.clone(),
            dataset: record.dataset.clone(),
            key: record.key,
        };
        self.thread_mut(record.statement.kind(), key)
            .note(content, record.revision, record.origin)
    }

    pub(crate) fn thread_mut(&mut self, kind: Kind, key: ThreadKey) -> &mut Thread {
        self.kinds.entry(kind).or_default().entry(key).or_default()
    }

    /// The threads of one kind.
    pub(crate) fn threads(&self, kind: Kind) -> impl Iterator<Item = (&ThreadKey, &Thread)> {
        self.kinds.get(&kind).into_iter().flatten()
    }

    /// The threads of each kind told of.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (Kind, &BTreeMap<ThreadKey, Thread>)> {
        self.kinds.iter().map(|(kind, threads)| (*kind, threads))
    }

    /// The threads of every kind.
    pub(crate) fn all_threads(&self) -> impl Iterator<Item = (Kind, &ThreadKey, &Thread)> {
        self.kinds
            .iter()
            .flat_map(|(kind, threads)| threads.iter().map(|(key, thread)| (*kind, key, thread)))
    }

    /// Whether anything was ever told of a kind.
    pub fn tells_of(&self, kind: Kind) -> bool {
        self.threads(kind).next().is_some()
    }

    /// Every body ever said of a kind, withdrawn and conflicting ones too.
    fn ever_said(&self, kind: Kind) -> impl Iterator<Item = &Body> {
        self.threads(kind)
            .flat_map(|(_, thread)| thread.said())
            .filter_map(|(content, _)| content.body())
    }

    /// Every statement kept, as (kind, key, revision, row).
    pub fn records(&self) -> impl Iterator<Item = (Kind, NaturalKey, Revision, Origin)> {
        self.all_threads().flat_map(|(kind, key, thread)| {
            thread.said().flat_map(move |(_, at)| {
                at.iter()
                    .map(move |(revision, origin)| (kind, key.key, *revision, *origin))
            })
        })
    }

    /// What is known of who this is, by the dictionary's precedence and then
    /// the highest revision; withdrawn and conflicting statements yield nothing.
    pub fn latest_identity(&self) -> Option<&Body> {
        self.threads(Kind::Identity)
            .filter_map(|(key, thread)| {
                let version = thread.latest()?;
                let trust = combine::trust(Kind::Identity.def(), &key.source);
                Some((trust, version.revision, version.body()?))
            })
            .max_by_key(|(trust, revision, body)| (*trust, *revision, *body))
            .map(|(_, _, body)| body)
    }

    /// Parents and obligors ever named: the people whose own facts the
    /// household of this person reads. Empty for a household.
    pub fn parents_and_obligors(&self) -> BTreeSet<PersonId> {
        self.links().into_iter().map(|(person, _)| person).collect()
    }

    fn links(&self) -> BTreeSet<(PersonId, ReadWhy)> {
        let named = |kind, field: &'static str, why| {
            self.ever_said(kind)
                .filter_map(move |body| Some((body.person(field)?, why)))
        };
        named(Kind::ParentOf, "parent", ReadWhy::Parent)
            .chain(named(Kind::ObligorOf, "obligor", ReadWhy::Obligor))
            .collect()
    }

    /// Which households must be looked at again when this person, or a parent
    /// or obligor of this person, changes. Taken from everything ever said, so
    /// a household that lost a member is looked at too. Empty for a household.
    ///
    /// A person without a household has no row here: the pipeline marks
    /// `Subject::Person` itself, and for its parents and obligors asks
    /// [`Fold::parents_and_obligors`].
    pub fn reads(&self) -> BTreeSet<Read> {
        let Subject::Person(person) = self.subject else {
            return BTreeSet::new();
        };
        let households = |kind| -> BTreeSet<HouseholdId> {
            let named = |body: &Body| body.household("household");
            self.ever_said(kind).filter_map(named).collect()
        };
        let member_of = households(Kind::Membership);
        let mut reads = BTreeSet::new();
        for &household in &member_of {
            reads.insert(Read {
                person,
                household,
                why: ReadWhy::Member,
            });
            for (person, why) in self.links() {
                reads.insert(Read {
                    person,
                    household,
                    why,
                });
            }
        }
        for household in households(Kind::Grant) {
            reads.insert(Read {
                person,
                household,
                why: ReadWhy::Grant,
            });
        }
        reads
    }
}
