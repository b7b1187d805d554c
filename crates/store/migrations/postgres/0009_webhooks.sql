-- Feeds sent to machines: who gets what, how far, and what has failed so far.

create table subscriptions (
    id uuid not null primary key,
    owner_id uuid not null,
    url text not null,
    region text not null,
    kinds text not null,
    policies text not null,
    level bigint not null check (level between 0 and 3),
    secret bytea not null,
    old_secret bytea,
    old_until bigint,
    ended text check (ended in ('gone')),
    cursor bigint not null check (cursor >= 0),
    failures bigint not null check (failures >= 0),
    paused_until bigint,
    made_at bigint not null,
    succeeded_at bigint,
    failed_at bigint,
    failure text,
    version bigint not null,
    check ((old_secret is null) = (old_until is null)),
    check ((failed_at is null) = (failure is null))
);

-- Entries of the feed at or before the cursor that did not arrive.
create table deliveries (
    subscription_id uuid not null references subscriptions (id),
    position bigint not null,
    attempts bigint not null check (attempts > 0),
    first_at bigint not null,
    last_at bigint not null,
    next_at bigint,
    failure text not null,
    status bigint,
    primary key (subscription_id, position)
);

create index deliveries_next on deliveries (subscription_id, next_at) where next_at is not null;

-- The second lock, as in 0005_scope.
alter table subscriptions enable row level security;
alter table subscriptions force row level security;
create policy scope on subscriptions using (
    region like any ((select string_to_array(current_setting('app.scope', true), ','))::text[])
);

alter table deliveries enable row level security;
alter table deliveries force row level security;
create policy scope on deliveries using (
    (select current_setting('app.scope', true)) = '%'
    or exists (select from subscriptions s where s.id = subscription_id)
);
