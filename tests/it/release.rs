//! Policy files of a new start wait until another person puts them in force.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use domain::authority::{Grant, Operation};
use domain::ids::ProposalId;
use domain::parameter::ProposedValue;
use domain::region::DivisionCode;
use pipeline::StepError;
use pipeline::parameters::{self, ParameterError, Review};
use pipeline::policies::{self, Documents};
use pipeline::release::{self, ReleaseError, Word};
use rules::Document;
use serde_json::{Value as Json, json};
use store::commit::{Commit, CommitKind, Guard, Write};
use store::parameters::ReviewRow;
use store::rows::AlertFilter;
use store::{Store, StoreError};
use testkit::app::{COUNTY, TestApp, policy_documents};
use testkit::call::Answer;
use testkit::counted::Counted;

const RELEASES: &str = "/api/v1/policy-releases";
const SAMPLE: &str = "parameters-sample.yaml";

/// The shipped files, one of them with other words.
fn altered(name: &str, was: &str, is: &str) -> Documents {
    let mut documents = policy_documents();
    let files = documents.policies.iter_mut();
    let mut files = files.chain(&mut documents.parameters);
    let file = files.find(|file| file.name == name).unwrap();
    assert!(file.text.contains(was), "{}", file.text);
    file.text = file.text.replace(was, is);
    documents
}

/// Every other family has a bill of ten yuan.
pub(crate) fn broad() -> Documents {
    altered(
        SAMPLE,
        "费用线, values: [{ value: 10000",
        "费用线, values: [{ value: 10",
    )
}

/// Another program on the same store, started.
pub(crate) async fn started(store: Arc<dyn Store>, documents: Documents) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::started_with(store, folder, documents).await;
    policies::start(&app.deps, false).await.unwrap();
    app
}

async fn stands(app: &TestApp) -> Json {
    let answer = app.get("auditor", RELEASES).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

async fn put(app: &TestApp, officer: &str, body: &Json) -> Answer {
    app.post(officer, RELEASES, &[], body).await
}

fn refused(answer: &Answer) -> (u16, String) {
    let code = answer.json()["code"].as_str().unwrap().to_owned();
    (answer.status.as_u16(), code)
}

/// Alerts about large bills, by what the last decision was made under.
async fn bills(app: &TestApp) -> BTreeMap<String, usize> {
    let county = DivisionCode::parse(COUNTY).unwrap();
    let filter = AlertFilter {
        policies: vec!["low_income_medical".to_owned()],
        ..AlertFilter::default()
    };
    let store = &app.deps.store;
    let steps = Grant::for_steps(county);
    let rows = store.alerts(&steps, &filter, None, 100_000).await.unwrap();
    let grant = app.grant("county", Operation::ReadDecisions);
    let mut under = BTreeMap::new();
    for row in rows {
        let last = store.decisions(&grant, row.id).await.unwrap().pop();
        *under.entry(last.unwrap().policy_set).or_default() += 1;
    }
    under
}

/// Who may not, with which words, and for what.
async fn refusals(old: &TestApp, new: &TestApp, waiting: &str) {
    let body = json!({ "files": waiting, "words": "已核对 2026 年第 9 号文" });
    for officer in ["hutang", "auditor", "importer", "system", "village"] {
        let answer = refused(&put(new, officer, &body).await);
        assert_eq!(answer, (403, "not_allowed".to_owned()), "{officer}");
    }
    let answer = refused(&put(new, "elsewhere", &body).await);
    assert_eq!(answer, (403, "release.elsewhere".to_owned()));
    let silent = json!({ "files": waiting, "words": " " });
    let answer = refused(&put(new, "policy", &silent).await);
    assert_eq!(answer, (400, "release.words".to_owned()));
    let other = json!({ "files": "0", "words": "见" });
    let answer = refused(&put(new, "policy", &other).await);
    assert_eq!(answer, (412, "release.version".to_owned()));
    // The node of the old files has nothing to put in force.
    let answer = refused(&put(old, "policy", &body).await);
    assert_eq!(answer, (412, "release.version".to_owned()));
}

/// The one figure, in its file.
fn one_line_differs(told: &Json) {
    let changes = told["waiting"]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{told}");
    assert_eq!(
        (&changes[0]["document"], &changes[0]["change"]),
        (&json!(SAMPLE), &json!("altered"))
    );
    let diff = changes[0]["diff"].as_str().unwrap();
    let lines = |sign: char| diff.lines().filter(move |line| line.starts_with(sign));
    assert_eq!((lines('-').count(), lines('+').count()), (1, 1), "{diff}");
    assert!(lines('+').all(|line| line.contains("value: 10,")), "{diff}");
}

/// What stands, and what stood before.
async fn is_listed_with_what_was_before(app: &TestApp, done: &Json, files: &str) {
    let told = stands(app).await;
    assert_eq!(told["in_force"], *done);
    assert_eq!(
        (&told["earlier"][0]["number"], &told["earlier"][0]["files"]),
        (&json!(1), &json!(files))
    );
    let page = app.get("auditor", "/policies").await.text();
    assert!(
        page.contains("以前生效过的 1 次") && page.contains(files),
        "{page}"
    );
}

async fn waits(old: TestApp) {
    policies::start(&old.deps, false).await.unwrap();
    let old = old.inhabited(160).await;
    let (before, files) = (bills(&old).await, old.deps.policies().hash().to_owned());
    assert_eq!(before.keys().collect::<Vec<_>>(), [&files]);
    assert_eq!(stands(&old).await["waiting"], Json::Null);
    assert_eq!(stands(&old).await["in_force"]["number"], 1);

    // A start with other files goes on under those of before.
    let new = started(old.deps.store.clone(), broad()).await;
    new.settle().await;
    assert_eq!(new.deps.policies().hash(), files);
    assert_eq!(bills(&new).await, before);
    let told = stands(&new).await;
    assert_eq!(told["in_force"]["files"], files, "{told}");
    one_line_differs(&told);
    let page = new.get("policy", "/policies").await.text();
    assert!(page.contains("待生效的政策文件"), "{page}");
    assert!(
        !old.get("policy", "/policies")
            .await
            .text()
            .contains("待生效")
    );

    let waiting = told["waiting"]["files"].as_str().unwrap().to_owned();
    refusals(&old, &new, &waiting).await;
    let mut body = json!({ "files": waiting, "words": "已核对 2026 年第 9 号文" });

    // More than three verdicts in ten would be others.
    let answer = put(&new, "policy", &body).await;
    assert_eq!(refused(&answer), (409, "release.reason_needed".to_owned()));
    assert!(
        answer.text().contains("“低收入家庭大额医疗费用”"),
        "{}",
        answer.text()
    );
    let form = format!("files={waiting}&words=seen&reason=").into_bytes();
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let page = new
        .call("policy", Method::POST, "/policies", &kind, form)
        .await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.text().contains("name=\"reason\""), "{}", page.text());
    new.settle().await;
    assert_eq!(
        (new.deps.policies().hash(), bills(&new).await),
        (files.as_str(), before.clone())
    );

    body["reason"] = json!("费用线确已降到十元");
    let done = put(&new, "policy", &body).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let done = done.json();
    assert_eq!(
        (&done["number"], &done["before"]),
        (&json!(2), &json!(files))
    );
    assert_eq!(done["guarded"]["reason"], "费用线确已降到十元");
    assert_eq!(done["guarded"]["findings"][0]["found"], "changes", "{done}");
    assert_eq!(put(&new, "policy", &body).await.json(), done);
    is_listed_with_what_was_before(&new, &done, &files).await;
    new.settle().await;
    let after = bills(&new).await;
    assert!(after[&waiting] > 2 * before[&files], "{after:?}");

    // The other node takes them up; a start with the old files waits in its turn.
    old.settle().await;
    assert_eq!(old.deps.policies().hash(), waiting);
    assert_eq!(bills(&old).await, after);
    let again = started(new.deps.store.clone(), policy_documents()).await;
    assert_eq!(again.deps.policies().hash(), waiting);
    assert_eq!(stands(&again).await["waiting"]["files"], files);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_new_start_wait_for_another_person_on_sqlite() {
    waits(TestApp::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_new_start_wait_for_another_person_on_postgres() {
    if let Some(app) = TestApp::postgres().await {
        waits(app).await;
    }
}

async fn begun() -> TestApp {
    let app = TestApp::sqlite().await;
    policies::start(&app.deps, false).await.unwrap();
    app.inhabited(40).await
}

async fn word(app: &TestApp) -> Json {
    let told = stands(app).await;
    json!({ "files": told["waiting"]["files"], "words": "已核对" })
}

/// One person proposes a value and another approves it.
async fn approved(app: &TestApp, key: &str, value: &str) {
    let body = json!({
        "key": key, "region": COUNTY, "value": value, "from": "2027-07-01",
        "document": "武民发〔2026〕9号", "issuer": "武进区民政局",
    });
    let path = "/api/v1/parameters/proposals";
    let headers = [("idempotency-key", "p")];
    let proposed = app.post("policy", path, &headers, &body).await;
    let id = proposed.json()["id"].as_str().unwrap().to_owned();
    let headers = [("if-match", "\"1\""), ("idempotency-key", "a")];
    let path = format!("{path}/{id}/approval");
    let said = json!({ "words": "已核对", "reason": "已核对" });
    let done = app.post("county", &path, &headers, &said).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
}

/// Verdicts stay what they were, so nothing is asked; a value that was approved
/// under the files of before holds under the new ones.
#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_change_asks_no_reason() {
    let old = begun().await;
    approved(&old, "allowance_standard", "1170").await;
    let other = altered(
        "senior_allowance.yaml",
        "limits:\n",
        "limits:\n  - 以当地文件为准\n",
    );
    let new = started(old.deps.store.clone(), other).await;
    let done = put(&new, "county", &word(&new).await).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let done = done.json();
    assert_eq!(done["guarded"]["findings"], json!([]));
    assert!(done["guarded"]["units"].as_u64().unwrap() > 20, "{done}");
    let parameters = "/api/v1/parameters?region=320412";
    let parameters = new.get("county", parameters).await.text();
    assert!(parameters.contains("武民发〔2026〕9号"), "{parameters}");
}

/// No reason helps where a case fails; a standard of the files in force is not held up
/// by it.
#[tokio::test(flavor = "multi_thread")]
async fn files_whose_cases_fail_stay_out() {
    let old = begun().await;
    let mut other = altered(
        "senior_allowance.yaml",
        "limits:\n",
        "limits:\n  - 见附件\n",
    );
    let cases = other
        .cases
        .iter_mut()
        .find(|one| one.name == "senior_allowance.yaml");
    let cases = cases.unwrap();
    let was = "verdict: undetermined, signal: unknown, missing: [hukou.local]";
    assert!(cases.text.contains(was));
    cases.text = cases.text.replace(was, "verdict: met, signal: holds");
    let new = started(old.deps.store.clone(), other).await;
    let mut body = word(&new).await;
    body["reason"] = json!("急用");
    let answer = put(&new, "county", &body).await;
    assert_eq!(refused(&answer), (409, "release.cases".to_owned()));
    approved(&new, "senior_allowance_age", "79").await;
    let page = new.get("county", "/policies").await.text();
    assert!(
        page.contains("1 例案例不符") && !page.contains("method=\"post\" action=\"/policies\"")
    );
}

/// Nothing waits where nobody real is; what cannot be read is not replaced without
/// being told to, for an old program would undo what a new one released.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_adopts_puts_its_files_in_force() {
    let old = begun().await;
    let store = old.deps.store.clone();
    let another = async |documents| {
        let folder = tempfile::tempdir().unwrap();
        TestApp::started_with(store.clone(), folder, documents).await
    };
    let adopting = another(broad()).await;
    policies::start(&adopting.deps, true).await.unwrap();
    let told = stands(&adopting).await;
    assert_eq!(
        (&told["waiting"], &told["in_force"]["number"]),
        (&Json::Null, &json!(2))
    );

    let hash = told["in_force"]["files"].as_str().unwrap();
    let unreadable =
        json!({ "policies": [["a.yaml", "policy: [of another program]"]], "parameters": [] });
    let setting = Write::Setting {
        key: format!("policy_set:{hash}"),
        value: unreadable.to_string(),
    };
    let commit = elsewhere(&old, "000000", vec![], vec![setting]);
    store.commit(&commit).await.unwrap();
    let new = another(policy_documents()).await;
    let refused = policies::start(&new.deps, false).await.unwrap_err();
    let refused = refused.to_string();
    assert!(
        refused.contains("policies.adopt") && refused.contains(hash),
        "{refused}"
    );
    policies::start(&new.deps, true).await.unwrap();
    let told = stands(&new).await;
    assert_eq!(
        (&told["waiting"], &told["in_force"]["number"]),
        (&Json::Null, &json!(3))
    );
    assert_eq!(told["in_force"]["by"], Json::Null);
}

/// Files with a value of their own, from a later day on than the one that is approved.
fn contradicting() -> Documents {
    let mut documents = policy_documents();
    documents.parameters.push(Document {
        name: "local.yaml".to_owned(),
        text: "region: \"320412\"\nparameters:\n  - key: allowance_standard\n    \
               unit: yuan_per_month\n    zh: 低保标准\n    values: [{ value: 1200, \
               from: 2028-01-01, document: 武民发〔2027〕1号 }]\n"
            .to_owned(),
    });
    documents
}

/// Files that do not load beside an approved value are not registered: the next
/// start would not load either, and nothing could be mended.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_an_approved_value_contradicts_are_not_registered() {
    let app = TestApp::sqlite().await.inhabited(40).await;
    approved(&app, "allowance_standard", "1170").await;

    let other = contradicting();
    let store = app.deps.store.clone();
    let folder = tempfile::tempdir().unwrap();
    let new = TestApp::started_with(store.clone(), folder, other).await;
    let started = policies::start(&new.deps, false).await;
    let folder = tempfile::tempdir().unwrap();
    let mended = TestApp::started_with(store, folder, policy_documents()).await;
    policies::start(&mended.deps, false).await.unwrap();
    let why = started.unwrap_err().to_string();
    assert!(why.contains("parameter.overlap"), "{why}");
    assert_eq!(stands(&mended).await["in_force"]["number"], 1);
}

/// What another node writes, in the words of the store.
fn elsewhere(app: &TestApp, partition: &str, guards: Vec<Guard>, writes: Vec<Write>) -> Commit {
    Commit {
        kind: CommitKind::Administration,
        partition: DivisionCode::parse(partition),
        at: app.deps.clock.now(),
        actor: "another node".to_owned(),
        lease: None,
        guards,
        writes,
        answer: None,
    }
}

/// A value that nobody has reviewed yet, and what is written when it is approved.
async fn proposed(app: &TestApp) -> (ProposalId, Commit) {
    let value = ProposedValue {
        key: "allowance_standard".to_owned(),
        region: DivisionCode::parse(COUNTY).unwrap(),
        value: "1170".to_owned(),
        from: jiff::civil::date(2027, 7, 1),
        to: None,
        closes: false,
        document: "武民发〔2026〕9号".to_owned(),
        article: String::new(),
        issuer: "武进区民政局".to_owned(),
        note: String::new(),
        review_due: None,
    };
    let by = app.grant("policy", Operation::ProposeParameters);
    let proposed = parameters::propose(&app.deps, &by, value, |_| None)
        .await
        .unwrap();
    let review = ReviewRow {
        number: 1,
        proposal: proposed.proposal.id,
        approved: true,
        words: "已核对".to_owned(),
        guarded: None,
        by: app.grant("county", Operation::ReviewParameters).officer(),
        at: app.deps.clock.now(),
    };
    let approving = elsewhere(app, COUNTY, vec![is_last(1)], vec![Write::Review(review)]);
    (proposed.proposal.id, approving)
}

fn is_last(release: i64) -> Guard {
    Guard::CheckpointAt {
        partition: DivisionCode::parse("000000").unwrap(),
        step: "policy_release".to_owned(),
        position: release,
    }
}

/// What is written when files are put in force, nothing having been reviewed.
fn releasing(app: &TestApp, files: &str) -> Commit {
    let at = app.deps.clock.now();
    let release = json!({
        "number": 2, "files": files, "before": null, "by": null, "at": at,
        "words": "已核对", "guarded": null,
    });
    let setting = |key: &str| Write::Setting {
        key: key.to_owned(),
        value: release.to_string(),
    };
    let checkpoint = Write::Checkpoint {
        step: "policy_release".to_owned(),
        position: 2,
    };
    let writes = vec![
        setting("policy_release"),
        setting("policy_release:2"),
        checkpoint,
    ];
    elsewhere(
        app,
        "000000",
        vec![is_last(1), Guard::ReviewsAt { number: 0 }],
        writes,
    )
}

/// Whether files and values are in force that a start cannot read, and which are.
async fn in_force(store: Arc<dyn Store>) -> (bool, i64) {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::started_with(store, folder, policy_documents()).await;
    policies::start(&app.deps, false).await.unwrap();
    let is_approved = app.deps.store.reviews().await.unwrap() == 1;
    let release = release::standing(&app.deps).await.unwrap();
    (is_approved, release.unwrap().number)
}

/// Between any two calls of one, the other: files that hold a value from a later day
/// on, and a value for that time. Never both are taken, whoever comes first, and a start
/// reads what was.
async fn never_both(is_release: bool) {
    let mut seen = BTreeMap::new();
    for calls in 0.. {
        let first = TestApp::sqlite().await;
        policies::start(&first.deps, false).await.unwrap();
        let (proposal, approving) = proposed(&first).await;
        let counted = Arc::new(Counted::new(first.deps.store.clone()));
        let new = started(counted.clone(), contradicting()).await;
        let files = release::waiting(&new.deps).await.unwrap().unwrap().files;
        let grant = first.grant("county", Operation::ReviewParameters);
        let went = if is_release {
            let word = Word {
                files,
                words: "已核对".to_owned(),
                reason: None,
            };
            counted.commit_after(calls, approving);
            match release::release(&new.deps, &grant, &word, Duration::from_mins(1)).await {
                Ok(_) => "taken",
                Err(ReleaseError::Wrong(_)) => "does not load",
                Err(ReleaseError::Step(StepError::Store(StoreError::Conflict))) => "overtaken",
                Err(other) => panic!("{other:?} after {calls} calls"),
            }
        } else {
            let review = Review {
                proposal,
                version: 1,
                approve: true,
                words: "已核对".to_owned(),
                reason: Some("已核对".to_owned()),
            };
            counted.commit_after(calls, releasing(&first, &files));
            match parameters::review(&new.deps, &grant, &review, |_| None).await {
                Ok(_) => "taken",
                Err(ParameterError::Wrong(_)) => "does not load",
                Err(ParameterError::Step(StepError::Store(StoreError::Conflict))) => "overtaken",
                Err(other) => panic!("{other:?} after {calls} calls"),
            }
        };
        let (is_approved, release) = in_force(first.deps.store.clone()).await;
        assert_ne!(is_approved, release == 2, "{went} after {calls} calls");
        assert_eq!(went == "taken", is_approved != is_release);
        *seen.entry(went).or_insert(0) += 1;
        if counted.waits() {
            break;
        }
    }
    assert_eq!(
        seen.keys().collect::<Vec<_>>(),
        [&"does not load", &"overtaken", &"taken"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_approved_in_the_middle_of_a_release_is_never_beside_it() {
    never_both(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_released_in_the_middle_of_an_approval_are_never_beside_it() {
    never_both(false).await;
}

/// Whoever has no patience is told how far it is; nothing is judged twice for one day.
#[tokio::test(flavor = "multi_thread")]
async fn judging_everybody_goes_on_without_whoever_asked() {
    let old = begun().await;
    let mut new = started(old.deps.store.clone(), broad()).await;
    new.limit(|limits| limits.weighing_seconds = 0);
    let mut body = word(&new).await;
    let weighing = async || stands(&new).await["waiting"]["weighing"].clone();
    assert_eq!(weighing().await, Json::Null);
    let answer = put(&new, "policy", &body).await;
    assert_eq!(refused(&answer), (409, "release.weighing".to_owned()));
    let begun = weighing().await["begun"].clone();
    new.clock.advance(420);
    let found = loop {
        let weighing = weighing().await;
        if !weighing["found"].is_null() {
            break weighing;
        }
    };
    assert_eq!(found["units"], found["found"]["units"]);
    assert_eq!(found["found"]["findings"][0]["found"], "changes", "{found}");
    let page = new.get("policy", "/policies").await.text();
    assert!(
        page.contains("name=\"reason\"") && page.contains("起试算"),
        "{page}"
    );

    // It is there at once now, and not of another time.
    let answer = put(&new, "policy", &body).await;
    assert_eq!(refused(&answer), (409, "release.reason_needed".to_owned()));
    assert_eq!(weighing().await["begun"], begun);
    body["reason"] = json!("费用线确已降到十元");
    let done = put(&new, "policy", &body).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert_eq!(done.json()["guarded"]["units"], found["units"]);
}
