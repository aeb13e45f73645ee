//! Signatures with private keys, and JSON Web Tokens.

mod key;
mod token;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::encoding::next_bytes;
use super::hash::next_hash_encoding;
use super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function};
use crate::value::{Binary, Value};
use key::{Digest, Form, PrivateKey};
use token::Algorithm;

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "cryptoSign",
        family: Family::Hash,
        signature: "cryptoSign(algorithm; data; key; [encoding])",
        summary: "Signs data with a private key in PEM, an RSA key or an EC key of the curve P-256; the algorithm is \
                  RSA-SHA256, SHA256, SHA384, SHA512 or the like, the encoding hex (if none is named), base64 or latin1.",
        examples: &[Example::with(
            RFC_6979_KEY,
            r#"cryptoSign("SHA256"; "sample"; key)"#,
            r#""3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8""#,
        )],
        arity: Arity::between(3, 4),
        call: Call::Eager(crypto_sign),
    },
    Function {
        name: "jwt",
        family: Family::Hash,
        signature: "jwt(payload; key; [algorithm]; [options])",
        summary: "Makes a signed JSON Web Token of a collection. The algorithm is HS256 (if none is named), HS384, \
                  HS512, RS256, RS384, RS512 or ES256; for HS... the key is a secret text, for the others a private \
                  key in PEM. Options are header, keyid, expiresIn and notBefore (seconds from now), issuer, subject, \
                  audience and jwtid. No time is added unless an option says so.",
        examples: &[Example::with(
            r#"{"claims": {"iss": "key", "exp": 1571140860}}"#,
            r#"jwt(claims; "secret")"#,
            r#""eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJrZXkiLCJleHAiOjE1NzExNDA4NjB9.Vs-nbRCYoESfwO8XP6sHAL4InRdV8E_ODWyLp22KQ_Y""#,
        )],
        arity: Arity::between(2, 4),
        call: Call::Eager(jwt),
    },
    Function {
        name: "generateJwtWithKeyId",
        family: Family::Hash,
        signature: "generateJwtWithKeyId(payload; key; [algorithm]; [thumbprintAlgorithm]; [options])",
        summary: "As jwt, with the thumbprint of the key (RFC 7638) as the token's key id. The algorithm is HS512 if \
                  none is named; the thumbprint's, HS256 if none is named, says how it is hashed.",
        examples: &[Example::with(
            r#"{"claims": {"sub": "1"}}"#,
            r#"generateJwtWithKeyId(claims; "secret"; "HS256")"#,
            r#""eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IkRXQmgwU0VJQVBZaDF4NXV2b3Q0ejNBaGFpa0hreE5KYTNBZGEyZlQtQ2cifQ.eyJzdWIiOiIxIn0.9_ZFHwoR7Y4xMRVdATjsqF0E4R-8RQT_Q8HdwG4IJ6E""#,
        )],
        arity: Arity::between(2, 5),
        call: Call::Eager(generate_jwt_with_key_id),
    },
];

/// The private key of the test vectors in RFC 6979, A.2.5, as a context.
const RFC_6979_KEY: &str = r#"{"key": "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgya+p2EW6dRZrXCFX\nZ7HWk05Qw9s26JsSe4piKxIPZyGhRANCAARg/tS6JVqdMclh63TGNW1owEm4kjth\n+mzmaWIuYPKftnkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ\n-----END PRIVATE KEY-----\n"}"#;

type Result<T> = std::result::Result<T, ArgumentError>;

fn crypto_sign<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let name = arguments.next_text()?;
    let digest = Digest::named(&name).ok_or_else(|| arguments.wrong("SHA256, SHA384 or SHA512", "another text"))?;
    let data = next_bytes(arguments)?;
    let pem = arguments.next_text()?;
    let encoding = next_hash_encoding(arguments)?;
    let signature = PrivateKey::from_pem(&pem).and_then(|key| key.sign(digest, Form::Der, &data));
    let signature = signature.map_err(|message| arguments.blame(2, message))?;
    Ok(Value::text(encoding.encode(&signature)))
}

fn jwt<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let payload = next_payload(arguments)?;
    let key = next_key(arguments)?;
    let algorithm = next_algorithm(arguments, Algorithm::Hmac(Digest::Sha256))?;
    let options = arguments.next_collection()?;
    let now = arguments.environment().now;
    let text = token::signing_input(payload, algorithm, None, &options, now).map_err(|message| arguments.blame(3, message))?;
    sealed(&text, algorithm, &key).map_err(|message| arguments.blame(TOKEN_KEY, message))
}

fn generate_jwt_with_key_id<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let payload = next_payload(arguments)?;
    let key = next_key(arguments)?;
    let algorithm = next_algorithm(arguments, Algorithm::Hmac(Digest::Sha512))?;
    let thumbprint = next_algorithm(arguments, Algorithm::Hmac(Digest::Sha256))?;
    let options = arguments.next_collection()?;
    let jwk = public_jwk(algorithm, &key).map_err(|message| arguments.blame(TOKEN_KEY, message))?;
    let key_id = URL_SAFE_NO_PAD.encode(thumbprint.digest().of(jwk.as_bytes()));
    let now = arguments.environment().now;
    let text = token::signing_input(payload, algorithm, Some(&key_id), &options, now).map_err(|message| arguments.blame(4, message))?;
    sealed(&text, algorithm, &key).map_err(|message| arguments.blame(TOKEN_KEY, message))
}

/// What a token says: a collection of claims, or a text as it is.
fn next_payload<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    match arguments.next_value() {
        payload @ (Value::Collection(_) | Value::Text(_)) => Ok(payload),
        other => Err(arguments.wrong("a collection or a text", other.described())),
    }
}

/// Where the functions that make tokens have their key, counted from 0.
const TOKEN_KEY: usize = 1;

/// The key as JWK in the form that thumbprints are made of (RFC 7638).
fn public_jwk(algorithm: Algorithm, key: &Binary<'_>) -> std::result::Result<String, String> {
    match algorithm {
        Algorithm::Hmac(_) => Ok(format!(r#"{{"k":"{}","kty":"oct"}}"#, URL_SAFE_NO_PAD.encode(&**key))),
        _ => PrivateKey::from_pem(&key.to_text()).map(|key| key.public_jwk()),
    }
}

/// The key of a token; an empty one would let everybody sign.
fn next_key<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Binary<'v>> {
    let key = next_bytes(arguments)?;
    if key.is_empty() { Err(arguments.wrong("a key", "nothing")) } else { Ok(key) }
}

fn next_algorithm(arguments: &mut Arguments<'_, '_>, default: Algorithm) -> Result<Algorithm> {
    let Some(name) = arguments.optional_text()? else {
        return Ok(default);
    };
    Algorithm::named(&name).ok_or_else(|| arguments.wrong(token::ALGORITHMS, "another text"))
}

/// The signed token: what is signed, a point, the signature.
fn sealed<'v>(text: &str, algorithm: Algorithm, key: &[u8]) -> std::result::Result<Value<'v>, String> {
    let signature = match algorithm {
        Algorithm::Hmac(digest) => digest.keyed(key, text.as_bytes()),
        Algorithm::Rsa(digest) | Algorithm::Ecdsa(digest) => {
            let key = PrivateKey::from_pem(&String::from_utf8_lossy(key))?;
            if key.is_rsa() != matches!(algorithm, Algorithm::Rsa(_)) {
                return Err("the key is not of the kind that the algorithm needs".to_owned());
            }
            key.sign(digest, Form::Fixed, text.as_bytes())?
        }
    };
    Ok(Value::text(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))))
}
