//! A value that would match nobody, nearly everybody, or turn many verdicts is
//! approved only with a reason, which stays with the review.

use axum::http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use testkit::app::{COUNTY, HUTANG, TestApp, policy_documents};
use testkit::call::Answer;

const PROPOSALS: &str = "/api/v1/parameters/proposals";

async fn proposed(app: &TestApp, key: &str, value: &str, region: &str, from: &str) -> String {
    let body = json!({
        "key": key, "region": region, "value": value, "from": from,
        "document": "武民发〔2026〕9号", "issuer": "武进区民政局",
    });
    let idempotency = format!("{key}-{value}-{from}-{region}");
    let headers = [("idempotency-key", idempotency.as_str())];
    let answer = app.post("policy", PROPOSALS, &headers, &body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn approve(app: &TestApp, id: &str, key: &str, reason: Option<&str>) -> Answer {
    let headers = [("if-match", "\"1\""), ("idempotency-key", key)];
    let mut body = json!({ "words": "已核对文件原文" });
    if let Some(reason) = reason {
        body["reason"] = json!(reason);
    }
    let path = format!("{PROPOSALS}/{id}/approval");
    app.post("county", &path, &headers, &body).await
}

async fn shown(app: &TestApp, id: &str) -> Json {
    app.get("county", &format!("{PROPOSALS}/{id}")).await.json()
}

/// An approval refused until a reason is given, in words.
fn refused(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text());
    let told = answer.json();
    assert_eq!(told["code"], "proposal.reason_needed");
    assert!(
        told["detail"]
            .as_str()
            .unwrap()
            .contains("platform defaults")
    );
    told["title"].as_str().unwrap().to_owned()
}

fn found(view: &Json) -> Vec<(&str, &str)> {
    let findings = view["guarded"]["findings"].as_array().unwrap().iter();
    let one = |one| -> &Json { one };
    findings
        .map(one)
        .map(|one| {
            (
                one["policy"].as_str().unwrap(),
                one["found"].as_str().unwrap(),
            )
        })
        .collect()
}

const AGE: &str = "senior_allowance_age";

async fn guarded(app: TestApp) {
    let app = app.inhabited(160).await;
    let before = app.deps.policies().hash().to_owned();

    // Nobody is that old; everybody is older than that; every other family has
    // a bill of ten yuan.
    let nobody = proposed(&app, AGE, "120", COUNTY, "2026-11-01").await;
    let told = refused(&approve(&app, &nobody, "nobody", None).await);
    assert!(
        told.contains("“尊老金（高龄津贴）”适用的 0 个对象无一符合"),
        "{told}"
    );
    let all = proposed(&app, AGE, "0", COUNTY, "2026-11-01").await;
    let told = refused(&approve(&app, &all, "all", None).await);
    assert!(told.contains("个符合（9"), "{told}");
    let bills = "medical_burden_threshold";
    let many = proposed(&app, bills, "10", COUNTY, "2026-11-01").await;
    let told = refused(&approve(&app, &many, "many", Some(" \n ")).await);
    assert!(told.contains("“低收入家庭大额医疗费用”"), "{told}");
    assert!(
        told.contains("个结论中") && !told.contains("符合（"),
        "{told}"
    );
    // On a day far ahead every list is stale; it is tried as though it were today.
    let ahead = proposed(&app, bills, "10", COUNTY, "2028-01-01").await;
    assert_eq!(refused(&approve(&app, &ahead, "ahead", None).await), told);

    // Nothing was approved: the value waits, and another person may reject it.
    assert_eq!(app.deps.store.reviews().await.unwrap(), 0);
    assert_eq!(shown(&app, &many).await["state"], "pending");
    assert_eq!(app.deps.policies().hash(), before);
    let form = b"key=form&version=1&words=seen&reason=".to_vec();
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let path = format!("/proposals/{nobody}/approval");
    let page = app.call("county", Method::POST, &path, &kind, form).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    let page = page.text();
    assert!(page.contains("无一符合"), "{page}");
    assert!(page.contains("name=\"reason\""), "{page}");

    // An ordinary change goes through, and says what it was judged on.
    let raise = proposed(&app, "allowance_standard", "1170", COUNTY, "2027-07-01").await;
    let done = approve(&app, &raise, "raise", None).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let view = shown(&app, &raise).await;
    assert_eq!(found(&view), []);
    assert_eq!(view["guarded"]["on"], "2026-11-20");
    assert!(view["guarded"]["units"].as_u64().unwrap() > 160, "{view}");

    // One township: only who is registered there is judged.
    let town = proposed(&app, "allowance_standard", "1180", HUTANG, "2027-07-01").await;
    let done = approve(&app, &town, "town", None).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let (county, town) = (view, shown(&app, &town).await);
    let units = |view: &Json| view["guarded"]["units"].as_u64().unwrap();
    assert!(
        units(&town) > 0 && units(&town) < units(&county) / 2,
        "{town}"
    );

    with_reason(&app, &many).await;
}

/// Approved with a reason: the reason and what was found are shown wherever the
/// review is, and are in its commit's digest.
async fn with_reason(app: &TestApp, proposal: &str) {
    let reason = "文件第三条原文即十元";
    let done = approve(app, proposal, "reason", Some(reason)).await;
    assert_eq!(done.json()["state"], "approved", "{}", done.text());
    let again = approve(app, proposal, "reason", Some(reason)).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let other = approve(app, proposal, "reason", Some("别的理由")).await;
    assert_eq!(other.json()["code"], "idempotency.reused");

    let view = shown(app, proposal).await;
    assert_eq!(found(&view), [("low_income_medical", "changes")]);
    assert_eq!(view["guarded"]["reason"], reason);
    let listed = app.get("county", PROPOSALS).await;
    assert!(listed.text().contains(reason));
    for page in [
        format!("/proposals/{proposal}"),
        "/parameters".to_owned(),
        "/parameters/medical_burden_threshold".to_owned(),
    ] {
        let page = app.get("county", &page).await.text();
        assert!(page.contains(reason), "{page}");
    }
    let store = &app.deps.store;
    let mismatched = store.mismatched_commits(0, 100_000).await.unwrap();
    assert!(mismatched.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_out_of_the_ordinary_needs_a_reason_on_sqlite() {
    guarded(TestApp::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_out_of_the_ordinary_needs_a_reason_on_postgres() {
    if let Some(app) = TestApp::postgres().await {
        guarded(app).await;
    }
}

#[tokio::test]
async fn where_nobody_is_registered_nothing_is_asked_and_that_is_said() {
    let app = TestApp::sqlite().await;
    let id = proposed(&app, AGE, "0", COUNTY, "2026-11-01").await;
    let done = approve(&app, &id, "a", None).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let view = shown(&app, &id).await;
    assert_eq!(view["guarded"]["units"], 0);
    assert_eq!(found(&view), [("senior_allowance", "too_few")]);
}

#[tokio::test]
async fn a_value_is_not_approved_while_a_case_of_its_policies_fails() {
    let mut documents = policy_documents();
    let mut cases = documents.cases.iter_mut();
    let of_age = cases
        .find(|one| one.name == "senior_allowance.yaml")
        .unwrap();
    of_age.text = of_age.text.replacen("verdict: met", "verdict: not_met", 1);
    let app = TestApp::of(documents).await;
    let id = proposed(&app, AGE, "81", COUNTY, "2026-11-01").await;
    // No reason helps against a policy that does not do what it is to do.
    let refused = approve(&app, &id, "a", Some("理由")).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text());
    assert_eq!(refused.json()["code"], "proposal.cases");
    assert!(refused.text().contains("senior_allowance.yaml"));
    // Other policies' values do not wait for it.
    let other = proposed(
        &app,
        "medical_burden_threshold",
        "11000",
        COUNTY,
        "2026-11-01",
    )
    .await;
    let done = approve(&app, &other, "b", None).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
}
