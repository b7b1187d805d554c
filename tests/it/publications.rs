//! 公示 and 公布: what may leave the office is checked in the file itself.

use axum::http::StatusCode;
use domain::authority::Operation;
use domain::ids::Subject;
use pipeline::register::{self, Filter};
use serde_json::{Value as Json, json};
use testkit::app::{HUTANG, TestApp};

use crate::matrix::{Dice, fill};

/// The ways somebody writes a number where none belongs.
fn disguised(dice: &mut Dice, number: &str) -> String {
    const SETS: [[char; 10]; 5] = [
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
        ['０', '１', '２', '３', '４', '５', '６', '７', '８', '９'],
        ['〇', '一', '二', '三', '四', '五', '六', '七', '八', '九'],
        ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'],
        ['⓪', '①', '②', '③', '④', '⑤', '⑥', '⑦', '⑧', '⑨'],
    ];
    const BETWEEN: [&str; 9] = ["", "", " ", "-", "　", "\u{200b}", "·", "、", "_"];
    let set = *dice.pick(&SETS);
    let mixed = dice.roll(4) == 0;
    let between = *dice.pick(&BETWEEN);
    let every = 1 + dice.roll(5);
    let mut text = String::new();
    for (place, c) in number.chars().enumerate() {
        if place > 0 && place % every == 0 {
            text.push_str(between);
        }
        let set = if mixed { *dice.pick(&SETS) } else { set };
        match c.to_digit(10) {
            Some(digit) => text.push(set[usize::try_from(digit).unwrap()]),
            None => text.push(c),
        }
    }
    text
}

fn number(dice: &mut Dice) -> String {
    let lengths = [11, 15, 17, 18, 16, 19];
    let length = *dice.pick(&lengths);
    let mut digits: String = (0..length)
        .map(|place| {
            let digit = if place == 0 {
                1 + dice.roll(9)
            } else {
                dice.roll(10)
            };
            char::from_digit(u32::try_from(digit).unwrap(), 10).unwrap()
        })
        .collect();
    if length == 17 {
        digits.push('X');
    }
    digits
}

fn fair(families: usize) -> Vec<Vec<String>> {
    let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
    let mut rows = vec![
        vec!["湖塘镇拟纳入低保公示".to_owned()],
        vec!["公示期7天：2026年11月20日至2026年11月26日".to_owned()],
        row(["户主姓名", "保障人数", "月保障金额（类别）", "村（社区）"]),
    ];
    for n in 0..families {
        let amount = format!("{},{:03}.00元", 1 + n % 3, 100 + n % 800);
        rows.push(row(["王某英", "3人", &amount, "湖塘镇三勤村委会"]));
    }
    rows.push(vec!["依据：民发〔2021〕57号第二十四条".to_owned()]);
    rows.push(vec![
        "如有异议，请在公示期内向镇社会事务局反映。".to_owned(),
    ]);
    rows
}

#[test]
fn five_hundred_leak_attempts_end_before_the_file() {
    let mut dice = Dice::new(57);
    for format in ["xlsx", "html"] {
        for families in [1, 40, 500] {
            let made = api::publication::publishable(&fair(families), format);
            assert!(
                made.is_ok(),
                "a fair file of {families} is refused as {format}"
            );
        }
    }
    let mut passed = Vec::new();
    for attempt in 0..500 {
        let format = *dice.pick(&["xlsx", "html"]);
        let number = number(&mut dice);
        let text = disguised(&mut dice, &number);
        let mut rows = fair(5);
        match attempt % 5 {
            // In the note, the title, a name, a village.
            0 => rows.last_mut().unwrap()[0] = format!("联系{text}反映"),
            1 => rows[0][0] = format!("湖塘镇{text}公示"),
            2 => rows[4][0] = format!("王某{text}"),
            // Over neighbouring cells, and down a column.
            3 => {
                let chars: Vec<char> = text.chars().collect();
                let half = chars.len() / 2;
                rows[5][2] = chars[..half].iter().collect();
                rows[5][3] = chars[half..].iter().collect();
            }
            _ => {
                let chars: Vec<char> = text.chars().collect();
                let part = chars.len().div_ceil(3);
                for (row, part) in chars.chunks(part).enumerate() {
                    rows[3 + row][3] = part.iter().collect();
                }
            }
        }
        if api::publication::publishable(&rows, format).is_ok() {
            passed.push((attempt, format, text));
        }
    }
    assert!(passed.is_empty(), "{} passed: {passed:?}", passed.len());
}

fn body(scheme: &str, event: &str, kind: &str, ids: &[String], note: &str) -> Json {
    let households: Vec<Json> = ids
        .iter()
        .map(|id| json!({ "id": id, "amount_fen": 123_400 }))
        .collect();
    json!({
        "scheme": scheme, "event": event, "kind": kind, "format": "html", "note": note,
        "households": households,
    })
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn a_board_shows_name_count_amount_and_village_and_no_more() {
    let app = TestApp::sqlite().await;
    fill(&app, 7, 200).await;
    let grant = app.grant("hutang", Operation::ReadPeople);
    let window = register::window(&app.deps, &grant, &Filter::default(), None)
        .await
        .unwrap();
    let with_many = window
        .families
        .iter()
        .filter(|family| family.members.len() > 1);
    let families: Vec<_> = with_many
        .filter(|family| family.members.iter().any(|m| m.covered == Some(true)))
        .take(12)
        .collect();
    assert!(families.len() > 3);
    let ids: Vec<String> = families
        .iter()
        .map(|f| f.unit.as_uuid().to_string())
        .collect();
    let path = "/api/v1/publications";
    let asked = body("subsistence", "entry", "notice", &ids, "向镇社会事务局反映");
    let made = app.post("hutang", path, &[], &asked).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let page = made.text();
    let left = made.headers["hearth-left-out"].to_str().unwrap().to_owned();
    let mut named = 0;
    for family in &families {
        for (place, member) in family.members.iter().enumerate() {
            let name = member.name.clone().unwrap_or_default();
            if place == 0 {
                let is_of_age = member.age.is_some_and(|age| age >= 18);
                assert!(is_of_age || !page.contains(&name), "a minor is named");
                named += usize::from(page.contains(&name));
            }
            for hidden in [&member.phone, &member.address].into_iter().flatten() {
                assert!(!page.contains(hidden), "{hidden}");
            }
            assert!(!page.contains(&member.id.to_string()));
        }
    }
    assert!(named > 0, "{page} {left}");
    for shown in ["1,234元", "公示期7天", "民发〔2021〕57号第二十四条"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    // No mark of who made it, and still in the ledger.
    assert!(
        !page.contains("hutang") && !page.contains("导出人"),
        "{page}"
    );
    let unit = Subject::to_string(&families[0].unit);
    let looked = json!({ "subject": unit });
    let looked = app
        .post("auditor", "/api/v1/ledger/disclosures", &[], &looked)
        .await;
    assert_eq!(
        looked.json()["disclosures"][0]["purpose"],
        "publication:subsistence:entry:notice"
    );
    // What the law does not publish, whoever asks.
    for (scheme, event, kind) in [
        ("marginal", "entry", "notice"),
        ("expenditure_hardship", "entry", "notice"),
        ("orphan", "entry", "announcement"),
        ("unattended_child", "entry", "notice"),
        ("subsistence", "termination", "notice"),
    ] {
        let refused = app
            .post("hutang", path, &[], &body(scheme, event, kind, &ids, ""))
            .await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{scheme}");
        assert_eq!(refused.json()["code"], "publication.not_published");
    }
    for note in [
        "电话13812345678",
        "一三八 一二三四 五六七八",
        "３３０１０２１９５００１０１０００６",
    ] {
        let asked = body("subsistence", "entry", "notice", &ids, note);
        let refused = app.post("hutang", path, &[], &asked).await;
        assert_eq!(refused.json()["code"], "publication.number", "{note}");
    }
    let after = body("subsistence", "entry", "announcement", &ids, "");
    let after = app.post("hutang", path, &[], &after).await;
    assert_eq!(after.status, StatusCode::OK, "{}", after.text());
    // Another's family is nobody's; those who may not publish may not.
    let refused = app.post("niutang", path, &[], &asked).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    // Naming the other's township gives nobody authority over it.
    let mut named = asked.clone();
    named["township"] = json!(HUTANG);
    let own = app.post("hutang", path, &[], &named).await;
    assert_eq!(own.status, StatusCode::OK, "{}", own.text());
    for officer in ["niutang", "elsewhere"] {
        let refused = app.post(officer, path, &[], &named).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{officer}");
    }
    for officer in ["auditor", "children", "system", "importer", "village"] {
        let refused = app.post(officer, path, &[], &asked).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{officer}");
    }
    // The page: look first, then the file.
    let listed = app
        .get("hutang", "/publications?item=subsistence%3Aentry%3Anotice")
        .await;
    assert_eq!(listed.status, StatusCode::OK, "{}", listed.text());
    assert!(listed.text().contains(&ids[0]), "the family is offered");
    let form = format!(
        "item=subsistence%3Aentry%3Anotice&township=&note=&format=&household={}&amount_{}=1234",
        ids[0], ids[0]
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let look = app
        .call(
            "hutang",
            axum::http::Method::POST,
            "/publications",
            &headers,
            form.clone().into(),
        )
        .await;
    assert_eq!(look.status, StatusCode::OK, "{}", look.text());
    assert!(look.text().contains("将张贴的内容"));
    let file = form.replace("format=&", "format=xlsx&");
    let file = app
        .call(
            "hutang",
            axum::http::Method::POST,
            "/publications",
            &headers,
            file.into(),
        )
        .await;
    assert!(file.bytes.starts_with(b"PK"), "{}", file.text());
}
