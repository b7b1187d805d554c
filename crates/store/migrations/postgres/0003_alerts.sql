-- What people are told: verdicts, alerts with their decisions and actions, feeds.
-- Levels are 0 blue, 1 yellow, 2 orange, 3 red, so that they sort.

create table verdicts (
    subject_id uuid not null,
    subject_kind text not null check (subject_kind in ('h', 'p')),
    policy text not null,
    unit_kind text not null check (unit_kind in ('h', 'p')),
    unit_id uuid not null,
    version text not null,
    verdict text not null check (verdict in ('met', 'not_met', 'undetermined', 'not_applicable')),
    signal text not null check (signal in ('holds', 'gone', 'unknown')),
    fingerprint text,
    missing text not null,
    evaluated_on text not null,
    primary key (subject_id, subject_kind, policy)
);

create index verdicts_unit on verdicts (unit_id, unit_kind);

create table verdict_changes (
    commit_id bigint not null references commits (id),
    row_no bigint not null,
    unit_kind text not null,
    unit_id uuid not null,
    subject_kind text not null,
    subject_id uuid not null,
    policy text not null,
    version text not null,
    verdict text,
    signal text not null,
    fingerprint text,
    missing text not null,
    evaluated_on text not null,
    primary key (commit_id, row_no)
);

create table alerts (
    id uuid not null primary key,
    subject_kind text not null check (subject_kind in ('h', 'p')),
    subject_id uuid not null,
    unit_kind text not null check (unit_kind in ('h', 'p')),
    unit_id uuid not null,
    policy text not null,
    finding text not null check (finding in (
        'entitled_not_received', 'possibly_missed', 'lead', 'may_no_longer_qualify',
        'discrepancy', 'signal', 'duty'
    )),
    level bigint not null check (level between 0 and 3),
    partition text not null,
    county text not null,
    township text,
    assist text,
    condition text not null check (condition in ('holding', 'fading', 'cleared')),
    work text not null check (work in (
        'held', 'raised', 'acknowledged', 'verified', 'handled', 'closed'
    )),
    ended boolean not null,
    due_on text,
    look_on text,
    snoozed_until text,
    assignee uuid,
    opened_at bigint not null,
    changed_at bigint not null,
    version bigint not null,
    sealed bytea not null
);

create unique index alerts_episode on alerts (subject_id, subject_kind, policy) where not ended;
create index alerts_subject on alerts (subject_id, subject_kind, policy);
create index alerts_look on alerts (partition, look_on) where look_on is not null;
-- Lists, counts and dispatch read only this, never the sealed bodies.
create index alerts_desk on alerts (
    county, township, assist, work, level, due_on, policy,
    condition, snoozed_until, unit_kind, unit_id, partition, opened_at, id
);

create table actions (
    id uuid not null primary key,
    alert_id uuid not null references alerts (id),
    action text not null,
    officer_id uuid not null,
    at bigint not null,
    version bigint not null,
    sealed bytea not null,
    commit_id bigint not null references commits (id),
    row_no bigint not null
);

create index actions_alert on actions (alert_id, commit_id, row_no);
create index actions_commit on actions (commit_id, row_no);

create table decisions (
    id uuid not null primary key,
    alert_id uuid not null references alerts (id),
    subject_kind text not null check (subject_kind in ('h', 'p')),
    subject_id uuid not null,
    unit_kind text not null check (unit_kind in ('h', 'p')),
    unit_id uuid not null,
    policy text not null,
    evaluated_on text not null,
    known bigint not null,
    policy_set text not null,
    digest text not null,
    sealed bytea not null,
    commit_id bigint not null references commits (id),
    row_no bigint not null
);

create index decisions_alert on decisions (alert_id, commit_id, row_no);
create index decisions_commit on decisions (commit_id, row_no);

create table feed (
    oid bigint not null generated always as identity primary key,
    commit_id bigint not null references commits (id),
    feed text not null,
    kind text not null check (kind in (
        'raised', 'updated', 'cleared', 'released', 'moved_out', 'moved_in', 'closed', 'feed_closed'
    )),
    alert_id uuid not null,
    policy text not null,
    level bigint not null check (level between 0 and 3),
    due_on text,
    position bigint unique,
    number bigint,
    unique (feed, number)
);

create index feed_commit on feed (commit_id, oid);
create index feed_position on feed (feed, position);

create table feed_heads (
    feed text not null primary key,
    number bigint not null,
    position bigint not null
);
