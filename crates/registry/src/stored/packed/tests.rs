//! The packed form reads back, says the same in the same bytes, and refuses damage.

use domain::dictionary::DICTIONARY;
use domain::record::{Record, Statement};
use proptest::prelude::*;

use super::*;
use crate::tests::{
    CIVIL, DISABILITY, POLICE, born, certificate, day, h, household, hukou, import, member_of, p,
    person, place, retracts, revision, says, valid,
};

/// A fold with something of everything: statements for some days and for all,
/// withdrawn and unread ones, several lists, two imports, values of most types.
fn full() -> Fold {
    let wage = Body::new(Kind::Income)
        .with("class", Value::Code("wage"))
        .with("amount_year", Value::Money(Money::from_fen(123_456)))
        .with("period_from", Value::Month("2026-01".parse().unwrap()));
    let mut again = says(DISABILITY, p(1), 1, "2026-11-30#2", certificate("2"));
    again.origin.import = import(1);
    let unread = Record {
        statement: Statement::Unread(Kind::Income),
        ..says(CIVIL, p(1), 4, "2026-10-31", Body::new(Kind::Income))
    };
    let records = [
        says(DISABILITY, p(1), 1, "2026-10-31", certificate("2")),
        again,
        valid(says(CIVIL, p(1), 3, "2026-10-31", wage), "2026-01-01", ""),
        unread,
        says(CIVIL, p(1), 5, "2026-10-31", member_of(1, "head")),
        says(CIVIL, p(1), 6, "2026-10-31", hukou("320412001")),
        says(CIVIL, p(1), 7, "2026-10-31", born("1936-02-29")),
        retracts(POLICE, p(1), 2, "2026-11-01#3", Kind::Death),
    ];
    let mut fold = Fold::empty(p(1));
    for record in records {
        assert!(fold.apply(&record));
    }
    fold
}

#[test]
fn every_type_of_value_reads_back() {
    let values = [
        Value::Text("张三".into()),
        Value::Money(Money::from_fen(-5)),
        Value::Date(day("1936-02-29")),
        Value::Month("2026-12".parse().unwrap()),
        Value::Count(i64::MIN),
        Value::Flag(true),
        Value::Division(place("320412001")),
        Value::Person(person(7)),
        Value::Household(household(7)),
    ];
    let mut met = 0;
    for (kind, field) in DICTIONARY.iter().flat_map(|def| {
        let fields = def.fields.iter();
        fields.map(|field| (def.kind, field))
    }) {
        let value = match field.ty {
            FieldType::Code(list) => Value::Code(list.entries[0].code),
            ty => {
                let of_type = |v: &&Value| Packable::of(v).value(ty).is_some();
                let value = values.iter().find(of_type);
                value.expect("a value of every type").clone()
            }
        };
        let of = match kind.def().about {
            domain::dictionary::About::Household => h(1),
            domain::dictionary::About::Person => p(1),
        };
        let mut fold = Fold::empty(of);
        let body = Body::new(kind).with(field.name, value);
        fold.apply(&says(CIVIL, of, 1, "2026-10-31", body));
        assert_eq!(super::fold(&bytes(&fold)).unwrap(), fold, "{}", field.name);
        let json = fold.to_json();
        let read = Fold::from_bytes(json.as_bytes());
        assert_eq!(read.unwrap(), fold, "{} as JSON", field.name);
        met += 1;
    }
    assert!(met > values.len());
}

#[test]
fn the_form_is_what_it_was() {
    let mut fold = Fold::empty(p(1));
    fold.apply(&says(DISABILITY, p(1), 1, "2026-10-31", certificate("2")));
    let mut wanted = vec![FORM, 1, 16];
    wanted.extend(person(1).as_uuid().as_bytes());
    wanted.extend([1, 16]);
    wanted.extend(import(0).as_uuid().as_bytes());
    wanted.extend(b"\x01\x0adisability\x13disability_register");
    wanted.extend(b"\x01\x16disability_certificate\x01\x05grade\x01\x00");
    wanted.extend([1; 16]);
    // For always, facts, the first field is the code 2.
    wanted.extend(b"\x01\x00\x00\x02\x01\x00\x01\x012");
    // Said once: ((2026 << 4 | 10) << 5 | 31) * 2 in groups of seven bits.
    wanted.extend(b"\x01\xbe\xd5\x7e\x01\x00\x01");
    assert_eq!(bytes(&fold), wanted);
}

#[test]
fn variants_are_where_they_were() {
    let packed = |value: &Packable<'_>| postcard::to_allocvec(value).unwrap();
    let (id, day) = (person(1), Day::of(day("2026-10-31")));
    let uuid = [&[16], &id.as_uuid().as_bytes()[..]].concat();
    let values = [
        (Packable::Text("a"), vec![1, b'a']),
        (Packable::Code("b"), vec![1, b'b']),
        (Packable::Money(-2), vec![3]),
        (Packable::Date(day), vec![0xbe, 0xd5, 0x7e]),
        (Packable::Month(day), vec![0xbe, 0xd5, 0x7e]),
        (Packable::Count(64), vec![0x80, 1]),
        (Packable::Flag(true), vec![1]),
        (Packable::Division("32"), b"\x0232".to_vec()),
        (Packable::Person(id), uuid.clone()),
        (
            Packable::Household(household(1)),
            [&[16], &household(1).as_uuid().as_bytes()[..]].concat(),
        ),
    ];
    for ((value, bytes), place) in values.iter().zip(0_u8..) {
        assert_eq!(packed(value), [&[place], &bytes[..]].concat());
    }
    let says = [Says::Withdrawn, Says::Unread, Says::Facts(Vec::new())];
    for (says, place) in says.iter().zip(0_u8..) {
        assert_eq!(postcard::to_allocvec(says).unwrap()[0], place);
    }
    let about = [About::Household(household(1)), About::Person(id)];
    for (about, place) in about.iter().zip(0_u8..) {
        assert_eq!(postcard::to_allocvec(about).unwrap()[0], place);
    }
}

#[test]
fn what_earlier_releases_stored_of_everything_is_read() {
    let fold = full();
    assert_eq!(Fold::from_bytes(fold.to_json().as_bytes()).unwrap(), fold);
}

#[test]
fn any_bit_that_is_turned_is_refused_or_says_something_else() {
    let fold = full();
    let bytes = bytes(&fold);
    let (mut refused, mut the_same) = (0, 0);
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        match Fold::from_bytes(&damaged) {
            Err(_) => refused += 1,
            Ok(other) => the_same += usize::from(other == fold),
        }
    }
    assert!(refused > 0);
    // A code that is said to be text is the code all the same: wage, head and grade.
    assert_eq!(the_same, 3);
    for end in 0..bytes.len() {
        assert!(Fold::from_bytes(&bytes[..end]).is_err(), "{end} bytes");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(Fold::from_bytes(&longer), Err(FoldError::Longer)));
}

#[test]
fn another_release_is_told_apart() {
    let mut bytes = bytes(&full());
    bytes[0] = 3;
    assert!(matches!(Fold::from_bytes(&bytes), Err(FoldError::Form(3))));
}

/// What becomes of a fold whose packed form was changed.
fn changed(change: impl FnOnce(&mut Packed<'_>)) -> Result<Fold, FoldError> {
    let bytes = bytes(&full());
    let mut packed: Packed<'_> = postcard::from_bytes(&bytes).unwrap();
    change(&mut packed);
    super::fold(&postcard::to_allocvec(&packed).unwrap())
}

#[test]
fn kinds_of_another_dictionarys_order_are_read() {
    assert_eq!(changed(|fold| fold.kinds.reverse()).unwrap(), full());
}

#[test]
fn names_the_dictionary_lacks_are_said() {
    let kind = changed(|fold| fold.kinds[0].name = "badge");
    assert!(matches!(kind, Err(FoldError::Kind(name)) if name == "badge"));
    let field = changed(|fold| {
        let of_certificate = |of: &&mut OfKind<'_>| of.name == "disability_certificate";
        fold.kinds.iter_mut().find(of_certificate).unwrap().fields[0] = "colour";
    });
    let Err(FoldError::Body { source, .. }) = field else {
        panic!("{field:?}");
    };
    assert_eq!(source, BodyError::Field("colour".to_owned()));
}

#[test]
fn tables_that_are_not_those_of_the_statements_are_refused() {
    let wrong = |change: fn(&mut Packed<'_>)| changed(change).unwrap_err();
    let unnamed = wrong(|fold| fold.imports.push(import(9)));
    assert!(matches!(unnamed, FoldError::Tables));
    let no_import = wrong(|fold| fold.imports.truncate(1));
    assert!(matches!(no_import, FoldError::Tables));
    let unnamed = wrong(|fold| fold.lists.push(("x", "y")));
    assert!(matches!(unnamed, FoldError::Tables));
    let no_list = wrong(|fold| fold.lists.truncate(1));
    assert!(matches!(no_list, FoldError::Tables));
    let backwards = wrong(|fold| fold.imports.reverse());
    assert!(matches!(backwards, FoldError::Tables));
    let backwards = wrong(|fold| {
        fold.lists.reverse();
        let last = fold.lists.len() - 1;
        let keys = fold.kinds.iter_mut().flat_map(|of| &mut of.threads);
        keys.for_each(|key| key.list = last - key.list);
    });
    assert!(matches!(backwards, FoldError::Tables));
    let unused = wrong(|fold| fold.kinds[0].fields.push("colour"));
    assert!(matches!(unused, FoldError::Tables));
    let named_twice = wrong(|fold| {
        let of = fold.kinds.iter_mut().find(|of| of.name == "income");
        let of = of.unwrap();
        of.fields[1] = of.fields[0];
        for said in of.threads.iter_mut().flat_map(|key| &mut key.said) {
            if let Says::Facts(facts) = &mut said.says {
                facts[1].1 = Packable::Code("wage");
            }
        }
    });
    assert!(matches!(named_twice, FoldError::Tables));
}

#[test]
fn keys_and_statements_that_contradict_themselves_are_refused() {
    let wrong = |change: fn(&mut Packed<'_>)| changed(change).unwrap_err();
    let no_keys = wrong(|fold| {
        fold.kinds.push(OfKind {
            name: "hukou",
            fields: Vec::new(),
            threads: Vec::new(),
        });
    });
    assert!(matches!(no_keys, FoldError::Twice));
    let fields_backwards = wrong(|fold| {
        let income = fold.kinds.iter_mut().find(|of| of.name == "income");
        let keys = income.unwrap().threads.iter_mut();
        for said in keys.flat_map(|key| &mut key.said) {
            if let Says::Facts(facts) = &mut said.says {
                facts.reverse();
            }
        }
    });
    assert!(matches!(
        fields_backwards,
        FoldError::Body {
            source: BodyError::Malformed,
            ..
        }
    ));
    let nothing = wrong(|fold| fold.kinds[0].threads[0].said.clear());
    assert!(matches!(nothing, FoldError::Statements(_)));
    let never = wrong(|fold| fold.kinds[0].threads[0].said[0].at.clear());
    assert!(matches!(never, FoldError::Statements(_)));
    let no_day = wrong(|fold| fold.kinds[0].threads[0].said[0].at[0].0 = Day(0));
    assert!(matches!(no_day, FoldError::Statements(_)));
    let twice = wrong(|fold| {
        let row = fold.kinds[0].threads[0].said[0].at[0];
        fold.kinds[0].threads[0].said[0].at.push(row);
    });
    assert!(matches!(twice, FoldError::Statements(_)));
    let withdrawn_for_days = wrong(|fold| {
        let stated = fold.kinds.iter_mut().flat_map(|of| &mut of.threads);
        let mut stated = stated.flat_map(|thread| &mut thread.said);
        let withdrawn = stated.find(|s| matches!(s.says, Says::Withdrawn));
        withdrawn.unwrap().from = Some(Day::of(day("2026-01-01")));
    });
    assert!(matches!(withdrawn_for_days, FoldError::Statements(_)));
}

#[test]
fn a_value_of_another_type_is_no_value_of_the_field() {
    let second = Day::of(day("2026-12-02"));
    assert_eq!(Packable::Month(second).value(FieldType::Month), None);
    let before_the_first = Day::of(day("0000-01-01"));
    assert_eq!(
        Packable::Month(before_the_first).value(FieldType::Month),
        None
    );
    assert_eq!(Packable::Count(1).value(FieldType::Money), None);
    let grade = Kind::DisabilityCertificate.field("grade").unwrap().def().ty;
    assert_eq!(Packable::Text("2").value(grade), Some(Value::Code("2")));
    assert_eq!(Packable::Text("none").value(grade), None);
    assert_eq!(Packable::Text("1").value(FieldType::Date), None);
    assert_eq!(Packable::Division("3").value(FieldType::Division), None);
}

proptest! {
    #[test]
    fn any_day_reads_back(days in -1_000_000i32..1_000_000) {
        let day = domain::time::add_days(revision("2026-10-31").business_date, days);
        for day in [day, Date::MIN, Date::MAX] {
            prop_assert_eq!(Day::of(day).date(), Some(day));
        }
    }

    #[test]
    fn any_bytes_are_refused_or_are_a_fold(mut bytes: Vec<u8>) {
        bytes.insert(0, FORM);
        if let Ok(fold) = Fold::from_bytes(&bytes) {
            prop_assert_eq!(Fold::from_bytes(&fold.to_bytes()).unwrap(), fold);
        }
    }
}
