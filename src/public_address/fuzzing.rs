//! The codecs as the fuzz targets call them.

use super::{DnsRecord, dns::Query, stun::Binding};
use crate::{error::Result, ip::IpAddress};

/// Reads the answer to a STUN request with this id.
#[must_use]
pub fn stun_answer(id: [u8; 12], datagram: &[u8]) -> Option<Result<IpAddress>> {
    Binding::new(id).read(datagram)
}

/// A DNS query.
///
/// # Errors
///
/// [`Error::InvalidInput`](crate::Error::InvalidInput) for what is no name.
pub fn dns_query(id: [u8; 2], name: &str, record: DnsRecord) -> Result<Vec<u8>> {
    Ok(Query::new(id, name, record)?.to_bytes())
}

/// Reads the answer to a DNS query.
#[must_use]
pub fn dns_answer(id: [u8; 2], name: &str, record: DnsRecord, datagram: &[u8]) -> Option<Result<IpAddress>> {
    Query::new(id, name, record).ok()?.read(datagram)
}
