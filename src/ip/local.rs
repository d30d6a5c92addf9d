//! The addresses of this machine.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use if_addrs::{IfAddr, IfOperStatus, Interface};

use super::IpAddress;
use crate::error::{Error, Result};

impl IpAddress {
    /// Returns the address under which other machines of the local network most likely know this one.
    ///
    /// It is the address of the interface that packets to the rest of the world leave by. Without such a route (a LAN
    /// without a gateway) it is the best address of an interface that is up: IPv4 before IPv6, an interface that can
    /// broadcast before a tunnel, the lowest interface number first. `None` when there is only loopback. Nothing is
    /// sent. A machine with a VPN or several networks has no single right answer: see
    /// [`local_addresses`](Self::local_addresses).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::IpAddress;
    ///
    /// if let Some(address) = IpAddress::local_address() {
    ///     assert!(!address.is_loopback());
    /// }
    /// ```
    #[must_use]
    pub fn local_address() -> Option<Self> {
        let interfaces = if_addrs::get_if_addrs().ok()?;
        Self::ordered(&interfaces).into_iter().find(|address| !address.is_loopback())
    }

    /// Returns every address of this machine whose interface is up, the most useful first and loopback last.
    ///
    /// # Errors
    ///
    /// The error of the system where it does not tell its interfaces.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::IpAddress;
    ///
    /// let addresses = IpAddress::local_addresses()?;
    /// assert_eq!(IpAddress::local_address(), addresses.into_iter().find(|address| !address.is_loopback()));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn local_addresses() -> Result<Vec<Self>> {
        let interfaces = if_addrs::get_if_addrs().map_err(Error::from_os)?;
        Ok(Self::ordered(&interfaces))
    }

    /// The number of the interface that has this address.
    pub(crate) fn interface_index(self) -> Option<u32> {
        if_addrs::get_if_addrs().ok()?.iter().find(|interface| address_of(interface) == self)?.index
    }

    fn ordered(interfaces: &[Interface]) -> Vec<Self> {
        let routed = [ROUTED_V4, ROUTED_V6].map(source_address);
        let mut ranked: Vec<_> = interfaces
            .iter()
            .filter(|interface| is_up(interface))
            .map(|interface| (Rank::of(interface, &routed), address_of(interface)))
            .collect();
        ranked.sort();
        ranked.dedup_by_key(|(_, address)| *address);
        ranked.into_iter().map(|(_, address)| address).collect()
    }
}

/// What makes one address more useful than another; smaller is better.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    loopback: bool,
    not_routed: bool,
    link_local: bool,
    tunnel: bool,
    v6: bool,
    index: Option<u32>,
}

impl Rank {
    fn of(interface: &Interface, routed: &[Option<IpAddr>; 2]) -> Self {
        Self {
            loopback: interface.is_loopback(),
            not_routed: !routed.contains(&Some(interface.ip())),
            link_local: interface.is_link_local(),
            tunnel: interface.is_p2p() || is_virtual(&interface.name),
            v6: matches!(interface.addr, IfAddr::V6(_)),
            index: interface.index,
        }
    }
}

/// Interfaces of virtual machines, containers and VPNs: up, but seldom what other machines can reach.
fn is_virtual(name: &str) -> bool {
    ["docker", "veth", "br-", "virbr", "vmnet", "utun", "tun", "tailscale"].iter().any(|start| name.starts_with(start))
}

fn is_up(interface: &Interface) -> bool {
    // Loopback and tunnels have no carrier to tell of.
    matches!(interface.oper_status, IfOperStatus::Up | IfOperStatus::Unknown)
}

fn address_of(interface: &Interface) -> IpAddress {
    let mut address = IpAddress::from(interface.ip()).to_socket_addr(0);
    if let (SocketAddr::V6(v6), Some(index)) = (&mut address, interface.index) {
        v6.set_scope_id(index);
    }
    IpAddress::from(address)
}

/// The address that packets to `target` would carry. Connecting a UDP socket only asks the routing table.
fn source_address(target: &str) -> Option<IpAddr> {
    let any = if target.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(target).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// The number of an interface that is given by its number or its name.
pub(super) fn interface_index(zone: &str) -> Option<u32> {
    if let Ok(index) = zone.parse() {
        // `parse` would also take "+2".
        return (index != 0 && zone.bytes().all(|byte| byte.is_ascii_digit())).then_some(index);
    }
    let interfaces = if_addrs::get_if_addrs().ok()?;
    interfaces.iter().find(|interface| interface.name == zone)?.index
}

/// Addresses for documentation (RFC 5737, RFC 3849): routed like any other, and nobody has them.
const ROUTED_V4: &str = "192.0.2.1:9";
const ROUTED_V6: &str = "[2001:db8::1]:9";
