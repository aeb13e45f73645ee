//! What Twilio signs: the URL, and behind it the parameters of the body.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

/// The names and values of a form, sorted, without anything between them; a pair that is repeated counts once.
///
/// Where the URL carries the hash of the body (`bodySHA256`, with every JSON body), the URL alone is signed, and this is
/// empty; or none, where the hash is that of another body, or there are more parameters than Twilio sends.
pub(crate) fn parameters(url: &str, raw_body: &[u8]) -> Option<String> {
    match body_hash(url) {
        Some(hash) => (hash == hex::encode(Sha256::digest(raw_body))).then(String::new),
        None => sorted(raw_body),
    }
}

/// A call has some thirty parameters; of more than so many nothing is signed. Sorting them takes memory, and whoever sends them
/// has not yet shown that he is Twilio.
const PARAMETERS: usize = 1000;

/// The hash stands in a URL that is signed: whoever may know it knows it, and comparing it gives nothing away.
fn body_hash(url: &str) -> Option<Cow<'_, str>> {
    let (_, query) = url.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "bodySHA256").map(|(_, hash)| hash)
}

fn sorted(form: &[u8]) -> Option<String> {
    if form_urlencoded::parse(form).nth(PARAMETERS).is_some() {
        return None;
    }
    let pairs: BTreeSet<_> = form_urlencoded::parse(form).collect();
    Some(pairs.into_iter().flat_map(|(name, value)| [name, value]).collect())
}

/// The URL without its port and with it: some of Twilio's products sign the one, some the other, and so its libraries try
/// both. Nothing else of the URL is touched.
pub(crate) fn urls(url: &str) -> [String; 2] {
    let start = url.find("://").map_or(0, |at| at + "://".len());
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    let (scheme, authority, rest) = (&url[..start], &url[start..end], &url[end..]);
    let (host, port) = authority.split_at(port(authority));
    let port = match port {
        "" if scheme == "http://" => ":80",
        "" => ":443",
        given => given,
    };
    [format!("{scheme}{host}{rest}"), format!("{scheme}{host}{port}{rest}")]
}

/// Where the port begins, its colon included: not in `user:password@`, not inside an IPv6 address.
fn port(authority: &str) -> usize {
    let after = authority.rfind(['@', ']']).map_or(0, |at| at + 1);
    authority[after..].find(':').map_or(authority.len(), |at| after + at)
}

#[cfg(test)]
mod tests {
    use super::{PARAMETERS, parameters, urls};

    fn form(body: &str) -> Option<String> {
        parameters("https://a.test/", body.as_bytes())
    }

    #[test]
    fn names_are_sorted_as_unix_sorts_and_values_follow_unchanged() {
        assert_eq!(form("b=2&B=1&a=%20x+&Ab=").as_deref(), Some("AbB1a x b2"));
        assert_eq!(form("").as_deref(), Some(""));
    }

    #[test]
    fn a_repeated_name_has_each_of_its_values_once_and_in_order() {
        assert_eq!(form("m=b&x=&m=a&m=b").as_deref(), Some("mambx"));
    }

    #[test]
    fn a_form_of_very_many_parameters_is_not_sorted() {
        let form_of = |count: usize| (0..count).map(|number| format!("{number}=x")).collect::<Vec<_>>().join("&");
        assert!(form(&form_of(PARAMETERS)).is_some());
        assert_eq!(form(&form_of(PARAMETERS + 1)), None);
        assert_eq!(form(&"&a".repeat(1_000_000)), None, "also where all are the same");
    }

    #[test]
    fn a_url_with_the_bodys_hash_is_signed_alone_and_only_with_that_body() {
        let url = "https://a.test/?x=1&bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(parameters(url, b"{}").as_deref(), Some(""));
        assert_eq!(parameters(url, b"{ }"), None);
        assert_eq!(parameters("https://a.test/?bodySHA256=", b""), None);
    }

    #[test]
    fn the_url_is_tried_without_and_with_its_port() {
        let table = [
            ("https://a.test/x?y=1", "https://a.test/x?y=1", "https://a.test:443/x?y=1"),
            ("http://a.test", "http://a.test", "http://a.test:80"),
            ("https://a.test:8443?y=:1/", "https://a.test?y=:1/", "https://a.test:8443?y=:1/"),
            ("https://u:p@a.test/", "https://u:p@a.test/", "https://u:p@a.test:443/"),
            ("https://[::1]:8443/", "https://[::1]/", "https://[::1]:8443/"),
            ("https://a.test/it's%20%7e", "https://a.test/it's%20%7e", "https://a.test:443/it's%20%7e"),
        ];
        for (url, without, with) in table {
            assert_eq!(urls(url), [without, with]);
        }
    }
}
