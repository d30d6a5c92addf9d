use proptest::prelude::*;

use super::*;

/// What httpbin sends under gunicorn, cut down.
const GUNICORN: &[u8] =
    b"7A\r\n{\"url\": \"http://x/stream/2\", \"args\": {}, \"headers\": {\"Host\": \"x\", \"Connection\": \"close\"}, \
    \"origin\": \"127.0.0.1\", \"id\": 0}\n\r\n1\r\n\n\r\n0\r\n\r\n";

/// Body, trailers and bytes taken, or the error.
type Outcome = Result<(Vec<u8>, Vec<(String, String)>, usize), String>;

/// Shows the input in pieces that end at these places, and then the rest; `None` if it is not the whole body.
fn decode(input: &[u8], limits: HeadLimits, cuts: &[usize]) -> Option<Outcome> {
    let mut decoder = ChunkedDecoder::new(limits);
    let (mut body, mut taken) = (Vec::new(), 0);
    for end in cuts.iter().chain([&input.len()]) {
        loop {
            match decoder.next(&input[taken..*end]) {
                Ok((count, Chunk::More)) => {
                    taken += count;
                    break;
                }
                Ok((count, Chunk::Data(data))) => {
                    assert!(!data.is_empty() && data.len() <= count);
                    body.extend_from_slice(data);
                    taken += count;
                }
                Ok((count, Chunk::End(trailers))) => {
                    let text =
                        |(name, value): (&str, &[u8])| (name.to_owned(), String::from_utf8_lossy(value).into_owned());
                    let trailers = trailers.iter().map(text).collect();
                    return Some(Ok((body, trailers, taken + count)));
                }
                Err(error) => return Some(Err(format!("{error:?}"))),
            }
        }
    }
    None
}

fn at_once(input: &[u8]) -> Option<Outcome> {
    decode(input, HeadLimits::default(), &[])
}

fn byte_by_byte(input: &[u8]) -> Option<Outcome> {
    decode(input, HeadLimits::default(), &(0..input.len()).collect::<Vec<_>>())
}

fn refused(input: &[u8], expected: &Error) {
    let expected = Some(Err(format!("{expected:?}")));
    assert_eq!(at_once(input), expected, "{:?}", String::from_utf8_lossy(input));
    assert_eq!(byte_by_byte(input), expected);
}

#[test]
fn bodies_of_real_servers_lose_their_framing() {
    let (body, trailers, taken) = at_once(GUNICORN).unwrap().unwrap();
    assert_eq!(body.len(), 0x7a + 1);
    assert!(body.starts_with(b"{\"url\"") && body.ends_with(b"0}\n\n"));
    assert_eq!((trailers, taken), (vec![], GUNICORN.len()));
    assert_eq!(byte_by_byte(GUNICORN), at_once(GUNICORN));
}

#[test]
fn sizes_extensions_and_trailers_are_read_and_what_follows_is_left() {
    for (input, body, trailers) in [
        (&b"0\r\n\r\n"[..], &b""[..], vec![]),
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello", vec![]),
        (b"00005\r\nhello\r\n000\r\n\r\n", b"hello", vec![]),
        (b"a\r\n0123456789\r\nA\r\nabcdefghij\r\n0\r\n\r\n", b"0123456789abcdefghij", vec![]),
        (b"5 \t\r\nhello\r\n0 \r\n\r\n", b"hello", vec![]),
        (b"5;a;b=c;d=\"e;\\\" f\"\t\r\nhello\r\n0;\r\n\r\n", b"hello", vec![]),
        (b"5 ; \xc3\xa9\r\nhello\r\n0\r\n\r\n", b"hello", vec![]),
        (b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n", vec![]),
        // A trailer that begins like a chunk size is none.
        (b"1\r\nx\r\n0\r\nDigest: abc\r\nExpires: never\r\n\r\n", b"x", vec![("Digest", "abc"), ("Expires", "never")]),
    ] {
        let expected: Vec<_> = trailers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let following = [input, b"HTTP/1.1 200 OK\r\n\r\n"].concat();
        for outcome in [at_once(&following), byte_by_byte(&following)] {
            assert_eq!(outcome, Some(Ok((body.to_vec(), expected.clone(), input.len()))));
        }
        for length in 0..input.len() {
            assert_eq!(at_once(&input[..length]), None, "{length} of {:?}", String::from_utf8_lossy(input));
        }
    }
}

#[test]
fn what_readers_differ_about_is_refused() {
    for input in [
        &b"\r\n"[..],
        b"\n",
        b" 5\r\n",
        b"-5\r\n",
        b"+5\r\n",
        b"x",
        b";a=b\r\n",
        b"g\r\n",
        b"\0",
        b"5g\r\n",
        b"0x5\r\n",
        b"5_0\r\n",
    ] {
        refused(input, &Error::Malformed { expected: DIGITS });
    }
    for input in [
        &b"5 5\r\n"[..],
        b"5\t0\r\n",
        b"5\r5",
        b"5;a\nhello\r\n",
        b"5;a\0\r\n",
        b"5;\x7f\r\n",
        b"5;a\r;b\r\n",
        b"0\r\r\n",
    ] {
        refused(input, &Error::Malformed { expected: "a chunk line that ends with CR and LF" });
    }
    // A lone LF behind the size.
    refused(b"5\nhello\r\n", &Error::Malformed { expected: DIGITS });
    refused(b"5 \nhello\r\n", &Error::Malformed { expected: "a chunk line that ends with CR and LF" });
    for input in
        [&b"5\r\nhello\n0\r\n\r\n"[..], b"5\r\nhello0\r\n\r\n", b"5\r\nhello!\r\n", b"5\r\nhello\r0", b"5\r\nhello\n\r"]
    {
        refused(input, &Error::Malformed { expected: "CR and LF behind the data of a chunk" });
    }
    refused(b"0\r\nA : b\r\n\r\n", &Error::Malformed { expected: "a field name with a colon right behind it" });
    refused(b"0\r\n0\r\n\r\n", &Error::Malformed { expected: "a field name with a colon right behind it" });
}

#[test]
fn a_size_of_two_to_the_64_is_refused_and_one_less_is_not() {
    for size in ["10000000000000000", "FFFFFFFFFFFFFFFFF", "00010000000000000000", "80000000000000000000"] {
        refused(format!("{size}\r\nx").as_bytes(), &Error::Malformed { expected: "a chunk size below 2^64" });
    }
    let mut decoder = ChunkedDecoder::new(HeadLimits::default());
    let (count, chunk) = decoder.next(b"0ffffffffffffffff\r\nxy").unwrap();
    assert!(matches!(chunk, Chunk::Data(b"xy")), "{chunk:?}");
    assert_eq!(count, 21);
    assert_eq!(decoder.missing(), u64::MAX - 2);
}

#[test]
fn a_chunk_line_of_the_limit_is_read_and_one_more_byte_is_not() {
    let line = |length: usize| format!("1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(length - 4));
    assert_eq!(at_once(line(LINE_LIMIT).as_bytes()).unwrap().unwrap().0, b"x");
    let too_long = Error::TooLong { what: Limit::ChunkLine, length: 4097, limit: 4096 };
    refused(line(LINE_LIMIT + 1).as_bytes(), &too_long);
    refused("0".repeat(LINE_LIMIT + 1).as_bytes(), &too_long);
    refused(format!("5{}", " ".repeat(LINE_LIMIT)).as_bytes(), &too_long);
    // Each line has the whole limit.
    let two = format!("1;{a}\r\nx\r\n1;{a}\r\ny\r\n0\r\n\r\n", a = "a".repeat(LINE_LIMIT - 4));
    assert_eq!(at_once(two.as_bytes()).unwrap().unwrap().0, b"xy");
}

#[test]
fn trailers_have_the_limits_that_were_given() {
    let limits = HeadLimits { bytes: 10, fields: 1 };
    assert_eq!(decode(b"0\r\nA: 456\r\n\r\n", limits, &[]).unwrap().unwrap().2, 13);
    let too_long = format!("{:?}", Error::TooLong { what: Limit::Fields, length: 11, limit: 10 });
    assert_eq!(decode(b"0\r\nA: 4567\r\n\r\n", limits, &[]), Some(Err(too_long.clone())));
    assert_eq!(decode(b"0\r\nA: 4567\r\n\r\n", limits, &(0..14).collect::<Vec<_>>()), Some(Err(too_long)));
    let too_many = format!("{:?}", Error::TooMany { what: Limit::Fields, limit: 1 });
    assert_eq!(decode(b"0\r\nA:\r\nB:\n\n", limits, &[]), Some(Err(too_many)));
}

#[test]
fn data_is_not_copied_and_not_held_back() {
    let input = [&b"f4240\r\n"[..], &[7; 300_000]].concat();
    let mut decoder = ChunkedDecoder::new(HeadLimits::default());
    let (count, chunk) = decoder.next(&input).unwrap();
    let Chunk::Data(data) = chunk else { panic!("{chunk:?}") };
    assert_eq!((count, data.as_ptr_range()), (input.len(), input[7..].as_ptr_range()));
    assert_eq!(decoder.missing(), 700_000);
    assert!(matches!(decoder.next(&[]).unwrap(), (0, Chunk::More)));
}

/// What a sender writes with the functions here.
fn encode(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
        bytes.extend_from_slice(&encode_chunk_head(chunk.len()));
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(LAST_CHUNK);
    bytes
}

#[test]
fn chunks_are_written_as_the_rfc_shows_them() {
    assert_eq!(
        encode(&[b"hello".to_vec(), vec![b'x'; 26]]),
        b"5\r\nhello\r\n1a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n"
    );
}

proptest! {
    #[test]
    fn any_body_in_any_chunks_and_pieces_is_read_back(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let bytes = encode(&chunks);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.sort_unstable();
        let expected = Some(Ok((chunks.concat(), vec![], bytes.len())));
        prop_assert_eq!(decode(&bytes, HeadLimits::default(), &cuts), expected);
    }

    #[test]
    fn any_bytes_give_the_same_at_once_and_byte_by_byte(input in "[0-2aF]{0,2}[\r\n;: 012a]{0,30}") {
        prop_assert_eq!(at_once(input.as_bytes()), byte_by_byte(input.as_bytes()));
        let input = input.replace('\n', "\r\n");
        prop_assert_eq!(at_once(input.as_bytes()), byte_by_byte(input.as_bytes()));
    }
}
