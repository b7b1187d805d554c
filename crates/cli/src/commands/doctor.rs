//! `hearth doctor`: what an operator should see to before somebody else
//! notices. Each finding says what it means and what to do.

use std::sync::Arc;

use clap::Args;
use domain::authority::Grant;
use domain::region::DivisionCode;
use domain::time::Date;
use pipeline::outbound::{Client, Target};
use pipeline::{Deps, release, standing};
use serde_json::json;
use store::subscriptions::Failure;

use crate::commands::{Place, escrow as copies};
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, office};

/// What `hearth doctor` takes.
#[derive(Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// One thing to see to.
struct Finding {
    /// Stable name: `list.stale`, `parameter.unset`, …
    code: &'static str,
    /// What it is about.
    about: String,
    /// Chinese sentence.
    zh: String,
    /// English sentence.
    en: String,
}

/// Looks; exit 1 when there is something to see to. The store opens only with
/// its own key and with safe settings, so that much is known before.
pub(crate) async fn run(args: &DoctorArgs, settings: Settings) -> anyhow::Result<()> {
    let deps = office::open(&settings, "doctor").await?;
    let on = deps.clock.today();
    let mut findings = Vec::new();
    escrow(&deps, &settings, &mut findings);
    let client = Client::new(settings.outbound.steps()?);
    for county in deps.store.partitions().await? {
        webhooks(&deps, &client, county, &mut findings).await?;
        lists(&deps, county, &mut findings).await?;
        parameters(&deps, county, on, &mut findings);
        proposals(&deps, county, &mut findings).await?;
    }
    files(&deps, &mut findings).await?;
    calendar(&deps, on, &mut findings);
    work(&deps, &mut findings).await?;
    if args.json {
        let rows: Vec<_> = findings
            .iter()
            .map(|f| json!({ "code": f.code, "about": f.about, "zh": f.zh, "en": f.en }))
            .collect();
        say!(
            "{}",
            json!({ "on": on.to_string(), "findings": rows, "policies": deps.policies().policies().len() })
        );
    } else {
        say!("业务日期 business date {on}");
        for finding in &findings {
            say!("● {} {}", finding.code, finding.about);
            say!("  {}", finding.zh);
            say!("  {}", finding.en);
        }
        if findings.is_empty() {
            say!("没有需要处理的事 nothing to see to");
        }
    }
    if findings.is_empty() {
        return Ok(());
    }
    let message = format!("{} things to see to", findings.len());
    Err(exit::check(message))
}

async fn lists(
    deps: &Arc<Deps>,
    county: DivisionCode,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    for list in standing::lists(deps, &Grant::for_steps(county)).await? {
        if list.is_fresh() {
            continue;
        }
        let part = list
            .part
            .as_deref()
            .map_or(String::new(), |p| format!("·{p}"));
        let about = format!("{county} {}{part}", list.dataset);
        findings.push(match list.as_of {
            Some(as_of) => Finding {
                code: "list.stale",
                about,
                zh: format!(
                    "最近一期截至{as_of}，超过{}天：名册上没有的一律按“不知道”。请找报送部门",
                    list.fresh_for_days
                ),
                en: format!(
                    "the last is as of {as_of}, older than {} days: absence from it is unknown now; ask its sender",
                    list.fresh_for_days
                ),
            },
            None => Finding {
                code: "list.never",
                about,
                zh: "从未收到完整名册：用到它的政策只能是待核实".to_owned(),
                en: "no complete list has ever come: policies that need it stay undetermined".to_owned(),
            },
        });
    }
    Ok(())
}

fn parameters(deps: &Deps, county: DivisionCode, on: Date, findings: &mut Vec<Finding>) {
    let policies = deps.policies();
    for unset in policies.unset(county, on) {
        findings.push(Finding {
            code: "parameter.unset",
            about: format!("{county} {}", unset.key),
            zh: format!("“{}”未设，{}为待核实", unset.zh, unset.policies.join("、")),
            en: format!(
                "not set: {} stay undetermined; enter it with its document",
                unset.policies.join(", ")
            ),
        });
    }
    for parameter in policies.parameters().iter() {
        let overdue = parameter
            .values
            .iter()
            .find(|value| value.valid.contains(on) && value.review_due.is_some_and(|due| due < on));
        let Some(value) = overdue else { continue };
        let due = value
            .review_due
            .map(|due| due.to_string())
            .unwrap_or_default();
        findings.push(Finding {
            code: "parameter.review_due",
            about: format!("{} {}", parameter.region, parameter.key),
            zh: format!("“{}”应于{due}前复核，结果仅供参考", parameter.zh),
            en: format!("was to be reviewed by {due}; what rests on it is for reference only"),
        });
    }
}

/// A proposal that nobody reviews is a standard that nobody applies.
async fn proposals(
    deps: &Deps,
    county: DivisionCode,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    /// More than this many waiting are a finding of their own kind.
    const READ_MAX: u32 = 500;
    let grant = Grant::for_steps(county);
    let proposals = deps.store.proposals(&grant, READ_MAX).await?;
    for one in proposals.iter().filter(|one| one.review.is_none()) {
        let value = &one.proposal.value;
        findings.push(Finding {
            code: "parameter.pending",
            about: format!("{} {}", value.region, value.key),
            zh: format!(
                "{} 起的数值（{}）等待另一人复核，未复核前不生效",
                value.from, value.document
            ),
            en: format!(
                "a value from {} ({}) waits for a second person and has no effect until then",
                value.from, value.document
            ),
        });
    }
    Ok(())
}

/// Policy files of this configuration that nobody has put in force.
async fn files(deps: &Deps, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let Some(waiting) = release::waiting(deps).await? else {
        return Ok(());
    };
    let documents = waiting.changes.iter().map(|one| one.document.as_str());
    findings.push(Finding {
        code: "policies.waiting",
        about: documents.collect::<Vec<_>>().join(" "),
        zh: "政策文件与正在生效的不同：由政策管理员在 /policies 核对后生效，之前按原文件评估"
            .to_owned(),
        en: "policy files differ from those in force, which go on until a policy officer puts these in force on /policies".to_owned(),
    });
    Ok(())
}

/// Working days are counted ahead; without next year's table late deadlines
/// stay pending.
fn calendar(deps: &Deps, on: Date, findings: &mut Vec<Finding>) {
    /// A platform default: two months before, the table should be there.
    const AHEAD_DAYS: i32 = 60;
    let ahead = domain::time::add_days(on, AHEAD_DAYS);
    if deps.calendar.is_working(ahead).is_err() {
        findings.push(Finding {
            code: "calendar.year",
            about: ahead.year().to_string(),
            zh: "该年放假安排未录入，有的工作日期限为“待定”".to_owned(),
            en: "the holidays of the year are not entered: some deadlines stay pending".to_owned(),
        });
    }
}

async fn work(deps: &Arc<Deps>, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let statistics = deps.store.statistics().await?;
    if statistics.due > 0 {
        findings.push(Finding {
            code: "work.due",
            about: statistics.due.to_string(),
            zh: "有家庭等待评估：请启动服务，或运行 evaluate".to_owned(),
            en: "households wait to be evaluated: start the service, or run evaluate".to_owned(),
        });
    }
    for breach in deps.store.check().await? {
        findings.push(Finding {
            code: "store.breach",
            about: breach,
            zh: "不变式被破坏：停止服务，保留现场，运行 fsck".to_owned(),
            en: "an invariant is broken: stop the service, keep everything, run fsck".to_owned(),
        });
    }
    Ok(())
}

/// Without a copy of the key no backup opens.
fn escrow(deps: &Deps, settings: &Settings, findings: &mut Vec<Finding>) {
    let fingerprint = deps.vault.fingerprint();
    let today = deps.clock.now().china_date();
    // A demonstration has nothing to lose.
    if deps.settings.synthetic || copies::seen_on(&settings.store, fingerprint, today).is_some() {
        return;
    }
    findings.push(Finding {
        code: "escrow.unseen",
        about: fingerprint.to_owned(),
        zh: "一年内没有核对过密钥托管件：请运行 backup --escrow FILE".to_owned(),
        en: "no escrow copy was held against the key for a year: run backup --escrow FILE"
            .to_owned(),
    });
}

/// Receivers that cannot be reached, and what they did not get.
async fn webhooks(
    deps: &Arc<Deps>,
    client: &Client,
    county: DivisionCode,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    for row in deps.store.subscriptions(&Grant::for_steps(county)).await? {
        let about = row.id.to_string();
        let dead = deps.store.delivery_counts(row.id).await?.dead;
        if dead > 0 {
            findings.push(Finding {
                code: "webhook.dead_letters",
                about: about.clone(),
                zh: format!("{dead}条三天内未送达，已停止重试：接收方恢复后请重发（replay）"),
                en: format!(
                    "{dead} entries did not arrive in three days: replay when the receiver is back"
                ),
            });
        }
        if row.ended.is_some() {
            findings.push(Finding {
                code: "webhook.gone",
                about,
                zh: "接收方应答 410，已停止推送：请重发以恢复，或删除订阅".to_owned(),
                en: "the receiver answered 410 and is sent nothing: replay, or delete the subscription".to_owned(),
            });
            continue;
        }
        let reached = match row.url.parse::<Target>() {
            Ok(target) => client.reaches(&target).await,
            Err(_) => Err(Failure::Refused),
        };
        if let Err(failure) = reached {
            findings.push(Finding {
                code: "webhook.unreachable",
                about,
                zh: format!("接收方连不上：{}", failure.zh()),
                en: format!("the receiver cannot be reached: {}", failure.name()),
            });
        }
    }
    Ok(())
}
