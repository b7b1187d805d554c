//! Questions of people: everything here is asked with a grant.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use domain::authority::{Grant, Operation, Role};
use domain::ids::{AlertId, ImportId, PersonId, Subject};
use domain::region::DivisionCode;
use domain::time::{Date, Instant};
use store::commit::{AlertRow, DecisionRow, ImportRow, LeadRow, Write};
use store::corrections::{Correction, CorrectionRow};
use store::exports::{ExportRow, KnownExport};
use store::rows::{
    AlertCount, AlertFilter, Disclosed, FeedEntry, FeedHead, Presence, StandingCount,
};
use store::{StoreError, Stored};

use crate::model::state::{State, Told};
use crate::model::write::to_i64;

impl State {
    /// (epoch, last position).
    pub(super) fn feed_position(&self) -> (String, i64) {
        let epoch = self.settings.get("epoch").cloned();
        let epoch = epoch.unwrap_or_else(|| "0".to_owned());
        (epoch, to_i64(self.feed.len()))
    }

    pub(super) fn person_by_index(
        &self,
        grant: &Grant,
        blind_index: &[u8; 32],
        on: Date,
    ) -> Option<PersonId> {
        let mut rows = self.identities.values();
        let found = rows.find(|row| row.blind_index == *blind_index);
        let person = found.map(|row| row.person);
        person.filter(|id| self.covers(grant, Subject::Person(*id), on))
    }

    pub(super) fn sees_import(grant: &Grant, row: &ImportRow) -> bool {
        let source = row.header.source.as_str();
        let theirs =
            grant.role() != Some(Role::Importer) || grant.sources().iter().any(|own| own == source);
        theirs && grant.covers(row.header.scope)
    }

    /// Disputed rows of imports the grant sees, newest first.
    pub(super) fn corrections(
        &self,
        grant: &Grant,
        import: Option<ImportId>,
        limit: usize,
    ) -> Vec<Correction> {
        let told = |task: &CorrectionRow| {
            let records = self.log.iter().flat_map(|logged| &logged.commit.writes);
            let mut records = records.filter_map(|write| match write {
                Write::Records(rows) => Some(rows),
                _ => None,
            });
            records.any(|rows| {
                rows.iter().any(|row| {
                    (row.subject, row.key) == (task.subject, task.key)
                        && row.revision > task.revision
                })
            })
        };
        let mut tasks: Vec<&CorrectionRow> = self
            .corrections
            .values()
            .filter(|task| import.is_none_or(|import| task.import == import))
            .collect();
        tasks.sort_by_key(|task| std::cmp::Reverse((task.at, task.action)));
        let seen = tasks.into_iter().filter_map(|task| {
            let row = self.imports.get(&task.import)?;
            State::sees_import(grant, row).then(|| Correction {
                action: task.action,
                import: task.import,
                dataset: row.header.dataset.clone(),
                line: task.line,
                kind: task.kind.clone(),
                revision: task.revision,
                at: task.at,
                reason: task.reason.clone(),
                answered: told(task),
            })
        });
        seen.take(limit).collect()
    }

    /// The alert if the grant covers its desk or assists with it.
    pub(super) fn seen_alert(&self, grant: &Grant, id: AlertId) -> Option<&AlertRow> {
        self.alerts.get(&id).filter(|row| sees(grant, row))
    }

    pub(super) fn alerts(
        &self,
        grant: &Grant,
        filter: &AlertFilter,
        after: Option<AlertId>,
        limit: u32,
    ) -> Stored<Vec<AlertRow>> {
        let order = |row: &AlertRow| {
            let due = (row.due_on.is_none(), row.due_on);
            (Reverse(row.level), due, row.id)
        };
        let cursor = after.map(|id| self.seen_alert(grant, id).ok_or(StoreError::Conflict));
        let cursor = cursor.transpose()?.map(order);
        let mut rows: Vec<_> = self
            .alerts
            .values()
            .filter(|row| sees(grant, row) && passes(filter, row))
            .filter(|row| cursor.is_none_or(|cursor| order(row) > cursor))
            .cloned()
            .collect();
        rows.sort_by_key(order);
        rows.truncate(limit as usize);
        Ok(rows)
    }

    /// Who else has the alert open; nothing of an alert the grant does not cover.
    pub(super) fn look_at(
        &mut self,
        grant: &Grant,
        alert: AlertId,
        now: Instant,
        until: Instant,
    ) -> Vec<Presence> {
        if self.seen_alert(grant, alert).is_none() {
            return Vec::new();
        }
        self.presences.retain(|_, (_, held)| now < *held);
        let own = self.presences.entry((alert, grant.officer()));
        own.or_insert((now, until)).1 = until;
        let here = self.presences.iter();
        let others = here.filter(|((of, by), _)| *of == alert && *by != grant.officer());
        others
            .map(|((_, officer), (since, _))| Presence {
                officer: *officer,
                since: *since,
            })
            .collect()
    }

    pub(super) fn alert_counts(&self, grant: &Grant) -> Vec<AlertCount> {
        let mut counts: BTreeMap<_, i64> = BTreeMap::new();
        let open = self.alerts.values().filter(|row| row.work != "closed");
        for row in open.filter(|row| sees(grant, row)) {
            let level = row.level.name();
            let key = (row.county, row.township, &row.policy, level, &row.work);
            *counts.entry(key).or_default() += 1;
        }
        let count = |((county, township, policy, level, work), count)| AlertCount {
            county,
            township,
            policy: String::clone(policy),
            level: str::to_owned(level),
            work: String::clone(work),
            count,
        };
        counts.into_iter().map(count).collect()
    }

    pub(super) fn standing(&self, grant: &Grant, on: Date) -> Vec<StandingCount> {
        let mut counts: BTreeMap<_, i64> = BTreeMap::new();
        for row in self.alerts.values().filter(|row| sees(grant, row)) {
            let closed = row.work == "closed";
            if closed && row.found.is_none() {
                continue;
            }
            let overdue = !closed && row.work != "held" && row.due_on.is_some_and(|due| due < on);
            let key = (row.township, &row.policy, &row.work, overdue, row.found);
            *counts.entry(key).or_default() += 1;
        }
        let count = |((township, policy, work, overdue, found), count)| StandingCount {
            township,
            policy: String::clone(policy),
            work: String::clone(work),
            overdue,
            found,
            count,
        };
        counts.into_iter().map(count).collect()
    }

    /// The alert's desk may read it; so may the place that answered for the
    /// subject on the day decided for, and the one that answers for it now.
    pub(super) fn sees_decision(&self, grant: &Grant, row: &DecisionRow) -> bool {
        let mut places = self.access.iter().filter(|a| a.subject == row.subject);
        let alert = self.alerts.get(&row.alert);
        if alert.is_some_and(|alert| !grant.knows().contains(&alert.confidential)) {
            return false;
        }
        self.seen_alert(grant, row.alert).is_some()
            || places.any(|place| {
                let answers = place.valid.to.is_none() || place.valid.contains(row.on);
                answers && grant.covers(place.region)
            })
    }

    pub(super) fn decisions_in_order(&self) -> impl Iterator<Item = &DecisionRow> {
        let mut rows: Vec<_> = self.decisions.values().collect();
        rows.sort_by_key(|(place, _)| *place);
        rows.into_iter().map(|(_, row)| row)
    }

    pub(super) fn covers(&self, grant: &Grant, subject: Subject, on: Date) -> bool {
        let mut rows = self.access.iter().filter(|row| row.subject == subject);
        rows.any(|row| row.valid.contains(on) && grant.covers(row.region))
    }

    pub(super) fn subjects(
        &self,
        grant: &Grant,
        letter: &str,
        on: Date,
        after: Option<Subject>,
        limit: u32,
    ) -> Vec<Subject> {
        let mut found: Vec<_> = self
            .access
            .iter()
            .filter(|row| row.valid.contains(on) && grant.covers(row.region))
            .map(|row| row.subject)
            .filter(|subject| subject.letter() == letter && Some(*subject) > after)
            .collect();
        found.dedup();
        found.truncate(limit as usize);
        found
    }

    /// Leads of covered places, or of those the grant's own reports; newest first.
    pub(super) fn leads(&self, grant: &Grant) -> impl Iterator<Item = &LeadRow> {
        let own = grant.operation() == Operation::ReadOwnLeads;
        let seen =
            move |row: &&LeadRow| grant.covers(row.place) && (!own || row.by == grant.officer());
        self.leads.iter().rev().filter(seen)
    }

    pub(super) fn feed(&self, grant: &Grant, after: i64, limit: u32) -> Vec<FeedEntry> {
        let published = self.published(grant).filter(|entry| entry.position > after);
        published.take(limit as usize).collect()
    }

    pub(super) fn feed_heads(&self, grant: &Grant) -> Vec<FeedHead> {
        let heads = self.published(grant).map(|entry| {
            let head = FeedHead {
                feed: entry.feed,
                confidential: entry.confidential,
                number: entry.number,
                position: entry.position,
            };
            ((entry.feed, entry.confidential), head)
        });
        // The last of each feed stays.
        heads.collect::<BTreeMap<_, _>>().into_values().collect()
    }

    fn published(&self, grant: &Grant) -> impl Iterator<Item = FeedEntry> {
        let places = self.feed.iter().enumerate();
        let mine = places.filter(move |(_, told)| {
            grant.covers(told.news.feed) && grant.knows().contains(&told.news.confidential)
        });
        mine.map(|(index, told)| entry(to_i64(index + 1), told))
    }

    /// One's own exports and those of counties the grant decides for, newest
    /// first.
    pub(super) fn exports(&self, grant: &Grant) -> Vec<KnownExport> {
        let decides = grant.operation() == Operation::ApproveExports;
        let sees = |row: &&ExportRow| {
            row.officer == grant.officer() || (decides && grant.covers(row.county))
        };
        let mut rows: Vec<&ExportRow> = self.exports.values().filter(sees).collect();
        rows.sort_by_key(|row| (Reverse(row.at), row.id));
        let known = rows.into_iter().map(|row| KnownExport {
            row: row.clone(),
            events: self
                .export_events
                .iter()
                .filter(|event| event.export == row.id)
                .cloned()
                .collect(),
        });
        known.collect()
    }

    /// Disclosures of the grant's counties and those that belong to no county.
    pub(super) fn disclosures(
        &self,
        grant: &Grant,
        pseudonym: &[u8; 16],
        limit: u32,
    ) -> Vec<Disclosed> {
        let newest_first = self.log.iter().rev().filter(|logged| {
            let place = logged.commit.partition;
            place.is_none_or(|place| grant.covers(place))
        });
        let all = newest_first.flat_map(|logged| {
            let writes = logged.commit.writes.iter().rev();
            writes.filter_map(move |write| match write {
                Write::Disclosure(row) if row.pseudonyms.contains(pseudonym) => Some(Disclosed {
                    number: logged.number,
                    at: logged.commit.at,
                    officer: row.officer,
                    operation: row.operation,
                    purpose: row.purpose.clone(),
                }),
                _ => None,
            })
        });
        all.take(limit as usize).collect()
    }
}

/// A county or wider covers what its bureau answers for, a township what lies
/// on its desk or what it assists with.
fn sees(grant: &Grant, row: &AlertRow) -> bool {
    let own = |place: &DivisionCode| grant.regions().contains(place);
    grant.knows().contains(&row.confidential)
        && (grant.covers(row.county)
            || row.township.as_ref().is_some_and(own)
            || row.assist.as_ref().is_some_and(own))
}

fn passes(filter: &AlertFilter, row: &AlertRow) -> bool {
    let listed = |list: &[String], value: &String| list.is_empty() || list.contains(value);
    let work = if filter.work.is_empty() {
        row.work != "held" && row.work != "closed"
    } else {
        filter.work.contains(&row.work)
    };
    work && listed(&filter.policies, &row.policy)
        && (filter.levels.is_empty() || filter.levels.contains(&row.level))
        && (filter.township.is_none() || filter.township == row.township)
        && (!filter.unplaced || row.township.is_none())
        && (filter.unit.is_none() || filter.unit == Some(row.unit))
        && filter
            .due_by
            .is_none_or(|by| row.due_on.is_some_and(|due| due <= by))
        && filter
            .awake_on
            .is_none_or(|on| row.snoozed_until.is_none_or(|until| until <= on))
        && (filter.assignee.is_none() || filter.assignee == row.assignee)
        && (!filter.unassigned || row.assignee.is_none())
}

fn entry(position: i64, told: &Told) -> FeedEntry {
    FeedEntry {
        position,
        feed: told.news.feed,
        confidential: told.news.confidential,
        number: told.number.unwrap_or_default(),
        kind: told.news.kind,
        alert: told.news.alert,
        policy: told.news.policy.clone(),
        level: told.news.level,
        due_on: told.news.due_on,
        at: told.at,
    }
}
