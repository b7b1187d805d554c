-- What was said, once: commits, imports, records, identities, keys.
-- Instants are microseconds (UTC), dates ISO text, divisions their digits.

create table settings (
    key text not null primary key,
    value text not null
) strict;

create table commits (
    id integer not null primary key,
    number integer unique,
    kind text not null check (kind in (
        'intake', 'apply', 'evaluate', 'dispatch', 'remind', 'action', 'disclosure', 'administration'
    )),
    partition text,
    at integer not null,
    actor text not null,
    import_id blob,
    record_count integer not null,
    to_apply integer not null check (to_apply in (0, 1)),
    entry blob not null
) strict;

create index commits_pending on commits (id) where number is null;
create index commits_to_apply on commits (partition, number) where to_apply;
create index commits_at on commits (at);

create table imports (
    id blob not null primary key,
    source text not null,
    dataset text not null,
    business_date text not null,
    sequence integer not null,
    scope text not null,
    as_of text,
    digest text not null,
    size integer not null,
    received_at integer not null,
    file_name text not null,
    uploader blob not null,
    state text not null check (state in ('receiving', 'received')),
    next_line integer not null,
    accepted integer not null,
    warned integer not null,
    held integer not null,
    rejected integer not null,
    commit_id integer not null references commits (id),
    unique (source, dataset, business_date, sequence)
) strict;

create index imports_received on imports (received_at);

create table import_rows (
    import_id blob not null references imports (id),
    line integer not null,
    outcome text not null check (outcome in ('accepted', 'warned', 'held', 'rejected')),
    notes text not null,
    raw blob,
    commit_id integer not null references commits (id),
    primary key (import_id, line)
) strict;

create index import_rows_commit on import_rows (commit_id);

create table records (
    commit_id integer not null references commits (id),
    row_no integer not null,
    subject_kind text not null check (subject_kind in ('h', 'p')),
    subject_id blob not null,
    kind text not null,
    source text not null,
    dataset text not null,
    key blob not null,
    business_date text not null,
    sequence integer not null,
    import_id blob not null,
    line integer not null,
    sealed blob not null,
    primary key (commit_id, row_no)
) strict;

create index records_subject on records (subject_id, subject_kind);

create table coverages (
    commit_id integer not null references commits (id),
    row_no integer not null,
    dataset text not null,
    part text,
    scope text not null,
    as_of text not null,
    month text,
    business_date text not null,
    sequence integer not null,
    import_id blob not null,
    unnamed_rows integer not null,
    primary key (commit_id, row_no)
) strict;

create table identities (
    person_id blob not null primary key,
    blind_index blob not null unique,
    sealed blob not null
) strict;

create table subject_keys (
    subject_id blob not null,
    subject_kind text not null check (subject_kind in ('h', 'p')),
    wrapped blob not null,
    primary key (subject_id, subject_kind)
) strict, without rowid;
