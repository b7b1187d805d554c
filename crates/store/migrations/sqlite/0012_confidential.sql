-- What is kept from part of its desk, and exports that a second person releases.

alter table alerts add column confidential text not null default 'ordinary'
    check (confidential in ('ordinary', 'children'));
-- Follows its alert; who may see a decision is not part of what was decided.
alter table decisions add column confidential text not null default 'ordinary'
    check (confidential in ('ordinary', 'children'));

-- Lists, counts and dispatch read only this, never the sealed bodies. Work comes
-- first: nearly all that is stored is closed, and nearly no question is about that.
drop index alerts_desk;
create index alerts_desk on alerts (
    work, county, township, assist, level, due_on, policy, condition, snoozed_until, unit_kind,
    unit_id, partition, opened_at, assignee, confidential, id
);

-- New roles. SQLite cannot change a check: officers are written again while
-- the rows that refer to them wait.
pragma defer_foreign_keys = on;
create table officers_kept (id blob, name text, role text, regions text, sources text,
    disabled_at integer) strict;
insert into officers_kept select id, name, role, regions, sources, disabled_at from officers;
drop table officers;
create table officers (
    id blob not null primary key,
    name text not null,
    role text not null check (role in (
        'caseworker', 'county_officer', 'importer', 'auditor', 'system_admin', 'security_admin',
        'village_contact', 'children_officer', 'policy_officer'
    )),
    regions text not null,
    sources text not null,
    disabled_at integer
) strict;
insert into officers (id, name, role, regions, sources, disabled_at)
select id, name, role, regions, sources, disabled_at from officers_kept;
drop table officers_kept;

-- An export that asks for a second person. Codes of places and schemes, no
-- person; the file itself is never stored.
create table exports (
    id blob not null primary key,
    officer_id blob not null,
    county text not null,
    filter text not null,
    purpose text not null,
    families integer not null check (families > 0),
    at integer not null,
    commit_id integer not null references commits (id),
    row_no integer not null
) strict;

create index exports_commit on exports (commit_id, row_no);
create index exports_officer on exports (officer_id, at);
create index exports_county on exports (county, at);

create table export_events (
    commit_id integer not null references commits (id),
    row_no integer not null,
    export_id blob not null references exports (id),
    event text not null check (event in ('approved', 'refused', 'downloaded')),
    officer_id blob not null,
    at integer not null,
    primary key (commit_id, row_no)
) strict;

create index export_events_export on export_events (export_id, commit_id, row_no);
-- One decision each.
create unique index export_events_decided on export_events (export_id)
    where event in ('approved', 'refused');
