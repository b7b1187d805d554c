//! Where a request goes, parsed once: scheme, host, port, path. An address is
//! taken only as it is canonically written, so that nothing can mean another
//! address to us than to the list.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::{Allowed, OutboundSettings};

/// Longest target.
const LENGTH_MAX: usize = 2_000;

/// A name or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A DNS name in small letters.
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// An http or https URL without user, fragment or unusual spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// With TLS.
    pub tls: bool,
    /// Host.
    pub host: Host,
    /// Port.
    pub port: u16,
    /// Path and query, beginning with `/`.
    pub path: String,
}

/// Why a target is refused. Messages never repeat it: a URL may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not `https://host[:port]/path`.
    #[error("it is not a plain http or https URL")]
    Form,
    /// An address in a form that is not the canonical one.
    #[error("an address must be written as 10.20.3.4 or [fd00::1]")]
    Spelling,
    /// Not on the list.
    #[error("host and port are not on the list of allowed targets")]
    NotAllowed,
    /// Never allowed, or outside the networks of its entry.
    #[error("its address is not allowed")]
    Address,
    /// In clear where the list wants TLS.
    #[error("the list allows it with TLS only")]
    Plain,
}

impl FromStr for Host {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Host, TargetError> {
        if let Some(inside) = text.strip_prefix('[') {
            let inside = inside.strip_suffix(']').ok_or(TargetError::Form)?;
            let address: Ipv6Addr = inside.parse().map_err(|_| TargetError::Spelling)?;
            let canonical = address.to_string() == inside;
            return if canonical {
                Ok(Host::Address(address.into()))
            } else {
                Err(TargetError::Spelling)
            };
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Host::Address(address.into()));
        }
        let last = text.rsplit('.').next().unwrap_or_default();
        let begins_as_number = last.starts_with(|c: char| c.is_ascii_digit());
        if begins_as_number {
            // 2130706433, 0x7f.1, 0177.0.0.1, 127.1: resolvers take them all.
            return Err(TargetError::Spelling);
        }
        let label = |label: &str| {
            let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            (1..=63).contains(&label.len())
                && label.chars().all(known)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if text.len() <= 253 && text.split('.').all(label) {
            Ok(Host::Name(text.to_owned()))
        } else {
            Err(TargetError::Form)
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Address(IpAddr::V4(v4)) => v4.fmt(f),
            Host::Address(IpAddr::V6(v6)) => write!(f, "[{v6}]"),
        }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Target, TargetError> {
        let visible = |c: char| c.is_ascii_graphic() && !matches!(c, '#' | '\\' | '"' | '<' | '>');
        if text.len() > LENGTH_MAX || !text.chars().all(visible) {
            return Err(TargetError::Form);
        }
        let (tls, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err(TargetError::Form),
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(TargetError::Form);
        }
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address stand inside its brackets.
            Some((host, port)) if !port.contains(']') => (host, port_of(port)?),
            _ => (authority, if tls { 443 } else { 80 }),
        };
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        Ok(Target {
            tls,
            host: host.parse()?,
            port,
            path,
        })
    }
}

fn port_of(text: &str) -> Result<u16, TargetError> {
    let digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let port = text.parse().ok().filter(|port| *port > 0 && digits);
    port.ok_or(TargetError::Form)
}

impl Target {
    /// Host and port as a `Host` header has them.
    pub fn authority(&self) -> String {
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => self.host.to_string(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// The entry that allows this target, before its name is resolved.
    pub fn allowed_by<'a>(
        &self,
        settings: &'a OutboundSettings,
    ) -> Result<&'a Allowed, TargetError> {
        let same = |entry: &&Allowed| entry.host == self.host && entry.port == self.port;
        let entry = settings.allow.iter().find(same);
        let entry = entry.ok_or(TargetError::NotAllowed)?;
        if !self.tls && !entry.plain {
            return Err(TargetError::Plain);
        }
        if let Host::Address(address) = self.host {
            entry.admits(address)?;
            if address.is_loopback() && !settings.own_addresses {
                return Err(TargetError::Address);
            }
        }
        Ok(entry)
    }
}

impl Allowed {
    /// Whether an address the name has may be connected to. Whether it is one
    /// of our own is asked elsewhere.
    pub fn admits(&self, address: IpAddr) -> Result<(), TargetError> {
        let inside = || {
            self.networks
                .iter()
                .any(|network| network.contains(address))
        };
        if super::address::is_nowhere(address) || !(self.networks.is_empty() || inside()) {
            return Err(TargetError::Address);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(host: &str, own_addresses: bool) -> OutboundSettings {
        OutboundSettings {
            allow: vec![Allowed {
                host: host.parse().unwrap(),
                port: 443,
                networks: vec![],
                plain: false,
            }],
            own_addresses,
            ..OutboundSettings::default()
        }
    }

    #[test]
    fn targets_are_taken_apart() {
        let target: Target = "https://hooks.example:8443/a/b?c=d".parse().unwrap();
        assert_eq!(target.host, Host::Name("hooks.example".to_owned()));
        assert_eq!((target.tls, target.port), (true, 8443));
        assert_eq!(target.path, "/a/b?c=d");
        assert_eq!(target.authority(), "hooks.example:8443");
        let bare: Target = "http://10.20.3.4".parse().unwrap();
        assert_eq!((bare.port, bare.path.as_str()), (80, "/"));
        assert_eq!(bare.authority(), "10.20.3.4");
        let six: Target = "https://[fd00::1]:9/x".parse().unwrap();
        assert_eq!(six.authority(), "[fd00::1]:9");
        let query: Target = "https://hooks.example?x".parse().unwrap();
        assert_eq!(query.path, "/?x");
    }

    #[test]
    fn no_address_has_two_spellings() {
        for text in [
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://010.20.3.4/",
            "https://10.20.3.4./",
            "https://10.20.3.0x4/",
            "https://[::FFFF:10.20.3.4]/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://[fd00::0001]/",
            "https://[fe80::1%25eth0]/",
        ] {
            let refused = text.parse::<Target>();
            assert!(
                matches!(refused, Err(TargetError::Spelling | TargetError::Form)),
                "{text}: {refused:?}"
            );
        }
    }

    #[test]
    fn what_is_no_plain_url_is_refused() {
        for text in [
            "",
            "hooks.example/x",
            "ftp://hooks.example/",
            "file:///etc/passwd",
            "https://",
            "https:///x",
            "https://user@hooks.example/",
            "https://user:secret@hooks.example/",
            "https://hooks.example:/",
            "https://hooks.example:0/",
            "https://hooks.example:65536/",
            "https://hooks.example:+443/",
            "https://hooks.example/#a",
            "https://hooks.example\\@evil.example/",
            "https://hooks.exa mple/",
            "https://hooks..example/",
            "https://-hooks.example/",
            "https://HOOKS.example/",
            "https://暖心.example/",
            "https://hooks.example/\r\nX: y",
            "HTTPS://hooks.example/",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_what_is_listed_is_allowed() {
        let asked = |listed: &str, text: &str, own: bool| {
            let target: Target = text.parse().unwrap();
            target.allowed_by(&settings(listed, own)).map(|_| ())
        };
        let (name, address) = ("hooks.example", "10.20.3.4");
        assert_eq!(asked(name, "https://hooks.example/x", false), Ok(()));
        assert_eq!(asked(address, "https://10.20.3.4/x", false), Ok(()));
        let not = Err(TargetError::NotAllowed);
        assert_eq!(asked(name, "https://hooks.example:444/", false), not);
        assert_eq!(asked(name, "https://other.example/", false), not);
        assert_eq!(asked(name, "https://a.hooks.example/", false), not);
        assert_eq!(asked(address, "https://10.20.3.5/", false), not);
        let plain = asked(name, "http://hooks.example:443/", false);
        assert_eq!(plain, Err(TargetError::Plain));
        // Listing does not make these allowed.
        let address = Err(TargetError::Address);
        for listed in [
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "[::ffff:a00:1]",
            "[fe80::1]",
        ] {
            let refused = listed.parse::<Host>().map(|host| {
                let url = format!("https://{host}/");
                asked(listed, &url, true)
            });
            assert!(
                refused == Ok(address) || refused == Err(TargetError::Spelling),
                "{listed}: {refused:?}"
            );
        }
        assert_eq!(asked("127.0.0.1", "https://127.0.0.1/", false), address);
        assert_eq!(asked("127.0.0.1", "https://127.0.0.1/", true), Ok(()));
        assert_eq!(asked("[::1]", "https://[::1]/", false), address);
    }

    #[test]
    fn an_entry_may_bind_its_name_to_networks() {
        let entry = Allowed {
            host: "hooks.example".parse().unwrap(),
            port: 443,
            networks: vec!["10.20.0.0/16".parse().unwrap()],
            plain: false,
        };
        assert_eq!(entry.admits([10, 20, 1, 1].into()), Ok(()));
        assert_eq!(
            entry.admits([10, 21, 1, 1].into()),
            Err(TargetError::Address)
        );
    }
}
