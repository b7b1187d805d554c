//! `hearth simulate --horizon`: who enters and who leaves by date alone.

use std::collections::{BTreeMap, BTreeSet};

use api::simulations::ReadView;
use domain::authority::Grant;
use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::{Date, add_days};
use pipeline::Deps;
use pipeline::horizon::{Ahead, Crossed, DAYS_MAX, Example, Horizon, Question, horizon};
use serde_json::{Value as Json, json};
use std::sync::Arc;

use super::{SimulateArgs, positions, reasons, refused, town_name};
use crate::sentences;
use crate::terminal::say;

/// `90d`, or `90`.
pub(super) fn days(text: &str) -> Result<u16, String> {
    let number = text.strip_suffix('d').unwrap_or(text);
    let days = number.parse().ok();
    days.filter(|days| (1..=DAYS_MAX).contains(days))
        .ok_or_else(|| {
            format!("write 90d, from 1d to {DAYS_MAX}d; 请写天数，如 90d，1 至 {DAYS_MAX} 天")
        })
}

/// Judges everybody on every day and shows who crosses.
pub(super) async fn run(
    args: &SimulateArgs,
    deps: &Arc<Deps>,
    grant: &Grant,
    days: u16,
) -> anyhow::Result<()> {
    let question = Question {
        on: args.on,
        days,
        values: args.question(),
    };
    let answer = horizon(deps, grant, &question).await.map_err(refused)?;
    // Who is an example is shown with what the verdict rests on.
    let examples = answer.policies.values().flat_map(|ahead| &ahead.examples);
    let shown: BTreeSet<Subject> = examples
        .flat_map(|e| [e.change.unit, e.change.subject])
        .collect();
    if !shown.is_empty() {
        sentences::disclose(deps, grant, &shown).await?;
    }
    if args.json {
        say!("{}", view(args.on, days, &answer));
    } else {
        print(deps, args, days, &answer)?;
    }
    Ok(())
}

fn view(on: Date, days: u16, answer: &Horizon) -> Json {
    let counts = |c: Crossed| json!({ "entered": c.entered, "left": c.left, "opened": c.opened, "others": c.others });
    let example = |one: &Example| {
        let change = &one.change;
        json!({
            "on": change.on.to_string(), "unit": change.unit.to_string(), "subject": change.subject.to_string(),
            "township": change.township.map(|code| code.to_string()),
            "was": change.was.name(), "becomes": change.becomes.name(),
            "criteria": one.decision.as_ref().map(|decision| &decision.criteria),
        })
    };
    let policy = |(id, ahead): (&String, &Ahead)| {
        let by_day = ahead.by_day.iter().map(|((day, town), crossed)| {
            let mut row = counts(*crossed);
            row["on"] = json!(day.to_string());
            row["township"] = json!(town.map(|code| code.to_string()));
            row
        });
        json!({
            "policy": id, "met": ahead.met, "total": counts(ahead.total()),
            "days": by_day.collect::<Vec<_>>(),
            "examples": ahead.examples.iter().map(example).collect::<Vec<_>>(),
        })
    };
    json!({
        "on": on.to_string(), "until": add_days(on, i32::from(days)).to_string(),
        "units": answer.units, "through": ReadView::all(&answer.through), "left": answer.left,
        "policies": answer.policies.iter().map(policy).collect::<Vec<_>>(),
    })
}

fn print(deps: &Deps, args: &SimulateArgs, days: u16, answer: &Horizon) -> anyhow::Result<()> {
    let until = add_days(args.on, i32::from(days));
    say!(
        "未来变化 by date alone · {} 至 until {until} · {} 户/人 units",
        args.on,
        answer.units
    );
    positions(&answer.through)?;
    if answer.policies.is_empty() {
        say!("没有人因日期变化 nobody crosses by date alone");
    }
    for (id, ahead) in &answer.policies {
        print_policy(deps, args.on, id, ahead)?;
    }
    say!(
        "假定各名册按时再来、内容不变；只供参考，不作为认定或停发依据；未计入的政策 policies left out: {}",
        answer.left.len()
    );
    Ok(())
}

fn line(crossed: Crossed) -> String {
    let Crossed {
        entered,
        left,
        opened,
        others,
    } = crossed;
    format!(
        "进入 enter {entered} · 退出 leave {left} · 转待核实 open {opened} · 其他 other {others}"
    )
}

/// Weeks are counted from the day asked about.
fn print_policy(deps: &Deps, on: Date, id: &str, ahead: &Ahead) -> anyhow::Result<()> {
    const WEEK: i32 = 7;
    let policies = deps.policies();
    let policy = policies.policy(id);
    let title = policy.map_or(id, |policy| policy.title.zh.as_str());
    say!("{title} {id}");
    say!("  现符合 met {} · {}", ahead.met, line(ahead.total()));
    let mut weeks: BTreeMap<Date, BTreeMap<Option<DivisionCode>, Crossed>> = BTreeMap::new();
    let mut begin = add_days(on, 1);
    for ((day, town), crossed) in &ahead.by_day {
        while add_days(begin, WEEK) <= *day {
            begin = add_days(begin, WEEK);
        }
        *weeks.entry(begin).or_default().entry(*town).or_default() += *crossed;
    }
    for (begin, towns) in weeks {
        say!("  {begin} 至 {}", add_days(begin, WEEK - 1));
        for (town, crossed) in towns {
            say!("    {}: {}", town_name(deps, town, begin), line(crossed));
        }
    }
    for one in &ahead.examples {
        let change = &one.change;
        let (was, becomes) = (change.was.zh(), change.becomes.zh());
        say!("  {} {} {was} → {becomes}", change.on, change.unit);
        reasons(one.decision.as_deref())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::days;

    #[test]
    fn days_are_bounded_and_the_refusal_says_how() {
        assert_eq!(days("90d"), Ok(90));
        assert_eq!(days("366"), Ok(366));
        for wrong in ["0d", "367d", "d", "", "3w", "-1d", "99999999d"] {
            let told = days(wrong).unwrap_err();
            assert!(
                told.contains("1d") && told.contains("天数"),
                "{wrong}: {told}"
            );
        }
    }
}
