//! `hearth serve`: the steps and the HTTP service of one store.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::account::cookie::Cookies;
use api::app::{App, HeaderName, Limits};
use clap::Args;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use pipeline::account::Door;
use pipeline::account::sso::Sso;
use pipeline::disclose::Discloser;
use pipeline::outbound::Client;
use pipeline::webhook::{self, Hooks};
use pipeline::{Deps, runner};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::commands::Place;
use crate::settings::Settings;
use crate::{exit, office, spool};

/// How often histograms are folded, so that they do not grow.
const UPKEEP: Duration = Duration::from_secs(5);

/// What `hearth serve` takes.
#[derive(Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Address to serve on, instead of http.listen
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Listens beyond loopback: a proxy in front ends TLS
    #[arg(long)]
    behind_tls_proxy: bool,
}

/// Runs it until SIGTERM or SIGINT.
pub(crate) async fn run(args: ServeArgs, settings: Settings) -> anyhow::Result<()> {
    let listen = args.listen.unwrap_or(settings.http.listen);
    let edge = Edge::bind(listen, args.behind_tls_proxy).await?;
    let deps = office::open(&settings, "serve").await?;
    spool::prepare(&settings.store.spool())?;
    tracing::info!(address = %edge.address(), policies = deps.policies().hash(), synthetic = deps.settings.synthetic, "serving");
    until_stopped(deps, edge, &settings).await
}

/// An address we listen on.
pub(crate) struct Edge {
    listener: TcpListener,
    address: SocketAddr,
    cookies: Cookies,
}

impl Edge {
    /// Listens. Beyond loopback only behind a proxy that ends TLS: tokens must
    /// not travel in clear.
    pub(crate) async fn bind(address: SocketAddr, behind_tls_proxy: bool) -> anyhow::Result<Edge> {
        if !address.ip().is_loopback() && !behind_tls_proxy {
            return Err(exit::configuration(format!(
                "{address} is not loopback and tokens must not travel in clear; put a proxy that ends TLS in front and say --behind-tls-proxy"
            )));
        }
        let refuse =
            |error: std::io::Error| exit::busy(format!("cannot listen on {address}: {error}"));
        let listener = TcpListener::bind(address).await.map_err(refuse)?;
        let address = listener.local_addr().map_err(refuse)?;
        // Without TLS in front a cookie that demands it would never come back.
        let cookies = if behind_tls_proxy {
            Cookies::Secure
        } else {
            Cookies::Plain
        };
        Ok(Edge {
            listener,
            address,
            cookies,
        })
    }

    /// Where; the port that was given when none was asked for.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Runs the steps and serves, until a signal; then the step under way and the
/// requests under way are finished.
pub(crate) async fn until_stopped(
    deps: Arc<Deps>,
    edge: Edge,
    settings: &Settings,
) -> anyhow::Result<()> {
    let (stopping, stop) = watch::channel(false);
    let limits = Limits {
        upload_bytes_max: settings.http.upload_bytes_max,
        ..Limits::default()
    };
    let client = Arc::new(Client::new(settings.outbound.steps()?));
    let door = Arc::new(Door::new(deps.clone()));
    let provider = settings.oidc.steps()?;
    let sso = provider.map(|provider| Arc::new(Sso::new(door.clone(), client.clone(), provider)));
    let hooks = Arc::new(Hooks::new(deps.clone(), client));
    let app = App {
        deps: deps.clone(),
        discloser: Discloser::start(deps.clone()),
        metrics: Some(install_metrics()?),
        spool: settings.store.spool(),
        limits: limits.clone(),
        door,
        sso,
        hooks: hooks.clone(),
        cookies: edge.cookies,
        client_address_header: client_address_header(settings)?,
        gateway_parameters: settings.http.gateway_parameters.clone().into(),
        watch: Arc::default(),
    };
    let (mut term, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let steps = tokio::spawn(runner::run(deps, stop.clone()));
    let sending = tokio::spawn(webhook::run(hooks, stop.clone()));
    let router = api::router(app);
    let serving =
        tokio::spawn(async move { api::server::serve(edge.listener, router, &limits, stop).await });
    tokio::select! {
        _ = term.recv() => tracing::info!("stopping: SIGTERM"),
        _ = interrupt.recv() => tracing::info!("stopping: SIGINT"),
    }
    // Both ends read it; when they are gone already there is nothing to stop.
    let _ = stopping.send(true);
    let (steps, sending, serving) = tokio::join!(steps, sending, serving);
    steps
        .and(sending)
        .and(serving)
        .map_err(|error| anyhow::anyhow!("a worker ended unexpectedly: {error}"))
}

fn client_address_header(settings: &Settings) -> anyhow::Result<Option<HeaderName>> {
    let name = settings.http.client_address_header.as_deref();
    let name = name.map(str::parse).transpose();
    name.map_err(|_| exit::configuration("http.client_address_header is not the name of a header"))
}

/// Metrics go to one recorder per process, rendered at `/metrics`.
fn install_metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new().install_recorder()?;
    let kept = handle.clone();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(UPKEEP);
        loop {
            tick.tick().await;
            kept.run_upkeep();
        }
    });
    Ok(handle)
}
