use if_addrs::Interface;

use super::*;
use crate::error::ErrorKind;

#[test]
fn literals_are_strict() {
    for wrong in [
        "",
        " ",
        " 127.0.0.1",
        "127.0.0.1 ",
        "127.0.0.1\0",
        "127.0.0.1\n",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "0x7f.0.0.1",
        "127.1",
        "[::1]",
        "1:::1",
        "1:1",
        "1::1::1",
        "::g",
        "localhost",
        "::1%1",
        "127.0.0.1%1",
        "fe80::1%",
        "fe80::1%0",
        "fe80::1%+1",
        "fe80::1%no such interface",
        "fe80::1%1%1",
    ] {
        let error = IpAddress::parse(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAddress, "{wrong:?}");
    }
}

#[test]
fn literals_round_trip() {
    for text in [
        "0.0.0.0",
        "127.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "2001:db8::1",
        "fe80::1%7",
        "ff02::fb%3",
        "ff12::1%4",
        "::ffff:1.2.3.4",
    ] {
        assert_eq!(IpAddress::parse(text).unwrap().to_string(), text);
        assert_eq!(text.parse::<IpAddress>().unwrap(), IpAddress::parse(text).unwrap());
    }
}

#[test]
fn an_interface_can_be_named() {
    let loopback = if_addrs::get_if_addrs().unwrap().into_iter().find(Interface::is_loopback).unwrap();
    let address = IpAddress::parse(&format!("fe80::1%{}", loopback.name)).unwrap();
    assert_eq!(Some(address.scope_id()), loopback.index);
}

#[test]
fn what_cannot_be_a_name_is_never_looked_up() {
    for wrong in [
        "",
        "a b",
        " localhost",
        "localhost ",
        "local\0host",
        "localhost\n",
        "127.1",
        "0x7f.1",
        "1",
        "example.0x1",
        "1.",
        &"a".repeat(254),
    ] {
        let error = IpAddress::resolve(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAddress, "{wrong:?}");
        assert_eq!(IpAddress::from_string(wrong), None, "{wrong:?}");
    }
}

#[test]
fn a_literal_resolves_to_itself() {
    assert_eq!(IpAddress::resolve("127.0.0.1").unwrap(), [IpAddress::LOCAL_HOST]);
    assert_eq!(IpAddress::resolve("::1").unwrap(), [IpAddress::LOCAL_HOST_V6]);
    assert_eq!(IpAddress::from_string("::"), Some(IpAddress::ANY_V6));
}

#[test]
fn a_name_without_an_address_says_so() {
    // RFC 6761: this top-level name never exists.
    let error = IpAddress::resolve("sockeye.invalid").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unresolved);
    assert!(error.to_string().starts_with("no address found for \"sockeye.invalid\": "), "{error}");
}

#[test]
fn localhost_has_each_address_once() {
    let mut addresses = IpAddress::resolve("localhost").unwrap();
    assert!(addresses.iter().all(|address| address.is_loopback()), "{addresses:?}");
    let count = addresses.len();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), count);
}

#[test]
fn constants_and_constructors_agree() {
    assert_eq!(IpAddress::ANY, IpAddress::from([0, 0, 0, 0]));
    assert_eq!(IpAddress::LOCAL_HOST, IpAddress::from_integer(0x7f00_0001));
    assert_eq!(IpAddress::BROADCAST.to_integer(), Some(u32::MAX));
    assert_eq!(IpAddress::ANY_V6, IpAddress::from([0; 16]));
    assert_eq!(IpAddress::LOCAL_HOST_V6.to_integer(), None);
    assert_eq!(IpAddress::new(1, 2, 3, 4).to_integer(), Some(0x0102_0304));
}

#[test]
fn every_v4_address_comes_before_every_v6_address() {
    let mut addresses = [IpAddress::ANY_V6, IpAddress::BROADCAST, IpAddress::LOCAL_HOST_V6, IpAddress::ANY];
    addresses.sort();
    assert_eq!(addresses, [IpAddress::ANY, IpAddress::BROADCAST, IpAddress::ANY_V6, IpAddress::LOCAL_HOST_V6]);
}

#[test]
fn a_scope_id_survives_the_way_to_a_socket_address_and_back() {
    let address = IpAddress::parse("fe80::1%9").unwrap();
    assert_eq!(IpAddress::from(address.to_socket_addr(80)), address);
    assert_ne!(address, IpAddress::parse("fe80::1").unwrap());
    let global: SocketAddr = SocketAddrV6::new("2001:db8::1".parse().unwrap(), 1, 0, 9).into();
    assert_eq!(IpAddress::from(global).scope_id(), 0);
}

#[test]
fn a_mapped_peer_is_reported_as_v4() {
    let mapped = SocketAddr::new("::ffff:192.0.2.7".parse().unwrap(), 1);
    assert_eq!(IpAddress::reported(mapped), IpAddress::new(192, 0, 2, 7));
    assert_eq!(IpAddress::new(192, 0, 2, 7).for_family(true, 1), mapped);
    assert_eq!(IpAddress::from(mapped).for_family(false, 1), SocketAddr::new([192, 0, 2, 7].into(), 1));
}

#[test]
fn loopback_is_the_last_of_the_local_addresses() {
    let addresses = IpAddress::local_addresses().unwrap();
    assert!(addresses.contains(&IpAddress::LOCAL_HOST), "{addresses:?}");
    let first_loopback = addresses.iter().position(|address| address.is_loopback()).unwrap();
    assert!(addresses.iter().skip(first_loopback).all(|address| address.is_loopback()), "{addresses:?}");
}

#[test]
#[cfg(feature = "messages")]
fn the_addresses_that_one_user_can_choose_are_one() {
    let user = |text| IpAddress::parse(text).unwrap().user().to_string();
    assert_eq!(user("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    assert_eq!(user("2001:db8:1:2::"), user("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_ne!(user("2001:db8:1:2::1"), user("2001:db8:1:3::1"));
    assert_eq!(user("192.0.2.1"), "192.0.2.1");
    assert_ne!(user("fe80::1%1"), user("fe80::2%1"));
}
