//! Why a value is unknown. A gap is made each time something is asked that nobody
//! told, and mostly dropped again; it is put into words only where it is shown.

use std::collections::BTreeSet;
use std::rc::Rc;

use domain::dictionary::{FieldId, Kind};
use domain::evaluation::Missing;
use domain::household::WhyUnknown;
use domain::ids::Subject;

use crate::policy::PolicySet;

/// The facts that would decide, in order and each once; never none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap(Rc<[Lack]>);

/// One fact that would decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lack {
    subject: Subject,
    sought: Sought,
    why: WhyUnknown,
}

/// What would have to be known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sought {
    /// Facts of a kind.
    Kind(Kind),
    /// One field of them.
    Field(FieldId),
    /// Facts of a kind from more sources than told of them.
    MoreSources(Kind),
    /// Who lives together.
    Members,
    /// Whether who lives together was declared or surveyed.
    Composition,
    /// The township of the household's registration.
    Hukou,
    /// The township it lives in.
    Residence,
    /// The list of payments of an item.
    Payments(&'static str),
    /// A parameter's value for the place and the date.
    Param(Rc<str>),
    /// What another policy says.
    Verdict(Rc<str>),
    /// An amount that cannot be computed.
    Arithmetic,
    /// One of a list in which there is none.
    Element,
    /// What takes more steps than a policy has for one subject.
    Effort,
}

impl Sought {
    /// The first word of its dictionary path: what `may_remain_open` names.
    pub(crate) fn group(&self) -> &'static str {
        match self {
            Sought::Kind(kind) | Sought::MoreSources(kind) => kind.def().name,
            Sought::Field(field) => field.kind.def().name,
            Sought::Members => Kind::Membership.def().name,
            Sought::Composition => Kind::Composition.def().name,
            Sought::Hukou => "hukou",
            Sought::Residence => "residence",
            Sought::Payments(_) => Kind::Grant.def().name,
            Sought::Param(_) => "param",
            Sought::Verdict(_) => "verdict",
            Sought::Arithmetic => Missing::ARITHMETIC,
            Sought::Element => "element",
            Sought::Effort => Missing::EFFORT,
        }
    }

    /// Dictionary path such as `means_check.result`.
    fn path(&self) -> String {
        let group = self.group();
        match self {
            Sought::Field(field) => format!("{group}.{}", field.def().name),
            Sought::Composition => format!("{group}.basis"),
            Sought::Hukou | Sought::Residence => format!("{group}.place"),
            Sought::Payments(item) => format!("{group}.{item}"),
            Sought::Param(name) | Sought::Verdict(name) => format!("{group}.{name}"),
            _ => group.to_owned(),
        }
    }

    fn title(&self, set: &PolicySet) -> String {
        match self {
            Sought::Kind(kind) => kind.def().zh.to_owned(),
            Sought::Field(field) => title(*field),
            Sought::MoreSources(kind) => format!("{}（来源不足，待核实）", kind.def().zh),
            Sought::Members | Sought::Composition => "共同生活家庭成员".to_owned(),
            Sought::Hukou => "户籍地".to_owned(),
            Sought::Residence => "居住地".to_owned(),
            Sought::Payments(item) => {
                let item = domain::code::GRANT_ITEM.zh(item);
                format!("{}·{item}", Kind::Grant.def().zh)
            }
            Sought::Param(key) => set.parameters().title(key).to_owned(),
            Sought::Verdict(name) => {
                let policy = set.policy(name);
                let title = policy.map_or(&**name, |p| p.title.zh.as_str());
                format!("{title}（认定结果）")
            }
            Sought::Arithmetic => "算式无法计算（除以零或超出范围）".to_owned(),
            Sought::Element => "名册里没有可取的一项".to_owned(),
            Sought::Effort => "算式步数超过上限，未算完".to_owned(),
        }
    }

    /// When a whole kind is missing and one field of it is asked for, that
    /// field is what is missing.
    fn narrowed(self, field: FieldId) -> Sought {
        match self {
            Sought::Kind(kind) | Sought::MoreSources(kind) if kind == field.kind => {
                Sought::Field(field)
            }
            Sought::Members if field.kind == Kind::Membership => Sought::Field(field),
            other => other,
        }
    }
}

/// `财产核对·核对结果`; kinds that are one field are called by it once.
fn title(field: FieldId) -> String {
    let (kind, field) = (field.kind.def().zh, field.def().zh);
    if kind == field {
        kind.to_owned()
    } else {
        format!("{kind}·{field}")
    }
}

impl Lack {
    fn told(&self, set: &PolicySet) -> Missing {
        let title = self.sought.title(set);
        Missing {
            subject: self.subject,
            fact: self.sought.path(),
            zh: match self.why {
                // What the reader can do nothing about without knowing it.
                WhyUnknown::Unread => format!("{title}（名册有未能读入的行，待更正）"),
                _ => title,
            },
            why: self.why,
        }
    }
}

impl Gap {
    pub(crate) fn missing(subject: Subject, sought: Sought, why: WhyUnknown) -> Gap {
        Gap(Rc::new([Lack {
            subject,
            sought,
            why,
        }]))
    }

    /// Both sets of facts are missing.
    #[must_use]
    pub(crate) fn and(self, other: &Gap) -> Gap {
        if Rc::ptr_eq(&self.0, &other.0) || self.0 == other.0 {
            return self;
        }
        let all: BTreeSet<&Lack> = self.0.iter().chain(other.0.iter()).collect();
        Gap(all.into_iter().cloned().collect())
    }

    /// Adds to a gap that may not be there yet.
    pub(crate) fn add(into: &mut Option<Gap>, other: &Gap) {
        *into = Some(match into.take() {
            Some(gap) => gap.and(other),
            None => other.clone(),
        });
    }

    /// Adds what there may be.
    pub(crate) fn add_any(into: &mut Option<Gap>, other: Option<&Gap>) {
        if let Some(other) = other {
            Gap::add(into, other);
        }
    }

    /// What is missing when one field of what was sought is asked for.
    pub(crate) fn narrowed(&self, field: FieldId) -> Gap {
        let narrow = |lack: &Lack| Lack {
            sought: lack.sought.clone().narrowed(field),
            ..lack.clone()
        };
        let all: BTreeSet<Lack> = self.0.iter().map(narrow).collect();
        Gap(all.into_iter().collect())
    }

    /// Whether an expression has no value whatever is told, beside any facts that
    /// may be missing.
    pub(crate) fn has_no_value(&self) -> bool {
        let failed = |lack: &Lack| {
            matches!(
                lack.sought,
                Sought::Arithmetic | Sought::Element | Sought::Effort
            )
        };
        self.0.iter().any(failed)
    }

    /// Whether all that is missing is of one of these groups.
    pub(crate) fn within(&self, groups: &BTreeSet<String>) -> bool {
        self.0
            .iter()
            .all(|lack| groups.contains(lack.sought.group()))
    }

    /// In words, in the order in which they are shown.
    pub(crate) fn told(&self, set: &PolicySet) -> BTreeSet<Missing> {
        self.0.iter().map(|lack| lack.told(set)).collect()
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::PersonId;

    use super::*;

    fn gap(sought: Sought, why: WhyUnknown) -> Gap {
        let somebody = Subject::Person(PersonId::from_uuid(uuid::Uuid::nil()));
        Gap::missing(somebody, sought, why)
    }

    fn told(gap: &Gap) -> Vec<(String, String)> {
        let nothing = PolicySet::load(&[], &[]).expect("nothing is wrong with nothing");
        let all = gap.told(&nothing);
        all.into_iter().map(|one| (one.fact, one.zh)).collect()
    }

    #[test]
    fn a_field_of_what_is_missing_is_what_is_missing() {
        let field = |kind: Kind, name: &str| kind.field(name).expect("a field");
        let counted = field(Kind::Membership, "counted");
        let result = field(Kind::MeansCheck, "result");
        let narrowed = |sought, field| told(&gap(sought, WhyUnknown::Unread).narrowed(field));
        let unread = "（名册有未能读入的行，待更正）";
        let one = |fact: &str, zh: &str| vec![(fact.to_owned(), format!("{zh}{unread}"))];
        let whole = narrowed(Sought::Kind(Kind::MeansCheck), result);
        assert_eq!(whole, one("means_check.result", "财产核对·核对结果"));
        let whole = narrowed(Sought::MoreSources(Kind::MeansCheck), result);
        assert_eq!(whole, one("means_check.result", "财产核对·核对结果"));
        let members = narrowed(Sought::Members, counted);
        assert_eq!(members[0].0, "membership.counted");
        let other = narrowed(Sought::Kind(Kind::MeansCheck), counted);
        assert_eq!(other, one("means_check", "财产核对"));
        let other = narrowed(Sought::Members, result);
        assert_eq!(other, one("membership", "共同生活家庭成员"));
    }

    #[test]
    fn gaps_together_name_each_fact_once() {
        let of = |kind| gap(Sought::Kind(kind), WhyUnknown::Stale);
        let both = of(Kind::Grant).and(&of(Kind::Asset));
        assert_eq!(both.clone().and(&of(Kind::Grant)), both);
        assert_eq!(of(Kind::Asset).and(&of(Kind::Grant)), both);
        let facts: Vec<String> = told(&both).into_iter().map(|(fact, _)| fact).collect();
        assert_eq!(facts, ["asset", "grant"]);
    }
}
