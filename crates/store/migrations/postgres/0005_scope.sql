-- The second lock. Every query carries its own condition on regions; should
-- one forget it, these policies still show only rows of the transaction's
-- scope: `app.scope`, patterns of division codes such as `320412%,320411100%`.
-- Steps see everything: `%`. Without a scope nothing is seen. The owner is
-- bound too; a superuser is not, and the program refuses to run as one.

alter table imports enable row level security;
alter table imports force row level security;
create policy scope on imports using (
    scope like any ((select string_to_array(current_setting('app.scope', true), ','))::text[])
);

alter table import_rows enable row level security;
alter table import_rows force row level security;
create policy scope on import_rows using (
    (select current_setting('app.scope', true)) = '%'
    or exists (select from imports i where i.id = import_id)
);

alter table access enable row level security;
alter table access force row level security;
create policy scope on access using (
    region like any ((select string_to_array(current_setting('app.scope', true), ','))::text[])
);

alter table alerts enable row level security;
alter table alerts force row level security;
-- A county or wider covers what its bureau answers for, a township what lies on
-- its desk or what it assists with.
create policy scope on alerts using (
    county like any ((select string_to_array(current_setting('app.scope', true), ','))::text[])
    or township || '%'
        = any ((select string_to_array(current_setting('app.scope', true), ','))::text[])
    or assist || '%'
        = any ((select string_to_array(current_setting('app.scope', true), ','))::text[])
);

alter table actions enable row level security;
alter table actions force row level security;
create policy scope on actions using (
    (select current_setting('app.scope', true)) = '%'
    or exists (select from alerts a where a.id = alert_id)
);

-- The desk of the alert, or a place that answers for the subject.
alter table decisions enable row level security;
alter table decisions force row level security;
create policy scope on decisions using (
    (select current_setting('app.scope', true)) = '%'
    or exists (select from alerts a where a.id = alert_id)
    or exists (
        select from access s
        where s.subject_id = decisions.subject_id and s.subject_kind = decisions.subject_kind
    )
);

alter table feed enable row level security;
alter table feed force row level security;
create policy scope on feed using (
    feed like any ((select string_to_array(current_setting('app.scope', true), ','))::text[])
);
