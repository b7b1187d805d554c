//! 本人放弃: a family that declined is left alone, on whatever re-import, until
//! its facts change.

use domain::resident_id::ResidentId;
use serde_json::{Value as Json, json};
use synth::FeedFile;
use testkit::app::TestApp;

fn number(first17: &str) -> String {
    ResidentId::from_first_17(first17)
        .unwrap()
        .as_str()
        .to_owned()
}

/// The register: a couple in 湖塘镇 whose head earns `wage` yuan a year.
fn register(day: &str, sequence: u32, wage: u32) -> FeedFile {
    let (head, wife) = (number("99900119800101011"), number("99900119810202022"));
    let text = format!(
        "户编号,救助类别,户籍镇街,居住镇街,户主姓名,户主证件号码,成员姓名,证件号码,与户主关系,是否共同生活,是否计入人口,是否保障对象,\
         年工资性收入,年经营净收入,年财产净收入,年转移净收入,财产核对结果\n\
         JM46,无,湖塘镇,湖塘镇,俞某,{head},俞某,{head},户主,是,是,否,{wage},0,0,0,核对中\n\
         JM46,无,湖塘镇,湖塘镇,俞某,{head},俞某妻,{wife},配偶,是,是,否,0,0,0,0,核对中\n"
    );
    TestApp::file("civil", "civil_register", day, sequence, Some(day), &text)
}

/// November's list and the police's, both about other people.
fn others() -> [FeedFile; 2] {
    let other = number("99900119400311022");
    let paid = format!(
        "发放年月,救助项目,救助小类,户编号,享受人姓名,享受人证件号码,实发金额,发放状态\n\
         202611,低保,整户,JM99,王某英,{other},500,已发\n"
    );
    let dead = format!(
        "公民身份号码,姓名,变动类别,死亡日期\n{},赵某,死亡,2026-10-01\n",
        number("99900119350311033")
    );
    [
        TestApp::file("payments", "payments", "2026-11-10", 1, None, &paid),
        TestApp::file(
            "police",
            "deaths_police",
            "2026-11-16",
            1,
            Some("2026-11-16"),
            &dead,
        ),
    ]
}

/// The family's alert as the desk has it.
async fn alert(app: &TestApp) -> Json {
    let path = "/api/v1/alerts?policy=subsistence_allowance&work=held,raised,acknowledged,verified,handled,closed";
    let list = app.get("county", path).await.json();
    let alerts = list["alerts"].as_array().unwrap();
    assert_eq!(alerts.len(), 1, "{list}");
    alerts[0].clone()
}

async fn decline(app: &TestApp) {
    for (noun, body) in [
        ("acknowledgement", json!({})),
        (
            "verification",
            json!({ "outcome": "declined", "note": "本人不愿申请" }),
        ),
        ("closure", json!({})),
    ] {
        let now = alert(app).await;
        let (id, version) = (
            now["id"].as_str().unwrap(),
            now["version"].as_i64().unwrap(),
        );
        let answer = app.act("county", id, noun, version, noun, &body).await;
        assert!(answer.status.is_success(), "{noun}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_declined_is_left_alone_until_facts_change() {
    let app = TestApp::sqlite().await;
    for file in [vec![register("2026-11-03", 1, 12_000)], others().into()].concat() {
        app.import(&file).await.unwrap();
    }
    app.settle().await;
    let opened = alert(&app).await;
    assert_eq!(opened["work"], "raised");
    assert_eq!(opened["finding"], "possibly_missed");
    decline(&app).await;
    app.settle().await;
    let closed = alert(&app).await;
    assert_eq!(
        (&closed["work"], &closed["condition"]),
        (&json!("closed"), &json!("holding"))
    );

    // The same again, and the next day's complete list: nothing comes back.
    app.import(&register("2026-11-03", 1, 12_000))
        .await
        .unwrap();
    app.import(&register("2026-11-17", 1, 12_000))
        .await
        .unwrap();
    app.settle().await;
    app.clock.set("2026-12-01".parse().unwrap());
    app.settle().await;
    let still = alert(&app).await;
    assert_eq!(still["work"], "closed");
    assert_eq!(still["id"], closed["id"]);

    // Less income than they declined on: asked again.
    app.import(&register("2026-12-01", 1, 6_000)).await.unwrap();
    app.settle().await;
    let again = alert(&app).await;
    assert_eq!(
        (&again["work"], &again["id"]),
        (&json!("raised"), &closed["id"])
    );
    assert!(
        again["sentence"].as_str().unwrap().contains("6,000元"),
        "{again}"
    );
}
