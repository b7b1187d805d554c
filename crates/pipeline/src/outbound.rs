//! Connections that leave the house: to machines that subscribe, and to an
//! identity provider.
//!
//! Where they may go is a list the security administrator keeps in the
//! configuration; government receivers stand on private addresses, so those
//! are neither refused nor allowed as such. A name is resolved once, its
//! address is checked, and the connection is made to that address. There are
//! no redirects and no proxies here, because nothing follows or reads them.

pub mod address;
pub mod client;
pub mod target;
mod tls;

use std::path::PathBuf;
use std::time::Duration;

pub use address::Network;
pub use client::{Answer, Client, Names, Sending, SystemNames};
pub use target::{Host, Target, TargetError};

/// Where connections may go.
#[derive(Clone, Debug, Default)]
pub struct OutboundSettings {
    /// The list; nothing is allowed that is not on it.
    pub allow: Vec<Allowed>,
    /// Certificates of authorities trusted besides none: a PEM file. The
    /// system's when absent.
    pub ca_file: Option<PathBuf>,
    /// Loopback and our own addresses as well: for tests and the demo, never
    /// beside other services.
    pub own_addresses: bool,
    /// How long a request may take.
    pub patience: Patience,
}

/// How long a request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until a connection, TLS included, stands.
    pub connect: Duration,
    /// From the first packet to the end of the answer.
    pub total: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            connect: Duration::from_secs(3),
            total: Duration::from_secs(10),
        }
    }
}

/// One place connections may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Name or address, as in the target.
    pub host: Host,
    /// Port.
    pub port: u16,
    /// Networks its addresses must lie in; any that is not refused when empty.
    pub networks: Vec<Network>,
    /// Without TLS.
    pub plain: bool,
}
