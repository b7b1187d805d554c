//! Builders: the columns exactly as departments name them, invented people, one
//! import header.

use std::collections::BTreeMap;
use std::io::Cursor;

use domain::ids::ImportId;
use domain::record::{
    DatasetId, ImportHeader, Incoming, Revision, RowOutcome, SourceId, Statement,
};
use domain::region::{DivisionCode, Divisions};
use domain::resident_id::ResidentId;
use domain::time::{Date, Instant};
use domain::value::Body;
use ingest::{Context, FileError, Layout, Row, Survey, decode_after, layout_for, survey};

pub(crate) const CIVIL: &str = "户编号,救助类别,救助小类,户籍镇街,户籍村(社区),居住镇街,居住村(社区),区划代码,户主姓名,户主证件号码,成员姓名,证件类型,证件号码,与户主关系,性别,出生日期,婚姻状况,健康状况,劳动能力,就业状况,在校阶段,是否共同生活,是否计入人口,不计入原因,是否保障对象,父亲证件号码,母亲证件号码,年工资性收入,年经营净收入,年财产净收入,年转移净收入,其中中央基础养老金,收入核定期起,收入核定期止,财产核对日期,财产核对结果,联系电话,家庭住址,认定日期,有效期止,最近核查日期,核查类别,操作类型,更新时间";
pub(crate) const PAYMENTS: &str = "发放年月,救助项目,救助小类,户编号,户主姓名,户主证件号码,享受人姓名,享受人证件号码,保障人数,保障标准,家庭月收入,月补差金额,分类施保金额,补发金额,补发月份,扣回金额,实发金额,渐退期起,渐退期止,首次享受年月,发放状态,发放日期,开户银行,银行账号,代领人,备注";
pub(crate) const MEDICAL: &str = "结算ID,就诊ID,人员编号,姓名,证件号码,险种类型,人员类别,参保区划,医疗类别,定点医药机构名称,入院日期,出院日期,结算时间,主要诊断名称,病种名称,医疗费总额,全自费金额,超限价自费费用,先行自付金额,统筹基金支出,公务员医疗补助,大额医疗补助,大病保险支出,医疗救助支出,其他基金支出,基金支付总额,个人负担总额,个人账户支出,账户共济支付,个人现金支付,退费结算标志,原结算ID,报销方式";
pub(crate) const DISABILITY: &str = "残疾人证号,姓名,性别,出生日期,身份证号码,户籍镇街,户籍村(社区),残疾类别,残疾等级,多重残疾明细,首次发证日期,发证日期,有效期止,证件状态,注销原因,监护人姓名,监护人电话,变更类型,变更日期,更新时间";
pub(crate) const POLICE: &str =
    "公民身份号码,姓名,性别,出生日期,户号,户籍地址,变动类别,死亡日期,注销日期,迁往地,更新时间";
pub(crate) const FUNERAL: &str = "火化编号,逝者姓名,证件类型,证件号码,性别,年龄,死亡日期,火化日期,户籍地址,死亡证明编号,家属姓名,与逝者关系,家属电话";

pub(crate) const LEADS: &str = "线索编号,上报时间,上报人,所属网格,镇街,村(社区),对象姓名,对象证件号码,对象电话,居住地址,户籍地,是否本地户籍,线索类别,紧急程度,情况描述,已采取措施,是否需反馈,关联12345工单号";

pub(crate) const LIBERTY: &str = "记录编号,姓名,性别,出生日期,证件号码,类别,场所,起日,期限,期限止,释放日期,文书号,办案单位,更新时间";
pub(crate) const VEHICLES: &str = "机动车序号,号牌种类,号牌号码,车辆类型,车辆品牌,使用性质,机动车所有人,身份证明名称,身份证明号码,初次登记日期,发牌日期,机动车状态,强制报废期止,排量,变更类型,更新日期";

pub(crate) const LABOUR: &str = "记录类别,证件号码,姓名,单位名称,险种,缴费年月,缴费基数,参保形式,登记日期,原因,待遇类别,月待遇金额,其中中央基础养老金,待遇起始年月,待遇终止年月,停发原因,流水号,更新时间";

pub(crate) const ELDERS: &str =
    "公民身份号码,姓名,性别,出生日期,户号,户籍镇街,户籍村(社区),户籍地址,更新时间";

pub(crate) const INCIDENTS: &str = "记录编号,事件编号,事件类别,发生时间,镇街,村(社区),发生地址,姓名,证件号码,性别,年龄,联系电话,户籍地,人员身份,伤亡情况,房屋财产损失,事故责任,处置情况,报送部门,更新时间";

pub(crate) type Cells = BTreeMap<String, String>;

/// A valid number from its area, birth date and sequence: `999903 19820914 013`.
pub(crate) fn id(first17: &str) -> String {
    ResidentId::from_first_17(&first17.replace(' ', ""))
        .unwrap()
        .as_str()
        .to_owned()
}

/// Cells by column, written `列=值 列=值`.
pub(crate) fn cells(pairs: &[(&str, &str)]) -> Cells {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The same cells with some changed.
pub(crate) fn with(base: &Cells, pairs: &[(&str, &str)]) -> Cells {
    let mut changed = base.clone();
    changed.extend(cells(pairs));
    changed
}

/// Chen of the disability example: head of a 低边 household in 洛阳镇民丰村.
pub(crate) fn chen() -> Cells {
    let number = id("999903 19820914 013");
    cells(&[
        ("户编号", "JM32041200012"),
        ("救助类别", "低边"),
        ("户籍镇街", "洛阳镇"),
        ("户籍村(社区)", "民丰村"),
        ("居住镇街", "洛阳镇"),
        ("居住村(社区)", "民丰村"),
        ("区划代码", "320412103217"),
        ("户主姓名", "陈某"),
        ("户主证件号码", &number),
        ("成员姓名", "陈某"),
        ("证件类型", "身份证"),
        ("证件号码", &number),
        ("与户主关系", "户主"),
        ("性别", "男"),
        ("出生日期", "1982-09-14"),
        ("婚姻状况", "已婚"),
        ("就业状况", "无业"),
        ("是否共同生活", "是"),
        ("是否计入人口", "是"),
        ("是否保障对象", "否"),
        ("年工资性收入", "0.00"),
        ("年经营净收入", "0.00"),
        ("年财产净收入", "0.00"),
        ("年转移净收入", "3,000.00"),
        ("其中中央基础养老金", "1200"),
        ("收入核定期起", "2025-03"),
        ("收入核定期止", "2026-02"),
        ("财产核对日期", "2026-02-20"),
        ("财产核对结果", "未超"),
        ("认定日期", "2026-03-01"),
        ("有效期止", "2027-02-28"),
        ("最近核查日期", "2026-03-01"),
        ("核查类别", "B"),
        ("操作类型", "U"),
        ("更新时间", "2026/11/3 9:12"),
    ])
}

/// Chen's daughter, born 2015, mother known.
pub(crate) fn chen_daughter() -> Cells {
    with(
        &chen(),
        &[
            ("成员姓名", "陈小某"),
            ("证件号码", &id("999903 20150502 022")),
            ("与户主关系", "之女"),
            ("性别", "女"),
            ("出生日期", "2015/5/2"),
            ("就业状况", "未成年人"),
            ("在校阶段", "小学"),
            ("父亲证件号码", &id("999903 19820914 013")),
            ("母亲证件号码", &id("999903 19840101 026")),
            ("年转移净收入", ""),
            ("其中中央基础养老金", ""),
            ("年工资性收入", "/"),
        ],
    )
}

/// Li's 低保 payment of November.
pub(crate) fn li_payment() -> Cells {
    let number = id("999902 19720508 031");
    cells(&[
        ("发放年月", "202611"),
        ("救助项目", "低保"),
        ("救助小类", "整户"),
        ("户编号", "JM32041200007"),
        ("户主姓名", "李某国"),
        ("户主证件号码", &number),
        ("享受人姓名", "李某国"),
        ("享受人证件号码", &number),
        ("保障人数", "4"),
        ("保障标准", "1160"),
        ("家庭月收入", "2640"),
        ("月补差金额", "2000.00"),
        ("分类施保金额", "0"),
        ("补发金额", "0"),
        ("扣回金额", "0"),
        ("实发金额", "2000.00"),
        ("首次享受年月", "202304"),
        ("发放状态", "已发"),
        ("发放日期", "2026-11-05"),
        ("开户银行", "农商行"),
        ("银行账号", "6.2E+18"),
    ])
}

/// Zhao's stay in hospital.
pub(crate) fn zhao_stay() -> Cells {
    cells(&[
        ("结算ID", "S2026110300017"),
        ("就诊ID", "M77120"),
        ("姓名", "赵某芳"),
        ("证件号码", &id("999905 19790203 024")),
        ("险种类型", "城乡居民"),
        ("参保区划", "320412"),
        ("医疗类别", "普通住院"),
        ("定点医药机构名称", "甲医院"),
        ("结算时间", "20261101153000"),
        ("主要诊断名称", "恶性肿瘤,左肺"),
        ("医疗费总额", "52310.00"),
        ("基金支付总额", "41710.00"),
        ("个人负担总额", "10600.00"),
        ("个人现金支付", "10600.00"),
        ("退费结算标志", "否"),
        ("报销方式", "联网"),
    ])
}

/// Chen's certificate.
pub(crate) fn chen_certificate() -> Cells {
    let number = id("999903 19820914 013");
    cells(&[
        ("残疾人证号", &format!("{number}42")),
        ("姓名", "陈某"),
        ("性别", "男"),
        ("出生日期", "1982-09-14"),
        ("身份证号码", &number),
        ("户籍镇街", "洛阳镇"),
        ("户籍村(社区)", "民丰村"),
        ("残疾类别", "肢体"),
        ("残疾等级", "二级"),
        ("首次发证日期", "2026-11-06"),
        ("发证日期", "2026-11-06"),
        ("有效期止", "2036-11-05"),
        ("证件状态", "正常"),
        ("变更类型", "新办"),
        ("变更日期", "2026-11-06"),
    ])
}

/// Wang's death as the police register it.
pub(crate) fn wang_police() -> Cells {
    cells(&[
        ("公民身份号码", &id("999901 19400311 022")),
        ("姓名", "王某英"),
        ("性别", "女"),
        ("出生日期", "1940-03-11"),
        ("户籍地址", "湖塘镇丰乐社区"),
        ("变动类别", "死亡"),
        ("死亡日期", "2026-09-28"),
        ("注销日期", "2026-10-20"),
    ])
}

/// Wang's cremation.
pub(crate) fn wang_cremation() -> Cells {
    cells(&[
        ("火化编号", "HH20260930011"),
        ("逝者姓名", "王某英"),
        ("证件类型", "身份证"),
        ("证件号码", &id("999901 19400311 022")),
        ("性别", "女"),
        ("年龄", "86"),
        ("死亡日期", "2026.9.28"),
        ("火化日期", "2026年9月30日"),
        ("户籍地址", "湖塘镇丰乐社区"),
        ("家属姓名", "王某"),
        ("与逝者关系", "子"),
        ("家属电话", "13800000000"),
    ])
}

/// A mother in compulsory isolation for 24 months.
pub(crate) fn zhou_term() -> Cells {
    cells(&[
        ("记录编号", "SF2026041500007"),
        ("姓名", "周某母"),
        ("性别", "女"),
        ("证件号码", &id("999904 19900421 044")),
        ("类别", "强戒"),
        ("场所", "某所"),
        ("起日", "2026年4月15日"),
        ("期限", "两年"),
    ])
}

/// Of local hukou, eighty this month.
pub(crate) fn xu_of_eighty() -> Cells {
    cells(&[
        ("公民身份号码", &id("999903 19461108 012")),
        ("姓名", "许　林"),
        ("性别", "女"),
        ("户籍镇街", "洛阳镇"),
        ("户籍村(社区)", "民丰村"),
    ])
}

/// Registered as unemployed in August.
pub(crate) fn sun_unemployed() -> Cells {
    cells(&[
        ("记录类别", "失业登记"),
        ("证件号码", &id("999906 19690722 015")),
        ("姓名", "孙某"),
        ("登记日期", "2026-08-10"),
        ("原因", "合同到期"),
        ("流水号", "RS88120"),
        ("更新时间", "2026-11-08"),
    ])
}

/// A car newly registered, with something unpaid.
pub(crate) fn sun_car() -> Cells {
    cells(&[
        ("机动车序号", "320400123456"),
        ("号牌种类", "02"),
        ("号牌号码", "D00X00"),
        ("车辆类型", "K33"),
        ("机动车所有人", "孙某"),
        ("身份证明名称", "A"),
        ("身份证明号码", &id("999906 19690722 015")),
        ("初次登记日期", "2026-10-20"),
        ("发牌日期", "2026-10-20"),
        ("机动车状态", "GQ"),
        ("变更类型", "注册"),
    ])
}

/// A fire reported without an identity number, the year left out.
/// Wu of the fire, as the fire brigade has him: without a number.
pub(crate) fn wu_fire() -> Cells {
    cells(&[
        ("记录编号", "YJ20261110007-1"),
        ("事件类别", "火灾"),
        ("发生时间", "2026-11-09 22:40"),
        ("镇街", "洛阳镇"),
        ("姓名", "吴某"),
        ("人员身份", "受灾户"),
        ("伤亡情况", "无伤亡"),
        ("房屋财产损失", "烧毁"),
        ("报送部门", "消防"),
    ])
}

pub(crate) fn wu_lead() -> Cells {
    cells(&[
        ("线索编号", "WG20261110003"),
        ("上报时间", "11.10 8:40"),
        ("上报人", "村网格员02"),
        ("所属网格", "湟里03网格"),
        ("镇街", "洛阳镇"),
        ("村(社区)", ""),
        ("对象姓名", "吴某"),
        ("对象证件号码", ""),
        ("对象电话", "10012345678"),
        ("居住地址", "出租屋"),
        ("户籍地", "安徽"),
        ("线索类别", "其他"),
        ("紧急程度", "急"),
        ("情况描述", "昨夜出租屋失火"),
    ])
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// A CSV file of these rows under a header.
pub(crate) fn csv(header: &str, rows: &[Cells]) -> Vec<u8> {
    let mut text = format!("{header}\r\n");
    for row in rows {
        let known: Vec<&str> = header.split(',').collect();
        assert!(
            row.keys().all(|column| known.contains(&column.as_str())),
            "a column that is not in the header"
        );
        let line: Vec<String> = known
            .iter()
            .map(|column| row.get(*column).map(|c| quoted(c)).unwrap_or_default())
            .collect();
        text.push_str(&line.join(","));
        text.push_str("\r\n");
    }
    text.into_bytes()
}

/// The same rows as NDJSON.
pub(crate) fn ndjson(rows: &[Cells]) -> Vec<u8> {
    let line = |row: &Cells| format!("{}\n", serde_json::to_string(row).unwrap());
    rows.iter().map(line).collect::<String>().into_bytes()
}

pub(crate) fn gb18030(text: &[u8]) -> Vec<u8> {
    encoding_rs::GB18030
        .encode(std::str::from_utf8(text).unwrap())
        .0
        .into_owned()
}

pub(crate) fn layout(dataset: &str) -> &'static Layout {
    layout_for(dataset).unwrap()
}

/// What an import is decoded in.
pub(crate) struct Desk {
    pub(crate) header: ImportHeader,
    pub(crate) divisions: Divisions,
    pub(crate) synthetic: bool,
}

impl Desk {
    pub(crate) fn new(dataset: &str) -> Desk {
        let table = "code,name,bureau,from,to\n320412,武进区,,,\n320412100,湖塘镇,,,\n320412100201,丰乐社区居委会,,,\n\
            320412103,洛阳镇,,,\n320412103217,民丰村村委会,,,\n320412105,横林镇,3204,,\n320411,新北区,,,\n320411001,三井街道,320412,,\n";
        let header = ImportHeader {
            id: ImportId::from_uuid("00000000-0000-4000-8000-000000000001".parse().unwrap()),
            source: SourceId::new(layout(dataset).source()),
            dataset: DatasetId::new(dataset),
            revision: Revision {
                business_date: Date::constant(2026, 11, 20),
                sequence: 1,
            },
            scope: DivisionCode::parse("320412").unwrap(),
            as_of: Some(Date::constant(2026, 11, 15)),
            digest: "0".repeat(64),
            size: 0,
            received_at: Instant::from_micros(0),
        };
        Desk {
            header,
            divisions: Divisions::parse(table).unwrap(),
            synthetic: true,
        }
    }

    pub(crate) fn cx(&self) -> Context<'_> {
        Context {
            header: &self.header,
            divisions: &self.divisions,
            synthetic: self.synthetic,
        }
    }

    /// Both passes over a file.
    pub(crate) fn read(&self, bytes: &[u8]) -> Result<(Survey, Vec<Row>), FileError> {
        let (layout, cx) = (layout(self.header.dataset.as_str()), self.cx());
        let survey = survey(Cursor::new(bytes), layout, &cx)?;
        let rows = decode_after(&survey, Cursor::new(bytes), layout, &cx)?
            .collect::<Result<Vec<_>, _>>()?;
        Ok((survey, rows))
    }

    /// The rows of a file that is not refused.
    pub(crate) fn rows(&self, bytes: &[u8]) -> Vec<Row> {
        self.read(bytes).unwrap().1
    }
}

/// `outcome code@column code@column` of one row.
pub(crate) fn answer(row: &Row) -> String {
    let notes = row.notes.iter().map(|note| match &note.column {
        Some(column) => format!(" {}@{column}", note.code),
        None => format!(" {}", note.code),
    });
    format!("{}{}", row.outcome.name(), notes.collect::<String>())
}

/// The answer to a file with this one row.
pub(crate) fn answer_to(dataset: &str, header: &str, row: &Cells) -> String {
    let rows = Desk::new(dataset).rows(&csv(header, std::slice::from_ref(row)));
    assert_eq!(rows.len(), 1);
    answer(&rows[0])
}

/// The body of the row's only record of a kind.
pub(crate) fn body<'a>(row: &'a Row, kind: &str) -> &'a Body {
    let Statement::Says(body) = &record(row, kind).statement else {
        panic!("{kind} is retracted")
    };
    body
}

/// The row's only record of a kind.
pub(crate) fn record<'a>(row: &'a Row, kind: &str) -> &'a Incoming {
    let of_kind: Vec<&Incoming> = row
        .incoming
        .iter()
        .filter(|i| i.statement.kind().def().name == kind)
        .collect();
    assert_eq!(of_kind.len(), 1, "{kind} in {:?}", answer(row));
    of_kind[0]
}

/// Kinds of the row's records.
pub(crate) fn kinds(row: &Row) -> Vec<&'static str> {
    row.incoming
        .iter()
        .map(|i| i.statement.kind().def().name)
        .collect()
}

pub(crate) fn taken(row: &Row) -> bool {
    matches!(row.outcome, RowOutcome::Accepted | RowOutcome::Warned)
}

/// Reads a table, one case a line: `changes → answer`, changes as `列=值 & 列=值`,
/// `{17 digits}` a number with its check character; checks each answer.
pub(crate) fn check_answers(dataset: &str, header: &str, base: &Cells, table: &str) {
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (changes, expected) = line.split_once(" → ").expect("changes → answer");
        let mut row = base.clone();
        for change in changes.split(" & ") {
            let (column, value) = change.split_once('=').expect("列=值");
            let value = match value.split_once('{').zip(value.split_once('}')) {
                Some(((before, _), (number, after))) => {
                    format!("{before}{}{after}", id(&number[before.len() + 1..]))
                }
                None => value.to_owned(),
            };
            row.insert(column.trim().to_owned(), value);
        }
        assert_eq!(answer_to(dataset, header, &row), expected, "{line}");
    }
}
