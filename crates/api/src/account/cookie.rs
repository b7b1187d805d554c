//! The session cookie. Its value is looked for in the `Cookie` header and
//! nowhere else.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::problem::{Answered, Problem};

/// How the cookie is named and guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookies {
    /// Behind TLS: `__Host-hearth`, which no other host can set and no plain
    /// connection sends.
    Secure,
    /// Plain HTTP on loopback: `hearth`.
    Plain,
}

impl Cookies {
    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Cookies::Secure => "__Host-hearth",
            Cookies::Plain => "hearth",
        }
    }

    const fn secure(self) -> &'static str {
        match self {
            Cookies::Secure => "; Secure",
            Cookies::Plain => "",
        }
    }

    /// Sets the session.
    pub fn set(self, id: &str) -> Option<HeaderValue> {
        let (name, secure) = (self.name(), self.secure());
        let text = format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict{secure}");
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Takes the session away.
    pub fn clear(self) -> Option<HeaderValue> {
        let (name, secure) = (self.name(), self.secure());
        let text = format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict{secure}");
        HeaderValue::from_str(&text).ok()
    }

    /// The name of what is kept while somebody logs in elsewhere.
    const fn sso_name(self) -> &'static str {
        match self {
            Cookies::Secure => "__Host-hearth-sso",
            Cookies::Plain => "hearth-sso",
        }
    }

    /// Keeps a login under way for some minutes; taken away when empty. It must
    /// come along when another site sends the browser back: `Lax`.
    pub fn set_sso(self, kept: &str) -> Option<HeaderValue> {
        let (name, secure) = (self.sso_name(), self.secure());
        let age = if kept.is_empty() { 0 } else { 600 };
        let text = format!("{name}={kept}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The login under way.
    pub fn sso(self, headers: &HeaderMap) -> Answered<Option<&str>> {
        one_of(headers, self.sso_name())
    }

    /// The session id of a request.
    pub fn id(self, headers: &HeaderMap) -> Answered<Option<&str>> {
        one_of(headers, self.name())
    }
}

/// The cookie of a name. Two of them are refused: one may have been planted.
fn one_of<'a>(headers: &'a HeaderMap, name: &str) -> Answered<Option<&'a str>> {
    let values = headers.get_all(header::COOKIE).iter();
    let pairs = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let mut ids = pairs.filter(|(is, _)| *is == name);
    let first = ids.next().map(|(_, id)| id);
    if ids.next().is_some() {
        return Err(Problem::bad(
            "session.two_cookies",
            "请求带有两个登录 Cookie，请清除后重新登录",
            "two session cookies were sent",
        ));
    }
    Ok(first)
}
