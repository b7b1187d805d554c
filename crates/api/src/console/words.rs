//! Words on the screen for what programs name in English. No code, level or
//! state reaches an officer's eye without them.

use domain::alert::{AlertAction, Deadline, Due, OutcomeCode};
use domain::authority::{Operation, Role};
use domain::code;
use domain::dictionary::{FieldId, FieldType, Kind, Mask, Sensitivity};
use domain::evaluation::{AlertLevel, Nature, Step};
use domain::household::{CoverageNote, WhyUnknown};
use domain::region::DivisionCode;
use domain::time::{Date, Instant};
use domain::value::{Body, Value};

/// Longest run of characters shown of one text; a bug elsewhere must not make
/// a page that cannot be opened.
const SHOWN_MAX: usize = 600;

/// A text no longer than a page can bear.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…（已截断）", &text[..end]),
        None => text.to_owned(),
    }
}

pub(super) const fn role(role: Role) -> &'static str {
    match role {
        Role::Caseworker => "乡镇经办",
        Role::CountyOfficer => "县级民政",
        Role::Importer => "数据报送",
        Role::Auditor => "审计（姓名脱敏）",
        Role::SystemAdmin
        | Role::SecurityAdmin
        | Role::VillageContact
        | Role::PolicyOfficer
        | Role::ChildrenOfficer => role.zh(),
    }
}

pub(super) const fn level(level: AlertLevel) -> &'static str {
    match level {
        AlertLevel::Red => "红色",
        AlertLevel::Orange => "橙色",
        AlertLevel::Yellow => "黄色",
        AlertLevel::Blue => "蓝色",
    }
}

/// Where the work stands, by its stable name.
pub(super) fn work(name: &str) -> &'static str {
    match name {
        "held" => "存量待派发",
        "raised" => "待签收",
        "acknowledged" => "已签收，待核实",
        "verified" => "已核实",
        "handled" => "已处置，待办结",
        "closed" => "已办结",
        _ => "状态不明",
    }
}

/// Whether the condition holds, by its stable name.
pub(super) fn condition(name: &str) -> &'static str {
    match name {
        "holding" => "触发事实仍在",
        "fading" => "触发事实正在消失，观察中",
        "cleared" => "触发事实已消失，请办结",
        _ => "状态不明",
    }
}

/// An action in words, with its particulars.
pub(super) fn action(action: &AlertAction, place: &dyn Fn(DivisionCode) -> String) -> String {
    match action {
        AlertAction::Acknowledge => "签收".to_owned(),
        AlertAction::Assign { .. } => "转给同事".to_owned(),
        AlertAction::Verify { outcome: code, on } => {
            let visited = on.map_or_else(String::new, |on| format!("（{on} 走访）"));
            format!("核实：{}{visited}", outcome(*code))
        }
        AlertAction::Handle { reference, on } => {
            let number = reference.as_ref();
            let number = number.map_or_else(String::new, |n| format!("：金民受理号 {n}"));
            let done = on.map_or_else(String::new, |on| format!("，金民办理日期 {on}"));
            format!("处置{number}{done}")
        }
        AlertAction::Close => "办结".to_owned(),
        AlertAction::Snooze { until } => format!("暂缓至 {until}"),
        AlertAction::Return => "退回县级待分派".to_owned(),
        AlertAction::Dispute => "数据存疑，退来源部门".to_owned(),
        AlertAction::Reopen => "重新办理".to_owned(),
        AlertAction::Place { township } => format!("分派到 {}", place(*township)),
        AlertAction::Release => "派发".to_owned(),
    }
}

pub(super) fn outcome(code: OutcomeCode) -> &'static str {
    code::OUTCOME.zh(outcome_name(code))
}

/// The stable code of an outcome, as forms send it.
pub(super) const fn outcome_name(code: OutcomeCode) -> &'static str {
    match code {
        OutcomeCode::TrueAssisted => "true_assisted",
        OutcomeCode::TrueAdjusted => "true_adjusted",
        OutcomeCode::TrueCovered => "true_covered",
        OutcomeCode::InProcess => "in_process",
        OutcomeCode::Untrue => "untrue",
        OutcomeCode::DataError => "data_error",
        OutcomeCode::Declined => "declined",
        OutcomeCode::Unverifiable => "unverifiable",
        OutcomeCode::NotOurs => "not_ours",
    }
}

const fn step(step: Step) -> &'static str {
    match step {
        Step::Contact => "联系",
        Step::Verify => "核实",
        Step::Handle => "办结",
    }
}

/// A deadline with its nature: `2026-11-27前联系（平台默认，非法定）`.
pub(super) fn deadline(deadline: &Deadline) -> String {
    let nature = match &deadline.nature {
        Nature::Statutory(document) => format!("文件规定：{document}"),
        Nature::Platform => "平台默认，非法定".to_owned(),
    };
    let step = step(deadline.step);
    match deadline.due {
        Due::On { on } => format!("{on} 前{step}（{nature}）"),
        Due::Pending { year } => format!("{step}期限待定：{year}年放假安排未公布（{nature}）"),
    }
}

pub(super) const fn why_unknown(why: WhyUnknown) -> &'static str {
    match why {
        WhyUnknown::NotCovered => "没有收到能说明此事的名册",
        WhyUnknown::Stale => "名册已过期",
        WhyUnknown::NotRecorded => "已登记但未填此项",
        WhyUnknown::Unread => "名册中有关的行未能读入，待更正",
        WhyUnknown::Disputed => "有数据异议",
        WhyUnknown::Conflict => "同一批数据前后不一",
        WhyUnknown::ParameterUnset => "本地未设参数",
        WhyUnknown::NoHousehold => "不知道属于哪一户",
    }
}

/// A list's name as offices call it.
pub(super) fn dataset(name: &str) -> String {
    let known = match name {
        "civil_register" => "低收入家庭成员名册（民政）",
        "payments" => "待遇发放名册（金民）",
        "medical_settlements" => "医保结算明细（医保）",
        "disability_register" => "持证残疾人名册（残联）",
        "deaths_police" => "死亡注销（公安）",
        "deaths_funeral" => "火化登记（殡葬）",
        "obligors" => "法定义务人登记",
        "school_enrolment" => "学籍名册（教育）",
        "means_check" => "经济状况核对报告",
        "serious_illness" => "重特大疾病认定（医保/卫健）",
        "restricted_liberty" => "限制人身自由（司法/公安）",
        "incidents" => "突发事件（应急/公安）",
        "leads" => "线索（网格）",
        "vehicles" => "机动车登记（车管）",
        "social_security" => "参保就业待遇（人社）",
        "hukou_elders" => "80周岁以上老人（公安户籍）",
        "care_plans" => "探访对象与责任人名册（养老服务）",
        "visits" => "探访记录（养老服务）",
        "officers" => "经办人登记",
        other => other,
    };
    known.to_owned()
}

/// What a list was complete as of.
pub(super) fn coverage(note: &CoverageNote) -> String {
    let part = note.part.as_deref().map_or(String::new(), |part| {
        format!("·{}", code::GRANT_ITEM.zh(part))
    });
    let month = note.month.map_or(String::new(), |m| format!("，{m}月份"));
    let name = dataset(note.dataset.as_str());
    format!("{name}{part}：截至{}{month}", note.as_of)
}

pub(super) const fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::ReadAlerts => "查看预警",
        Operation::ReadFeed => "读取订阅",
        Operation::WorkAlerts => "办理预警",
        Operation::DirectAlerts => "县级派发",
        Operation::ReadPeople => "查看家庭或人员",
        Operation::SearchPeople => "搜索人员",
        Operation::ReadHistory => "查看历史",
        Operation::ReadDecisions => "查看判定依据",
        Operation::Import => "报送",
        Operation::ReadImports => "查看报送",
        Operation::ReadPolicies => "查看政策",
        Operation::ReadLedger => "查看留痕",
        Operation::ReadAccounts => "查看账号",
        Operation::ManageAccounts => "管理账号",
        Operation::Subscribe => "管理推送订阅",
        Operation::ReportLead => "上报线索",
        Operation::ReadLeads => "查看线索",
        Operation::ReadOwnLeads => "查看本人上报的线索",
        Operation::ReadCareVisits => "查看探访",
        Operation::RecordVisit => "登记探访",
        Operation::ProposeParameters => "提出标准",
        Operation::ReviewParameters => "复核标准",
        Operation::ExportPeople => "导出台账",
        Operation::ApproveExports => "审批导出",
        Operation::Publish => "公示公布",
        Operation::Simulate => "试算",
    }
}

/// `2026-11-20 星期五`.
pub(super) fn day_with_weekday(day: Date) -> String {
    let names = ["一", "二", "三", "四", "五", "六", "日"];
    let offset = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
    format!("{day} 星期{}", names.get(offset).unwrap_or(&""))
}

/// An instant in Chinese civil time to the minute.
pub(crate) fn minute(at: Instant) -> String {
    const DAY: i64 = 86_400;
    let seconds = at.as_micros().div_euclid(1_000_000) + 8 * 3_600;
    let (hour, minute) = (
        seconds.rem_euclid(DAY) / 3_600,
        seconds.rem_euclid(3_600) / 60,
    );
    format!("{} {hour:02}:{minute:02}", at.china_date())
}

/// One value in words. People and households have none.
fn value(ty: FieldType, value: &Value, place: &dyn Fn(DivisionCode) -> String) -> Option<String> {
    Some(match (value, ty) {
        (Value::Code(code), FieldType::Code(list)) => list.zh(code).to_owned(),
        (Value::Text(text), _) => short(text),
        (Value::Code(code), _) => (*code).to_owned(),
        (Value::Money(money), _) => format!("{}元", money.yuan_grouped()),
        (Value::Date(date), _) => date.to_string(),
        (Value::Month(month), _) => month.to_string(),
        (Value::Count(count), FieldType::Months) => format!("{count}个月"),
        (Value::Count(count), _) => count.to_string(),
        (Value::Flag(flag), _) => if *flag { "是" } else { "否" }.to_owned(),
        (Value::Division(code), _) => place(*code),
        (Value::Person(_) | Value::Household(_), _) => return None,
    })
}

/// A fact's fields in words, in the dictionary's order. Identity, whose fields
/// are masked one by one elsewhere, has none here.
pub(super) fn fields(
    body: &Body,
    place: &dyn Fn(DivisionCode) -> String,
    text: &dyn Fn(&str) -> String,
) -> String {
    if body.kind() == Kind::Identity {
        return String::new();
    }
    // That an illness is certified is what counts; which one is for no desk and
    // no printed sheet.
    let named =
        |field: FieldId| field.kind == Kind::Disease && field.def().level == Sensitivity::L4;
    let told = body.fields().filter(|(field, _)| !named(*field));
    let told = told.filter_map(|(field, told)| {
        let def = field.def();
        let words = value(def.ty, told, place)?;
        let words = if matches!((def.ty, def.mask), (FieldType::Text, Mask::Hidden)) {
            text(&words)
        } else {
            words
        };
        Some(format!("{} {words}", def.zh))
    });
    told.collect::<Vec<_>>().join("；")
}

/// A stated purpose in words; what callers of the API wrote stays as written.
pub(super) fn purpose(purpose: &str) -> String {
    let known = match purpose {
        "register" => "台账",
        "visit_sheet" => "打印入户核查表",
        "home_visit" => "入户走访",
        "phone_contact" => "电话联系",
        "application_help" => "协助申请",
        "data_check" => "核对数据",
        "export_home_visit" => "导出台账：入户走访",
        "export_periodic_check" => "导出台账：定期核查",
        "export_data_check" => "导出台账：核对数据",
        "read_alerts" => "查看预警",
        "read_people" => "查看家庭或人员",
        "search_people" => "搜索人员",
        "read_history" => "查看历史",
        "read_decisions" => "查看判定依据",
        "read_leads" => "查看线索",
        "read_own_leads" => "查看本人上报的线索",
        "read_care_visits" => "查看探访",
        "care_visit" => "上门探访前联系",
        other => return short(other),
    };
    known.to_owned()
}
