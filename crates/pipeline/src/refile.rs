//! The register as 民政 itself told it, in the columns of its own list, so that
//! an exported file can be corrected in a spreadsheet and sent again.
//!
//! Only what the civil list said is written: what another department told must
//! not come back as the bureau's own word. A household of which its number is
//! not known is left out; the number is told by the row of the head.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::authority::Grant;
use domain::code::{self, CodeList};
use domain::dictionary::Kind;
use domain::household::{Facts, Household, Item, Person};
use domain::ids::{PersonId, Subject};
use domain::region::{DivisionCode, Divisions, Level};
use domain::time::Date;
use domain::value::Body;

use crate::deps::Deps;
use crate::error::StepError;
use crate::loading::{Known, Loaded};
use crate::people::{identities, identity_numbers, partition_of};

/// The list and its source.
const DATASET: &str = "civil_register";
const SOURCE: &str = "civil";

/// Columns of the file, as the layout names them.
pub const COLUMNS: [&str; 36] = [
    "户编号",
    "救助类别",
    "救助小类",
    "户籍镇街",
    "户籍村(社区)",
    "居住镇街",
    "居住村(社区)",
    "区划代码",
    "户主证件号码",
    "成员姓名",
    "证件号码",
    "与户主关系",
    "性别",
    "出生日期",
    "就业状况",
    "在校阶段",
    "是否共同生活",
    "是否计入人口",
    "不计入原因",
    "是否保障对象",
    "父亲证件号码",
    "母亲证件号码",
    "年工资性收入",
    "年经营净收入",
    "年财产净收入",
    "年转移净收入",
    "其中中央基础养老金",
    "收入核定期起",
    "收入核定期止",
    "财产核对日期",
    "财产核对结果",
    "联系电话",
    "家庭住址",
    "认定日期",
    "有效期止",
    "最近核查日期",
];

/// Rows of the list, and whose they are.
#[derive(Debug, Default)]
pub struct Refiled {
    /// One text per column of [`COLUMNS`] and, last, the class of the check.
    pub rows: Vec<Vec<String>>,
    /// Everyone whose number or facts are in it.
    pub shown: BTreeSet<Subject>,
    /// Households left out because their number is not known.
    pub left_out: usize,
}

/// The last column.
pub const LAST: &str = "核查类别";

/// Rows of these households; the grant must have been asked about them before.
pub async fn rows(
    deps: &Arc<Deps>,
    grant: &Grant,
    units: &[Subject],
) -> Result<Refiled, StepError> {
    let mut refiled = Refiled::default();
    let Some(partition) = partition_of(grant) else {
        return Ok(refiled);
    };
    let today = deps.clock.today();
    let loaded = Loaded::load(deps, partition, units, Known::Now).await?;
    let households: Vec<Household> = units
        .iter()
        .map(|unit| loaded.project(*unit, today))
        .collect();
    let mut people: BTreeSet<PersonId> = BTreeSet::new();
    for household in &households {
        people.extend(household.members().map(|person| person.id));
        people.extend(household.members().flat_map(parents).map(|(_, id)| id));
    }
    let wanted: Vec<PersonId> = people.into_iter().collect();
    let numbers = identity_numbers(deps, &wanted).await?;
    for household in &households {
        let writing = Writing {
            household,
            identities: identities(&loaded, household),
            numbers: &numbers,
            divisions: &deps.divisions,
            on: today,
        };
        match writing.rows() {
            Some(rows) => {
                refiled.rows.extend(rows);
                refiled.shown.insert(household.unit);
                let members = household.members();
                let named =
                    members.flat_map(|p| std::iter::once(p.id).chain(parents(p).map(|(_, id)| id)));
                refiled.shown.extend(named.map(Subject::Person));
            }
            None => refiled.left_out += 1,
        }
    }
    Ok(refiled)
}

/// What the civil list itself says of a kind.
fn told(facts: &Facts, kind: Kind) -> impl Iterator<Item = &Item> {
    let items = facts.get(&kind).into_iter().flat_map(|list| &list.items);
    items.filter(|item| item.source.as_str() == SOURCE && item.dataset.as_str() == DATASET)
}

fn first(facts: &Facts, kind: Kind) -> Option<&Body> {
    told(facts, kind).next().map(|item| &item.body)
}

/// Father and mother as the list names them.
fn parents(person: &Person) -> impl Iterator<Item = (&'static str, PersonId)> {
    told(&person.facts, Kind::ParentOf)
        .filter_map(|item| Some((item.body.code("relation")?, item.body.person("parent")?)))
}

struct Writing<'a> {
    household: &'a Household,
    identities: BTreeMap<PersonId, Body>,
    numbers: &'a BTreeMap<PersonId, String>,
    divisions: &'a Divisions,
    on: Date,
}

type Cells = BTreeMap<&'static str, String>;

impl Writing<'_> {
    /// `None` without the household's number.
    fn rows(&self) -> Option<Vec<Vec<String>>> {
        let composition = first(&self.household.facts, Kind::Composition)?;
        let number = composition.text("number")?;
        let head = self.household.members().find(|person| is_head(person))?;
        let others = self.household.members().filter(|person| !is_head(person));
        let mut rows = Vec::new();
        for person in std::iter::once(head).chain(others) {
            let mut cells = self.member(person);
            cells.insert("户编号", number.to_owned());
            cells.insert("户主证件号码", self.number(head.id));
            if !is_head(person) {
                rows.push(cells);
                continue;
            }
            self.household_cells(&mut cells);
            let recognitions: Vec<&Item> = told(&self.household.facts, Kind::Recognition).collect();
            if recognitions.is_empty() {
                rows.push(cells.clone());
            }
            // Each scheme is recognised on a row of its own.
            for recognition in recognitions {
                let mut cells = cells.clone();
                recognised(&recognition.body, &mut cells);
                rows.push(cells);
            }
        }
        let texts = |cells: Cells| {
            let columns = COLUMNS.iter().chain([&LAST]);
            columns
                .map(|name| cells.get(name).cloned().unwrap_or_default())
                .collect()
        };
        Some(rows.into_iter().map(texts).collect())
    }

    fn number(&self, id: PersonId) -> String {
        self.numbers.get(&id).cloned().unwrap_or_default()
    }

    fn member(&self, person: &Person) -> Cells {
        let mut cells = Cells::new();
        let identity = self.identities.get(&person.id);
        let text = |field: &str| {
            identity
                .and_then(|body| body.text(field))
                .map(str::to_owned)
        };
        put(&mut cells, "成员姓名", text("name"));
        put(&mut cells, "联系电话", text("phone"));
        put(&mut cells, "家庭住址", text("address"));
        put(&mut cells, "性别", word(identity, "sex", &code::SEX));
        put(&mut cells, "出生日期", day(identity, "birth_date"));
        cells.insert("证件号码", self.number(person.id));
        let membership = first(&person.facts, Kind::Membership);
        put(
            &mut cells,
            "与户主关系",
            word(membership, "kinship", &code::KINSHIP),
        );
        put(
            &mut cells,
            "是否共同生活",
            yes(membership, "living_together"),
        );
        put(&mut cells, "是否计入人口", yes(membership, "counted"));
        put(
            &mut cells,
            "不计入原因",
            word(membership, "not_counted_reason", &code::NOT_COUNTED),
        );
        put(&mut cells, "是否保障对象", yes(membership, "covered"));
        let employment = first(&person.facts, Kind::Employment);
        put(
            &mut cells,
            "就业状况",
            word(employment, "status", &code::EMPLOYMENT),
        );
        let schooling = first(&person.facts, Kind::Schooling);
        put(
            &mut cells,
            "在校阶段",
            word(schooling, "stage", &code::SCHOOL_STAGE),
        );
        for (relation, parent) in parents(person) {
            let column = if relation == "father" {
                "父亲证件号码"
            } else {
                "母亲证件号码"
            };
            cells.insert(column, self.number(parent));
        }
        incomes(person, &mut cells);
        self.places(person, &mut cells);
        cells
    }

    /// Places by their own names, and by the code that tells like names apart.
    fn places(&self, person: &Person, cells: &mut Cells) {
        let place = |kind| first(&person.facts, kind).and_then(|body| body.division("place"));
        if let Some(hukou) = place(Kind::Hukou) {
            self.named(hukou, "户籍镇街", "户籍村(社区)", cells);
            if hukou.level() >= Level::Township {
                cells.insert("区划代码", hukou.to_string());
            }
        }
        if let Some(residence) = place(Kind::Residence) {
            self.named(residence, "居住镇街", "居住村(社区)", cells);
        }
    }

    fn named(
        &self,
        place: DivisionCode,
        town: &'static str,
        village: &'static str,
        cells: &mut Cells,
    ) {
        let own = |code: DivisionCode| self.divisions.on(code, self.on).map(|d| d.name.clone());
        put(cells, town, own(place.township().unwrap_or(place)));
        if place.level() == Level::Village {
            put(cells, village, own(place));
        }
    }

    fn household_cells(&self, cells: &mut Cells) {
        let means = first(&self.household.facts, Kind::MeansCheck);
        put(cells, "财产核对日期", day(means, "checked_on"));
        put(
            cells,
            "财产核对结果",
            word(means, "result", &code::MEANS_RESULT),
        );
        let check = first(&self.household.facts, Kind::PeriodicCheck);
        put(cells, "最近核查日期", day(check, "checked_on"));
        put(cells, LAST, word(check, "class", &code::CHECK_CLASS));
    }
}

fn is_head(person: &Person) -> bool {
    let membership = first(&person.facts, Kind::Membership);
    membership.and_then(|body| body.code("kinship")) == Some("head")
}

fn recognised(body: &Body, cells: &mut Cells) {
    let body = Some(body);
    put(cells, "救助类别", word(body, "scheme", &code::SCHEME));
    put(
        cells,
        "救助小类",
        word(body, "sub_scheme", &code::SUB_SCHEME),
    );
    put(cells, "认定日期", day(body, "recognised_on"));
    put(cells, "有效期止", day(body, "valid_until"));
}

/// The pension stands inside the transfers, as the list has it.
fn incomes(person: &Person, cells: &mut Cells) {
    let of = |class: &str| {
        told(&person.facts, Kind::Income)
            .find(|item| item.body.code("class") == Some(class))
            .map(|item| &item.body)
    };
    let amount = |class: &str| of(class).and_then(|body| body.money("amount_year"));
    let pension = amount("central_basic_pension");
    let transfer = amount("transfer").map(|transfer| {
        let whole = pension.and_then(|pension| transfer.checked_add(pension));
        whole.unwrap_or(transfer)
    });
    let amounts = [
        ("年工资性收入", amount("wage")),
        ("年经营净收入", amount("business")),
        ("年财产净收入", amount("property")),
        ("年转移净收入", transfer),
        ("其中中央基础养老金", pension),
    ];
    for (column, amount) in amounts {
        put(cells, column, amount.map(|amount| amount.to_string()));
    }
    let any = told(&person.facts, Kind::Income)
        .next()
        .map(|item| &item.body);
    let month = |field| {
        any.and_then(|body| body.month(field))
            .map(|m| m.to_string())
    };
    put(cells, "收入核定期起", month("period_from"));
    put(cells, "收入核定期止", month("period_to"));
}

fn put(cells: &mut Cells, column: &'static str, text: Option<String>) {
    if let Some(text) = text {
        cells.insert(column, text);
    }
}

fn word(body: Option<&Body>, field: &str, list: &CodeList) -> Option<String> {
    body?.code(field).map(|code| list.zh(code).to_owned())
}

fn day(body: Option<&Body>, field: &str) -> Option<String> {
    body?.date(field).map(|day| day.to_string())
}

fn yes(body: Option<&Body>, field: &str) -> Option<String> {
    let said = body?.flag(field)?;
    Some(if said { "是" } else { "否" }.to_owned())
}
