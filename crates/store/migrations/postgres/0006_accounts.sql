-- How people log in: accounts, sessions, what happened to them; new roles.

alter table officers drop constraint officers_role_check;
alter table officers add constraint officers_role_check check (role in (
    'caseworker', 'county_officer', 'importer', 'auditor', 'system_admin', 'security_admin',
    'village_contact'
));

create table accounts (
    officer_id uuid not null primary key references officers (id),
    login text not null unique,
    holder text not null,
    administers boolean not null,
    password text not null,
    totp bytea,
    totp_step bigint not null,
    recovery text not null,
    failed bigint not null check (failed >= 0),
    locked_until bigint,
    must_change boolean not null,
    changed_at bigint not null,
    version bigint not null
);

-- 三员分立: a person holds at most one account that administers.
create unique index accounts_administer on accounts (holder) where administers;

create table sessions (
    digest bytea not null primary key,
    officer_id uuid not null references accounts (officer_id),
    begun_at bigint not null,
    seen_at bigint not null,
    idle_until bigint not null,
    ends_at bigint not null,
    second boolean not null
);

create index sessions_officer on sessions (officer_id);

create table account_events (
    commit_id bigint not null references commits (id),
    row_no bigint not null,
    officer_id uuid not null references officers (id),
    event text not null check (event in (
        'added', 'reset', 'locked', 'unlocked', 'disabled', 'logged_in', 'password_changed',
        'totp_set', 'recovery_made', 'recovery_used'
    )),
    by text not null,
    second_id uuid,
    primary key (commit_id, row_no)
);

create index account_events_officer on account_events (officer_id, commit_id);
