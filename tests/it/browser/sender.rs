//! A department's officer: a file, its four outcomes, the rows to mend, the
//! mended file.

use domain::authority::Role;
use domain::resident_id::ResidentId;
use testkit::app::COUNTY;
use testkit::chromium::{Person, Screen};

use super::{Office, without_chromium};

const HEADER: &str = "公民身份号码,姓名,性别,出生日期,变动类别,死亡日期,注销日期";

fn number(first17: &str) -> String {
    let number = ResidentId::from_first_17(first17).unwrap();
    number.as_str().to_owned()
}

/// One row of each outcome.
pub(super) fn list() -> String {
    let (good, warned) = (number("99990119400311022"), number("99990119400312024"));
    [
        HEADER.to_owned(),
        format!("{good},王某英,女,1940-03-11,死亡,2026-09-28,2026-10-20"),
        format!("{warned},李某英,女,1940-03-12,死亡,2026-09-28,不详"),
        ",张某英,女,1940-03-13,死亡,2026-09-28,2026-10-20".to_owned(),
        "123456,赵某英,女,1940-03-14,死亡,2026-09-28,2026-10-20\r\n".to_owned(),
    ]
    .join("\r\n")
}

/// Sends a file of the police's list; the form knows the day and the place.
pub(super) async fn sends(person: &mut Person, name: &str, text: &str) {
    person.chooses_file("#file", name, text.as_bytes()).await;
    person.follows("form[action='/imports'] button").await;
}

/// Rows of the four outcomes as the page has them.
pub(super) async fn outcomes(person: &Person) -> Vec<String> {
    let mut rows = Vec::new();
    for row in 1..=4 {
        let row = format!("[aria-labelledby=counts] tbody tr:nth-child({row}) td");
        rows.push(person.reads(&row).await);
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_sends_mends_and_sends_again() {
    let office = Office::with(&[]).await;
    let sender = office.person(Role::Importer, COUNTY, Screen::Desk);
    let Some(mut sender) = sender.await else {
        return without_chromium();
    };
    sender.forbids_scripts().await;
    assert_eq!(sender.place().await, "/imports");
    sender.start_counting();
    sender.chooses("#dataset", "deaths_police").await;
    sends(&mut sender, "注销.csv", &list()).await;
    assert_eq!((sender.actions, sender.fields), (2, 1));
    assert_eq!(outcomes(&sender).await, ["1", "1", "1", "1"]);
    let why = sender.reads("[aria-labelledby=rows] table").await;
    assert!(
        why.contains("id.length") && why.contains("id.missing"),
        "{why}"
    );
    assert!(!why.contains("赵某英"), "a cell's content is shown");

    let rows = sender.takes("a[download]").await;
    let rows = String::from_utf8(rows).unwrap();
    assert!(rows.contains("赵某英") && rows.contains("张某英"), "{rows}");
    assert!(!rows.contains("王某英"), "what was taken comes back");
    let (one, other) = (number("99990119400313022"), number("99990119400314026"));
    let mended = rows.replace("123456,", &format!("{other},"));
    let mended = mended.replace(",张某英", &format!("{one},张某英"));
    sender.start_counting();
    sender.follows("a[href^='/imports?again=']").await;
    assert_eq!(sender.value("#dataset").await, "deaths_police");
    sends(&mut sender, "更正.csv", &mended).await;
    assert_eq!((sender.actions, sender.fields), (2, 1));
    let batch = sender.reads("h1").await;
    assert!(batch.contains("第2批"), "{batch}");
    assert_eq!(outcomes(&sender).await[2..], ["0", "0"]);
    sender.leaves().await;
}
