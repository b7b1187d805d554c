-- Values proposed for parameters and what a second person said of them; the
-- role that proposes.

-- SQLite cannot change a check: officers are written again. What refers to
-- them refers to nobody until the end of the transaction.
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
        'village_contact', 'policy_officer'
    )),
    regions text not null,
    sources text not null,
    disabled_at integer
) strict;

insert into officers (id, name, role, regions, sources, disabled_at)
select id, name, role, regions, sources, disabled_at from officers_kept;
drop table officers_kept;

create table parameter_proposals (
    commit_id integer not null references commits (id),
    row_no integer not null,
    id blob not null unique,
    region text not null,
    proposed text not null,
    by_id blob not null references officers (id),
    at integer not null,
    primary key (commit_id, row_no)
) strict;

-- Numbered without a hole: who reviews has seen every review before.
create table parameter_reviews (
    commit_id integer not null references commits (id),
    row_no integer not null,
    number integer not null unique check (number > 0),
    proposal_id blob not null unique references parameter_proposals (id),
    approved integer not null check (approved in (0, 1)),
    words text not null,
    by_id blob not null references officers (id),
    at integer not null,
    primary key (commit_id, row_no)
) strict;

create index runs_evaluated on runs (evaluated_on, commit_id);
