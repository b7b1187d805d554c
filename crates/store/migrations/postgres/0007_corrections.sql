-- Rows that officers disputed, as tasks of the source that sent them.

create table corrections (
    action_id uuid not null primary key references actions (id),
    import_id uuid not null references imports (id),
    line bigint not null,
    subject_kind text not null check (subject_kind in ('h', 'p')),
    subject_id uuid not null,
    kind text not null,
    key bytea not null,
    business_date text not null,
    sequence bigint not null,
    at bigint not null,
    reason bytea,
    commit_id bigint not null references commits (id)
);

create index corrections_import on corrections (import_id);
create index corrections_at on corrections (at);
create index corrections_commit on corrections (commit_id);

alter table corrections enable row level security;
alter table corrections force row level security;
create policy scope on corrections using (
    (select current_setting('app.scope', true)) = '%'
    or exists (select from imports i where i.id = import_id)
);
