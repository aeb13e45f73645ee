//! Which addresses deliveries may be made to: public ones, and those that the operator has let through.
//!
//! A hook's destination is often somebody else's word. Without this, it could make the host reach what only the host can
//! (server-side request forgery): its own ports, its network, the metadata service of its cloud. A name is judged by the
//! very addresses that are then connected to, so that one that resolves differently the next time gains nothing.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use tokio::net::lookup_host;
use tokio::time::timeout;

/// How long a name may take to resolve while somebody waits to hear whether it will do.
const RESOLVING: Duration = Duration::from_secs(3);

/// What may be reached though it is not public: one part of `--allow-destinations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exception {
    /// All addresses of a network.
    Network(IpNet),
    /// Whatever address this host name has.
    Host(String),
}

/// Judges addresses. The default lets nothing through but what is public.
#[derive(Debug, Clone, Default)]
pub struct Guard(Arc<[Exception]>);

/// An address that is not connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forbidden {
    host: String,
    address: IpAddr,
    kind: &'static str,
}

/// Why a proxy is not asked for a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// An address of it may not be connected to.
    Forbidden(Forbidden),
    /// It has no address here that could be judged.
    Unknown(String),
}

impl Guard {
    /// One that lets these through.
    pub fn new(exceptions: impl IntoIterator<Item = Exception>) -> Self {
        Self(exceptions.into_iter().collect())
    }

    /// Whether a destination whose host is `host` may be connected to at this address.
    pub(crate) fn check(&self, host: &str, address: IpAddr) -> Result<(), Forbidden> {
        let address = actual(address);
        match special(address) {
            Some(kind) if !self.excepts(host, address) => Err(Forbidden { host: bare(host).to_owned(), address, kind }),
            _ => Ok(()),
        }
    }

    /// As [`check`](Self::check), where the host is an address itself, which nothing resolves.
    pub(crate) fn check_literal(&self, host: &str) -> Result<(), Forbidden> {
        bare(host).parse().map_or(Ok(()), |address| self.check(host, address))
    }

    /// Those of a host's addresses that may be connected to: none only if it has none.
    pub(crate) fn permitted(&self, host: &str, addresses: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, Forbidden> {
        let (mut permitted, mut forbidden) = (Vec::new(), None);
        for address in addresses {
            match self.check(host, address.ip()) {
                Ok(()) => permitted.push(address),
                Err(reason) => forbidden = forbidden.or(Some(reason)),
            }
        }
        match forbidden {
            Some(reason) if permitted.is_empty() => Err(reason),
            _ => Ok(permitted),
        }
    }

    /// Whether anything could be delivered to a host as it resolves now. One that does not resolve may do so later.
    pub(crate) async fn check_host(&self, host: &str) -> Result<(), Forbidden> {
        self.check_literal(host)?;
        match timeout(RESOLVING, lookup_host((bare(host), 0))).await {
            Ok(Ok(addresses)) => self.permitted(host, addresses).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Whether a destination may be asked for at a proxy, which finds its address by itself: every address that it has
    /// here has to be one that may be connected to.
    pub(crate) async fn check_for_proxy(&self, host: &str) -> Result<(), Refused> {
        self.check_literal(host)?;
        if self.names(host) || bare(host).parse::<IpAddr>().is_ok() {
            return Ok(());
        }
        match timeout(RESOLVING, lookup_host((bare(host), 0))).await {
            Ok(Ok(mut addresses)) => Ok(addresses.try_for_each(|address| self.check(host, address.ip()))?),
            _ => Err(Refused::Unknown(bare(host).to_owned())),
        }
    }

    /// Whether the operator lets a host through by its name.
    fn names(&self, host: &str) -> bool {
        let host = bare(host).trim_end_matches('.');
        self.0.iter().any(|exception| matches!(exception, Exception::Host(name) if host.eq_ignore_ascii_case(name)))
    }

    fn excepts(&self, host: &str, address: IpAddr) -> bool {
        let networks = self.0.iter().any(|exception| matches!(exception, Exception::Network(network) if network.contains(&address)));
        networks || self.names(host)
    }
}

impl Forbidden {
    /// What the operator would have to let through: the host as the destination names it.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}

/// For the log and for whoever adds a hook: it says what to do.
impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address, kind } = self;
        match host.parse::<IpAddr>() {
            Ok(_) => write!(f, "{host} is {kind}")?,
            Err(_) => write!(f, "{host} is at {address}, {kind}")?,
        }
        f.write_str(", and only public ones are delivered to, unless `--allow-destinations` lets others through")
    }
}

impl std::error::Error for Forbidden {}

impl From<Forbidden> for Refused {
    fn from(forbidden: Forbidden) -> Self {
        Self::Forbidden(forbidden)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden(forbidden) => forbidden.fmt(f),
            Self::Unknown(host) => {
                write!(f, "{host} has no address here, and only what is known to be public is asked for at a proxy, unless ")?;
                f.write_str("`--allow-destinations` lets it through by its name")
            }
        }
    }
}

impl std::error::Error for Refused {}

impl FromStr for Exception {
    type Err = String;

    /// Reads `10.0.0.0/8`, `10.1.2.3`, `fd00::/8`, `::1` or `receiver.internal`.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(network.trunc()));
        }
        if let Ok(address) = bare(text).parse::<IpAddr>() {
            return Ok(Self::Network(IpNet::from(actual(address))));
        }
        let name = text.trim_end_matches('.').to_ascii_lowercase();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        match !name.is_empty() && name.bytes().all(fits) {
            true => Ok(Self::Host(name)),
            false => Err(format!("`{text}` is neither a network (10.0.0.0/8) nor an address nor a host name (without a port)")),
        }
    }
}

/// A host as it stands in a URL, without the brackets around an IPv6 address.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// The address that packets go to in the end: IPv4 inside IPv6 (mapped, RFC 4291 2.5.5.2; NAT64, RFC 6052) is IPv4.
fn actual(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    match (v6.to_ipv4_mapped(), v6.segments()) {
        (Some(mapped), _) => mapped.into(),
        (None, [0x64, 0xff9b, 0, 0, 0, 0, high, low]) => Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)).into(),
        _ => address,
    }
}

/// What kind of address it is, if it is not a public one (IANA's registries of special-purpose addresses, RFC 6890).
fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => IPV4.iter().find(|(network, _)| network.contains(&v4)).map(|(_, kind)| *kind),
        IpAddr::V6(v6) => match IPV6.iter().find(|(network, _)| network.contains(&v6)) {
            Some((_, kind)) => Some(*kind),
            // Whatever is global lies in 2000::/3 (RFC 4291, 2.4).
            None => (v6.segments()[0] & 0xe000 != 0x2000).then_some("a reserved address"),
        },
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(start: [u16; 8], prefix: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = start;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

/// The narrower ones stand before those they lie in.
const IPV4: &[(Ipv4Net, &str)] = &[
    (v4(0, 0, 0, 0, 8), "an address of this machine itself"),
    (v4(10, 0, 0, 0, 8), "a private address"),
    (v4(100, 100, 100, 200, 32), "the address of a cloud's metadata service"),
    (v4(100, 64, 0, 0, 10), "an address behind a carrier's translation"),
    (v4(127, 0, 0, 0, 8), "a loopback address"),
    (v4(168, 63, 129, 16, 32), "the address of a cloud's metadata service"),
    (v4(169, 254, 169, 254, 32), "the address of a cloud's metadata service"),
    (v4(169, 254, 0, 0, 16), "a link-local address"),
    (v4(172, 16, 0, 0, 12), "a private address"),
    (v4(192, 0, 0, 0, 24), "a reserved address"),
    (v4(192, 0, 2, 0, 24), "an address for documentation"),
    (v4(192, 88, 99, 0, 24), "a reserved address"),
    (v4(192, 168, 0, 0, 16), "a private address"),
    (v4(198, 18, 0, 0, 15), "an address for benchmarks"),
    (v4(198, 51, 100, 0, 24), "an address for documentation"),
    (v4(203, 0, 113, 0, 24), "an address for documentation"),
    (v4(224, 0, 0, 0, 4), "a multicast address"),
    (v4(240, 0, 0, 0, 4), "a reserved address"),
];

const IPV6: &[(Ipv6Net, &str)] = &[
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "an address of this machine itself"),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), "a loopback address"),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "an address for documentation"),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "an address for documentation"),
    // Protocol assignments, Teredo among them, and 6to4: ways to IPv4 that nobody checks at their end.
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), "a reserved address"),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "a reserved address"),
    (v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128), "the address of a cloud's metadata service"),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "a private address"),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "a link-local address"),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "a multicast address"),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn letting(exceptions: &[&str]) -> Guard {
        Guard::new(exceptions.iter().map(|text| text.parse().unwrap()))
    }

    fn forbidden(guard: &Guard, address: &str) -> bool {
        guard.check(address, address.parse().unwrap()).is_err()
    }

    #[test]
    fn only_public_addresses_are_delivered_to() {
        let inner = "0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.9.9.9 168.63.129.16 169.254.169.254 \
            169.254.0.1 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 \
            240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::7f00:1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe \
            64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1";
        for address in inner.split_whitespace() {
            assert!(forbidden(&Guard::default(), address), "{address}");
        }
        let public = "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.32.0.1 192.0.1.1 198.20.0.1 2606:4700::1111 2a00:1450::1 \
            2001:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808";
        for address in public.split_whitespace() {
            assert!(!forbidden(&Guard::default(), address), "{address}");
        }
    }

    #[test]
    fn what_the_operator_names_is_let_through_and_nothing_else() {
        let guard = letting(&["127.0.0.1", "10.1.2.3/8", "fd12::/16", "[::1]", "Receiver.Internal."]);
        for address in ["127.0.0.1", "::ffff:127.0.0.1", "10.200.0.1", "fd12::9", "::1"] {
            assert!(!forbidden(&guard, address), "{address}");
        }
        for address in ["127.0.0.2", "169.254.169.254", "192.168.0.1", "fd13::1"] {
            assert!(forbidden(&guard, address), "{address}");
        }
        let private = "192.168.0.1".parse().unwrap();
        assert_eq!(guard.check("receiver.INTERNAL", private), Ok(()));
        assert!(guard.check("other.internal", private).is_err() && guard.check("x.receiver.internal", private).is_err());
    }

    #[test]
    fn a_host_that_is_an_address_is_judged_without_resolving_it() {
        let guard = Guard::default();
        assert!(guard.check_literal("127.0.0.1").is_err() && guard.check_literal("[::1]").is_err());
        assert!(guard.check_literal("8.8.8.8").is_ok() && guard.check_literal("receiver.test").is_ok());
    }

    #[test]
    fn the_message_says_what_it_is_and_what_to_do() {
        let message = |host: &str, address: &str| Guard::default().check(host, address.parse().unwrap()).unwrap_err().to_string();
        let rest = ", and only public ones are delivered to, unless `--allow-destinations` lets others through";
        assert_eq!(message("[::1]", "::1"), format!("::1 is a loopback address{rest}"));
        assert_eq!(
            message("a.test", "169.254.169.254"),
            format!("a.test is at 169.254.169.254, the address of a cloud's metadata service{rest}")
        );
    }

    #[test]
    fn what_is_no_exception_is_refused() {
        for text in ["", "127.0.0.1:9000", "http://a.test", "*.internal", "10.0.0.0/33"] {
            assert!(text.parse::<Exception>().is_err(), "{text}");
        }
    }
}
