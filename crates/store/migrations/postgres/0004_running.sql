-- What proves and what runs: ledger heads, disclosures, officers, leases.

create table heads (
    id bigint not null primary key check (id = 1),
    number bigint not null,
    position bigint not null,
    frontier bytea not null
);

create table ledger_roots (
    size bigint not null primary key,
    root bytea not null,
    at bigint not null
);

create table disclosures (
    commit_id bigint not null references commits (id),
    row_no bigint not null,
    officer_id uuid not null,
    operation text not null,
    purpose text not null,
    request text not null,
    primary key (commit_id, row_no)
);

create table disclosed_subjects (
    commit_id bigint not null,
    row_no bigint not null,
    subject_no bigint not null,
    pseudonym bytea not null,
    primary key (commit_id, row_no, subject_no),
    foreign key (commit_id, row_no) references disclosures (commit_id, row_no)
);

create index disclosed_subjects_pseudonym on disclosed_subjects (pseudonym, commit_id, row_no);

create table officers (
    id uuid not null primary key,
    name text not null,
    role text not null check (role in ('caseworker', 'county_officer', 'importer', 'auditor')),
    regions text not null,
    sources text not null,
    disabled_at bigint
);

create table tokens (
    digest bytea not null primary key,
    officer_id uuid not null references officers (id),
    expires_at bigint
);

create table answers (
    principal uuid not null,
    route text not null,
    key text not null,
    fingerprint text not null,
    status bigint not null,
    body text not null,
    at bigint not null,
    primary key (principal, route, key)
);

create index answers_at on answers (at);

create table leases (
    partition text not null,
    step text not null,
    epoch bigint not null,
    holder text not null,
    held_until bigint not null,
    primary key (partition, step)
);

create table runs (
    commit_id bigint not null references commits (id),
    row_no bigint not null,
    evaluated_on text not null,
    mode text not null,
    policy_set text not null,
    counts text not null,
    primary key (commit_id, row_no)
);
