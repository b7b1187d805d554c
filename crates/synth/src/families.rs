//! Inventing a family that breaks no rule: composition, income that fits its
//! scheme, certificates, and every payment it is due. A clean family gives no
//! policy anything to say.

use domain::money::Money;
use domain::resident_id::Sex;
use domain::time::{Date, Month, add_days, add_months};

use crate::dice::Dice;
use crate::model::{Certificate, Grant, Household, Member, Scheme};
use crate::people::{birth_date, either, other, person, resident_id, surname};
use crate::places::Places;
use crate::words::{ASSUMED, WORDS, yuan};

/// What sort of family to invent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sort {
    /// Scheme it is recognised in.
    pub(crate) scheme: Scheme,
    /// One severely disabled member of a 低边 family is covered alone.
    pub(crate) individual: bool,
    /// Fewest people.
    pub(crate) size_min: u32,
    /// Most people.
    pub(crate) size_max: u32,
    /// Income that counts, in percent of the standard for all counted people.
    pub(crate) income_percent: (i64, i64),
}

impl Sort {
    /// The ordinary sort of a scheme.
    pub(crate) const fn of(scheme: Scheme) -> Sort {
        let (size_min, size_max, income_percent) = match scheme {
            Scheme::Subsistence => (1, 6, (5, 72)),
            Scheme::Marginal => (1, 6, (104, 130)),
            Scheme::ExtremeDifficulty => (1, 1, (0, 40)),
            Scheme::Hardship => (2, 5, (165, 240)),
            Scheme::None => (1, 4, (160, 230)),
        };
        Sort {
            scheme,
            individual: false,
            size_min,
            size_max,
            income_percent,
        }
    }
}

/// Invents the family at `index`.
pub(crate) fn family(
    dice: &mut Dice,
    places: &Places,
    index: u32,
    sort: Sort,
    on: Date,
) -> Household {
    let hukou = dice.pick(places.all()).clone();
    let residence = if dice.per_mille(930) {
        hukou.clone()
    } else {
        dice.pick(places.all()).clone()
    };
    let months = i32::try_from(dice.between(2, 40)).unwrap_or(2);
    let recognised = add_months(first_of(on), -months);
    let checked = add_months(
        first_of(on),
        -i32::try_from(dice.between(1, 4)).unwrap_or(1),
    );
    let address = format!("{}{}{}号", hukou.town, hukou.village, dice.between(1, 300));
    let mut household = Household {
        number: format!("JM320412{:06}", 100_000 + index),
        scheme: sort.scheme,
        sub_scheme: match sort.scheme {
            Scheme::Subsistence => "整户",
            Scheme::ExtremeDifficulty => "分散供养",
            _ => "",
        },
        hukou,
        residence,
        phone: format!("100{}", dice.digits(8)),
        address,
        recognised,
        checked: checked.max(recognised),
        check_class: dice.word(&["A", "B", "B", "C"]),
        means: "未超",
        members: people(dice, index, sort, on),
        leads: Vec::new(),
        incidents: Vec::new(),
        strays: Vec::new(),
    };
    certify(dice, &mut household, sort, on);
    leave_one_parent_able(&mut household);
    earn(dice, &mut household, sort);
    entitle(&mut household, on);
    household
}

/// The first day of the month of a date.
pub(crate) fn first_of(date: Date) -> Date {
    Month::of(date).first_day()
}

struct Maker<'a> {
    dice: &'a mut Dice,
    index: u32,
    on: Date,
    position: u32,
}

impl Maker<'_> {
    fn born(&mut self, surname: char, sex: Sex, birth: Date, kinship: &'static str) -> Member {
        let id = resident_id(self.index, self.position, birth, sex);
        self.position += 1;
        let name = WORDS.name(self.dice, surname, sex);
        person(id, name, kinship, self.on)
    }

    fn aged(&mut self, surname: char, sex: Sex, age: i64, kinship: &'static str) -> Member {
        let birth = birth_date(self.dice, self.index, age, self.on);
        self.born(surname, sex, birth, kinship)
    }
}

/// Composition: the head first, then whoever lives with the head.
fn people(dice: &mut Dice, index: u32, sort: Sort, on: Date) -> Vec<Member> {
    let size = size(dice, sort);
    let name = surname(dice);
    let mut maker = Maker {
        dice,
        index,
        on,
        position: 0,
    };
    if size == 1 {
        let age = if sort.scheme == Scheme::ExtremeDifficulty {
            maker.dice.between(62, 88)
        } else {
            maker.dice.between(38, 84)
        };
        let sex = either(maker.dice);
        let mut head = maker.aged(name, sex, age, "户主");
        head.marriage = maker.dice.word(&["未婚", "丧偶", "离异"]);
        return vec![head];
    }
    if size == 2 && maker.dice.per_mille(650) {
        return pair(&mut maker, name);
    }
    couple(&mut maker, name, size)
}

fn size(dice: &mut Dice, sort: Sort) -> u32 {
    let usual = *dice.pick(&[1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6]);
    u32::clamp(usual, sort.size_min, sort.size_max)
}

/// Two people who are no couple.
fn pair(maker: &mut Maker<'_>, name: char) -> Vec<Member> {
    let sex = either(maker.dice);
    match maker.dice.below(3) {
        0 => {
            let head_age = maker.dice.between(34, 52);
            let mut head = maker.aged(name, sex, head_age, "户主");
            head.marriage = "离异";
            let child_sex = either(maker.dice);
            let age = maker.dice.between(6, 17);
            let mut child = maker.aged(name, child_sex, age, child_word(child_sex));
            link(&mut child, &head);
            vec![head, child]
        }
        1 => {
            let age = maker.dice.between(42, 58);
            let mut head = maker.aged(name, Sex::Male, age, "户主");
            head.marriage = "未婚";
            let mother = maker.aged(name, Sex::Female, age + 25, "母亲");
            head.mother = Some(mother.id.clone());
            vec![head, mother]
        }
        _ => {
            let age = maker.dice.between(62, 74);
            let head = maker.aged(name, sex, age, "户主");
            let child_sex = either(maker.dice);
            let word = if child_sex == Sex::Male {
                "孙子"
            } else {
                "孙女"
            };
            let child_age = maker.dice.between(7, 16);
            let child = maker.aged(name, child_sex, child_age, word);
            vec![head, child]
        }
    }
}

/// A couple with children and perhaps old parents.
fn couple(maker: &mut Maker<'_>, name: char, size: u32) -> Vec<Member> {
    let sex = if maker.dice.per_mille(800) {
        Sex::Male
    } else {
        Sex::Female
    };
    let age = if size == 2 {
        maker.dice.between(48, 82)
    } else {
        maker.dice.between(36, 52)
    };
    let head = maker.aged(name, sex, age, "户主");
    let spouse_name = surname(maker.dice);
    let spouse_age = age - maker.dice.between(-2, 4);
    let spouse = maker.aged(spouse_name, other(sex), spouse_age, "配偶");
    let mut members = vec![head, spouse];
    let children = match size {
        2 => 0,
        3 => maker.dice.below(4).min(1),
        4 => 1 + maker.dice.below(2),
        _ => 2,
    };
    for nth in 0..children {
        let child_sex = either(maker.dice);
        let twin = nth == 1 && maker.dice.per_mille(60);
        let birth = if twin {
            members[2].birth()
        } else {
            let child_age = maker.dice.between(3, (age - 24).clamp(4, 17));
            birth_date(maker.dice, maker.index, child_age, maker.on)
        };
        let family_name = if sex == Sex::Male { name } else { spouse_name };
        let mut child = maker.born(family_name, child_sex, birth, child_word(child_sex));
        for parent in &members[..2] {
            link(&mut child, parent);
        }
        members.push(child);
    }
    let parents = [(Sex::Female, "母亲", 24), (Sex::Male, "父亲", 26)];
    for (parent_sex, word, older) in parents {
        if u32::try_from(members.len()).is_ok_and(|n| n < size) {
            let parent_name = if parent_sex == Sex::Male {
                name
            } else {
                surname(maker.dice)
            };
            members.push(maker.aged(parent_name, parent_sex, age + older, word));
        }
    }
    members
}

fn child_word(sex: Sex) -> &'static str {
    if sex == Sex::Male { "子" } else { "女" }
}

fn link(child: &mut Member, parent: &Member) {
    match parent.sex() {
        Sex::Male => child.father = Some(parent.id.clone()),
        Sex::Female => child.mother = Some(parent.id.clone()),
    }
}

const CATEGORIES: [&str; 6] = ["视力", "听力", "言语", "肢体", "智力", "精神"];

/// Certificates. In a 低边 family a severe one belongs to the member who is
/// covered alone; anywhere else it would be a missed benefit.
fn certify(dice: &mut Dice, household: &mut Household, sort: Sort, on: Date) {
    if sort.individual {
        let adults = household.members.iter_mut();
        let chosen = adults.filter(|m| m.age(on) >= ASSUMED.working_age).last();
        if let Some(member) = chosen {
            let severe = [
                ("肢体", 1),
                ("肢体", 2),
                ("视力", 1),
                ("智力", 2),
                ("精神", 2),
                ("精神", 3),
            ];
            let (category, grade) = *dice.pick(&severe);
            give(member, certificate(dice, category, grade, on));
            member.covered = true;
        }
        return;
    }
    let chance = match household.scheme {
        Scheme::Subsistence => 230,
        Scheme::Marginal => 130,
        _ => 180,
    };
    for member in &mut household.members {
        if !dice.per_mille(chance) {
            continue;
        }
        let category = *dice.pick(&CATEGORIES);
        let mind = matches!(category, "智力" | "精神");
        let grade = if household.scheme == Scheme::Marginal {
            if mind { 4 } else { dice.between(3, 4) }
        } else {
            dice.between(1, 4)
        };
        give(
            member,
            certificate(dice, category, u8::try_from(grade).unwrap_or(4), on),
        );
    }
}

/// A certificate issued some years ago and good for some more.
pub(crate) fn certificate(
    dice: &mut Dice,
    category: &'static str,
    grade: u8,
    on: Date,
) -> Certificate {
    let issued = add_days(on, -i32::try_from(dice.between(200, 2800)).unwrap_or(400));
    Certificate {
        category,
        grade,
        first_issued: issued,
        issued,
        until: add_days(add_months(issued, 120), -1),
        status: "正常",
        change: "新办",
    }
}

/// Two disabled parents would make their children a case of their own: in a
/// clean family one of them can care for the children.
fn leave_one_parent_able(household: &mut Household) {
    let [head, spouse, rest @ ..] = household.members.as_mut_slice() else {
        return;
    };
    let theirs = |m: &Member| m.father.is_some() && m.mother.is_some();
    if head.cannot_care() && spouse.cannot_care() && rest.iter().any(theirs) {
        let chosen = if head.covered { spouse } else { head };
        chosen.certificates.clear();
        chosen.health = "健康";
        chosen.capacity = "有劳动能力";
    }
}

fn give(member: &mut Member, certificate: Certificate) {
    member.health = "残疾";
    if certificate.is_severe() {
        member.capacity = "完全丧失";
        member.employment = if member.employment == "无业" {
            "无劳动能力"
        } else {
            member.employment
        };
    } else {
        member.capacity = "部分丧失";
    }
    member.certificates.push(certificate);
}

/// Spreads the family's income over those who may have it.
fn earn(dice: &mut Dice, household: &mut Household, sort: Sort) {
    let people = i64::try_from(household.members.len()).unwrap_or(1);
    let (low, high) = sort.income_percent;
    let percent = dice.between(low, high);
    // Whole yuan a month, so that a monthly figure in a payment list is exact.
    let monthly = ASSUMED.allowance_standard_yuan * people * percent / 100;
    let second = if people > 2 {
        monthly * dice.between(0, 30) / 100
    } else {
        0
    };
    let first = monthly - second;
    let can_work = |m: &Member| m.employment == "无业";
    let mut workers: Vec<usize> = (0..household.members.len())
        .filter(|i| can_work(&household.members[*i]))
        .collect();
    if workers.is_empty() {
        household.members[0].income.transfer = yuan(first * 12);
        workers.push(0);
    } else {
        let earner = &mut household.members[workers[0]];
        earner.income.wage = yuan(first * 12);
        earner.employment = dice.word(&["在职", "灵活就业"]);
    }
    let other = workers.get(1).copied().unwrap_or(workers[0]);
    if dice.per_mille(300) {
        household.members[other].income.property = yuan(second * 12);
    } else {
        household.members[other].income.business = yuan(second * 12);
    }
    let pension = yuan(ASSUMED.central_basic_pension_yuan * 12);
    for member in &mut household.members {
        if member.employment == "老年人" && dice.per_mille(850) {
            let transfer = member.income.transfer.as_fen() + pension.as_fen();
            member.income.transfer = Money::from_fen(transfer);
            member.income.central_pension = pension;
        }
    }
}

/// Every payment the family is due under the sample parameters.
pub(crate) fn entitle(household: &mut Household, on: Date) {
    let first = Month::of(household.recognised).plus(1);
    let counted = household.counted();
    let monthly = Money::from_fen(household.counting_income().as_fen() / 12);
    match household.scheme {
        Scheme::Subsistence => {
            let grant = allowance(counted, monthly, first);
            household.members[0].grants.push(grant);
            for member in &mut household.members {
                member.covered = member.is_listed() && member.counted;
            }
        }
        Scheme::ExtremeDifficulty => {
            let amount = yuan(ASSUMED.extreme_difficulty_yuan);
            let grant = Grant {
                sub_item: "分散供养",
                ..person_grant("特困", amount, first)
            };
            household.members[0].grants.push(grant);
            household.members[0].covered = true;
        }
        Scheme::Marginal => {
            for member in household.members.iter_mut().filter(|m| m.covered) {
                let own = Money::from_fen(member.income.counting().as_fen() / 12);
                let grant = Grant {
                    sub_item: "单人户-重残",
                    ..allowance(1, own, first)
                };
                member.grants.push(grant);
            }
        }
        Scheme::Hardship | Scheme::None => {}
    }
    let scheme = household.scheme;
    for member in &mut household.members {
        subsidise(member, scheme, first, on);
    }
}

/// 低保 of a family: what is missing to the standard.
pub(crate) fn allowance(counted: usize, monthly_income: Money, first: Month) -> Grant {
    let line = ASSUMED.standard().as_fen() * i64::try_from(counted).unwrap_or(0);
    Grant {
        sub_item: "整户",
        covered: counted,
        standard: ASSUMED.standard(),
        household_income: Some(monthly_income),
        ..person_grant(
            "低保",
            Money::from_fen((line - monthly_income.as_fen()).max(0)),
            first,
        )
    }
}

/// A payment to one person.
pub(crate) fn person_grant(item: &'static str, amount: Money, first: Month) -> Grant {
    Grant {
        item,
        sub_item: "",
        covered: 1,
        standard: amount,
        household_income: None,
        supplement: amount,
        back_pay: None,
        grace: None,
        first,
        last: None,
        head: None,
        old_number: false,
    }
}

/// The two disability subsidies and 尊老金. Whoever holds a certificate in a
/// 低保 or 低边 family is paid the living subsidy: a bureau may be more generous
/// than any one set, and paying more is no finding.
fn subsidise(member: &mut Member, scheme: Scheme, first: Month, on: Date) {
    let grade = member.certificates.first().map(|c| c.grade);
    if let Some(grade) = grade.filter(|_| scheme != Scheme::ExtremeDifficulty) {
        if let Some(amount) = ASSUMED.nursing(grade) {
            member
                .grants
                .push(person_grant("残疾人护理补贴", amount, first));
        }
        let living = match scheme {
            Scheme::Subsistence => Some(ASSUMED.living_inside_yuan),
            Scheme::Marginal => Some(ASSUMED.living_outside_yuan),
            _ => None,
        };
        if let Some(amount) = living {
            member
                .grants
                .push(person_grant("残疾人生活补贴", yuan(amount), first));
        }
    }
    if let Some(amount) = ASSUMED.senior(member.age(on)) {
        member
            .grants
            .push(person_grant("尊老金", amount, Month::of(on).plus(-14)));
    }
}
