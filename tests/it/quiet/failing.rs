//! A policy that cannot be computed for somebody is told of where whoever runs the
//! service looks: in the log and among the metrics, by the policy alone.

use testkit::app::{TestApp, policy_documents};

use super::{counted, heard};

const LEADS: &str = "线索编号,上报时间,镇街,村(社区),对象姓名,对象证件号码,对象电话,居住地址,户籍地,线索类别,紧急程度,情况描述,关联12345工单号\n\
     BT1,2026-11-20,湖塘镇,,陈某,99900119510101002,,,,其他,急,屋顶漏雨,\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_cannot_be_computed_is_counted_and_logged() {
    let _alone = heard::alone().await;
    let metrics = heard::metrics();
    heard::begin();
    let mut documents = policy_documents();
    let mut policies = documents.policies.iter();
    let lead = policies.find(|one| one.name.ends_with("urgent_lead.yaml"));
    let mut failing = lead.expect("a policy of leads").clone();
    failing.name = "failing_lead.yaml".to_owned();
    for (was, is) in [
        ("policy: urgent_lead", "policy: failing_lead"),
        (
            "when: size(person.lead) > 0",
            "when: 100 / size(person.lead.filter(l, l.text == \"\")) > 1 / 2",
        ),
    ] {
        assert!(failing.text.contains(was), "{was}");
        failing.text = failing.text.replacen(was, is, 1);
    }
    documents.policies.push(failing);
    let app = TestApp::of(documents).await;
    let file = TestApp::file("grid", "leads", "2026-11-20", 1, None, LEADS);
    app.import(&file).await.expect("taken");
    app.settle().await;
    let log = heard::end();
    let log = String::from_utf8_lossy(&log);
    let words = [
        "a policy could not be computed",
        "failing_lead",
        "subjects=1",
    ];
    let said = |line: &str| words.iter().all(|word| line.contains(word));
    assert!(log.lines().any(said), "the log does not say so");
    let metrics = metrics.render();
    let name = "hearth_policy_failures_total{policy=\"failing_lead\"}";
    assert!(counted(&metrics, name) > 0, "{metrics}");
    // Whom it cannot be computed for has the alerts of every other policy.
    assert_eq!(app.deps.store.statistics().await.expect("totals").alerts, 1);
}
