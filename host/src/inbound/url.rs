//! The URL as the sender knows it, query byte for byte.

use hyper::header::HOST;
use hyper::http::request::Parts;

/// The public URL of one request, in one text.
///
/// Four providers sign it, so nothing in it is decoded, encoded or reordered.
#[derive(Debug)]
pub struct Address {
    url: String,
    path: usize,
    query: Option<usize>,
}

impl Address {
    /// Puts the URL together: `public_url` in front where the operator has set one (a proxy may stand before us),
    /// else the scheme of the listener and the host that the sender named.
    pub fn of(parts: &Parts, public_url: Option<&str>, secure: bool) -> Self {
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let mut url = String::with_capacity(64 + target.len());
        match public_url {
            Some(base) => url.push_str(base.trim_end_matches('/')),
            None => {
                url.push_str(if secure { "https://" } else { "http://" });
                url.push_str(host(parts));
            }
        }
        let path = url.len();
        url.push_str(target);
        let query = url[path..].find('?').map(|at| path + at + 1);
        Self { url, path, query }
    }

    /// The address of a stored request, whose path begins at this byte of its URL.
    pub fn stored(url: String, path: usize) -> Self {
        let path = if url.is_char_boundary(path) { path } else { url.len() };
        let query = url[path..].find('?').map(|at| path + at + 1);
        Self { url, path, query }
    }

    /// At which byte of the URL the path begins.
    pub fn path_begins(&self) -> usize {
        self.path
    }

    /// The whole URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path as it was sent, without the query.
    pub fn path(&self) -> &str {
        &self.url[self.path..self.query.map_or(self.url.len(), |query| query - 1)]
    }

    /// What stands behind the first `?`, byte for byte; nothing where there is none.
    pub fn query(&self) -> &str {
        &self.url[self.query.unwrap_or(self.url.len())..]
    }

    /// Gives the whole URL away.
    pub fn into_url(self) -> String {
        self.url
    }
}

/// The host that the sender asked for, which [`conform`](super::conform) has put there and judged; HTTP/1.0 needs none.
fn host(parts: &Parts) -> &str {
    parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hyper::Request;

    use super::*;

    fn parts(uri: &str) -> Parts {
        Request::builder().uri(uri).header(HOST, "hooks.example:8443").body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_query_keeps_every_byte() {
        let address = Address::of(&parts("/slack?b=2&a=%7e+x&a=&?=1"), None, false);
        assert_eq!(address.url(), "http://hooks.example:8443/slack?b=2&a=%7e+x&a=&?=1");
        assert_eq!(address.path(), "/slack");
        assert_eq!(address.query(), "b=2&a=%7e+x&a=&?=1");
    }

    #[test]
    fn a_public_url_stands_before_the_path() {
        let address = Address::of(&parts("/slack"), Some("https://hooks.example/in/"), false);
        assert_eq!(address.url(), "https://hooks.example/in/slack");
        assert_eq!((address.path(), address.query()), ("/slack", ""));
    }

    #[test]
    fn a_stored_url_is_taken_apart_as_it_was_put_together_whatever_is_in_it() {
        for public_url in [None, Some("https://hooks.example/in/"), Some("https://hooks.example"), Some("https://hooks.example/?x=/")] {
            for target in ["/slack?b=2&a=%7e+x?=1", "/h/token", "/", "//h/other", "/http://a.test/h/x"] {
                let address = Address::of(&parts(target), public_url, true);
                let (path, query, begins) = (address.path().to_owned(), address.query().to_owned(), address.path_begins());
                let stored = Address::stored(address.into_url(), begins);
                assert_eq!((stored.path(), stored.query()), (path.as_str(), query.as_str()), "{target} under {public_url:?}");
            }
        }
    }

    #[test]
    fn the_path_of_a_stored_url_never_comes_from_the_host() {
        let url = "http://evil/h/other?x=/h/token";
        assert_eq!(Address::stored(url.to_owned(), url.len() - "/h/token".len()).path(), "/h/token");
        assert_eq!(Address::stored("http://ä".to_owned(), 8).path(), "");
        assert_eq!(Address::stored("http://a".to_owned(), 99).path(), "");
    }

    #[test]
    fn the_listener_gives_the_scheme() {
        assert!(Address::of(&parts("/"), None, true).url().starts_with("https://"));
    }
}
