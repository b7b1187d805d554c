-- What lies on desks, in the order it is shown: a page reads as much of it as it
-- shows, however much is closed or waits in the backlog.
create index alerts_of_county on alerts (county, level desc, coalesce(due_on, '9999-12-31'), id)
    where work not in ('held', 'closed');
create index alerts_of_township on alerts (township, level desc, coalesce(due_on, '9999-12-31'), id)
    where work not in ('held', 'closed');
create index alerts_of_assist on alerts (assist, level desc, coalesce(due_on, '9999-12-31'), id)
    where work not in ('held', 'closed');

-- What people found, so that desks are counted without opening an alert.
alter table alerts add column found text check (found in ('true', 'untrue', 'unverifiable'));

-- What is counted, grouped as it is counted.
create index alerts_counted on alerts (
    county, township, policy, level, work, due_on, found, assist, confidential
) where work <> 'closed';
create index alerts_found on alerts (county, township, policy, work, found, assist, confidential)
    where found is not null and work = 'closed';
