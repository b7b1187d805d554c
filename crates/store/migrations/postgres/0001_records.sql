-- What was said, once: commits, imports, records, identities, keys.
-- Instants are microseconds (UTC), dates ISO text, divisions their digits.

create table settings (
    key text not null primary key,
    value text not null
);

-- Drawn after the locks of a commit are held, one by one: with a cache, a later
-- commit on the same alert could draw an earlier id.
create sequence commit_ids as bigint cache 1;

create table commits (
    id bigint not null primary key,
    number bigint unique,
    kind text not null check (kind in (
        'intake', 'apply', 'evaluate', 'dispatch', 'remind', 'action', 'disclosure', 'administration'
    )),
    partition text,
    at bigint not null,
    actor text not null,
    import_id uuid,
    record_count bigint not null,
    to_apply boolean not null,
    entry bytea not null
);

create index commits_pending on commits (id) where number is null;
create index commits_to_apply on commits (partition, number) where to_apply;
create index commits_at on commits (at);

create table imports (
    id uuid not null primary key,
    source text not null,
    dataset text not null,
    business_date text not null,
    sequence bigint not null,
    scope text not null,
    as_of text,
    digest text not null,
    size bigint not null,
    received_at bigint not null,
    file_name text not null,
    uploader uuid not null,
    state text not null check (state in ('receiving', 'received')),
    next_line bigint not null,
    accepted bigint not null,
    warned bigint not null,
    held bigint not null,
    rejected bigint not null,
    commit_id bigint not null references commits (id),
    unique (source, dataset, business_date, sequence)
);

create index imports_received on imports (received_at);

create table import_rows (
    import_id uuid not null references imports (id),
    line bigint not null,
    outcome text not null check (outcome in ('accepted', 'warned', 'held', 'rejected')),
    notes text not null,
    raw bytea,
    commit_id bigint not null references commits (id),
    primary key (import_id, line)
);

create index import_rows_commit on import_rows (commit_id);

create table records (
    commit_id bigint not null references commits (id),
    row_no bigint not null,
    subject_kind text not null check (subject_kind in ('h', 'p')),
    subject_id uuid not null,
    kind text not null,
    source text not null,
    dataset text not null,
    key bytea not null,
    business_date text not null,
    sequence bigint not null,
    import_id uuid not null,
    line bigint not null,
    sealed bytea not null,
    primary key (commit_id, row_no)
);

create index records_subject on records (subject_id, subject_kind);

create table coverages (
    commit_id bigint not null references commits (id),
    row_no bigint not null,
    dataset text not null,
    part text,
    scope text not null,
    as_of text not null,
    month text,
    business_date text not null,
    sequence bigint not null,
    import_id uuid not null,
    unnamed_rows bigint not null,
    primary key (commit_id, row_no)
);

create table identities (
    person_id uuid not null primary key,
    blind_index bytea not null unique,
    sealed bytea not null
);

create table subject_keys (
    subject_id uuid not null,
    subject_kind text not null check (subject_kind in ('h', 'p')),
    wrapped bytea not null,
    primary key (subject_id, subject_kind)
);
