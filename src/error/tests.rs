use std::error::Error as _;

use super::*;

#[test]
fn an_error_is_small_enough_to_return_by_value() {
    assert!(size_of::<Error>() <= 40, "{} bytes", size_of::<Error>());
}

#[test]
fn the_system_error_stays_reachable() {
    let error = Error::from_os(io::Error::from(io::ErrorKind::ConnectionRefused));
    assert_eq!(error.kind(), ErrorKind::Refused);
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
    assert_eq!(source, Some(io::ErrorKind::ConnectionRefused));
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn errors_of_a_transfer_have_one_outcome_each() {
    let kind = |kind: io::ErrorKind| Error::from_transfer(io::Error::from(kind)).kind();
    assert_eq!(kind(io::ErrorKind::WouldBlock), ErrorKind::NotReady);
    for gone in [
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::NotConnected,
        io::ErrorKind::TimedOut,
    ] {
        assert_eq!(kind(gone), ErrorKind::Disconnected, "{gone:?}");
    }
    assert_eq!(kind(io::ErrorKind::ConnectionRefused), ErrorKind::Refused);
    assert_eq!(kind(io::ErrorKind::OutOfMemory), ErrorKind::Io);
}

#[test]
fn messages_say_what_was_expected_and_found() {
    let error = Error::EndOfPacket { wanted: 4, remaining: 1 };
    assert_eq!(error.to_string(), "expected 4 more bytes in the packet, found 1");
    let error = Error::packet_too_long(17, 16);
    assert_eq!(error.to_string(), "a packet of 17 bytes is longer than the limit of 16");
    let error = Error::TooMany { what: Limit::Redirects, limit: 10 };
    assert_eq!(error.to_string(), "more than 10 redirects");
    let error = Error::TooMany { what: Limit::Fields, limit: 128 };
    assert_eq!(error.to_string(), "more than 128 fields of a response");
    let error = Error::CutShort { received: 3, expected: 14 };
    assert_eq!(error.to_string(), "the peer closed the connection after 3 of 14 bytes");
    let error = Error::CutShort { received: 3, expected: 0 };
    assert_eq!(error.to_string(), "the peer closed the connection after 3 bytes, before their end");
}

#[test]
fn an_error_of_this_crate_survives_the_way_through_std_io() {
    let error = Error::from_transfer(Error::CutShort { received: 3, expected: 0 }.into());
    assert!(matches!(error, Error::CutShort { received: 3, expected: 0 }), "{error:?}");
}

#[test]
fn an_error_can_travel_inside_an_io_error() {
    let carried = io::Error::from(Error::Truncated { capacity: 1, length: 2 });
    assert_eq!(carried.kind(), io::ErrorKind::InvalidData);
    let inner = carried.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).map(Error::kind);
    assert_eq!(inner, Some(ErrorKind::Truncated));
}
