-- Reports of somebody in need as their reporters wrote them: what a reporter
-- asks about later. The record each became is in `records`.

create table leads (
    id blob not null primary key,
    person_id blob not null,
    officer_id blob not null,
    place text not null,
    at integer not null,
    sealed blob not null,
    commit_id integer not null references commits (id),
    row_no integer not null
) strict;

create index leads_commit on leads (commit_id, row_no);
