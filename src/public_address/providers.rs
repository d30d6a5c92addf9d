//! Who can be asked for the public address, as data.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use crate::{
    error::{Error, Result},
    ip::IpAddress,
};

/// A server that tells who asks it: what [`IpAddress::public_address_from`] needs to know of it.
///
/// As text, a STUN server is a URI of RFC 7064 (`stun:stun.example:3478`), a DNS server one of RFC 4501
/// (`dns://192.0.2.53/whoami.example?type=TXT;class=CH`, with the server as an address), a web server its URL.
///
/// # Examples
///
/// ```
/// use sockeye::PublicAddressProvider;
///
/// let provider: PublicAddressProvider = "stun:stun.example".parse()?;
/// assert_eq!(provider, PublicAddressProvider::Stun { server: "stun.example".to_owned(), port: 3478 });
/// assert_eq!(provider.to_string(), "stun:stun.example:3478");
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublicAddressProvider {
    /// A STUN server (RFC 8489), over UDP.
    Stun {
        /// Its name or its address.
        server: String,
        /// Its port, usually 3478.
        port: u16,
    },
    /// A DNS server that answers with the address of who asks, over UDP.
    Dns {
        /// Its address; a name would be looked up by another DNS server.
        server: IpAddress,
        /// Its port, usually 53.
        port: u16,
        /// The name to ask for.
        name: String,
        /// The kind of record to ask for.
        record: DnsRecord,
    },
    /// A web server that answers a GET with the address as plain text.
    Http {
        /// Where, `https://` or `http://`.
        url: String,
    },
}

/// The kinds of DNS records that carry the address of who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DnsRecord {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// An address as text.
    Txt,
    /// An address as text, in the class CH.
    ChaosTxt,
}

impl PublicAddressProvider {
    /// The providers that [`IpAddress::public_address`] asks, in this order.
    ///
    /// | provider | who runs it | how it is asked |
    /// |---|---|---|
    /// | `stun.l.google.com:19302` | Google | STUN |
    /// | `stun.cloudflare.com:3478` | Cloudflare | STUN |
    /// | `1.1.1.1`, `2606:4700:4700::1111` | Cloudflare | DNS, `whoami.cloudflare` |
    /// | `208.67.222.222`, `2620:119:35::35` | Cisco OpenDNS | DNS, `myip.opendns.com` |
    /// | `216.239.32.10`, `2001:4860:4802:32::a` | Google | DNS, `o-o.myaddr.l.google.com` |
    /// | `api.ipify.org` | ipify | HTTPS, IPv4 |
    /// | `checkip.amazonaws.com` | Amazon | HTTPS, IPv4 |
    /// | `icanhazip.com` | Cloudflare | HTTPS |
    ///
    /// They are free to use and promise nothing; each learns the address and the time. A program with many users is
    /// better off with a server of its own.
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        let stun = STUN_SERVERS.iter().map(|&(server, port)| Self::Stun { server: server.to_owned(), port });
        let dns = DNS_SERVERS.iter().map(|&(server, name, record)| Self::Dns {
            server: server.into(),
            port: DNS_PORT,
            name: name.to_owned(),
            record,
        });
        let http = WEB_PAGES.iter().map(|&url| Self::Http { url: url.to_owned() });
        stun.chain(dns).chain(http).collect()
    }

    /// The URL of a web server; the other providers are asked with datagrams.
    pub(super) fn url(&self) -> Option<&str> {
        match self {
            Self::Http { url } => Some(url),
            Self::Stun { .. } | Self::Dns { .. } => None,
        }
    }
}

impl fmt::Display for PublicAddressProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stun { server, port } if server.contains(':') => write!(f, "stun:[{server}]:{port}"),
            Self::Stun { server, port } => write!(f, "stun:{server}:{port}"),
            Self::Dns { server, port, name, record } => {
                let (kind, class) = match record {
                    DnsRecord::A => ("A", "IN"),
                    DnsRecord::Aaaa => ("AAAA", "IN"),
                    DnsRecord::Txt => ("TXT", "IN"),
                    DnsRecord::ChaosTxt => ("TXT", "CH"),
                };
                write!(f, "dns://{}/{name}?type={kind};class={class}", server.to_socket_addr(*port))
            }
            Self::Http { url } => f.write_str(url),
        }
    }
}

impl FromStr for PublicAddressProvider {
    type Err = Error;

    /// Reads the forms that are described above, and no others.
    ///
    /// A port that is not there is 3478 for STUN and 53 for DNS; a type is `A`, a class `IN`. The URL of a web server
    /// is looked at when it is asked.
    fn from_str(text: &str) -> Result<Self> {
        let invalid = || Error::invalid_input(text, "stun:HOST:PORT, dns://ADDRESS:PORT/NAME?type=TYPE or a URL");
        if let Some(authority) = text.strip_prefix("stun:") {
            let (host, port) = host_and_port(authority, STUN_PORT).ok_or_else(invalid)?;
            return Ok(Self::Stun { server: host.to_owned(), port });
        }
        if let Some(rest) = text.strip_prefix("dns://") {
            return dns(rest).ok_or_else(invalid);
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            return Ok(Self::Http { url: text.to_owned() });
        }
        Err(invalid())
    }
}

/// What follows `dns://`.
fn dns(text: &str) -> Option<PublicAddressProvider> {
    let (authority, question) = text.split_once('/')?;
    let (name, query) = question.split_once('?').unwrap_or((question, ""));
    let (host, port) = host_and_port(authority, DNS_PORT)?;
    let (mut kind, mut class) = ("A", "IN");
    for element in query.split(';').filter(|element| !element.is_empty()) {
        match element.split_once('=')? {
            (key, value) if key.eq_ignore_ascii_case("type") => kind = value,
            (key, value) if key.eq_ignore_ascii_case("class") => class = value,
            _ => return None,
        }
    }
    let record = match (kind.to_ascii_uppercase().as_str(), class.to_ascii_uppercase().as_str()) {
        ("A", "IN") => DnsRecord::A,
        ("AAAA", "IN") => DnsRecord::Aaaa,
        ("TXT", "IN") => DnsRecord::Txt,
        ("TXT", "CH") => DnsRecord::ChaosTxt,
        _ => return None,
    };
    let server = IpAddress::parse(host).ok()?;
    (!name.is_empty()).then(|| PublicAddressProvider::Dns { server, port, name: name.to_owned(), record })
}

/// Splits `host`, `host:port`, `[address]` or `[address]:port`.
pub(super) fn host_and_port(authority: &str, default: u16) -> Option<(&str, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = match port {
        // `parse` would also take "+2".
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok().filter(|port| *port > 0)?,
        Some(_) => return None,
        None => default,
    };
    (!host.is_empty() && !host.contains(['/', '?', '@'])).then_some((host, port))
}

const STUN_PORT: u16 = 3478;
const DNS_PORT: u16 = 53;

const STUN_SERVERS: [(&str, u16); 2] = [("stun.l.google.com", 19302), ("stun.cloudflare.com", STUN_PORT)];

/// Every IPv4 server before any of IPv6: the answer is of the family in which the server was asked.
const DNS_SERVERS: [(IpAddr, &str, DnsRecord); 6] = [
    (IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1)), WHOAMI_CLOUDFLARE, DnsRecord::ChaosTxt),
    (IpAddr::V4(Ipv4Addr::new(208, 67, 222, 222)), MYIP_OPENDNS, DnsRecord::A),
    (IpAddr::V4(Ipv4Addr::new(216, 239, 32, 10)), MYADDR_GOOGLE, DnsRecord::Txt),
    (IpAddr::V6(Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111)), WHOAMI_CLOUDFLARE, DnsRecord::ChaosTxt),
    (IpAddr::V6(Ipv6Addr::new(0x2620, 0x119, 0x35, 0, 0, 0, 0, 0x35)), MYIP_OPENDNS, DnsRecord::Aaaa),
    (IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4802, 0x32, 0, 0, 0, 0xa)), MYADDR_GOOGLE, DnsRecord::Txt),
];
const WHOAMI_CLOUDFLARE: &str = "whoami.cloudflare";
const MYIP_OPENDNS: &str = "myip.opendns.com";
const MYADDR_GOOGLE: &str = "o-o.myaddr.l.google.com";

const WEB_PAGES: [&str; 3] = ["https://api.ipify.org/", "https://checkip.amazonaws.com/", "https://icanhazip.com/"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn the_defaults_survive_the_way_to_text_and_back() {
        let providers = PublicAddressProvider::defaults();
        assert_eq!(providers.len(), STUN_SERVERS.len() + DNS_SERVERS.len() + WEB_PAGES.len());
        for provider in providers {
            assert_eq!(provider.to_string().parse::<PublicAddressProvider>().unwrap(), provider);
        }
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        for (short, long) in [
            ("stun:stun.example", "stun:stun.example:3478"),
            ("stun:[::1]", "stun:[::1]:3478"),
            ("stun:[::1]:7", "stun:[::1]:7"),
            ("stun:127.0.0.1:65535", "stun:127.0.0.1:65535"),
            ("dns://192.0.2.53/me.example", "dns://192.0.2.53:53/me.example?type=A;class=IN"),
            ("dns://[::1]/me.example?TYPE=aaaa", "dns://[::1]:53/me.example?type=AAAA;class=IN"),
            ("dns://[::1]:7/me?class=ch;type=txt", "dns://[::1]:7/me?type=TXT;class=CH"),
            ("https://web.example/ip?x=1", "https://web.example/ip?x=1"),
        ] {
            assert_eq!(short.parse::<PublicAddressProvider>().unwrap().to_string(), long);
        }
    }

    #[test]
    fn what_is_no_provider_is_said_to_be_none() {
        for wrong in [
            "",
            "stun",
            "stun:",
            "stun:::1",
            "stun:host:",
            "stun:host:0",
            "stun:host:+2",
            "stun:host:65536",
            "stun:[::1",
            "stun:[::1]7",
            "stun:user@host",
            "dns://name.example/x",
            "dns://192.0.2.53",
            "dns://192.0.2.53/",
            "dns://192.0.2.53/x?type=MX",
            "dns://192.0.2.53/x?type=A;class=CH",
            "dns://192.0.2.53/x?kind=A",
            "ftp://host/",
        ] {
            let error = wrong.parse::<PublicAddressProvider>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{wrong}");
        }
    }
}
