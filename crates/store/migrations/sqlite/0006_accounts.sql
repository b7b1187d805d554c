-- How people log in: accounts, sessions, what happened to them; new roles.

-- SQLite cannot change a check: officers are written again, and the tokens
-- that refer to them.
create table officers_kept (id blob, name text, role text, regions text, sources text,
    disabled_at integer) strict;
insert into officers_kept select id, name, role, regions, sources, disabled_at from officers;
create table tokens_kept (digest blob, officer_id blob, expires_at integer) strict;
insert into tokens_kept select digest, officer_id, expires_at from tokens;
drop table tokens;
drop table officers;

create table officers (
    id blob not null primary key,
    name text not null,
    role text not null check (role in (
        'caseworker', 'county_officer', 'importer', 'auditor', 'system_admin', 'security_admin',
        'village_contact'
    )),
    regions text not null,
    sources text not null,
    disabled_at integer
) strict;

create table tokens (
    digest blob not null primary key,
    officer_id blob not null references officers (id),
    expires_at integer
) strict;

insert into officers (id, name, role, regions, sources, disabled_at)
select id, name, role, regions, sources, disabled_at from officers_kept;
insert into tokens (digest, officer_id, expires_at)
select digest, officer_id, expires_at from tokens_kept;
drop table tokens_kept;
drop table officers_kept;

create table accounts (
    officer_id blob not null primary key references officers (id),
    login text not null unique,
    holder text not null,
    administers integer not null check (administers in (0, 1)),
    password text not null,
    totp blob,
    totp_step integer not null,
    recovery text not null,
    failed integer not null check (failed >= 0),
    locked_until integer,
    must_change integer not null check (must_change in (0, 1)),
    changed_at integer not null,
    version integer not null
) strict;

-- 三员分立: a person holds at most one account that administers.
create unique index accounts_administer on accounts (holder) where administers;

create table sessions (
    digest blob not null primary key,
    officer_id blob not null references accounts (officer_id),
    begun_at integer not null,
    seen_at integer not null,
    idle_until integer not null,
    ends_at integer not null,
    second integer not null check (second in (0, 1))
) strict;

create index sessions_officer on sessions (officer_id);

create table account_events (
    commit_id integer not null references commits (id),
    row_no integer not null,
    officer_id blob not null references officers (id),
    event text not null check (event in (
        'added', 'reset', 'locked', 'unlocked', 'disabled', 'logged_in', 'password_changed',
        'totp_set', 'recovery_made', 'recovery_used'
    )),
    by text not null,
    second_id blob,
    primary key (commit_id, row_no)
) strict;

create index account_events_officer on account_events (officer_id, commit_id);
