//! Cases: households and what a policy must say of them, kept beside the
//! policy and run by the engine that judges real ones. A case brings its own
//! sample parameters, so that a local standard never turns one.

use std::collections::BTreeSet;

use domain::evaluation::{Decision, Signal, Verdict};
use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::Date;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value as Json};
use serde_saphyr::Spanned;

use crate::appraise::appraise;
use crate::case_household::{Described, DescribedHousehold, describe, patched};
use crate::explain::{explain, values};
use crate::judge::evaluate;
use crate::policy::PolicySet;
use crate::problem::Problem;
use crate::sentence::render;
use crate::yaml::{Document, narrow, read};

/// The sets that cases are judged under.
pub struct CaseSets<'s> {
    /// With the labelled sample parameters.
    pub sampled: &'s PolicySet,
    /// Without them, for cases that say `sample: false`.
    pub unsampled: &'s PolicySet,
    /// Names of places in sentences.
    pub place: &'s dyn Fn(DivisionCode) -> String,
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseOutcome {
    /// The policy judged.
    pub policy: String,
    /// The file it stands in.
    pub document: String,
    /// 1-based line on which it begins.
    pub line: u32,
    /// Its name.
    pub name: String,
    /// What must come of it.
    pub expected: Json,
    /// What came of it, as far as the case speaks of it; a text when the case
    /// itself is wrong.
    pub told: Json,
    /// They agree, and bulk evaluation agrees with the explanation.
    pub ok: bool,
}

impl CaseOutcome {
    /// What came out otherwise: the key under `expect`, what it expects and
    /// what came. One entry under an empty key when the case itself is wrong.
    pub fn differences(&self) -> Vec<(String, Json, Json)> {
        let (Json::Object(expected), Json::Object(told)) = (&self.expected, &self.told) else {
            return vec![(String::new(), self.expected.clone(), self.told.clone())];
        };
        let mut found = Vec::new();
        for (key, wanted) in expected {
            let came = told.get(key).cloned().unwrap_or(Json::Null);
            match (wanted, &came) {
                (Json::Object(wanted), Json::Object(came)) => {
                    let came = |name: &str| came.get(name).cloned().unwrap_or(Json::Null);
                    let parts = wanted.iter().map(|(name, w)| (name, w, came(name)));
                    let wrong = parts.filter(|(_, w, c)| *w != c);
                    found.extend(wrong.map(|(name, w, c)| (format!("{key}.{name}"), w.clone(), c)));
                }
                _ if *wanted != came => found.push((key.clone(), wanted.clone(), came)),
                _ => {}
            }
        }
        found
    }
}

/// Where the cases of a file begin.
#[derive(Deserialize)]
struct Lines {
    cases: Vec<Spanned<IgnoredAny>>,
}

/// A file of cases, read once to be run under many sets.
#[derive(Debug)]
pub struct CaseFile {
    document: String,
    policy: String,
    file: Json,
    /// The cases and the line on which each begins.
    cases: Vec<(Json, u32)>,
}

impl CaseFile {
    /// Reads a document.
    ///
    /// Errors: the document is not a file of cases.
    pub fn read(document: &Document) -> Result<CaseFile, Problem> {
        let file: Json = read(document)?;
        let wrong = |what: &str| Problem {
            document: document.name.clone(),
            line: 0,
            column: 0,
            code: "case.file",
            zh: format!("案例文件缺少 `{what}`"),
            en: format!("the file of cases has no `{what}`"),
            nearest: None,
        };
        let policy = file["policy"].as_str().ok_or_else(|| wrong("policy"))?;
        let cases = file["cases"].as_array().ok_or_else(|| wrong("cases"))?;
        let lines: Lines = read(document)?;
        let lines = lines.cases.iter().map(|l| narrow(l.referenced.line()));
        Ok(CaseFile {
            document: document.name.clone(),
            policy: policy.to_owned(),
            cases: cases.iter().cloned().zip(lines).collect(),
            file,
        })
    }

    /// Runs every case, in the order of the file.
    pub fn run(&self, sets: &CaseSets<'_>) -> Vec<CaseOutcome> {
        let run = |(case, line): &(Json, u32)| {
            let expected = case["expect"].clone();
            let told = told(&self.file, case, &self.policy, sets);
            let ok = told.as_ref().is_ok_and(|told| *told == expected);
            CaseOutcome {
                policy: self.policy.clone(),
                document: self.document.clone(),
                line: *line,
                name: case["name"].as_str().unwrap_or_default().to_owned(),
                expected,
                told: told.unwrap_or_else(Json::String),
                ok,
            }
        };
        self.cases.iter().map(run).collect()
    }
}

/// Runs every case of a document.
///
/// Errors: the document is not a file of cases.
pub fn run_cases(document: &Document, sets: &CaseSets<'_>) -> Result<Vec<CaseOutcome>, Problem> {
    Ok(CaseFile::read(document)?.run(sets))
}

fn told(file: &Json, case: &Json, policy: &str, sets: &CaseSets<'_>) -> Described<Json> {
    let on = case["on"].as_str().or(file["on"].as_str());
    let on: Date = on
        .and_then(|day| day.parse().ok())
        .ok_or("`on` is not a date")?;
    let change = case.get("change").cloned();
    let change = change.unwrap_or_else(|| Json::Object(Map::new()));
    let built = describe(&patched(&file["base"], &change), on)?;
    let subject = match case["subject"].as_str().or(file["subject"].as_str()) {
        Some(name) => Subject::Person(built.person(name)?),
        None => built.household.unit,
    };
    let set = if case["sample"] == false {
        sets.unsampled
    } else {
        sets.sampled
    };
    let decision = explain(set, &built.household, policy, subject);
    let decision = decision.ok_or("the policy says nothing of the subject")?;
    let bulk = evaluate(set, &built.household);
    let mut bulk = bulk.iter();
    let same = bulk.find(|e| e.policy == policy && e.subject == subject);
    if same != Some(&decision.evaluation) {
        return Err("bulk evaluation and explanation differ".to_owned());
    }
    let mut told = say(&decision, &case["expect"], &built, sets)?;
    if !case["expect"]["amount"].is_null() {
        let appraisal = appraise(set, &built.household, policy, subject);
        let monthly = appraisal.map(|a| a.monthly.zh());
        let declared = monthly.flatten().ok_or("the policy declares no amount")?;
        told.insert("amount".to_owned(), declared.into());
    }
    // Only the names that the case speaks of: it need not know the others.
    if let Some(expected) = case["expect"]["values"].as_object() {
        let all = values(set, &built.household, policy, subject);
        let value = |name: &String| {
            let value = all.get(name).cloned();
            let value = value.ok_or_else(|| format!("the policy binds no `{name}`"))?;
            Ok((name.clone(), Json::String(value)))
        };
        let named: Described<Map<String, Json>> = expected.keys().map(value).collect();
        told.insert("values".to_owned(), Json::Object(named?));
    }
    Ok(Json::Object(told))
}

/// What a decision says, in the words of a case file.
fn say(
    decision: &Decision,
    expected: &Json,
    built: &DescribedHousehold,
    sets: &CaseSets<'_>,
) -> Described<Map<String, Json>> {
    let evaluation = &decision.evaluation;
    let mut told = Map::new();
    let mut say = |key: &str, value: Json| {
        if !expected[key].is_null() {
            told.insert(key.to_owned(), value);
        }
    };
    say("verdict", evaluation.verdict.name().into());
    let (name, plan) = match &evaluation.signal {
        Signal::Holds { plan, .. } => ("holds", Some(plan)),
        Signal::Gone => ("gone", None),
        Signal::Unknown => ("unknown", None),
    };
    say("signal", name.into());
    let place = plan.and_then(|p| p.incident_place);
    say("incident_place", place.map(|p| p.to_string()).into());
    say("finding", plan.map(|p| p.finding.name()).into());
    say("level", plan.map(|p| p.level.name()).into());
    let failing = decision.criteria.iter().filter(|c| c.holds == Some(false));
    say("fails", failing.map(|c| c.id.clone()).collect());
    let open = decision.criteria.iter().filter(|c| c.holds.is_none());
    say("open", open.map(|c| c.id.clone()).collect());
    let facts: BTreeSet<&str> = decision.missing.iter().map(|m| m.fact.as_str()).collect();
    say("missing", facts.into_iter().collect());
    if let Verdict::Undetermined(missing) = &evaluation.verdict
        && *missing != decision.missing
    {
        return Err("the verdict and the decision miss different facts".to_owned());
    }
    let name = |id| {
        let mut people = built.people.iter();
        let found = people.find(|(_, known)| **known == id);
        found.map(|(name, _)| name.clone()).unwrap_or_default()
    };
    say(
        "zh",
        render(&decision.sentence_zh, &name, sets.place).into(),
    );
    say(
        "en",
        render(&decision.sentence_en, &name, sets.place).into(),
    );
    if !expected["deadlines"].is_null() {
        let deadlines = plan.map(|p| serde_json::to_value(&p.deadlines));
        let deadlines = deadlines.transpose().map_err(|error| error.to_string())?;
        told.insert("deadlines".to_owned(), deadlines.into());
    }
    // Only what the case speaks of; what a plan leaves out is `null`.
    if let Some(expected) = expected["plan"].as_object() {
        let all = plan.map(serde_json::to_value).transpose();
        let all = all.map_err(|error| error.to_string())?;
        let all = all.ok_or("nothing holds, so that there is no plan")?;
        let named = expected.keys().map(|key| (key.clone(), all[key].clone()));
        told.insert("plan".to_owned(), Json::Object(named.collect()));
    }
    Ok(told)
}
