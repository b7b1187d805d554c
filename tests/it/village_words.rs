//! What village contacts may be told: over every alert of the samples, no
//! sensitive fact is in it.

use std::collections::BTreeSet;

use domain::authority::Operation;
use domain::evaluation::{Segment, VILLAGE_WITHOUT_WORDS};
use pipeline::desk::Opened;
use store::commit::AlertRow;
use testkit::app::{TestApp, root};

/// Words that tell illness, custody or death. Amounts are found by their digits.
const TELLING: [&str; 15] = [
    "残疾", "护理", "服刑", "戒毒", "羁押", "矫正", "失联", "失踪", "住院", "疾病", "重病", "精神",
    "死亡", "医疗", "孤儿",
];

/// Texts of a column that stand in the samples.
fn texts(file: &str, column: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("data-samples").join(file)).unwrap();
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let header = lines.next().unwrap();
    let at = header.split(',').position(|name| name == column).unwrap();
    // A quoted cell shifts the ones behind it; there are enough without.
    let plain = lines.filter(|line| !line.contains('"'));
    let cells = plain.filter_map(|line| line.split(',').nth(at));
    cells
        .filter(|cell| cell.chars().count() >= 2)
        .map(str::to_owned)
        .collect()
}

fn said(segment: &Segment) -> &str {
    match segment {
        Segment::Text(text) => text,
        Segment::Name(_) => "某",
        Segment::Place(_) => "某地",
    }
}

/// Every alert has words for a village, and nothing secret is in them.
pub async fn no_village_is_told_a_secret(app: &TestApp, alerts: &[AlertRow]) {
    let mut canaries = texts("leads-20261120.csv", "情况描述");
    canaries.extend(texts("leads-20261120.csv", "居住地址"));
    canaries.extend(texts("medical-settlements-20261103.csv", "主要诊断名称"));
    assert!(canaries.len() > 20, "{}", canaries.len());
    let grant = app.grant("auditor", Operation::ReadAlerts);
    let opened = Opened::of(&app.deps, &grant, alerts).await.unwrap();
    let mut told = BTreeSet::new();
    for row in alerts {
        let decision = &opened.decisions[&row.id];
        // Names stand for themselves: an invented one may hold a digit.
        let words: String = decision.village().iter().map(said).collect();
        let policy = &row.policy;
        assert_ne!(words, VILLAGE_WITHOUT_WORDS, "{policy} has no words");
        assert!(
            !words.contains(|c: char| c.is_ascii_digit()),
            "{policy}: {words}"
        );
        let telling = TELLING.iter().find(|word| words.contains(**word));
        assert_eq!(telling, None, "{policy}: {words}");
        let canary = canaries.iter().find(|text| words.contains(text.as_str()));
        assert_eq!(canary, None, "{policy}: {words}");
        told.insert(policy.as_str());
    }
    assert!(told.len() >= 20, "{told:?}");
}

/// The page and the API show them.
#[tokio::test(flavor = "multi_thread")]
async fn the_alert_shows_what_a_village_may_be_told() {
    let app = TestApp::sqlite().await;
    let lead = "线索编号,上报时间,镇街,对象姓名,对象证件号码,情况描述\nWG1,2026-11-20,湖塘镇,顾某,,断炊两天还有重病\n";
    let file = TestApp::file("grid", "leads", "2026-11-20", 1, Some("2026-11-20"), lead);
    app.import(&file).await.unwrap();
    app.settle().await;
    let list = app.get("county", "/api/v1/alerts").await.json();
    let id = list["alerts"][0]["id"].as_str().unwrap().to_owned();
    let one = app
        .get("county", &format!("/api/v1/alerts/{id}"))
        .await
        .json();
    let words = one["village"].as_str().unwrap();
    assert_eq!(
        words,
        "顾某可能急需帮助，请马上联系看望，情况随时报镇（街道）。"
    );
    assert!(one["sentence"].as_str().unwrap().contains("断炊两天"));
    let page = app.get("county", &format!("/alerts/{id}")).await.text();
    let shown = format!("可告诉村里的话：</strong><q class=\"village\">{words}</q>");
    assert!(page.contains(&shown), "the page shows the words");
}
