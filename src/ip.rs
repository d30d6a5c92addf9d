//! IP addresses: literals, names, and the addresses of this machine.

mod local;
#[cfg(any(feature = "ftp", feature = "http", feature = "messages"))]
mod lookup;

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs},
    str::FromStr,
};

#[cfg(feature = "http")]
pub(crate) use lookup::Lookup;
#[cfg(any(feature = "http", feature = "messages"))]
pub(crate) use lookup::begin_lookup;
#[cfg(any(feature = "ftp", feature = "messages"))]
pub(crate) use lookup::lookup;

use crate::error::{Error, Result};

/// An IPv4 or IPv6 address; a link-local IPv6 address keeps the number of its interface (its scope id).
///
/// Addresses are ordered, every IPv4 address before every IPv6 address. An IPv4 address written as IPv6
/// (`::ffff:192.0.2.1`) stays what was written; the addresses that sockets report are always the plain IPv4 ones.
///
/// # Examples
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr};
/// use sockeye::IpAddress;
///
/// let address = IpAddress::new(192, 0, 2, 1);
/// assert_eq!(address, IpAddress::parse("192.0.2.1")?);
/// assert_eq!(address, IpAddress::from_integer(0xC000_0201));
/// assert_eq!(IpAddr::from(address), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
/// assert_eq!(IpAddress::parse("2001:DB8::0:1")?.to_string(), "2001:db8::1");
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpAddress(Family);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Family {
    V4(Ipv4Addr),
    V6 { address: Ipv6Addr, scope_id: u32 },
}

impl IpAddress {
    /// Any IPv4 address of this machine (`0.0.0.0`), to listen on all of them.
    pub const ANY: Self = Self(Family::V4(Ipv4Addr::UNSPECIFIED));
    /// This machine itself (`127.0.0.1`).
    pub const LOCAL_HOST: Self = Self(Family::V4(Ipv4Addr::LOCALHOST));
    /// Every machine of the local network (`255.255.255.255`), for UDP.
    pub const BROADCAST: Self = Self(Family::V4(Ipv4Addr::BROADCAST));
    /// Any address of this machine (`::`); sockets bound to it serve IPv4 peers too.
    pub const ANY_V6: Self = Self(Family::V6 { address: Ipv6Addr::UNSPECIFIED, scope_id: 0 });
    /// This machine itself (`::1`).
    pub const LOCAL_HOST_V6: Self = Self(Family::V6 { address: Ipv6Addr::LOCALHOST, scope_id: 0 });

    /// Makes the IPv4 address `a.b.c.d`.
    #[must_use]
    pub const fn new(a: u8, b: u8, c: u8, d: u8) -> Self {
        Self(Family::V4(Ipv4Addr::new(a, b, c, d)))
    }

    /// Makes an IPv4 address from its 32 bits, the first byte of the address the most significant.
    #[must_use]
    pub const fn from_integer(bits: u32) -> Self {
        Self(Family::V4(Ipv4Addr::from_bits(bits)))
    }

    /// Returns the 32 bits of an IPv4 address, `None` for IPv6.
    #[must_use]
    pub const fn to_integer(self) -> Option<u32> {
        match self.0 {
            Family::V4(address) => Some(address.to_bits()),
            Family::V6 { .. } => None,
        }
    }

    /// Reads an address literal; no name is looked up.
    ///
    /// IPv4 needs its four decimal parts without leading zeros (no `127.1`, no `0x7f.1`, no `010.0.0.1`). IPv6 is read
    /// by RFC 4291 section 2.2, without brackets. A link-local IPv6 address may name its interface behind a `%`, by
    /// number or by name (RFC 4007 section 11): `fe80::1%2`, `fe80::1%eth0`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidAddress`] with the text, for anything else: surrounding space, an embedded NUL, a host name, an
    /// interface that this machine does not have.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = |expected| Error::invalid_address(text, expected);
        let (literal, zone) = match text.split_once('%') {
            Some((literal, zone)) => (literal, Some(zone)),
            None => (text, None),
        };
        let address = IpAddr::from_str(literal).map_err(|_| invalid("an IPv4 or IPv6 address"))?;
        match (address, zone) {
            (address, None) => Ok(address.into()),
            (IpAddr::V6(address), Some(zone)) if is_link_local(&address) => {
                let scope_id = local::interface_index(zone)
                    .ok_or_else(|| invalid("the number or the name of an interface behind the %"))?;
                Ok(Self(Family::V6 { address, scope_id }))
            }
            _ => Err(invalid("an interface only behind a link-local IPv6 address")),
        }
    }

    /// Reads a literal or looks a host name up, and gives the first address; `None` where there is none.
    ///
    /// This is SFML's one-call form: it blocks while the name is looked up, and says nothing about the reason. See
    /// [`parse`](Self::parse) and [`resolve`](Self::resolve).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::IpAddress;
    ///
    /// assert_eq!(IpAddress::from_string("127.0.0.1"), Some(IpAddress::LOCAL_HOST));
    /// assert_eq!(IpAddress::from_string(" 127.0.0.1"), None);
    /// ```
    #[must_use]
    pub fn from_string(text: &str) -> Option<Self> {
        Self::resolve(text).ok()?.first().copied()
    }

    /// Reads a literal or looks a host name up, and gives every address, each once, in the system's order of
    /// preference (RFC 6724).
    ///
    /// It blocks for as long as the system's resolver takes.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidAddress`] for what cannot be a name: empty text, control characters or space anywhere, more
    /// than 253 characters, or a last part that is a number (`127.1`), which resolvers take for an address.
    /// [`Error::Unresolved`] where the resolver finds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::IpAddress;
    ///
    /// let addresses = IpAddress::resolve("localhost")?;
    /// assert!(addresses.contains(&IpAddress::LOCAL_HOST) || addresses.contains(&IpAddress::LOCAL_HOST_V6));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn resolve(host: &str) -> Result<Vec<Self>> {
        if host.contains([':', '%']) || ends_in_a_number(host) {
            return Ok(vec![Self::parse(host)?]);
        }
        if host.is_empty() || host.len() > MAX_NAME || host.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(Error::invalid_address(host, "a host name of 1 to 253 characters without space"));
        }
        let unresolved = |source| Error::Unresolved { host: host.into(), source };
        let mut addresses = Vec::new();
        for found in (host, 0).to_socket_addrs().map_err(unresolved)? {
            let address = Self::from(found);
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() {
            return Err(unresolved(std::io::ErrorKind::NotFound.into()));
        }
        Ok(addresses)
    }

    /// Tells whether this is an IPv4 address.
    #[must_use]
    pub const fn is_v4(self) -> bool {
        matches!(self.0, Family::V4(_))
    }

    /// Tells whether this is an IPv6 address.
    #[must_use]
    pub const fn is_v6(self) -> bool {
        !self.is_v4()
    }

    /// Tells whether only this machine can be meant (`127.0.0.0/8`, `::1`).
    #[must_use]
    pub const fn is_loopback(self) -> bool {
        match self.0 {
            Family::V4(address) => address.is_loopback(),
            Family::V6 { address, .. } => address.is_loopback(),
        }
    }

    /// Tells whether it names a group of receivers (`224.0.0.0/4`, `ff00::/8`).
    #[must_use]
    pub const fn is_multicast(self) -> bool {
        match self.0 {
            Family::V4(address) => address.is_multicast(),
            Family::V6 { address, .. } => address.is_multicast(),
        }
    }

    /// Returns the number of the interface that a link-local IPv6 address belongs to; 0 where there is none.
    #[must_use]
    pub const fn scope_id(self) -> u32 {
        match self.0 {
            Family::V4(_) => 0,
            Family::V6 { scope_id, .. } => scope_id,
        }
    }

    /// Returns the address with a port, as `std::net` has it; the scope id stays.
    #[must_use]
    pub const fn to_socket_addr(self, port: u16) -> SocketAddr {
        match self.0 {
            Family::V4(address) => SocketAddr::new(IpAddr::V4(address), port),
            Family::V6 { address, scope_id } => SocketAddr::V6(SocketAddrV6::new(address, port, 0, scope_id)),
        }
    }

    /// The address as a socket of that family has to be told it.
    #[inline]
    pub(crate) fn for_family(self, dual_stack: bool, port: u16) -> SocketAddr {
        match self.0 {
            Family::V4(address) if dual_stack => SocketAddr::new(address.to_ipv6_mapped().into(), port),
            Family::V4(_) => self.to_socket_addr(port),
            Family::V6 { address, .. } => match address.to_ipv4_mapped() {
                Some(address) if !dual_stack => SocketAddr::new(address.into(), port),
                _ => self.to_socket_addr(port),
            },
        }
    }

    /// The address that a socket reports: an IPv4 peer of an IPv6 socket is an IPv4 peer.
    #[inline]
    pub(crate) fn reported(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
                Some(v4) => v4.into(),
                None => Self::from(address),
            },
            SocketAddr::V4(_) => Self::from(address),
        }
    }
}

impl fmt::Display for IpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Family::V4(address) => address.fmt(f),
            Family::V6 { address, scope_id: 0 } => address.fmt(f),
            Family::V6 { address, scope_id } => f.pad(&format!("{address}%{scope_id}")),
        }
    }
}

impl fmt::Debug for IpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for IpAddress {
    type Err = Error;

    /// The same as [`IpAddress::parse`].
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl From<Ipv4Addr> for IpAddress {
    fn from(address: Ipv4Addr) -> Self {
        Self(Family::V4(address))
    }
}

impl From<Ipv6Addr> for IpAddress {
    fn from(address: Ipv6Addr) -> Self {
        Self(Family::V6 { address, scope_id: 0 })
    }
}

impl From<IpAddr> for IpAddress {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => address.into(),
        }
    }
}

impl From<[u8; 4]> for IpAddress {
    fn from(bytes: [u8; 4]) -> Self {
        Ipv4Addr::from(bytes).into()
    }
}

impl From<[u8; 16]> for IpAddress {
    fn from(bytes: [u8; 16]) -> Self {
        Ipv6Addr::from(bytes).into()
    }
}

/// Keeps the scope id of a link-local address.
impl From<SocketAddr> for IpAddress {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(address) => (*address.ip()).into(),
            SocketAddr::V6(address) => {
                let scope_id = if is_link_local(address.ip()) { address.scope_id() } else { 0 };
                Self(Family::V6 { address: *address.ip(), scope_id })
            }
        }
    }
}

/// Drops the scope id, which `std::net::IpAddr` has no place for; see [`IpAddress::to_socket_addr`].
impl From<IpAddress> for IpAddr {
    fn from(address: IpAddress) -> Self {
        match address.0 {
            Family::V4(address) => address.into(),
            Family::V6 { address, .. } => address.into(),
        }
    }
}

/// Link-local unicast (`fe80::/10`) and the multicast groups of one interface or link (scope 1 and 2, whatever their
/// flags): the addresses that mean nothing without their interface (RFC 4007 section 5, RFC 4291 section 2.7).
fn is_link_local(address: &Ipv6Addr) -> bool {
    let [first, ..] = address.segments();
    address.is_unicast_link_local() || matches!(first & 0xff0f, 0xff01 | 0xff02)
}

fn ends_in_a_number(host: &str) -> bool {
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next().unwrap_or_default();
    let is_number = |digits: &str, radix| !digits.is_empty() && digits.chars().all(|c: char| c.is_digit(radix));
    is_number(last, 10) || last.strip_prefix("0x").or(last.strip_prefix("0X")).is_some_and(|hex| is_number(hex, 16))
}

/// The longest name that DNS can carry (RFC 1035 section 2.3.4, less the length bytes).
const MAX_NAME: usize = 253;

#[cfg(test)]
mod tests;
