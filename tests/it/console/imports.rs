//! 报送: a department sends, reads what came of it, corrects and sends again,
//! and learns what an officer disputed; an exported register comes back.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use domain::authority::{Operation, Role};
use domain::dictionary::Kind;
use domain::ids::Subject;
use pipeline::people;
use store::commit::{CommitKind, ImportState, Write};
use synth::{CountySpec, FeedFile, invent};
use testkit::app::{COUNTY, HUTANG, TestApp, divisions, sample_day};
use testkit::call::Answer;

use super::browser::{Form, form, forms, text};
use super::{county, first};

/// Sends the page's form as a browser does, the file last.
async fn send(app: &TestApp, officer: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
    send_named(app, officer, fields, "名册.csv", file).await
}

async fn send_named(
    app: &TestApp,
    officer: &str,
    fields: &[(&str, &str)],
    name: &str,
    file: &[u8],
) -> Answer {
    let mut body = Vec::new();
    for (field, value) in fields {
        let part = format!(
            "--frontier\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
        );
        body.extend_from_slice(part.as_bytes());
    }
    let part = format!(
        "--frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
    );
    body.extend_from_slice(part.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--frontier--\r\n");
    let kind = [("content-type", "multipart/form-data; boundary=frontier")];
    app.call(officer, Method::POST, "/imports", &kind, body)
        .await
}

const HEADER: &str = "公民身份号码,姓名,性别,出生日期,变动类别,死亡日期,注销日期";

fn police(rows: &[&str]) -> Vec<u8> {
    format!("{HEADER}\r\n{}\r\n", rows.join("\r\n")).into_bytes()
}

fn fields(sequence: &str) -> Vec<(&str, &str)> {
    vec![
        ("dataset", "deaths_police"),
        ("business_date", "2026-11-18"),
        ("sequence", sequence),
        ("scope", "320412"),
        ("as_of", ""),
    ]
}

fn sent_on(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    answer.headers["location"].to_str().unwrap().to_owned()
}

fn id_of(address: &str) -> String {
    let path = address.split('?').next().unwrap();
    path.rsplit('/').next().unwrap().to_owned()
}

fn number(first17: &str) -> String {
    let number = domain::resident_id::ResidentId::from_first_17(first17).unwrap();
    number.as_str().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn a_file_is_sent_corrected_and_sent_again_without_a_script() {
    let app = TestApp::sqlite().await;
    let home = app.get("importer", "/").await;
    assert_eq!(sent_on(&home), "/imports");
    let page = app.get("importer", "/imports").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert_eq!(page.headers["cache-control"], "no-store");
    let page = page.text();
    assert!(page.contains("enctype=\"multipart/form-data\""), "{page}");
    for told in [
        "低收入家庭成员名册",
        "声明：截至这一天",
        "没有报的人就是“没有”",
    ] {
        assert!(text(&page).contains(told), "{told}");
    }
    let good = number("99990119400311022");
    let row = format!("{good},王某英,女,1940-03-11,死亡,2026-09-28,2026-10-20");
    let bad = "123456,秘密姓名,女,1940-03-11,死亡,2026-09-28,2026-10-20";
    let file = police(&[&row, bad]);
    let sent = send(&app, "importer", &fields(""), &file).await;
    let address = sent_on(&sent);
    assert!(address.ends_with("?done=received"), "{address}");
    let result = text(&app.get("importer", &address).await.text());
    for told in [
        "已全部收下并落盘",
        "2026-11-18 第1批",
        "公民身份号码",
        "id.length",
        "退回",
    ] {
        assert!(result.contains(told), "{told}: {result}");
    }
    assert!(
        !result.contains("秘密姓名") && !result.contains("123456"),
        "{result}"
    );
    assert!(!result.contains("http-equiv"), "nothing is waited for");

    // The same file again, without naming the batch, is the same batch.
    let again = sent_on(&send(&app, "importer", &fields(""), &file).await);
    assert_eq!(id_of(&again), id_of(&address));
    assert!(again.ends_with("?done=repeated"), "{again}");

    let id = id_of(&address);
    let returned = app
        .get("importer", &format!("/imports/{id}/returned"))
        .await;
    assert_eq!(returned.status, StatusCode::OK);
    let corrected = returned
        .text()
        .replace("123456", &number("99990119400311033"))
        .replace(",女,", ",男,");
    let refill = app
        .get("importer", &format!("/imports?again={id}"))
        .await
        .text();
    for kept in [
        "value=\"deaths_police\" selected",
        "value=\"2026-11-18\"",
        "name=\"as_of\" value=\"\"",
    ] {
        assert!(refill.contains(kept), "{kept}: {refill}");
    }
    let sent = send(&app, "importer", &fields(""), corrected.as_bytes()).await;
    let address = sent_on(&sent);
    let result = text(&app.get("importer", &address).await.text());
    assert!(
        result.contains("2026-11-18 第2批") && result.contains("没有要说明的行"),
        "{result}"
    );
    let list = text(&app.get("county", "/imports").await.text());
    assert!(list.contains("第1批") && list.contains("第2批"), "{list}");
    let spool = std::fs::read_dir(app.folder()).unwrap();
    let left = spool.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with("upload-")
    });
    assert_eq!(left.count(), 0, "no upload stays on disk");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_file_leaves_the_form_filled_and_nothing_behind() {
    let app = TestApp::sqlite().await;
    let good = police(&[&format!(
        "{},王某英,女,1940-03-11,死亡,2026-09-28,",
        number("99990119400311022")
    )]);
    let text_of = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let drifted = text_of(&good).replace("注销日期", "备注2").into_bytes();
    let old = b"\xD0\xCF\x11\xE0old".to_vec();
    let cases: [(&[u8], StatusCode, &str); 4] = [
        (
            &drifted,
            StatusCode::UNPROCESSABLE_ENTITY,
            "drift.column_added",
        ),
        (&old, StatusCode::UNSUPPORTED_MEDIA_TYPE, "upload.format"),
        (
            b"PK\x03\x04cut",
            StatusCode::UNPROCESSABLE_ENTITY,
            "upload.damaged",
        ),
        (b"", StatusCode::BAD_REQUEST, "batch.empty"),
    ];
    for (file, status, code) in cases {
        let answer = send(&app, "importer", &fields("7"), file).await;
        assert_eq!(answer.status, status, "{code}");
        let page = text(&answer.text());
        for kept in [
            code,
            "一行也没有入库",
            "value=\"deaths_police\" selected",
            "value=\"2026-11-18\"",
            "name=\"sequence\" value=\"7\"",
        ] {
            assert!(page.contains(kept), "{code}: {kept}: {page}");
        }
    }
    // A batch that was named is never moved to another number.
    sent_on(&send(&app, "importer", &fields("7"), &good).await);
    let other = police(&[&format!(
        "{},李某,女,1940-03-12,死亡,2026-09-28,",
        number("99990119400312022")
    )]);
    let answer = send(&app, "importer", &fields("7"), &other).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text().contains("batch.duplicate"));

    let unknown = [fields("1"), vec![("colour", "red")]].concat();
    assert_eq!(
        send(&app, "importer", &unknown, &good).await.status,
        StatusCode::BAD_REQUEST
    );
    let none = send_named(&app, "importer", &fields("8"), "", b"").await;
    assert!(none.text().contains("form.file"), "{}", none.text());
    let foreign = [
        ("dataset", "hukou_elders"),
        ("business_date", "2026-11-18"),
        ("sequence", ""),
        ("scope", "320411"),
        ("as_of", ""),
    ];
    let refused = send(&app, "importer", &foreign, &good).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text());
    let imports = app.get("county", "/api/v1/imports").await.json();
    assert_eq!(imports["imports"].as_array().unwrap().len(), 1, "{imports}");
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn only_departments_send_and_only_their_county_looks() {
    let app = TestApp::sqlite().await;
    let file = police(&["123456,王某英,女,1940-03-11,死亡,2026-09-28,"]);
    let id = id_of(&sent_on(&send(&app, "importer", &fields("1"), &file).await));
    for (officer, list, send_status, one) in [
        (
            "county",
            StatusCode::OK,
            StatusCode::FORBIDDEN,
            StatusCode::OK,
        ),
        (
            "hutang",
            StatusCode::FORBIDDEN,
            StatusCode::FORBIDDEN,
            StatusCode::FORBIDDEN,
        ),
        (
            "elsewhere",
            StatusCode::OK,
            StatusCode::FORBIDDEN,
            StatusCode::NOT_FOUND,
        ),
        (
            "system",
            StatusCode::FORBIDDEN,
            StatusCode::FORBIDDEN,
            StatusCode::FORBIDDEN,
        ),
    ] {
        let page = app.get(officer, "/imports").await;
        assert_eq!(page.status, list, "{officer}");
        assert!(
            !page.text().contains("multipart/form-data"),
            "{officer} has no form"
        );
        assert_eq!(
            send(&app, officer, &fields("2"), &file).await.status,
            send_status,
            "{officer}"
        );
        for path in [format!("/imports/{id}"), format!("/imports/{id}/returned")] {
            assert_eq!(
                app.get(officer, &path).await.status,
                one,
                "{officer} {path}"
            );
        }
    }
    let unknown = app
        .get("county", "/imports/01a20b3f-6452-703e-8bba-70a8e9496049")
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    // An import left in the middle shows how far it came, and looks again.
    let grant = app.grant("county", Operation::ReadImports);
    let mut import = app
        .deps
        .store
        .import(&grant, id.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    import.header.id = domain::ids::ImportId::from_uuid(uuid::Uuid::from_u128(77));
    import.header.revision.sequence = 77;
    import.state = ImportState::Receiving;
    import.next_line = 4321;
    let commit = store::commit::Commit {
        kind: CommitKind::Intake,
        partition: import.header.scope.county(),
        at: app.deps.clock.now(),
        actor: "test".to_owned(),
        lease: None,
        guards: vec![],
        writes: vec![Write::ImportOpened(import.clone())],
        answer: None,
    };
    app.deps.store.commit(&commit).await.unwrap();
    let address = format!("/imports/{}", import.header.id);
    let page = app.get("county", &address).await;
    // The script may ask for the numbers here, and on no other page.
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.ends_with("; connect-src 'self'"), "{policy}");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
    let page = page.text();
    let reloads = "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>";
    assert!(page.contains(reloads) && page.contains("4321"), "{page}");
    assert!(page.contains("role=\"status\"") && page.contains("<progress"));
    let done = app.get("county", &format!("/imports/{id}")).await;
    let policy = done.headers["content-security-policy"].to_str().unwrap();
    assert!(!policy.contains("connect-src"), "{policy}");
    let done = done.text();
    assert!(!done.contains("http-equiv") && !done.contains("<progress"));
}

/// A receiving page asks for numbers, and is answered only when they changed.
#[tokio::test(flavor = "multi_thread")]
async fn how_far_an_import_came_is_told_once() {
    let app = TestApp::sqlite().await;
    let good = number("99990119400311022");
    let row = format!("{good},王某英,女,1940-03-11,死亡,2026-09-28,2026-10-20");
    let bad = "123456,王某英,女,1940-03-11,死亡,2026-09-28,2026-10-20";
    let sent = send(&app, "importer", &fields("1"), &police(&[&row, bad])).await;
    let id = id_of(&sent_on(&sent));
    let address = format!("/api/v1/imports/{id}");
    let ask = async |officer: &str, seen: &str| {
        let headers = [("if-none-match", seen)];
        app.call(officer, Method::GET, &address, &headers, vec![])
            .await
    };
    let first = ask("county", "").await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    assert_eq!(first.json()["rows"], 2);
    assert_eq!(first.json()["counts"]["received"], 2);
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    let same = ask("county", &tag).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    assert!(same.bytes.is_empty() && same.headers["etag"] == tag.as_str());
    // Knowing a tag opens nothing.
    assert_eq!(ask("elsewhere", &tag).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask("hutang", &tag).await.status, StatusCode::FORBIDDEN);

    // One that goes on has another tag at each line.
    let grant = app.grant("county", Operation::ReadImports);
    let store = &app.deps.store;
    let import = store.import(&grant, id.parse().unwrap()).await.unwrap();
    let mut import = import.unwrap();
    let mut tags = std::collections::BTreeSet::from([tag]);
    for (at, line) in [(91, 3), (92, 5)] {
        import.header.id = domain::ids::ImportId::from_uuid(uuid::Uuid::from_u128(at));
        import.header.revision.sequence = u32::try_from(at).unwrap();
        import.state = ImportState::Receiving;
        import.next_line = line;
        let commit = store::commit::Commit {
            kind: CommitKind::Intake,
            partition: import.header.scope.county(),
            at: app.deps.clock.now(),
            actor: "test".to_owned(),
            lease: None,
            guards: vec![],
            writes: vec![Write::ImportOpened(import.clone())],
            answer: None,
        };
        store.commit(&commit).await.unwrap();
        let address = format!("/api/v1/imports/{}", import.header.id);
        let seen = tags.iter().next().unwrap().clone();
        let headers = [("if-none-match", seen.as_str())];
        let answer = app
            .call("county", Method::GET, &address, &headers, vec![])
            .await;
        assert_eq!(answer.status, StatusCode::OK, "line {line}");
        tags.insert(answer.headers["etag"].to_str().unwrap().to_owned());
    }
    assert_eq!(tags.len(), 3, "{tags:?}");
}

/// What an officer disputes comes to the source that sent it, without names.
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn a_dispute_reaches_its_source(app: TestApp) {
    let spec = CountySpec {
        seed: 5,
        households: 320,
        on: sample_day(),
    };
    let feeds = invent(&spec, &divisions()).feeds;
    for file in &feeds {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    let (alert, _) = first(&app, "hutang", "").await;
    let tasks = async |officer: &str, query: &str| {
        let path = format!("/api/v1/corrections{query}");
        let page = app.get(officer, &path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text());
        page.json()["corrections"].as_array().unwrap().clone()
    };
    assert!(tasks("importer", "").await.is_empty());
    let view = app
        .get("county", &format!("/api/v1/alerts/{alert}"))
        .await
        .json();
    let unit: Subject = view["alert"]["unit"].as_str().unwrap().parse().unwrap();
    let grant = app.grant("county", Operation::ReadPeople);
    let view = people::view(&app.deps, &grant, unit, sample_day(), None)
        .await
        .unwrap()
        .unwrap();
    let name = view
        .identities
        .values()
        .find_map(|body| body.text("name"))
        .unwrap()
        .to_owned();
    let note = format!("{name}本人在世，电话13812345678");
    let taken = form(&app, "hutang", &alert, "acknowledgement").await;
    sent_on(&taken.send(&app, "hutang").await);
    let dispute = form(&app, "hutang", &alert, "dispute")
        .await
        .with("note", &note);
    sent_on(&dispute.send(&app, "hutang").await);

    let open = tasks("importer", "").await;
    assert_eq!(open.len(), 1, "{open:?}");
    let task = &open[0];
    let word = |field: &str| task[field].as_str().unwrap().to_owned();
    assert_eq!(word("state"), "open");
    let reason = word("reason");
    assert!(
        reason.contains("本人在世") && !reason.contains(&name) && !reason.contains("13812345678"),
        "{reason}"
    );
    assert_eq!(tasks("county", "").await.len(), 1);
    assert!(tasks("elsewhere", "").await.is_empty());
    assert_eq!(
        tasks("importer", &format!("?import={}", word("import")))
            .await
            .len(),
        1
    );
    assert_eq!(
        app.get("hutang", "/api/v1/corrections").await.status,
        StatusCode::FORBIDDEN
    );
    for path in [
        "/imports".to_owned(),
        format!("/imports/{}", word("import")),
    ] {
        let page = text(&app.get("importer", &path).await.text());
        assert!(
            page.contains("待核对重报") && page.contains("本人在世"),
            "{path}: {page}"
        );
        assert!(
            !page.contains(&name) && !page.contains("13812345678"),
            "{path}: {page}"
        );
    }

    // The department sends the list again: the row came at a later revision.
    let sent = feeds.iter().find(|file| {
        file.dataset.as_str() == word("dataset")
            && file.business_date.to_string() == word("business_date")
            && u64::from(file.sequence) == task["sequence"].as_u64().unwrap()
    });
    let again = FeedFile {
        sequence: 90,
        ..sent.unwrap().clone()
    };
    app.import(&again).await.unwrap();
    app.settle().await;
    assert_eq!(tasks("importer", "").await[0]["state"], "answered");
    assert!(
        app.get("importer", "/imports")
            .await
            .text()
            .contains("已重报")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_reaches_its_source_on_sqlite() {
    a_dispute_reaches_its_source(TestApp::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_reaches_its_source_on_postgres() {
    if let Some(app) = TestApp::postgres().await {
        a_dispute_reaches_its_source(app).await;
    }
}

/// The facts of every household, without when and in which row they were told.
async fn facts(app: &TestApp) -> BTreeMap<String, Vec<String>> {
    let grant = app.grant("county", Operation::ReadPeople);
    let units = app
        .deps
        .store
        .subjects(&grant, "h", sample_day(), None, 5_000)
        .await
        .unwrap();
    let mut all = BTreeMap::new();
    for unit in units {
        let view = people::view(&app.deps, &grant, unit, sample_day(), None)
            .await
            .unwrap()
            .unwrap();
        let mut told = Vec::new();
        let people = view
            .household
            .people
            .iter()
            .map(|p| (p.id.to_string(), &p.facts));
        for (whose, facts) in people.chain([("household".to_owned(), &view.household.facts)]) {
            for (kind, list) in facts {
                let open = matches!(list.completeness, domain::household::Completeness::Open(_));
                told.push(format!("{whose} {} open {open}", kind.def().name));
                told.extend(list.items.iter().map(|item| {
                    format!(
                        "{whose} {:?} {:?} {}",
                        item.body, item.valid, item.disagreed
                    )
                }));
            }
        }
        told.sort();
        all.insert(unit.to_string(), told);
    }
    all
}

/// The file of a whole county: asked for, released by a second person, taken.
async fn released(app: &TestApp, export: &Form, purpose: &str) -> Answer {
    let asked = export.clone().with("purpose", purpose);
    let asked = asked.send(app, "county").await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text());
    let on = async |officer: &str, noun: &str| {
        let page = app.get(officer, "/exports").await.text();
        let found = forms(&page);
        let form = found.into_iter().find(|form| form.action.ends_with(noun));
        let form = form.unwrap_or_else(|| panic!("no {noun} for {officer}: {page}"));
        form.send(app, officer).await
    };
    let approved = on("second", "/approval").await;
    assert_eq!(
        approved.status,
        StatusCode::SEE_OTHER,
        "{}",
        approved.text()
    );
    let file = on("county", "/file").await;
    assert_eq!(file.status, StatusCode::OK, "{}", file.text());
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_register_comes_back_as_the_same_facts() {
    let app = county().await;
    let alerts = async || {
        app.get("county", "/api/v1/alerts?brief=true&limit=500")
            .await
            .json()
    };
    let (facts_before, alerts_before) = (facts(&app).await, alerts().await);
    let register = app.get("county", "/families").await.text();
    let all = forms(&register);
    let export = all
        .iter()
        .find(|form| form.action == "/families/export")
        .unwrap();
    let visit = released(&app, export, "home_visit").await;
    let check = released(&app, export, "data_check").await;

    let fields = |sequence: &'static str| {
        [
            ("dataset", "civil_register"),
            ("business_date", "2026-11-20"),
            ("sequence", sequence),
            ("scope", "320412"),
            ("as_of", ""),
        ]
    };
    // A file for visits carries no incomes and cannot be sent.
    let refused = send_named(&app, "importer", &fields("8"), "台账.xlsx", &visit.bytes).await;
    assert_eq!(
        refused.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        refused.text()
    );
    let sent = send_named(&app, "importer", &fields("9"), "台账.xlsx", &check.bytes).await;
    let id = id_of(&sent_on(&sent));
    let import = app
        .get("county", &format!("/api/v1/imports/{id}"))
        .await
        .json();
    assert_eq!(import["format"], "xlsx");
    let rows = app
        .get("county", &format!("/api/v1/imports/{id}/rows?limit=20"))
        .await
        .json();
    let counts = &import["counts"];
    assert_eq!(
        (counts["held"].as_u64(), counts["rejected"].as_u64()),
        (Some(0), Some(0)),
        "{import} {rows}"
    );
    assert!(counts["received"].as_u64().unwrap() > 500, "{import}");
    app.settle().await;
    let after = facts(&app).await;
    for (unit, before) in &facts_before {
        assert_eq!(before, &after[unit], "{unit}");
    }
    assert_eq!(facts_before.len(), after.len());
    assert_eq!(alerts().await, alerts_before);
    let numbered = facts_before
        .values()
        .flatten()
        .filter(|fact| fact.contains(Kind::Composition.def().name));
    assert!(numbered.count() > 100, "households with their composition");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_departments_account_is_made_with_what_it_sends_as() {
    let app = TestApp::sqlite().await;
    let page = app.get("security", "/accounts").await.text();
    assert!(page.contains("medical 医保结算明细"), "{page}");
    let all = forms(&page);
    let form = all.iter().find(|form| form.action == "/accounts").unwrap();
    let form = form
        .clone()
        .with("login", "yibao")
        .with("name", "医保局报送")
        .with("role", "importer")
        .with("region", COUNTY);
    // Without a source it could send nothing, and nobody else sends.
    let clerk = form
        .clone()
        .with("role", "caseworker")
        .with("region", HUTANG);
    for wrong in [
        form.clone(),
        form.clone().with("sources", "medica1"),
        form.clone()
            .with("sources", "medical")
            .with("villages", "南街村"),
        clerk.with("sources", "medical"),
    ] {
        let refused = wrong.send(&app, "security").await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong:?}");
    }
    let made = form.with("sources", "medical、payments");
    let made = made.send(&app, "security").await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let known = app.deps.store.account_by_login("yibao").await.unwrap();
    let officer = known.unwrap().officer;
    assert_eq!(officer.role, Role::Importer);
    assert_eq!(officer.sources, ["medical", "payments"]);
}
