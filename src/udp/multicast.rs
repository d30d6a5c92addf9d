//! Groups of receivers.

use std::net::IpAddr;

use super::{Bound, UdpSocket};
use crate::{
    error::{Error, Result},
    ip::IpAddress,
    status::Status,
};

impl UdpSocket {
    /// Joins a group: datagrams to its address and to this socket's port arrive from now on.
    ///
    /// `interface` is an address of this machine, whose network the group is joined on; [`IpAddress::ANY`] or
    /// [`IpAddress::ANY_V6`] leaves the choice to the system, and the scope id of a link-local group comes first.
    ///
    /// `Error` with the kind `InvalidAddress` when the group's address is none of a group or the interface's none of
    /// this machine, with the kind `NotBound` when the socket is not open; else the system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{IpAddress, UdpSocket};
    ///
    /// let group = IpAddress::new(239, 255, 42, 99);
    /// let mut receiver = UdpSocket::new();
    /// receiver.bind_to(IpAddress::ANY, UdpSocket::ANY_PORT).into_result()?;
    /// receiver.join_multicast(group, IpAddress::LOCAL_HOST).into_result()?;
    ///
    /// let mut sender = UdpSocket::new();
    /// sender.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result()?;
    /// sender.set_multicast_interface(IpAddress::LOCAL_HOST).into_result()?;
    /// sender.send(b"to all", group, receiver.local_port()).into_result()?;
    ///
    /// let mut buffer = [0; 16];
    /// let (length, from, _) = receiver.receive(&mut buffer).into_result()?;
    /// assert_eq!((&buffer[..length], from), (&b"to all"[..], IpAddress::LOCAL_HOST));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn join_multicast(&self, group: impl Into<IpAddress>, interface: impl Into<IpAddress>) -> Status {
        let join = |bound: &Bound, group, interface| match group {
            Group::V4(group, interface) => bound.socket().join_multicast_v4(&group, &interface),
            Group::V6(group) => bound.socket().join_multicast_v6(&group, interface),
        };
        self.change_group(group.into(), interface.into(), join).into()
    }

    /// Leaves a group; `interface` as it was for [`join_multicast`](Self::join_multicast).
    pub fn leave_multicast(&self, group: impl Into<IpAddress>, interface: impl Into<IpAddress>) -> Status {
        let leave = |bound: &Bound, group, interface| match group {
            Group::V4(group, interface) => bound.socket().leave_multicast_v4(&group, &interface),
            Group::V6(group) => bound.socket().leave_multicast_v6(&group, interface),
        };
        self.change_group(group.into(), interface.into(), leave).into()
    }

    /// Chooses the network that datagrams to groups leave by, by an address of this machine on it.
    ///
    /// `Error` as for [`join_multicast`](Self::join_multicast).
    pub fn set_multicast_interface(&self, interface: impl Into<IpAddress>) -> Status {
        let interface = interface.into();
        let set = || {
            let socket = self.bound()?.socket();
            let result = match IpAddr::from(interface) {
                IpAddr::V4(address) => socket.set_multicast_if_v4(&address),
                IpAddr::V6(_) => socket.set_multicast_if_v6(index_of(interface)?),
            };
            result.map_err(Error::from_os)
        };
        set().into()
    }

    fn change_group(
        &self,
        group: IpAddress,
        interface: IpAddress,
        change: impl FnOnce(&Bound, Group, u32) -> std::io::Result<()>,
    ) -> Result<()> {
        let bound = self.bound()?;
        if !group.is_multicast() {
            return Err(Error::invalid_address(&group.to_string(), "the address of a multicast group"));
        }
        let result = match (IpAddr::from(group), IpAddr::from(interface)) {
            (IpAddr::V4(group), IpAddr::V4(address)) => change(bound, Group::V4(group, address), 0),
            (IpAddr::V6(v6), IpAddr::V6(_)) => {
                let index = if group.scope_id() == 0 { index_of(interface)? } else { group.scope_id() };
                change(bound, Group::V6(v6), index)
            }
            _ => {
                let expected = "an interface's address of the same family as the group's";
                return Err(Error::invalid_address(&interface.to_string(), expected));
            }
        };
        result.map_err(Error::from_os)
    }
}

enum Group {
    V4(std::net::Ipv4Addr, std::net::Ipv4Addr),
    V6(std::net::Ipv6Addr),
}

/// The number of the interface with this IPv6 address, 0 for any.
fn index_of(interface: IpAddress) -> Result<u32> {
    if interface == IpAddress::ANY_V6 {
        return Ok(0);
    }
    let invalid = || Error::invalid_address(&interface.to_string(), "an address of this machine");
    interface.interface_index().ok_or_else(invalid)
}
