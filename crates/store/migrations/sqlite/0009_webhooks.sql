-- Feeds sent to machines: who gets what, how far, and what has failed so far.

create table subscriptions (
    id blob not null primary key,
    owner_id blob not null,
    url text not null,
    region text not null,
    kinds text not null,
    policies text not null,
    level integer not null check (level between 0 and 3),
    secret blob not null,
    old_secret blob,
    old_until integer,
    ended text check (ended in ('gone')),
    cursor integer not null check (cursor >= 0),
    failures integer not null check (failures >= 0),
    paused_until integer,
    made_at integer not null,
    succeeded_at integer,
    failed_at integer,
    failure text,
    version integer not null,
    check ((old_secret is null) = (old_until is null)),
    check ((failed_at is null) = (failure is null))
) strict;

-- Entries of the feed at or before the cursor that did not arrive.
create table deliveries (
    subscription_id blob not null references subscriptions (id),
    position integer not null,
    attempts integer not null check (attempts > 0),
    first_at integer not null,
    last_at integer not null,
    next_at integer,
    failure text not null,
    status integer,
    primary key (subscription_id, position)
) strict, without rowid;

create index deliveries_next on deliveries (subscription_id, next_at) where next_at is not null;
