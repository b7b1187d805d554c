//! Where connections must not go, and whom they trust: the client alone, with
//! names that resolve to whatever an attacker wants.

use std::io;
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use pipeline::outbound::{Allowed, Client, Names, OutboundSettings, Sending, Target};
use store::subscriptions::Failure;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

use super::receiver::Canary;

/// Answers with these addresses, others the second time, and counts.
struct Resolver {
    first: Vec<IpAddr>,
    later: Vec<IpAddr>,
    asked: AtomicUsize,
}

#[async_trait]
impl Names for Resolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        assert!(!name.is_empty());
        let first = self.asked.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(if first {
            self.first.clone()
        } else {
            self.later.clone()
        })
    }
}

fn resolver(first: &[IpAddr], later: &[IpAddr]) -> Arc<Resolver> {
    Arc::new(Resolver {
        first: first.to_vec(),
        later: later.to_vec(),
        asked: AtomicUsize::new(0),
    })
}

fn post() -> Sending {
    Sending {
        method: "POST".parse().unwrap(),
        headers: vec![],
        body: vault::Zeroizing::new(b"{}".to_vec()),
        answer_bytes_max: 4096,
    }
}

fn allowing(host: &str, port: u16, networks: &[&str]) -> OutboundSettings {
    OutboundSettings {
        allow: vec![Allowed {
            host: host.parse().unwrap(),
            port,
            networks: networks.iter().map(|n| n.parse().unwrap()).collect(),
            plain: true,
        }],
        ..OutboundSettings::default()
    }
}

/// An address of this machine beside loopback, where there is one. Nothing is
/// sent to find it.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_unspecified() && !own.is_loopback()).then_some(own)
}

#[tokio::test]
async fn no_name_leads_to_a_forbidden_address() {
    let canary = Canary::start().await;
    let port = canary.address.port();
    let target: Target = format!("http://hooks.example:{port}/").parse().unwrap();
    let mut tried = 0;
    let fine: IpAddr = "203.0.113.9".parse().unwrap();
    let mut forbidden: Vec<IpAddr> = [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "0.0.0.0",
        "::",
        "169.254.169.254",
        "fe80::1",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
    ]
    .iter()
    .map(|text| text.parse().unwrap())
    .collect();
    forbidden.extend(own_address());
    for address in forbidden {
        // Alone, before and behind a harmless one.
        for answer in [vec![address], vec![address, fine], vec![fine, address]] {
            let names = resolver(&answer, &answer);
            let client = Client::with_names(allowing("hooks.example", port, &[]), names);
            let sent = client.send(&target, post()).await;
            assert_eq!(sent.unwrap_err(), Failure::Refused, "{answer:?}");
            tried += 1;
        }
    }
    assert!(tried >= 42);
    assert_eq!(canary.connections().await, 0);
}

#[tokio::test]
async fn no_spelling_of_an_address_leads_to_our_own() {
    let canary = Canary::start().await;
    let port = canary.address.port();
    for host in [
        "127.0.0.1",
        "[::1]",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "localhost",
    ] {
        let url = format!("http://{host}:{port}/");
        let Ok(target) = url.parse::<Target>() else {
            continue;
        };
        // Even an administrator who lists it does not get it.
        let client = Client::new(allowing(host, port, &[]));
        let sent = client.send(&target, post()).await;
        assert!(
            matches!(sent, Err(Failure::Refused | Failure::Unresolved)),
            "{host}: {sent:?}"
        );
    }
    assert_eq!(canary.connections().await, 0);
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_connected_to() {
    let canary = Canary::start().await;
    let port = canary.address.port();
    let loopback: IpAddr = [127, 0, 0, 1].into();
    let listed: IpAddr = [127, 0, 0, 2].into();
    let target: Target = format!("http://hooks.example:{port}/").parse().unwrap();
    // A name that changes its mind between check and connection.
    let names = resolver(&[listed], &[loopback]);
    let settings = OutboundSettings {
        own_addresses: true,
        ..allowing("hooks.example", port, &["127.0.0.2/32"])
    };
    let client = Client::with_names(settings.clone(), names.clone());
    // The canary hangs up on everybody: broken, but reached.
    assert_eq!(
        client.send(&target, post()).await.unwrap_err(),
        Failure::Broken
    );
    assert_eq!(names.asked.load(Ordering::SeqCst), 1, "resolved once");
    assert_eq!(
        client.send(&target, post()).await.unwrap_err(),
        Failure::Refused
    );
    // Outside the networks of the entry, on another port, under another name.
    let elsewhere = resolver(&[loopback], &[loopback]);
    let client = Client::with_names(settings, elsewhere);
    assert_eq!(
        client.send(&target, post()).await.unwrap_err(),
        Failure::Refused
    );
    for other in ["http://hooks.example:1/", "http://other.example/"] {
        let other: Target = other.parse().unwrap();
        assert_eq!(
            client.send(&other, post()).await.unwrap_err(),
            Failure::Refused
        );
    }
    let plain_only_with_tls = OutboundSettings {
        allow: vec![Allowed {
            plain: false,
            ..allowing("127.0.0.1", port, &[]).allow[0].clone()
        }],
        own_addresses: true,
        ..OutboundSettings::default()
    };
    let clear: Target = format!("http://127.0.0.1:{port}/").parse().unwrap();
    let client = Client::new(plain_only_with_tls);
    assert_eq!(
        client.send(&clear, post()).await.unwrap_err(),
        Failure::Refused
    );
    assert_eq!(canary.connections().await, 1);
}

/// A TLS server for `hooks.example`, its authority's certificate in a file.
async fn tls_server(folder: &std::path::Path) -> (u16, std::path::PathBuf) {
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["hooks.example".to_owned()]).unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    let file = folder.join("ca.pem");
    std::fs::write(&file, certificate.pem()).unwrap();
    let key =
        tokio_rustls::rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    (port, file)
}

#[tokio::test]
async fn only_a_certificate_of_the_name_by_a_trusted_authority_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let (port, ca) = tls_server(folder.path()).await;
    let loopback: IpAddr = [127, 0, 0, 1].into();
    let settings = |host: &str, ca_file: Option<&std::path::Path>| OutboundSettings {
        own_addresses: true,
        ca_file: ca_file.map(std::path::Path::to_owned),
        ..allowing(host, port, &[])
    };
    let send = async |host: &str, ca_file: Option<&std::path::Path>| {
        let names = resolver(&[loopback], &[loopback]);
        let client = Client::with_names(settings(host, ca_file), names);
        let target: Target = format!("https://{host}:{port}/").parse().unwrap();
        client
            .send(&target, post())
            .await
            .map(|answer| answer.status)
    };
    assert_eq!(send("hooks.example", Some(&ca)).await, Ok(204));
    assert_eq!(send("other.example", Some(&ca)).await, Err(Failure::Tls));
    let other = tempfile::tempdir().unwrap();
    let (_, stranger) = tls_server(other.path()).await;
    assert_eq!(
        send("hooks.example", Some(&stranger)).await,
        Err(Failure::Tls)
    );
    let missing = folder.path().join("nothing.pem");
    assert_eq!(
        send("hooks.example", Some(&missing)).await,
        Err(Failure::Tls)
    );
    assert!(Client::check_tls(&settings("hooks.example", Some(&missing))).is_err());
    assert!(Client::check_tls(&settings("hooks.example", Some(&ca))).is_ok());
}
