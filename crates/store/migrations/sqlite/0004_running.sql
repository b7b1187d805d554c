-- What proves and what runs: ledger heads, disclosures, officers, leases.

create table heads (
    id integer not null primary key check (id = 1),
    number integer not null,
    position integer not null,
    frontier blob not null
) strict;

create table ledger_roots (
    size integer not null primary key,
    root blob not null,
    at integer not null
) strict;

create table disclosures (
    commit_id integer not null references commits (id),
    row_no integer not null,
    officer_id blob not null,
    operation text not null,
    purpose text not null,
    request text not null,
    primary key (commit_id, row_no)
) strict;

create table disclosed_subjects (
    commit_id integer not null,
    row_no integer not null,
    subject_no integer not null,
    pseudonym blob not null,
    primary key (commit_id, row_no, subject_no),
    foreign key (commit_id, row_no) references disclosures (commit_id, row_no)
) strict, without rowid;

create index disclosed_subjects_pseudonym on disclosed_subjects (pseudonym, commit_id, row_no);

create table officers (
    id blob not null primary key,
    name text not null,
    role text not null check (role in ('caseworker', 'county_officer', 'importer', 'auditor')),
    regions text not null,
    sources text not null,
    disabled_at integer
) strict;

create table tokens (
    digest blob not null primary key,
    officer_id blob not null references officers (id),
    expires_at integer
) strict;

create table answers (
    principal blob not null,
    route text not null,
    key text not null,
    fingerprint text not null,
    status integer not null,
    body text not null,
    at integer not null,
    primary key (principal, route, key)
) strict;

create index answers_at on answers (at);

create table leases (
    partition text not null,
    step text not null,
    epoch integer not null,
    holder text not null,
    held_until integer not null,
    primary key (partition, step)
) strict;

create table runs (
    commit_id integer not null references commits (id),
    row_no integer not null,
    evaluated_on text not null,
    mode text not null,
    policy_set text not null,
    counts text not null,
    primary key (commit_id, row_no)
) strict;
