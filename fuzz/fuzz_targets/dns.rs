//! Any datagram is read as a DNS answer without a panic, and what follows an answer does not change it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sockeye::{
    DnsRecord,
    fuzzing::{dns_answer, dns_query},
};

const ID: [u8; 2] = *b"id";
const NAME: &str = "me.example";

fuzz_target!(|input: (u8, Option<u16>, Vec<u8>)| {
    let (record, records, body) = input;
    let record = [DnsRecord::A, DnsRecord::Aaaa, DnsRecord::Txt, DnsRecord::ChaosTxt][usize::from(record % 4)];
    // With a count of records, the bytes stand behind a header and the question.
    let datagram = match records {
        Some(records) => {
            let mut answer = dns_query(ID, NAME, record).unwrap();
            answer[2] |= 0x80;
            answer[6..8].copy_from_slice(&records.to_be_bytes());
            [answer, body].concat()
        }
        None => body,
    };
    let whole = dns_answer(ID, NAME, record, &datagram);
    for length in 0..datagram.len() {
        if let Some(Ok(address)) = dns_answer(ID, NAME, record, &datagram[..length]) {
            assert!(matches!(whole, Some(Ok(found)) if found == address));
        }
    }
});
