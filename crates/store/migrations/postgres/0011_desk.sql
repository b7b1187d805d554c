-- What a desk needs between two pages: who has an alert open, what was typed when
-- a session ended, whose work an alert is. No row here proves anything; all of
-- them are forgotten when they run out.

create table presences (
    alert_id uuid not null,
    officer_id uuid not null,
    since bigint not null,
    held_until bigint not null,
    primary key (alert_id, officer_id)
);

create index presences_until on presences (held_until);

create table drafts (
    officer_id uuid not null,
    alert_id uuid not null,
    sealed bytea not null,
    expires_at bigint not null,
    primary key (officer_id, alert_id)
);

create index drafts_expire on drafts (expires_at);

-- Lists are asked for by assignee too, and still read no sealed body.
drop index alerts_desk;
create index alerts_desk on alerts (
    county, township, assist, work, level, due_on, policy,
    condition, snoozed_until, unit_kind, unit_id, partition, opened_at, assignee, id
);
