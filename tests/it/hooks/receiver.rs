//! A machine that receives webhooks: it keeps what it is sent and answers as
//! it is told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// How to answer one request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// With this status.
    Status(u16),
    /// Sends the sender there.
    Redirect(String),
    /// Holds the request until let go, then 204.
    Hold,
    /// 200 and a body without end.
    Endless,
}

/// One request as received.
#[derive(Clone, Debug)]
pub struct Got {
    pub id: String,
    pub timestamp: String,
    pub signature: String,
    pub content_type: String,
    pub body: Vec<u8>,
}

impl Got {
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn position(&self) -> i64 {
        self.json()["data"]["position"].as_i64().unwrap()
    }

    /// Whether one of the signatures is of this secret, worked out apart from
    /// the program.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD
            .decode(secret.strip_prefix("whsec_").unwrap())
            .unwrap();
        let message = [
            self.id.as_bytes(),
            b".",
            self.timestamp.as_bytes(),
            b".",
            &self.body,
        ]
        .concat();
        let expected = format!("v1,{}", STANDARD.encode(hmac(&key, &message)));
        self.signature.split(' ').any(|one| one == expected)
    }
}

/// RFC 2104 with SHA-256.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let padded = |with: u8| {
        let mut block = [with; 64];
        for (place, byte) in block.iter_mut().zip(key) {
            *place ^= byte;
        }
        block
    };
    let inner = Sha256::new()
        .chain_update(padded(0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

#[derive(Default)]
struct Kept {
    got: Mutex<Vec<Got>>,
    script: Mutex<VecDeque<Reply>>,
    always: Mutex<Option<Reply>>,
    arrived: Notify,
    let_go: Notify,
}

/// A receiver on a port of its own.
pub struct Receiver {
    pub address: SocketAddr,
    kept: Arc<Kept>,
}

async fn receive(
    State(kept): State<Arc<Kept>>,
    headers: HeaderMap,
    body: Vec<u8>,
) -> Response<Body> {
    let header = |name: &str| {
        let value = headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default().to_owned()
    };
    kept.got.lock().unwrap().push(Got {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        content_type: header("content-type"),
        body,
    });
    kept.arrived.notify_waiters();
    let next = kept.script.lock().unwrap().pop_front();
    let reply = next.or_else(|| kept.always.lock().unwrap().clone());
    let answer = Response::builder();
    match reply.unwrap_or(Reply::Status(204)) {
        Reply::Status(status) => answer.status(status).body(Body::empty()).unwrap(),
        Reply::Redirect(to) => answer
            .status(StatusCode::FOUND)
            .header("location", to)
            .body(Body::empty())
            .unwrap(),
        Reply::Hold => {
            kept.let_go.notified().await;
            answer.status(204).body(Body::empty()).unwrap()
        }
        Reply::Endless => {
            let (reader, mut writer) = tokio::io::simplex(1 << 16);
            tokio::spawn(async move {
                use tokio::io::AsyncWriteExt as _;
                while writer.write_all(&[b'x'; 4096]).await.is_ok() {}
            });
            let stream = tokio_stream(reader);
            answer.status(200).body(Body::from_stream(stream)).unwrap()
        }
    }
}

/// A reader as a stream of its pieces.
fn tokio_stream(
    reader: impl tokio::io::AsyncRead + Unpin + Send + 'static,
) -> impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> + Send + 'static {
    futures_util::stream::unfold(reader, |mut reader| async move {
        use tokio::io::AsyncReadExt as _;
        let mut piece = vec![0; 4096];
        let read = reader
            .read(&mut piece)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        piece.truncate(read);
        Some((Ok(piece), reader))
    })
}

impl Receiver {
    pub async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::new(Kept::default());
        let router = axum::Router::new()
            .fallback(move |state, headers, body: axum::body::Bytes| {
                receive(state, headers, body.to_vec())
            })
            .with_state(kept.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Receiver { address, kept }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers the next requests like this, one each.
    pub fn then(&self, replies: &[Reply]) {
        self.kept
            .script
            .lock()
            .unwrap()
            .extend(replies.iter().cloned());
    }

    /// Answers every request like this.
    pub fn always(&self, reply: Option<Reply>) {
        *self.kept.always.lock().unwrap() = reply;
    }

    pub fn let_go(&self) {
        self.kept.let_go.notify_waiters();
    }

    pub fn got(&self) -> Vec<Got> {
        self.kept.got.lock().unwrap().clone()
    }

    /// Waits until it was sent this many requests.
    pub async fn has_got(&self, count: usize) {
        loop {
            let arrived = self.kept.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if self.got().len() >= count {
                return;
            }
            arrived.await;
        }
    }
}

/// Counts who connects.
pub struct Canary {
    pub address: SocketAddr,
    connected: Arc<AtomicUsize>,
}

impl Canary {
    pub async fn start() -> Canary {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connected = Arc::new(AtomicUsize::new(0));
        let counted = connected.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        Canary {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            connected,
        }
    }

    /// How many connected, after one that we count on being accepted last.
    pub async fn connections(&self) -> usize {
        use tokio::io::AsyncReadExt as _;
        let mut own = tokio::net::TcpStream::connect(self.address).await.unwrap();
        // Closed by the canary: it has accepted everything before.
        let _ = own.read(&mut [0]).await;
        self.connected.load(Ordering::SeqCst) - 1
    }
}
