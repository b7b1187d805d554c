//! Logging in through an identity provider: a real one on loopback, honest and
//! otherwise. Every refusal has one body.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::authority::{Officer, Role};
use domain::ids::OfficerId;
use domain::region::DivisionCode;
use pipeline::account::administer::{Act, NewAccount, add, bind, disable, unbind};
use pipeline::account::sso::SsoSettings;
use pipeline::outbound::{Allowed, OutboundSettings, Patience};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rsa::pkcs8::EncodePrivateKey as _;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use testkit::app::{HUTANG, TestApp};
use testkit::call::Answer;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::store::backend::Backend;

const CLIENT: &str = "hearth";
const SECRET: &str = "a secret with spaces & more";
const SUBJECT: &str = "work-4711";

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Keys of the provider, drawn once.
struct Signing {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    /// One nobody published.
    stranger: EcdsaKeyPair,
}

fn ec() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap()
}

fn signing() -> &'static Signing {
    static SIGNING: OnceLock<Signing> = OnceLock::new();
    SIGNING.get_or_init(|| {
        let drawn = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
        let document = drawn.to_pkcs8_der().unwrap();
        Signing {
            rsa: RsaKeyPair::from_pkcs8(document.as_bytes()).unwrap(),
            ec: ec(),
            stranger: ec(),
        }
    })
}

fn rsa_public() -> (Vec<u8>, Vec<u8>) {
    let public = PublicKeyComponents::<Vec<u8>>::from(signing().rsa.public());
    (public.n, public.e)
}

fn jwks() -> Json {
    let point = signing().ec.public_key().as_ref();
    let (n, e) = rsa_public();
    json!({ "keys": [
        { "kty": "RSA", "kid": "r1", "use": "sig", "alg": "RS256", "n": b64(n), "e": b64(e) },
        { "kty": "EC", "kid": "e1", "use": "sig", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..]) },
        { "kty": "oct", "kid": "o1", "k": "AAAA" },
    ] })
}

fn rs256(header: &Json, claims: &Json) -> String {
    let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let rsa = &signing().rsa;
    let mut signature = vec![0; rsa.public().modulus_len()];
    rsa.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{message}.{}", b64(signature))
}

fn es256(key: &EcdsaKeyPair, header: &Json, claims: &Json) -> String {
    let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let signature = key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", b64(signature))
}

/// HMAC-SHA-256 (RFC 2104), for the confusion of keys.
fn hs256(key: &[u8], header: &Json, claims: &Json) -> String {
    let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let short: Vec<u8> = if key.len() > 64 {
        Sha256::digest(key).to_vec()
    } else {
        key.to_vec()
    };
    let padded = |with: u8| {
        let mut block = [with; 64];
        for (place, byte) in block.iter_mut().zip(&short) {
            *place ^= byte;
        }
        block
    };
    let inner = Sha256::new()
        .chain_update(padded(0x36))
        .chain_update(&message)
        .finalize();
    let outer = Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize();
    format!("{message}.{}", b64(outer))
}

type Mint = dyn Fn(Json) -> String + Send + Sync;

#[derive(Default)]
struct Kept {
    issuer: String,
    /// Codes given out, with challenge and nonce.
    codes: BTreeMap<String, (String, String)>,
    mint: Option<Arc<Mint>>,
    /// Seconds at the provider.
    now: i64,
    /// What the discovery document says of its issuer.
    named: Option<String>,
}

/// An identity provider.
#[derive(Clone)]
struct Provider(Arc<Mutex<Kept>>);

fn parsed(form: &str) -> BTreeMap<String, String> {
    let plain = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let pair = [rest.next().unwrap(), rest.next().unwrap()];
                let hex = std::str::from_utf8(&pair).unwrap();
                bytes.push(u8::from_str_radix(hex, 16).unwrap());
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).unwrap()
    };
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

async fn redeem(
    State(provider): State<Provider>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    let form = parsed(&body);
    let basic = headers["authorization"]
        .to_str()
        .unwrap()
        .strip_prefix("Basic ")
        .unwrap();
    let basic = String::from_utf8(STANDARD.decode(basic).unwrap()).unwrap();
    let escaped = SECRET.replace(' ', "%20").replace('&', "%26");
    assert_eq!(basic, format!("{CLIENT}:{escaped}"));
    let mut kept = provider.0.lock().unwrap();
    // A code is good once, and only with the verifier of its challenge.
    let Some((challenge, nonce)) = kept.codes.remove(&form["code"]) else {
        return (
            StatusCode::BAD_REQUEST,
            r#"{"error":"invalid_grant"}"#.to_owned(),
        );
    };
    assert_eq!(b64(Sha256::digest(&form["code_verifier"])), challenge);
    assert_eq!(form["grant_type"], "authorization_code");
    let claims = json!({
        "iss": kept.issuer, "aud": CLIENT, "sub": SUBJECT, "nonce": nonce,
        "iat": kept.now, "exp": kept.now + 300,
    });
    let mint = kept.mint.clone().unwrap();
    let token = mint(claims);
    (
        StatusCode::OK,
        json!({ "id_token": token, "access_token": "x", "token_type": "Bearer" }).to_string(),
    )
}

async fn discovery(State(provider): State<Provider>) -> String {
    let kept = provider.0.lock().unwrap();
    let issuer = &kept.issuer;
    json!({
        "issuer": kept.named.as_ref().unwrap_or(issuer),
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
    })
    .to_string()
}

impl Provider {
    async fn start() -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let provider = Provider(Arc::new(Mutex::new(Kept {
            issuer: format!("http://127.0.0.1:{port}"),
            ..Kept::default()
        })));
        let router = axum::Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(async || jwks().to_string()))
            .route("/token", post(redeem))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider.mints(|claims| rs256(&json!({ "alg": "RS256", "kid": "r1" }), &claims));
        provider
    }

    fn issuer(&self) -> String {
        self.0.lock().unwrap().issuer.clone()
    }

    fn mints(&self, mint: impl Fn(Json) -> String + Send + Sync + 'static) {
        self.0.lock().unwrap().mint = Some(Arc::new(mint));
    }

    /// Would take the code again, and thinks it is another time: so that only
    /// what we remember stands in the way.
    fn forgets(&self, way: &Way, now: i64) {
        let mut kept = self.0.lock().unwrap();
        let known = (way.challenge.clone(), way.nonce.clone());
        kept.codes.insert(way.code.clone(), known);
        kept.now = now;
    }

    /// What happens on its pages: somebody logs in and is sent back with a code.
    fn visited(&self, location: &str, now: i64) -> (String, String) {
        let (endpoint, query) = location.split_once('?').unwrap();
        let mut kept = self.0.lock().unwrap();
        assert_eq!(endpoint, format!("{}/authorize", kept.issuer));
        let query = parsed(query);
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(
            query["redirect_uri"],
            "https://hearth.example/login/oidc/callback"
        );
        assert_eq!(query["scope"], "openid");
        let code = Uuid::new_v4().to_string();
        let known = (query["code_challenge"].clone(), query["nonce"].clone());
        kept.codes.insert(code.clone(), known);
        kept.now = now;
        (code, query["state"].clone())
    }
}

#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn office(backend: &Backend, provider: &Provider, counts: bool, asked: bool) -> TestApp {
    let port = provider
        .issuer()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let outbound = OutboundSettings {
        allow: vec![Allowed {
            host: "127.0.0.1".parse().unwrap(),
            port,
            networks: vec![],
            plain: true,
        }],
        own_addresses: true,
        // A busy machine is no reason to fail.
        patience: Patience {
            connect: Duration::from_mins(1),
            total: Duration::from_mins(1),
        },
        ..OutboundSettings::default()
    };
    let list = |text: &str| {
        if counts {
            vec![text.to_owned()]
        } else {
            vec![]
        }
    };
    let settings = SsoSettings {
        issuer: provider.issuer(),
        client_id: CLIENT.to_owned(),
        client_secret: vault::Zeroizing::new(SECRET.to_owned()),
        redirect_url: "https://hearth.example/login/oidc/callback".to_owned(),
        subject_claim: "sub".to_owned(),
        second_factor_methods: list("otp"),
        second_factor_levels: list("high"),
    };
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::trusting(
        backend.open().await,
        folder,
        outbound,
        Some(settings),
        asked,
    )
    .await;
    let officer = Officer {
        id: OfficerId::from_uuid(Uuid::from_u128(4711)),
        name: "湖塘镇经办人".to_owned(),
        role: Role::Caseworker,
        regions: vec![DivisionCode::parse(HUTANG).unwrap()],
        sources: vec![],
    };
    let new = NewAccount {
        officer,
        login: "li.min",
        holder: None,
    };
    add(&app.deps, &ACT, new).await.unwrap();
    // As after the first login with the one-time password.
    let known = app
        .deps
        .store
        .account_by_login("li.min")
        .await
        .unwrap()
        .unwrap();
    let mut row = known.account;
    row.must_change = false;
    row.version += 1;
    write(&app, vec![store::commit::Write::Account(row)]).await;
    app
}

const ACT: Act<'static> = Act {
    by: "local",
    second: None,
};

async fn write(app: &TestApp, writes: Vec<store::commit::Write>) {
    let commit = store::commit::Commit {
        kind: store::commit::CommitKind::Administration,
        partition: None,
        at: app.deps.clock.now(),
        actor: "test".to_owned(),
        lease: None,
        guards: vec![],
        writes,
        answer: None,
    };
    app.deps.store.commit(&commit).await.unwrap();
}

async fn bound(app: &TestApp, provider: &Provider) {
    bind(&app.deps, &ACT, "li.min", &provider.issuer(), SUBJECT)
        .await
        .unwrap();
}

/// The value of a cookie that was set.
fn cookie(answer: &Answer, name: &str) -> Option<String> {
    let all = answer.headers.get_all("set-cookie").iter();
    let texts = all.map(|value| value.to_str().unwrap());
    let of = texts.filter_map(|text| text.split(';').next()?.split_once('='));
    of.filter(|(is, value)| *is == name && !value.is_empty())
        .map(|(_, value)| value.to_owned())
        .next()
}

/// A login begun: what the browser keeps, and the code and state it comes back
/// with.
struct Way {
    kept: String,
    challenge: String,
    nonce: String,
    code: String,
    state: String,
}

async fn begin(app: &TestApp, provider: &Provider) -> Way {
    let begun = app.get("nobody", "/login/oidc").await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text());
    let set = begun.headers["set-cookie"].to_str().unwrap();
    for guard in ["HttpOnly", "SameSite=Lax", "Secure", "Max-Age=600"] {
        assert!(set.contains(guard), "{set}");
    }
    let now = app.deps.clock.now().as_micros() / 1_000_000;
    let (code, state) = provider.visited(begun.headers["location"].to_str().unwrap(), now);
    let location = begun.headers["location"].to_str().unwrap();
    let query = parsed(location.split_once('?').unwrap().1);
    Way {
        challenge: query["code_challenge"].clone(),
        nonce: query["nonce"].clone(),
        kept: cookie(&begun, "__Host-hearth-sso").unwrap(),
        code,
        state,
    }
}

impl Way {
    async fn back(&self, app: &TestApp) -> Answer {
        let path = format!(
            "/login/oidc/callback?code={}&state={}&iss=x",
            self.code, self.state
        );
        let kept = format!("__Host-hearth-sso={}", self.kept);
        app.call("nobody", Method::GET, &path, &[("cookie", &kept)], vec![])
            .await
    }
}

async fn whole_way(app: &TestApp, provider: &Provider) -> Answer {
    begin(app, provider).await.back(app).await
}

async fn opens(app: &TestApp, answer: &Answer) -> StatusCode {
    let id = cookie(answer, "__Host-hearth").expect("a session");
    let session = format!("__Host-hearth={id}");
    let headers = [("cookie", session.as_str())];
    let desk = app.call("nobody", Method::GET, "/api/v1/alerts", &headers, vec![]);
    desk.await.status
}

async fn who_is_bound_gets_in(backend: Backend) {
    let provider = Provider::start().await;
    let app = office(&backend, &provider, false, false).await;
    let page = app.get("nobody", "/login").await.text();
    assert!(page.contains("/login/oidc"));
    bound(&app, &provider).await;
    let arrived = whole_way(&app, &provider).await;
    assert_eq!(arrived.status, StatusCode::OK, "{}", arrived.text());
    assert_eq!(arrived.headers["cache-control"], "no-store");
    // Strict cookies do not come along on a way that began elsewhere: a page of
    // ours leads on.
    assert!(arrived.text().contains(r#"url=/""#), "{}", arrived.text());
    assert_eq!(opens(&app, &arrived).await, StatusCode::OK);
    provider.mints(|claims| {
        es256(
            &signing().ec,
            &json!({ "alg": "ES256", "kid": "e1" }),
            &claims,
        )
    });
    let arrived = whole_way(&app, &provider).await;
    assert_eq!(opens(&app, &arrived).await, StatusCode::OK);
    // What the provider calls somebody is in no table.
    let contents = backend.contents().await;
    let name = SUBJECT.as_bytes();
    assert!(!contents.windows(name.len()).any(|window| window == name));
    // Unbound, the session ends and nobody gets in.
    unbind(&app.deps, &ACT, "li.min").await.unwrap();
    assert_eq!(opens(&app, &arrived).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        whole_way(&app, &provider).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn who_is_bound_gets_in_on_sqlite() {
    who_is_bound_gets_in(Backend::sqlite().await.unwrap()).await;
}

#[tokio::test]
async fn who_is_bound_gets_in_on_postgres() {
    if let Some(backend) = Backend::postgres().await {
        who_is_bound_gets_in(backend).await;
    }
}

/// Claims changed, minted as the honest provider would.
fn with(change: impl Fn(&mut Json) + Send + Sync + 'static) -> Arc<Mint> {
    Arc::new(move |mut claims| {
        change(&mut claims);
        rs256(&json!({ "alg": "RS256", "kid": "r1" }), &claims)
    })
}

#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
fn attacks() -> Vec<(&'static str, Arc<Mint>)> {
    let head = |alg: &str, kid: &str| json!({ "alg": alg, "kid": kid });
    let shift = |name: &'static str, seconds: i64| {
        with(move |claims| {
            let iat = claims["iat"].as_i64().unwrap();
            claims[name] = json!(iat + seconds);
        })
    };
    let set = |name: &'static str, value: Json| with(move |claims| claims[name] = value.clone());
    let without = |name: &'static str| {
        with(move |claims| {
            claims.as_object_mut().unwrap().remove(name);
        })
    };
    vec![
        ("wrong audience", set("aud", json!("other"))),
        (
            "many audiences without azp",
            set("aud", json!([CLIENT, "other"])),
        ),
        ("made for another", set("azp", json!("other"))),
        ("no audience", without("aud")),
        ("wrong issuer", set("iss", json!("https://evil.example"))),
        ("no issuer", without("iss")),
        ("expired", shift("exp", -61)),
        ("no end", without("exp")),
        ("not valid yet", shift("nbf", 120)),
        ("from the future", shift("iat", 120)),
        ("stale", shift("iat", -601)),
        ("no instant", without("iat")),
        ("another nonce", set("nonce", json!("x"))),
        ("missing nonce", without("nonce")),
        ("unbound subject", set("sub", json!("work-4712"))),
        ("no subject", without("sub")),
        ("subject is a list", set("sub", json!([SUBJECT]))),
        (
            "alg none",
            Arc::new(move |claims| {
                let head = json!({ "alg": "none" });
                format!("{}.{}.", b64(head.to_string()), b64(claims.to_string()))
            }),
        ),
        (
            "none with a signature",
            Arc::new(move |claims| rs256(&head("none", "r1"), &claims)),
        ),
        (
            "HS256 with the modulus",
            Arc::new(move |claims| hs256(&rsa_public().0, &head("HS256", "r1"), &claims)),
        ),
        (
            "HS256 with the published key",
            Arc::new(move |claims| {
                let key = jwks()["keys"][0].to_string();
                hs256(key.as_bytes(), &head("HS256", "r1"), &claims)
            }),
        ),
        (
            "RS256 said, HMAC done",
            Arc::new(move |claims| hs256(&rsa_public().0, &head("RS256", "r1"), &claims)),
        ),
        (
            "ES256 with the RSA key's name",
            Arc::new(move |claims| es256(&signing().ec, &head("ES256", "r1"), &claims)),
        ),
        (
            "a stranger's key",
            Arc::new(move |claims| es256(&signing().stranger, &head("ES256", "e1"), &claims)),
        ),
        (
            "a key that is not published",
            Arc::new(move |claims| es256(&signing().stranger, &head("ES256", "e2"), &claims)),
        ),
        (
            "its own key in the header",
            Arc::new(move |claims| {
                let point = signing().stranger.public_key().as_ref();
                let jwk = json!({ "kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..]) });
                let head = json!({ "alg": "ES256", "jwk": jwk });
                es256(&signing().stranger, &head, &claims)
            }),
        ),
        (
            "an extension nobody knows",
            Arc::new(move |claims| {
                rs256(
                    &json!({ "alg": "RS256", "kid": "r1", "crit": ["x"] }),
                    &claims,
                )
            }),
        ),
        (
            "claims changed after signing",
            Arc::new(move |claims| {
                let token = rs256(&head("RS256", "r1"), &claims);
                let mut claims = claims;
                claims["exp"] = json!(claims["exp"].as_i64().unwrap() + 1);
                let parts: Vec<&str> = token.split('.').collect();
                format!("{}.{}.{}", parts[0], b64(claims.to_string()), parts[2])
            }),
        ),
        (
            "four parts",
            Arc::new(move |claims| rs256(&head("RS256", "r1"), &claims) + ".x"),
        ),
        ("no token", Arc::new(|_| "x".to_owned())),
    ]
}

#[tokio::test]
async fn no_attack_gets_in_and_all_are_answered_alike() {
    let provider = Provider::start().await;
    let backend = Backend::sqlite().await.unwrap();
    let app = office(&backend, &provider, false, false).await;
    bound(&app, &provider).await;
    let mut bodies: BTreeMap<Vec<u8>, Vec<&str>> = BTreeMap::new();
    let mut refused = |what: &'static str, answer: Answer| {
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        assert_eq!(cookie(&answer, "__Host-hearth"), None, "{what}");
        bodies.entry(answer.bytes).or_default().push(what);
    };
    for (what, mint) in attacks() {
        // Each from an address that has not been slowed down.
        app.clock.advance(901);
        provider.0.lock().unwrap().mint = Some(mint);
        refused(what, whole_way(&app, &provider).await);
    }
    provider.mints(|claims| rs256(&json!({ "alg": "RS256" }), &claims));
    app.clock.advance(901);
    let way = begin(&app, &provider).await;
    assert_eq!(way.back(&app).await.status, StatusCode::OK);
    let now = app.deps.clock.now().as_micros() / 1_000_000;
    provider.forgets(&way, now);
    refused("a state used before", way.back(&app).await);
    let (one, mut other) = (begin(&app, &provider).await, begin(&app, &provider).await);
    other.kept.clone_from(&one.kept);
    refused("another browser's login", other.back(&app).await);
    let mut empty = begin(&app, &provider).await;
    empty.kept.clear();
    refused("nothing kept", empty.back(&app).await);
    let mut forged = begin(&app, &provider).await;
    forged.kept = b64(
        json!({ "state": forged.state, "nonce": "", "verifier": "", "until": i64::MAX })
            .to_string(),
    );
    refused("a login of one's own making", forged.back(&app).await);
    let mut unknown = begin(&app, &provider).await;
    unknown.code = "x".to_owned();
    refused("a code nobody gave", unknown.back(&app).await);
    let mut denied = begin(&app, &provider).await;
    denied.code.clear();
    refused("no code", denied.back(&app).await);
    let slow = begin(&app, &provider).await;
    app.clock.advance(601);
    let now = app.deps.clock.now().as_micros() / 1_000_000;
    provider.forgets(&slow, now);
    refused("a login that took too long", slow.back(&app).await);
    disable(&app.deps, &ACT, "li.min").await.unwrap();
    refused("a disabled account", whole_way(&app, &provider).await);
    let all: Vec<_> = bodies.values().collect();
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].len() > 35);
}

#[tokio::test]
async fn a_second_factor_elsewhere_counts_only_as_configured() {
    for (counts, claims, has_totp, stage) in [
        (true, json!({ "amr": ["pwd", "otp"] }), false, "/"),
        (true, json!({ "acr": "high" }), false, "/"),
        (
            true,
            json!({ "amr": ["pwd"], "acr": "low" }),
            false,
            "/account/second-factor",
        ),
        (true, json!({}), true, "/login/code"),
        (true, json!({ "amr": ["otp"] }), true, "/"),
        (
            false,
            json!({ "amr": ["otp"], "acr": "high" }),
            true,
            "/login/code",
        ),
        (
            false,
            json!({ "amr": ["otp"], "acr": "high" }),
            false,
            "/account/second-factor",
        ),
    ] {
        let provider = Provider::start().await;
        let backend = Backend::sqlite().await.unwrap();
        let app = office(&backend, &provider, counts, true).await;
        bound(&app, &provider).await;
        if has_totp {
            let known = app
                .deps
                .store
                .account_by_login("li.min")
                .await
                .unwrap()
                .unwrap();
            let mut row = known.account;
            row.totp = Some(vec![1]);
            row.version += 1;
            write(&app, vec![store::commit::Write::Account(row)]).await;
        }
        let more = claims.clone();
        provider.mints(move |mut all| {
            all.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            rs256(&json!({ "alg": "RS256", "kid": "r1" }), &all)
        });
        let arrived = whole_way(&app, &provider).await;
        let leads = format!("url={stage}\"");
        assert!(
            arrived.text().contains(&leads),
            "{counts} {claims} {has_totp}: {}",
            arrived.text()
        );
        let desk = opens(&app, &arrived).await;
        let expected = if stage == "/" {
            StatusCode::OK
        } else {
            StatusCode::UNAUTHORIZED
        };
        assert_eq!(desk, expected, "{counts} {claims} {has_totp}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_who_it_should_be_is_not_asked() {
    let provider = Provider::start().await;
    let backend = Backend::sqlite().await.unwrap();
    let app = office(&backend, &provider, false, false).await;
    provider.0.lock().unwrap().named = Some("https://evil.example".to_owned());
    let refused = app.get("nobody", "/login/oidc").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    provider.0.lock().unwrap().named = None;
    assert_eq!(
        app.get("nobody", "/login/oidc").await.status,
        StatusCode::SEE_OTHER
    );
    // Off unless configured.
    let plain = TestApp::sqlite().await;
    assert_eq!(
        plain.get("nobody", "/login/oidc").await.status,
        StatusCode::NOT_FOUND
    );
    assert!(
        !plain
            .get("nobody", "/login")
            .await
            .text()
            .contains("/login/oidc")
    );
}
