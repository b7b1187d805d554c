//! `hearth explain`: why an alert was raised, or what a policy says about a
//! household or person.

mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clap::Args;
use domain::authority::{Officer, Operation};
use domain::evaluation::Decision;
use domain::ids::{AlertId, PersonId, Subject};
use domain::time::Date;
use pipeline::{Deps, people};
use serde::Serialize;

use crate::commands::{Place, trace};
use crate::sentences;
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, local, office};

/// What `hearth explain` takes.
#[derive(Args)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// An alert's id, or a household h:ID or person p:ID
    of: String,
    /// Which policy, for a household or person
    #[arg(long, value_name = "POLICY")]
    policy: Option<String>,
    /// The date to judge for, for a household or person [default: today]
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    /// What was known at this commit number, for a household or person
    #[arg(long, value_name = "N")]
    known_seq: Option<i64>,
    /// Prints one JSON object per decision
    #[arg(long)]
    json: bool,
}

/// A decision with its sentence.
#[derive(Serialize)]
struct Explained {
    sentence: String,
    decision: Decision,
}

/// Explains.
pub(crate) async fn run(args: &ExplainArgs, settings: Settings) -> anyhow::Result<()> {
    let deps = office::open(&settings, "explain").await?;
    let auditor = local::auditor(&deps).await?;
    let explained = if let Ok(alert) = args.of.parse::<AlertId>() {
        let told = trace::alert(&deps, &auditor, alert, "hearth explain").await?;
        vec![Explained {
            sentence: told.sentence(&deps),
            decision: told.decision,
        }]
    } else {
        let subject = args
            .of
            .parse::<Subject>()
            .map_err(|_| exit::usage("name an alert's id, h:ID or p:ID"))?;
        let policy = args
            .policy
            .as_deref()
            .ok_or_else(|| exit::usage("--policy is needed for a household or person"))?;
        subject_decisions(&deps, &auditor, subject, policy, args).await?
    };
    for explained in &explained {
        if args.json {
            say!("{}", serde_json::to_string(explained)?);
        } else {
            text::print(explained)?;
        }
    }
    Ok(())
}

/// The policy applied to the unit the subject lives in: about the subject, or
/// about everyone in it when the unit itself was asked for.
async fn subject_decisions(
    deps: &Arc<Deps>,
    auditor: &Officer,
    subject: Subject,
    policy: &str,
    args: &ExplainArgs,
) -> anyhow::Result<Vec<Explained>> {
    let policies = deps.policies();
    if policies.policy(policy).is_none() {
        let known: Vec<&str> = policies
            .policies()
            .iter()
            .map(|policy| policy.id.as_str())
            .collect();
        return Err(exit::usage(format!(
            "there is no policy {policy}; there are {}",
            known.join(", ")
        )));
    }
    let on = args.on.unwrap_or_else(|| deps.clock.today());
    for region in &auditor.regions {
        let one_county = Officer {
            regions: vec![*region],
            ..auditor.clone()
        };
        let grant = one_county.authorize(Operation::ReadPeople, "hearth explain")?;
        let Some(view) = people::view(deps, &grant, subject, on, args.known_seq).await? else {
            continue;
        };
        let household = view.household;
        let evaluations = rules::evaluate(&policies, &household);
        let asked = evaluations
            .iter()
            .filter(|e| e.policy == policy && (e.subject == subject || household.unit == subject));
        let decisions: Vec<Decision> = asked
            .filter_map(|e| rules::explain(&policies, &household, policy, e.subject))
            .collect();
        if decisions.is_empty() {
            return Err(exit::data(format!(
                "{policy} is not about {subject}; ask for its household or its members"
            )));
        }
        let subjects: BTreeSet<Subject> = decisions
            .iter()
            .map(|d| d.evaluation.subject)
            .chain([subject, household.unit])
            .collect();
        let mut explained = Vec::new();
        for decision in decisions {
            let names: BTreeMap<PersonId, String> =
                sentences::names_of(deps, &grant, &[&decision.sentence_zh]).await?;
            explained.push(Explained {
                sentence: sentences::render(deps, &names, &decision.sentence_zh),
                decision,
            });
        }
        sentences::disclose(deps, &grant, &subjects).await?;
        return Ok(explained);
    }
    Err(exit::data(format!("nothing is known of {subject}")))
}
