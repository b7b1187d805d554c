//! Families as they really are, before departments write about them.

use domain::money::Money;
use domain::resident_id::{ResidentId, Sex};
use domain::time::{Date, Month, age_in_years};

use crate::places::Place;

/// In what the bureau has recognised a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// 低保.
    Subsistence,
    /// 低边.
    Marginal,
    /// 特困.
    ExtremeDifficulty,
    /// 刚性支出.
    Hardship,
    /// On the list without a scheme.
    None,
}

impl Scheme {
    /// As 民政 writes it.
    pub(crate) const fn zh(self) -> &'static str {
        match self {
            Scheme::Subsistence => "低保",
            Scheme::Marginal => "低边",
            Scheme::ExtremeDifficulty => "特困",
            Scheme::Hardship => "刚性支出",
            Scheme::None => "无",
        }
    }
}

/// Yearly income by the columns of the civil register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Income {
    /// 年工资性收入.
    pub(crate) wage: Money,
    /// 年经营净收入.
    pub(crate) business: Money,
    /// 年财产净收入.
    pub(crate) property: Money,
    /// 年转移净收入, with the pension below inside.
    pub(crate) transfer: Money,
    /// 其中中央基础养老金, exempt in the sample parameters.
    pub(crate) central_pension: Money,
    /// 其中优抚抚恤金, exempt by law as the next two are.
    pub(crate) veteran: Money,
    /// 其中奖助学金.
    pub(crate) scholarship: Money,
    /// 其中社会救助款物.
    pub(crate) assistance: Money,
}

impl Income {
    /// What counts: all but the exempt parts of the transfers.
    pub(crate) fn counting(&self) -> Money {
        let all = [self.wage, self.business, self.property, self.transfer];
        let total: Money = all.into_iter().sum();
        let exempt = [
            self.central_pension,
            self.veteran,
            self.scholarship,
            self.assistance,
        ];
        let exempt: Money = exempt.into_iter().sum();
        Money::from_fen(total.as_fen() - exempt.as_fen())
    }
}

/// A disability certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// 残疾类别.
    pub(crate) category: &'static str,
    /// 1–4.
    pub(crate) grade: u8,
    /// 首次发证日期.
    pub(crate) first_issued: Date,
    /// 发证日期.
    pub(crate) issued: Date,
    /// 有效期止.
    pub(crate) until: Date,
    /// 证件状态.
    pub(crate) status: &'static str,
    /// 变更类型.
    pub(crate) change: &'static str,
}

impl Certificate {
    /// Grade 1–2 of any category, or 3 of intellect or mind: the set of 单人户.
    pub(crate) fn is_severe(&self) -> bool {
        self.grade <= 2 || (self.grade == 3 && matches!(self.category, "智力" | "精神"))
    }
}

/// One item paid month after month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// 救助项目.
    pub(crate) item: &'static str,
    /// 救助小类.
    pub(crate) sub_item: &'static str,
    /// 保障人数.
    pub(crate) covered: usize,
    /// 保障标准.
    pub(crate) standard: Money,
    /// 家庭月收入, for 低保.
    pub(crate) household_income: Option<Money>,
    /// 月补差金额.
    pub(crate) supplement: Money,
    /// 补发: the month it is paid in, the month it is for, the amount.
    pub(crate) back_pay: Option<(Month, Month, Money)>,
    /// 渐退期起 and 渐退期止.
    pub(crate) grace: Option<(Date, Date)>,
    /// First month paid.
    pub(crate) first: Month,
    /// Last month paid; `None` goes on.
    pub(crate) last: Option<Month>,
    /// The household named as payer's unit; the register's when absent.
    pub(crate) head: Option<(String, ResidentId)>,
    /// Written with the 15-digit form of the identity number.
    pub(crate) old_number: bool,
}

/// A hospital or pharmacy bill settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bill {
    /// 结算ID.
    pub(crate) number: String,
    /// 医疗类别.
    pub(crate) care: &'static str,
    /// 主要诊断名称.
    pub(crate) diagnosis: String,
    /// 定点医药机构名称.
    pub(crate) hospital: String,
    /// 入院日期.
    pub(crate) from: Date,
    /// 出院日期 and 结算时间.
    pub(crate) settled: Date,
    /// 医疗费总额.
    pub(crate) total: Money,
    /// 个人负担总额.
    pub(crate) burden: Money,
    /// Number of the settlement this row reverses; amounts are then negative.
    pub(crate) reverses: Option<String>,
    /// The day the bureau of medical insurance told us.
    pub(crate) told: Date,
}

/// What the police tell about a hukou.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HukouChange {
    /// 死亡.
    Died,
    /// 迁出.
    MovedOut,
    /// 恢复: the cancellation was a mistake.
    Restored,
}

/// One police row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoliceNote {
    /// What.
    pub(crate) change: HukouChange,
    /// When it happened.
    pub(crate) on: Date,
    /// When we were told.
    pub(crate) told: Date,
}

/// One funeral row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FuneralNote {
    /// 死亡日期.
    pub(crate) died: Date,
    /// When we were told.
    pub(crate) told: Date,
}

/// How a person is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// On the civil register.
    Listed,
    /// Was of this household, no longer on the register.
    Former,
    /// Of no household we know: paid or ill without a household number.
    Stranger,
}

/// One person.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Identity number.
    pub(crate) id: ResidentId,
    /// Name.
    pub(crate) name: String,
    /// 与户主关系 as a clean office writes it.
    pub(crate) kinship: &'static str,
    /// 婚姻状况.
    pub(crate) marriage: &'static str,
    /// 健康状况.
    pub(crate) health: &'static str,
    /// 劳动能力.
    pub(crate) capacity: &'static str,
    /// 就业状况.
    pub(crate) employment: &'static str,
    /// 在校阶段.
    pub(crate) school: &'static str,
    /// How we know of this person.
    pub(crate) standing: Standing,
    /// 是否共同生活.
    pub(crate) together: bool,
    /// 是否计入人口.
    pub(crate) counted: bool,
    /// 不计入原因.
    pub(crate) not_counted: &'static str,
    /// 是否保障对象.
    pub(crate) covered: bool,
    /// 父亲证件号码.
    pub(crate) father: Option<ResidentId>,
    /// 母亲证件号码.
    pub(crate) mother: Option<ResidentId>,
    /// Income of the assessed year.
    pub(crate) income: Income,
    /// Certificates.
    pub(crate) certificates: Vec<Certificate>,
    /// Payments.
    pub(crate) grants: Vec<Grant>,
    /// Bills.
    pub(crate) bills: Vec<Bill>,
    /// Police rows.
    pub(crate) police: Vec<PoliceNote>,
    /// Funeral rows.
    pub(crate) funeral: Vec<FuneralNote>,
    /// Measures of justice and police.
    pub(crate) custody: Vec<Custody>,
    /// What social security tells.
    pub(crate) labour: Vec<Labour>,
    /// Vehicles.
    pub(crate) cars: Vec<Car>,
    /// What the lists of local schools have.
    pub(crate) pupil: Pupil,
    /// What the township has registered of the obligors, if anything.
    pub(crate) obligors: Option<Obligors>,
    /// 重特大疾病认定: certified on, until.
    pub(crate) illness: Option<(Date, Option<Date>)>,
    /// On the visiting roster, and how.
    pub(crate) care: Option<Care>,
}

impl Member {
    /// On the civil register.
    pub(crate) fn is_listed(&self) -> bool {
        self.standing == Standing::Listed
    }

    /// Of no household we know.
    pub(crate) fn is_stranger(&self) -> bool {
        self.standing == Standing::Stranger
    }

    /// Sex, from the number.
    pub(crate) fn sex(&self) -> Sex {
        self.id.sex()
    }

    /// 男 or 女.
    pub(crate) fn sex_zh(&self) -> &'static str {
        match self.id.sex() {
            Sex::Male => "男",
            Sex::Female => "女",
        }
    }

    /// Birth date, from the number.
    pub(crate) fn birth(&self) -> Date {
        self.id.birth_date()
    }

    /// Completed years.
    pub(crate) fn age(&self, on: Date) -> i64 {
        age_in_years(self.birth(), on)
    }

    /// Disabled as a parent must be who cannot care for a child: grade 1–2 of any
    /// category, or any grade of intellect or mind.
    pub(crate) fn cannot_care(&self) -> bool {
        let mind = |c: &Certificate| matches!(c.category, "智力" | "精神");
        self.certificates.iter().any(|c| c.grade <= 2 || mind(c))
    }

    /// Has a certificate of the 单人户 set.
    pub(crate) fn is_severely_disabled(&self) -> bool {
        self.certificates.iter().any(Certificate::is_severe)
    }

    /// Stops every payment after a month.
    pub(crate) fn stop_after(&mut self, month: Month) {
        for grant in &mut self.grants {
            grant.last = Some(month);
        }
    }
}

/// One measure that restricts a person's liberty, or contact lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Custody {
    /// 类别.
    pub(crate) kind: &'static str,
    /// 起日.
    pub(crate) began: Date,
    /// 期限 as the judgment has it.
    pub(crate) term: &'static str,
    /// 期限止.
    pub(crate) until: Option<Date>,
}

/// One row of social security.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Labour {
    /// Registered as unemployed on a day.
    Unemployed(Date),
    /// Insured for a month, in this capacity.
    Insured(Month, &'static str),
    /// Unemployment benefit from a month on.
    Benefit(Month),
}

/// How a person stands in the lists of local schools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pupil {
    /// As age has it, aided where the family is of low income.
    #[default]
    Usual,
    /// In none of them: at school elsewhere, or not at all.
    Elsewhere,
    /// In these lists, by the day each is of, in this way.
    Listed(Vec<(Date, Enrolled)>),
}

/// One row of a school list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Enrolled {
    /// 学段.
    pub(crate) stage: &'static str,
    /// 年级.
    pub(crate) grade: &'static str,
    /// 就读状态.
    pub(crate) status: &'static str,
    /// 资助项目.
    pub(crate) aid: &'static str,
}

/// 法定义务人登记 of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Obligors {
    /// 义务人登记是否完整.
    pub(crate) complete: bool,
    /// 义务人姓名, 义务人证件号码 where it is known, 义务关系.
    pub(crate) people: Vec<(String, Option<ResidentId>, &'static str)>,
}

/// How somebody stands on the visiting roster, and the visits told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Care {
    /// 探访频次.
    pub(crate) class: &'static str,
    /// 帮扶责任人.
    pub(crate) responsible: &'static str,
    /// 起始日期.
    pub(crate) since: Date,
    /// Visits, told on the day they were made.
    pub(crate) visits: Vec<Visited>,
}

/// One record of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visited {
    /// 探访日期.
    pub(crate) on: Date,
    /// 探访类别.
    pub(crate) kind: &'static str,
    /// 探访结果; empty when the visitor did not say.
    pub(crate) finding: &'static str,
    /// The column of what changed, if anything did.
    pub(crate) changed: Option<&'static str>,
    /// 情况说明.
    pub(crate) note: &'static str,
}

/// One registered vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Car {
    /// 车辆类型 as the registration writes it.
    pub(crate) kind: &'static str,
    /// 机动车状态.
    pub(crate) status: &'static str,
    /// 发牌日期.
    pub(crate) plated: Date,
}

/// One report of a grid worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lead {
    /// 线索编号.
    pub(crate) number: String,
    /// 上报时间 as written.
    pub(crate) time: String,
    /// The day it was reported and sent.
    pub(crate) told: Date,
    /// 对象姓名.
    pub(crate) name: String,
    /// 对象证件号码, which most reports lack.
    pub(crate) id: Option<ResidentId>,
    /// 户籍地 as told.
    pub(crate) origin: &'static str,
    /// 线索类别.
    pub(crate) category: &'static str,
    /// 紧急程度.
    pub(crate) urgency: &'static str,
    /// 情况描述.
    pub(crate) text: String,
}

impl Lead {
    /// Whom it is about when no identity number says so: town, name and day.
    pub(crate) fn stands_for(&self, town: &str) -> Option<String> {
        let told = self.told;
        let named = || format!("镇街={town};对象姓名={};上报时间={told}", self.name);
        self.id.is_none().then(named)
    }
}

/// One person on a list of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incident {
    /// 记录编号.
    pub(crate) number: String,
    /// 事件类别.
    pub(crate) kind: &'static str,
    /// 发生时间.
    pub(crate) on: Date,
    /// When we were told.
    pub(crate) told: Date,
    /// 姓名.
    pub(crate) name: String,
    /// 证件号码, which many lack.
    pub(crate) id: Option<ResidentId>,
    /// 人员身份.
    pub(crate) role: &'static str,
    /// 伤亡情况.
    pub(crate) injury: &'static str,
    /// 房屋财产损失.
    pub(crate) loss: &'static str,
    /// 报送部门.
    pub(crate) sender: &'static str,
}

impl Incident {
    /// Whom it is about when no identity number says so: town, name and day.
    pub(crate) fn stands_for(&self, town: &str) -> Option<String> {
        let named = || format!("镇街={town};姓名={};发生时间={}", self.name, self.on);
        self.id.is_none().then(named)
    }
}

/// A row that is no one's fact: a defect a department sent.
#[derive(Clone, Debug)]
pub(crate) struct Stray {
    /// Which feed, by its row of [`crate::feeds::Feed::number`].
    pub(crate) feed: u8,
    /// When it was sent; month rows use the first day of the month.
    pub(crate) told: Date,
    /// Its cells.
    pub(crate) cells: Vec<String>,
    /// `held` or `rejected`.
    pub(crate) outcome: &'static str,
    /// Why.
    pub(crate) why: &'static str,
}

/// One household with everyone whose facts hang on it.
#[derive(Clone, Debug)]
pub(crate) struct Household {
    /// 户编号.
    pub(crate) number: String,
    /// 救助类别.
    pub(crate) scheme: Scheme,
    /// 救助小类.
    pub(crate) sub_scheme: &'static str,
    /// 户籍地.
    pub(crate) hukou: Place,
    /// 居住地.
    pub(crate) residence: Place,
    /// 联系电话.
    pub(crate) phone: String,
    /// 家庭住址.
    pub(crate) address: String,
    /// 认定日期.
    pub(crate) recognised: Date,
    /// 最近核查日期.
    pub(crate) checked: Date,
    /// 核查类别.
    pub(crate) check_class: &'static str,
    /// 财产核对结果.
    pub(crate) means: &'static str,
    /// Everyone; the head of household comes first.
    pub(crate) members: Vec<Member>,
    /// Reports of grid workers about the household.
    pub(crate) leads: Vec<Lead>,
    /// Incidents that struck its people, where it lives.
    pub(crate) incidents: Vec<Incident>,
    /// Rows that are no one's fact.
    pub(crate) strays: Vec<Stray>,
}

impl Household {
    /// People on the register.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|m| m.is_listed())
    }

    /// Head of household.
    pub(crate) fn head(&self) -> &Member {
        &self.members[0]
    }

    /// Number of counted people.
    pub(crate) fn counted(&self) -> usize {
        self.listed().filter(|m| m.counted).count()
    }

    /// Yearly income that counts, of counted people.
    pub(crate) fn counting_income(&self) -> Money {
        let counted = self.listed().filter(|m| m.counted);
        counted.map(|m| m.income.counting()).sum()
    }
}
