//! Parameters as tables: which value holds where and when, from which document,
//! entered and reviewed by whom.

use std::collections::BTreeMap;

use domain::authority::Grant;
use domain::ids::OfficerId;
use domain::parameter::{Guarded, ProposalState};
use domain::region::DivisionCode;
use domain::time::Period;
use pipeline::Deps;
use rules::{Parameter, ParameterValue};
use store::parameters::Proposed;

use super::words;
use crate::app::App;
use crate::problem::Answered;
use crate::proposals::{PROPOSALS_MAX, finding_zh};

/// One value of a parameter.
pub(super) struct Row {
    pub(super) key: String,
    pub(super) title: String,
    pub(super) value: String,
    pub(super) valid: String,
    pub(super) source: String,
    pub(super) place: String,
    pub(super) issuer: String,
    pub(super) note: String,
    pub(super) sample: bool,
    pub(super) overdue: bool,
    /// It holds today.
    pub(super) current: bool,
    /// Officer ids, of values approved at run time.
    pub(super) proposed_by: String,
    pub(super) approved_by: String,
}

/// Whether a declaration speaks for the place.
pub(super) fn applies(parameter: &Parameter, region: DivisionCode) -> bool {
    parameter.region == "000000"
        || region
            .as_str()
            .starts_with(parameter.region.trim_end_matches("00"))
}

/// Days in words.
pub(super) fn period(valid: Period) -> String {
    match (valid.from, valid.to) {
        (Some(from), Some(to)) => format!("{from} 起，{to} 前"),
        (Some(from), None) => format!("{from} 起"),
        (None, Some(to)) => format!("{to} 前"),
        (None, None) => "未注明期间".to_owned(),
    }
}

/// A place as parameter files write it.
pub(super) fn place(app: &App, region: &str) -> String {
    match DivisionCode::parse(region) {
        Some(code) if region != "000000" => app.deps.divisions.name(code, app.deps.clock.today()),
        _ => "全国/平台".to_owned(),
    }
}

/// Every value of one declaration.
pub(super) fn rows_of(app: &App, parameter: &Parameter) -> Vec<Row> {
    let today = app.deps.clock.today();
    let place = place(app, &parameter.region);
    let row = |value: &ParameterValue| Row {
        key: parameter.key.clone(),
        title: parameter.zh.clone(),
        value: value.words.clone(),
        valid: period(value.valid),
        source: format!("{}{}", value.document, value.article),
        place: place.clone(),
        issuer: value.issuer.clone(),
        note: value.note.clone(),
        sample: value.sample,
        overdue: value.review_due.is_some_and(|due| due < today),
        current: value.valid.contains(today),
        proposed_by: value.proposed_by.clone(),
        approved_by: value.approved_by.clone(),
    };
    parameter.values.iter().map(row).collect()
}

/// Puts names in place of the ids of who proposed and approved.
pub(super) async fn name_people(app: &App, rows: &mut [Row]) -> Answered<()> {
    let mut names = Names::default();
    for row in rows {
        for text in [&mut row.proposed_by, &mut row.approved_by] {
            if let Ok(id) = text.parse::<OfficerId>() {
                *text = names.of(app, id).await?;
            }
        }
    }
    Ok(())
}

/// Work accounts' names, each looked up once.
#[derive(Default)]
pub(super) struct Names(BTreeMap<OfficerId, String>);

impl Names {
    pub(super) async fn of(&mut self, app: &App, id: OfficerId) -> Answered<String> {
        if let Some(name) = self.0.get(&id) {
            return Ok(name.clone());
        }
        let officer = app.deps.store.officer(id).await?;
        let name = officer.map_or_else(|| id.to_string(), |officer| officer.name);
        self.0.insert(id, name.clone());
        Ok(name)
    }
}

/// A proposal as a line.
pub(super) struct ProposalLine {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) title: String,
    pub(super) value: String,
    pub(super) place: String,
    pub(super) valid: String,
    pub(super) closes: bool,
    pub(super) document: String,
    pub(super) issuer: String,
    pub(super) note: String,
    pub(super) review_due: String,
    pub(super) state: &'static str,
    pub(super) pending: bool,
    pub(super) proposed: String,
    pub(super) reviewed: String,
    pub(super) words: String,
    /// What judging everybody said of the approval.
    pub(super) guarded: Vec<String>,
    /// Why it was approved all the same.
    pub(super) reason: String,
}

/// What judging everybody said, one sentence each.
pub(super) fn told(deps: &Deps, guarded: &Guarded) -> Vec<String> {
    let head = format!("生效前按 {} 对 {} 户（人）试算", guarded.on, guarded.units);
    let findings = guarded.findings.iter();
    let mut told: Vec<String> = vec![head];
    told.extend(findings.map(|one| finding_zh(deps, one)));
    if guarded.findings.is_empty() {
        told.push("未见异常比例".to_owned());
    }
    told
}

/// A proposal in words.
pub(super) async fn line(app: &App, names: &mut Names, one: &Proposed) -> Answered<ProposalLine> {
    let (row, value) = (&one.proposal, &one.proposal.value);
    let set = app.deps.policies();
    let title = set.parameters().iter().find(|p| p.key == value.key);
    let proposer = names.of(app, row.by).await?;
    let (mut reviewed, mut said) = (String::new(), String::new());
    let (mut guarded, mut reason) = (Vec::new(), String::new());
    if let Some(review) = &one.review {
        let reviewer = names.of(app, review.by).await?;
        reviewed = format!("{reviewer} {}", words::minute(review.at));
        said.clone_from(&review.words);
        if let Some(judged) = &review.guarded {
            guarded = told(&app.deps, judged);
            reason = judged.reason.clone().unwrap_or_default();
        }
    }
    Ok(ProposalLine {
        id: row.id.to_string(),
        key: value.key.clone(),
        title: title.map_or_else(|| value.key.clone(), |p| p.zh.clone()),
        value: value.value.clone(),
        place: place(app, value.region.as_str()),
        valid: period(value.valid()),
        closes: value.closes,
        document: format!("{}{}", value.document, value.article),
        issuer: value.issuer.clone(),
        note: value.note.clone(),
        review_due: value
            .review_due
            .map(|on| on.to_string())
            .unwrap_or_default(),
        state: one.state().zh(),
        pending: one.state() == ProposalState::Pending,
        proposed: format!("{proposer} {}", words::minute(row.at)),
        reviewed,
        words: said,
        guarded,
        reason,
    })
}

/// Proposals a grant sees, of one parameter when it is named.
pub(super) async fn lines(
    app: &App,
    grant: &Grant,
    key: Option<&str>,
) -> Answered<Vec<ProposalLine>> {
    let mut names = Names::default();
    let mut lines = Vec::new();
    for one in app.deps.store.proposals(grant, PROPOSALS_MAX).await? {
        if key.is_none_or(|key| one.proposal.value.key == key) {
            lines.push(line(app, &mut names, &one).await?);
        }
    }
    Ok(lines)
}
