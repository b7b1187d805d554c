//! On a PostgreSQL server statements end after half a minute; what goes through all of
//! a large county may take longer.

use sqlx::{AssertSqlSafe, PgPool};
use testkit::pg;

/// Makes a table one that only a statement without a limit can read.
const HURRIED: &str = "
    create function is_unhurried() returns boolean stable language plpgsql as $$
    begin
        if current_setting('statement_timeout') <> '0' then
            raise exception 'ended after %', current_setting('statement_timeout');
        end if;
        return true;
    end $$;
    alter table TABLE rename to held;
    create view TABLE as select * from held where is_unhurried()";

/// `doctor`, `fsck` and the end of a restore ask for it.
#[tokio::test]
async fn a_check_takes_the_time_it_needs() {
    for table in ["folds", "due", "verdicts", "alerts"] {
        let Some(url) = pg::fresh_database().await else {
            return;
        };
        let store = store::open(&url, &[]).await.unwrap();
        let raw = PgPool::connect(&url).await.unwrap();
        let hurried = HURRIED.replace("TABLE", table);
        sqlx::raw_sql(AssertSqlSafe(hurried))
            .execute(&raw)
            .await
            .unwrap();
        let breaches = store.check().await.unwrap();
        assert_eq!(breaches, Vec::<String>::new(), "{table}");
        // Whoever is given the connection next has the limit again.
        let limited = store.statistics().await.expect_err("a limit");
        let limited = format!("{limited:?}");
        assert!(limited.contains("ended after 30s"), "{table}: {limited}");
    }
}
