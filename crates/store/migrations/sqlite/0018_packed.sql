-- Folds are written packed from here on; those written before stay JSON and are
-- read as they are. A program that knows only JSON must not open this store.
select 1;
