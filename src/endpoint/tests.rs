use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::error::{ErrorKind, Limit};

fn tcp(host: &str, port: u16) -> Endpoint {
    Endpoint::Tcp { host: Some(host.to_owned()), port }
}

fn service(service: &str, rest: &str) -> Endpoint {
    Endpoint::Service { service: service.to_owned(), rest: rest.to_owned() }
}

#[test]
fn every_form_is_read_and_written() {
    for (text, expected) in [
        ("1234", Endpoint::Tcp { host: None, port: 1234 }),
        ("0", Endpoint::Tcp { host: None, port: 0 }),
        ("localhost:65535", tcp("localhost", 65535)),
        ("192.0.2.1:80", tcp("192.0.2.1", 80)),
        ("0.0.0.0:80", tcp("0.0.0.0", 80)),
        ("[::1]:80", tcp("::1", 80)),
        ("[::]:0", tcp("::", 0)),
        ("/run/a|b:80", Endpoint::Local("/run/a|b:80".into())),
        ("./a", Endpoint::Local("./a".into())),
        ("../a", Endpoint::Local("../a".into())),
        ("@a/b|c", Endpoint::Local("\0a/b|c".into())),
        ("http|", service("http", "")),
        ("game|a|b", service("game", "a|b")),
        ("x11-y|/:[", service("x11-y", "/:[")),
    ] {
        let found = Endpoint::parse(text).unwrap();
        assert_eq!(found, expected, "{text}");
        assert_eq!(found.to_string(), text);
    }
}

#[test]
fn a_path_that_begins_otherwise_is_written_so_that_it_is_read_again() {
    let endpoint = Endpoint::Local("folder/socket".into());
    assert_eq!(endpoint.to_string(), "./folder/socket");
    assert_eq!(Endpoint::parse("./folder/socket").unwrap().to_string(), endpoint.to_string());
}

/// The error names the part that is wrong.
#[test]
fn errors_name_the_bad_part() {
    for (text, part, expected) in [
        ("", "", "a port"),
        ("70000", "70000", "a port"),
        ("h:70000", "70000", "a port"),
        ("h:-5", "-5", "a port"),
        ("h:", "", "a port"),
        (" 1234", " 1234", "a port"),
        ("h:1_000", "1_000", "a port"),
        ("h:080", "080", "a port"),
        ("h:no-such-port-name", "no-such-port-name", "the name of a port"),
        (":80", ":80", "a host"),
        ("::1", "::1", "an IPv6 address in brackets"),
        ("[::1", "[::1", "a closing bracket"),
        ("[::1]", "[::1]", "a colon and a port"),
        ("[::1]80", "[::1]80", "a colon and a port"),
        ("[::1]:x y", "x y", "a port"),
        ("[127.0.0.1]:80", "127.0.0.1", "an IPv6 address"),
        ("[zz]:80", "zz", "an IPv4 or IPv6 address"),
        ("a b:80", "a b", "a host name without space"),
        ("https://h", "https://h", "host:port"),
        ("a/b", "a/b", "host:port"),
        ("@", "@", "a name behind the @"),
        ("h\0:80", "h\0:80", "an endpoint without control"),
        ("|a", "", "a service"),
        ("80|", "80", "a service"),
        ("-a|", "-a", "a service"),
        ("a-|", "a-", "a service"),
        ("a--b|", "a--b", "a service"),
        ("sixteen-letters-|", "sixteen-letters-", "a service"),
        ("abcdefghijklmnop|", "abcdefghijklmnop", "a service"),
        ("\"; rm -rf|x", "\"; rm -rf", "a service"),
    ] {
        match Endpoint::parse(text) {
            Err(Error::InvalidAddress { found, expected: wanted }) => {
                assert_eq!(&*found, part, "{text}");
                assert!(wanted.starts_with(expected), "{text}: {wanted}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn names_of_ports_come_from_the_systems_table() {
    let has = crate::sys::services().exists();
    assert!(has || std::env::var_os("CI").is_none(), "this machine has no table of services");
    if !has {
        eprintln!("this system has no table of services");
        return;
    }
    assert_eq!(Endpoint::parse("localhost:http").unwrap(), tcp("localhost", 80));
    assert_eq!(Endpoint::parse("tftp").unwrap(), Endpoint::Tcp { host: None, port: 69 });
}

#[test]
fn a_service_to_announce_has_a_name_and_perhaps_a_port() {
    for (rest, expected) in
        [("Ann", ("Ann", None)), ("Ann|80", ("Ann", Some(80))), ("a|b|0", ("a|b", Some(0))), ("/;\"", ("/;\"", None))]
    {
        assert_eq!(service("game", rest).instance().unwrap(), expected);
    }
    let long = "a".repeat(64);
    assert_eq!(service("game", &long[1..]).instance().unwrap(), (&long[1..], None));
    for rest in ["", "|80", "a|", "a|80000", "a|b", &long] {
        assert_eq!(service("game", rest).instance().unwrap_err().kind(), ErrorKind::InvalidAddress, "{rest}");
    }
    assert_eq!(tcp("h", 1).instance().unwrap_err().kind(), ErrorKind::InvalidInput);
}

/// A zone is for this machine alone (RFC 4007 section 11.2), and no part of what a certificate is for.
#[test]
fn a_certificate_is_for_an_address_without_its_zone() {
    for (host, expected) in
        [("fe80::1%1", "fe80::1"), ("fe80::1", "fe80::1"), ("192.0.2.1", "192.0.2.1"), ("a%1", "a%1"), ("h", "h")]
    {
        assert_eq!(tcp(host, 1).tls_name(None).unwrap(), expected);
    }
    assert_eq!(tcp("fe80::1%1", 1).tls_name(Some("h")).unwrap(), "h");
}

/// As python-network: anchored at the start, not at the end, case-sensitive, empty is any; alternatives besides.
#[test]
fn patterns_match_from_the_start() {
    for (pattern, name, expected) in [
        ("", "anything", true),
        ("Ann", "Anna", true),
        ("Ann$", "Anna", false),
        ("nn", "Ann", false),
        ("ann", "Ann", false),
        ("(?i)ann", "Ann", true),
        ("Bob|Ann", "Ann", true),
        ("Bob|nn", "Ann", false),
        ("..n", "\u{e4}\u{f6}n", true),
    ] {
        assert_eq!(service("game", pattern).pattern().unwrap().matches(name), expected, "{pattern} {name}");
    }
    for (pattern, name, expected) in [
        ("(?x) ann # the host", "anna", true),
        ("(?x) nn # the host", "anna", false),
        ("(?m)^b", "a\nb", false),
        ("b|ab", "ab", true),
        ("a??b|b", "ab", true),
        (&format!("{}a{}", "(".repeat(32), ")".repeat(32)), "a", true),
    ] {
        assert_eq!(service("game", pattern).pattern().unwrap().matches(name), expected, "{pattern} {name}");
    }
    assert_eq!(service("game", "a.*").pattern().unwrap().as_str(), "a.*");
    // What stands beside a group is a level too.
    let nested = |depth| format!("{}{}", "(a".repeat(depth), ")".repeat(depth));
    assert!(service("game", &nested(15)).pattern().unwrap().matches(&"a".repeat(15)));
    let error = service("game", &nested(17)).pattern().unwrap_err();
    assert!(error.to_string().starts_with(&format!("{EXPECTED}, found ")), "{error}");
    for pattern in ["(", "a)|(b", "[", "*", "a{2,1}", r"(a)\1", "(?=a)"] {
        assert_eq!(service("game", pattern).pattern().unwrap_err().kind(), ErrorKind::InvalidInput, "{pattern}");
    }
    assert_eq!(tcp("h", 1).pattern().unwrap_err().kind(), ErrorKind::InvalidInput);
}

const EXPECTED: &str =
    "expected a regular expression of at most 256 KiB when compiled, with nothing more than 32 deep inside one another";

/// Catastrophes of other engines, and patterns that are large or that stand for large ones.
#[test]
fn hostile_patterns_cost_neither_time_nor_memory() {
    let begin = Instant::now();
    let bomb = service("game", "(a+)+$").pattern().unwrap();
    assert!(!bomb.matches(&("a".repeat(62) + "!")));
    assert!(bomb.matches(&"a".repeat(63)));
    assert!(service("game", &"a".repeat(1024)).pattern().unwrap().matches(&"a".repeat(1024)));
    for (length, expected) in [(1025, 1025), (10 * 1024 * 1024, 10 * 1024 * 1024)] {
        match service("game", &"a".repeat(length)).pattern() {
            Err(Error::TooLong { what: Limit::Pattern, length, limit: 1024 }) => assert_eq!(length, expected),
            other => panic!("{other:?}"),
        }
    }
    for pattern in ["((a{99}){99}){99}".to_owned(), "(".repeat(500) + &")".repeat(500), r"(\w{50}){50}".repeat(50)] {
        assert_eq!(service("game", &pattern).pattern().unwrap_err().kind(), ErrorKind::InvalidInput, "{pattern}");
    }
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

proptest! {
    #[test]
    fn what_is_read_is_written_so_that_it_is_read_the_same(text in "[@./a-c0-9:|\\[\\] -]{0,12}") {
        if let Ok(endpoint) = Endpoint::parse(&text) {
            prop_assert_eq!(Endpoint::parse(&endpoint.to_string()).unwrap(), endpoint);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text: String) {
        if let Ok(endpoint) = Endpoint::parse(&text) {
            prop_assert_eq!(Endpoint::parse(&endpoint.to_string()).unwrap(), endpoint);
        }
    }
}
