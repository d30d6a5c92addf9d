//! The door of the fuzz targets to the codecs, which are private: each function panics where a promise is broken.

use std::time::{Duration, SystemTime};

use super::{
    chunked::{Chunk, ChunkedDecoder},
    content::Decoder,
    cookies::CookieJar,
    fields::HttpFields,
    head::{HeadLimits, parse_head, parse_trailers},
    incoming::{Found, Incoming},
    proxy::Credentials,
    socks::Socks,
    tunnel::{HttpConnect, Negotiation, Step},
    url::Url,
};
use crate::error::{Error, Result};

const LIMITS: HeadLimits = HeadLimits { bytes: 512, fields: 40 };

/// A head, and a trailer, are the same at once and byte by byte, and hold nothing that a line could be made of.
pub fn head(bytes: &[u8]) {
    let mut scanned = 0;
    let drip = (0..=bytes.len()).map(|end| parse_head(parts(bytes, end), &mut scanned, LIMITS)).find_map(settled);
    let at_once = settled(parse_head(bytes, &mut 0, LIMITS));
    assert_eq!(drip.as_ref().map(shown), at_once.as_ref().map(shown));
    if let Some(Ok((length, head))) = at_once {
        assert!(length <= LIMITS.bytes && (100..1000).contains(&head.status.code()));
        check_fields(&head.fields);
    }
    let mut scanned = 0;
    let drip = (0..=bytes.len()).map(|end| parse_trailers(parts(bytes, end), &mut scanned, LIMITS)).find_map(settled);
    let at_once = settled(parse_trailers(bytes, &mut 0, LIMITS));
    assert_eq!(drip.as_ref().map(shown), at_once.as_ref().map(shown));
    if let Some(Ok((_, trailers))) = at_once {
        check_fields(&trailers);
    }
}

/// A chunked body is the same at once and byte by byte, and never more than its bytes.
pub fn chunked(bytes: &[u8]) {
    let decode = |step: usize| {
        let mut decoder = ChunkedDecoder::new(LIMITS);
        let (mut body, mut taken, mut shown) = (Vec::new(), 0, 0);
        loop {
            let input = parts(bytes, shown).get(taken..).unwrap_or_default();
            match decoder.next(input) {
                Ok((count, Chunk::Data(data))) => {
                    assert!(!data.is_empty() && data.len() <= count && count <= input.len());
                    body.extend_from_slice(data);
                    taken += count;
                }
                Ok((count, Chunk::End(trailers))) => {
                    check_fields(&trailers);
                    return (body, Some(Ok(taken + count)));
                }
                Ok((count, Chunk::More)) if shown < bytes.len() => {
                    taken += count;
                    shown = bytes.len().min(shown.saturating_add(step));
                }
                Ok((_, Chunk::More)) => return (body, None),
                Err(error) => return (body, Some(Err(error.to_string()))),
            }
        }
    };
    assert_eq!(decode(usize::MAX), decode(1));
}

/// A response ends the same at once and byte by byte, and takes no byte that is not its own.
pub fn incoming(bytes: &[u8]) {
    for method in ["GET", "HEAD", "CONNECT"] {
        let tell = |step: usize| {
            let mut incoming = Incoming::new(method, LIMITS);
            let (mut body, mut taken, mut shown) = (Vec::new(), 0, 0);
            loop {
                let input = parts(bytes, shown).get(taken..).unwrap_or_default();
                match incoming.next(input) {
                    Ok((count, Found::More)) if shown < bytes.len() => {
                        taken += count;
                        shown = bytes.len().min(shown.saturating_add(step));
                    }
                    Ok((_, Found::More)) => return (body, incoming.ended().map_err(|error| error.to_string()), false),
                    Ok((count, Found::End)) => {
                        assert!(incoming.is_complete() && incoming.received() == body.len() as u64);
                        return (body, Ok(()), incoming.can_keep_alive() && taken + count <= bytes.len());
                    }
                    Ok((count, found)) => {
                        assert!(count <= input.len());
                        taken += count;
                        if let Found::Data(data) = found {
                            body.extend_from_slice(data);
                        }
                    }
                    Err(error) => return (body, Err(error.to_string()), false),
                }
            }
        };
        assert_eq!(tell(usize::MAX), tell(1));
    }
}

/// An address that is accepted can stand in a request, and reads back as it is.
pub fn url(text: &str) {
    let base = Url::parse("http://base/x/y?z").ok();
    let joined = base.as_ref().and_then(|base| base.join(text).ok());
    let placed = base.as_ref().and_then(|base| base.with_target(text).ok());
    for url in [Url::parse(text).ok(), joined, placed].into_iter().flatten() {
        assert!(url.target.starts_with('/') && url.target.bytes().all(|byte| byte.is_ascii_graphic()));
        let again = Url::parse(&url.to_string()).ok();
        assert_eq!(again, Some(Url { user: None, ..url }));
    }
}

/// A packed body is the same at once and byte by byte, in pieces of at most 64 KiB.
pub fn content(bytes: &[u8]) {
    for coding in ["gzip", "deflate"] {
        let unpack = |step: usize| {
            let mut fields = HttpFields::default();
            fields.push("Content-Encoding", coding.as_bytes());
            let mut decoder = Decoder::for_fields(&fields)?;
            let mut body = Vec::new();
            let mut sink = |data: &[u8]| {
                assert!(!data.is_empty() && data.len() <= 64 * 1024);
                body.extend_from_slice(data);
                if body.len() <= 1 << 20 { Ok(()) } else { Err(Error::Cancelled) }
            };
            let written = bytes.chunks(step).try_for_each(|piece| decoder.write(piece, &mut sink));
            let result = written.and_then(|()| decoder.finish());
            // Where it failed, more may have been handed on before than in smaller pieces.
            Some(result.map(|()| body).map_err(|error| error.to_string()))
        };
        assert_eq!(unpack(bytes.len().max(1)), unpack(1));
    }
}

/// What a server says of cookies leaves nothing behind that could break out of a field.
pub fn cookie(bytes: &[u8]) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    for place in ["https://www.example.com/a/b?c", "http://127.0.0.1/"] {
        let Ok(url) = Url::parse(place) else { return };
        let mut jar = CookieJar::default();
        jar.store(&url, bytes.split(|byte| *byte == b'\n'), now);
        let sent = jar.header(&url, now);
        if let Some(sent) = &sent {
            assert!(!sent.contains(|c: char| c.is_ascii_control() && c != '\t'), "{sent:?}");
        }
        assert_eq!(jar.header(&url, now), sent);
    }
}

/// The answer of a proxy ends the same in pieces and byte by byte, and no byte behind it is taken.
pub fn proxy(bytes: &[u8]) {
    let credentials = Credentials { user: "user".to_owned(), password: "password".to_owned() };
    for credentials in [None, Some(&credentials)] {
        let negotiate = |most: usize| {
            let socks = Socks::new("host", 80, credentials).map(|mut socks| negotiate(&mut socks, bytes, most));
            let http = HttpConnect::new("host", 80, credentials).map(|mut http| negotiate(&mut http, bytes, most));
            [socks, http].map(|outcome| outcome.map_err(|error| error.to_string()))
        };
        assert_eq!(negotiate(usize::MAX), negotiate(1));
    }
}

fn negotiate(negotiation: &mut impl Negotiation, bytes: &[u8], most: usize) -> (usize, Result<(), String>) {
    let mut taken = 0;
    loop {
        match negotiation.next() {
            Ok(Step::Send(sent)) => assert!(!sent.is_empty()),
            Ok(Step::Receive(wanted)) => {
                assert!(wanted > 0);
                let end = bytes.len().min(taken + wanted.min(most));
                let Some(piece) = bytes.get(taken..end).filter(|piece| !piece.is_empty()) else {
                    return (taken, Err("more".to_owned()));
                };
                negotiation.receive(piece);
                taken = end;
            }
            Ok(Step::Done) => return (taken, Ok(())),
            Err(error) => return (taken, Err(error.to_string())),
        }
    }
}

fn parts(bytes: &[u8], end: usize) -> &[u8] {
    bytes.get(..end).unwrap_or(bytes)
}

fn settled<T>(result: Result<Option<T>>) -> Option<Result<T>> {
    result.transpose()
}

fn shown<T: std::fmt::Debug>(result: &Result<T>) -> String {
    format!("{result:?}")
}

fn check_fields(fields: &HttpFields) {
    assert!(fields.len() <= LIMITS.fields);
    for (name, value) in fields.iter() {
        assert!(super::fields::is_token(name), "{name:?}");
        assert!(!value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t'), "{value:?}");
    }
}
