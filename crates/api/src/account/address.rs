//! From which address a request came: the peer's, or what a proxy that is
//! trusted says in a header that is configured.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::App;

/// The other end of the connection; put there by the accept loop.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The client's address.
#[derive(Clone, Copy, Debug)]
pub struct Address(pub IpAddr);

impl FromRequestParts<App> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Address, Infallible> {
        // The last entry is the one our own proxy wrote.
        let told = app.client_address_header.as_ref().and_then(|name| {
            let value = parts.headers.get_all(name).iter().next_back()?;
            value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
        });
        let peer = || parts.extensions.get::<Peer>().map(|peer| peer.0);
        Ok(Address(
            told.or_else(peer).unwrap_or(Ipv4Addr::LOCALHOST.into()),
        ))
    }
}
