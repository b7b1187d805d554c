//! 突发事件: people of fires, accidents and disasters, many without a number.

use domain::record::{IdentityAsSent, SubjectAsSent};

use crate::sample::*;

fn told(pairs: &[(&str, &str)]) -> String {
    answer_to("incidents", INCIDENTS, &with(&wu_fire(), pairs))
}

#[test]
fn an_incident_says_what_happened_to_whom_and_where() {
    let rows = Desk::new("incidents").rows(&csv(INCIDENTS, &[wu_fire()]));
    assert_eq!(answer(&rows[0]), "accepted");
    assert_eq!(kinds(&rows[0]), ["identity", "incident"]);
    let fire = body(&rows[0], "incident");
    let codes = ["kind", "role", "injury", "loss"].map(|field| fire.code(field));
    let expected = ["fire", "victim", "none", "collapsed"].map(Some);
    assert_eq!(codes, expected);
    assert_eq!(fire.date("happened_on").unwrap().to_string(), "2026-11-09");
    assert_eq!(fire.division("place").unwrap().as_str(), "320412103");
    let spelt = [
        ("事件类别", "车祸", "kind", Some("traffic")),
        ("事件类别", "台风", "kind", Some("disaster")),
        ("伤亡情况", "重伤", "injury", Some("serious")),
        ("房屋财产损失", "严损", "loss", Some("severe")),
        ("人员身份", "报警人", "role", Some("bystander")),
        // What nobody wrote is not “none”.
        ("伤亡情况", "", "injury", None),
        ("伤亡情况", "无", "injury", None),
        ("房屋财产损失", "", "loss", None),
    ];
    for (column, cell, field, code) in spelt {
        let row = with(&wu_fire(), &[(column, cell)]);
        let rows = Desk::new("incidents").rows(&csv(INCIDENTS, &[row]));
        assert_eq!(body(&rows[0], "incident").code(field), code, "{cell}");
    }
}

/// As with reports of the grid: no number is no reason to send a row back, and
/// such people are the sender's own, never joined to a numbered one.
#[test]
fn someone_without_a_number_is_the_row_s_own_and_never_sent_back() {
    let subject = |pairs: &[(&str, &str)]| {
        let row = with(&wu_fire(), pairs);
        let rows = Desk::new("incidents").rows(&csv(INCIDENTS, &[row]));
        record(&rows[0], "incident").subject.clone()
    };
    let numbered = |number: &str| {
        SubjectAsSent::Person(IdentityAsSent::Numbered {
            namespace: "emergency".to_owned(),
            number: number.to_owned(),
        })
    };
    let wu = numbered("镇街=洛阳镇;姓名=吴某;发生时间=2026-11-09");
    assert_eq!(subject(&[]), wu);
    assert_eq!(subject(&[("证件号码", "3.2E+17")]), wu);
    assert_eq!(
        subject(&[("姓名", "")]),
        numbered("记录编号=YJ20261110007-1")
    );
    let number = id("999903 19820914 013");
    let known = subject(&[("证件号码", &number)]);
    let resident = |id: &domain::resident_id::ResidentId| id.as_str() == number;
    assert!(
        matches!(&known, SubjectAsSent::Person(IdentityAsSent::Resident(id)) if resident(id)),
        "{known:?}"
    );
    let answers = [
        (
            "证件号码",
            "999903198209140134",
            "warned id.checksum@证件号码",
        ),
        ("事件类别", "", "held field.missing@事件类别"),
        ("事件类别", "盗窃", "held code.unknown@事件类别"),
        ("记录编号", "", "held field.missing@记录编号"),
        ("伤亡情况", "不详情形", "warned code.unknown@伤亡情况"),
        ("镇街", "某某镇", "warned township.unknown@镇街"),
    ];
    for (column, cell, expected) in answers {
        let told = told(&[(column, cell)]);
        assert!(told.starts_with(expected), "{column}={cell}: {told}");
    }
    // Somebody else's number is nobody's incident.
    let other = told(&[("证件号码", &number), ("性别", "女")]);
    assert!(other.starts_with("held identity.mismatch"), "{other}");
}

#[test]
fn several_people_may_stand_under_one_number() {
    let wife = with(&wu_fire(), &[("姓名", "李某"), ("伤亡情况", "轻伤")]);
    let rows = Desk::new("incidents").rows(&csv(INCIDENTS, &[wu_fire(), wife]));
    let told: Vec<String> = rows.iter().map(answer).collect();
    assert_eq!(told, ["accepted", "accepted"]);
}
