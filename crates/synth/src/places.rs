//! Where invented families live: the towns and villages of Wujin whose bureau
//! is Wujin's.

use domain::region::{DivisionCode, Divisions, Level};
use domain::time::Date;

/// The county invented.
pub(crate) const COUNTY: &str = "320412";

/// The towns people of Wujin would expect; others carry its code but are run
/// by another bureau.
const TOWNS: [&str; 10] = [
    "湖塘镇",
    "牛塘镇",
    "洛阳镇",
    "雪堰镇",
    "前黄镇",
    "礼嘉镇",
    "嘉泽镇",
    "湟里镇",
    "西湖街道",
    "南夏墅街道",
];

/// A village or community, with the names departments write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Township as written.
    pub(crate) town: String,
    /// Village as written, without 村委会 or 居委会.
    pub(crate) village: String,
    /// Code as written; empty when the sender leaves it out.
    pub(crate) code: String,
}

/// All places families may live in, in code order.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    all: Vec<Place>,
}

impl Places {
    /// The places of a division table on a date. Villages whose short name is
    /// ambiguous inside their town are left out: a file could not name them.
    pub(crate) fn new(divisions: &Divisions, on: Date) -> Places {
        let county = county();
        let mut all = Vec::new();
        for town in TOWNS {
            let Some(code) = divisions.find(county, Level::Township, town, on) else {
                continue;
            };
            for division in divisions.inside(code, Level::Village, on) {
                let village = short(&division.name);
                if divisions.find(code, Level::Village, village, on) == Some(division.code) {
                    all.push(Place {
                        town: town.to_owned(),
                        village: village.to_owned(),
                        code: division.code.to_string(),
                    });
                }
            }
        }
        Places { all }
    }

    /// Whether the table had any of the towns.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Place] {
        &self.all
    }

    /// A place by its names. Panics when the table lacks it: hand-made
    /// situations name places of the committed table.
    pub(crate) fn named(&self, town: &str, village: &str) -> Place {
        let found = self
            .all
            .iter()
            .find(|p| p.town == town && p.village == village);
        found
            .expect("situations name places of the committed table")
            .clone()
    }
}

/// The county as a code.
pub(crate) fn county() -> DivisionCode {
    DivisionCode::parse(COUNTY).expect("six digits")
}

fn short(name: &str) -> &str {
    ["村民委员会", "居民委员会", "村委会", "居委会"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name)
}
