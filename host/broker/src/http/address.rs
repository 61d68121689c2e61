//! Which addresses a shard's requests may be sent to.
//!
//! Both egress checks ask here: the one on the name or literal in the URL ([`super::egress`]) and the one on every address
//! that a name resolves to ([`super::resolve`]), because a permitted name may resolve to 169.254.169.254.
//!
//! Only public unicast addresses pass by themselves. An attacker writes a forbidden address in another coat, so IPv6 forms
//! that embed an IPv4 address (mapped, NAT64, 6to4) are judged by the address inside. The addresses at which clouds hand out
//! machine credentials pass only when the operator lists that very address: a block around it is not enough.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

/// Addresses that are not public, which an operator lets one shard reach: `127.0.0.1`, `10.1.0.0/16`, `fd12::/48`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct AddressBlock(IpNet);

/// The text is neither an IP address nor a block in CIDR notation.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is neither an IP address nor a block such as 10.1.0.0/16")]
pub struct InvalidAddressBlock(String);

impl FromStr for AddressBlock {
    type Err = InvalidAddressBlock;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map(|block| Self(block.trunc()))
            .map_err(|_| InvalidAddressBlock(text.to_owned()))
    }
}

impl TryFrom<String> for AddressBlock {
    type Error = InvalidAddressBlock;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AddressBlock> for String {
    fn from(block: AddressBlock) -> Self {
        block.to_string()
    }
}

impl fmt::Display for AddressBlock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(formatter)
        } else {
            self.0.fmt(formatter)
        }
    }
}

/// Where clouds serve credentials to whoever asks from inside: the link-local service of most of them, AWS for containers,
/// Alibaba, Azure's wire server, AWS over IPv6.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// IPv4 blocks that are not globally reachable (IANA special-purpose address registry), multicast, reserved, broadcast.
const SPECIAL_V4: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];

/// All that IPv6 calls global unicast (RFC 4291 §2.4); everything outside it is refused.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Parts of it that are not: protocol assignments with Teredo (RFC 2928, 4380), documentation (RFC 3849, 9637).
const SPECIAL_V6: [Ipv6Net; 3] = [
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// The well-known NAT64 prefix (RFC 6052 §2.1); the last four bytes are an IPv4 address.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// 6to4 (RFC 3056 §2); the four bytes after the prefix are an IPv4 address.
const SIX_TO_FOUR: Ipv6Net = v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16);

const fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::from_octets(octets), prefix)
}

const fn v6(segments: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::from_segments(segments), prefix)
}

/// One shard's rule on addresses: the public ones, and the blocks that its operator lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct AddressRule {
    granted: Vec<AddressBlock>,
}

impl AddressRule {
    pub(crate) fn new(granted: Vec<AddressBlock>) -> Self {
        Self { granted }
    }

    /// Whether a request may be sent to `address`.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let inner = unwrapped(address);
        if METADATA.contains(&inner) {
            return self.lists_exactly(inner);
        }
        self.lists(address) || self.lists(inner) || is_public(inner)
    }

    /// Whether names that mean this machine by definition (RFC 6761 §6.3) may be used.
    pub(crate) fn allows_localhost(&self) -> bool {
        self.lists(Ipv4Addr::LOCALHOST.into()) || self.lists(Ipv6Addr::LOCALHOST.into())
    }

    fn lists(&self, address: IpAddr) -> bool {
        self.granted.iter().any(|block| block.0.contains(&address))
    }

    fn lists_exactly(&self, address: IpAddr) -> bool {
        self.granted.contains(&AddressBlock(IpNet::from(address)))
    }
}

/// The IPv4 address inside a mapped, NAT64 or 6to4 address; every other address as it is.
fn unwrapped(address: IpAddr) -> IpAddr {
    let canonical = address.to_canonical();
    let IpAddr::V6(wrapped) = canonical else {
        return canonical;
    };
    let [_, _, first, second, third, fourth, .., fifth, sixth, seventh, eighth] = wrapped.octets();
    if NAT64.contains(&wrapped) {
        Ipv4Addr::new(fifth, sixth, seventh, eighth).into()
    } else if SIX_TO_FOUR.contains(&wrapped) {
        Ipv4Addr::new(first, second, third, fourth).into()
    } else {
        canonical
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|block| block.contains(&address)),
        IpAddr::V6(address) => GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|block| block.contains(&address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(blocks: &[&str]) -> AddressRule {
        AddressRule::new(blocks.iter().map(|block| block.parse().unwrap()).collect())
    }

    fn allows(blocks: &[&str], address: &str) -> bool {
        rule(blocks).allows(address.parse().unwrap())
    }

    #[test]
    fn lets_public_addresses_pass() {
        for address in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "64:ff9b::101:101"] {
            assert!(allows(&[], address), "{address}");
        }
    }

    #[test]
    fn refuses_what_is_not_public() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.1.1",
            "169.254.169.254",
            "169.254.170.2",
            "168.63.129.16",
            "100.100.100.200",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "100::1",
            "5f00::1",
        ] {
            assert!(!allows(&[], address), "{address}");
        }
    }

    #[test]
    fn sees_through_ipv6_forms_that_embed_a_private_address() {
        for address in [
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::7f00:1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2002:c0a8:101::1",
        ] {
            assert!(!allows(&[], address), "{address}");
        }
    }

    #[test]
    fn lets_listed_private_addresses_pass_and_no_others() {
        assert!(allows(&["10.1.0.0/16"], "10.1.2.3"));
        assert!(!allows(&["10.1.0.0/16"], "10.2.0.1"));
        assert!(allows(&["127.0.0.1"], "::ffff:127.0.0.1"));
        assert!(!allows(&["127.0.0.1"], "127.0.0.2"));
    }

    #[test]
    fn a_block_around_a_metadata_address_does_not_grant_it() {
        for block in ["169.254.0.0/16", "0.0.0.0/0", "169.254.169.254/31"] {
            assert!(!allows(&[block], "169.254.169.254"), "{block}");
        }
        assert!(!allows(&["fc00::/7"], "fd00:ec2::254"));
        assert!(allows(&["169.254.169.254"], "169.254.169.254"));
    }

    #[test]
    fn blocks_print_as_they_parse() {
        for text in ["127.0.0.1", "10.1.0.0/16", "fd12::/48", "::1"] {
            assert_eq!(text.parse::<AddressBlock>().unwrap().to_string(), text);
        }
        assert!("localhost".parse::<AddressBlock>().is_err());
    }
}
