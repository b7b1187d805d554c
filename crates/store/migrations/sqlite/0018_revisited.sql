-- Whether anybody is to be looked at again today is asked at every step, of counties
-- of a million units: by the next day something changes, and by the stamp.
create index units_next_change on units (partition, next_change_on);
create index units_stamp on units (partition, policy_set);

-- Folds are written packed from here on; those written before stay JSON and are
-- read as they are. A program that knows only JSON must not open this store.
