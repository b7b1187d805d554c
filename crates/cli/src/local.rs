//! What is done on this machine is written down under a name like everything
//! else: administrative commits, and officers who are this machine.

use domain::authority::{Officer, Role};
use domain::ids::OfficerId;
use domain::region::DivisionCode;
use pipeline::Deps;
use pipeline::clock::Clock;
use store::Store;
use store::commit::{Commit, CommitKind, Write};

/// Writes what administrators may write.
pub(crate) async fn administer(deps: &Deps, actor: &str, writes: Vec<Write>) -> anyhow::Result<()> {
    administer_store(deps.store.as_ref(), deps.clock.as_ref(), actor, writes).await
}

/// The same without policies and tables.
pub(crate) async fn administer_store(
    store: &dyn Store,
    clock: &dyn Clock,
    actor: &str,
    writes: Vec<Write>,
) -> anyhow::Result<()> {
    let commit = Commit {
        kind: CommitKind::Administration,
        partition: None,
        at: clock.now(),
        actor: actor.to_owned(),
        lease: None,
        guards: vec![],
        writes,
        answer: None,
    };
    store.commit(&commit).await?;
    // PostgreSQL numbers commits afterwards; SQLite has nothing left to do.
    while store.publish(u32::MAX).await?.commits > 0 {}
    Ok(())
}

/// An officer who is this machine.
pub(crate) async fn officer(
    deps: &Deps,
    role: Role,
    regions: &[DivisionCode],
    sources: &[&str],
) -> anyhow::Result<Officer> {
    let id = OfficerId::from_uuid(uuid::Builder::from_custom_bytes(local_id(role)).into_uuid());
    let known = deps.store.officer(id).await?;
    let mut officer = known.clone().unwrap_or_else(|| Officer {
        id,
        name: format!("本机操作 ({})", role.name()),
        role,
        regions: Vec::new(),
        sources: Vec::new(),
    });
    officer.regions.extend(regions);
    officer.regions.sort();
    officer.regions.dedup();
    officer
        .sources
        .extend(sources.iter().map(|source| (*source).to_owned()));
    officer.sources.sort();
    officer.sources.dedup();
    if known.as_ref() != Some(&officer) {
        administer(deps, "local", vec![Write::Officer(officer.clone())]).await?;
    }
    Ok(officer)
}

const fn local_id(role: Role) -> [u8; 16] {
    match role {
        Role::Caseworker => *b"hearth-local-cas",
        Role::CountyOfficer => *b"hearth-local-cty",
        Role::Importer => *b"hearth-local-imp",
        Role::Auditor => *b"hearth-local-aud",
        Role::SystemAdmin => *b"hearth-local-sys",
        Role::SecurityAdmin => *b"hearth-local-sec",
        Role::VillageContact => *b"hearth-local-vil",
        Role::PolicyOfficer => *b"hearth-local-pol",
        Role::ChildrenOfficer => *b"hearth-local-chi",
    }
}

/// The auditor of this machine, for all counties the store knows.
pub(crate) async fn auditor(deps: &Deps) -> anyhow::Result<Officer> {
    let regions = deps.store.partitions().await?;
    officer(deps, Role::Auditor, &regions, &[]).await
}
