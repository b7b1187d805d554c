//! TLS to the outside: ring, the authorities of a PEM file, nothing lenient.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_rustls::{TlsConnector, rustls};

use super::{Host, OutboundSettings};

/// Where systems keep the authorities they trust.
const SYSTEM: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// Connects with TLS, once the authorities are read.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No file of authorities.
    #[error("no file of certificate authorities was found")]
    Missing,
    /// The file cannot be read.
    #[error("the certificate authorities in {0} cannot be read")]
    Unreadable(PathBuf),
}

impl Tls {
    /// Trusts the authorities of the settings, or the system's.
    pub(super) fn of(settings: &OutboundSettings) -> Result<Tls, TlsError> {
        let system = || SYSTEM.iter().map(Path::new).find(|path| path.exists());
        let file = settings.ca_file.as_deref().or_else(system);
        let file = file.ok_or(TlsError::Missing)?;
        let unreadable = || TlsError::Unreadable(file.to_owned());
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(file).map_err(|_| unreadable())?;
        let certificates: Result<Vec<_>, _> = certificates.collect();
        let (added, _) = roots.add_parsable_certificates(certificates.map_err(|_| unreadable())?);
        if added == 0 {
            return Err(unreadable());
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| unreadable())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Tls(TlsConnector::from(Arc::new(config))))
    }

    /// Shakes hands with the one the host names.
    pub(super) async fn connect(
        &self,
        host: &Host,
        stream: TcpStream,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let name = match host {
            Host::Address(address) => ServerName::IpAddress((*address).into()),
            Host::Name(name) => ServerName::try_from(name.clone())
                .map_err(|_| std::io::Error::other(rustls::Error::General(String::new())))?,
        };
        self.0.connect(name, stream).await
    }
}
