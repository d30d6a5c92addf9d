//! Looking for services: one question of a kind for all that want to know.

use std::{
    net::SocketAddr,
    sync::{Arc, Weak},
    thread,
};

use mdns_sd::{InterfaceId, Receiver, ResolvedService, ScopedIp, ServiceEvent};

use super::{Daemon, PATIENCE, kind, lock, patiently, spawn};
use crate::{
    discovery::{FoundService, TxtRecord, watch::Watch},
    error::Result,
    ip::IpAddress,
};

/// A part in looking for services of a kind.
pub(in crate::discovery) struct Browsing(Arc<Shared>);

pub(super) struct Shared {
    daemon: Arc<Daemon>,
    kind: String,
    watch: Arc<Watch>,
}

pub(in crate::discovery) fn browse(service: &str) -> Result<Browsing> {
    let daemon = Daemon::get()?;
    let kind = kind(service);
    let mut browsings = lock(&daemon.browsings);
    if let Some(shared) = browsings.get(&kind).and_then(Weak::upgrade) {
        drop(browsings);
        return Ok(Browsing(shared));
    }
    let events = patiently(|| daemon.service.browse(&kind))?;
    let watch = Arc::new(Watch::default());
    let shared = Arc::new(Shared { daemon: Arc::clone(&daemon), kind: kind.clone(), watch: Arc::clone(&watch) });
    browsings.insert(kind, Arc::downgrade(&shared));
    // The last part locks it when it ends.
    drop(browsings);
    let weak = Arc::downgrade(&shared);
    spawn(move || follow(events, &watch, &weak))?;
    Ok(Browsing(shared))
}

impl Browsing {
    pub(in crate::discovery) fn watch(&self) -> &Watch {
        &self.0.watch
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let mut browsings = lock(&self.daemon.browsings);
        // Another one may have begun between the last part of this one and here.
        if browsings.get(&self.kind).is_some_and(|weak| std::ptr::eq(weak.as_ptr(), self)) {
            browsings.remove(&self.kind);
            // A thread that has failed looks for nothing.
            let _ = patiently(|| self.daemon.service.stop_browse(&self.kind));
        }
    }
}

/// Writes down what the thread of discovery finds, until nobody wants to know.
fn follow(mut events: Receiver<ServiceEvent>, watch: &Watch, browsing: &Weak<Shared>) {
    loop {
        match events.recv() {
            Ok(ServiceEvent::ServiceResolved(service)) => {
                if let Some(service) = found(&service) {
                    watch.found(service);
                }
            }
            Ok(ServiceEvent::ServiceRemoved(kind, fullname)) => {
                if let Some(name) = instance(&fullname, &kind) {
                    watch.lost(name);
                }
            }
            Ok(ServiceEvent::SearchStopped(_)) | Err(_) => {
                if browsing.strong_count() == 0 {
                    return;
                }
                // More has come at once than there is room for: ask again, in a while.
                thread::sleep(PATIENCE);
                let Some(browsing) = browsing.upgrade() else { return };
                match patiently(|| browsing.daemon.service.browse(&browsing.kind)) {
                    Ok(again) => {
                        events = again;
                        // Nobody has said what went in the meantime; what is there is told again.
                        watch.begin_again();
                    }
                    Err(_) => return watch.end(),
                }
            }
            Ok(_) => {}
        }
    }
}

fn found(service: &ResolvedService) -> Option<FoundService> {
    let name = instance(&service.fullname, &service.ty_domain)?;
    let mut txt = TxtRecord::new();
    for property in service.txt_properties.iter() {
        txt.receive(property.key(), property.val());
    }
    let addresses = service.addresses.iter().filter_map(address);
    FoundService::received(name, &service.host, addresses, service.port, txt)
}

/// An address of another program. Loopback is believed when it was heard there: another machine that says so would have
/// this one connect to itself.
fn address(address: &ScopedIp) -> Option<IpAddress> {
    let is_heard_on_loopback =
        |interface: &InterfaceId| interface.get_addrs().iter().any(std::net::IpAddr::is_loopback);
    match address {
        ScopedIp::V4(v4) => {
            let is_good = !v4.addr().is_loopback() || v4.interface_ids().iter().any(is_heard_on_loopback);
            is_good.then(|| (*v4.addr()).into())
        }
        ScopedIp::V6(v6) => {
            let is_good = !v6.addr().is_loopback() || is_heard_on_loopback(v6.scope_id());
            let scoped = std::net::SocketAddrV6::new(*v6.addr(), 0, 0, v6.scope_id().index);
            is_good.then(|| SocketAddr::V6(scoped).into())
        }
        _ => None,
    }
}

/// The name in front of the kind; dots in it are no separators.
pub(super) fn instance<'a>(fullname: &'a str, kind: &str) -> Option<&'a str> {
    let (name, rest) = fullname.split_at_checked(fullname.len().checked_sub(kind.len())?)?;
    name.strip_suffix('.').filter(|_| rest.eq_ignore_ascii_case(kind))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use mdns_sd::ScopedIpV4;

    use super::*;

    #[test]
    fn the_name_stands_in_front_of_the_kind() {
        let kind = "_game._tcp.local.";
        assert_eq!(instance("Ann's arena._game._tcp.local.", kind), Some("Ann's arena"));
        assert_eq!(instance("v1.2 of Ann._GAME._tcp.local.", kind), Some("v1.2 of Ann"));
        for other in ["_game._tcp.local.", "x_game._tcp.local.", "a._chat._tcp.local.", "", ".", "\u{e4}"] {
            assert_eq!(instance(other, kind), None, "{other:?}");
        }
    }

    #[test]
    fn loopback_is_believed_on_loopback() {
        let loopback = if_addrs::get_if_addrs().unwrap().into_iter().find(if_addrs::Interface::is_loopback).unwrap();
        let near = InterfaceId { name: loopback.name, index: loopback.index.unwrap() };
        let far = InterfaceId { name: "elsewhere".to_owned(), index: u32::MAX };
        let heard = |interface: &InterfaceId, ip| address(&ScopedIp::V4(ScopedIpV4::new(ip, interface.clone())));
        assert_eq!(heard(&near, Ipv4Addr::LOCALHOST), Some(IpAddress::LOCAL_HOST));
        assert_eq!(heard(&far, Ipv4Addr::LOCALHOST), None);
        assert_eq!(heard(&far, Ipv4Addr::new(192, 0, 2, 1)), Some(IpAddress::new(192, 0, 2, 1)));
        assert_eq!(address(&ScopedIp::from(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]))), None);
    }
}
