-- Values proposed for parameters and what a second person said of them.

create table parameter_proposals (
    commit_id bigint not null references commits (id),
    row_no bigint not null,
    id uuid not null unique,
    region text not null,
    proposed text not null,
    by_id uuid not null references officers (id),
    at bigint not null,
    primary key (commit_id, row_no)
);

-- Numbered without a hole: who reviews has seen every review before.
create table parameter_reviews (
    commit_id bigint not null references commits (id),
    row_no bigint not null,
    number bigint not null unique check (number > 0),
    proposal_id uuid not null unique references parameter_proposals (id),
    approved boolean not null,
    words text not null,
    by_id uuid not null references officers (id),
    at bigint not null,
    primary key (commit_id, row_no)
);

create index runs_evaluated on runs (evaluated_on, commit_id);
