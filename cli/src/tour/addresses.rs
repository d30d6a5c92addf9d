//! The addresses of this machine.

use sockeye::IpAddress;

use super::failure::{Failure, expect};

pub(super) fn step() -> Result<String, Failure> {
    expect("that 127.0.0.1 is", &IpAddress::LOCAL_HOST, &IpAddress::parse("127.0.0.1")?)?;
    let all: Vec<String> = IpAddress::local_addresses()?.iter().map(ToString::to_string).collect();
    let lan = IpAddress::local_address().map_or_else(|| "none: only loopback".to_owned(), |lan| lan.to_string());
    Ok(format!("in the local network: {lan}\nall: {}", all.join(", ")))
}
