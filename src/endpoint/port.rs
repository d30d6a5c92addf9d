//! Ports, by number and by name.

use std::{
    fs::File,
    io::{self, Read},
};

use crate::{
    error::{Error, Result},
    sys,
};

/// Reads a number without sign, space or leading zeros, or the name of a port.
pub(super) fn parse(text: &str) -> Result<u16> {
    if text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let has_leading_zero = text.len() > 1 && text.starts_with('0');
        let number = if has_leading_zero { None } else { text.parse().ok() };
        return number.ok_or_else(|| Error::invalid_address(text, "a port from 0 to 65535"));
    }
    let is_name = text.len() <= MAX_NAME
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+*".contains(&byte));
    if !is_name {
        return Err(Error::invalid_address(text, "a port from 0 to 65535 or the name of one"));
    }
    let table = table().map_err(|source| Error::file(&sys::services(), source))?;
    find(&table, text).ok_or_else(|| Error::invalid_address(text, "the name of a port in the system's table"))
}

fn table() -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(sys::services())?.take(MAX_TABLE).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Finds a name or an alias (`services(5)`: `name port/protocol alias ... # comment`). The one of TCP comes before
/// those of other protocols, the first one before later ones.
fn find(table: &str, name: &str) -> Option<u16> {
    let mut other = None;
    for line in table.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let (Some(official), Some(number)) = (words.next(), words.next()) else { continue };
        if official != name && !words.any(|alias| alias == name) {
            continue;
        }
        let Some((port, protocol)) = number.split_once('/') else { continue };
        match port.parse() {
            Ok(port) if protocol == "tcp" => return Some(port),
            Ok(port) => other = other.or(Some(port)),
            Err(_) => {}
        }
    }
    other
}

/// Names are at most 15 characters (RFC 6335); tables have longer ones.
const MAX_NAME: usize = 64;
/// Far more than any system's table.
const MAX_TABLE: u64 = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# Network services\n\
        http\t\t80/tcp\t\twww\t\t# WorldWideWeb HTTP\n\
        domain 53/udp\ndomain 54/tcp\ntftp 69/udp\n\
        # ghost 1/tcp\nbroken\nworse 12\nworst x/tcp\nbig 70000/tcp\n";

    #[test]
    fn names_and_aliases_are_found_with_tcp_first() {
        for (name, port) in [("http", Some(80)), ("www", Some(80)), ("domain", Some(54)), ("tftp", Some(69))] {
            assert_eq!(find(TABLE, name), port, "{name}");
        }
        for name in ["HTTP", "ghost", "broken", "worse", "worst", "big", "WorldWideWeb", "", "80/tcp"] {
            assert_eq!(find(TABLE, name), None, "{name}");
        }
    }

    #[test]
    fn numbers_are_strict() {
        assert_eq!(parse("0").ok(), Some(0));
        assert_eq!(parse("65535").ok(), Some(65535));
        for text in ["", "65536", "99999999999999999999", "080", "00", "-5", "+5", " 80", "80 ", "1_000", "8.0", "*"] {
            let Err(Error::InvalidAddress { found, .. }) = parse(text) else { panic!("{text}") };
            assert_eq!(&*found, text);
        }
    }
}
