//! Policies, standards and their review, as a browser without JavaScript meets
//! them.

use axum::http::StatusCode;
use testkit::app::{COUNTY, TestApp};
use testkit::call::Answer;

use super::browser::{Form, forms, text};

async fn page(app: &TestApp, officer: &str, path: &str) -> String {
    let answer = app.get(officer, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.text()
}

fn the_form(page: &str, action: &str) -> Form {
    let all = forms(page);
    let found = all.iter().find(|form| form.action == action);
    found
        .unwrap_or_else(|| panic!("no form {action}: {page}"))
        .clone()
}

async fn followed(app: &TestApp, officer: &str, answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    let address = answer.headers["location"].to_str().unwrap();
    let page = page(app, officer, address).await;
    assert!(page.contains("class=\"done\""), "{address}: {page}");
    page
}

fn filled(form: Form) -> Form {
    form.with("region", COUNTY)
        .with("value", "12000")
        .with("from", "2026-12-01")
        .with("document", "武医保〔2026〕8号")
        .with("issuer", "武进区医疗保障局")
        .with("review_due", "2027-11-30")
}

/// A box that is not ticked is not sent.
fn unticked(mut form: Form) -> Form {
    form.fields.retain(|(name, _)| name != "closes");
    form
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn a_standard_is_entered_and_reviewed_with_plain_forms() {
    let app = TestApp::sqlite().await;
    let own = page(&app, "policy", "/policies/low_income_medical").await;
    assert!(own.contains("未设") || own.contains("示例参数"), "{own}");
    let form = unticked(the_form(&own, "/parameters/medical_burden_threshold"));
    // Refused, the page keeps what was typed.
    let wrong = filled(form.clone())
        .with("value", "一万二")
        .send(&app, "policy")
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let kept = text(&wrong.text());
    assert!(
        kept.contains("一万二") && kept.contains("武医保〔2026〕8号"),
        "{kept}"
    );

    let form = filled(unticked(the_form(
        &wrong.text(),
        "/parameters/medical_burden_threshold",
    )));
    let sent = form.send(&app, "policy").await;
    let shown = followed(&app, "policy", &sent).await;
    assert!(
        shown.contains("12,000元") && shown.contains("须由另一人"),
        "{shown}"
    );
    assert!(
        forms(&shown)
            .iter()
            .all(|form| !form.action.contains("approval"))
    );
    // Sent twice, it is one proposal.
    let again = form.send(&app, "policy").await;
    assert_eq!(again.headers["location"], sent.headers["location"]);
    let pending = page(&app, "county", "/parameters").await;
    assert_eq!(
        pending.matches("href=\"/proposals/").count(),
        1,
        "{pending}"
    );

    let address = sent.headers["location"].to_str().unwrap();
    let address = address.split('?').next().unwrap();
    // Of another county nobody sees it; who only reads has no form.
    assert_eq!(
        app.get("policy_elsewhere", address).await.status,
        StatusCode::NOT_FOUND
    );
    for officer in ["hutang", "auditor"] {
        let read = page(&app, officer, address).await;
        assert!(!read.contains("/approval"), "{officer}");
    }
    let reviewing = page(&app, "county", address).await;
    let approval = the_form(&reviewing, &format!("{address}/approval"));
    let own = approval.clone().send(&app, "policy").await;
    assert_eq!(own.status, StatusCode::CONFLICT);
    let silent = approval
        .clone()
        .with("words", " ")
        .send(&app, "county")
        .await;
    assert_eq!(silent.status, StatusCode::BAD_REQUEST, "{}", silent.text());
    let done = approval
        .with("words", "已核对原件")
        .send(&app, "county")
        .await;
    followed(&app, "county", &done).await;
    let rejection = the_form(&reviewing, &format!("{address}/rejection"));
    let late = rejection.send(&app, "policy2").await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);

    let history = page(&app, "hutang", "/parameters/medical_burden_threshold").await;
    for words in [
        "12,000元",
        "武医保〔2026〕8号",
        "提出 policy",
        "批准 county",
        "已核对原件",
    ] {
        assert!(history.contains(words), "{words}: {history}");
    }
    let missing = app.get("policy", "/parameters/none_such").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_sentences_with_its_cases_judged_here() {
    let app = TestApp::sqlite().await;
    let list = page(&app, "hutang", "/policies").await;
    let set = app.deps.policies();
    for policy in set.policies() {
        assert!(
            list.contains(&format!("/policies/{}", policy.id)),
            "{}",
            policy.id
        );
        let one = text(&page(&app, "hutang", &format!("/policies/{}", policy.id)).await);
        for (_, zh, _) in policy.criteria() {
            assert!(one.contains(zh), "{}: {zh}", policy.id);
        }
        assert!(
            one.contains("平台默认，非法定")
                || one.contains("文件规定")
                || one.contains("不设期限")
        );
        assert!(
            one.contains("相符") && !one.contains("不符</strong>"),
            "{one}"
        );
    }
    let nursing = text(&page(&app, "policy", "/policies/nursing_subsidy").await);
    assert!(
        nursing.contains("两份名册都未到") && nursing.contains("缺："),
        "{nursing}"
    );
    assert!(nursing.contains("待核实"), "{nursing}");
    assert_eq!(
        app.get("hutang", "/policies/none").await.status,
        StatusCode::NOT_FOUND
    );
    // Policies disclose nobody.
    assert_eq!(
        app.get("village", "/policies").await.status,
        StatusCode::FORBIDDEN
    );
}
