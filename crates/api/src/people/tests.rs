//! What of a person is told to whom.

use domain::authority::Officer;
use domain::dictionary::Sensitivity;
use domain::ids::{ImportId, OfficerId};
use domain::record::{DatasetId, NaturalKey, Origin, Revision, SourceId};
use domain::time::Period;
use domain::value::Value;
use uuid::Uuid;

use super::*;

pub(crate) fn officer(role: Role) -> Officer {
    Officer {
        id: OfficerId::from_uuid(Uuid::nil()),
        name: "某人".to_owned(),
        role,
        regions: vec!["320412100002".parse().unwrap()],
        sources: vec![],
    }
}

/// Somebody who was held this many times.
pub(crate) fn in_custody(times: u32) -> Facts {
    let kind = domain::code::RESTRICTION.stored("prison").expect("a code");
    let item = |line: u32| Item {
        body: Body::new(Kind::RestrictedLiberty).with("kind", Value::Code(kind)),
        valid: Period::ALWAYS,
        source: SourceId::new("justice"),
        dataset: DatasetId::new("restricted_liberty"),
        key: NaturalKey([u8::try_from(line).unwrap(); 16]),
        revision: Revision {
            business_date: "2026-11-10".parse().unwrap(),
            sequence: 1,
        },
        origin: Origin {
            import: ImportId::from_uuid(Uuid::from_u128(9)),
            line,
        },
        disagreed: false,
    };
    let list = FactList {
        items: (0..times).map(item).collect(),
        completeness: Completeness::Closed,
    };
    Facts::from([(Kind::RestrictedLiberty, list)])
}

#[test]
fn who_is_not_told_of_custody_is_told_that_somebody_knows_more() {
    for role in Role::ALL {
        let operation = Operation::ALL
            .into_iter()
            .find(|operation| officer(role).authorize(*operation, "test").is_ok());
        let grant = officer(role).authorize(operation.unwrap(), "test").unwrap();
        let told = facts(&grant, &in_custody(2), &[]);
        assert_eq!(told.len(), 1, "{role:?}");
        let json = serde_json::to_string(&told).unwrap();
        if role.level() == Sensitivity::L4 {
            assert!(json.contains("restricted_liberty") && json.contains("prison"));
            continue;
        }
        assert_eq!(
            json,
            "[{\"kind\":\"restricted\",\"zh\":\"另有限制情形，由专人掌握\",\
             \"completeness\":\"closed\",\"covered_as_of\":null,\
             \"unknown_because\":null,\"items\":[]}]",
            "{role:?}"
        );
        assert!(facts(&grant, &in_custody(0), &[]).is_empty(), "{role:?}");
    }
}
