//! What is reached without the proxy: `no_proxy`.

use std::net::IpAddr;

use super::split_port;
use crate::ip::IpAddress;

/// The entries of `no_proxy`.
#[derive(Debug, Clone, Default)]
pub(super) struct Bypass(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    what: What,
    /// All ports where there is none.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Everything,
    /// A name in lower case, and the names below it.
    Name(String),
    /// An address, or all that begin with this many of its bits.
    Network(IpAddr, u32),
}

impl Bypass {
    /// Reads a list separated by commas or space. What makes no sense matches nothing, as everywhere else.
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        Self(entries.filter(|entry| !entry.is_empty()).filter_map(Entry::parse).collect())
    }

    pub(super) fn contains(&self, host: &str, port: u16) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let address = IpAddress::parse(host).ok().map(IpAddr::from);
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        self.0.iter().any(|entry| {
            entry.port.is_none_or(|own| own == port)
                && match (&entry.what, address) {
                    (What::Everything, _) => true,
                    (What::Name(parent), None) => is_at_or_below(&name, parent),
                    (What::Network(network, bits), Some(address)) => is_inside(address, *network, *bits),
                    _ => false,
                }
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self { what: What::Everything, port: None });
        }
        if let Some((network, bits)) = text.split_once('/') {
            let network = address(network)?;
            let longest = if network.is_ipv4() { 32 } else { 128 };
            let bits = bits.parse().ok().filter(|bits| *bits <= longest)?;
            return Some(Self { what: What::Network(network, bits), port: None });
        }
        // An address in IPv6 without brackets has colons and no port.
        if let Some(address) = address(text) {
            return Some(Self { what: Self::single(address), port: None });
        }
        let (host, port) = split_port(text)?;
        if let Some(address) = address(host) {
            return Some(Self { what: Self::single(address), port });
        }
        let name = host.strip_prefix('*').unwrap_or(host);
        let name = name.strip_prefix('.').unwrap_or(name);
        let name = name.strip_suffix('.').unwrap_or(name);
        (!name.is_empty()).then(|| Self { what: What::Name(name.to_ascii_lowercase()), port })
    }

    fn single(address: IpAddr) -> What {
        What::Network(address, if address.is_ipv4() { 32 } else { 128 })
    }
}

fn address(text: &str) -> Option<IpAddr> {
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    IpAddress::parse(text).ok().map(IpAddr::from)
}

fn is_at_or_below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_inside(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            bits == 0 || differing >> (32 - bits.min(32)) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            bits == 0 || differing >> (128 - bits.min(128)) == 0
        }
        _ => false,
    }
}
