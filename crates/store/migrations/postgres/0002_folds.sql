-- What was made of it: folds, who reads whom, who may see whom, what is due.

create table checkpoints (
    partition text not null,
    step text not null,
    commit_id bigint not null references commits (id),
    position bigint not null,
    primary key (partition, step, commit_id)
);

create table folds (
    subject_id uuid not null,
    subject_kind text not null check (subject_kind in ('h', 'p')),
    partition text not null,
    version bigint not null,
    sealed bytea not null,
    commit_id bigint not null references commits (id),
    primary key (subject_id, subject_kind)
);

-- `of_person` is whose fold says so; a parent's row is caused by the child's.
create table reads (
    of_person uuid not null,
    person_id uuid not null,
    household_id uuid not null,
    why text not null check (why in ('member', 'parent', 'obligor', 'grant')),
    primary key (of_person, person_id, household_id, why)
);

create index reads_person on reads (person_id, household_id, why);
create index reads_household on reads (household_id, person_id, why);

create table access (
    subject_kind text not null check (subject_kind in ('h', 'p')),
    subject_id uuid not null,
    region text not null,
    valid_from text,
    valid_to text,
    why text not null check (why in ('responsible'))
);

create index access_subject on access (subject_kind, subject_id, region, valid_from, valid_to);

-- `version` is the id of the commit that marked it last: never used twice, so
-- a mark made while it was being evaluated is not cleared by that evaluation.
create table due (
    unit_kind text not null check (unit_kind in ('h', 'p')),
    unit_id uuid not null,
    partition text not null,
    version bigint not null,
    primary key (unit_kind, unit_id)
);

create table units (
    unit_kind text not null check (unit_kind in ('h', 'p')),
    unit_id uuid not null,
    partition text not null,
    evaluated_on text not null,
    next_change_on text,
    policy_set text not null,
    commit_id bigint not null references commits (id),
    primary key (unit_kind, unit_id)
);
