//! Polars, lazily: homes, people, incomes and settlements as four frames, made
//! once and not counted, one query for all five. Which schemes a household is
//! in stands in three columns of truth values, where the others search a list.

use polars::prelude::*;

use crate::flat::{Figures, Home, UNKNOWN};

pub(crate) struct Frames {
    homes: DataFrame,
    people: DataFrame,
    incomes: DataFrame,
    settled: DataFrame,
}

fn size(n: usize) -> u32 {
    u32::try_from(n).expect("few")
}

impl Frames {
    pub(crate) fn of(homes: &[Home], figures: &Figures) -> PolarsResult<Frames> {
        let recognised = |schemes: u8| -> Vec<bool> {
            homes.iter().map(|h| h.recognised & schemes != 0).collect()
        };
        let every = || {
            homes
                .iter()
                .enumerate()
                .flat_map(|(n, h)| h.people.iter().map(move |p| (n, p)))
        };
        let of_homes = df!(
            "home" => (0..size(homes.len())).collect::<Vec<u32>>(),
            "low" => recognised(figures.low_income),
            "excluded" => recognised(figures.excluded),
            "extreme" => recognised(figures.extreme),
            "recognised_open" => homes.iter().map(|h| h.recognised_open).collect::<Vec<bool>>(),
            "within" => homes.iter().map(|h| h.within).collect::<Vec<Option<bool>>>(),
            "whole" => homes.iter().map(|h| h.whole_family).collect::<Vec<bool>>(),
        )?;
        let of_people = df!(
            "person" => (0..size(every().count())).collect::<Vec<u32>>(),
            "home" => every().map(|(n, _)| size(n)).collect::<Vec<u32>>(),
            "deaths" => every().map(|(_, p)| p.deaths).collect::<Vec<u8>>(),
            "incomes_open" => every().map(|(_, p)| p.incomes_open).collect::<Vec<bool>>(),
            "settled_open" => every().map(|(_, p)| p.settled_open).collect::<Vec<bool>>(),
        )?;
        let incomes = every()
            .enumerate()
            .flat_map(|(n, (_, p))| p.incomes.iter().map(move |i| (size(n), *i)));
        let incomes: Vec<_> = incomes.collect();
        let fen = |fen| (fen != UNKNOWN).then_some(fen);
        let of_incomes = df!(
            "person" => incomes.iter().map(|(n, _)| *n).collect::<Vec<u32>>(),
            "counts" => incomes.iter().map(|(_, i)| figures.exempt >> i.class & 1 == 0).collect::<Vec<bool>>(),
            "fen" => incomes.iter().map(|(_, i)| fen(i.fen)).collect::<Vec<Option<i64>>>(),
        )?;
        let settled = every()
            .enumerate()
            .flat_map(|(n, (_, p))| p.settled.iter().map(move |s| (size(n), *s)));
        let settled: Vec<_> = settled.collect();
        let of_settled = df!(
            "person" => settled.iter().map(|(n, _)| *n).collect::<Vec<u32>>(),
            "day" => settled.iter().map(|(_, s)| s.day).collect::<Vec<i32>>(),
            "bill" => settled.iter().map(|(_, s)| s.fen).collect::<Vec<i64>>(),
        )?;
        Ok(Frames {
            homes: of_homes,
            people: of_people,
            incomes: of_incomes,
            settled: of_settled,
        })
    }

    /// The bits of 符合, in the order of the homes.
    pub(crate) fn judge(&self, figures: &Figures, engine: Engine) -> PolarsResult<Vec<u8>> {
        let met = self
            .query(figures)
            .collect_with_engine(engine)?
            .unwrap_single();
        let bits = met.column("met")?.u8()?;
        let homes = met.column("home")?.u32()?;
        let mut out = vec![0; met.height()];
        for (home, bits) in homes.into_no_null_iter().zip(bits.into_no_null_iter()) {
            out[home as usize] = bits;
        }
        Ok(out)
    }

    fn query(&self, figures: &Figures) -> LazyFrame {
        let counts = || col("counts");
        let incomes = self.incomes.clone().lazy().group_by([col("person")]).agg([
            col("fen").filter(counts()).sum().alias("one"),
            (col("fen").is_null().and(counts()))
                .any(true)
                .alias("one_unknown"),
            col("fen").sum().alias("total"),
            col("fen").is_null().any(true).alias("total_unknown"),
        ]);
        let in_window = col("day")
            .gt(lit(figures.after))
            .and(col("day").lt_eq(lit(figures.today)));
        let settled = self.settled.clone().lazy().filter(in_window);
        let settled = settled.group_by([col("person")]).agg([col("bill").sum()]);
        let left = JoinArgs::new(JoinType::Left);
        let people = self.people.clone().lazy();
        let people = people.join(incomes, [col("person")], [col("person")], left.clone());
        let people = people.join(settled, [col("person")], [col("person")], left.clone());
        let zero = |name: &str| col(name).fill_null(lit(0_i64));
        let no = |name: &str| col(name).fill_null(lit(false));
        let alive = || col("deaths").eq(lit(0_u8));
        let large = zero("bill")
            .gt(lit(figures.large_bill))
            .and(col("settled_open").not());
        let of_home = people.group_by([col("home")]).agg([
            alive().sum().cast(DataType::Int64).alias("n"),
            col("deaths").eq(lit(1_u8)).any(true).alias("unsure"),
            zero("one").filter(alive()).sum().alias("one"),
            col("incomes_open")
                .or(no("one_unknown"))
                .filter(alive())
                .any(true)
                .alias("one_unknown"),
            zero("total").filter(alive()).sum().alias("total"),
            col("incomes_open")
                .or(no("total_unknown"))
                .filter(alive())
                .any(true)
                .alias("total_unknown"),
            zero("bill").filter(alive()).sum().alias("bills"),
            col("settled_open")
                .filter(alive())
                .any(true)
                .alias("bills_unknown"),
            zero("bill").sum().alias("every"),
            col("settled_open").any(true).alias("every_unknown"),
            large.any(true).alias("large"),
        ]);
        let homes = self.homes.clone().lazy();
        let homes = homes.join(of_home, [col("home")], [col("home")], left);
        let met = policies(figures)
            .into_iter()
            .enumerate()
            .map(|(n, met)| met.fill_null(lit(false)).cast(DataType::UInt8) * lit(1_u8 << n));
        let met = met.reduce(|a, b| a + b).expect("five");
        homes.select([col("home"), met.alias("met")])
    }
}

fn policies(figures: &Figures) -> [Expr; 5] {
    let not = |name: &str| col(name).not();
    let line = || lit(figures.standard * 12) * col("n");
    let base = || not("unsure").and(col("n").gt(lit(0_i64)));
    let some = || {
        base()
            .and(not("extreme"))
            .and(not("one_unknown"))
            .and(col("within"))
    };
    let margin = (col("one") * lit(figures.multiple.1)).lt(line() * lit(figures.multiple.0));
    let share = (col("bills") * lit(figures.share.1)).gt(col("total") * lit(figures.share.0));
    let out = not("recognised_open").and(not("excluded"));
    let poor = not("total_unknown").and(col("total").lt(lit(figures.disposable) * col("n")));
    [
        some().and(col("one").lt(line())),
        some()
            .and(not("whole"))
            .and(col("one").gt_eq(line()))
            .and(margin),
        base()
            .and(out)
            .and(poor)
            .and(not("bills_unknown"))
            .and(share),
        col("low")
            .and(not("every_unknown"))
            .and(col("every").gt(lit(figures.low_income_bill))),
        not("low").and(not("recognised_open")).and(col("large")),
    ]
}
