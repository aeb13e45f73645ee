//! Who a sender is, as far as its address says: what shares between senders are counted by.

use std::net::IpAddr;

/// An IPv4 address, or an IPv6 network of 64 bits: whoever has one address of such a network usually has all of them
/// (RFC 6177). Unknown addresses are all the same one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(u64);

/// Stands before the 32 bits of an IPv4 address. As the first half of an IPv6 address it is assigned to nobody.
const IPV4: u64 = 0xffff << 32;

impl Network {
    /// The network of an address as text.
    pub fn of(address: &str) -> Self {
        address.parse::<IpAddr>().map_or_else(|_| Self::default(), Self::from)
    }

    /// As a number, for the disk.
    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    /// What [`to_bits`](Self::to_bits) gave.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IPV4 | u64::from(address.to_bits())),
            IpAddr::V6(address) => Self((address.to_bits() >> 64) as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_sender_is_its_network_of_64_bits_and_an_ipv4_sender_its_address() {
        assert_eq!(Network::of("2001:db8::1"), Network::of("2001:db8::2:0:0:3"));
        assert_ne!(Network::of("2001:db8::1"), Network::of("2001:db8:0:1::1"));
        assert_eq!(Network::of("192.0.2.1"), Network::of("::ffff:192.0.2.1"));
        assert_ne!(Network::of("192.0.2.1"), Network::of("192.0.2.2"));
        assert_eq!(Network::of("no address"), Network::default());
    }
}
