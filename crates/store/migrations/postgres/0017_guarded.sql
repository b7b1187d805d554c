-- What judging everybody before and after said of a value that was approved, as
-- JSON; nothing for rejections and for approvals from before.
alter table parameter_reviews add column guarded text;
