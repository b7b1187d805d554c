//! Logging in through an identity provider: OpenID Connect, authorization code
//! with PKCE, state and nonce.
//!
//! The provider says who somebody is, never what they may: its subject is
//! looked up among those an administrator bound to accounts. Nothing is made
//! from a claim.

pub mod token;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::time::Instant;
use hyper::Method;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::subscriptions::Failure;
use vault::{Aad, Entropy as _, Vault, Zeroizing};

use crate::account::door::{Door, Opened};
use crate::account::{AccountError, sso::token::TokenError};
use crate::clock::OsEntropy;
use crate::outbound::{Client, Sending, Target};
use token::{Believed, Expected, Keys};

/// Seconds a login may take at the provider.
const LOGIN_SECONDS: i64 = 600;
/// Seconds what the provider publishes about itself is kept.
const KEPT_SECONDS: i64 = 600;
/// Bytes of what the provider answers.
const ANSWER_BYTES: usize = 256 * 1024;
/// Logins remembered as used at once; they are forgotten when they run out.
const USED_MAX: usize = 10_000;

/// The provider, and what its word is worth.
pub struct SsoSettings {
    /// As it names itself, without a slash at the end unless it has one.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: Zeroizing<String>,
    /// Where it sends people back to.
    pub redirect_url: String,
    /// The claim that names the subject.
    pub subject_claim: String,
    /// Methods (`amr`) of which one counts as a second factor; none when empty.
    pub second_factor_methods: Vec<String>,
    /// Levels (`acr`) that count as a second factor.
    pub second_factor_levels: Vec<String>,
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum SsoError {
    /// The login was not begun here, is over, or was used.
    #[error("the login was not begun here, took too long or was used before")]
    State,
    /// The provider refused, or sent no code.
    #[error("the provider refused")]
    Denied,
    /// The token is not believed.
    #[error("the token is not believed: {0}")]
    Token(#[from] TokenError),
    /// The provider cannot be reached or says what cannot be.
    #[error("the provider cannot be asked: {0}")]
    Provider(&'static str),
    /// The account is not to be opened.
    #[error(transparent)]
    Account(#[from] AccountError),
}

/// What a provider publishes about itself.
#[derive(Clone, Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

#[derive(Clone)]
struct Provider {
    discovered: Discovered,
    keys: Keys,
    at: Instant,
}

/// A login under way, kept by the browser, sealed.
#[derive(Serialize, Deserialize)]
struct Pending {
    state: String,
    nonce: String,
    verifier: String,
    until: i64,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// Where to send the browser, and what it is to keep meanwhile.
pub struct Begun {
    /// The provider's page.
    pub location: String,
    /// For a cookie.
    pub kept: String,
}

/// Lets people in on the word of one provider.
pub struct Sso {
    door: Arc<Door>,
    client: Arc<Client>,
    settings: SsoSettings,
    provider: Mutex<Option<Provider>>,
    used: Mutex<BTreeMap<String, i64>>,
}

/// How a subject is stored and found.
pub fn subject_digest(vault: &Vault, issuer: &str, subject: &str) -> [u8; 32] {
    let length = issuer.len();
    vault.token_digest(&format!("oidc {length} {issuer} {subject}"))
}

fn place() -> Aad {
    Aad {
        table: "sso",
        column: "pending",
        row: "cookie".to_owned(),
    }
}

fn drawn() -> String {
    let mut bytes = [0; 32];
    OsEntropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// `application/x-www-form-urlencoded`.
fn form(pairs: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        let one = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        };
        text.bytes().map(one).collect()
    };
    let pairs = pairs
        .iter()
        .map(|(name, value)| [escaped(name), escaped(value)].join("="));
    pairs.collect::<Vec<_>>().join("&")
}

fn seconds(at: Instant) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

impl Sso {
    /// Of one process.
    pub fn new(door: Arc<Door>, client: Arc<Client>, settings: SsoSettings) -> Sso {
        Sso {
            door,
            client,
            settings,
            provider: Mutex::new(None),
            used: Mutex::default(),
        }
    }

    fn now(&self) -> Instant {
        self.door.deps.clock.now()
    }

    /// Begins a login.
    pub async fn begin(&self) -> Result<Begun, SsoError> {
        let provider = self.provider(false).await?;
        let pending = Pending {
            state: drawn(),
            nonce: drawn(),
            verifier: drawn(),
            until: seconds(self.now()) + LOGIN_SECONDS,
        };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&pending.verifier));
        let query = form(&[
            ("response_type", "code"),
            ("scope", "openid"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &self.settings.redirect_url),
            ("state", &pending.state),
            ("nonce", &pending.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let endpoint = &provider.discovered.authorization_endpoint;
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        let plain = Zeroizing::new(serde_json::to_vec(&pending).expect("texts are JSON"));
        let vault = &self.door.deps.vault;
        let sealed = vault.seal_system(&place(), &plain, &mut OsEntropy);
        Ok(Begun {
            location: format!("{endpoint}{joint}{query}"),
            kept: URL_SAFE_NO_PAD.encode(sealed),
        })
    }

    /// Ends a login: what the browser kept, and what the provider sent along.
    pub async fn finish(
        &self,
        address: IpAddr,
        kept: &str,
        state: &str,
        code: Option<&str>,
    ) -> Result<Opened, SsoError> {
        self.door.admit(address)?;
        let pending = self.pending(kept, state)?;
        let code = code.filter(|code| !code.is_empty());
        let tokens = self.redeem(code.ok_or(SsoError::Denied)?, &pending).await?;
        let believed = self.believed(&tokens.id_token, &pending.nonce).await?;
        let vault = &self.door.deps.vault;
        let digest = subject_digest(vault, &self.settings.issuer, &believed.subject);
        let opened = self
            .door
            .log_in_bound(&digest, self.counts(&believed))
            .await?;
        self.door.forgive(address);
        Ok(opened)
    }

    /// Whether the provider saw a second factor that is taken for one.
    fn counts(&self, believed: &Believed) -> bool {
        let methods = &self.settings.second_factor_methods;
        let levels = &self.settings.second_factor_levels;
        believed
            .methods
            .iter()
            .any(|method| methods.contains(method))
            || believed
                .level
                .as_ref()
                .is_some_and(|level| levels.contains(level))
    }

    /// The login that was begun here, in this browser, not long ago and not
    /// finished before.
    fn pending(&self, kept: &str, state: &str) -> Result<Pending, SsoError> {
        let sealed = URL_SAFE_NO_PAD.decode(kept).map_err(|_| SsoError::State)?;
        let plain = self.door.deps.vault.open_system(&place(), &sealed);
        let plain = Zeroizing::new(plain.map_err(|_| SsoError::State)?);
        let pending: Pending = serde_json::from_slice(&plain).map_err(|_| SsoError::State)?;
        let now = seconds(self.now());
        if pending.state != state || pending.until <= now {
            return Err(SsoError::State);
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| *until > now);
        let known = used.contains_key(&pending.state);
        if known || used.len() >= USED_MAX {
            return Err(SsoError::State);
        }
        used.insert(pending.state.clone(), pending.until);
        Ok(pending)
    }

    /// The token a code stands for.
    async fn redeem(&self, code: &str, pending: &Pending) -> Result<Tokens, SsoError> {
        let provider = self.provider(false).await?;
        let body = Zeroizing::new(form(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.settings.redirect_url),
            ("code_verifier", &pending.verifier),
        ]));
        let id = form(&[(&self.settings.client_id, "")]);
        let secret = Zeroizing::new(form(&[(&self.settings.client_secret, "")]));
        let both = [id.trim_end_matches('='), ":", secret.trim_end_matches('=')].concat();
        let mut basic = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(both)))
            .expect("base64 is ASCII");
        basic.set_sensitive(true);
        let sending = Sending {
            method: Method::POST,
            headers: vec![
                (AUTHORIZATION, basic),
                (
                    CONTENT_TYPE,
                    HeaderValue::from_static("application/x-www-form-urlencoded"),
                ),
                (ACCEPT, HeaderValue::from_static("application/json")),
            ],
            body: Zeroizing::new(body.as_bytes().to_vec()),
            answer_bytes_max: ANSWER_BYTES,
        };
        let target = &provider.discovered.token_endpoint;
        let answer = self.client.send(&target_of(target)?, sending).await;
        let answer = answer.map_err(told)?;
        if !(200..300).contains(&answer.status) || answer.cut {
            return Err(SsoError::Denied);
        }
        serde_json::from_slice(&answer.body).map_err(|_| SsoError::Denied)
    }

    /// Believes a token; keys that changed since they were read are read again.
    async fn believed(&self, token: &str, nonce: &str) -> Result<Believed, SsoError> {
        let expected = Expected {
            issuer: &self.settings.issuer,
            audience: &self.settings.client_id,
            nonce,
            subject_claim: &self.settings.subject_claim,
            now: seconds(self.now()),
        };
        let keys = self.provider(false).await?.keys;
        match token::believe(token, &keys, &expected) {
            Err(TokenError::Signature) => {
                let keys = self.provider(true).await?.keys;
                Ok(token::believe(token, &keys, &expected)?)
            }
            believed => Ok(believed?),
        }
    }

    /// What the provider publishes, read again when it is old.
    async fn provider(&self, again: bool) -> Result<Provider, SsoError> {
        let now = self.now();
        let known = self
            .provider
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(known) = known
            && now < known.at.plus_seconds(KEPT_SECONDS)
            && !again
        {
            return Ok(known);
        }
        let slash = if self.settings.issuer.ends_with('/') {
            ""
        } else {
            "/"
        };
        let url = format!(
            "{}{slash}.well-known/openid-configuration",
            self.settings.issuer
        );
        let discovered: Discovered = self.read(&url).await?;
        if discovered.issuer != self.settings.issuer {
            return Err(SsoError::Provider("it names another issuer"));
        }
        let keys = self.read(&discovered.jwks_uri).await?;
        let provider = Provider {
            discovered,
            keys,
            at: now,
        };
        *self.provider.lock().unwrap_or_else(PoisonError::into_inner) = Some(provider.clone());
        Ok(provider)
    }

    async fn read<T: DeserializeOwned>(&self, url: &str) -> Result<T, SsoError> {
        let sending = Sending {
            method: Method::GET,
            headers: vec![(ACCEPT, HeaderValue::from_static("application/json"))],
            body: Zeroizing::new(Vec::new()),
            answer_bytes_max: ANSWER_BYTES,
        };
        let answer = self.client.send(&target_of(url)?, sending).await;
        let answer = answer.map_err(told)?;
        if answer.status != 200 || answer.cut {
            return Err(SsoError::Provider("it does not answer 200"));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|_| SsoError::Provider("it does not answer what OpenID Connect has"))
    }
}

fn target_of(url: &str) -> Result<Target, SsoError> {
    url.parse()
        .map_err(|_| SsoError::Provider("an endpoint is no plain URL"))
}

fn told(failure: Failure) -> SsoError {
    SsoError::Provider(failure.name())
}
