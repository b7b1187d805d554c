//! The accept loop: HTTP/1.1 with a real header timer, connection limits in
//! all and per address, and a graceful stop.
//!
//! `axum::serve` installs no timer, so its header timeout never fires; this
//! loop does.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt as _;

use crate::account::address::Peer;
use crate::app::Limits;

/// How long connections under way may take to finish after a stop.
const DRAIN: Duration = Duration::from_secs(20);
/// Pause after a failed accept (out of descriptors, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Header fields of one request.
const HEADERS_MAX: usize = 64;
/// Bytes of a request head.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Connections by address; dropped with the connection.
struct Place {
    address: IpAddr,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Place {
    fn take(
        counts: &Arc<Mutex<HashMap<IpAddr, usize>>>,
        address: IpAddr,
        max: usize,
    ) -> Option<Place> {
        let mut held = counts.lock().ok()?;
        let count = held.entry(address).or_insert(0);
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Place {
            address,
            counts: counts.clone(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Ok(mut held) = self.counts.lock() {
            let left = held
                .get(&self.address)
                .map_or(0, |count| count.saturating_sub(1));
            if left == 0 {
                held.remove(&self.address);
            } else {
                held.insert(self.address, left);
            }
        }
    }
}

/// Serves until `stop` becomes true, then lets requests under way finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let counts = Arc::new(Mutex::new(HashMap::new()));
    let mut connections = tokio::task::JoinSet::new();
    while !*stop.borrow() {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
            Some(_) = connections.join_next() => continue,
        };
        let (stream, peer): (_, SocketAddr) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = places.clone().try_acquire_owned() else {
            continue;
        };
        let Some(place) = Place::take(&counts, peer.ip(), limits.connections_per_address_max)
        else {
            continue;
        };
        let (router, from) = (router.clone(), Peer(peer.ip()));
        let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(from);
            router.clone().oneshot(request)
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(limits.header_seconds))
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let mut stop = stop.clone();
        connections.spawn(async move {
            let _held = (permit, place);
            tokio::pin!(connection);
            tokio::select! {
                _ = connection.as_mut() => return,
                _ = stop.wait_for(|stopped| *stopped) => {}
            }
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        });
    }
    let drained = tokio::time::timeout(DRAIN, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
    if drained.is_err() {
        tracing::warn!("connections were cut after the drain time");
    }
}
