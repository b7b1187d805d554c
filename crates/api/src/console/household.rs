//! A household as pages show it: members with 计入/保障 and why not, the rows
//! it is known from with source and date, grants by month.

use std::collections::{BTreeMap, BTreeSet};

use domain::authority::{Officer, Role};
use domain::code;
use domain::dictionary::Kind;
use domain::household::{Completeness, Facts, Item};
use domain::ids::{PersonId, Subject};
use domain::record::Origin;
use domain::region::DivisionCode;
use domain::time::Month;
use pipeline::act::DisputedRecord;
use pipeline::people::UnitView;
use pipeline::register::{Family, Member, NextCheck, NoCheckDate};

use super::words;
use crate::app::App;

/// Months of grants shown.
const MONTHS_MAX: usize = 12;
/// Rows shown of one household.
const ROWS_MAX: usize = 400;

/// One member's line.
pub(super) struct MemberLine {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kinship: &'static str,
    pub(super) sex_age: String,
    pub(super) counted: &'static str,
    pub(super) covered: &'static str,
    pub(super) reason: &'static str,
    pub(super) phone: String,
    pub(super) died: String,
}

/// One fact with where it came from.
pub(super) struct FactLine {
    pub(super) who: String,
    pub(super) kind: &'static str,
    pub(super) words: String,
    pub(super) list: String,
    pub(super) told_on: String,
    pub(super) line: String,
    pub(super) disagreed: bool,
    /// The record as JSON, to dispute it; empty where it is not told.
    pub(super) record: String,
}

/// Grants of one month.
pub(super) struct MonthLine {
    pub(super) month: String,
    pub(super) grants: Vec<GrantCell>,
}

/// One payment.
pub(super) struct GrantCell {
    pub(super) who: String,
    pub(super) item: String,
    pub(super) paid: String,
    pub(super) status: &'static str,
}

/// Lists that do not tell, for this household.
pub(super) struct Gap {
    pub(super) kind: &'static str,
    pub(super) why: &'static str,
}

/// A household for a page.
pub(super) struct Household {
    pub(super) family: Family,
    pub(super) members: Vec<MemberLine>,
    pub(super) linked: Vec<String>,
    pub(super) size: usize,
    pub(super) counted: usize,
    pub(super) covered: usize,
    pub(super) places: String,
    pub(super) schemes: String,
    pub(super) checked: String,
    pub(super) next_check: String,
    pub(super) valid_until: String,
    pub(super) facts: Vec<FactLine>,
    pub(super) facts_hidden: usize,
    pub(super) months: Vec<MonthLine>,
    pub(super) gaps: Vec<Gap>,
    pub(super) known: i64,
    pub(super) on: String,
}

/// Where a unit's page is.
pub(super) fn link(unit: Subject) -> String {
    match unit {
        Subject::Household(id) => format!("/families/{id}"),
        Subject::Person(id) => format!("/persons/{id}"),
    }
}

/// The page's view. With `rows`, only facts of those rows are listed.
pub(super) fn view(
    app: &App,
    view: &UnitView,
    rows: Option<&[Origin]>,
    reader: &Officer,
) -> Household {
    let mask = reader.role == Role::Auditor;
    let household = &view.household;
    let policies = app.deps.policies();
    let family = Family::of(household, &view.identities, policies.parameters());
    let name_of = |id: PersonId| {
        let name = view.identities.get(&id).and_then(|body| body.text("name"));
        let name = name.map_or_else(|| "（姓名未登记）".to_owned(), words::short);
        if mask { vault::mask::name(&name) } else { name }
    };
    let member = |member: &Member| {
        let facts = household.person(member.id).map(|person| &person.facts);
        member_line(member, name_of(member.id), facts)
    };
    let members = family.members.iter().map(member).collect();
    let ours: BTreeSet<PersonId> = family.members.iter().map(|m| m.id).collect();
    let linked = household.people.iter().filter(|p| !ours.contains(&p.id));
    let linked = linked.map(|person| name_of(person.id)).collect();
    let place = |code: DivisionCode| app.deps.divisions.name(code, household.on);
    let mut facts = fact_lines(view, rows, reader, &place, &name_of);
    let facts_hidden = facts.len().saturating_sub(ROWS_MAX);
    facts.truncate(ROWS_MAX);
    let places = match (household.hukou.map(place), household.residence.map(place)) {
        (Some(hukou), Some(residence)) if hukou != residence => {
            format!("户籍 {hukou}，现住 {residence}")
        }
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => "未登记".to_owned(),
    };
    let schemes: Vec<&str> = family.schemes.iter().map(|s| code::SCHEME.zh(s)).collect();
    Household {
        members,
        linked,
        size: family.members.len(),
        counted: count(&family, |m| m.counted),
        covered: count(&family, |m| m.covered),
        places,
        schemes: if schemes.is_empty() {
            "无".to_owned()
        } else {
            schemes.join("、")
        },
        checked: checked(&family),
        next_check: next_check(family.next_check),
        valid_until: family
            .valid_until
            .map_or_else(|| "未登记".to_owned(), |day| day.to_string()),
        facts,
        facts_hidden,
        months: months(household, &name_of),
        gaps: gaps(household),
        known: view.known,
        on: household.on.to_string(),
        family,
    }
}

/// The facts of everyone in the view, with where they came from.
fn fact_lines(
    view: &UnitView,
    rows: Option<&[Origin]>,
    reader: &Officer,
    place: &dyn Fn(DivisionCode) -> String,
    name_of: &dyn Fn(PersonId) -> String,
) -> Vec<FactLine> {
    let household = &view.household;
    let wanted: Option<BTreeSet<Origin>> = rows.map(|rows| rows.iter().copied().collect());
    let identities = view.identities.values();
    let names: Vec<&str> = identities.filter_map(|body| body.text("name")).collect();
    let told = Told {
        wanted: wanted.as_ref(),
        place,
        reader,
        names: &names,
    };
    let house = (household.unit, "本户".to_owned(), &household.facts);
    let everyone = household.people.iter().map(|person| {
        let subject = Subject::Person(person.id);
        (subject, name_of(person.id), &person.facts)
    });
    let mut lines = Vec::new();
    for (subject, who, known) in std::iter::once(house).chain(everyone) {
        told.collect(subject, &who, known, &mut lines);
    }
    lines
}

/// The last periodic check in words.
pub(super) fn checked(family: &Family) -> String {
    let class = family.check_class.map(|c| code::CHECK_CLASS.zh(c));
    match (family.checked_on, class) {
        (Some(on), Some(class)) => format!("{on}（{class}）"),
        (Some(on), None) => on.to_string(),
        (None, Some(class)) => format!("未登记（{class}）"),
        (None, None) => "未登记".to_owned(),
    }
}

/// The next periodic check in words; what is not known says why.
pub(super) fn next_check(next: NextCheck) -> String {
    match next {
        NextCheck::On(day) => day.to_string(),
        NextCheck::Unknown(why) => format!("未知（{}）", no_check_date(why)),
    }
}

const fn no_check_date(why: NoCheckDate) -> &'static str {
    match why {
        NoCheckDate::NoRule => "该类别未录核查周期",
        NoCheckDate::NeverChecked => "没有核查记录",
        NoCheckDate::NoClass => "核查类别未登记",
        NoCheckDate::Unset => "本地未设核查周期参数",
    }
}

fn count(family: &Family, flag: impl Fn(&Member) -> Option<bool>) -> usize {
    let said = family.members.iter().filter(|m| flag(m) == Some(true));
    said.count()
}

pub(super) const fn yes(flag: Option<bool>) -> &'static str {
    match flag {
        Some(true) => "是",
        Some(false) => "否",
        None => "未登记",
    }
}

/// `男，44岁`, as far as it is told.
pub(super) fn sex_age(member: &Member) -> String {
    let sex = member.sex.map_or("性别未登记", |s| code::SEX.zh(s));
    match member.age {
        Some(age) => format!("{sex}，{age}岁"),
        None => format!("{sex}，年龄未登记"),
    }
}

fn member_line(member: &Member, name: String, facts: Option<&Facts>) -> MemberLine {
    let deaths = facts.and_then(|facts| facts.get(&Kind::Death));
    let died = deaths.into_iter().flat_map(|list| &list.items).map(|item| {
        let on = item.body.date("died_on");
        let on = on.map_or_else(|| "日期不详".to_owned(), |on| on.to_string());
        format!("{}登记死亡 {on}", source(item.source.as_str()))
    });
    MemberLine {
        id: member.id.to_string(),
        name,
        kinship: member.kinship.map_or("未登记", |k| code::KINSHIP.zh(k)),
        sex_age: sex_age(member),
        counted: yes(member.counted),
        covered: yes(member.covered),
        reason: member
            .not_counted_reason
            .map_or("", |reason| code::NOT_COUNTED.zh(reason)),
        phone: member
            .phone
            .as_deref()
            .map_or_else(String::new, vault::mask::phone),
        died: died.collect::<Vec<_>>().join("；"),
    }
}

fn source(name: &str) -> &str {
    match name {
        "police" => "公安",
        "funeral" => "殡葬",
        "medical" => "医保",
        "civil" => "民政",
        "disability" => "残联",
        "payments" => "金民",
        "officer" => "经办人",
        other => other,
    }
}

/// Which facts are told, and to whom.
struct Told<'a> {
    wanted: Option<&'a BTreeSet<Origin>>,
    place: &'a dyn Fn(DivisionCode) -> String,
    reader: &'a Officer,
    names: &'a [&'a str],
}

impl Told<'_> {
    fn collect(&self, subject: Subject, who: &str, facts: &Facts, lines: &mut Vec<FactLine>) {
        let may = self.reader.role.level();
        for (kind, list) in facts {
            let takes = |item: &&Item| self.wanted.is_none_or(|rows| rows.contains(&item.origin));
            let mut items = list.items.iter().filter(takes);
            if kind.def().level() <= may {
                let told = items.filter_map(|item| self.line(subject, who, *kind, item));
                lines.extend(told);
            } else if *kind == Kind::RestrictedLiberty && items.next().is_some() {
                lines.push(restricted(who));
            }
        }
    }

    fn line(&self, subject: Subject, who: &str, kind: Kind, item: &Item) -> Option<FactLine> {
        let words = words::fields(&item.body, self.place, &|text| match self.reader.role {
            Role::Auditor => vault::reread::masked(text, self.names),
            _ => text.to_owned(),
        });
        let record = DisputedRecord {
            subject,
            fact: kind.def().name.to_owned(),
            key: item.key,
            revision: item.revision,
        };
        (!words.is_empty()).then(|| FactLine {
            who: who.to_owned(),
            kind: kind.def().zh,
            words,
            list: words::dataset(item.dataset.as_str()),
            told_on: item.revision.business_date.to_string(),
            line: item.origin.line.to_string(),
            disagreed: item.disagreed,
            record: serde_json::to_string(&record).unwrap_or_default(),
        })
    }
}

/// One line however much there is, and nothing that tells what: neither the
/// kind nor the list, its day or its record.
fn restricted(who: &str) -> FactLine {
    FactLine {
        who: who.to_owned(),
        kind: "其他",
        words: crate::people::RESTRICTED.to_owned(),
        list: String::new(),
        told_on: String::new(),
        line: String::new(),
        disagreed: false,
        record: String::new(),
    }
}

fn months(
    household: &domain::household::Household,
    name_of: &impl Fn(PersonId) -> String,
) -> Vec<MonthLine> {
    let mut by_month: BTreeMap<Month, Vec<GrantCell>> = BTreeMap::new();
    for person in &household.people {
        let grants = person.facts.get(&Kind::Grant);
        for item in grants.into_iter().flat_map(|list| &list.items) {
            let Some(month) = item.body.month("month") else {
                continue;
            };
            let paid = item.body.money("paid");
            let sub = item.body.code("sub_item").map(|s| code::SUB_SCHEME.zh(s));
            let name = item
                .body
                .code("item")
                .map_or("", |i| code::GRANT_ITEM.zh(i));
            by_month.entry(month).or_default().push(GrantCell {
                who: name_of(person.id),
                item: sub.map_or_else(|| name.to_owned(), |sub| format!("{name}·{sub}")),
                paid: paid.map_or_else(
                    || "金额未登记".to_owned(),
                    |money| format!("{}元", money.yuan_grouped()),
                ),
                status: item
                    .body
                    .code("status")
                    .map_or("状态未登记", |s| code::GRANT_STATUS.zh(s)),
            });
        }
    }
    let latest = by_month.into_iter().rev().take(MONTHS_MAX);
    latest
        .map(|(month, grants)| MonthLine {
            month: month.to_string(),
            grants,
        })
        .collect()
}

fn gaps(household: &domain::household::Household) -> Vec<Gap> {
    let mut gaps: BTreeMap<Kind, &'static str> = BTreeMap::new();
    let members = household.members().map(|person| &person.facts);
    for facts in std::iter::once(&household.facts).chain(members) {
        for (kind, list) in facts {
            if let Completeness::Open(why) = list.completeness {
                gaps.insert(*kind, words::why_unknown(why));
            }
        }
    }
    let gap = |(kind, why): (Kind, &'static str)| Gap {
        kind: kind.def().zh,
        why,
    };
    gaps.into_iter().map(gap).collect()
}

#[cfg(test)]
mod tests {
    use domain::dictionary::Sensitivity;

    use super::*;
    use crate::people::tests::{in_custody, officer};

    #[test]
    fn who_is_not_told_of_custody_reads_one_line_that_tells_nothing() {
        let person = PersonId::from_uuid(uuid::Uuid::from_u128(7));
        let (facts, names) = (in_custody(2), Vec::new());
        let lines = |role: Role, facts: &Facts| {
            let reader = officer(role);
            let told = Told {
                wanted: None,
                place: &|code| code.to_string(),
                reader: &reader,
                names: &names,
            };
            let mut lines = Vec::new();
            told.collect(Subject::Person(person), "王某", facts, &mut lines);
            lines
        };
        let shown = |line: &FactLine| {
            [
                line.kind,
                &line.words,
                &line.list,
                &line.told_on,
                &line.line,
                &line.record,
            ]
            .join("|")
        };
        for role in Role::ALL {
            let told = lines(role, &facts);
            if role.level() == Sensitivity::L4 {
                assert_eq!(told.len(), 2, "{role:?}");
                assert!(shown(&told[0]).contains("监狱"), "{}", shown(&told[0]));
            } else {
                let told: Vec<String> = told.iter().map(shown).collect();
                assert_eq!(told, ["其他|另有限制情形，由专人掌握||||"], "{role:?}");
            }
            assert!(lines(role, &in_custody(0)).is_empty(), "{role:?}");
        }
    }
}
