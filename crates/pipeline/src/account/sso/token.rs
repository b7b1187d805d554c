//! An ID token, believed only when everything about it is as it must be.
//!
//! The key decides what an algorithm may be, never the token: a token that
//! says `none`, or HMAC with a public key, meets no key at all.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// Seconds two clocks may differ.
const SKEW_SECONDS: i64 = 60;
/// Seconds since it was issued, at most: it was asked for just now.
const AGE_SECONDS: i64 = 600;
/// Longest token and longest subject.
const TOKEN_BYTES: usize = 16 * 1024;
const SUBJECT_BYTES: usize = 255;

/// Keys of the provider, as it publishes them.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Keys {
    /// One by one; those of other kinds are passed over.
    pub keys: Vec<Jwk>,
}

/// One published key.
#[derive(Clone, Debug, Deserialize)]
pub struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// What the token must be about.
pub struct Expected<'a> {
    /// Who issues.
    pub issuer: &'a str,
    /// For whom: our client id.
    pub audience: &'a str,
    /// Of this login alone.
    pub nonce: &'a str,
    /// The claim that names the subject.
    pub subject_claim: &'a str,
    /// Now, seconds since 1970.
    pub now: i64,
}

/// What is taken from a token that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Believed {
    /// Whom the provider means.
    pub subject: String,
    /// How they were known there.
    pub methods: Vec<String>,
    /// To which level.
    pub level: Option<String>,
}

/// Why a token is not believed: for the log, never for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts of base64url, or not JSON.
    #[error("it is no compact JWS")]
    Form,
    /// Neither RS256 nor ES256, or with extensions that must be understood.
    #[error("its algorithm is not taken")]
    Algorithm,
    /// No published key verifies it.
    #[error("no key of the provider verifies it")]
    Signature,
    /// Another issuer's.
    #[error("another issuer made it")]
    Issuer,
    /// For another client.
    #[error("it is for somebody else")]
    Audience,
    /// Not now.
    #[error("it is expired or not valid yet")]
    Time,
    /// Of another login.
    #[error("it belongs to another login")]
    Nonce,
    /// Names nobody.
    #[error("it names nobody")]
    Subject,
}

/// What a header may say.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Json>,
}

/// Believes a token or says why not.
pub fn believe(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Believed, TokenError> {
    let claims = verified(token, keys)?;
    let text = |name: &str| claims.get(name).and_then(Json::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(TokenError::Issuer);
    }
    audience(&claims, expected.audience)?;
    times(&claims, expected.now)?;
    if expected.nonce.is_empty() || text("nonce") != Some(expected.nonce) {
        return Err(TokenError::Nonce);
    }
    let subject = text(expected.subject_claim).filter(|subject| {
        let length = subject.len();
        length > 0 && length <= SUBJECT_BYTES
    });
    let methods = claims.get("amr").and_then(Json::as_array);
    let methods = methods.into_iter().flatten().filter_map(Json::as_str);
    Ok(Believed {
        subject: subject.ok_or(TokenError::Subject)?.to_owned(),
        methods: methods.map(str::to_owned).collect(),
        level: text("acr").map(str::to_owned),
    })
}

/// The claims of a token that a published key verifies.
fn verified(token: &str, keys: &Keys) -> Result<Map<String, Json>, TokenError> {
    let mut parts = token.split('.');
    let mut next = || parts.next().ok_or(TokenError::Form);
    let (header, claims, signature) = (next()?, next()?, next()?);
    if parts.next().is_some() || token.len() > TOKEN_BYTES {
        return Err(TokenError::Form);
    }
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Form);
    let head: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| TokenError::Form)?;
    if !matches!(head.alg.as_str(), "RS256" | "ES256") || head.crit.is_some() {
        return Err(TokenError::Algorithm);
    }
    let message = &token.as_bytes()[..header.len() + 1 + claims.len()];
    let signature = decoded(signature)?;
    let meant = keys.keys.iter().filter(|key| {
        let named = head.kid.is_none() || key.kid == head.kid;
        let signs = key.usage.as_deref().is_none_or(|usage| usage == "sig");
        let fits = key.alg.as_ref().is_none_or(|alg| *alg == head.alg);
        named && signs && fits
    });
    let verifies = |key: &Jwk| key.verifies(&head.alg, message, &signature) == Some(true);
    if !meant.into_iter().any(verifies) {
        return Err(TokenError::Signature);
    }
    serde_json::from_slice(&decoded(claims)?).map_err(|_| TokenError::Form)
}

impl Jwk {
    /// `None` when the key is not one for this algorithm.
    fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> Option<bool> {
        let bytes = |part: &Option<String>| URL_SAFE_NO_PAD.decode(part.as_deref()?).ok();
        match (self.kty.as_str(), algorithm) {
            ("RSA", "RS256") => {
                let (n, e) = (bytes(&self.n)?, bytes(&self.e)?);
                let key = RsaPublicKeyComponents { n, e };
                let verified = key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature);
                Some(verified.is_ok())
            }
            ("EC", "ES256") if self.crv.as_deref() == Some("P-256") => {
                let point = [vec![4], bytes(&self.x)?, bytes(&self.y)?].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                Some(key.verify(message, signature).is_ok())
            }
            _ => None,
        }
    }
}

/// For us, and if for others too then by us.
fn audience(claims: &Map<String, Json>, ours: &str) -> Result<(), TokenError> {
    let all: Vec<&str> = match claims.get("aud") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(many)) => many.iter().filter_map(Json::as_str).collect(),
        _ => vec![],
    };
    let authorized = claims.get("azp").map(|azp| azp.as_str() == Some(ours));
    if !all.contains(&ours) || !authorized.unwrap_or(all.len() == 1) {
        return Err(TokenError::Audience);
    }
    Ok(())
}

/// Not expired, not from the future, issued just now.
fn times(claims: &Map<String, Json>, now: i64) -> Result<(), TokenError> {
    // Seconds may come with a fraction.
    let seconds = |name: &str| {
        let value = claims.get(name)?.to_string();
        value.split('.').next()?.parse::<i64>().ok()
    };
    let (Some(expires), Some(issued)) = (seconds("exp"), seconds("iat")) else {
        return Err(TokenError::Time);
    };
    let begins = match claims.get("nbf") {
        None => issued,
        Some(_) => seconds("nbf").ok_or(TokenError::Time)?,
    };
    let expired = expires.saturating_add(SKEW_SECONDS) <= now;
    let early = begins.max(issued) > now.saturating_add(SKEW_SECONDS);
    let stale = issued.saturating_add(AGE_SECONDS) <= now;
    if expired || early || stale {
        return Err(TokenError::Time);
    }
    Ok(())
}
