//! One request to an allowed target: resolved once, checked, connected to the
//! address that was checked, and bounded in time and size.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use store::subscriptions::Failure;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use vault::Zeroizing;

use super::tls::{Tls, TlsError};
use super::{Allowed, Host, OutboundSettings, Target, TargetError};

/// Most bytes of a head that are read.
const HEAD_BYTES: usize = 16 * 1024;

/// Finds the addresses of a name.
#[async_trait]
pub trait Names: Send + Sync {
    /// All addresses of a name.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// A request to send.
pub struct Sending {
    /// Method.
    pub method: Method,
    /// Headers beside `Host` and `User-Agent`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Body; may be secret.
    pub body: Zeroizing<Vec<u8>>,
    /// Bytes of the answer's body that are read; more is a failure.
    pub answer_bytes_max: usize,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Body; empty when it was longer than asked for.
    pub body: Vec<u8>,
    /// The body was longer than asked for.
    pub cut: bool,
}

/// Sends requests to allowed targets.
pub struct Client {
    settings: OutboundSettings,
    names: Arc<dyn Names>,
    tls: OnceLock<Option<Tls>>,
}

impl Client {
    /// With the system's resolver.
    pub fn new(settings: OutboundSettings) -> Client {
        Client::with_names(settings, Arc::new(SystemNames))
    }

    /// With another resolver.
    pub fn with_names(settings: OutboundSettings, names: Arc<dyn Names>) -> Client {
        Client {
            settings,
            names,
            tls: OnceLock::new(),
        }
    }

    /// Whether TLS can be spoken: for the start and for `doctor`.
    pub fn check_tls(settings: &OutboundSettings) -> Result<(), TlsError> {
        Tls::of(settings).map(|_| ())
    }

    /// Whether a target is on the list, before its name is resolved.
    pub fn allows(&self, target: &Target) -> Result<(), TargetError> {
        target.allowed_by(&self.settings).map(|_| ())
    }

    /// Sends one request and reads its answer. Nothing is followed: 3xx is an
    /// answer like any other.
    pub async fn send(&self, target: &Target, sending: Sending) -> Result<Answer, Failure> {
        let exchange = async {
            let stream = timeout(self.settings.patience.connect, self.connect(target)).await;
            match stream.map_err(|_| Failure::Timeout)?? {
                Stream::Plain(stream) => exchange(target, stream, sending).await,
                Stream::Tls(stream) => exchange(target, *stream, sending).await,
            }
        };
        timeout(self.settings.patience.total, exchange)
            .await
            .map_err(|_| Failure::Timeout)?
    }

    /// Whether a target can be reached: connected to and hung up.
    pub async fn reaches(&self, target: &Target) -> Result<(), Failure> {
        let stream = timeout(self.settings.patience.connect, self.connect(target)).await;
        stream.map_err(|_| Failure::Timeout)?.map(|_| ())
    }

    async fn connect(&self, target: &Target) -> Result<Stream, Failure> {
        let entry = target.allowed_by(&self.settings);
        let entry = entry.map_err(|_| Failure::Refused)?;
        let address = self.address(target, entry).await?;
        let stream = TcpStream::connect(SocketAddr::new(address, target.port)).await;
        let stream = stream.map_err(|_| Failure::Unreachable)?;
        if !target.tls {
            return Ok(Stream::Plain(stream));
        }
        let tls = self.tls.get_or_init(|| Tls::of(&self.settings).ok());
        let tls = tls.as_ref().ok_or(Failure::Tls)?;
        let shaken = tls.connect(&target.host, stream).await;
        shaken
            .map(|stream| Stream::Tls(Box::new(stream)))
            .map_err(|_| Failure::Tls)
    }

    /// The one address that is checked and connected to. A name that also has
    /// a forbidden address is refused whole: somebody is playing with it.
    async fn address(&self, target: &Target, entry: &Allowed) -> Result<IpAddr, Failure> {
        let addresses = match &target.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                let found = self.names.resolve(name).await;
                found.map_err(|_| Failure::Unresolved)?
            }
        };
        for address in &addresses {
            let own = address.is_loopback() || is_our_own(*address);
            if entry.admits(*address).is_err() || (own && !self.settings.own_addresses) {
                return Err(Failure::Refused);
            }
        }
        addresses.first().copied().ok_or(Failure::Unresolved)
    }
}

/// A connection.
enum Stream {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

/// Whether an address is one of this machine's: the system would send to it
/// from itself. Nothing is sent to find out.
fn is_our_own(address: IpAddr) -> bool {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let from = || -> io::Result<IpAddr> {
        let socket = UdpSocket::bind((any, 0))?;
        // Any port: with UDP this only looks up the route.
        socket.connect((address, 9))?;
        Ok(socket.local_addr()?.ip())
    };
    from().is_ok_and(|from| from == address)
}

async fn exchange<S>(target: &Target, stream: S, sending: Sending) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |_| Failure::Broken;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    // It ends with the sender; whatever is left of the answer is dropped.
    let connection = tokio::spawn(connection);
    let authority = HeaderValue::from_str(&target.authority()).map_err(|_| Failure::Refused)?;
    let mut request = Request::builder()
        .method(sending.method)
        .uri(&target.path)
        .header(HOST, authority)
        .header(USER_AGENT, concat!("hearth/", env!("CARGO_PKG_VERSION")));
    for (name, value) in sending.headers {
        request = request.header(name, value);
    }
    let body = Full::new(Bytes::copy_from_slice(&sending.body));
    let request = request.body(body).map_err(|_| Failure::Refused)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), sending.answer_bytes_max);
        match body.collect().await {
            Ok(body) => Ok(Answer {
                status,
                body: body.to_bytes().to_vec(),
                cut: false,
            }),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => Ok(Answer {
                status,
                body: Vec::new(),
                cut: true,
            }),
            Err(_) => Err(Failure::Broken),
        }
    };
    let answer = answer.await;
    connection.abort();
    answer
}
