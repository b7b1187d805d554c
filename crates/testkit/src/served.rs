//! An app on a loopback port, its steps running, for clients that are not ours.

use std::net::SocketAddr;

use api::app::Limits;
use pipeline::runner;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::TestApp;

/// A served app. Dropping it stops it.
#[derive(Debug)]
pub struct Served {
    /// Where.
    pub address: SocketAddr,
    _stop: watch::Sender<bool>,
}

impl TestApp {
    /// Serves the router and runs the steps until the answer is dropped.
    pub async fn serve(&self) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, stop) = watch::channel(false);
        let (router, steps) = (self.router.clone(), stop.clone());
        tokio::spawn(async move {
            api::server::serve(listener, router, &Limits::default(), stop).await;
        });
        tokio::spawn(runner::run(self.deps.clone(), steps));
        Served {
            address,
            _stop: sender,
        }
    }
}
