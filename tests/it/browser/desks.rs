//! Which pages each role meets, found as a person finds them: by the
//! navigation and the first link of each kind.

use domain::authority::Role;
use serde_json::Value;
use testkit::chromium::Person;

use super::Office;

/// Name and address of the pages of a role.
pub(super) async fn pages(_office: &Office, person: &Person, role: Role) -> Vec<(String, String)> {
    let mut pages: Vec<(String, String)> = Vec::new();
    person.opens("/").await;
    let landing = person.place().await;
    let mut follow = vec![landing];
    let mut depth = 0;
    while let Some(path) = follow.pop() {
        if pages.iter().any(|(name, _)| *name == shape(&path)) {
            continue;
        }
        pages.push((shape(&path), path.clone()));
        depth += 1;
        assert!(depth < 60, "{role:?} meets ever more pages: {pages:?}");
        person.opens(&path).await;
        follow.extend(links(person).await);
    }
    pages
}

/// Addresses the open page leads to, downloads and other sites left out.
async fn links(person: &Person) -> Vec<String> {
    let script = "return Array.from(document.querySelectorAll('a[href]'))
        .filter(a => a.origin === location.origin && !a.hasAttribute('download') && !a.pathname.endsWith('.xlsx') && !a.pathname.startsWith('/api/') && !a.pathname.startsWith('/docs'))
        .map(a => a.pathname + a.search)";
    let found = person.asks(script).await;
    let found = found.as_array().map(Vec::as_slice).unwrap_or_default();
    found
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// The address with what is one of many taken out, so that one page of each
/// kind is looked at.
fn shape(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let by_name = ["policies", "parameters"];
    let mut before = "";
    let parts = path.split('/').map(|part| {
        let number = part.len() > 12 && part.chars().any(|c| c.is_ascii_digit());
        let many = number || by_name.contains(&before);
        before = part;
        if many { "one" } else { part }
    });
    let joined: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    if joined.is_empty() {
        "start".to_owned()
    } else {
        joined.join("-")
    }
}
