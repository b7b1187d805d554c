//! What handlers share.

use std::path::PathBuf;
use std::sync::Arc;

pub use axum::http::HeaderName;
use metrics_exporter_prometheus::PrometheusHandle;
use pipeline::Deps;
use pipeline::account::Door;
use pipeline::account::sso::Sso;
use pipeline::disclose::Discloser;
use pipeline::webhook::Hooks;

use crate::account::cookie::Cookies;
use crate::watch::Watch;

/// Limits of the HTTP edge. Platform defaults.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one upload.
    pub upload_bytes_max: u64,
    /// Bytes of a JSON body.
    pub body_bytes_max: usize,
    /// Seconds a feed request may wait.
    pub wait_seconds_max: u32,
    /// Seconds a stream of events lasts before its reader must come again.
    pub stream_seconds: u64,
    /// Entries or rows of one page.
    pub page_max: u32,
    /// Connections at once.
    pub connections_max: usize,
    /// Connections at once from one address.
    pub connections_per_address_max: usize,
    /// Seconds a client may take for its request head.
    pub header_seconds: u64,
    /// Seconds a request may take, uploads and waits excepted.
    pub request_seconds: u64,
    /// Requests of one officer in a minute.
    pub requests_per_minute_max: u32,
    /// Identities one officer may be shown in full in an hour.
    pub identities_per_hour_max: u32,
    /// Simulations that may run at once; of one officer, one.
    pub simulations_max: usize,
    /// Seconds a simulation may take.
    pub simulation_seconds: u64,
    /// Seconds a release of policy files waits for everybody to be judged under both
    /// before it says how far that is; below `request_seconds`.
    pub weighing_seconds: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            upload_bytes_max: 4 << 30,
            body_bytes_max: 1 << 20,
            wait_seconds_max: 30,
            stream_seconds: 60,
            page_max: 500,
            connections_max: 1024,
            connections_per_address_max: 64,
            header_seconds: 10,
            request_seconds: 30,
            requests_per_minute_max: 600,
            identities_per_hour_max: 60,
            simulations_max: 2,
            simulation_seconds: 120,
            weighing_seconds: 20,
        }
    }
}

/// Shared state of the router.
#[derive(Clone)]
pub struct App {
    /// Store, vault, policies, clock.
    pub deps: Arc<Deps>,
    /// Writes disclosure entries.
    pub discloser: Discloser,
    /// Renders metrics.
    pub metrics: Option<PrometheusHandle>,
    /// Uploads are spooled here.
    pub spool: PathBuf,
    /// Limits.
    pub limits: Limits,
    /// Lets people in.
    pub door: Arc<Door>,
    /// Takes an identity provider's word, where one is configured.
    pub sso: Option<Arc<Sso>>,
    /// Makes and changes subscriptions.
    pub hooks: Arc<Hooks>,
    /// How the session cookie is named and guarded.
    pub cookies: Cookies,
    /// Where a trusted proxy tells the client's address; the peer's without it.
    pub client_address_header: Option<HeaderName>,
    /// Query parameters that gateways add and we take off.
    pub gateway_parameters: Arc<[String]>,
    /// What officers have asked lately.
    pub watch: Arc<Watch>,
}
