-- What is kept from part of its desk, and exports that a second person releases.

alter table alerts add column confidential text not null default 'ordinary'
    check (confidential in ('ordinary', 'children'));
-- Follows its alert; who may see a decision is not part of what was decided.
alter table decisions add column confidential text not null default 'ordinary'
    check (confidential in ('ordinary', 'children'));

-- Lists, counts and dispatch read only this, never the sealed bodies. Work comes
-- first: nearly all that is stored is closed, and nearly no question is about that.
drop index alerts_desk;
create index alerts_desk on alerts (
    work, county, township, assist, level, due_on, policy, condition, snoozed_until, unit_kind,
    unit_id, partition, opened_at, assignee, confidential, id
);

-- New roles.
alter table officers drop constraint officers_role_check;
alter table officers add constraint officers_role_check check (role in (
    'caseworker', 'county_officer', 'importer', 'auditor', 'system_admin', 'security_admin',
    'village_contact', 'children_officer', 'policy_officer'
));

-- The second lock knows it too: `app.knows`, patterns of names; without it only
-- the ordinary is seen. A kept line of a feed is named `320412100/children`.
drop policy scope on alerts;
create policy scope on alerts using (
    confidential like any ((select string_to_array(
        coalesce(nullif(current_setting('app.knows', true), ''), 'ordinary'), ','
    ))::text[])
    and (
        county like any ((select string_to_array(current_setting('app.scope', true), ','))::text[])
        or township || '%'
            = any ((select string_to_array(current_setting('app.scope', true), ','))::text[])
        or assist || '%'
            = any ((select string_to_array(current_setting('app.scope', true), ','))::text[])
    )
);

drop policy scope on decisions;
create policy scope on decisions using (
    confidential like any ((select string_to_array(
        coalesce(nullif(current_setting('app.knows', true), ''), 'ordinary'), ','
    ))::text[])
    and (
        (select current_setting('app.scope', true)) = '%'
        or exists (select from alerts a where a.id = alert_id)
        or exists (
            select from access s
            where s.subject_id = decisions.subject_id and s.subject_kind = decisions.subject_kind
        )
    )
);

drop policy scope on feed;
create policy scope on feed using (
    feed like any ((select string_to_array(current_setting('app.scope', true), ','))::text[])
    and coalesce(nullif(split_part(feed, '/', 2), ''), 'ordinary')
        like any ((select string_to_array(
            coalesce(nullif(current_setting('app.knows', true), ''), 'ordinary'), ','
        ))::text[])
);

-- An export that asks for a second person. Codes of places and schemes, no
-- person; the file itself is never stored.
create table exports (
    id uuid not null primary key,
    officer_id uuid not null,
    county text not null,
    filter text not null,
    purpose text not null,
    families bigint not null check (families > 0),
    at bigint not null,
    commit_id bigint not null references commits (id),
    row_no bigint not null
);

create index exports_commit on exports (commit_id, row_no);
create index exports_officer on exports (officer_id, at);
create index exports_county on exports (county, at);

create table export_events (
    commit_id bigint not null references commits (id),
    row_no bigint not null,
    export_id uuid not null references exports (id),
    event text not null check (event in ('approved', 'refused', 'downloaded')),
    officer_id uuid not null,
    at bigint not null,
    primary key (commit_id, row_no)
);

create index export_events_export on export_events (export_id, commit_id, row_no);
-- One decision each.
create unique index export_events_decided on export_events (export_id)
    where event in ('approved', 'refused');
