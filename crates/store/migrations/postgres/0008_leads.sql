-- Reports of somebody in need as their reporters wrote them: what a reporter
-- asks about later. The record each became is in `records`.

create table leads (
    id uuid not null primary key,
    person_id uuid not null,
    officer_id uuid not null,
    place text not null,
    at bigint not null,
    sealed bytea not null,
    commit_id bigint not null references commits (id),
    row_no bigint not null
);

create index leads_commit on leads (commit_id, row_no);

alter table leads enable row level security;
alter table leads force row level security;
create policy scope on leads using (
    place like any ((select string_to_array(current_setting('app.scope', true), ','))::text[])
);
