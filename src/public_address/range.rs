//! Which addresses belong to the internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{
    error::{Error, Result},
    ip::IpAddress,
};

impl IpAddress {
    /// Tells whether the address is one that a machine can have in the internet.
    ///
    /// It is not for loopback, private and link-local addresses, those that providers share among customers
    /// (`100.64.0.0/10`), groups, broadcasts, and what is kept for documentation, measurements and protocols. The
    /// ranges are those of IANA's registries of special-purpose addresses (RFC 6890); of IPv6 only `2000::/3` is given
    /// to machines. An IPv4 address written as IPv6 is what the IPv4 address is.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::IpAddress;
    ///
    /// assert!(IpAddress::new(8, 8, 8, 8).is_public());
    /// assert!(!IpAddress::new(192, 168, 1, 2).is_public());
    /// assert!(!IpAddress::parse("fd00::1")?.is_public());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn is_public(self) -> bool {
        match IpAddr::from(Self::reported(self.to_socket_addr(0))) {
            IpAddr::V4(address) => !SPECIAL_V4.iter().any(|(base, length)| {
                let shift = 32 - length;
                address.to_bits() >> shift == base.to_bits() >> shift
            }),
            IpAddr::V6(address) => {
                let is_in = |(base, length): &(Ipv6Addr, u32)| {
                    let shift = 128 - length;
                    address.to_bits() >> shift == base.to_bits() >> shift
                };
                is_in(&GLOBAL_V6) && !SPECIAL_V6.iter().any(is_in)
            }
        }
    }
}

/// What a provider says, if it can be true: a provider in the internet sees the addresses of the internet.
///
/// Any other answer is wrong, or comes from a machine between (a name service that leads to a page of its own, a
/// provider inside the local network), and is not what was asked for. A provider on this very machine is believed:
/// whoever names it knows why.
pub(super) fn believed(address: IpAddress, is_provider_loopback: bool) -> Result<IpAddress> {
    // A server behind a socket of both families may tell an IPv4 address as `::ffff:192.0.2.1`.
    let address = IpAddress::reported(address.to_socket_addr(0));
    let is_a_machine = address != IpAddress::ANY && address != IpAddress::ANY_V6 && !address.is_multicast();
    if address.is_public() || (is_provider_loopback && is_a_machine) {
        return Ok(address);
    }
    Err(Error::Malformed { expected: "a public address from the provider" })
}

const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Global unicast (RFC 4291 section 2.4, as far as IANA has assigned it).
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
const SPECIAL_V6: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0x0db8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn is_public(text: &str) -> bool {
        IpAddress::parse(text).unwrap().is_public()
    }

    #[test]
    fn the_ranges_end_where_they_should() {
        for (last, first) in [
            ("9.255.255.255", "10.0.0.0"),
            ("100.63.255.255", "100.64.0.0"),
            ("126.255.255.255", "127.0.0.0"),
            ("169.253.255.255", "169.254.0.0"),
            ("172.15.255.255", "172.16.0.0"),
            ("191.255.255.255", "192.0.0.0"),
            ("192.0.1.255", "192.0.2.0"),
            ("192.88.98.255", "192.88.99.255"),
            ("192.167.255.255", "192.168.0.0"),
            ("198.17.255.255", "198.18.0.0"),
            ("198.51.99.255", "198.51.100.0"),
            ("203.0.112.255", "203.0.113.0"),
            ("223.255.255.255", "224.0.0.0"),
            ("2000::", "1fff:ffff::"),
            ("2001:200::", "2001:1ff:ffff::"),
            ("2001:db7:ffff::", "2001:db8::"),
            ("3ffe:ffff::", "3fff::"),
        ] {
            assert!(is_public(last), "{last}");
            assert!(!is_public(first), "{first}");
        }
        for (last, first) in [
            ("0.255.255.255", "1.0.0.0"),
            ("10.255.255.255", "11.0.0.0"),
            ("100.127.255.255", "100.128.0.0"),
            ("127.255.255.255", "128.0.0.0"),
            ("169.254.255.255", "169.255.0.0"),
            ("172.31.255.255", "172.32.0.0"),
            ("192.168.255.255", "192.169.0.0"),
            ("198.19.255.255", "198.20.0.0"),
            ("2001:db8:ffff::", "2001:db9::"),
            ("3fff:0fff::", "3fff:1000::"),
        ] {
            assert!(!is_public(last), "{last}");
            assert!(is_public(first), "{first}");
        }
        for special in ["255.255.255.255", "::", "::1", "fe80::1", "fd00::1", "ff02::1", "4000::", "::ffff:10.0.0.1"] {
            assert!(!is_public(special), "{special}");
        }
        assert!(is_public("::ffff:1.1.1.1"));
    }

    #[test]
    fn only_a_provider_on_this_machine_may_tell_another_than_a_public_address() {
        let private = IpAddress::new(192, 168, 1, 2);
        assert_eq!(believed(private, true).unwrap(), private);
        let error = believed(private, false).unwrap_err();
        assert_eq!(error.to_string(), "expected a public address from the provider, found other bytes");
        for nobody in [IpAddress::ANY, IpAddress::ANY_V6, IpAddress::new(224, 0, 0, 1)] {
            let error = believed(nobody, true).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{nobody}");
        }
        let public = IpAddress::new(1, 1, 1, 1);
        assert_eq!(believed(public, false).unwrap(), public);
        assert_eq!(believed(IpAddress::parse("::ffff:1.1.1.1").unwrap(), false).unwrap(), public);
    }
}
