use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

/// The transaction id of the samples of RFC 5769.
const SAMPLE_ID: [u8; ID_LENGTH] = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];
const SAMPLE: Binding = Binding::new(SAMPLE_ID);

/// RFC 5769 section 2.2: SOFTWARE, XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY, FINGERPRINT.
const SAMPLE_V4: &[u8] = b"\
    \x01\x01\x00\x3c\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\
    \x80\x22\x00\x0btest vector\x20\
    \x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43\
    \x00\x08\x00\x14\x2b\x91\xf5\x99\xfd\x9e\x90\xc3\x8c\x74\x89\xf9\x2a\xf9\xba\x53\xf0\x6b\xe7\xd7\
    \x80\x28\x00\x04\xc0\x7d\x4c\x96";

/// RFC 5769 section 2.3.
const SAMPLE_V6: &[u8] = b"\
    \x01\x01\x00\x48\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\
    \x80\x22\x00\x0btest vector\x20\
    \x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9\
    \x00\x08\x00\x14\xa3\x82\x95\x4e\x4b\xe6\x7b\xf1\x17\x84\xc9\x7c\x82\x92\xc2\x75\xbf\xe3\xed\x41\
    \x80\x28\x00\x04\xc8\xfb\x0b\x4c";

const XOR_V4: (u16, &[u8]) = (XOR_MAPPED_ADDRESS, b"\x00\x01\xa1\x47\xe1\x12\xa6\x43");
const PLAIN_V4: (u16, &[u8]) = (MAPPED_ADDRESS, b"\x00\x01\x80\x55\xc6\x33\x64\x07");

/// A message to the sample's request.
fn message(kind: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, value) in attributes {
        body.extend(kind.to_be_bytes());
        body.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        body.extend(*value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let length = u16::try_from(body.len()).unwrap();
    [&kind.to_be_bytes()[..], &length.to_be_bytes(), &COOKIE, &SAMPLE_ID, &body].concat()
}

fn read_success(attributes: &[(u16, &[u8])]) -> Result<IpAddress> {
    SAMPLE.read(&message(BINDING_SUCCESS, attributes)).unwrap()
}

fn is_malformed(attributes: &[(u16, &[u8])]) -> bool {
    matches!(read_success(attributes), Err(Error::Malformed { expected: "a STUN response" }))
}

#[test]
fn a_request_is_a_header_alone() {
    let bytes = b"\x00\x01\x00\x00\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae";
    assert_eq!(SAMPLE.to_bytes(), bytes);
}

#[test]
fn the_samples_of_the_rfc_are_read() {
    assert_eq!(SAMPLE.read(SAMPLE_V4).unwrap().unwrap(), IpAddress::new(192, 0, 2, 1));
    let v6 = IpAddress::parse("2001:db8:1234:5678:11:2233:4455:6677").unwrap();
    assert_eq!(SAMPLE.read(SAMPLE_V6).unwrap().unwrap(), v6);
}

#[test]
fn every_shorter_answer_is_none_or_malformed() {
    for sample in [SAMPLE_V4, SAMPLE_V6] {
        for length in 0..sample.len() {
            match SAMPLE.read(&sample[..length]) {
                None => assert!(length < 20, "{length}"),
                Some(read) => {
                    assert!(length >= 20, "{length}");
                    assert_eq!(read.unwrap_err().kind(), ErrorKind::Malformed, "{length}");
                }
            }
        }
        let longer = [sample, &[0]].concat();
        assert_eq!(SAMPLE.read(&longer).unwrap().unwrap_err().kind(), ErrorKind::Malformed);
    }
}

#[test]
fn what_answers_another_request_is_passed_over() {
    for at in 4..20 {
        let mut other = SAMPLE_V4.to_vec();
        other[at] ^= 1;
        assert!(SAMPLE.read(&other).is_none(), "byte {at}");
    }
    // Requests, indications and other methods.
    for kind in [0x0001, 0x0011, 0x0103, 0x8101, 0xc101] {
        assert!(SAMPLE.read(&message(kind, &[XOR_V4])).is_none(), "{kind:#x}");
    }
}

#[test]
fn the_masked_address_counts_and_the_plain_one_is_for_want_of_it() {
    let (masked, plain) = (IpAddress::new(192, 0, 2, 1), IpAddress::new(198, 51, 100, 7));
    assert_eq!(read_success(&[PLAIN_V4]).unwrap(), plain);
    assert_eq!(read_success(&[PLAIN_V4, XOR_V4]).unwrap(), masked);
    assert_eq!(read_success(&[XOR_V4, PLAIN_V4]).unwrap(), masked);
    let second = (XOR_MAPPED_ADDRESS, &b"\x00\x01\xa1\x47\x00\x00\x00\x00"[..]);
    assert_eq!(read_success(&[XOR_V4, second]).unwrap(), masked);
    let v6 = [&[0, 2, 0x80, 0x55], &[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[9]].concat();
    assert_eq!(read_success(&[(MAPPED_ADDRESS, &v6)]).unwrap(), IpAddress::parse("2001:db8::9").unwrap());
}

#[test]
fn an_answer_without_a_whole_address_is_malformed() {
    assert!(is_malformed(&[]));
    assert!(is_malformed(&[(0x8022, b"test")]));
    for wrong in [&b""[..], b"\x00\x01\xa1", b"\x00\x01\xa1\x47\xe1\x12\xa6", b"\x00\x01\xa1\x47\xe1\x12\xa6\x43\x00"] {
        assert!(is_malformed(&[(XOR_MAPPED_ADDRESS, wrong)]), "{wrong:?}");
        assert!(is_malformed(&[(MAPPED_ADDRESS, wrong)]), "{wrong:?}");
    }
    for family in [0, 3, 255] {
        assert!(is_malformed(&[(XOR_MAPPED_ADDRESS, &[0, family, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43])]), "{family}");
    }
    // Four bytes of the family with sixteen.
    assert!(is_malformed(&[(XOR_MAPPED_ADDRESS, b"\x00\x02\xa1\x47\xe1\x12\xa6\x43")]));
}

#[test]
fn attributes_that_must_be_understood_are() {
    // SOURCE-ADDRESS and CHANGED-ADDRESS of RFC 3489, and one that may be passed over.
    let more: [(u16, &[u8]); 4] = [XOR_V4, (0x0004, b"12345678"), (0x0005, b"12345678"), (0x8fff, b"1")];
    assert_eq!(read_success(&more).unwrap(), IpAddress::new(192, 0, 2, 1));
    for unknown in [0x0000, 0x000c, 0x0024, 0x7fff] {
        assert!(is_malformed(&[XOR_V4, (unknown, b"1234")]), "{unknown:#x}");
    }
}

#[test]
fn lengths_that_lie_are_malformed() {
    let good = message(BINDING_SUCCESS, &[XOR_V4]);
    for (at, value) in [(3, 11), (3, 13), (3, 0), (2, 0xff), (23, 7), (23, 9), (23, 255), (22, 255)] {
        let mut lying = good.clone();
        lying[at] = value;
        assert!(SAMPLE.read(&lying).unwrap().is_err(), "byte {at} = {value}");
    }
}

#[test]
fn a_refusal_has_its_code_and_its_reason() {
    let refusal = |value: &[u8]| SAMPLE.read(&message(BINDING_ERROR, &[(0x8022, b"x"), (ERROR_CODE, value)]));
    let Some(Err(Error::PeerRefused { code, text })) = refusal(b"\x00\x00\x04\x14Unknown\x1b[31m Attribute") else {
        panic!("no refusal");
    };
    assert_eq!((code, &*text), (420, "Unknown[31m Attribute"));
    let long = [b"\x00\x00\x05\x00".as_slice(), &[b'x'; 763]].concat();
    let Some(Err(Error::PeerRefused { code: 500, text })) = refusal(&long) else { panic!("no refusal") };
    assert_eq!(text.len(), MAX_REASON);
    assert_eq!(refusal(b"\x00\x00\x04").unwrap().unwrap_err().kind(), ErrorKind::Malformed);
    // The address in a refusal is none.
    let no_code = SAMPLE.read(&message(BINDING_ERROR, &[XOR_V4])).unwrap();
    assert_eq!(no_code.unwrap_err().kind(), ErrorKind::Malformed);
}

proptest! {
    #[test]
    fn every_address_is_read_back(id: [u8; ID_LENGTH], v4: [u8; 4], v6: [u8; 16], is_v4: bool) {
        let mask = [&COOKIE[..], &id].concat();
        let (family, masked) = if is_v4 { (1, unmask(v4, &mask).to_vec()) } else { (2, unmask(v6, &mask).to_vec()) };
        let value = [&[0, family, 0, 0][..], &masked].concat();
        let mut bytes = message(BINDING_SUCCESS, &[(XOR_MAPPED_ADDRESS, &value)]);
        bytes[8..20].copy_from_slice(&id);
        let expected = if is_v4 { IpAddress::from(v4) } else { IpAddress::from(v6) };
        prop_assert_eq!(Binding::new(id).read(&bytes).unwrap().unwrap(), expected);
    }

    #[test]
    fn no_bytes_behind_the_header_are_too_strange(kind in prop::sample::select(&[BINDING_SUCCESS, BINDING_ERROR]),
        body in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = message(kind, &[]);
        bytes[3] = u8::try_from(body.len()).unwrap();
        bytes.extend(body);
        prop_assert!(SAMPLE.read(&bytes).is_some());
    }
}
