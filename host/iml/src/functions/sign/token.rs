//! What a JSON Web Token says before it is signed (RFC 7519), with the options of Node's jsonwebtoken.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::key::Digest;
use crate::value::{Collection, Date, Value};

/// How a token is signed (RFC 7518, 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hmac(Digest),
    Rsa(Digest),
    Ecdsa(Digest),
}

/// The algorithms, for messages.
pub(super) const ALGORITHMS: &str = "HS256, HS384, HS512, RS256, RS384, RS512 or ES256";

impl Algorithm {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "HS256" => Self::Hmac(Digest::Sha256),
            "HS384" => Self::Hmac(Digest::Sha384),
            "HS512" => Self::Hmac(Digest::Sha512),
            "RS256" => Self::Rsa(Digest::Sha256),
            "RS384" => Self::Rsa(Digest::Sha384),
            "RS512" => Self::Rsa(Digest::Sha512),
            "ES256" => Self::Ecdsa(Digest::Sha256),
            _ => return None,
        })
    }

    pub(super) fn digest(self) -> Digest {
        match self {
            Self::Hmac(digest) | Self::Rsa(digest) | Self::Ecdsa(digest) => digest,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Hmac(Digest::Sha256) => "HS256",
            Self::Hmac(Digest::Sha384) => "HS384",
            Self::Hmac(Digest::Sha512) => "HS512",
            Self::Rsa(Digest::Sha256) => "RS256",
            Self::Rsa(Digest::Sha384) => "RS384",
            Self::Rsa(Digest::Sha512) => "RS512",
            Self::Ecdsa(_) => "ES256",
        }
    }
}

type Pairs<'v> = Vec<(Cow<'v, str>, Value<'v>)>;

/// Header and payload in base64url with a point between: what is signed. A payload that is no collection is its text.
///
/// # Errors
/// An option that is not what it must be.
pub(super) fn signing_input<'v>(
    payload: Value<'v>,
    algorithm: Algorithm,
    key_id: Option<&str>,
    options: &Collection<'v>,
    now: Date,
) -> Result<String, String> {
    let header = header(algorithm, key_id, &payload, options).to_json();
    let claims = match payload {
        Value::Collection(claims) => with_options(&claims, options, now)?.to_json(),
        other => other.to_text().into_owned(),
    };
    Ok(format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims)))
}

fn header<'v>(algorithm: Algorithm, key_id: Option<&str>, payload: &Value<'v>, options: &Collection<'v>) -> Value<'v> {
    let mut pairs: Pairs<'v> = vec![("alg".into(), Value::text(algorithm.name()))];
    if matches!(payload, Value::Collection(_)) {
        pairs.push(("typ".into(), Value::text("JWT")));
    }
    let key_id = key_id.map_or_else(|| options.get("keyid"), |id| Value::text(id.to_owned()));
    if !key_id.is_nothing() {
        pairs.push(("kid".into(), key_id));
    }
    if let Value::Collection(more) = options.get("header") {
        pairs.extend(more.iter().filter(|(name, _)| name != "alg"));
    }
    Value::collection(pairs)
}

/// The claims with those that options add. An option replaces the claim of the same meaning.
fn with_options<'v>(claims: &Collection<'v>, options: &Collection<'v>, now: Date) -> Result<Value<'v>, String> {
    let mut pairs: Pairs<'v> = claims.iter().collect();
    let now = now.milliseconds().div_euclid(1000);
    let start = match claims.get("iat") {
        Value::Number(number) => number.as_i64().unwrap_or(now),
        _ => now,
    };
    for (option, claim) in [("notBefore", "nbf"), ("expiresIn", "exp")] {
        if let Some(seconds) = seconds(options, option)? {
            pairs.push((claim.into(), Value::integer(start.saturating_add(seconds))));
        }
    }
    for (option, claim) in [("audience", "aud"), ("issuer", "iss"), ("subject", "sub"), ("jwtid", "jti")] {
        let value = options.get(option);
        if !value.is_nothing() {
            pairs.push((claim.into(), value));
        }
    }
    Ok(Value::collection(pairs))
}

fn seconds(options: &Collection<'_>, name: &str) -> Result<Option<i64>, String> {
    match options.get(name) {
        Value::Missing | Value::Null => Ok(None),
        Value::Number(number) => Ok(Some(number.to_f64() as i64)),
        Value::Text(text) if text.parse::<i64>().is_ok() => Ok(text.parse().ok()),
        _ => Err(format!("the option {name} must be a number of seconds")),
    }
}
