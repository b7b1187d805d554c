//! The security officer: an account made, locked, opened again.

use domain::authority::Role;
use testkit::app::{COUNTY, HUTANG};
use testkit::chromium::{Person, Screen};

use super::{Office, PASSWORD, enters, settles_in, without_chromium};

#[tokio::test(flavor = "multi_thread")]
async fn a_security_officer_makes_locks_and_unlocks_an_account() {
    let office = Office::with(&[]).await;
    let officer = office.person(Role::SecurityAdmin, COUNTY, Screen::Desk);
    let Some(mut officer) = officer.await else {
        return without_chromium();
    };
    officer.forbids_scripts().await;
    officer.follows("main a[href='/accounts']").await;
    officer.start_counting();
    officer.clicks("details.panel summary").await;
    officer.shows("account-new").await;
    officer.writes("#new-login", "li.min").await;
    officer.writes("#new-name", "湖塘镇经办人李敏").await;
    officer.chooses("#new-role", "caseworker").await;
    officer.chooses("#new-region", HUTANG).await;
    officer.follows("form[action='/accounts'] button").await;
    assert_eq!((officer.actions, officer.fields), (4, 2));
    let once = officer.reads("code.one-time").await;

    let newcomer = Person::sits_down(office.served.address, Screen::Desk);
    let mut newcomer = newcomer.await.expect("a second browser");
    newcomer.opens("/").await;
    enters(&mut newcomer, "li.min", &once).await;
    settles_in(&mut newcomer, &once).await;
    newcomer.opens("/").await;
    assert_eq!(newcomer.reads("h1").await, "今天要办");

    officer.start_counting();
    officer.follows("main a.button[href='/accounts']").await;
    officer.follows("button[aria-label='锁定 li.min']").await;
    assert_eq!((officer.actions, officer.fields), (2, 0));
    assert!(officer.reads("main").await.contains("已锁定"));
    newcomer.opens("/families").await;
    assert!(newcomer.sees("#login").await, "a session outlives the lock");
    enters(&mut newcomer, "li.min", PASSWORD).await;
    assert!(newcomer.sees(".notice").await, "a locked account opens");

    officer.follows("button[aria-label='解锁 li.min']").await;
    enters(&mut newcomer, "li.min", PASSWORD).await;
    assert_eq!(newcomer.reads("h1").await, "今天要办");
    newcomer.follows("a[href='/account']").await;
    let told = newcomer.reads("table").await;
    assert!(
        told.contains("账号锁定") && told.contains("安全管理员（试用）"),
        "{told}"
    );
    newcomer.leaves().await;

    // Nobody makes himself an auditor here, nor touches one.
    officer.follows("nav a[href='/accounts']").await;
    assert!(!officer.sees("#new-role option[value=auditor]").await);
    assert!(!officer.sees("button[aria-label^='锁定 security']").await);
    officer.leaves().await;
}
