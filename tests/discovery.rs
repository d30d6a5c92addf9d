//! Discovery as far as it needs no network: what is refused, and what it says where the feature is off. The network is
//! in `interop/tests/discovery.rs`.
#![cfg(feature = "messages")]
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use sockeye::{
    Endpoint, ErrorKind,
    discovery::{self, TxtRecord},
};

#[test]
fn what_is_no_service_is_refused() {
    let long = "s".repeat(16);
    for service in ["", "-game", "game-", "ga--me", "1234", "ga me", "_game", "game._tcp", "g\u{e4}me", "a|b", &long] {
        let txt = TxtRecord::new();
        assert_eq!(discovery::publish(service, "Ann", 1, &txt).unwrap_err().kind(), ErrorKind::InvalidAddress);
        assert_eq!(discovery::browse(service).unwrap_err().kind(), ErrorKind::InvalidAddress, "{service:?}");
        let found = discovery::find(service, &"".parse().unwrap(), Some(Duration::ZERO));
        assert_eq!(found.unwrap_err().kind(), ErrorKind::InvalidAddress, "{service:?}");
    }
}

#[test]
fn what_is_no_name_is_refused() {
    let long = "n".repeat(64);
    for name in ["", "a\nb", "a\0", "\x1b[31m", "a\u{85}", &long] {
        let error = discovery::publish("game", name, 1, &TxtRecord::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAddress, "{name:?}");
    }
    let error = discovery::publish("game", "Ann", 0, &TxtRecord::new()).unwrap_err();
    assert_eq!(error.to_string(), "expected the port at which the service listens, found \"0\"");
}

#[test]
fn an_endpoint_that_is_no_service_publishes_and_finds_nothing() {
    for text in ["1234", "/path", "host:80"] {
        let endpoint = Endpoint::parse(text).unwrap();
        assert_eq!(endpoint.publish(1, &TxtRecord::new()).unwrap_err().kind(), ErrorKind::InvalidInput, "{text}");
        assert_eq!(endpoint.find(Some(Duration::ZERO)).unwrap_err().kind(), ErrorKind::InvalidInput, "{text}");
    }
    let endpoint = Endpoint::parse("game|(").unwrap();
    assert_eq!(endpoint.find(Some(Duration::ZERO)).unwrap_err().kind(), ErrorKind::InvalidInput);
}

/// The API is the same, and says what is missing.
#[cfg(not(feature = "discovery"))]
#[test]
fn without_the_feature_everything_names_it() {
    use sockeye::{Connection, Error, Framing, discovery::Interfaces};

    fn is_off<T>(result: &Result<T, Error>) {
        assert!(matches!(result, Err(Error::FeatureOff { feature: "discovery" })));
    }
    let endpoint = Endpoint::parse("game|Ann").unwrap();
    is_off(&discovery::publish("game", "Ann", 1, &TxtRecord::new()));
    is_off(&discovery::browse("game"));
    is_off(&discovery::find("game", &endpoint.pattern().unwrap(), None));
    is_off(&discovery::set_interfaces(Interfaces::Loopback));
    is_off(&endpoint.publish(1, &TxtRecord::new()));
    is_off(&Connection::connect(&endpoint, Framing::Raw, None));
}
