//! What of a stored request is not shown unless it is asked for.

use crate::admin::wire::MASK;

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
    /// A header's value.
    pub(super) fn header(self, name: &str, value: &str) -> String {
        let hidden = self == Self::Masked && is_secret(name);
        if hidden { MASK.to_owned() } else { value.to_owned() }
    }

    /// A URL: the token of a dedicated hook and the secrets of the query are hidden.
    pub(super) fn url(self, url: &str) -> String {
        if self == Self::Shown {
            return url.to_owned();
        }
        let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
        let path = match path.rsplit_once("/h/") {
            Some((base, token)) if !token.is_empty() && !token.contains('/') => format!("{base}/h/{MASK}"),
            _ => path.to_owned(),
        };
        match query {
            None => path,
            Some(query) => format!("{path}?{}", query.split('&').map(masked_member).collect::<Vec<_>>().join("&")),
        }
    }
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
}
