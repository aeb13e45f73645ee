//! What of a stored request is not shown unless it is asked for.

use crate::admin::wire::MASK;
use crate::connections::TOKEN_LENGTH;

/// Whether secrets are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    Masked,
    Shown,
}

/// Headers and members of a query with one of these in their name hold secrets.
const SECRET: [&str; 9] = ["authorization", "cookie", "token", "secret", "password", "api-key", "apikey", "api_key", "x-auth"];
/// Members of a query that are secrets although their name is shorter than that.
const SECRET_IN_QUERY: [&str; 5] = ["key", "code", "auth", "pass", "pwd"];

impl Secrets {
    /// A header's value. Proxies put URLs into headers, with the tokens of hooks.
    pub(super) fn header(self, name: &str, value: &str) -> String {
        match self {
            Self::Shown => value.to_owned(),
            Self::Masked if is_secret(name) => MASK.to_owned(),
            Self::Masked => without_tokens(value),
        }
    }

    /// A URL: the tokens of dedicated hooks and the secrets of the query are hidden.
    pub(super) fn url(self, url: &str) -> String {
        if self == Self::Shown {
            return url.to_owned();
        }
        let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
        let path = match path.rsplit_once("/h/") {
            Some((base, token)) if !token.is_empty() && !token.contains('/') => format!("{base}/h/{MASK}"),
            _ => path.to_owned(),
        };
        without_tokens(&match query {
            None => path,
            Some(query) => format!("{path}?{}", query.split('&').map(masked_member).collect::<Vec<_>>().join("&")),
        })
    }
}

/// The text without what looks like the token of a hook, wherever it stands.
fn without_tokens(text: &str) -> String {
    let is_of_token = |character: char| character.is_ascii_digit() || character.is_ascii_lowercase();
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_of_token) {
        let (before, run) = rest.split_at(start);
        let (word, behind) = run.split_at(run.find(|character| !is_of_token(character)).unwrap_or(run.len()));
        masked.push_str(before);
        // What is percent-encoded in lower case ends in two characters that a token might have.
        let (escape, word) = if before.ends_with('%') { word.split_at(word.len().min(2)) } else { ("", word) };
        masked.push_str(escape);
        masked.push_str(if is_token(word) { MASK } else { word });
        rest = behind;
    }
    masked + rest
}

/// Whether it looks like the token of a hook. Digests in hexadecimal do not.
fn is_token(word: &str) -> bool {
    word.len() == TOKEN_LENGTH && word.bytes().any(|byte| byte > b'f')
}

fn masked_member(member: &str) -> String {
    match member.split_once('=') {
        Some((name, _)) if is_secret(name) || SECRET_IN_QUERY.iter().any(|secret| name.eq_ignore_ascii_case(secret)) => {
            format!("{name}={MASK}")
        }
        _ => member.to_owned(),
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_hold_secrets_are_masked_and_others_are_not() {
        let shown = |name| Secrets::Masked.header(name, "v");
        for name in ["Authorization", "proxy-authorization", "cookie", "X-Gitlab-Token", "x-api-key", "x-telegram-bot-api-secret-token"] {
            assert_eq!(shown(name), MASK, "{name}");
        }
        for name in ["content-type", "x-hub-signature-256", "stripe-signature", "host"] {
            assert_eq!(shown(name), "v", "{name}");
        }
        assert_eq!(Secrets::Shown.header("cookie", "v"), "v");
    }

    #[test]
    fn tokens_in_a_url_are_masked() {
        let shown = |url| Secrets::Masked.url(url);
        assert_eq!(shown("https://a.test/h/abc"), "https://a.test/h/***");
        assert_eq!(shown("https://a.test/in/h/abc?x=1&access_token=t&KEY=k"), "https://a.test/in/h/***?x=1&access_token=***&KEY=***");
        assert_eq!(shown("https://a.test/slack?monkey=1"), "https://a.test/slack?monkey=1");
        assert_eq!(Secrets::Shown.url("https://a.test/h/abc?key=1"), "https://a.test/h/abc?key=1");
    }

    #[test]
    fn what_looks_like_a_token_is_masked_wherever_it_stands() {
        let token = "k3j9x0q2m4n5b6v7c8z1l0p9o8i7u6y5";
        for (before, behind) in
            [("https://a.test/h/", ""), ("/h/", "?x=1"), ("http://evil/h/other?x=/h/", ""), ("%2fh%2f", "%2fx"), ("%2Fh%2F", ".")]
        {
            let (text, hidden) = (format!("{before}{token}{behind}"), format!("{before}***{behind}"));
            assert_eq!(Secrets::Masked.header("x-original-url", &text), hidden);
            assert_eq!(Secrets::Shown.header("x-original-url", &text), text);
            assert!(!Secrets::Masked.url(&text).contains(token), "{text}");
        }
        let digest = "d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(Secrets::Masked.header("content-md5", digest), digest);
        assert_eq!(Secrets::Masked.header("x-longer", &format!("{token}z ü%")), format!("{token}z ü%"));
    }
}
