//! 公示 and 公布: what of a family may be put on a notice board.
//!
//! The types cannot hold an identity number, a telephone, an account, a street
//! address, a disability or a child: there is no field for them, and a name or
//! an amount that could carry one does not parse. What may be published at all
//! is a table of documents, not code; a scheme that is not in it is not
//! published.

use crate::code;
use crate::money::Money;
use crate::region::DivisionCode;

/// 公示 before a decision, 公布 after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// 公示.
    Notice,
    /// 公布.
    Announcement,
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// 纳入.
    Entry,
    /// 终止.
    Termination,
}

/// What stands beside a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// The monthly amount, where it is told; else the scheme.
    Amount,
    /// The scheme.
    Scheme,
}

/// One line of the table: what may be published, for how long, by whose word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Code of `SCHEME`.
    pub scheme: &'static str,
    /// What is decided.
    pub event: Event,
    /// Before or after.
    pub kind: Kind,
    /// Calendar days of a 公示.
    pub days: Option<u16>,
    /// Nobody younger is named.
    pub age_from: i64,
    /// What stands beside a name.
    pub shows: Shows,
    /// Document.
    pub document: String,
    /// Article; empty where it is not verified.
    pub article: String,
}

impl Rule {
    /// `entry` or `termination`.
    pub const fn event_name(&self) -> &'static str {
        match self.event {
            Event::Entry => "entry",
            Event::Termination => "termination",
        }
    }

    /// `notice` or `announcement`.
    pub const fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Notice => "notice",
            Kind::Announcement => "announcement",
        }
    }

    /// Its title on the board.
    pub fn title(&self) -> String {
        let event = match self.event {
            Event::Entry => "拟纳入",
            Event::Termination => "拟终止",
        };
        let scheme = code::SCHEME.zh(self.scheme);
        match self.kind {
            Kind::Notice => format!("{event}{scheme}公示"),
            Kind::Announcement => format!("{scheme}对象公布"),
        }
    }
}

/// What may be published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publicity {
    rules: Vec<Rule>,
}

/// Why the table was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: not `scheme,event,kind,days,age_from,shows,document,article`")]
pub struct PublicityError {
    /// 1-based line.
    pub line: usize,
}

impl Publicity {
    /// Reads the table with its header line.
    pub fn parse(text: &str) -> Result<Publicity, PublicityError> {
        let lines = text.lines().enumerate().skip(1);
        let rules = lines
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(index, line)| rule(line).ok_or(PublicityError { line: index + 1 }));
        Ok(Publicity {
            rules: rules.collect::<Result<_, _>>()?,
        })
    }

    /// All of them.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The line for what is to be published; `None`: it is not published.
    pub fn rule(&self, scheme: &str, event: &str, kind: &str) -> Option<&Rule> {
        let asked = (scheme, event, kind);
        let named = |rule: &&Rule| (rule.scheme, rule.event_name(), rule.kind_name()) == asked;
        self.rules.iter().find(named)
    }
}

fn rule(line: &str) -> Option<Rule> {
    let cells: Vec<&str> = line.trim().split(',').collect();
    let [
        scheme,
        event,
        kind,
        days,
        age_from,
        shows,
        document,
        article,
    ] = cells.as_slice()
    else {
        return None;
    };
    let kind = match *kind {
        "notice" => Kind::Notice,
        "announcement" => Kind::Announcement,
        _ => return None,
    };
    let days = match (kind, *days) {
        (Kind::Announcement, "") => None,
        (Kind::Notice, days) => Some(days.parse().ok()?),
        (Kind::Announcement, _) => return None,
    };
    Some(Rule {
        scheme: code::SCHEME.stored(scheme)?,
        event: match *event {
            "entry" => Event::Entry,
            "termination" => Event::Termination,
            _ => return None,
        },
        kind,
        days,
        age_from: age_from.parse().ok()?,
        shows: match *shows {
            "amount" => Shows::Amount,
            "scheme" => Shows::Scheme,
            _ => return None,
        },
        document: (*document).to_owned(),
        article: (*article).to_owned(),
    })
}

/// A name as a board shows it: letters and middle dots, nothing that counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicName(String);

/// Longest name, in characters.
const NAME_MAX: usize = 30;

impl PublicName {
    /// `None` for what is no name: digits of any script, punctuation, a line
    /// of Chinese numerals.
    pub fn parse(text: &str) -> Option<PublicName> {
        let is_numeral = |c: char| "〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖幺两".contains(c);
        let fits = |c: char| (c.is_alphabetic() && !c.is_numeric()) || c == '\u{b7}';
        let (mut run, mut longest, mut count) = (0, 0, 0);
        for c in text.chars() {
            if !fits(c) && !is_numeral(c) {
                return None;
            }
            run = if is_numeral(c) { run + 1 } else { 0 };
            longest = longest.max(run);
            count += 1;
        }
        (count > 0 && count <= NAME_MAX && longest <= 3).then(|| PublicName(text.to_owned()))
    }

    /// As shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A monthly amount small enough to be one: no number of a person fits in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicAmount(Money);

/// Below a hundred thousand yuan.
const AMOUNT_FEN: i64 = 10_000_000;

impl PublicAmount {
    /// `None` for what no family is paid in a month.
    pub fn of_fen(fen: i64) -> Option<PublicAmount> {
        (0..AMOUNT_FEN)
            .contains(&fen)
            .then(|| PublicAmount(Money::from_fen(fen)))
    }
}

/// One family on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    head: PublicName,
    covered: u8,
    amount: Option<PublicAmount>,
    village: Option<DivisionCode>,
}

/// A family as it is asked to be published.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// Name of the head.
    pub head: &'a str,
    /// Age of the head in whole years; `None` when it is not known.
    pub age: Option<i64>,
    /// 保障人数.
    pub covered: usize,
    /// Fen a month, if told.
    pub amount_fen: Option<i64>,
    /// Where: of a longer code the village.
    pub place: Option<DivisionCode>,
}

/// Why a family is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// The head is a minor.
    Minor,
    /// Whether the head is a minor is not known.
    AgeUnknown,
    /// What stands as a name is none.
    Name,
    /// Nobody, or more than a family, is covered.
    Covered,
    /// What stands as an amount is none.
    Amount,
    /// The family is not in the scheme on record.
    NotInScheme,
}

impl LeftOut {
    /// What the officer is told.
    pub const fn zh(self) -> &'static str {
        match self {
            LeftOut::Minor => "户主（领款人）未成年，不公示",
            LeftOut::AgeUnknown => "户主年龄未登记，先补登",
            LeftOut::Name => "姓名栏不是姓名，先更正",
            LeftOut::Covered => "保障人数未登记或不合理",
            LeftOut::Amount => "金额不合理",
            LeftOut::NotInScheme => "没有该类别的认定记录",
        }
    }

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            LeftOut::Minor => "minor",
            LeftOut::AgeUnknown => "age_unknown",
            LeftOut::Name => "name",
            LeftOut::Covered => "covered",
            LeftOut::Amount => "amount",
            LeftOut::NotInScheme => "not_in_scheme",
        }
    }
}

/// More people than a family has.
const COVERED_MAX: u8 = 20;

impl Line {
    /// What of a family may stand on the board, or why it may not.
    pub fn of(candidate: &Candidate<'_>, rule: &Rule) -> Result<Line, LeftOut> {
        match candidate.age {
            None => return Err(LeftOut::AgeUnknown),
            Some(age) if age < rule.age_from => return Err(LeftOut::Minor),
            Some(_) => {}
        }
        let covered = u8::try_from(candidate.covered).ok();
        let amount = candidate.amount_fen.map(PublicAmount::of_fen);
        Ok(Line {
            head: PublicName::parse(candidate.head).ok_or(LeftOut::Name)?,
            covered: covered
                .filter(|covered| (1..=COVERED_MAX).contains(covered))
                .ok_or(LeftOut::Covered)?,
            amount: match amount {
                Some(None) => return Err(LeftOut::Amount),
                Some(amount) => amount,
                None => None,
            },
            village: candidate.place,
        })
    }

    /// Its cells. Every number carries its unit, so that no two that stand
    /// beside each other read as one.
    pub fn cells(&self, rule: &Rule, place: &dyn Fn(DivisionCode) -> String) -> [String; 4] {
        let scheme = code::SCHEME.zh(rule.scheme).to_owned();
        let shown = match (rule.shows, self.amount) {
            (Shows::Amount, Some(PublicAmount(money))) => format!("{}元", money.yuan_grouped()),
            _ => scheme,
        };
        [
            self.head.as_str().to_owned(),
            format!("{}人", self.covered),
            shown,
            self.village.map_or_else(|| "村未登记".to_owned(), place),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Rule {
        let table = "head\nsubsistence,entry,notice,7,18,amount,甲,第一条\n";
        Publicity::parse(table).unwrap().rules[0].clone()
    }

    fn candidate(head: &str) -> Candidate<'_> {
        Candidate {
            head,
            age: Some(52),
            covered: 3,
            amount_fen: Some(123_456),
            place: None,
        }
    }

    #[test]
    fn what_is_no_name_has_no_line() {
        for name in ["王某", "买买提·艾力", "万三", "丁一", "Wang"] {
            assert!(Line::of(&candidate(name), &rule()).is_ok(), "{name}");
        }
        for name in [
            "",
            "13812345678",
            "王某138",
            "王１３８",
            "一三八一二三四五六七八",
            "王某 江苏省",
            "王某（重残）",
            "①②③",
            "王٣٤",
        ] {
            assert_eq!(
                Line::of(&candidate(name), &rule()),
                Err(LeftOut::Name),
                "{name}"
            );
        }
    }

    #[test]
    fn nobody_under_age_and_no_number_of_a_person_has_a_line() {
        let of_age = |age| {
            let asked = Candidate {
                age,
                ..candidate("王某")
            };
            Line::of(&asked, &rule())
        };
        assert!(of_age(Some(18)).is_ok());
        assert_eq!(of_age(Some(17)), Err(LeftOut::Minor));
        assert_eq!(of_age(None), Err(LeftOut::AgeUnknown));
        for fen in [-1, AMOUNT_FEN, 13_812_345_678] {
            let asked = Candidate {
                amount_fen: Some(fen),
                ..candidate("王某")
            };
            assert_eq!(Line::of(&asked, &rule()), Err(LeftOut::Amount), "{fen}");
        }
        for covered in [0, 21, 138] {
            let asked = Candidate {
                covered,
                ..candidate("王某")
            };
            assert_eq!(
                Line::of(&asked, &rule()),
                Err(LeftOut::Covered),
                "{covered}"
            );
        }
    }

    #[test]
    fn only_what_the_table_names_is_published() {
        let table = "scheme,event,kind,days,age_from,shows,document,article
subsistence,entry,notice,7,18,amount,甲,第一条
extreme_difficulty,termination,notice,7,18,scheme,乙,
";
        let publicity = Publicity::parse(table).unwrap();
        let rule = publicity.rule("subsistence", "entry", "notice").unwrap();
        assert_eq!(
            (rule.days, rule.title().as_str()),
            (Some(7), "拟纳入低保公示")
        );
        assert_eq!(publicity.rule("subsistence", "entry", "announcement"), None);
        assert_eq!(publicity.rule("marginal", "entry", "notice"), None);
        for wrong in [
            "a,b",
            "orphan,entry,notice,7,18,amount,甲,",
            "subsistence,entry,notice,,18,amount,甲,",
        ] {
            let refused = Publicity::parse(&format!("head\n{wrong}\n"));
            assert_eq!(refused, Err(PublicityError { line: 2 }), "{wrong}");
        }
    }
}
