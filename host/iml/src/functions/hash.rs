//! Hashes: of UTF-8 text or of bytes; with a key an HMAC (RFC 2104).

use hmac::digest::{Digest, KeyInit};
use hmac::{Hmac, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::encoding::{Encoding, next_bytes};
use super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function};
use crate::value::{Binary, Value};

const KEYED: Arity = Arity::between(1, 4);

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "md5",
        family: Family::Hash,
        signature: "md5(text)",
        summary: "Gives the MD5 hash in hexadecimal digits.",
        examples: &[Example::new(r#"md5("Make")"#, r#""529a05ca6c1263aab080ec4f20754411""#)],
        arity: Arity::exactly(1),
        call: Call::Eager(|arguments| Ok(Value::text(hex::encode(Md5::digest(&*next_bytes(arguments)?))))),
    },
    Function {
        name: "sha1",
        family: Family::Hash,
        signature: "sha1(text; [encoding]; [key]; [keyEncoding])",
        summary: "Gives the SHA-1 hash, or with a key the HMAC, in the encoding hex (if none is named), base64 or \
                  latin1. The key is a text (if nothing is named), hex, base64 or binary.",
        examples: &[
            Example::new(r#"sha1("Make")"#, r#""a94431ee22f05f141107f9355ed3127d0f0c4d5a""#),
            Example::new(r#"sha1("data"; ; "secret")"#, r#""9818e3306ba5ac267b5f2679fe4abd37e6cd7b54""#),
        ],
        arity: KEYED,
        call: Call::Eager(hash::<Sha1, Hmac<Sha1>>),
    },
    Function {
        name: "sha256",
        family: Family::Hash,
        signature: "sha256(text; [encoding]; [key]; [keyEncoding])",
        summary: "Gives the SHA-256 hash, or with a key the HMAC, in the encoding hex (if none is named), base64 or \
                  latin1. The key is a text (if nothing is named), hex, base64 or binary.",
        examples: &[
            Example::new(r#"sha256("Make"; "base64")"#, r#""zN0l1CMPuZen7hFm+K+r0VckjrgS6lXsfD0bfIr3+hE=""#),
            Example::new(
                r#"sha256("data"; "hex"; "736563726574"; "hex")"#,
                r#""1b2c16b75bd2a870c114153ccda5bcfca63314bc722fa160d690de133ccbb9db""#,
            ),
        ],
        arity: KEYED,
        call: Call::Eager(hash::<Sha256, Hmac<Sha256>>),
    },
    Function {
        name: "sha512",
        family: Family::Hash,
        signature: "sha512(text; [encoding]; [key]; [keyEncoding])",
        summary: "Gives the SHA-512 hash, or with a key the HMAC, in the encoding hex (if none is named), base64 or \
                  latin1. The key is a text (if nothing is named), hex, base64 or binary.",
        examples: &[Example::new(
            r#"sha512("data"; "base64"; toBinary("secret"); "binary")"#,
            r#""YnQHHTPewnKKKhyQNpf8EhCzJSIhw9E34S2fGuXI7VPgXmkrBanu//KJZn4jh8D8C9ij2b1wAHgnMMhWp3p31Q==""#,
        )],
        arity: KEYED,
        call: Call::Eager(hash::<Sha512, Hmac<Sha512>>),
    },
];

type Result<T> = std::result::Result<T, ArgumentError>;

fn hash<'v, H: Digest, M: Mac + KeyInit>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let message = next_bytes(arguments)?;
    let encoding = next_hash_encoding(arguments)?;
    let text = match next_key(arguments)? {
        Some(key) => encoding.encode(&keyed::<M>(&key, &message)),
        None => encoding.encode(&H::digest(&*message)),
    };
    Ok(Value::text(text))
}

/// The HMAC of a message. A key may have any length.
pub(super) fn keyed<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(key).expect("an HMAC takes keys of every length");
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

/// The encoding of a result: hex where it is left out.
pub(super) fn next_hash_encoding(arguments: &mut Arguments<'_, '_>) -> Result<Encoding> {
    let Some(name) = arguments.optional_text()? else {
        return Ok(Encoding::Hex);
    };
    let encoding = Encoding::named(&name).filter(|encoding| *encoding != Encoding::Utf8);
    encoding.ok_or_else(|| arguments.wrong("hex, base64 or latin1", "another text"))
}

/// Where a hash function has its key, counted from 0.
const KEY: usize = 2;

/// The key and, behind it, its encoding; none where the call names no key.
///
/// A key that is named but empty is an error: a signature check against a secret that nobody has set would
/// otherwise pass for everybody who can compute a hash.
fn next_key<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Option<Binary<'v>>> {
    if arguments.count() <= KEY {
        return Ok(None);
    }
    let key = arguments.next_value();
    let encoding = arguments.optional_text()?;
    let bytes = match key.is_empty() {
        true => Binary::from(Vec::new()),
        false => key_bytes(arguments, key, encoding.as_deref().unwrap_or("text"))?,
    };
    match bytes.as_ref() {
        [] => Err(arguments.blame(KEY, "it is empty, and a hash without a key can be made by anybody: is the secret set?")),
        _ => Ok(Some(bytes)),
    }
}

fn key_bytes<'v>(arguments: &Arguments<'_, 'v>, key: Value<'v>, encoding: &str) -> Result<Binary<'v>> {
    match (key, encoding) {
        (Value::Binary(bytes), "text" | "binary") => Ok(bytes),
        (_, "binary") => Err(arguments.blame(KEY, "a key that is said to be binary must be bytes, not text")),
        (key, "text") => Ok(Binary::from(arguments.text_of(key)?.as_bytes().to_vec())),
        (key, "hex" | "base64") => {
            let text = arguments.text_of(key)?;
            let bytes = Encoding::named(encoding).and_then(|encoding| encoding.decode(&text));
            let bytes = bytes.ok_or_else(|| arguments.blame(KEY, format!("the key is not in {encoding}")))?;
            Ok(Binary::from(bytes))
        }
        _ => Err(arguments.wrong("text, hex, base64 or binary", "another text")),
    }
}
