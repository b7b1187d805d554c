//! Which addresses are never connected to, and networks in CIDR notation.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Whether an address is nowhere a receiver can be: unspecified, link-local,
/// multicast, reserved, or another address in disguise.
pub fn is_nowhere(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, ..] = v4.octets();
            // 0/8 is "this host" to some systems; 240/4 is reserved and holds
            // the broadcast address.
            first == 0 || first >= 240 || v4.is_link_local() || v4.is_multicast()
        }
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            let link_local = first & 0xffc0 == 0xfe80;
            let site_local = first & 0xffc0 == 0xfec0;
            v6.is_unspecified() || link_local || site_local || v6.is_multicast() || {
                // Forms that carry an IPv4 address: mapped, compatible, NAT64,
                // 6to4, Teredo. An operator who means that address writes it.
                let carries = v6.to_ipv4().is_some() && !v6.is_loopback();
                let nat64 = first == 0x64 && second == 0xff9b;
                carries || nat64 || first == 0x2002 || (first == 0x2001 && second == 0)
            }
        }
    }
}

/// A network: `10.20.0.0/16`, `fd00::/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether it holds an address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix));
                let mask = mask.unwrap_or(0);
                (base.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix));
                let mask = mask.unwrap_or(0);
                (base.to_bits() ^ address.to_bits()) & mask == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    /// Bits beyond the prefix are refused: whoever wrote them meant something
    /// else.
    fn from_str(text: &str) -> Result<Network, String> {
        let refuse = || format!("`{text}` is not a network such as 10.20.0.0/16");
        let (base, prefix) = match text.split_once('/') {
            Some((base, prefix)) => (base, Some(prefix)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| refuse())?;
        let longest = if base.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| refuse())?,
            None => longest,
        };
        let network = Network { base, prefix };
        let zeros: IpAddr = match base {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let host_bits = |base: IpAddr| match base {
            IpAddr::V4(v4) => u32::MAX
                .checked_shr(prefix.into())
                .is_some_and(|mask| v4.to_bits() & mask != 0),
            IpAddr::V6(v6) => u128::MAX
                .checked_shr(prefix.into())
                .is_some_and(|mask| v6.to_bits() & mask != 0),
        };
        if prefix > longest || (base != zeros && host_bits(base)) {
            return Err(refuse());
        }
        Ok(network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nowhere() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::10.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:a00:1::1",
            "2001:0:1::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(is_nowhere(text.parse().unwrap()), "{text}");
        }
        for text in [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "8.8.8.8",
            "fd00::1",
            "2400:3200::1",
            // Told from our own by what may be allowed for tests.
            "127.0.0.1",
            "::1",
        ] {
            assert!(!is_nowhere(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn networks_hold_what_they_say() {
        let holds = |network: &str, address: &str| {
            let network: Network = network.parse().unwrap();
            network.contains(address.parse().unwrap())
        };
        assert!(holds("10.20.0.0/16", "10.20.255.255"));
        assert!(!holds("10.20.0.0/16", "10.21.0.0"));
        assert!(!holds("10.20.0.0/16", "::ffff:10.20.0.1"));
        assert!(holds("10.20.3.4", "10.20.3.4") && !holds("10.20.3.4", "10.20.3.5"));
        assert!(holds("0.0.0.0/0", "203.0.113.9") && holds("::/0", "2400::1"));
        assert!(holds("fd00::/8", "fdff::1") && !holds("fd00::/8", "fe00::1"));
        assert!(holds("fd00::1", "fd00::1") && !holds("fd00::1", "fd00::2"));
        for bad in [
            "10.20.0.1/16",
            "10.20.0.0/33",
            "10.20/16",
            "",
            "x/8",
            "fd00::1/8",
            "10.0.0.0/-1",
        ] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
