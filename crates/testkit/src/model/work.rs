//! Questions of the steps: folding, evaluating, looking again.

use std::collections::{BTreeMap, BTreeSet};

use domain::alert::FeedKind;
use domain::evaluation::AlertLevel;
use domain::ids::Subject;
use domain::record::Coverage;
use domain::region::DivisionCode;
use domain::time::{Date, Instant};
use store::commit::{AlertRow, CommitKind, ImportState, Lease, SealedRecord, VerdictRow, Write};
use store::rows::{Backlog, IntakeBatch, Named, Statistics};

use crate::model::state::{Held, Logged, State};
use crate::model::write::to_i64;

impl State {
    pub(super) fn intake_after(
        &self,
        partition: DivisionCode,
        number: i64,
        limit_records: u32,
    ) -> Vec<IntakeBatch> {
        let receiving = |logged: &Logged| {
            let import = logged.import().and_then(|id| self.imports.get(&id));
            import.is_some_and(|row| row.state == ImportState::Receiving)
        };
        let here = self.log.iter().filter(|logged| {
            logged.number.is_some_and(|n| n > number)
                && logged.commit.partition == Some(partition)
                && (logged.commit.kind == CommitKind::Intake || records(logged).next().is_some())
        });
        let mut given = Vec::new();
        let mut records_given = 0;
        for logged in here.take_while(|logged| !receiving(logged)) {
            let records: Vec<_> = records(logged).cloned().collect();
            let covers = coverage(logged).next().is_some();
            if records_given >= limit_records as usize {
                break;
            }
            records_given += records.len();
            given.push(IntakeBatch {
                number: logged.number.unwrap_or_default(),
                records,
                covers,
            });
        }
        given
    }

    pub(super) fn named_after(
        &self,
        partition: DivisionCode,
        (number, through): (i64, i64),
        limit_records: u32,
    ) -> Vec<Named> {
        let waiting = self.intake_after(partition, number, limit_records);
        let until = waiting.iter().filter(|batch| batch.number <= through);
        let named = until.map(|batch| Named {
            number: batch.number,
            records: batch.records.len() as u64,
            subjects: batch.records.iter().map(|record| record.subject).collect(),
        });
        named.collect()
    }

    pub(super) fn backlog(&self, partition: DivisionCode, number: i64) -> Backlog {
        let waiting = self.intake_after(partition, number, u32::MAX);
        let records = waiting.iter().map(|batch| batch.records.len() as u64);
        Backlog {
            last: waiting.last().map_or(0, |batch| batch.number),
            records: records.sum(),
        }
    }

    pub(super) fn records_between(
        &self,
        partition: DivisionCode,
        subjects: &[Subject],
        (after, through): (i64, i64),
    ) -> Vec<SealedRecord> {
        let waiting = self.intake_after(partition, after, u32::MAX);
        let until = waiting.into_iter().filter(|batch| batch.number <= through);
        let records = until.flat_map(|batch| batch.records);
        records
            .filter(|record| subjects.contains(&record.subject))
            .collect()
    }

    /// Where a step stood at a commit number; now when none is given.
    pub(super) fn checkpoint(
        &self,
        partition: DivisionCode,
        step: &str,
        known: Option<i64>,
    ) -> i64 {
        let then = self.log.iter().rev().filter(|logged| {
            logged.commit.partition == Some(partition)
                && known.is_none_or(|known| logged.is_known(known))
        });
        let mut writes = then.flat_map(|logged| logged.commit.writes.iter().rev());
        let last = writes.find_map(|write| match write {
            Write::Checkpoint { step: s, position } if s == step => Some(*position),
            _ => None,
        });
        last.unwrap_or(0)
    }

    pub(super) fn coverage(&self, partition: DivisionCode, through: i64) -> Vec<Coverage> {
        let known = self.log.iter().filter(|logged| {
            logged.commit.partition == Some(partition) && logged.is_known(through)
        });
        known.flat_map(coverage).cloned().collect()
    }

    pub(super) fn records_of(&self, subjects: &[Subject], through: i64) -> Vec<SealedRecord> {
        let known = self.log.iter().filter(|logged| logged.is_known(through));
        let all = known.flat_map(records);
        all.filter(|record| subjects.contains(&record.subject))
            .cloned()
            .collect()
    }

    pub(super) fn verdicts_of(&self, units: &[Subject]) -> Vec<VerdictRow> {
        let rows = self.verdicts.values();
        let found = rows.filter(|row| units.contains(&row.unit));
        found.cloned().collect()
    }

    pub(super) fn partitions(&self) -> Vec<DivisionCode> {
        let opens = |write: &Write| matches!(write, Write::ImportOpened(_) | Write::Lead(_));
        let commits = self.log.iter().map(|logged| &logged.commit);
        let opening = commits.filter(|commit| commit.writes.iter().any(opens));
        let places: BTreeSet<_> = opening.filter_map(|commit| commit.partition).collect();
        places.into_iter().collect()
    }

    pub(super) fn held(&self, partition: DivisionCode, limit_per_desk: u32) -> Vec<AlertRow> {
        let here = |row: &AlertRow| self.keepers[&row.id] == partition;
        let waits = |row: &&AlertRow| here(row) && row.work == "held" && row.condition == "holding";
        let mut rows: Vec<_> = self.alerts.values().filter(waits).collect();
        rows.sort_by_key(|r| (desk(r), std::cmp::Reverse(r.level), r.opened_at, r.id));
        let mut given: BTreeMap<DivisionCode, u32> = BTreeMap::new();
        rows.retain(|row| {
            let place = given.entry(desk(row)).or_default();
            *place += 1;
            *place <= limit_per_desk || row.level == AlertLevel::Red
        });
        rows.into_iter().cloned().collect()
    }

    pub(super) fn raised_since(
        &self,
        partition: DivisionCode,
        since: Instant,
    ) -> Vec<(DivisionCode, u32)> {
        let told = self.feed.iter().chain(self.waiting.values().flatten());
        let mut counts: BTreeMap<DivisionCode, u32> = BTreeMap::new();
        for told in told {
            let counted = matches!(told.news.kind, FeedKind::Raised | FeedKind::Released);
            let keeper = self.keepers.get(&told.news.alert);
            if counted && keeper == Some(&partition) && told.at >= since {
                *counts.entry(told.news.feed).or_default() += 1;
            }
        }
        counts.into_iter().collect()
    }

    pub(super) fn latest_alerts(&self, subjects: &[Subject]) -> Vec<AlertRow> {
        let mut latest: BTreeMap<(Subject, &str), &AlertRow> = BTreeMap::new();
        for row in self.alerts.values() {
            if !subjects.contains(&row.subject) {
                continue;
            }
            let slot = latest.entry((row.subject, &row.policy)).or_insert(row);
            let age = |row: &AlertRow| (!row.over, row.opened_at, row.id);
            if age(row) > age(slot) {
                *slot = row;
            }
        }
        latest.into_values().cloned().collect()
    }

    pub(super) fn units_to_revisit(
        &self,
        partition: DivisionCode,
        on: Date,
        policy_set: &str,
        after: Option<Subject>,
        limit: u32,
    ) -> Vec<Subject> {
        let stale = self.units.values().filter(|row| {
            row.partition == partition
                && after.is_none_or(|after| row.unit > after)
                && (row.next_change_on.is_some_and(|day| day <= on) || row.policy_set != policy_set)
        });
        stale.map(|row| row.unit).take(limit as usize).collect()
    }

    pub(super) fn lease(
        &mut self,
        partition: DivisionCode,
        step: &str,
        holder: &str,
        now: Instant,
        until: Instant,
    ) -> Option<Lease> {
        let key = (partition, step.to_owned());
        let epoch = match self.leases.get(&key) {
            None => 1,
            Some(held) if held.until > now && held.holder == holder => held.lease.epoch,
            Some(held) if held.until > now => return None,
            Some(held) => held.lease.epoch + 1,
        };
        let lease = Lease {
            partition,
            step: step.to_owned(),
            epoch,
        };
        let held = Held {
            lease: lease.clone(),
            holder: holder.to_owned(),
            until,
        };
        self.leases.insert(key, held);
        Some(lease)
    }

    pub(super) fn statistics(&self) -> Statistics {
        let folds_of = |letter| self.folds.keys().filter(|s| s.letter() == letter).count();
        let open = || self.alerts.values().filter(|row| !row.over);
        Statistics {
            records: to_i64(self.log.iter().flat_map(records).count()),
            persons: to_i64(folds_of("p")),
            households: to_i64(folds_of("h")),
            verdicts: to_i64(self.verdicts.len()),
            alerts: to_i64(open().count()),
            held: to_i64(open().filter(|row| row.work == "held").count()),
            feed: to_i64(self.feed.len()),
            ledger: to_i64(self.entries.len()),
            due: to_i64(self.due.len()),
        }
    }

    pub(super) fn check(&self) -> Vec<String> {
        let decided: BTreeSet<_> = self.decisions.values().map(|(_, d)| d.alert).collect();
        let undecided = self.alerts.keys().filter(|id| !decided.contains(id));
        let undecided = undecided.map(|id| format!("alert {id} has no decision"));
        let told = self.feed.iter().chain(self.waiting.values().flatten());
        let orphans = told.filter(|told| {
            told.news.kind != FeedKind::FeedClosed && !self.alerts.contains_key(&told.news.alert)
        });
        let orphans = orphans.map(|told| {
            let alert = told.news.alert;
            format!("a feed entry is about alert {alert} that does not exist")
        });
        let mut breaches = self.forgotten();
        breaches.extend(self.unfounded());
        breaches.extend(undecided.chain(orphans));
        breaches.extend(self.check_deliveries());
        breaches
    }

    /// Units with verdicts that were never evaluated, or do not read whom they
    /// judge.
    fn unfounded(&self) -> Vec<String> {
        let units: BTreeSet<_> = self.verdicts.values().map(|row| row.unit).collect();
        let unseen = units
            .iter()
            .filter(|unit| !self.evaluated.contains_key(unit));
        let unseen = unseen.map(|unit| format!("unit {unit} has verdicts and was never evaluated"));
        let reads: BTreeSet<_> = self.reads.values().flatten().collect();
        let reads: BTreeSet<_> = reads.iter().map(|r| (r.household, r.person)).collect();
        let judged = self.verdicts.values().map(|row| (row.unit, row.subject));
        let unread = judged
            .collect::<BTreeSet<_>>()
            .into_iter()
            .filter_map(|judged| {
                let (Subject::Household(unit), Subject::Person(person)) = judged else {
                    return None;
                };
                let unread = !reads.contains(&(unit, person));
                unread.then(|| format!("unit h:{unit} judges p:{person} and does not read them"))
            });
        unseen.chain(unread).collect()
    }

    /// Units folded, or reading someone folded, later than evaluated, not due.
    fn forgotten(&self) -> Vec<String> {
        let late = |unit: &Subject, folded: i64| {
            let evaluated = self.evaluated.get(unit).copied().unwrap_or(0);
            evaluated < folded && !self.due.contains_key(unit)
        };
        let own = self.folded.iter().filter(|(unit, folded)| {
            // A person in a household is no unit.
            let is_unit = unit.letter() == "h" || self.evaluated.contains_key(unit);
            is_unit && late(unit, **folded)
        });
        let own = own.map(|(unit, _)| format!("unit {unit} was folded later and is not due"));
        let reads: BTreeSet<_> = self.reads.values().flatten().collect();
        let read = reads.into_iter().filter(|read| {
            let folded = self.folded.get(&Subject::Person(read.person));
            folded.is_some_and(|folded| late(&Subject::Household(read.household), *folded))
        });
        let read = read.map(|read| {
            let (unit, person) = (read.household, read.person);
            format!("unit h:{unit} reads p:{person}, folded later, and is not due")
        });
        own.chain(read).collect()
    }
}

/// The desk it lies on.
pub(super) fn desk(row: &AlertRow) -> DivisionCode {
    row.township.unwrap_or(row.county)
}

fn records(logged: &Logged) -> impl Iterator<Item = &SealedRecord> {
    let writes = logged.commit.writes.iter();
    writes.flat_map(|write| match write {
        Write::Records(rows) => rows.as_slice(),
        _ => &[],
    })
}

fn coverage(logged: &Logged) -> impl Iterator<Item = &Coverage> {
    let writes = logged.commit.writes.iter();
    writes.flat_map(|write| match write {
        Write::Coverage(rows) => rows.as_slice(),
        _ => &[],
    })
}
