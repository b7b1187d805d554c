-- Values proposed for parameters and what a second person said of them.

create table parameter_proposals (
    commit_id integer not null references commits (id),
    row_no integer not null,
    id blob not null unique,
    region text not null,
    proposed text not null,
    by_id blob not null references officers (id),
    at integer not null,
    primary key (commit_id, row_no)
) strict;

-- Numbered without a hole: who reviews has seen every review before.
create table parameter_reviews (
    commit_id integer not null references commits (id),
    row_no integer not null,
    number integer not null unique check (number > 0),
    proposal_id blob not null unique references parameter_proposals (id),
    approved integer not null check (approved in (0, 1)),
    words text not null,
    by_id blob not null references officers (id),
    at integer not null,
    primary key (commit_id, row_no)
) strict;

create index runs_evaluated on runs (evaluated_on, commit_id);
