use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

const ID: [u8; 2] = [0xbe, 0xef];
/// Where the only question's name is, as a pointer, and in an answer the first record.
const TO_QUESTION: &[u8] = &[POINTER, 12];

/// An answer to `dig TXT whoami.cloudflare CH`.
const CLOUDFLARE: &[u8] = b"\
    \xbe\xef\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\
    \x06whoami\x0acloudflare\x00\x00\x10\x00\x03\
    \xc0\x0c\x00\x10\x00\x03\x00\x00\x00\x00\x00\x0a\x09192.0.2.1";

fn query(record: DnsRecord) -> Query {
    Query::new(ID, "me.example", record).unwrap()
}

/// A record: owner, type, class and data.
type Record<'a> = (&'a [u8], u16, u16, &'a [u8]);

/// An answer to a query of `me.example`.
fn answer(query: &Query, flags: u16, records: &[Record<'_>]) -> Vec<u8> {
    let mut bytes = query.to_bytes();
    bytes[2..4].copy_from_slice(&flags.to_be_bytes());
    bytes[6..8].copy_from_slice(&u16::try_from(records.len()).unwrap().to_be_bytes());
    for (owner, kind, class, data) in records {
        bytes.extend(*owner);
        bytes.extend(kind.to_be_bytes());
        bytes.extend(class.to_be_bytes());
        bytes.extend([0, 0, 0, 60]);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(*data);
    }
    bytes
}

fn read(record: DnsRecord, records: &[Record<'_>]) -> Result<IpAddress> {
    let query = query(record);
    query.read(&answer(&query, 0x8180, records)).unwrap()
}

fn is_malformed(record: DnsRecord, records: &[Record<'_>]) -> bool {
    matches!(read(record, records), Err(Error::Malformed { expected: "a DNS answer with an address" }))
}

#[test]
fn a_query_is_what_dig_sends() {
    let bytes = b"\xbe\xef\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06whoami\x0acloudflare\x00\x00\x10\x00\x03";
    assert_eq!(Query::new(ID, "whoami.cloudflare", DnsRecord::ChaosTxt).unwrap().to_bytes(), bytes);
    let bytes = b"\xbe\xef\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04myip\x07opendns\x03com\x00\x00\x1c\x00\x01";
    assert_eq!(Query::new(ID, "MyIP.opendns.com.", DnsRecord::Aaaa).unwrap().to_bytes(), bytes);
}

#[test]
fn only_names_are_asked_for() {
    let (label, name) = ("x".repeat(63), format!("{}.x", vec!["x".repeat(49); 5].join(".")));
    assert_eq!(name.len(), 251);
    for good in ["a", "a.", &label, &format!("{name}x.")] {
        Query::new(ID, good, DnsRecord::A).unwrap();
    }
    assert_eq!(Query::new(ID, &format!("{name}xy"), DnsRecord::A).unwrap().name.len(), MAX_NAME);
    for wrong in ["", ".", "a..b", ".a", "a..", "a b", "a\0", "a\n", &format!("{label}x"), &format!("{name}xyz")] {
        let error = Query::new(ID, wrong, DnsRecord::A).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{wrong:?}");
    }
}

#[test]
fn each_kind_of_record_is_read() {
    let cloudflare = Query::new(ID, "whoami.cloudflare", DnsRecord::ChaosTxt).unwrap();
    assert_eq!(cloudflare.read(CLOUDFLARE).unwrap().unwrap(), IpAddress::new(192, 0, 2, 1));
    let v4 = IpAddress::new(198, 51, 100, 7);
    assert_eq!(read(DnsRecord::A, &[(TO_QUESTION, A, CLASS_IN, &[198, 51, 100, 7])]).unwrap(), v4);
    let v6 = [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[9]].concat();
    let expected = IpAddress::parse("2001:db8::9").unwrap();
    assert_eq!(read(DnsRecord::Aaaa, &[(TO_QUESTION, AAAA, CLASS_IN, &v6)]).unwrap(), expected);
    assert_eq!(read(DnsRecord::Txt, &[(TO_QUESTION, TXT, CLASS_IN, b"\x0b2001:db8::9")]).unwrap(), expected);
    // Quoted, and behind a text that tells something else.
    let more: [Record<'_>; 2] = [
        (TO_QUESTION, TXT, CLASS_IN, b"\x21edns0-client-subnet 192.0.2.128/32"),
        (TO_QUESTION, TXT, CLASS_IN, b"\x0e\"198.51.100.7\""),
    ];
    assert_eq!(read(DnsRecord::Txt, &more).unwrap(), v4);
}

#[test]
fn every_shorter_answer_is_none_or_malformed() {
    let cloudflare = Query::new(ID, "whoami.cloudflare", DnsRecord::ChaosTxt).unwrap();
    let question = cloudflare.to_bytes().len();
    for length in 0..CLOUDFLARE.len() {
        match cloudflare.read(&CLOUDFLARE[..length]) {
            None => assert!(length < question, "{length}"),
            Some(read) => {
                assert!(length >= question, "{length}");
                assert_eq!(read.unwrap_err().kind(), ErrorKind::Malformed, "{length}");
            }
        }
    }
}

#[test]
fn what_answers_another_question_is_passed_over() {
    let query = query(DnsRecord::A);
    let good = answer(&query, 0x8180, &[(TO_QUESTION, A, CLASS_IN, &[192, 0, 2, 1])]);
    assert_eq!(query.read(&good).unwrap().unwrap(), IpAddress::new(192, 0, 2, 1));
    let question = 12..query.to_bytes().len();
    // Id, the bit of an answer, the operation, the count of questions, the question.
    let changes = [(0, 1), (1, 1), (2, 0x80), (2, 0x08), (4, 1), (5, 1), (5, 2)];
    for (at, change) in changes.into_iter().chain(question.map(|at| (at, 1))) {
        let mut other = good.clone();
        other[at] ^= change;
        assert!(query.read(&other).is_none(), "byte {at}");
    }
    let shouted: Vec<u8> =
        good.iter().enumerate().map(|(at, b)| if at > 12 { b.to_ascii_uppercase() } else { *b }).collect();
    assert_eq!(query.read(&shouted).unwrap().unwrap(), IpAddress::new(192, 0, 2, 1));
}

#[test]
fn an_answer_about_something_else_is_no_answer() {
    let address = &[192, 0, 2, 1];
    assert!(is_malformed(DnsRecord::A, &[]));
    assert!(is_malformed(DnsRecord::A, &[(b"\x05other\x00", A, CLASS_IN, address)]));
    assert!(is_malformed(DnsRecord::A, &[(TO_QUESTION, A, CLASS_CH, address)]));
    assert!(is_malformed(DnsRecord::ChaosTxt, &[(TO_QUESTION, TXT, CLASS_IN, b"\x09192.0.2.1")]));
    assert!(is_malformed(DnsRecord::A, &[(TO_QUESTION, TXT, CLASS_IN, b"\x09192.0.2.1")]));
    for wrong in [&b""[..], &[192, 0, 2], &[192, 0, 2, 1, 0]] {
        assert!(is_malformed(DnsRecord::A, &[(TO_QUESTION, A, CLASS_IN, wrong)]), "{wrong:?}");
        assert!(is_malformed(DnsRecord::Aaaa, &[(TO_QUESTION, AAAA, CLASS_IN, wrong)]), "{wrong:?}");
    }
    for wrong in [&b""[..], b"\x00", b"\x0a192.0.2.1", b"\x04\xff\xff\xff\xff", b"\x09fe80::1%1", b"\x09192.0.2.\n"] {
        assert!(is_malformed(DnsRecord::Txt, &[(TO_QUESTION, TXT, CLASS_IN, wrong)]), "{wrong:?}");
    }
}

#[test]
fn another_name_for_the_name_is_followed() {
    let records: [Record<'_>; 2] = [
        (TO_QUESTION, CNAME, CLASS_IN, b"\x05OTHER\xc0\x0f"),
        (b"\x05other\x07example\x00", A, CLASS_IN, &[192, 0, 2, 1]),
    ];
    assert_eq!(read(DnsRecord::A, &records).unwrap(), IpAddress::new(192, 0, 2, 1));
    let [first, second] = records;
    assert!(is_malformed(DnsRecord::A, &[second, first]));
    // A name that goes on behind its record.
    assert!(is_malformed(DnsRecord::A, &[(TO_QUESTION, CNAME, CLASS_IN, b"\x05oth"), second]));
}

#[test]
fn pointers_go_backwards_and_not_far() {
    let query = query(DnsRecord::A);
    let start = u8::try_from(query.to_bytes().len()).unwrap();
    let address = &[192, 0, 2, 1];
    for target in [start, start + 1, start + 2, 200, 255] {
        assert!(is_malformed(DnsRecord::A, &[(&[POINTER, target], A, CLASS_IN, address)]), "{target}");
    }
    // The name is there, but behind the pointer to it.
    let forwards: [Record<'_>; 2] =
        [(&[POINTER, start + 16], A, CLASS_IN, address), (b"\x02me\x07example\x00", A, CLASS_IN, address)];
    assert!(is_malformed(DnsRecord::A, &forwards));
    // Two that point at each other, the second in the data of a record.
    let to_each_other: [Record<'_>; 2] =
        [(TO_QUESTION, TXT, CLASS_IN, &[POINTER, start + 16]), (&[POINTER, start + 12], A, CLASS_IN, address)];
    assert!(is_malformed(DnsRecord::A, &to_each_other));
    // The lengths 64 to 191 mean nothing.
    for length in [0x40, 0x7f, 0x80, 0xbf] {
        assert!(is_malformed(DnsRecord::A, &[(&[length, 12], A, CLASS_IN, address)]), "{length:#x}");
    }
    // A chain of pointers in the data of a record, each to the one before, the first to the question.
    for (hops, is_good) in [(MAX_POINTERS, true), (MAX_POINTERS + 1, false)] {
        let chained = u8::try_from(hops - 1).unwrap();
        let first = start + 12;
        let chain: Vec<u8> =
            (0..chained).flat_map(|n| [POINTER, if n == 0 { 12 } else { first + 2 * (n - 1) }]).collect();
        let records: [Record<'_>; 2] =
            [(TO_QUESTION, TXT, CLASS_IN, &chain), (&[POINTER, first + 2 * (chained - 1)], A, CLASS_IN, address)];
        assert_eq!(!is_malformed(DnsRecord::A, &records), is_good, "{hops} pointers");
    }
}

#[test]
fn a_name_has_its_longest_length() {
    let long = Query::new(ID, &vec!["x".repeat(49); 5].join("."), DnsRecord::A).unwrap();
    let owner = |more: u8| [&[2 + more, b'y', b'y'][..], &vec![b'y'; more.into()], TO_QUESTION].concat();
    for (more, is_good) in [(0, true), (1, true), (2, false)] {
        // 251 bytes of name with its end, and 3 or more in front.
        let bytes = answer(&long, 0x8180, &[(&owner(more), A, CLASS_IN, &[1; 4])]);
        let mut cursor = Cursor::new(&bytes);
        cursor.take(long.to_bytes().len()).unwrap();
        assert_eq!(name(&bytes, &mut cursor).is_some(), is_good, "{more}");
    }
}

#[test]
fn a_refusal_has_its_code() {
    let query = query(DnsRecord::A);
    for (code, text) in [(1, "the server cannot read the query"), (5, "the server refuses the query"), (15, "")] {
        let Some(Err(Error::PeerRefused { code: found, text: said })) = query.read(&answer(&query, 0x8180 | code, &[]))
        else {
            panic!("no refusal");
        };
        assert_eq!((found, &*said), (code, text));
    }
}

proptest! {
    #[test]
    fn no_bytes_behind_the_question_are_too_strange(records: u16, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let query = query(DnsRecord::Txt);
        let mut bytes = query.to_bytes();
        bytes[2] |= 0x80;
        bytes[6..8].copy_from_slice(&records.to_be_bytes());
        bytes.extend(body);
        prop_assert!(query.read(&bytes).is_some());
    }

    #[test]
    fn every_address_is_read_back(id: [u8; 2], v4: [u8; 4], v6: [u8; 16]) {
        let (v4, v6) = (IpAddress::from(v4), IpAddress::from(v6));
        for address in [v4, v6] {
            let query = Query::new(id, "me.example", DnsRecord::Txt).unwrap();
            let text = address.to_string();
            let data = [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
            let bytes = answer(&query, 0x8180, &[(TO_QUESTION, TXT, CLASS_IN, &data)]);
            prop_assert_eq!(query.read(&bytes).unwrap().unwrap(), address);
        }
    }
}
