//! What is known of a service of another program.

use super::TxtRecord;
use crate::{endpoint::Endpoint, ip::IpAddress, tls::Fingerprint};

/// A service that was found, with what it said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundService {
    pub(super) name: String,
    pub(super) host: String,
    /// Not empty; the best first.
    pub(super) addresses: Vec<IpAddress>,
    pub(super) port: u16,
    pub(super) txt: TxtRecord,
}

impl FoundService {
    /// Returns the name of the service, which people chose for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name of its machine, for example `box.local`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the addresses of its machine that this one has heard of, the best first: those of this machine itself, then
    /// IPv4, then IPv6, link-local ones last. There is at least one and at most 16. Later ones may join them; a
    /// [`Browser`](super::Browser) tells of that.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddress] {
        &self.addresses
    }

    /// Returns the port at which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns where to connect to: the first of the addresses, and the port.
    ///
    /// [`Connection::connect`](crate::Connection::connect) with the endpoint of the service itself tries all of them.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::Tcp { host: self.addresses.first().map(ToString::to_string), port: self.port }
    }

    /// Returns what else it says of itself.
    #[must_use]
    pub fn txt(&self) -> &TxtRecord {
        &self.txt
    }

    /// Returns the fingerprint of the certificate that it says it shows: see
    /// [`TxtRecord::set_fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.txt.fingerprint()
    }

    /// Puts what another machine has said into order and into bounds; `None` if it is of no use then.
    #[cfg_attr(not(feature = "discovery"), allow(dead_code, reason = "nothing is received"))]
    pub(super) fn received(
        name: &str,
        host: &str,
        addresses: impl IntoIterator<Item = IpAddress>,
        port: u16,
        txt: TxtRecord,
    ) -> Option<Self> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let is_host = (1..=MAX_HOST).contains(&host.len()) && !host.contains(|c: char| c.is_control() || c == ' ');
        if crate::endpoint::checked_instance(name).is_err() || !is_host || port == 0 {
            return None;
        }
        let is_any = |address: IpAddress| [IpAddress::ANY, IpAddress::ANY_V6].contains(&address);
        let mut addresses: Vec<_> = addresses
            .into_iter()
            .filter(|address| !is_any(*address) && !address.is_multicast() && *address != IpAddress::BROADCAST)
            .collect();
        addresses.sort_by_key(|address| {
            let rank = match address {
                address if address.is_loopback() => 0,
                address if address.scope_id() != 0 => 2,
                _ => 1,
            };
            (rank, *address)
        });
        addresses.dedup();
        addresses.truncate(MAX_ADDRESSES);
        let found = Self { name: name.to_owned(), host: host.to_owned(), addresses, port, txt };
        (!found.addresses.is_empty()).then_some(found)
    }
}

/// The longest name that DNS can carry (RFC 1035 section 2.3.4).
#[cfg_attr(not(feature = "discovery"), allow(dead_code, reason = "nothing is received"))]
const MAX_HOST: usize = 253;
/// A machine has a few, and each is tried in turn.
#[cfg_attr(not(feature = "discovery"), allow(dead_code, reason = "nothing is received"))]
const MAX_ADDRESSES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn received(name: &str, host: &str, addresses: &[&str], port: u16) -> Option<FoundService> {
        let addresses = addresses.iter().map(|text| IpAddress::parse(text).unwrap());
        FoundService::received(name, host, addresses, port, TxtRecord::new())
    }

    #[test]
    fn what_is_received_is_put_into_order() {
        let all = ["2001:db8::1", "fe80::1%1", "192.0.2.9", "0.0.0.0", "192.0.2.1", "::", "224.0.0.251", "192.0.2.9"];
        let found = received("Ann's arena", "box.local.", &[&all[..], &["127.0.0.1"]].concat(), 4000).unwrap();
        assert_eq!((found.name(), found.host(), found.port()), ("Ann's arena", "box.local", 4000));
        let addresses: Vec<String> = found.addresses().iter().map(ToString::to_string).collect();
        assert_eq!(addresses, ["127.0.0.1", "192.0.2.1", "192.0.2.9", "2001:db8::1", "fe80::1%1"]);
        assert_eq!(found.endpoint().to_string(), "127.0.0.1:4000");
        assert_eq!(found.fingerprint(), None);
    }

    #[test]
    fn what_is_of_no_use_is_left_out() {
        let (one, long) = (["192.0.2.1"], "n".repeat(64));
        assert!(received("n", "box.local", &one, 1).is_some());
        assert!(received(&long[..63], &"h".repeat(253), &one, 65535).is_some());
        for (name, host, addresses, port) in [
            ("", "box.local", &one[..], 1),
            (&long, "box.local", &one, 1),
            ("a\x1b[31m", "box.local", &one, 1),
            ("a\nb", "box.local", &one, 1),
            ("n", "", &one, 1),
            ("n", ".", &one, 1),
            ("n", "box\x07.local", &one, 1),
            ("n", &"h".repeat(254), &one, 1),
            ("n", "box.local", &one, 0),
            ("n", "box.local", &[], 1),
            ("n", "box.local", &["0.0.0.0", "ff02::fb", "255.255.255.255"], 1),
        ] {
            assert_eq!(received(name, host, addresses, port), None, "{name:?} {host:?} {addresses:?} {port}");
        }
    }

    #[test]
    fn a_machine_has_a_few_addresses() {
        let addresses: Vec<String> = (1..=40).map(|number| format!("192.0.2.{number}")).collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        assert_eq!(received("n", "box.local", &addresses, 1).unwrap().addresses().len(), MAX_ADDRESSES);
    }
}
