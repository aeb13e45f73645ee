//! What one event may cost. The size of its body is no limit: 5 MiB hold 2.6 million items of two bytes.

use std::ops::Range;

use bytes::Bytes;
use hookwright_iml::Error;

/// How many items one event may have. Each is evaluated several times while the sender waits, and takes hundreds of
/// bytes in memory, however small it was sent.
const MAXIMUM_ITEMS: usize = 10_000;

/// How many bundles one event may have, all its recipients together. Each is stored and delivered by itself.
const MAXIMUM_BUNDLES: usize = 10_000;

/// How many MiB the bundles of one event may take: they are in memory together until the event is stored.
const MAXIMUM_MEBIBYTES: usize = 64;

/// Refuses an event of too many items; `span` is where the spec says what the items are.
pub(crate) fn enough_items(count: usize, span: &Range<usize>) -> Result<(), Error> {
    if count <= MAXIMUM_ITEMS {
        return Ok(());
    }
    let message = format!(
        "`iterate` gives {count} items, and one event may have {MAXIMUM_ITEMS}: have the service send fewer in one request, or iterate \
         over a shorter array"
    );
    Err(Error::new(message, span.clone()))
}

/// What the bundles of one event have taken so far.
pub(crate) struct Budget {
    bundles: usize,
    bytes: usize,
    /// Where the spec says what a bundle is.
    span: Range<usize>,
}

impl Budget {
    pub(crate) fn new(span: Range<usize>) -> Self {
        Self { bundles: 0, bytes: 0, span }
    }

    /// Takes this many bundles, before they are made.
    pub(crate) fn take(&mut self, bundles: usize) -> Result<(), Error> {
        self.bundles += bundles;
        if self.bundles > MAXIMUM_BUNDLES {
            return Err(self.spent(&format!("{MAXIMUM_BUNDLES} bundles")));
        }
        Ok(())
    }

    /// Takes the bytes of a bundle just made; those that several recipients share are taken once.
    pub(crate) fn take_bytes(&mut self, json: &Bytes) -> Result<(), Error> {
        self.bytes += json.len();
        if self.bytes > MAXIMUM_MEBIBYTES << 20 {
            return Err(self.spent(&format!("{MAXIMUM_MEBIBYTES} MiB of bundles")));
        }
        Ok(())
    }

    fn spent(&self, limit: &str) -> Error {
        let message = format!(
            "this event makes more than {limit}, which is what one event may have: have the service send less in one request, or put \
             less into `output`"
        );
        Error::new(message, self.span.clone())
    }
}
