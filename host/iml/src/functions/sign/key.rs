//! Private keys and what they sign: RSA (PKCS #1 v1.5) by ring, whose arithmetic gives no timing away, and ECDSA over
//! P-256 by p256, whose signatures (RFC 6979) need no randomness.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Hmac;
use hmac::digest::Digest as _;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use ring::rsa::KeyPair;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use sha2::{Sha256, Sha384, Sha512};

use super::super::hash::keyed;

/// A member of the SHA-2 family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

/// How an ECDSA signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// ASN.1, as OpenSSL and Node write it.
    Der,
    /// Two numbers of fixed length, as JSON Web Signatures want it (RFC 7518, 3.4).
    Fixed,
}

/// A private key.
pub(super) enum PrivateKey {
    Rsa(Box<KeyPair>),
    P256(Box<SigningKey>),
}

impl Digest {
    /// The hash in names such as `SHA256`, `RSA-SHA256`, `ecdsa-with-SHA256`, `sha-256`, `RS256`.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_uppercase();
        let family = name.strip_suffix("256").map(|family| (family, Self::Sha256));
        let family = family.or_else(|| name.strip_suffix("384").map(|family| (family, Self::Sha384)));
        let family = family.or_else(|| name.strip_suffix("512").map(|family| (family, Self::Sha512)));
        let (family, digest) = family?;
        let known = ["SHA", "SHA-", "RSA-SHA", "RSA-SHA-", "ECDSA-WITH-SHA", "RS", "ES"];
        known.contains(&family).then_some(digest)
    }

    /// The hash of a message.
    pub(super) fn of(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    /// The HMAC of a message.
    pub(super) fn keyed(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => keyed::<Hmac<Sha256>>(key, message),
            Self::Sha384 => keyed::<Hmac<Sha384>>(key, message),
            Self::Sha512 => keyed::<Hmac<Sha512>>(key, message),
        }
    }

    fn rsa(self) -> &'static dyn RsaEncoding {
        match self {
            Self::Sha256 => &RSA_PKCS1_SHA256,
            Self::Sha384 => &RSA_PKCS1_SHA384,
            Self::Sha512 => &RSA_PKCS1_SHA512,
        }
    }
}

impl PrivateKey {
    /// Reads a key in PEM: PKCS #8, PKCS #1 or SEC 1. Line breaks written as `\n` are taken for line breaks, because
    /// keys in settings files often have them so.
    pub(super) fn from_pem(pem: &str) -> Result<Self, String> {
        let pem = pem.trim().replace("\\n", "\n");
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| "the key is not a private key in PEM".to_owned())?;
        let key = match &der {
            PrivateKeyDer::Pkcs1(der) => rsa(KeyPair::from_der(der.secret_pkcs1_der())),
            PrivateKeyDer::Sec1(der) => p256::SecretKey::from_sec1_der(der.secret_sec1_der()).ok().map(Self::p256),
            PrivateKeyDer::Pkcs8(der) => {
                rsa(KeyPair::from_pkcs8(der.secret_pkcs8_der())).or_else(|| p256_from_pkcs8(der.secret_pkcs8_der()))
            }
            _ => None,
        };
        key.ok_or_else(|| "the key is neither an RSA key of at least 2048 bits nor an EC key of the curve P-256".to_owned())
    }

    fn p256(key: p256::SecretKey) -> Self {
        Self::P256(Box::new(SigningKey::from(key)))
    }

    pub(super) fn is_rsa(&self) -> bool {
        matches!(self, Self::Rsa(_))
    }

    /// The signature of a message.
    pub(super) fn sign(&self, digest: Digest, form: Form, message: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let random = ring::rand::SystemRandom::new();
                key.sign(digest.rsa(), &random, message, &mut signature).map_err(|_| "the RSA key cannot sign".to_owned())?;
                Ok(signature)
            }
            Self::P256(key) => {
                let signature: Signature = key.sign_prehash(&digest.of(message)).map_err(|_| "the EC key cannot sign".to_owned())?;
                Ok(match form {
                    Form::Der => signature.to_der().as_bytes().to_vec(),
                    Form::Fixed => signature.to_bytes().to_vec(),
                })
            }
        }
    }

    /// The public key as the JSON of which RFC 7638 takes the thumbprint.
    pub(super) fn public_jwk(&self) -> String {
        match self {
            Self::Rsa(key) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(key.public());
                let (n, e) = (URL_SAFE_NO_PAD.encode(public.n), URL_SAFE_NO_PAD.encode(public.e));
                format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
            }
            Self::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (x, y) = point.as_bytes()[1..].split_at(32);
                let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
        }
    }
}

fn rsa<E>(key: Result<KeyPair, E>) -> Option<PrivateKey> {
    key.ok().map(|key| PrivateKey::Rsa(Box::new(key)))
}

fn p256_from_pkcs8(der: &[u8]) -> Option<PrivateKey> {
    use p256::pkcs8::DecodePrivateKey;
    p256::SecretKey::from_pkcs8_der(der).ok().map(PrivateKey::p256)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// Made by openssl for these tests alone.
    const RSA_PKCS8: &str = include_str!("test-rsa-pkcs8.pem");
    /// The same key in the older form.
    const RSA_PKCS1: &str = include_str!("test-rsa-pkcs1.pem");
    /// The key of RFC 6979, A.2.5.
    const EC_SEC1: &str = include_str!("test-ec-sec1.pem");

    #[test]
    fn rsa_signatures_are_those_of_openssl() {
        let expected = "Axv51CUY2VKH52DTWGa5cetepTPGJUEoYU2j5NH17+OIzlYt3kUkeTpwYDecICI57VQEOm2T+ZAroYfSi8HXXgKM\
                        a3dB/xjE/SIa6g18M0wP8l5JSytJI/exc44hUkslJW/DQ9BhzR2lx/wdXNyxYHvHybq4YHk5T0j2QZYYcDOlESUp\
                        gIwRpz3rnQUiFsvjv7um0aXLKhaznprxgITp/TpSZ+vfSAtw30odrHsefumTl2TrWBuc8e+jhWSsy6eTr2gSs84T\
                        QENu1X2O/QX8MrVYmrpLMDCOK/v1YCt2hQE6IIbKJiffCUgIbOEwJbmEWFw3icSZ2p9ERzPhEI84aA==";
        for pem in [RSA_PKCS8, RSA_PKCS1, &RSA_PKCS8.replace('\n', "\\n")] {
            let key = PrivateKey::from_pem(pem).unwrap();
            let signature = key.sign(Digest::Sha256, Form::Der, b"sample").unwrap();
            assert_eq!(STANDARD.encode(signature), expected);
        }
    }

    #[test]
    fn ecdsa_signatures_are_those_of_rfc_6979() {
        let key = PrivateKey::from_pem(EC_SEC1).unwrap();
        let signature = key.sign(Digest::Sha256, Form::Fixed, b"sample").unwrap();
        assert_eq!(
            hex::encode(signature),
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
             f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
        );
    }

    #[test]
    fn thumbprints_hash_the_public_key() {
        let thumbprint = |pem| {
            let jwk = PrivateKey::from_pem(pem).unwrap().public_jwk();
            URL_SAFE_NO_PAD.encode(Digest::Sha256.of(jwk.as_bytes()))
        };
        assert_eq!(thumbprint(RSA_PKCS8), "LOl5oIGhjI2m2hJIhQBvJjW8q-V7oDOr9aoXm_zzj3c");
        assert_eq!(
            PrivateKey::from_pem(EC_SEC1).unwrap().public_jwk(),
            r#"{"crv":"P-256","kty":"EC","x":"YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y","y":"eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk"}"#
        );
    }

    #[test]
    fn what_is_no_private_key_is_refused() {
        assert!(PrivateKey::from_pem("secret").is_err());
        assert!(PrivateKey::from_pem(&RSA_PKCS8.replace("MII", "AAA")).is_err());
    }
}
