//! Verbs from `init` to `erase` on a store of one's own, and what they refuse.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::support::{
    CHECK, CONFIGURATION, DATA, SMALL, USAGE, ends, ends_with, hearth, refuses, says, tells, text,
};

/// A store made by `init`, with its escrow copy elsewhere.
struct Office {
    folder: TempDir,
}

impl Office {
    fn new(synthetic: bool) -> Office {
        let office = Office {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(office.folder.path().join("safe")).unwrap();
        let (data, escrow) = (office.data(), office.escrow());
        let mut arguments = vec!["init", "--data", text(&data), "--escrow", text(&escrow)];
        arguments.extend(synthetic.then_some("--synthetic"));
        ends(&arguments, 0);
        office
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn escrow(&self) -> PathBuf {
        self.folder.path().join("safe/escrow.txt")
    }
}

/// Arguments that import the small county's register.
fn register<'a>(data: &'a Path, file: &'a Path, sequence: &'a str) -> Vec<&'a str> {
    let header = "--source civil --dataset civil_register --business-date 2026-11-03 --scope 320412 --as-of 2026-11-03";
    let mut arguments = vec![
        "import",
        "--json",
        "--data",
        text(data),
        text(file),
        "--sequence",
        sequence,
    ];
    arguments.extend(header.split(' '));
    arguments
}

#[test]
fn help_is_one_line_per_verb_and_names_the_exit_codes() {
    let help = says(&["--help"]);
    let (_, verbs) = help.split_once("Commands:\n").unwrap();
    let (verbs, rest) = verbs.split_once("\n\n").unwrap();
    let verbs: Vec<&str> = verbs
        .lines()
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    let known = [
        "demo", "init", "serve", "import", "evaluate", "explain", "trace", "simulate", "policy",
        "ledger", "synth", "fsck", "doctor", "backup", "restore", "officer", "account", "token",
        "erase",
    ];
    assert_eq!(
        verbs, known,
        "a verb's help takes more than one line, or the list changed"
    );
    for code in ["0 ", "1 ", "2 ", "65 ", "70 ", "75 ", "78 "] {
        assert!(rest.contains(&format!("\n  {code}")), "{code}");
    }
    for verb in verbs {
        let help = says(&[verb, "--help"]);
        assert!(help.contains("Usage: hearth"), "{verb}");
        assert!(help.is_ascii() || help.contains("暖心"), "{verb}");
    }
    let help = says(&["policy", "--help"]);
    let (_, below) = help.split_once("Commands:\n").unwrap();
    let (below, _) = below.split_once("\n\n").unwrap();
    let below = below.lines().map(|line| line.split_whitespace().next());
    let below: Vec<&str> = below.map(Option::unwrap).collect();
    assert_eq!(below, ["check", "test", "show", "docs", "eval"]);
    refuses(&["demo", "--jsno"], USAGE);
    refuses(&["demo", "--json"], USAGE);
    refuses(&["nothing"], USAGE);
}

#[test]
fn init_demands_an_escrow_copy_in_another_place() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    refuses(&["init", "--data", text(&data)], USAGE);
    let beside = data.join("escrow.txt");
    refuses(
        &["init", "--data", text(&data), "--escrow", text(&beside)],
        CONFIGURATION,
    );
    assert!(!data.join("master.key").exists() && !data.join("hearth.db").exists());

    let office = Office::new(false);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (
            mode(&office.data().join("master.key")),
            mode(&office.escrow())
        ),
        (0o600, 0o600)
    );
    let key = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        text.lines()
            .find(|line| line.starts_with("key:"))
            .unwrap()
            .to_owned()
    };
    let before = key(&office.escrow());
    assert_eq!(key(&office.data().join("master.key")), before);
    // Again: an interrupted run may be repeated, and nothing is replaced.
    let (data, escrow) = (office.data(), office.escrow());
    ends(
        &["init", "--data", text(&data), "--escrow", text(&escrow)],
        0,
    );
    assert_eq!(key(&data.join("master.key")), before);
    // Another key does not open the store.
    let other = Office::new(false);
    fs::copy(other.data().join("master.key"), data.join("master.key")).unwrap();
    let said = refuses(&["fsck", "--data", text(&data)], CONFIGURATION);
    assert!(said.contains("the store was made with key"), "{said}");
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    let data = SMALL.copy();
    let key = data.path().join("master.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    for verb in [
        vec!["fsck"],
        vec!["evaluate"],
        vec!["demo", "--once"],
        vec!["ledger", "verify"],
    ] {
        let mut arguments = verb.clone();
        arguments.extend(["--data", text(data.path())]);
        let said = refuses(&arguments, CONFIGURATION);
        assert!(said.contains("others may read it"), "{said}");
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    says(&["fsck", "--data", text(data.path())]);
}

#[test]
fn a_file_goes_in_once_and_bad_files_are_bad_data() {
    let office = Office::new(true);
    let data = office.data();
    let file = SMALL.samples().join("civil-register-20261103.csv");
    let first = tells(&register(&data, &file, "1"));
    assert_eq!(first["repeated"], false);
    let counts = ["accepted", "warned", "held", "rejected"];
    let rows: u64 = counts
        .iter()
        .map(|name| first[*name].as_u64().unwrap())
        .sum();
    assert_eq!(first["received"].as_u64(), Some(rows));
    let again = tells(&register(&data, &file, "1"));
    assert_eq!(
        (&again["repeated"], &again["id"]),
        (&true.into(), &first["id"])
    );

    let other = data.join("other.csv");
    fs::write(&other, fs::read(&file).unwrap().split_last().unwrap().1).unwrap();
    refuses(&register(&data, &other, "1"), DATA);
    fs::write(&other, "一,二\n1,2\n").unwrap();
    refuses(&register(&data, &other, "2"), DATA);
    refuses(&register(&data, &data.join("missing.csv"), "2"), DATA);
    let mut elsewhere = register(&data, &file, "2");
    elsewhere.extend(["--source", "police"]);
    refuses(&elsewhere, USAGE);

    let command = |data: &Path| {
        let mut command = hearth(&["evaluate", "--json", "--data", text(data)]);
        command.env("HEARTH__STEPS__ON", "2026-11-20");
        command
    };
    let settled = ends_with(&mut command(&data), 0);
    let settled: serde_json::Value = serde_json::from_slice(&settled.stdout).unwrap();
    assert_eq!(
        (&settled["on"], &settled["changed"]),
        (&"2026-11-20".into(), &true.into())
    );
    assert!(settled["verdicts"].as_i64() > Some(0));
    let again: serde_json::Value =
        serde_json::from_slice(&ends_with(&mut command(&data), 0).stdout).unwrap();
    assert_eq!(again["changed"], false);
}

#[test]
fn a_pinned_date_and_invented_people_need_a_synthetic_store() {
    let office = Office::new(false);
    let data = office.data();
    let mut command = hearth(&["evaluate", "--data", text(&data)]);
    ends_with(
        command.env("HEARTH__STEPS__ON", "2026-11-20"),
        CONFIGURATION,
    );
    let file = SMALL.samples().join("civil-register-20261103.csv");
    let taken = tells(&register(&data, &file, "1"));
    assert_eq!(taken["accepted"].as_i64(), Some(0), "{taken}");
}

#[test]
fn bad_configuration_is_named() {
    let office = Office::new(false);
    let data = office.data();
    let unknown = |name: &str, value: &str| {
        let mut command = hearth(&["fsck", "--data", text(&data)]);
        let output = ends_with(command.env(name, value), CONFIGURATION);
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(unknown("HEARTH__STORE__COLOUR", "red").contains("colour"));
    assert!(unknown("HEARTH__HTTP__LISTEN", "everywhere").contains("listen"));
    let file = office.folder.path().join("hearth.toml");
    fs::write(
        &file,
        "[store]\nurl = 'postgres://hearth:secret@db/hearth'\n",
    )
    .unwrap();
    let said = refuses(&["fsck", "--config", text(&file)], CONFIGURATION);
    assert!(
        said.contains("password") && !said.contains("secret@"),
        "{said}"
    );
    refuses(&["fsck", "--config", "/nowhere/hearth.toml"], CONFIGURATION);
    let nowhere = office.folder.path().join("nowhere");
    let said = refuses(&["serve", "--data", text(&nowhere)], CONFIGURATION);
    assert!(said.contains("hearth init"), "{said}");
    assert!(!nowhere.exists(), "serving makes no store");
}

/// The first alert the summary shows.
fn shown_alert(data: &Path) -> String {
    let samples = SMALL.samples();
    let shown = says(&[
        "demo",
        "--once",
        "--data",
        text(data),
        "--samples",
        text(&samples),
    ]);
    let trace = shown
        .lines()
        .find_map(|line| line.trim().strip_prefix("追溯：hearth trace "));
    trace.unwrap().split(' ').next_back().unwrap().to_owned()
}

#[test]
fn an_alert_is_traced_to_file_digest_uploader_and_line() {
    let data = SMALL.copy();
    let alert = shown_alert(data.path());
    let trace = tells(&["trace", "--json", "--data", text(data.path()), &alert]);
    assert_eq!(trace["alert"], *alert);
    let files = trace["files"].as_array().unwrap();
    assert!(!files.is_empty());
    for source in files {
        let file = &source["file"];
        let bytes = fs::read(SMALL.samples().join(file["name"].as_str().unwrap())).unwrap();
        assert_eq!(file["digest"], hex::encode(Sha256::digest(&bytes)));
        assert!(file["uploader"].as_str().unwrap().contains("数据报送"));
        let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
        for row in source["rows"].as_array().unwrap() {
            assert!(
                (1..=lines).contains(&row["line"].as_u64().unwrap()),
                "{row}"
            );
        }
    }
    let nobody = "00000000-0000-0000-0000-000000000000";
    refuses(&["trace", "--data", text(data.path()), nobody], DATA);
}

/// An alert and the household or person it is about.
pub(crate) fn alert_and_subject(data: &Path) -> (String, String) {
    let alert = shown_alert(data);
    let explained = tells(&["explain", "--json", "--data", text(data), &alert]);
    let subject = &explained["decision"]["evaluation"]["subject"];
    let letter = &subject["type"].as_str().unwrap()[..1];
    let subject = format!("{letter}:{}", subject["id"].as_str().unwrap());
    (alert, subject)
}

/// What the store holds, by `fsck`; the log grows with every look.
pub(crate) fn counts(data: &Path) -> Vec<Option<i64>> {
    let told = tells(&["fsck", "--json", "--data", text(data)]);
    [
        "records",
        "persons",
        "households",
        "verdicts",
        "alerts",
        "feed",
        "due",
    ]
    .map(|name| told[name].as_i64())
    .to_vec()
}

#[test]
fn an_alert_is_explained_until_its_subject_is_erased() {
    let data = SMALL.copy();
    let folder = text(data.path());
    let (alert, subject) = alert_and_subject(data.path());
    let explained = tells(&["explain", "--json", "--data", folder, &alert]);
    let evaluation = &explained["decision"]["evaluation"];
    let policy = evaluation["policy"].as_str().unwrap();
    let now = tells(&[
        "explain", "--json", "--data", folder, &subject, "--policy", policy,
    ]);
    assert_eq!(now["decision"]["evaluation"]["policy"], *policy);
    refuses(&["explain", "--data", folder, &subject], USAGE);
    refuses(
        &["explain", "--data", folder, &subject, "--policy", "none"],
        USAGE,
    );

    refuses(&["erase", "--data", folder, &subject], USAGE);
    says(&["erase", "--yes", "--data", folder, &subject]);
    refuses(&["erase", "--yes", "--data", folder, &subject], DATA);
    let said = refuses(&["explain", "--data", folder, &alert], DATA);
    assert!(said.contains("erased"), "{said}");
    says(&["ledger", "verify", "--data", folder]);
}

/// Policy documents in a folder.
pub(crate) fn policies(folder: &Path) -> i64 {
    let files = fs::read_dir(folder).unwrap();
    let documents = files.filter(|file| {
        let path = file.as_ref().unwrap().path();
        path.extension().is_some_and(|ending| ending == "yaml")
    });
    i64::try_from(documents.count()).unwrap()
}

#[test]
fn policies_are_checked_with_file_line_and_nearest_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let sound = tells(&["policy", "check", "--json", text(&root)]);
    assert_eq!(
        (
            sound["policies"].as_i64(),
            sound["problems"].as_array().map(Vec::len)
        ),
        (Some(policies(&root)), Some(0))
    );
    let shown = says(&[
        "policy",
        "show",
        text(&root),
        "--region",
        "320412",
        "--on",
        "2026-11-20",
    ]);
    assert!(shown.contains("未设 unset allowance_standard"), "{shown}");

    let folder = tempfile::tempdir().unwrap();
    let text_of = fs::read_to_string(root.join("nursing_subsidy.yaml")).unwrap();
    assert!(text_of.contains("disability_certificate"));
    let broken = text_of.replacen("disability_certificate", "disability_certificat", 1);
    fs::write(folder.path().join("nursing_subsidy.yaml"), broken).unwrap();
    let output = ends(&["policy", "check", text(folder.path())], CHECK);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("nursing_subsidy.yaml:") && said.contains("disability_certificate`?"),
        "{said}"
    );
    refuses(&["policy", "check", "/nowhere"], CONFIGURATION);
}

#[test]
fn the_doctor_says_what_waits_and_what_is_late() {
    let data = SMALL.copy();
    let folder = text(data.path());
    let look = |on: &str, code: i32| -> serde_json::Value {
        let mut command = hearth(&["doctor", "--json", "--data", folder]);
        command.env("HEARTH__STEPS__ON", on);
        serde_json::from_slice(&ends_with(&mut command, code).stdout).unwrap()
    };
    let codes = |told: &serde_json::Value| -> Vec<String> {
        let findings = told["findings"].as_array().unwrap().iter();
        findings
            .map(|f| {
                format!(
                    "{} {}",
                    f["code"].as_str().unwrap(),
                    f["about"].as_str().unwrap()
                )
            })
            .collect()
    };
    // The lists nobody sends yet, and the holidays of 2027, are always told.
    let today = codes(&look("2026-11-20", CHECK));
    let about = |told: &[String], what: &str| told.iter().any(|f| f.contains(what));
    assert!(
        !about(&today, "civil_register") && !about(&today, "work."),
        "{today:?}"
    );
    assert!(!about(&today, "parameter.unset"), "{today:?}");
    let later = codes(&look("2027-06-01", CHECK));
    assert!(
        about(&later, "list.stale 320412 civil_register"),
        "{later:?}"
    );
    assert!(about(&later, "calendar.year 2027"), "{later:?}");
}

#[test]
fn accounts_are_made_reset_and_taken_away() {
    let office = Office::new(false);
    let data = office.data();
    let folder = text(&data);
    let add = |login: &str, role: &str, holder: &str, code: i32| {
        let mut command = hearth(&["account", "add", "--json", "--data", folder, login]);
        command.args(["--name", login, "--role", role, "--holder", holder]);
        command.args(["--region", "320412"]);
        let output = ends_with(&mut command, code);
        String::from_utf8(output.stdout).unwrap()
    };
    let made: serde_json::Value = serde_json::from_str(&add("shen", "auditor", "w1", 0)).unwrap();
    let password = made["one_time_password"].as_str().unwrap();
    assert!(password.len() >= 16, "{password}");
    add("shen", "caseworker", "w2", USAGE);
    // One person is not two of the three administrators.
    add("xi", "system_admin", "w1", USAGE);
    add("an", "security_admin", "w3", 0);
    add("ji", "importer", "w4", USAGE);
    // An auditor's account takes two people.
    refuses(&["account", "reset", "--data", folder, "shen"], USAGE);
    let second = [
        "account", "reset", "--json", "--data", folder, "shen", "--second", "an",
    ];
    assert_ne!(tells(&second)["one_time_password"], password);
    says(&["account", "disable", "--data", folder, "an"]);
    refuses(&["account", "unlock", "--data", folder, "nobody"], USAGE);
    let list = tells(&["account", "list", "--json", "--data", folder]);
    let states: Vec<(&str, &str)> = list["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["login"].as_str().unwrap(), a["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [("shen", "must_change"), ("an", "disabled")]);
    // A zero would switch a guard off.
    let mut zero = hearth(&["account", "list", "--data", folder]);
    zero.env("HEARTH__ACCOUNTS__LOCK_MINUTES", "0");
    ends_with(&mut zero, CONFIGURATION);
    says(&["ledger", "verify", "--data", folder]);
}

#[test]
fn a_sender_has_sources_and_a_contact_has_villages() {
    let office = Office::new(false);
    let data = office.data();
    let folder = text(&data);
    let add = |role: &str, more: &str, code: i32| {
        let login = role.replace('_', ".");
        for verb in [
            ["officer", "add", "--json"],
            ["account", "add", login.as_str()],
        ] {
            let mut command = hearth(&verb);
            command.args(["--data", folder, "--name", "x", "--role", role]);
            ends_with(command.args(more.split(' ')), code);
        }
    };
    add("importer", "--region 320412", USAGE);
    add("importer", "--region 320412 --source medical", 0);
    add("importer", "--region 320412 --source medica1", USAGE);
    add("caseworker", "--region 320412100 --source medical", USAGE);
    // A township would give a contact nothing to see.
    add("village_contact", "--region 320412100", USAGE);
    let villages = "--region 320412100201 --region 320412100202";
    add("village_contact", villages, 0);
    add("caseworker", "--region 320412100201", USAGE);
    add("policy_officer", "--region 320412", 0);
    add("children_officer", "--region 320412100", 0);
    add("policy_officer", "--region 3204", USAGE);
}

#[test]
fn a_subject_that_nobody_can_have_takes_nobodys_place() {
    let office = Office::new(false);
    let data = office.data();
    let configuration = data.join("hearth.toml");
    let secret = data.join("secret");
    let lines = [
        "[oidc]".to_owned(),
        "issuer = 'https://sso.example'".to_owned(),
        "client_id = 'hearth'".to_owned(),
        format!("client_secret_file = '{}'", text(&secret)),
        "redirect_url = 'https://hearth.example/login/oidc/callback'".to_owned(),
    ];
    std::fs::write(&secret, "secret").unwrap();
    std::fs::write(&configuration, lines.join("\n")).unwrap();
    let add = [
        "account",
        "add",
        "--data",
        text(&data),
        "li.min",
        "--name",
        "李敏",
        "--role",
        "caseworker",
        "--region",
        "320412100",
        "--json",
    ];
    tells(&add);
    let place = ["--data", text(&data), "--config", text(&configuration)];
    let bind = |login: &str, subject: &str, code: i32| {
        let mut command = hearth(&["account", "bind", login]);
        command.args(place).args(["--subject", subject]);
        ends_with(&mut command, code);
    };
    bind("li.min", "abc-123", 0);
    let long = "a".repeat(256);
    for odd in ["", " ", " abc-123", "abc-123 ", "abc\t123", long.as_str()] {
        bind("li.min", odd, USAGE);
    }
    // The one before stands: it is nobody else's.
    let other = add.map(|word| if word == "li.min" { "wang.qi" } else { word });
    tells(&other);
    bind("wang.qi", "abc-123", USAGE);
    says(&["account", "unbind", "--data", text(&data), "li.min"]);
    bind("wang.qi", "abc-123", 0);
}

#[cfg(not(feature = "otel"))]
#[test]
fn a_build_without_traces_says_so() {
    let office = Office::new(false);
    let data = office.data();
    let configuration = data.join("hearth.toml");
    std::fs::write(&configuration, "[traces]\nenabled = true\n").unwrap();
    let place = ["--data", text(&data), "--config", text(&configuration)];
    let mut serve = hearth(&["serve", "--listen", "127.0.0.1:0"]);
    let output = ends_with(serve.args(place), CONFIGURATION);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("不含链路追踪") && told.contains("--features otel"),
        "{told}"
    );
    // What does not serve exports nothing either way.
    let mut list = hearth(&["account", "list"]);
    ends_with(list.args(place), 0);
}

#[test]
fn plain_cel_prints_one_line_and_says_how_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("facts.json");
    fs::write(
        &file,
        r#"{"n": 2, "applicant": {"income": {"$unknown": true}}}"#,
    )
    .unwrap();
    let eval = |expr| ["policy", "eval", "--expr", expr, "--facts", text(&file)];
    assert_eq!(says(&eval("n + 1")), "{\"value\":3}\n");
    assert_eq!(
        says(&eval("applicant.income > n")),
        "{\"unknown\":[\"applicant.income\"]}\n"
    );
    assert_eq!(
        says(&["policy", "eval", "--expr", "-1 + a.b"]),
        "{\"unknown\":[\"a.b\"]}\n"
    );
    let failed = ends(&eval("n / 0"), CHECK);
    let line = String::from_utf8(failed.stdout).unwrap();
    assert_eq!(line.lines().count(), 1);
    assert!(line.contains("\"code\":\"cel.division_by_zero\""), "{line}");
    fs::write(&file, "[1]").unwrap();
    refuses(&eval("n"), DATA);
    refuses(&["policy", "eval"], USAGE);
}
