//! Serving: logins that open doors, one process per store, a graceful stop.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{BUSY, CONFIGURATION, SMALL, USAGE, ends_with, hearth, refuses, tells, text};

/// A demonstration that serves; killed when a test fails.
pub(crate) struct Serving {
    process: Child,
    address: String,
    /// Role and token.
    tokens: Vec<(String, String)>,
}

impl Serving {
    pub(crate) fn start(data: &Path) -> Serving {
        let samples = SMALL.samples();
        let arguments = [
            "demo",
            "--data",
            text(data),
            "--samples",
            text(&samples),
            "--listen",
            "127.0.0.1:0",
        ];
        let mut process = hearth(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let mut address = String::new();
        let mut tokens: Vec<(String, String)> = Vec::new();
        let mut role = String::new();
        while tokens.len() < 4 {
            let line = lines.next().expect("it serves");
            if let Some((_, rest)) = line.split_once("serving http://") {
                address = rest.split(' ').next().unwrap().to_owned();
            } else if let Some(token) = line.strip_prefix("  token ") {
                tokens.push((role.clone(), token.to_owned()));
            } else if let Some((_, last)) = line.rsplit_once(" · ") {
                role = last.to_owned();
            }
        }
        // What is printed after that is not waited for, but must find a reader.
        std::thread::spawn(move || lines.count());
        Serving {
            process,
            address,
            tokens,
        }
    }

    pub(crate) fn token(&self, role: &str) -> &str {
        &self
            .tokens
            .iter()
            .find(|(known, _)| known == role)
            .unwrap()
            .1
    }

    /// Status of a GET.
    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> u16 {
        let answer = self.ask(path, token);
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Body of a GET.
    pub(crate) fn body(&self, path: &str, token: &str) -> String {
        let answer = self.ask(path, Some(token));
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn ask(&self, path: &str, token: Option<&str>) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let bearer = token.map_or_else(String::new, |token| {
            format!("Authorization: Bearer {token}\r\n")
        });
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{bearer}\r\n",
            self.address
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Stops it as an operator does.
    pub(crate) fn stop(mut self) {
        let told = Command::new("kill")
            .arg(self.process.id().to_string())
            .status()
            .unwrap();
        assert!(told.success());
        assert_eq!(
            self.process.wait().unwrap().code(),
            Some(0),
            "SIGTERM is a good end"
        );
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Already gone after `stop`.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn logins_open_what_their_role_may_see_and_are_stored_as_digests() {
    let data = SMALL.copy();
    let left = data.path().join("spool/upload-left-by-a-crash");
    std::fs::create_dir(left.parent().unwrap()).unwrap();
    std::fs::write(&left, "names").unwrap();
    let serving = Serving::start(data.path());
    assert!(!left.exists(), "the spool is emptied at start");
    assert_eq!(serving.get("/healthz", None), 200);
    assert_eq!(serving.get("/docs/", None), 200);
    assert_eq!(serving.get("/api/v1/alerts", None), 401);
    assert_eq!(serving.get("/api/v1/alerts", Some("hearth_00")), 401);
    assert_eq!(
        serving.get("/api/v1/alerts", Some(serving.token("caseworker"))),
        200
    );
    assert_eq!(
        serving.get(
            "/api/v1/alerts/counts",
            Some(serving.token("county_officer"))
        ),
        200
    );
    assert_eq!(
        serving.get("/api/v1/ledger/roots", Some(serving.token("auditor"))),
        200
    );
    assert_eq!(
        serving.get("/api/v1/ledger/roots", Some(serving.token("importer"))),
        403
    );
    assert_eq!(
        serving.get("/api/v1/imports", Some(serving.token("importer"))),
        200
    );
    let tokens: Vec<String> = serving
        .tokens
        .iter()
        .map(|(_, token)| token.clone())
        .collect();

    // The store is held: another process is told to come back later.
    let said = refuses(&["evaluate", "--data", text(data.path())], BUSY);
    assert!(said.contains("another process holds"), "{said}");
    serving.stop();
    tells(&["evaluate", "--json", "--data", text(data.path())]);
    for name in ["hearth.db", "hearth.db-wal"] {
        let bytes = std::fs::read(data.path().join(name)).unwrap_or_default();
        for token in &tokens {
            let found = bytes
                .windows(token.len())
                .any(|window| window == token.as_bytes());
            assert!(!found, "{name} holds a token");
        }
    }
}

#[test]
fn an_officers_token_works_until_it_is_revoked() {
    let data = SMALL.copy();
    let folder = text(data.path());
    let add = [
        "officer",
        "add",
        "--json",
        "--data",
        folder,
        "--name",
        "审计员",
        "--role",
        "auditor",
        "--region",
        "320412",
    ];
    let officer = tells(&add);
    let token = officer["token"].as_str().unwrap();
    let serving = Serving::start(data.path());
    assert_eq!(serving.get("/api/v1/ledger/roots", Some(token)), 200);
    serving.stop();

    let mut revoke = hearth(&["token", "revoke", "--data", folder]);
    let mut process = revoke
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(process.stdin.take().unwrap(), "{token}").unwrap();
    assert!(process.wait().unwrap().success());
    let serving = Serving::start(data.path());
    assert_eq!(serving.get("/api/v1/ledger/roots", Some(token)), 401);
    serving.stop();

    refuses(
        &["token", "revoke", "--data", folder, "--digest", "abc"],
        USAGE,
    );
    let importer = [
        "officer", "add", "--data", folder, "--name", "x", "--role", "importer", "--region",
        "320412",
    ];
    refuses(&importer, USAGE);
}

#[test]
fn tokens_do_not_travel_in_clear_beyond_loopback() {
    let data = SMALL.copy();
    let folder = text(data.path());
    refuses(
        &["demo", "--data", folder, "--listen", "0.0.0.0:0"],
        CONFIGURATION,
    );
    let said = refuses(
        &["serve", "--data", folder, "--listen", "0.0.0.0:0"],
        CONFIGURATION,
    );
    assert!(said.contains("--behind-tls-proxy"), "{said}");
    let mut configured = hearth(&["serve", "--data", folder]);
    ends_with(
        configured.env("HEARTH__HTTP__LISTEN", "[::]:0"),
        CONFIGURATION,
    );
}
