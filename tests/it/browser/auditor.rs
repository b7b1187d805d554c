//! The auditor: from an alert to lines of files, the decision made again, the
//! log taken to another computer.

use domain::authority::Role;
use ledger::{Checkpoint, Frontier, Hash, Verifier};
use serde_json::Value;
use testkit::app::COUNTY;
use testkit::chromium::Screen;

use super::{Office, leads, without_chromium};

/// Whether a log file leads to the root that was copied by hand.
fn verified(file: &str, size: u64, root: &str) -> bool {
    let lines: Vec<Value> = file
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let bytes = |text: &Value| hex::decode(text.as_str().unwrap()).unwrap();
    let frontier = Frontier::from_bytes(&bytes(&lines[0]["frontier"])).unwrap();
    let checkpoints = [Checkpoint {
        origin: "hearth".to_owned(),
        size,
        root: Hash(hex::decode(root).unwrap().try_into().unwrap()),
    }];
    let mut verifier = Verifier::after(frontier, &checkpoints).unwrap();
    let entries = &lines[1..lines.len() - 1];
    let whole = entries
        .iter()
        .all(|line| verifier.entry(&bytes(&line["bytes"])).is_ok());
    whole && verifier.finish().is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_traces_replays_and_takes_the_log_away() {
    let office = Office::with(&[leads(&[("WG1", "湖塘镇", "急")])]).await;
    let auditor = office.person(Role::Auditor, COUNTY, Screen::Desk);
    let Some(mut auditor) = auditor.await else {
        return without_chromium();
    };
    auditor.start_counting();
    auditor.follows("[data-card] .sentence a").await;
    assert!(!auditor.sees("#outcome").await, "an auditor can act");
    auditor.follows("form[action='/audit'] button").await;
    assert_eq!((auditor.actions, auditor.fields), (2, 0));
    let trace = auditor.reads("[aria-labelledby=trace]").await;
    for told in ["逐字节一致", "leads.csv", "急难线索", "importer"] {
        assert!(trace.contains(told), "{told}: {trace}");
    }
    let lines = auditor
        .reads("[aria-labelledby=trace] [aria-label='依据的文件和行'] tbody td:nth-child(6)")
        .await;
    assert!(lines.contains('2'), "{lines}");
    let looked = auditor.reads("[aria-labelledby=looked]").await;
    assert!(
        looked.contains("审计员") && looked.contains("查看预警"),
        "{looked}"
    );

    let root = auditor.reads("[aria-labelledby=root] .mono").await;
    let size = auditor.reads("[aria-labelledby=root] .quiet").await;
    let digits: String = size.chars().filter(|c| !"共 ".contains(*c)).collect();
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    let size: u64 = digits.parse().unwrap();
    auditor.start_counting();
    let file = auditor.takes("form[action='/audit/ledger'] button").await;
    assert_eq!((auditor.actions, auditor.fields), (1, 0));
    let file = String::from_utf8(file).unwrap();
    assert!(verified(&file, size, &root), "{size}:{root}");
    assert!(!verified(&file, size, &"7".repeat(64)), "any root will do");
    auditor.leaves().await;
}
