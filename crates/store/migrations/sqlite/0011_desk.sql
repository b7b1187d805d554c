-- What a desk needs between two pages: who has an alert open, what was typed when
-- a session ended, whose work an alert is. No row here proves anything; all of
-- them are forgotten when they run out.

create table presences (
    alert_id blob not null,
    officer_id blob not null,
    since integer not null,
    held_until integer not null,
    primary key (alert_id, officer_id)
) strict, without rowid;

create index presences_until on presences (held_until);

create table drafts (
    officer_id blob not null,
    alert_id blob not null,
    sealed blob not null,
    expires_at integer not null,
    primary key (officer_id, alert_id)
) strict, without rowid;

create index drafts_expire on drafts (expires_at);

-- Lists are asked for by assignee too, and still read no sealed body.
drop index alerts_desk;
create index alerts_desk on alerts (
    county, township, assist, work, level, due_on, policy,
    condition, snoozed_until, unit_kind, unit_id, partition, opened_at, assignee, id
);
