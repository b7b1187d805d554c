//! One contract, every store: each behaviour is a function that is given a
//! fresh store, run for every kind of store by the macros below.

mod accounts;
mod alerts;
pub(crate) mod backend;
pub(crate) mod build;
mod commits;
mod corrections;
mod desk;
mod evaluation;
mod feeds;
mod folding;
mod hammer;
mod imports;
mod kept;
mod leads;
mod ledger;
mod officers;
mod parameters;
mod people;
mod running;
mod server;
mod subscriptions;
mod unhurried;

use store::commit::{CommitKind, SubjectKeyRow, Write};

/// Runs behaviours on a fresh store of a kind. Those named under `backend` open
/// it themselves.
macro_rules! conformance {
    ($kind:ident: $($file:ident: $($behaviour:ident),+; $([$($reopening:ident),+])?)+) => {
        mod $kind {
            $(
                mod $file {
                    use crate::store::backend::Backend;
                    use crate::store::$file;

                    $(
                        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                        async fn $behaviour() {
                            if let Some(backend) = Backend::$kind().await {
                                $file::$behaviour(backend.open().await).await;
                            }
                        }
                    )+
                    $($(
                        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                        async fn $reopening() {
                            if let Some(backend) = Backend::$kind().await {
                                $file::$reopening(&backend).await;
                            }
                        }
                    )+)?
                }
            )+
        }
    };
}

/// The same without those that open the store again: memory does not outlive it.
macro_rules! conformance_in_memory {
    ($kind:ident: $($file:ident: $($behaviour:ident),+; $([$($reopening:ident),+])?)+) => {
        conformance! { $kind: $($file: $($behaviour),+;)+ }
    };
}

macro_rules! on_every_store {
    ($($behaviours:tt)+) => {
        conformance! { sqlite: $($behaviours)+ }
        conformance! { postgres: $($behaviours)+ }
        conformance_in_memory! { model: $($behaviours)+ }
        conformance_in_memory! { sequenced_model: $($behaviours)+ }
    };
}

on_every_store! {
    commits:
        commits_are_numbered_without_a_hole,
        a_failing_guard_writes_nothing,
        a_failing_import_guard_writes_nothing,
        a_failing_checkpoint_guard_writes_nothing,
        a_stale_epoch_is_fenced,
        a_repeated_request_gets_the_stored_answer,
        an_idempotency_key_serves_one_request,
        an_answer_is_kept_for_three_days,
        a_group_is_taken_whole_or_not_at_all,
        publishing_again_does_nothing,
        the_order_of_writes_in_a_commit_does_not_matter;
    kept:
        an_alert_kept_for_some_does_not_exist_for_others,
        what_becomes_kept_takes_its_decisions_with_it,
        each_line_of_a_feed_is_numbered_by_itself,
        every_role_is_stored,
        an_export_is_its_owners_and_its_deciders,
        an_export_is_decided_once;
    imports:
        an_import_stands_where_it_was_left,
        a_natural_key_is_taken_once,
        what_was_received_stays_received,
        imports_are_listed_newest_first,
        kept_rows_are_paged_in_line_order,
        importers_see_their_own_sources,
        imports_of_other_places_do_not_exist;
    corrections:
        a_source_sees_what_is_asked_of_it,
        a_task_is_answered_by_a_later_revision,
        an_action_makes_one_task;
    folding:
        intake_comes_in_whole_commits,
        an_import_still_receiving_holds_back_what_follows,
        officers_records_are_intake,
        intake_of_other_partitions_is_theirs,
        a_backlog_is_what_waits,
        whom_commits_name_is_known_without_their_records,
        records_between_two_numbers_are_of_one_partition,
        a_checkpoint_is_known_as_of_a_number,
        folds_are_replaced,
        another_key_for_a_subject_is_a_conflict,
        reads_are_replaced_by_their_cause,
        coverage_is_known_through_a_number,
        records_are_known_through_a_number;
    evaluation:
        due_units_come_in_unit_order,
        a_mark_made_meanwhile_is_not_cleared,
        whoever_lives_in_a_household_is_not_due_alone,
        a_unit_is_due_where_it_is_folded,
        units_are_revisited_by_date_and_policy_set,
        verdicts_are_replaced_and_removed,
        a_verdict_moves_in_one_commit,
        the_latest_alert_of_a_policy_is_found,
        held_alerts_come_by_desk_level_and_age,
        raised_alerts_are_counted_per_desk,
        alerts_are_looked_at_on_their_day;
    alerts:
        an_alert_reads_back_whole,
        a_policy_has_one_open_episode_of_a_subject,
        an_episode_may_follow_another_in_one_commit,
        an_alert_never_goes_back_to_a_version,
        alerts_of_other_desks_do_not_exist,
        lists_begin_with_the_most_pressing,
        lists_are_filtered,
        counts_are_of_the_grants_desks,
        desks_stand_as_counted,
        timelines_are_of_the_grants_desks,
        decisions_are_of_the_grants_desks,
        decisions_are_read_where_the_subject_was;
    feeds:
        numbers_have_no_hole,
        feeds_of_other_places_do_not_exist,
        a_page_is_the_next_entries_of_all_feeds,
        every_entry_is_followed_once_while_writers_write;
    people:
        access_has_dates_and_regions,
        access_is_replaced,
        subjects_are_listed_in_id_order,
        a_person_is_found_by_index_where_covered,
        an_identity_is_kept_as_first_written,
        an_erased_key_is_gone;
    leads:
        leads_are_listed_newest_first_where_covered,
        a_reporter_sees_its_own_leads_only;
        [a_changed_lead_is_found]
    officers:
        a_token_lives_until_it_ends,
        a_disabled_officer_stays_disabled,
        colleagues_are_those_of_one_place;
    desk:
        who_has_an_alert_open_is_told_to_the_others,
        a_draft_is_its_officers_until_it_runs_out;
    accounts:
        an_account_reads_back_whole,
        no_count_of_an_account_is_lost,
        a_login_name_is_one_persons,
        a_person_holds_one_account_that_administers,
        a_session_lives_until_it_ends,
        an_ended_session_is_not_seen_again,
        a_subject_is_one_accounts, an_idle_session_still_has_its_owner,
        events_are_told_newest_first;
        [a_changed_event_is_found]
    parameters:
        a_proposal_reads_back_with_its_review,
        approved_values_come_in_the_order_of_their_reviews,
        a_proposal_is_reviewed_once_and_in_turn,
        a_release_and_an_approval_are_not_both_taken,
        proposals_of_other_places_do_not_exist,
        runs_are_of_the_grants_counties;
        [a_changed_proposal_is_found]
    subscriptions:
        a_subscription_reads_back_whole,
        no_step_of_a_subscription_is_lost,
        subscriptions_of_other_places_do_not_exist,
        what_failed_is_tried_when_it_is_due,
        what_arrived_is_forgotten,
        a_disabled_owner_is_sent_nothing,
        a_delivery_of_nothing_is_a_breach;
    ledger:
        roots_are_of_the_entries,
        an_event_is_the_same_leaf_in_every_store,
        one_root_of_an_hour_is_kept,
        disclosures_are_found_newest_first;
        [a_changed_row_is_found, everything_is_there_after_opening_again]
    running:
        a_lease_has_one_holder,
        partitions_are_those_of_which_something_was_told,
        a_run_is_counted_in_the_ledger,
        a_setting_is_replaced,
        totals_add_up,
        a_lost_due_mark_is_a_breach,
        a_verdict_without_ground_is_a_breach,
        an_alert_without_decision_is_a_breach;
        [a_store_keeps_its_own_settings, holes_are_breaches, what_was_lost_behind_the_store_is_a_breach]
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let backend = backend::Backend::sqlite().await.unwrap();
    let open = backend.open().await;
    let refused = store::open(&backend.url(), &[]).await;
    assert!(matches!(refused, Err(store::StoreError::Held)));
    drop(open);
    assert!(store::open(&backend.url(), &[]).await.is_ok());
}

#[tokio::test]
async fn an_erased_key_is_in_no_file() {
    let backend = backend::Backend::sqlite().await.unwrap();
    let store = backend.open().await;
    let wrapped = b"a wrapped key that will have to go";
    let key = SubjectKeyRow {
        subject: build::p(1),
        wrapped: wrapped.to_vec(),
    };
    let writes = vec![Write::SubjectKeys(vec![key])];
    build::put(&store, CommitKind::Intake, writes).await;
    assert!(backend.holds(wrapped));
    let erased = vec![Write::KeyErased(build::p(1))];
    build::put(&store, CommitKind::Administration, erased).await;
    assert!(!backend.holds(wrapped));
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let backend = backend::Backend::sqlite().await.unwrap();
    drop(backend.open().await);
    let newer = "insert into _sqlx_migrations (version, description, success, checksum,
        execution_time) values (999, 'later', true, x'00', 0)";
    backend.tamper(newer).await;
    let refused = store::open(&backend.url(), &[]).await;
    let newer = matches!(refused, Err(store::StoreError::Newer { found: 999, .. }));
    assert!(newer);
}

#[test]
fn every_method_is_in_the_suite() {
    let contract = include_str!("../../../crates/store/src/lib.rs");
    let suite = [
        include_str!("accounts.rs"),
        include_str!("alerts.rs"),
        include_str!("build.rs"),
        include_str!("commits.rs"),
        include_str!("corrections.rs"),
        include_str!("desk.rs"),
        include_str!("evaluation.rs"),
        include_str!("feeds.rs"),
        include_str!("folding.rs"),
        include_str!("imports.rs"),
        include_str!("leads.rs"),
        include_str!("kept.rs"),
        include_str!("ledger.rs"),
        include_str!("officers.rs"),
        include_str!("parameters.rs"),
        include_str!("people.rs"),
        include_str!("running.rs"),
        include_str!("subscriptions.rs"),
    ];
    let methods: Vec<&str> = contract
        .split("    async fn ")
        .skip(1)
        .filter_map(|rest| rest.split('(').next())
        .collect();
    assert!(methods.len() > 45, "{methods:?}");
    for method in methods {
        let call = format!(".{method}(");
        // rustfmt may put the arguments of a long call on their own lines.
        let called = suite.iter().any(|file| file.contains(&call));
        assert!(called, "no behaviour calls `{method}`");
    }
}
