//! Where data connections lead: the answers of PASV and EPSV, the parameters of PORT and EPRT.

use std::net::{IpAddr, SocketAddr};

use crate::error::{Error, Result};

/// Reads the port of an answer to PASV (RFC 959): six numbers with commas between them, with or without parentheses.
///
/// The address that stands before the port is checked and not used: it is for the control connection's peer to take
/// data connections, whatever address it gives (RFC 2577 section 3).
pub(super) fn parse_pasv(text: &[u8]) -> Result<u16> {
    let mut before = None;
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        if !is_digit(before)
            && let Some([_, _, _, _, high, low]) = six_octets(rest)
            && let port @ 1.. = u16::from_be_bytes([high, low])
        {
            return Ok(port);
        }
        before = Some(*byte);
        rest = behind;
    }
    Err(Error::Malformed { expected: "an address and a port in the answer to PASV" })
}

/// Reads the port of an answer to EPSV (RFC 2428): `(|||6446|)` with any delimiter.
pub(super) fn parse_epsv(text: &[u8]) -> Result<u16> {
    let mut openings = text.split(|byte| *byte == b'(').skip(1);
    openings.find_map(port_between).ok_or(Error::Malformed { expected: "a port in the answer to EPSV" })
}

/// The parameter of PORT; `None` for an IPv6 address, which it has no form for.
pub(super) fn port_parameter(address: SocketAddr) -> Option<String> {
    let IpAddr::V4(ip) = address.ip().to_canonical() else { return None };
    let [a, b, c, d] = ip.octets();
    let [high, low] = address.port().to_be_bytes();
    Some(format!("{a},{b},{c},{d},{high},{low}"))
}

/// The parameter of EPRT.
pub(super) fn eprt_parameter(address: SocketAddr) -> String {
    let ip = address.ip().to_canonical();
    let family = if ip.is_ipv4() { 1 } else { 2 };
    format!("|{family}|{ip}|{}|", address.port())
}

fn is_digit(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_digit())
}

/// Six numbers up to 255 with commas between them and no digit behind them.
fn six_octets(text: &[u8]) -> Option<[u8; 6]> {
    let mut octets = [0; 6];
    let mut rest = text;
    for (at, octet) in octets.iter_mut().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix(b",")?;
        }
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, behind) = rest.split_at_checked(length)?;
        *octet = decimal(digits).and_then(|value| u8::try_from(value).ok()).filter(|_| length <= 3)?;
        rest = behind;
    }
    Some(octets)
}

/// The port of what stands behind the opening parenthesis.
fn port_between(inside: &[u8]) -> Option<u16> {
    let (delimiter @ 33..=126, rest) = inside.split_first()? else { return None };
    if delimiter.is_ascii_digit() {
        return None;
    }
    // The family and the address should be empty, and are nobody's business if they are not.
    let mut fields = rest.split(|byte| byte == delimiter);
    let (_, _, port, end) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let is_in_form = end.first() == Some(&b')') && (1..=5).contains(&port.len());
    decimal(port).filter(|_| is_in_form).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
}

/// At least one digit and nothing else.
fn decimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits.iter().try_fold(0_u32, |value, digit| value.checked_mul(10)?.checked_add(u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn answers_to_pasv_in_all_their_forms() {
        for text in [
            "Entering Passive Mode (127,0,0,1,195,80)",
            "Entering Passive Mode (127,0,0,1,195,80).",
            "Entering Passive Mode. 127,0,0,1,195,80",
            "=127,0,0,1,195,80",
            "127,0,0,1,195,80",
            "Passive mode number 1, (010,000,000,001,195,080)",
            "(10,0,0,300,1,1) no: 10,0,0,30,195,80",
        ] {
            assert_eq!(parse_pasv(text.as_bytes()).unwrap(), 195 * 256 + 80, "{text}");
        }
    }

    #[test]
    fn odd_answers_to_pasv_are_refused() {
        for text in [
            "",
            "Entering Passive Mode",
            "(127,0,0,1,195)",
            "(127,0,0,1,195,)",
            "(127,0,0,1,195,256)",
            "(127,0,0,1,256,80)",
            "(300,0,0,1,195,80)",
            "(127,0,0,1,0,0)",
            "(127,0,0,1,195,0080)",
            "(127,0,0,1,-1,80)",
            "(127, 0, 0, 1, 195, 80)",
            "(127.0.0.1,195,80)",
            "(4294967423,0,0,1,195,80)",
        ] {
            parse_pasv(text.as_bytes()).unwrap_err();
        }
    }

    #[test]
    fn answers_to_epsv_in_all_their_forms() {
        for text in [
            "Entering Extended Passive Mode (|||6446|)",
            "Entering Extended Passive Mode (|||6446|).",
            "(!!!6446!)",
            "Extended Passive Mode (of this server) OK (|||6446|)",
            "(|1|10.0.0.1|6446|)",
        ] {
            assert_eq!(parse_epsv(text.as_bytes()).unwrap(), 6446, "{text}");
        }
    }

    #[test]
    fn odd_answers_to_epsv_are_refused() {
        for text in [
            "",
            "Entering Extended Passive Mode",
            "(|||0|)",
            "(|||65536|)",
            "(|||06446|) (",
            "(||6446|)",
            "(|||6446)",
            "(|||6446|",
            "(||||)",
            "(|||-6446|)",
            "(1116446 1)",
            "(   6446 )",
            "|||6446|",
            "(|||6446!)",
        ] {
            // A leading zero is a number all the same.
            if text.starts_with("(|||06446") {
                assert_eq!(parse_epsv(text.as_bytes()).unwrap(), 6446);
            } else {
                parse_epsv(text.as_bytes()).unwrap_err();
            }
        }
    }

    #[test]
    fn own_addresses_are_told_in_both_forms() {
        let v4: SocketAddr = "132.235.1.2:6275".parse().unwrap();
        let v6: SocketAddr = "[1080::8:800:200c:417a]:5282".parse().unwrap();
        assert_eq!(port_parameter(v4).as_deref(), Some("132,235,1,2,24,131"));
        assert_eq!(port_parameter(v6), None);
        assert_eq!(eprt_parameter(v4), "|1|132.235.1.2|6275|");
        assert_eq!(eprt_parameter(v6), "|2|1080::8:800:200c:417a|5282|");
        let mapped: SocketAddr = "[::ffff:10.0.0.1]:256".parse().unwrap();
        assert_eq!(port_parameter(mapped).as_deref(), Some("10,0,0,1,1,0"));
        assert_eq!(eprt_parameter(mapped), "|1|10.0.0.1|256|");
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_none(bytes: Vec<u8>) {
            for port in [parse_pasv(&bytes), parse_epsv(&bytes)].into_iter().flatten() {
                prop_assert_ne!(port, 0);
            }
        }

        #[test]
        fn ports_survive_the_wire(octets: [u8; 4], port in 1_u16.., delimiter in 33_u8..=126) {
            let address = SocketAddr::from((octets, port));
            prop_assert_eq!(parse_pasv(port_parameter(address).unwrap().as_bytes()).unwrap(), port);
            if !delimiter.is_ascii_digit() && !b"()".contains(&delimiter) {
                let d = char::from(delimiter);
                prop_assert_eq!(parse_epsv(format!("({d}{d}{d}{port}{d})").as_bytes()).unwrap(), port);
            }
        }
    }
}
