#!/usr/bin/env python3
"""The twelve frozen rules by engines in other languages, over the households
that `benches/engine` judges in the same run.

    python3 benches/engine/frozen/others.py [households]

asks cargo for ours, which writes the population a file per column, and then
whichever of these it finds: OpenFisca-Core, polars, duckdb (Python packages), and
PostgreSQL where psycopg is there and DATABASE_URL names a server on this machine.
What is missing is said and left out. The bits of every household are compared
before anything is told; tables, frames and simulations are made once and not
counted. Processor time, medians of five passes.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

UNKNOWN = np.iinfo(np.int64).min
PASSES = 5
MEMBERS = ["income", "bill", "bill_days", "age", "grade", "parents", "deceased", "receiving", "student"]
HOMES = ["standard", "deposits", "area", "vehicle_value", "expense", "paid", "houses", "vehicles"]


def population(folder):
    """Columns of homes and of members, by name; members know the number of their home."""
    def column(name):
        found = next(folder.glob(f"{name}.*"))
        return np.fromfile(found, dtype="<" + found.suffix[1:])

    homes = {name: column(name) for name in HOMES}
    members = {name: column(f"m_{name}") for name in MEMBERS}
    size = column("size").astype(np.int64)
    homes["home"] = np.arange(len(size), dtype=np.int64)
    members["home"] = np.repeat(homes["home"], size)
    return homes, members, column("met")


def median(work, clock=time.process_time):
    """Nanoseconds of processor time of the middle pass."""
    costs = []
    for _ in range(PASSES):
        before = clock()
        work()
        costs.append(clock() - before)
    return sorted(costs)[PASSES // 2] * 1e9


def bits(rules):
    """One number for each home, of the twelve in order."""
    met = np.zeros(len(rules[0]), dtype=np.uint16)
    for n, rule in enumerate(rules):
        met |= rule.astype(np.uint16) << n
    return met


# One query for DuckDB and PostgreSQL; what is not known is null.
SQL = """
with sums as (
  select home,
    sum(case when not deceased then 1 else 0 end) as n,
    sum(case when not deceased then coalesce(income, 0) else 0 end) as income,
    sum(case when bill_days <= 365 then bill else 0 end) as bills,
    sum(case when not deceased and student and age >= 16 then 1 else 0 end) as students,
    bool_or(not deceased and (grade is null or grade in (1, 2))) as may_be_severe,
    bool_or(deceased and receiving) as dead_paid,
    bool_or(not deceased and age < 18 and parents = 2 and not receiving) as orphan,
    bool_and(deceased or age >= 80) as all_old,
    bool_or(not deceased and age >= 18 and age < 60 and not student
      and (grade is null or grade not in (1, 2))) as may_work
  from members group by home),
disabled as (
  select members.home,
    bool_or(not deceased and age >= 18 and grade in (1, 2) and income < 2 * standard) as disabled
  from members join homes on homes.home = members.home group by members.home)
select homes.home,
  (case when n > 0 and income < standard * n then 1 else 0 end)
  + (case when income >= standard * n and 2 * income < 3 * standard * n
      and deposits <= 36 * standard * n then 2 else 0 end)
  + (case when paid and (deposits > 24 * standard * n or houses > 2
      or (houses = 2 and area > 5000 * n)) then 4 else 0 end)
  + (case when paid and (vehicles >= 2 or vehicle_value > 60 * standard)
      and not may_be_severe then 8 else 0 end)
  + (case when 5 * expense > 36 * income and income < 2 * standard * n then 16 else 0 end)
  + (case when disabled then 32 else 0 end)
  + (case when orphan then 64 else 0 end)
  + (case when bills > 36 * standard and 2 * bills > 12 * income then 128 else 0 end)
  + (case when dead_paid then 256 else 0 end)
  + (case when n > 0 and all_old then 512 else 0 end)
  + (case when students >= 2 and income < 2 * standard * n then 1024 else 0 end)
  + (case when n > 0 and not may_work and income < 2 * standard * n and not paid
      then 2048 else 0 end) as met
from homes join sums on sums.home = homes.home join disabled on disabled.home = homes.home
"""
TRUTH = {"paid", "deceased", "receiving", "student"}
NULLS = {"deposits", "area", "vehicle_value", "expense", "income"}


def in_order(homes, met):
    """Bits by number of home, of rows in any order."""
    out = np.zeros(len(homes), dtype=np.uint16)
    out[homes] = met
    return out


def duck(homes, members, expected):
    import duckdb

    con = duckdb.connect()

    def shown(name):
        if name in TRUTH:
            return f"{name} = 1 as {name}"
        if name in NULLS:
            return f"nullif({name}, {UNKNOWN}) as {name}"
        return f"nullif({name}, 255) as {name}" if name == "grade" else name

    for table, columns in [("homes", homes), ("members", members)]:
        con.register("raw", columns)
        con.execute(f"create table {table} as select {', '.join(map(shown, columns))} from raw")
        con.unregister("raw")
    found = con.execute(SQL).fetchnumpy()
    assert (in_order(found["home"], found["met"]) == expected).all(), "DuckDB judges otherwise"
    yield f"DuckDB {duckdb.__version__}", median(lambda: con.execute(SQL).fetchnumpy())


def frames(homes, members, expected):
    import polars as pl

    def frame(columns):
        made = pl.DataFrame(columns)
        made = made.with_columns([pl.col(name) == 1 for name in TRUTH & set(columns)])
        return made.with_columns(
            [pl.col(name).replace(UNKNOWN, None) for name in NULLS & set(columns)]
            + ([pl.col("grade").replace(255, None)] if "grade" in columns else [])
        )

    of_homes, of_members = frame(homes), frame(members)
    col, lit = pl.col, pl.lit
    alive, adult = ~col("deceased"), col("age") >= 18
    severe = (col("grade") == 1) | (col("grade") == 2)
    no = pl.Expr.fill_null

    def query():
        standards = of_homes.lazy().select("home", "standard")
        people = of_members.lazy().join(standards, on="home")
        sums = people.group_by("home").agg(
            alive.sum().cast(pl.Int64).alias("n"),
            col("income").filter(alive).sum().alias("income"),
            col("bill").filter(col("bill_days") <= 365).sum().alias("bills"),
            (alive & col("student") & (col("age") >= 16)).sum().alias("students"),
            (alive & no(severe, True)).any().alias("may_be_severe"),
            no(alive & adult & severe & (col("income") < 2 * col("standard")), False).any().alias("disabled"),
            (alive & ~adult & (col("parents") == 2) & ~col("receiving")).any().alias("orphan"),
            (col("deceased") & col("receiving")).any().alias("dead_paid"),
            (col("deceased") | (col("age") >= 80)).all().alias("all_old"),
            (alive & adult & (col("age") < 60) & ~col("student") & ~no(severe, False)).any().alias("may_work"),
        )
        line = col("standard") * col("n")
        poor = col("income") < 2 * line
        rules = [
            (col("n") > 0) & (col("income") < line),
            (col("income") >= line) & (2 * col("income") < 3 * line) & (col("deposits") <= 36 * line),
            col("paid")
            & (
                no(col("deposits") > 24 * line, False)
                | (col("houses") > 2)
                | ((col("houses") == 2) & no(col("area") > 5000 * col("n"), False))
            ),
            col("paid")
            & ((col("vehicles") >= 2) | no(col("vehicle_value") > 60 * col("standard"), False))
            & ~col("may_be_severe"),
            (5 * col("expense") > 36 * col("income")) & poor,
            col("disabled"),
            col("orphan"),
            (col("bills") > 36 * col("standard")) & (2 * col("bills") > 12 * col("income")),
            col("dead_paid"),
            (col("n") > 0) & col("all_old"),
            (col("students") >= 2) & poor,
            (col("n") > 0) & ~col("may_work") & poor & ~col("paid"),
        ]
        met = [no(rule, False).cast(pl.UInt16) * lit(1 << n, pl.UInt16) for n, rule in enumerate(rules)]
        joined = of_homes.lazy().join(sums, on="home")
        return joined.select("home", pl.sum_horizontal(met).alias("met"))

    for name, engine in [("streaming", "streaming"), ("in memory", "in-memory")]:
        found = query().collect(engine=engine)
        found = in_order(found["home"].to_numpy(), found["met"].to_numpy())
        assert (found == expected).all(), f"Polars {name} judges otherwise"
        yield f"Polars {pl.__version__}, lazy, {name}", median(lambda: query().collect(engine=engine))


def fisca(homes, members, expected):
    from importlib.metadata import version

    from openfisca_core.entities import Entity, GroupEntity
    from openfisca_core.periods import DateUnit
    from openfisca_core.simulations import SimulationBuilder
    from openfisca_core.taxbenefitsystems import TaxBenefitSystem
    from openfisca_core.variables import Variable

    person = Entity("person", "persons", "", "")
    household = GroupEntity("household", "households", "", "", roles=[{"key": "member"}])
    system = TaxBenefitSystem([person, household])
    when = "2026-11"

    def variable(name, entity, kind, formula=None):
        body = {"value_type": kind, "entity": entity, "definition_period": DateUnit.MONTH, "label": name}
        if formula:
            body["formula"] = formula
        system.add_variable(type(name, (Variable,), body))

    inputs = {}
    for entity, columns, prefix in [(household, homes, ""), (person, members, "m_")]:
        for name, values in columns.items():
            if name == "home":
                continue
            known = values != (UNKNOWN if values.dtype.itemsize == 8 else 255)
            kind = bool if name in TRUTH else int
            inputs[prefix + name] = np.where(known, values, 0).astype(bool if kind is bool else np.int32)
            variable(prefix + name, entity, kind)
            if name in NULLS or name == "grade":
                inputs[f"{prefix}{name}_known"] = known
                variable(f"{prefix}{name}_known", entity, bool)

    def of(entity, period):
        return lambda name: entity(name, period)

    def line(h, p):
        return h("standard", p) * h("n", p)

    def severe(h, p):
        get = of(h.members, p)
        return get("m_grade_known") & ((get("m_grade") == 1) | (get("m_grade") == 2))

    def maker(f):
        # The system reads the names of a formula's arguments.
        def formula(household, period):
            return f(household, period, of(household.members, period))

        return formula

    alive = "m_deceased"
    sums = {
        "n": (int, lambda h, p, m: h.sum(~m(alive))),
        "income": (int, lambda h, p, m: h.sum(np.where(m(alive), 0, m("m_income")))),
        "bills": (int, lambda h, p, m: h.sum(np.where(m("m_bill_days") <= 365, m("m_bill"), 0))),
        "students": (int, lambda h, p, m: h.sum(~m(alive) & m("m_student") & (m("m_age") >= 16))),
        "may_be_severe": (bool, lambda h, p, m: h.any(~m(alive) & (severe(h, p) | ~m("m_grade_known")))),
        "may_work": (
            bool,
            lambda h, p, m: h.any(
                ~m(alive) & (m("m_age") >= 18) & (m("m_age") < 60) & ~m("m_student") & ~severe(h, p)
            ),
        ),
        "poor": (bool, lambda h, p, m: h("income", p) < 2 * line(h, p)),
    }
    rules = [
        lambda h, p, m: (h("n", p) > 0) & (h("income", p) < line(h, p)),
        lambda h, p, m: (h("income", p) >= line(h, p))
        & (2 * h("income", p) < 3 * line(h, p))
        & h("deposits_known", p)
        & (h("deposits", p) <= 36 * line(h, p)),
        lambda h, p, m: h("paid", p)
        & (
            (h("deposits_known", p) & (h("deposits", p) > 24 * line(h, p)))
            | (h("houses", p) > 2)
            | ((h("houses", p) == 2) & h("area_known", p) & (h("area", p) > 5000 * h("n", p)))
        ),
        lambda h, p, m: h("paid", p)
        & ((h("vehicles", p) >= 2) | (h("vehicle_value_known", p) & (h("vehicle_value", p) > 60 * h("standard", p))))
        & ~h("may_be_severe", p),
        lambda h, p, m: h("expense_known", p) & (5 * h("expense", p) > 36 * h("income", p)) & h("poor", p),
        lambda h, p, m: h.any(
            ~m(alive)
            & (m("m_age") >= 18)
            & severe(h, p)
            & m("m_income_known")
            & (m("m_income") < 2 * h.project(h("standard", p)))
        ),
        lambda h, p, m: h.any(~m(alive) & (m("m_age") < 18) & (m("m_parents") == 2) & ~m("m_receiving")),
        lambda h, p, m: (h("bills", p) > 36 * h("standard", p)) & (2 * h("bills", p) > 12 * h("income", p)),
        lambda h, p, m: h.any(m(alive) & m("m_receiving")),
        lambda h, p, m: (h("n", p) > 0) & h.all(m(alive) | (m("m_age") >= 80)),
        lambda h, p, m: (h("students", p) >= 2) & h("poor", p),
        lambda h, p, m: (h("n", p) > 0) & ~h("may_work", p) & h("poor", p) & ~h("paid", p),
    ]
    for name, (kind, f) in sums.items():
        variable(name, household, kind, maker(f))
    for n, f in enumerate(rules):
        variable(f"rule_{n}", household, bool, maker(f))

    def simulation():
        builder = SimulationBuilder()
        builder.create_entities(system)
        builder.declare_person_entity("person", np.arange(len(members["home"])))
        made = builder.declare_entity("household", homes["home"])
        builder.join_with_persons(made, members["home"], np.full(len(members["home"]), "member"))
        built = builder.build(system)
        for name, values in inputs.items():
            built.set_input(name, when, values)
        return built

    costs = []
    for _ in range(PASSES):
        built = simulation()
        before = time.process_time()
        found = [built.calculate(f"rule_{n}", when) for n in range(len(rules))]
        costs.append((time.process_time() - before) * 1e9)
        assert (bits(found) == expected).all(), "OpenFisca judges otherwise"
    yield f"OpenFisca-Core {version('openfisca-core')}, calculate only", sorted(costs)[PASSES // 2]


def postgres(homes, members, expected):
    import psycopg

    url = os.environ.get("DATABASE_URL")
    if not url:
        raise ImportError("DATABASE_URL is not set")
    with psycopg.connect(url) as con:
        ticks = os.sysconf("SC_CLK_TCK")
        stat = Path(f"/proc/{con.info.backend_pid}/stat")

        def clock():
            """Seconds of processor time of the server process that answers."""
            fields = stat.read_text().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / ticks

        con.execute("set max_parallel_workers_per_gather = 0")
        con.execute("set work_mem = '512MB'")
        for table, columns in [("homes", homes), ("members", members)]:
            types = [f"{n} {'boolean' if n in TRUTH else 'bigint'}" for n in columns]
            con.execute(f"create temporary table {table} ({', '.join(types)})")
            with con.cursor().copy(f"copy {table} from stdin") as copy:
                for row in zip(*[values.tolist() for values in columns.values()]):
                    known = [
                        None if v == UNKNOWN or (n == "grade" and v == 255) else bool(v) if n in TRUTH else v
                        for n, v in zip(columns, row)
                    ]
                    copy.write_row(known)
            con.execute(f"analyze {table}")
        found = np.array(con.execute(SQL).fetchall(), dtype=np.int64)
        assert (in_order(found[:, 0], found[:, 1]) == expected).all(), "PostgreSQL judges otherwise"
        into = f"create temporary table flags as {SQL}"

        def work():
            con.execute("drop table if exists flags")
            con.execute(into)

        number = con.execute("show server_version").fetchone()[0].split()[0]
        yield f"PostgreSQL {number}, flags into a table, one worker", median(work, clock)


def main():
    households = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        ours = ["cargo", "run", "--release", "-p", "benches", "--bin", "engine", "--"]
        subprocess.run([*ours, "frozen", str(households), folder], check=True)
        folder = Path(folder)
        homes, members, expected = population(folder)
        hearth, anew = map(float, (folder / "hearth.txt").read_text().split())
        told = [
            ("Hearth, from policy files, one thread, the next day", hearth),
            ("the same, each day under other standards", anew),
        ]
        for engine in [fisca, frames, duck, postgres]:
            try:
                told += [(name, cost / households) for name, cost in engine(homes, members, expected)]
            except ImportError as missing:
                print(f"left out: {engine.__name__}: {missing}")
    print("| engine | ns of processor per household | Hearth is × faster |\n|---|---|---|")
    for name, nanoseconds in told:
        print(f"| {name} | {nanoseconds:,.0f} | {nanoseconds / hearth:.1f} |")


if __name__ == "__main__":
    main()
