//! Code lists: stable codes, Chinese labels, and the spellings departments use.
//!
//! Lists grow at the end; a code never changes meaning, because stored facts
//! name it. Where a national standard numbers the values we keep its numbers.

/// One value of a code list.
#[derive(Debug)]
pub struct CodeEntry {
    /// Stable code, stored and used in policies.
    pub code: &'static str,
    /// Label on screen.
    pub zh: &'static str,
    /// Other spellings met in files.
    pub aliases: &'static [&'static str],
}

/// A closed list of codes.
#[derive(Debug)]
pub struct CodeList {
    /// Name in the dictionary.
    pub name: &'static str,
    /// Its values.
    pub entries: &'static [CodeEntry],
}

impl CodeList {
    /// The code a department's text means: code, label or alias, ignoring
    /// surrounding space.
    pub fn read(&self, text: &str) -> Option<&'static str> {
        let text = text.trim();
        let names = |e: &&CodeEntry| e.code == text || e.zh == text || e.aliases.contains(&text);
        self.entries.iter().find(names).map(|e| e.code)
    }

    /// The stored code, if it is one of ours.
    pub fn stored(&self, code: &str) -> Option<&'static str> {
        self.entries.iter().find(|e| e.code == code).map(|e| e.code)
    }

    /// The label of a code; the code itself when unknown.
    pub fn zh<'a>(&self, code: &'a str) -> &'a str
    where
        'static: 'a,
    {
        self.entries
            .iter()
            .find(|e| e.code == code)
            .map_or(code, |e| e.zh)
    }
}

macro_rules! codes {
    ($(#[$doc:meta])* $id:ident, $name:literal: $($code:literal $zh:literal $([$($alias:literal),*])?),+ $(,)?) => {
        $(#[$doc])*
        pub static $id: CodeList = CodeList {
            name: $name,
            entries: &[$(CodeEntry { code: $code, zh: $zh, aliases: &[$($($alias),*)?] }),+],
        };
    };
}

codes! {
    /// GB/T 2261.1.
    SEX, "sex": "1" "男" ["M", "男性"], "2" "女" ["F", "女性"], "9" "未说明" ["0", "未知"]
}
codes! {
    /// Relation to the head of household (after GB/T 4761).
    KINSHIP, "kinship":
        "head" "户主" ["本人", "户主本人", "02", "01"],
        "spouse" "配偶" ["妻", "夫", "妻子", "丈夫", "10"],
        "child" "子女" ["子", "女", "之子", "之女", "长子", "次子", "三子", "长女", "次女", "三女", "儿", "儿子", "女儿", "独生子", "独生女", "20", "30"],
        "child_in_law" "儿媳女婿" ["儿媳", "女婿", "媳"],
        "parent" "父母" ["父", "母", "父亲", "母亲", "50"],
        "parent_in_law" "配偶父母" ["岳父", "岳母", "公公", "婆婆"],
        "grandchild" "孙辈" ["孙子", "孙女", "外孙", "外孙女", "孙", "(外)孙子女", "40"],
        "grandparent" "祖辈" ["祖父", "祖母", "外祖父", "外祖母", "60"],
        "sibling" "兄弟姐妹" ["兄", "弟", "姐", "妹", "哥哥", "弟弟", "姐姐", "妹妹", "70"],
        "other" "其他" ["其它", "非亲属", "90"]
}
codes! {
    /// How the composition of a household is known.
    COMPOSITION_BASIS, "composition_basis":
        "declared" "申报", "verified" "核实", "hukou_inferred" "户籍推定", "unknown" "未知"
}
codes! {
    /// Why a person living together is not counted (民发〔2021〕57号第七条).
    NOT_COUNTED, "not_counted":
        "religious" "宗教教职" ["宗教教职人员"], "imprisoned" "服刑" ["监狱服刑", "在押服刑"],
        "compulsory_isolation" "强制隔离戒毒" ["强戒"], "declared_missing" "宣告失踪",
        "not_cohabiting" "非共同生活" ["不共同生活", "出嫁", "分户"], "postgraduate" "研究生", "other" "其他"
}
codes! {
    /// Relief schemes a household or person may be recognised in.
    SCHEME, "scheme":
        "subsistence" "低保" ["最低生活保障", "城市低保", "农村低保"],
        "marginal" "低边" ["低保边缘", "低保边缘家庭", "低收入"],
        "extreme_difficulty" "特困" ["特困人员", "特困供养", "五保"],
        "expenditure_hardship" "刚性支出" ["刚性支出困难", "支出型困难", "支出型", "支出型困难家庭"],
        "relapse_monitored" "防返贫" ["防止返贫监测"],
        "none" "无"
}
codes! {
    /// Sub-schemes of 低保 (民发〔2021〕57号第八条).
    SUB_SCHEME, "sub_scheme":
        "whole_family" "整户" ["全户", "家庭"],
        "individual_disability" "单人户-重残" ["单人户重残", "残单户", "重残单人户", "残疾人单列户施保"],
        "individual_illness" "单人户-重病" ["单人户重病", "重病单人户", "重病型单列户施保"],
        "individual_unemployed_disabled" "成年无业重残",
        "scattered" "分散供养" ["分散"], "institution" "集中供养" ["集中"]
}
codes! {
    /// Items on a payment list.
    GRANT_ITEM, "grant_item":
        "subsistence" "低保" ["最低生活保障", "低保金", "城乡低保"],
        "extreme_difficulty" "特困" ["特困供养", "特困人员救助供养"],
        "living_subsidy" "残疾人生活补贴" ["困难残疾人生活补贴", "生活补贴"],
        "nursing_subsidy" "残疾人护理补贴" ["重度残疾人护理补贴", "护理补贴"],
        "senior_allowance" "尊老金" ["高龄津贴", "高龄补贴"],
        "orphan" "孤儿" ["孤儿基本生活费"],
        "unattended_child" "事实无人抚养儿童",
        "temporary_relief" "临时救助"
}
codes! {
    /// What became of a payment.
    GRANT_STATUS, "grant_status":
        "paid" "已发" ["正常", "发放成功", "在发", "成功"], "returned" "退汇" ["发放失败", "退回"],
        "stopped" "停发" ["已停发", "终止"], "suspended" "暂停" ["暂停发放"]
}
codes! {
    /// Income by fine class; what is exempt is a parameter per scheme and date.
    INCOME_CLASS, "income_class":
        "wage" "工资性收入", "business" "经营净收入", "property" "财产净收入",
        "transfer" "转移净收入", "central_basic_pension" "中央基础养老金",
        "veteran_benefit" "优抚抚恤", "scholarship" "奖助学金", "social_assistance" "救助款物",
        "family_planning_reward" "计生奖励", "good_deed_reward" "见义勇为奖励",
        "disability_subsidy" "残疾人两项补贴", "other" "其他收入"
}
codes! {
    /// Where an amount comes from; order of trust is the dictionary's precedence.
    VALUE_BASIS, "value_basis":
        "means_check" "核对报告", "assessed" "核定", "register" "部门登记", "declared" "自报"
}
codes! {
    /// Result of a means check on property.
    MEANS_RESULT, "means_result": "within" "未超" ["符合", "未超标", "合格"], "over" "超标" ["超", "不符合"], "pending" "核对中"
}
codes! {
    /// Asset classes.
    ASSET_CLASS, "asset_class":
        "deposit" "存款", "security" "证券", "fund" "基金", "insurance" "商业保险", "claim" "债权",
        "car" "机动车", "house" "住房", "shop" "非居住用房", "land" "土地", "business_share" "企业出资", "other" "其他"
}
codes! {
    /// Disability category (national certificate order).
    DISABILITY_CATEGORY, "disability_category":
        "visual" "视力" ["1", "视力残疾", "盲"], "hearing" "听力" ["2", "听力残疾"], "speech" "言语" ["3", "言语残疾", "语言"],
        "limb" "肢体" ["4", "肢体残疾"], "intellectual" "智力" ["5", "智力残疾"], "mental" "精神" ["6", "精神残疾"],
        "multiple" "多重" ["7", "多重残疾"]
}
codes! {
    /// Disability grade, 1 the most severe.
    DISABILITY_GRADE, "disability_grade":
        "1" "一级" ["壹级", "Ⅰ", "Ⅰ级", "1级", "一"], "2" "二级" ["贰级", "Ⅱ", "Ⅱ级", "2级", "二"],
        "3" "三级" ["叁级", "Ⅲ", "Ⅲ级", "3级", "三"], "4" "四级" ["肆级", "Ⅳ", "Ⅳ级", "4级", "四"]
}
codes! {
    /// State of a disability certificate.
    CERTIFICATE_STATUS, "certificate_status":
        "valid" "正常" ["有效", "在用"], "frozen" "冻结", "cancelled" "注销" ["已注销"], "moved_out" "迁出" ["已迁出"], "expired" "过期"
}
codes! {
    /// Medical care category of a settlement.
    CARE_KIND, "care_kind":
        "inpatient" "普通住院" ["住院", "21"], "outpatient" "普通门诊" ["门诊", "11"],
        "chronic" "门诊慢特病" ["门慢", "门特", "14"], "emergency" "急诊", "manual" "手工零星报销" ["零星报销", "手工报销"], "other" "其他"
}
codes! {
    /// Kinds of restricted liberty; only some leave the count (民发〔2021〕57号第七条).
    RESTRICTION, "restriction":
        "prison" "监狱服刑" ["服刑", "在押服刑"], "compulsory_isolation" "强制隔离戒毒" ["强戒"], "detention" "看守所羁押" ["羁押", "刑事拘留", "逮捕"],
        "probation" "缓刑", "community_correction" "社区矫正", "medical_parole" "暂予监外执行" ["监外执行", "保外就医"],
        "declared_missing" "宣告失踪", "lost_contact" "失联" ["失去联系"], "other" "其他限制人身自由" ["其他"]
}
codes! {
    /// What a row of social security tells.
    LABOUR_RECORD, "labour_record":
        "unemployment" "失业登记" ["登记失业"], "insured" "参保缴费" ["缴费", "参保", "参保登记", "社保缴费"],
        "job" "就业登记" ["用工备案", "录用备案"], "benefit" "待遇发放" ["待遇", "待遇领取", "待遇享受"]
}
codes! {
    /// In which capacity someone is insured.
    INSURANCE_FORM, "insurance_form":
        "employee" "单位参保" ["单位", "职工", "企业职工", "单位职工"], "flexible" "灵活就业" ["个人", "个体", "灵活就业人员", "个人缴费"],
        "resident" "城乡居民" ["居民", "城乡居民养老"]
}
codes! {
    /// Benefits of social insurance.
    INSURANCE_BENEFIT, "insurance_benefit":
        "unemployment" "失业保险金" ["失业金", "失业保险待遇"], "pension" "养老金" ["基本养老金", "养老待遇", "退休待遇"],
        "injury" "工伤待遇" ["工伤保险待遇"], "injury_nursing" "工伤生活护理费" ["生活护理费"], "other" "其他"
}
codes! {
    /// Kinds of vehicles, by the codes and words of the registration (GA 24.4).
    VEHICLE_TYPE, "vehicle_type":
        "car" "小型、微型客车" ["K31", "K32", "K33", "K34", "K38", "K39", "K41", "K42", "K43", "小型轿车", "微型轿车", "轿车", "小型普通客车", "小型越野客车"],
        "bus" "大中型客车" ["K11", "K12", "K21", "K22", "大型普通客车", "中型普通客车"],
        "truck" "货车" ["H11", "H12", "H21", "H22", "H31", "H32", "H41", "轻型普通货车", "轻型厢式货车", "重型货车"],
        "motorcycle" "摩托车" ["M11", "M13", "M14", "M21", "M22", "普通二轮摩托车", "轻便二轮摩托车", "二轮摩托车", "普通正三轮摩托车"],
        "wheelchair" "残疾人机动轮椅车" ["M15", "残疾人专用代步车", "代步车", "轻便三轮"],
        "agricultural" "拖拉机、三轮汽车" ["N11", "T11", "T21", "三轮汽车", "拖拉机"], "other" "其他"
}
codes! {
    /// State of a registered vehicle (GA 24.17); departments join several letters.
    VEHICLE_STATUS, "vehicle_status":
        "normal" "正常" ["A"],
        "remarked" "有未处理事项" ["D", "G", "H", "I", "J", "K", "L", "O", "P", "Q", "GQ", "QG", "GK", "GP", "PQ", "停驶", "逾期未检验", "违法未处理"],
        "moved_out" "转出" ["B", "BG", "GB", "已转出"], "cancelled" "注销" ["E", "M", "EQ", "QE", "报废", "强制注销"], "stolen" "被盗抢" ["C"]
}
codes! {
    /// Incidents.
    INCIDENT, "incident":
        "fire" "火灾" ["失火", "火情", "火警"], "traffic" "交通事故" ["车祸", "道路交通事故"],
        "disaster" "自然灾害" ["灾害", "洪涝", "台风", "雷击", "龙卷风", "风雹"],
        "safety" "安全事故" ["生产安全事故", "安全生产事故", "燃气事故", "触电", "溺水"], "other" "其他" ["其它"]
}
codes! {
    /// What an incident did to a person.
    INJURY, "injury":
        "death" "死亡" ["亡", "身亡"], "serious" "重伤" ["危重", "重度受伤"], "slight" "轻伤" ["轻微伤", "伤"],
        "none" "无伤亡" ["无", "未受伤", "未伤"]
}
codes! {
    /// What an incident did to a home.
    LOSS, "loss":
        "collapsed" "房屋倒塌" ["倒塌", "烧毁", "房屋烧毁", "全毁"], "severe" "房屋严重损坏" ["严重损坏", "严损", "无法居住"],
        "slight" "房屋一般损坏" ["一般损坏", "一般"], "goods" "财物损失" ["财产损失", "车辆损失"], "none" "无损失" ["无"]
}
codes! {
    /// As what a person stands on the list of an incident.
    INCIDENT_ROLE, "incident_role":
        "victim" "受灾受伤人员" ["受灾人员", "受灾户", "伤者", "死者", "被困人员", "户主"], "driver" "驾驶人" ["当事人", "司机"],
        "bystander" "报警人、目击人" ["报警人", "目击人", "证人", "救援人员", "知情人"], "other" "其他" ["其它"]
}
codes! {
    /// Employment.
    EMPLOYMENT, "employment":
        "employed" "在职" ["在职职工", "就业"], "flexible" "灵活就业", "registered_unemployed" "登记失业",
        "unemployed" "无业" ["未登记失业", "失业"], "no_capacity" "无劳动能力" ["无就业条件"], "minor" "未成年人", "elderly" "老年人"
}
codes! {
    /// Stage of schooling.
    SCHOOL_STAGE, "school_stage":
        "kindergarten" "幼儿园", "primary" "小学", "junior" "初中", "senior" "普通高中" ["高中"],
        "vocational" "中职" ["职高", "技校"], "bachelor" "本科", "college" "专科" ["大专"], "postgraduate" "研究生" ["硕士", "博士"]
}
codes! {
    /// Parent or other relation of the linked person.
    PARENT, "parent": "father" "父", "mother" "母"
}
codes! {
    /// Obligors (法定义务人).
    OBLIGATION, "obligation": "spouse" "配偶", "parent" "父母", "child" "子女", "grandchild" "孙辈", "grandparent" "祖辈"
}
codes! {
    /// Class of periodic check (民发〔2021〕57号第三十一条).
    CHECK_CLASS, "check_class": "A" "A类", "B" "B类", "C" "C类"
}
codes! {
    /// What an officer found; work is closed with one of these.
    OUTCOME, "outcome":
        "true_assisted" "属实-已告知协助申请", "true_adjusted" "属实-已报停或调整", "true_covered" "属实-已保障",
        "in_process" "已在金民办理中", "untrue" "不属实", "data_error" "数据错误-退来源部门",
        "declined" "本人放弃", "unverifiable" "无法核实", "not_ours" "不归本镇"
}
codes! {
    /// How a lead came.
    LEAD_KIND, "lead_kind":
        "grid" "网格上报", "hotline" "热线", "self" "本人求助", "patrol" "走访发现", "other" "其他",
        "village" "村级上报" ["村级联络人上报"], "desk" "经办登记"
}
codes! {
    /// What a lead is about, as far as the reporter says.
    LEAD_CATEGORY, "lead_category":
        "fire" "火灾" ["失火", "火情"], "accident" "交通事故" ["车祸"], "disaster" "自然灾害" ["灾害"],
        "illness" "突发疾病" ["重病", "突发重病", "疾病"], "unattended" "无人照护" ["无人照料", "留守"],
        "hardship" "生活困难" ["困难", "断炊"], "other" "其他" ["其它"]
}
codes! {
    /// How pressing a lead is, as its reporter says.
    URGENCY, "urgency": "urgent" "急" ["紧急", "特急", "加急", "高"], "ordinary" "一般" ["普通", "不急", "常规", "低"]
}
codes! {
    /// Kinds of visits.
    VISIT_KIND, "visit_kind": "care" "探访", "round" "走访", "survey" "入户调查"
}
codes! {
    /// How somebody was found at a visit.
    VISIT_FINDING, "visit_finding":
        "safe" "平安" ["正常", "安好", "良好"], "needs_help" "需要帮助" ["需帮助", "有困难", "求助"],
        "not_seen" "未见到人" ["未遇", "无人在家", "访而未遇"]
}
codes! {
    /// How often somebody on the visiting roster is to be visited.
    CARE_CLASS, "care_class": "weekly" "每周" ["重点", "重点探访", "每周至少1次", "周"], "monthly" "每月" ["一般", "一般探访", "每月至少1次", "月"]
}
codes! {
    /// What a consent allows.
    CONSENT_SCOPE, "consent_scope": "means_check" "家庭经济状况核对", "sharing" "数据共享"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn departments_spellings_are_one_code() {
        assert_eq!(DISABILITY_GRADE.read("贰级"), Some("2"));
        assert_eq!(DISABILITY_GRADE.read("Ⅱ"), Some("2"));
        assert_eq!(KINSHIP.read(" 长子 "), Some("child"));
        assert_eq!(KINSHIP.read("房东"), None);
        assert_eq!(SCHEME.zh("marginal"), "低边");
    }
}
