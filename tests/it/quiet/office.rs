//! The office whose every word is kept: it takes files with rows it must hold
//! and reject, is read, acted on, asked what it must refuse, and then broken.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use pipeline::runner;
use serde_json::{Value as Json, json};
use synth::{CountySpec, FeedFile, invent};
use testkit::app::{COUNTY, TestApp, divisions, sample_day};
use testkit::call::Answer;

use super::{cells, heard};
use crate::store::backend::Backend;

const HOUSEHOLDS: u32 = 60;
/// Somebody whose row is rejected, and who else is only in requests.
const REJECTED: &str =
    "公民身份号码,姓名,性别,出生日期,户号,户籍地址,变动类别,死亡日期,注销日期,迁往地,更新时间
999001194003110229,上官某英,女,1940-03-11,,丰乐社区某街4号,死亡,2026-09-28,2026-11-19,,2026-11-19
";
const NAME: &str = "欧阳某人";
const NUMBER: &str = "999009195001019999";

pub(super) struct Office {
    pub(super) backend: Backend,
    pub(super) canaries: BTreeSet<String>,
    /// Headers of every answer and bodies of refusals, by request.
    pub(super) answers: Vec<(String, Vec<u8>)>,
    /// Rows of the files taken.
    pub(super) rows: u64,
    app: TestApp,
}

/// Percent-encoded.
fn address(text: &str) -> String {
    let mut address = String::new();
    for byte in text.bytes() {
        let _ = write!(address, "%{byte:02X}");
    }
    address
}

impl Office {
    pub(super) async fn open(backend: Backend) -> Office {
        let folder = tempfile::tempdir().expect("a folder");
        let app = TestApp::on(backend.open().await, folder).await;
        Office {
            backend,
            canaries: [NAME, NUMBER].map(str::to_owned).into(),
            answers: Vec::new(),
            rows: 0,
            app,
        }
    }

    async fn ask(
        &mut self,
        officer: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let request = format!(
            "{method} {path} as {officer}: {}",
            String::from_utf8_lossy(body)
        );
        let answer = self
            .app
            .call(officer, method, path, headers, body.to_vec())
            .await;
        let mut kept = format!("{:?}\n", answer.headers).into_bytes();
        if !answer.status.is_success() {
            kept.extend_from_slice(&answer.bytes);
        }
        self.answers.push((request, kept));
        answer
    }

    async fn read(&mut self, path: &str) -> Json {
        let answer = self
            .ask("county", Method::GET, path, &[("x-purpose", "visit")], b"")
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    async fn post(
        &mut self,
        officer: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Json,
    ) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.ask(
            officer,
            Method::POST,
            path,
            &all,
            body.to_string().as_bytes(),
        )
        .await
    }

    async fn upload(&mut self, file: &FeedFile) -> Answer {
        let as_of = file
            .as_of
            .map(|on| format!("&as_of={on}"))
            .unwrap_or_default();
        let path = format!(
            "/api/v1/imports?source={}&dataset={}&business_date={}&sequence={}&scope={COUNTY}&file_name={}{as_of}",
            file.source,
            file.dataset,
            file.business_date,
            file.sequence,
            address(&file.file_name)
        );
        self.ask("importer", Method::POST, &path, &[], &file.bytes)
            .await
    }

    /// A county, a file whose row is rejected, and files that are refused.
    pub(super) async fn take_files(&mut self) {
        let county = CountySpec {
            seed: 23,
            households: HOUSEHOLDS,
            on: sample_day(),
        };
        let mut files = invent(&county, &divisions()).feeds;
        files.push(police(7, REJECTED));
        let (mut held, mut rejected) = (0, 0);
        for file in &files {
            self.canaries.extend(cells(&file.bytes));
            let taken = self.upload(file).await;
            assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text());
            let counts = &taken.json()["counts"];
            self.rows += counts["received"].as_u64().unwrap_or_default();
            held += counts["held"].as_u64().unwrap_or_default();
            rejected += counts["rejected"].as_u64().unwrap_or_default();
            let id = taken.json()["id"].as_str().expect("an id").to_owned();
            let rows = self.read(&format!("/api/v1/imports/{id}/rows")).await;
            self.answers.push((
                format!("rows of {}", file.file_name),
                rows.to_string().into_bytes(),
            ));
        }
        assert!(held > 0 && rejected > 0, "{held} held, {rejected} rejected");
        self.app.settle().await;
        let (header, row) = REJECTED.split_once('\n').expect("two lines");
        let refused = [
            police(7, &format!("{REJECTED}{row}")),
            police(8, row),
            police(9, &header.replace("户号", NUMBER)),
            police(10, &format!("{header},{NUMBER}\n{row}")),
            police(11, &format!("{header}\n{row}").replace(',', ";")),
            police(12, &format!("{header}\n\"{row}")),
        ];
        for file in &refused {
            let answer = self.upload(file).await;
            assert!(
                answer.status.is_client_error(),
                "{} {}",
                file.sequence,
                answer.text()
            );
        }
    }

    /// What officers do all day.
    pub(super) async fn read_and_act(&mut self) {
        let alerts = self.read("/api/v1/alerts?work=held,raised&limit=500").await;
        let alerts = alerts["alerts"].as_array().expect("alerts").clone();
        assert!(!alerts.is_empty());
        let mut number = String::new();
        for alert in alerts.iter().take(5) {
            let alert = alert["id"].as_str().expect("an id");
            let one = self.read(&format!("/api/v1/alerts/{alert}")).await;
            let decision = one["decision"].as_str().expect("a decision");
            self.read(&format!("/api/v1/decisions/{decision}")).await;
            let unit = one["alert"]["unit"].as_str().expect("a unit");
            let path = match unit.split_once(':').expect("kind and id") {
                ("h", id) => format!("/api/v1/households/{id}"),
                (_, id) => format!("/api/v1/persons/{id}"),
            };
            let shown = self.read(&path).await;
            self.read(&format!("{path}/history?valid_on=2026-11-01"))
                .await;
            let person = shown["people"][0]["id"]
                .as_str()
                .or(shown["people"][0]["person"].as_str());
            let person = person.unwrap_or_else(|| panic!("a person: {shown}"));
            let identity = self
                .read(&format!("/api/v1/persons/{person}/identity"))
                .await;
            number = identity["resident_id"]
                .as_str()
                .expect("a number")
                .to_owned();
        }
        let name = self.canaries.iter().find(|canary| !canary.is_ascii());
        let name = name.expect("a name").clone();
        for body in [
            json!({ "name": name }),
            json!({ "resident_id": number }),
            json!({ "last_four": &number[14..] }),
        ] {
            let found = self.post("county", "/api/v1/searches", &[], &body).await;
            assert_eq!(found.status, StatusCode::OK, "{}", found.text());
        }
        self.work(&alerts, &name).await;
        self.app.settle().await;
        self.read("/api/v1/alerts/feed").await;
    }

    /// Takes a raised alert to its end.
    async fn work(&mut self, alerts: &[Json], name: &str) {
        let raised = alerts
            .iter()
            .find(|alert| alert["work"] == "raised")
            .expect("a raised alert");
        let (alert, mut version) = (
            raised["id"].as_str().expect("an id"),
            raised["version"].clone(),
        );
        let steps = [
            (
                "acknowledgement",
                json!({ "note": format!("已联系{NAME}，身份证{NUMBER}") }),
            ),
            (
                "verification",
                json!({ "outcome": "untrue", "note": format!("与{name}核实") }),
            ),
            ("closure", json!({})),
        ];
        for (noun, body) in steps {
            let (path, tag) = (
                format!("/api/v1/alerts/{alert}/{noun}"),
                format!("\"{version}\""),
            );
            let headers = [("if-match", tag.as_str()), ("idempotency-key", noun)];
            let done = self.post("county", &path, &headers, &body).await;
            assert_eq!(done.status, StatusCode::OK, "{}", done.text());
            version = done.json()["version"].clone();
        }
        self.read(&format!("/api/v1/alerts/{alert}/timeline")).await;
    }

    /// Requests that name somebody where they should not.
    pub(super) async fn refuse(&mut self) {
        let name = address(NAME);
        let addresses = [
            format!("/api/v1/persons/{NUMBER}"),
            format!("/api/v1/persons/{name}"),
            format!("/api/v1/alerts/{NUMBER}/timeline"),
            format!("/api/v1/{name}/{NUMBER}"),
            format!("/api/v1/alerts?{NUMBER}=1"),
            format!("/api/v1/alerts?{name}=1"),
            format!("/api/v1/alerts?limit={NUMBER}"),
            format!("/api/v1/alerts?limit={name}"),
            format!("/api/v1/alerts?after={NUMBER}"),
            format!("/api/v1/alerts?policy={name}&township={NUMBER}&work={name}"),
            format!("/api/v1/alerts?brief={name}"),
            format!("/api/v1/alerts/feed?after={NUMBER}"),
            format!("/api/v1/imports?before={NUMBER}"),
            format!("/api/v1/policies/{NUMBER}"),
            format!("/api/v1/policies/parameters?on={NUMBER}"),
        ];
        for path in addresses {
            let headers = [("authorization", NUMBER), ("x-purpose", "visit")];
            self.ask("county", Method::GET, &path, &[], b"").await;
            self.ask("nobody", Method::GET, &path, &headers, b"").await;
            self.ask("county", Method::PUT, &path, &[], b"").await;
        }
        let number: u64 = NUMBER.parse().expect("a number");
        let bodies = [
            json!({ "resident_id": number }),
            json!({ "resident_id": "999009195001019991" }),
            json!({ NAME: NUMBER }),
            json!({ "name": [NAME] }),
            json!({ "outcome": NAME, "note": NUMBER }),
            json!({ "to": NUMBER }),
            json!({ "until": NUMBER }),
            json!({ "township": NAME }),
            json!({ "subject": NUMBER }),
            json!(NAME),
        ];
        let nouns = [
            "verification",
            "assignment",
            "snooze",
            "placement",
            "dispute",
            "handling",
        ];
        let nouns = nouns.map(|noun| format!("alerts/00000000-0000-4000-8000-000000000000/{noun}"));
        let others = ["searches", "ledger/disclosures"].map(str::to_owned);
        let headers = [("if-match", NUMBER), ("idempotency-key", NUMBER)];
        for path in nouns.iter().chain(&others) {
            for body in &bodies {
                for officer in ["county", "auditor"] {
                    self.post(officer, &format!("/api/v1/{path}"), &headers, body)
                        .await;
                }
            }
            let path = format!("/api/v1/{path}");
            let json = [("content-type", "application/json")];
            self.ask("county", Method::POST, &path, &json, NAME.as_bytes())
                .await;
            self.ask("county", Method::POST, &path, &[], NAME.as_bytes())
                .await;
        }
    }

    /// A database that refuses a row, then a row that was damaged.
    pub(super) async fn fail(&mut self) {
        self.backend
            .refuse("imports", "file_name", "like '%.broken'")
            .await;
        self.backend
            .refuse("answers", "key", "like '%.broken'")
            .await;
        let mut file = police(20, REJECTED);
        file.file_name = format!("{NAME}{NUMBER}.broken");
        let answer = self.upload(&file).await;
        assert_eq!(
            answer.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{}",
            answer.text()
        );

        let alerts = self.read("/api/v1/alerts?work=raised&brief=true").await;
        let raised = &alerts["alerts"][0];
        let path = format!(
            "/api/v1/alerts/{}/acknowledgement",
            raised["id"].as_str().expect("an id")
        );
        let (tag, key) = (
            format!("\"{}\"", raised["version"]),
            format!("{NUMBER}.broken"),
        );
        let headers = [
            ("if-match", tag.as_str()),
            ("idempotency-key", key.as_str()),
        ];
        let answer = self.post("county", &path, &headers, &json!({})).await;
        assert_eq!(
            answer.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{}",
            answer.text()
        );
        let subject = alerts["alerts"][0]["unit"]
            .as_str()
            .expect("a unit")
            .to_owned();
        self.backend.refuse("runs", "mode", "is not null").await;
        self.a_step_fails(1).await;
        self.backend.admit("runs").await;
        let folds = self
            .backend
            .tamper("update folds set sealed = substr(sealed, 1, 40)");
        folds.await;
        let (kind, id) = subject.split_once(':').expect("kind and id");
        let noun = if kind == "h" { "households" } else { "persons" };
        let answer = self
            .ask(
                "county",
                Method::GET,
                &format!("/api/v1/{noun}/{id}"),
                &[],
                b"",
            )
            .await;
        assert_eq!(answer.json()["code"], "data.corrupt", "{}", answer.text());
        self.a_step_fails(2).await;
    }

    /// A month later everybody is looked at again, until that fails.
    async fn a_step_fails(&self, times: usize) {
        self.app.clock.set("2026-12-20".parse().expect("a day"));
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let running = tokio::spawn(runner::run(self.app.deps.clone(), stopped));
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let failed = async {
            let mut failures = heard::Waiting::of("a step failed");
            while failures.times() < times {
                ticks.tick().await;
            }
        };
        let failed = tokio::time::timeout(Duration::from_mins(1), failed).await;
        stop.send(true).expect("the steps still run");
        running.await.expect("the steps end");
        failed.expect("a step fails");
    }
}

fn police(sequence: u32, text: &str) -> FeedFile {
    TestApp::file(
        "police",
        "deaths_police",
        "2026-11-19",
        sequence,
        Some("2026-11-19"),
        text,
    )
}
