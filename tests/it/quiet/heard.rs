//! The log of this process while somebody listens, and its metrics.
//!
//! The log is that of every crate at every level, of all threads: what other
//! tests do meanwhile is heard as well, and may hold nothing personal either.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

static LISTENING: AtomicBool = AtomicBool::new(false);
static HEARD: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

struct Ear;

impl io::Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One listens at a time.
pub(super) async fn alone() -> tokio::sync::MutexGuard<'static, ()> {
    ALONE.lock().await
}

/// The metrics of this process; installs what hears it, once.
pub(super) fn metrics() -> PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    let install = || {
        let listening = dynamic_filter_fn(|_, _| LISTENING.load(Ordering::Relaxed));
        let layer = fmt::layer()
            .without_time()
            .with_ansi(false)
            .with_span_events(FmtSpan::FULL)
            .with_writer(|| Ear)
            .with_filter(listening);
        let registry = tracing_subscriber::registry().with(layer);
        registry.try_init().expect("nobody else hears the log");
        PrometheusBuilder::new()
            .install_recorder()
            .expect("nobody else counts")
    };
    METRICS.get_or_init(install).clone()
}

/// Begins to listen.
pub(super) fn begin() {
    drop(std::mem::take(
        &mut *HEARD.lock().unwrap_or_else(PoisonError::into_inner),
    ));
    LISTENING.store(true, Ordering::Relaxed);
}

/// Waits for words in what is heard, each line of which is read once: whoever
/// reads a log of megabytes again and again keeps everybody from writing it.
pub(super) struct Waiting {
    words: &'static str,
    read: usize,
    times: usize,
}

impl Waiting {
    pub(super) fn of(words: &'static str) -> Self {
        Self {
            words,
            read: 0,
            times: 0,
        }
    }

    /// How often this was heard since listening began.
    pub(super) fn times(&mut self) -> usize {
        let heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
        let new = heard.get(self.read..).unwrap_or_default();
        self.times += memchr::memmem::find_iter(new, self.words.as_bytes()).count();
        self.read = heard.len();
        self.times
    }
}

/// Stops listening; what was heard.
pub(super) fn end() -> Vec<u8> {
    LISTENING.store(false, Ordering::Relaxed);
    std::mem::take(&mut *HEARD.lock().unwrap_or_else(PoisonError::into_inner))
}
