//! Uploads by machines.

#![expect(clippy::too_many_lines, reason = "a scenario reads from top to bottom")]

use axum::http::{Method, StatusCode};
use testkit::app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_answered_row_by_row_and_rejects_come_back_to_be_corrected() {
    let app = TestApp::sqlite().await;
    let header =
        "公民身份号码,姓名,性别,出生日期,户号,户籍地址,变动类别,死亡日期,注销日期,迁往地,更新时间";
    let bad = "999001194003110229,王某,女,1940-03-11,,,死亡,2026-09-28,2026-11-19,,2026-11-19";
    let file = format!("{header}\n{bad}\n");
    let path = "/api/v1/imports?source=police&dataset=deaths_police&business_date=2026-11-19&sequence=1&scope=320412&as_of=2026-11-19&file_name=deaths.csv";
    let taken = app
        .call(
            "importer",
            Method::POST,
            path,
            &[],
            file.clone().into_bytes(),
        )
        .await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text());
    let import = taken.json();
    assert_eq!(
        (
            import["counts"]["received"].as_u64(),
            import["counts"]["rejected"].as_u64()
        ),
        (Some(1), Some(1)),
        "{import}"
    );
    let id = import["id"].as_str().unwrap();
    let rows = app
        .get(
            "importer",
            &format!("/api/v1/imports/{id}/rows?outcome=rejected"),
        )
        .await
        .json();
    let note = &rows["rows"][0]["notes"][0];
    assert_eq!(
        (rows["rows"][0]["line"].as_u64(), note["code"].as_str()),
        (Some(2), Some("id.checksum")),
        "{rows}"
    );
    let returned = app
        .get("importer", &format!("/api/v1/imports/{id}/returned"))
        .await;
    assert!(
        returned.text().contains("999001194003110229"),
        "the original row comes back: {}",
        returned.text()
    );
    assert_eq!(
        app.get("niutang", &format!("/api/v1/imports/{id}/returned"))
            .await
            .status,
        StatusCode::FORBIDDEN
    );
    let again = app
        .call("importer", Method::POST, path, &[], file.into_bytes())
        .await;
    assert_eq!(
        (again.status, again.json()["repeated"].as_bool()),
        (StatusCode::OK, Some(true))
    );
    let other = app
        .call(
            "importer",
            Method::POST,
            path,
            &[],
            format!("{header}\n").into_bytes(),
        )
        .await;
    assert_eq!(other.json()["code"], "batch.duplicate");
    let refusals = [
        (
            path.replace("sequence=1", "sequence=2"),
            Vec::new(),
            "batch.empty",
        ),
        (
            path.replace("sequence=1", "sequence=3"),
            "a;b\n1;2\n".as_bytes().to_vec(),
            "drift.header_missing",
        ),
        (
            path.replace("scope=320412", "scope=320411"),
            b"x\n".to_vec(),
            "import.not_allowed",
        ),
        (
            path.replace("business_date=2026-11-19", "business_date=2026-02-30"),
            b"x\n".to_vec(),
            "param.date",
        ),
    ];
    for (path, sent, code) in refusals {
        let answer = app.call("importer", Method::POST, &path, &[], sent).await;
        assert_eq!(answer.json()["code"], code, "{path}: {}", answer.text());
    }
    assert_eq!(
        app.call("county", Method::POST, path, &[], b"x".to_vec())
            .await
            .status,
        StatusCode::FORBIDDEN
    );
}
