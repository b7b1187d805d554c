//! Traces leave the house as OTLP, join the caller's trace, and tell nothing
//! of anybody: the binary from outside, with a collector that listens.

#![cfg(test)]

#[path = "../cli/support.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of the binary's other verbs"
)]
mod support;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value as Json;
use support::{CONFIGURATION, SMALL, ends_with, hearth, tells, text};

/// A request as the collector got it: head and body.
type Received = (String, Vec<u8>);

/// Takes whatever comes, answers 200 and keeps it.
struct Collector {
    address: SocketAddr,
    kept: Arc<Mutex<Vec<Received>>>,
}

impl Collector {
    fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let kept: Arc<Mutex<Vec<Received>>> = Arc::default();
        let into = kept.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let received = receive(&mut stream);
                into.lock().unwrap().extend(received);
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                // A sender that has gone needs no answer.
                let _ = stream.get_mut().write_all(answer.as_bytes());
            }
        });
        Collector { address, kept }
    }

    /// What came to a path.
    fn at(&self, path: &str) -> Vec<Received> {
        let kept = self.kept.lock().unwrap();
        let line = format!("post {path} ");
        kept.iter()
            .filter(|(head, _)| head.starts_with(&line))
            .cloned()
            .collect()
    }
}

/// One request; `None` when the sender went.
fn receive(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head += &line;
        head += "\n";
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// `hearth serve` over a copy of the small demonstration.
struct Serving {
    process: Child,
    address: String,
}

impl Serving {
    fn start(data: &Path, configuration: &Path, endpoint: Option<&str>) -> Serving {
        let arguments = [
            "serve",
            "--data",
            text(data),
            "--config",
            text(configuration),
            "--listen",
            "127.0.0.1:0",
        ];
        let mut command = hearth(&arguments);
        // A proxy or another exporter of who runs the tests.
        command.env_remove("OTEL_SDK_DISABLED");
        command.env_remove("OTEL_EXPORTER_OTLP_ENDPOINT");
        command.envs(endpoint.map(|endpoint| ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)));
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("it serves").unwrap();
            let plain: String = line.replace("\u{1b}[3m", "").replace("\u{1b}[0m", "");
            let plain = plain.replace("\u{1b}[2m", "");
            if let Some((_, rest)) = plain.split_once("address=") {
                break rest.split(' ').next().unwrap().to_owned();
            }
        };
        std::thread::spawn(move || lines.count());
        Serving { process, address }
    }

    /// The whole answer to a request.
    fn ask(&self, line: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Stops it as an operator does; what was left is sent by then.
    fn stop(mut self) {
        let told = Command::new("kill")
            .arg(self.process.id().to_string())
            .status();
        assert!(told.unwrap().success());
        assert_eq!(self.process.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Already gone after `stop`.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Names of three characters and more, and numbers, of the files sent in.
fn canaries() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for file in std::fs::read_dir(SMALL.samples()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        for cell in text.split([',', '\n', '\r']) {
            let digits = cell.chars().filter(char::is_ascii_digit).count();
            let number = digits >= 11 && cell.chars().all(|c| c.is_ascii_alphanumeric());
            if number {
                all.insert(cell.to_owned());
            }
        }
        let mut lines = text.lines().filter(|line| !line.contains('"'));
        let names = |name: &str| name.ends_with("姓名");
        let Some(header) = lines.find(|line| line.split(',').any(names)) else {
            continue;
        };
        let columns = header.split(',').enumerate().filter(|(_, n)| names(n));
        let columns: Vec<usize> = columns.map(|(at, _)| at).collect();
        for line in lines {
            let cells: Vec<&str> = line.split(',').collect();
            let named = columns.iter().filter_map(|at| cells.get(*at));
            all.extend(
                named
                    .filter(|n| n.chars().count() >= 3)
                    .map(|n| (*n).to_owned()),
            );
        }
    }
    all
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The fields of a protobuf message: number and bytes; numbers are left out.
fn fields(mut message: &[u8]) -> Vec<(u64, &[u8])> {
    fn number(message: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = message[0];
            *message = &message[1..];
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    }
    let mut found = Vec::new();
    while !message.is_empty() {
        let key = number(&mut message);
        let length = match key & 7 {
            0 => {
                number(&mut message);
                continue;
            }
            1 => 8,
            5 => 4,
            2 => usize::try_from(number(&mut message)).unwrap(),
            other => panic!("wire type {other}"),
        };
        let (bytes, rest) = message.split_at(length);
        found.push((key >> 3, bytes));
        message = rest;
    }
    found
}

/// The sub-messages at a path of field numbers.
fn within<'a>(message: &'a [u8], path: &[u64]) -> Vec<&'a [u8]> {
    let Some((first, rest)) = path.split_first() else {
        return vec![message];
    };
    let here = fields(message).into_iter().filter(|(n, _)| n == first);
    here.flat_map(|(_, bytes)| within(bytes, rest)).collect()
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

#[test]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
fn a_callers_trace_goes_on_through_us_and_tells_nothing_of_anybody() {
    let data = SMALL.copy();
    let collector = Collector::start();
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("hearth.toml");
    let (host, port) = (collector.address.ip(), collector.address.port());
    let allow = format!(
        "[outbound]\nown_addresses = true\n[[outbound.allow]]\nhost = '{host}'\nport = {port}\nplain = true\n"
    );
    let on = "[steps]\non = '2026-11-20'\n";
    std::fs::write(
        &configuration,
        format!("{on}{allow}[traces]\nenabled = true\n"),
    )
    .unwrap();
    let add = [
        "officer",
        "add",
        "--data",
        text(data.path()),
        "--name",
        "科员",
        "--role",
        "county_officer",
        "--region",
        "320412",
        "--json",
    ];
    let token = tells(&add)["token"].as_str().unwrap().to_owned();
    let endpoint = format!("http://{}", collector.address);
    let serving = Serving::start(data.path(), &configuration, Some(&endpoint));

    let canaries = canaries();
    assert!(canaries.len() > 100, "{} canaries", canaries.len());
    let number = canaries
        .iter()
        .find(|c| c.len() == 18 && c.is_ascii())
        .unwrap();
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let traced = format!(
        "{bearer}traceparent: 00-{TRACE}-{PARENT}-01\r\ntracestate: v={number}\r\nbaggage: who={number}\r\nx-request-id: {number}\r\n"
    );
    let answer = serving.ask("GET /api/v1/alerts?limit=5", &traced, "");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let ours = answer
        .lines()
        .find_map(|line| line.strip_prefix("traceresponse: "));
    assert!(ours.is_some_and(|ours| ours.starts_with(&format!("00-{TRACE}-")) && !ours.contains(PARENT)), "{answer}");
    // Whatever may hold a number, by mistake or on purpose.
    let json = format!("{traced}Content-Type: application/json\r\n");
    let search = format!(r#"{{"resident_id":"{number}"}}"#);
    serving.ask("POST /api/v1/searches", &json, &search);
    serving.ask(&format!("GET /api/v1/persons/{number}"), &traced, "");
    serving.ask(&format!("GET /{number}?{number}"), &traced, "");
    serving.ask(&format!("{number} /"), &traced, "");
    // What cannot be read begins a trace of its own.
    let broken = format!("{bearer}traceparent: 00-{number}-x-01\r\n");
    assert!(
        serving
            .ask("GET /healthz", &broken, "")
            .starts_with("HTTP/1.1 200")
    );
    // A receiver of ours can go on with it as well.
    let hook = format!(r#"{{"url":"{endpoint}/hook","region":"320412"}}"#);
    let made = serving.ask(
        "POST /api/v1/subscriptions",
        &format!("{json}Idempotency-Key: a-key-of-this-test\r\n"),
        &hook,
    );
    let made: Json = serde_json::from_str(made.split_once("\r\n\r\n").unwrap().1).unwrap();
    let id = made["subscription"]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{made}"));
    let pinged = serving.ask(&format!("POST /api/v1/subscriptions/{id}/ping"), &json, "");
    assert!(pinged.starts_with("HTTP/1.1 200"), "{pinged}");
    serving.stop();

    let hooked = collector.at("/hook");
    assert_eq!(hooked.len(), 1, "{hooked:?}");
    let header = format!("traceparent: 00-{TRACE}-");
    assert!(hooked[0].0.contains(&header), "{}", hooked[0].0);
    let exported = collector.at("/v1/traces");
    assert!(!exported.is_empty(), "nothing was exported");
    for (head, _) in &exported {
        assert!(
            head.contains("content-type: application/x-protobuf"),
            "{head}"
        );
    }
    // ResourceSpans 1, ScopeSpans 2, Span 2: trace 1, parent 4, name 5.
    let spans: Vec<&[u8]> = exported
        .iter()
        .flat_map(|(_, body)| within(body, &[1, 2, 2]))
        .collect();
    let of_trace = |span: &&&[u8]| within(span, &[1]) == [hex::decode(TRACE).unwrap()];
    let named = |span: &[u8], name: &str| within(span, &[5]) == [name.as_bytes()];
    let children: Vec<_> = spans.iter().filter(of_trace).collect();
    let direct = children
        .iter()
        .filter(|span| within(span, &[4]) == [hex::decode(PARENT).unwrap()]);
    let routes = direct.filter(|span| named(span, "request"));
    assert_eq!(
        routes.count(),
        7,
        "{} spans of {}",
        children.len(),
        spans.len()
    );
    assert!(
        children.iter().any(|span| named(span, "webhook")),
        "the delivery is in the trace"
    );
    assert!(
        spans.len() > children.len(),
        "what was not asked for in a trace has its own"
    );
    let bytes: Vec<u8> = exported.into_iter().flat_map(|(_, body)| body).collect();
    for told in ["/api/v1/searches", "GET", "hearth", "other"] {
        assert!(contains(&bytes, told.as_bytes()), "{told} is not told");
    }
    assert!(
        !contains(&bytes, b"idle"),
        "steps that did nothing are told"
    );
    let leaked: Vec<_> = canaries
        .iter()
        .filter(|canary| contains(&bytes, canary.as_bytes()))
        .collect();
    assert!(leaked.is_empty(), "{leaked:?}");
    assert!(!contains(&bytes, token.as_bytes()) && !contains(&bytes, "科员".as_bytes()));
}

#[test]
fn traces_go_where_the_configuration_says_or_nowhere() {
    let data = SMALL.copy();
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("hearth.toml");
    let refused = |lines: &str| {
        std::fs::write(&configuration, lines).unwrap();
        let arguments = [
            "serve",
            "--data",
            text(data.path()),
            "--config",
            text(&configuration),
            "--listen",
            "127.0.0.1:0",
        ];
        let mut command = hearth(&arguments);
        command.env_remove("OTEL_EXPORTER_OTLP_ENDPOINT");
        command.env_remove("OTEL_SDK_DISABLED");
        let output = ends_with(&mut command, CONFIGURATION);
        String::from_utf8(output.stderr).unwrap()
    };
    let nowhere = refused("[traces]\nenabled = true\n");
    assert!(
        nowhere.contains("收集器") && nowhere.contains("OTEL_EXPORTER_OTLP_ENDPOINT"),
        "{nowhere}"
    );
    let unlisted = refused("[traces]\nenabled = true\nendpoint = 'http://127.0.0.1:4318'\n");
    assert!(unlisted.contains("outbound.allow"), "{unlisted}");
    let odd = refused("[traces]\nenabled = true\nendpoint = 'http://user:geheim@127.0.0.1:4318'\n");
    assert!(
        odd.contains("traces.endpoint") && !odd.contains("geheim"),
        "{odd}"
    );
}
