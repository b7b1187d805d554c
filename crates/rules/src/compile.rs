//! A policy document to a checked policy. Every problem is reported, not only
//! the first.

use std::collections::BTreeSet;

use domain::code::COMPOSITION_BASIS;
use domain::dictionary::{FieldId, Kind, Sensitivity};
use domain::evaluation::{Confidential, Finding};
use domain::time::Period;
use serde_saphyr::Spanned;

use crate::check::{Bound, Scope, check, check_as, parts};
use crate::document::{
    About, AmountFile, DeadlineFile, PlanFile, PolicyFile, PolicyKind, VillageFile, Within,
};
use crate::expr::{Each, Expr, FUNCTIONS, Function, NAMES, Node};
use crate::parameters::Parameters;
use crate::policy::{AmountRule, Criterion, Deadline, Plan, Policy, SpanUnit};
use crate::problem::{Fault, Problem};
use crate::sentence::{Piece, Sentence};
use crate::strata::{self, Read};
use crate::types::{Type, Unit};
use crate::village::{self, Secret};
use crate::yaml::{Document, Scalars, placed, read};

/// Names a policy may bind.
const LETS_MAX: usize = 64;

/// Checks one document; `None` when anything is wrong with it.
pub(crate) fn compile(
    document: &Document,
    parameters: &Parameters,
    problems: &mut Vec<Problem>,
) -> Option<Policy> {
    let file: PolicyFile = match read(document) {
        Ok(file) => file,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    let before = problems.len();
    let mut compiler = Compiler {
        document,
        parameters,
        person: file.subject == About::Person,
        lets: Vec::new(),
        said: Vec::new(),
        secrets: Vec::new(),
        used: BTreeSet::new(),
        reads: Vec::new(),
        depth: 0,
        problems,
    };
    let policy = compiler.policy(file);
    (problems.len() == before).then_some(policy).flatten()
}

struct Compiler<'c> {
    document: &'c Document,
    parameters: &'c Parameters,
    person: bool,
    lets: Vec<Bound>,
    /// What each of them says that is highly sensitive.
    said: Vec<Option<FieldId>>,
    /// What each of them reads that a village is not told.
    secrets: Vec<Option<Secret>>,
    used: BTreeSet<String>,
    reads: Vec<Read>,
    depth: usize,
    problems: &'c mut Vec<Problem>,
}

impl Compiler<'_> {
    fn policy(&mut self, file: PolicyFile) -> Option<Policy> {
        self.identifier(&file.policy);
        let lets = self.bind(&file);
        let bool = Type::Bool;
        let applies_when = self.optional(file.applies_when.as_ref(), &bool);
        let receiving = self.optional(file.receiving.as_ref(), &bool);
        let amount = self.amount(file.amount.as_ref(), &file);
        let incident_place = self.optional(file.incident_place.as_ref(), &Type::Division);
        let material: Vec<_> = file.material.iter().map(|one| self.any(one)).collect();
        let criteria = self.criteria(&file);
        self.open_groups(&file);
        self.plans_fit(&file);
        self.confidential(&file);
        let composition = self.composition(&file);
        let missed = file
            .missed
            .as_ref()
            .map(|p| self.plan(p, &file, Finding::EntitledNotReceived));
        let no_longer = file
            .no_longer
            .as_ref()
            .map(|p| self.plan(p, &file, Finding::MayNoLongerQualify));
        let raised = match file.kind {
            PolicyKind::Discrepancy => Finding::Discrepancy,
            PolicyKind::Duty => Finding::Duty,
            PolicyKind::Signal | PolicyKind::Entitlement => Finding::Signal,
        };
        let raises = file.raises.as_ref().map(|p| self.plan(p, &file, raised));
        let open = file.may_remain_open.into_iter().map(|id| id.value);
        Some(Policy {
            document: self.document.name.clone(),
            id: file.policy.value,
            version: file.version,
            valid: Period {
                from: file.from,
                to: file.to,
            },
            kind: file.kind,
            about: file.subject,
            title: file.title,
            confidential: file.confidential,
            basis: file.basis,
            limits: file.limits,
            route: file.route,
            incident_place: incident_place?,
            applies_when: applies_when?,
            composition,
            may_remain_open: open.collect(),
            let_names: self.lets.iter().map(|bound| bound.name.clone()).collect(),
            worded: worded(lets.as_deref().unwrap_or_default()),
            lets: lets?,
            criteria: criteria?,
            receiving: receiving?,
            amount: amount?,
            material: material.into_iter().collect::<Option<_>>()?,
            missed: turned(missed)?,
            no_longer: turned(no_longer)?,
            raises: turned(raises)?,
            parameters: std::mem::take(&mut self.used),
            reads: std::mem::take(&mut self.reads),
            depth: self.depth,
        })
    }

    fn say(&mut self, scalar: &Spanned<String>, fault: Fault) {
        let problem = placed(self.document, scalar, fault);
        self.problems.push(problem);
    }

    fn keep(&mut self, scalar: &Spanned<String>, checked: Result<Expr, Fault>) -> Option<Expr> {
        match checked {
            Ok(expr) => {
                self.noted(scalar, &expr);
                Some(expr)
            }
            Err(fault) => {
                self.say(scalar, fault);
                None
            }
        }
    }

    /// Parameters and verdicts that an expression reads, and how deep it is.
    fn noted(&mut self, scalar: &Spanned<String>, expr: &Expr) {
        self.depth = self.depth.max(expr.depth);
        uses(expr, &mut self.used);
        strata::reads(expr, self.document, scalar, &mut self.reads);
    }

    fn any(&mut self, scalar: &Spanned<String>) -> Option<Expr> {
        let checked = check(&scalar.value, &self.scope());
        self.keep(scalar, checked)
    }

    fn typed(&mut self, scalar: &Spanned<String>, ty: &Type) -> Option<Expr> {
        let checked = check_as(&scalar.value, &self.scope(), ty);
        self.keep(scalar, checked)
    }

    /// `None` on a fault, `Some(None)` when not written.
    #[expect(clippy::option_option, reason = "a fault differs from not written")]
    fn optional(&mut self, scalar: Option<&Spanned<String>>, ty: &Type) -> Option<Option<Expr>> {
        match scalar {
            Some(scalar) => self.typed(scalar, ty).map(Some),
            None => Some(None),
        }
    }

    fn scope(&self) -> Scope<'_> {
        Scope {
            lets: &self.lets,
            params: &self.parameters.types,
            person: self.person,
        }
    }

    fn bind(&mut self, file: &PolicyFile) -> Option<Vec<Expr>> {
        let mut bound = Vec::new();
        for (name, source) in &file.lets.0 {
            self.identifier(name);
            let text = name.value.as_str();
            let taken = NAMES.iter().any(|(n, _)| *n == text)
                || FUNCTIONS.iter().any(|(n, _)| *n == text)
                || self.lets.iter().any(|b| b.name == text)
                || ["param", "missing"].contains(&text);
            if taken {
                let (zh, en) = (
                    format!("名称 `{text}` 已被占用"),
                    format!("`{text}` is taken already"),
                );
                self.say(name, Fault::new(0, "name.taken", zh, en));
            }
            if self.lets.len() == LETS_MAX {
                let (zh, en) = (
                    format!("名称超过{LETS_MAX}个"),
                    format!("there are more than {LETS_MAX} names"),
                );
                self.say(name, Fault::new(0, "name.too_many", zh, en));
            }
            let Some(expr) = self.any(source) else {
                continue;
            };
            self.said.push(said(&expr, &self.said));
            self.secrets.push(village::secret(&expr, &self.secrets));
            self.lets.push(Bound {
                name: text.to_owned(),
                ty: expr.ty.clone(),
                depth: expr.depth,
            });
            bound.push(expr);
        }
        (bound.len() == file.lets.0.len()).then_some(bound)
    }

    fn identifier(&mut self, name: &Spanned<String>) {
        let text = &name.value;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let fits = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(plain);
        if !fits {
            let fault = Fault::new(
                0,
                "name.form",
                format!("`{text}` 应由小写字母、数字和下划线组成"),
                format!("`{text}` must be lower-case letters, digits and underscores"),
            );
            self.say(name, fault);
        }
    }

    fn criteria(&mut self, file: &PolicyFile) -> Option<Vec<Criterion>> {
        let mut criteria: Vec<Criterion> = Vec::new();
        for one in &file.criteria {
            self.identifier(&one.id);
            if criteria.iter().any(|c| c.id == one.id.value) {
                let id = &one.id.value;
                let (zh, en) = (
                    format!("条件 `{id}` 重复"),
                    format!("`{id}` is there twice"),
                );
                self.say(&one.id, Fault::new(0, "criterion.twice", zh, en));
            }
            let when = self.typed(&one.when, &Type::Bool);
            criteria.push(Criterion {
                id: one.id.value.clone(),
                source: one.when.value.clone(),
                when: when?,
                zh: one.zh.clone(),
                en: one.en.clone(),
            });
        }
        Some(criteria)
    }

    /// What may remain open is a criterion or a kind of fact.
    fn open_groups(&mut self, file: &PolicyFile) {
        for open in &file.may_remain_open {
            let is_criterion = file.criteria.iter().any(|c| c.id.value == open.value);
            if !is_criterion && Kind::named(&open.value).is_none() {
                let ids = file.criteria.iter().map(|c| c.id.value.as_str());
                let known = ids.chain(Kind::all().map(|k| k.def().name));
                let what = ("条件或事实", "criterion or kind of fact");
                self.say(open, Fault::unknown(0, what, &open.value, known));
            }
        }
    }

    /// Entitlements are missed or no longer; other kinds raise.
    fn plans_fit(&mut self, file: &PolicyFile) {
        let entitlement = file.kind == PolicyKind::Entitlement;
        let fits = if entitlement {
            file.raises.is_none()
                && file.receiving.is_some()
                && (file.missed.is_some() || file.no_longer.is_some())
        } else {
            file.raises.is_some()
                && file.missed.is_none()
                && file.no_longer.is_none()
                && file.receiving.is_none()
        };
        if !fits {
            let zh = "待遇资格须写 receiving 和 missed 或 no_longer；其他类别须写 raises";
            let en =
                "an entitlement has receiving and missed or no_longer; other kinds have raises";
            let fault = Fault::new(0, "policy.plans", zh.to_owned(), en.to_owned());
            self.say(&file.policy, fault);
        }
    }

    /// Only who is entitled to something gets an amount of it.
    #[expect(clippy::option_option, reason = "a fault differs from not written")]
    fn amount(
        &mut self,
        amount: Option<&AmountFile>,
        file: &PolicyFile,
    ) -> Option<Option<AmountRule>> {
        let Some(amount) = amount else {
            return Some(None);
        };
        if file.kind != PolicyKind::Entitlement {
            let zh = "只有待遇资格可以写 amount";
            let en = "only an entitlement has an amount";
            let fault = Fault::new(0, "policy.amount", zh.to_owned(), en.to_owned());
            self.say(&amount.per_month, fault);
        }
        let per_month = self.typed(&amount.per_month, &Type::Money)?;
        let basis = amount.basis.clone();
        Some(Some(AmountRule { per_month, basis }))
    }

    fn composition(&mut self, file: &PolicyFile) -> Vec<&'static str> {
        let mut bases = Vec::new();
        for basis in &file.needs.composition {
            if let Some(code) = COMPOSITION_BASIS.stored(&basis.value) {
                bases.push(code);
            } else {
                let codes = COMPOSITION_BASIS.entries.iter().map(|e| e.code);
                let what = ("依据", "basis of composition");
                self.say(basis, Fault::unknown(0, what, &basis.value, codes));
            }
        }
        bases
    }

    fn plan(&mut self, plan: &PlanFile, file: &PolicyFile, finding: Finding) -> Option<Plan> {
        let grade = plan.grade.unwrap_or(finding);
        let level_when: Vec<_> = plan
            .level_when
            .iter()
            .map(|one| Some((self.typed(&one.when, &Type::Bool)?, one.level)))
            .collect();
        let deadlines: Vec<_> = plan
            .deadlines
            .iter()
            .map(|one| self.deadline(one, file))
            .collect();
        let recheck_on = self.optional(plan.recheck_on.as_ref(), &Type::Date);
        let zh = self.sentence(&plan.sentence.zh);
        let en = self.sentence(&plan.sentence.en);
        let village = plan.village.as_ref();
        let village = village.map_or(Some(Sentence::default()), |v| self.village(v, file));
        Some(Plan {
            grade,
            grade_when_open: plan.grade_when_open.unwrap_or(grade),
            level: plan.level,
            level_when: level_when.into_iter().collect::<Option<_>>()?,
            deadlines: deadlines.into_iter().collect::<Option<_>>()?,
            clear_after_days: plan.clear_after_days,
            effect_within_days: plan.effect_within_days,
            recheck_on: recheck_on?,
            zh: zh?,
            en: en?,
            village: village?,
            advice: plan.advice.clone(),
        })
    }

    fn sentence(&mut self, scalar: &Spanned<String>) -> Option<Sentence> {
        let parsed = Sentence::parse(&scalar.value, &self.scope());
        match parsed.and_then(|sentence| self.fit_to_show(sentence)) {
            Ok(sentence) => {
                for piece in &sentence.0 {
                    if let Piece::Value(_, expr) = piece {
                        self.noted(scalar, expr);
                    }
                }
                Some(sentence)
            }
            Err(fault) => {
                self.say(scalar, fault);
                None
            }
        }
    }

    /// Refuses a sentence that would say what is highly sensitive: illness,
    /// custody, deposits. Counting and comparing them is no saying.
    fn fit_to_show(&self, sentence: Sentence) -> Result<Sentence, Fault> {
        let values = sentence.0.iter().filter_map(|piece| match piece {
            Piece::Value(_, expr) => Some(expr),
            _ => None,
        });
        match { values }.find_map(|expr| said(expr, &self.said)) {
            None => Ok(sentence),
            Some(field) => Err(Fault::new(
                0,
                "sentence.highly_sensitive",
                format!("句子会写出高敏感信息“{}”", field.def().zh),
                format!(
                    "the sentence would say `{}`, which is highly sensitive",
                    field.def().name
                ),
            )),
        }
    }

    /// Words for a village name no fact that a village is not told, and in a
    /// confidential policy nobody at all.
    fn village(&mut self, file: &VillageFile, policy: &PolicyFile) -> Option<Sentence> {
        let sentence = self.sentence(&file.zh)?;
        let secret = village::found(&sentence, &self.secrets, policy.confidential);
        let Some(secret) = secret else {
            return Some(sentence);
        };
        self.say(&file.zh, secret.fault());
        None
    }

    /// Only a policy about a child can be kept for the children's officers: a
    /// household's card is the whole desk's.
    fn confidential(&mut self, file: &PolicyFile) {
        if file.confidential == Confidential::Children && file.subject != About::Person {
            let zh = "只有以人为对象的政策可以写 confidential: children";
            let en = "only a policy about persons may be `confidential: children`";
            let fault = Fault::new(0, "policy.confidential", zh.to_owned(), en.to_owned());
            self.say(&file.policy, fault);
        }
    }

    fn deadline(&mut self, file: &DeadlineFile, policy: &PolicyFile) -> Option<Deadline> {
        let Within {
            working_days,
            days,
            months,
            hours,
        } = &file.within;
        let given: Vec<(SpanUnit, &Spanned<Scalars>)> = [
            (SpanUnit::WorkingDays, working_days.as_ref()),
            (SpanUnit::Days, days.as_ref()),
            (SpanUnit::Months, months.as_ref()),
            (SpanUnit::Hours, hours.as_ref()),
        ]
        .into_iter()
        .filter_map(|(unit, span)| span.map(|span| (unit, span)))
        .collect();
        let [(unit, span)] = given.as_slice() else {
            let zh = "期限须写 working_days、days、months、hours 之一";
            let en = "a deadline has one of working_days, days, months, hours";
            let fault = Fault::new(0, "deadline.span", zh.to_owned(), en.to_owned());
            self.say(&policy.policy, fault);
            return None;
        };
        let text = match &span.value {
            Scalars::One(text) => text.clone(),
            Scalars::Many(_) => String::new(),
        };
        let scalar = Spanned::new(text, span.referenced, span.defined);
        let ty = match unit {
            SpanUnit::WorkingDays | SpanUnit::Days => Type::Number(Unit::Days),
            SpanUnit::Months => Type::Number(Unit::Months),
            SpanUnit::Hours => Type::Number(Unit::Count),
        };
        let within = self.typed(&scalar, &ty);
        let from = self.optional(file.from.as_ref(), &Type::Date);
        Some(Deadline {
            step: file.step,
            unit: *unit,
            text: scalar.value,
            within: within?,
            from: from?,
            statutory: file.statutory.clone(),
        })
    }
}

#[expect(clippy::option_option, reason = "a fault differs from not written")]
fn turned(plan: Option<Option<Plan>>) -> Option<Option<Plan>> {
    match plan {
        Some(Some(plan)) => Some(Some(plan)),
        Some(None) => None,
        None => Some(None),
    }
}

/// Which of the names a policy binds hold words of the reader's language.
fn worded(lets: &[Expr]) -> Vec<bool> {
    let mut known = Vec::new();
    for expr in lets {
        known.push(speaks(expr, &known));
    }
    known
}

fn speaks(expr: &Expr, lets: &[bool]) -> bool {
    match &expr.node {
        Node::Call(Function::Text | Function::Source, _) => true,
        Node::Let(slot) => lets[*slot],
        node => parts(node).into_iter().any(|part| speaks(part, lets)),
    }
}

/// A highly sensitive field whose value the expression shows, not merely looks at.
fn said(expr: &Expr, lets: &[Option<FieldId>]) -> Option<FieldId> {
    let shown = |of: &Expr| said(of, lets);
    match &expr.node {
        Node::Field(_, field) if field.def().level == Sensitivity::L4 => Some(*field),
        Node::Let(index) => lets.get(*index).copied().flatten(),
        Node::Each(Each::Filter, list, _) => shown(list),
        Node::Each(Each::Map, list, body) => shown(body).or_else(|| shown(list)),
        // What is counted, compared or asked leaves a number or a yes, not the value.
        Node::Each(..)
        | Node::Field(..)
        | Node::Compare(..)
        | Node::In(..)
        | Node::And(..)
        | Node::Or(..)
        | Node::Not(_)
        | Node::IsKnown(_)
        | Node::Matches(..)
        | Node::Verdict(..)
        | Node::Call(
            Function::Size
            | Function::Certain
            | Function::Sources
            | Function::Contains
            | Function::StartsWith
            | Function::EndsWith,
            _,
        ) => None,
        Node::Choose(_, yes, no) => shown(yes).or_else(|| shown(no)),
        other => parts(other).into_iter().find_map(shown),
    }
}

fn uses(expr: &Expr, keys: &mut BTreeSet<String>) {
    if let Node::Param(key) = &expr.node {
        keys.insert(key.clone());
    }
    for part in parts(&expr.node) {
        uses(part, keys);
    }
}
