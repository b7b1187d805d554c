-- Rows that officers disputed, as tasks of the source that sent them.

create table corrections (
    action_id blob not null primary key references actions (id),
    import_id blob not null references imports (id),
    line integer not null,
    subject_kind text not null check (subject_kind in ('h', 'p')),
    subject_id blob not null,
    kind text not null,
    key blob not null,
    business_date text not null,
    sequence integer not null,
    at integer not null,
    reason blob,
    commit_id integer not null references commits (id)
) strict;

create index corrections_import on corrections (import_id);
create index corrections_at on corrections (at);
create index corrections_commit on corrections (commit_id);
