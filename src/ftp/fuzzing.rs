//! The door of the fuzz targets to the codecs, which are private: each function panics where a promise is broken.

use super::{
    address::{parse_epsv, parse_pasv},
    encoding::FtpEncoding,
    lines::{FromWire, ToWire},
    listing::{parse_list, parse_mlsd},
    reply::{REPLY_LIMIT, Reply, ReplyDecoder},
    response::{FtpDirectoryResponse, FtpResponse},
    status::FtpStatus,
    time::{format_time, parse_time},
};
use crate::error::ErrorKind;

/// Replies are the same at once and byte by byte, and never longer than allowed.
pub fn ftp_reply(bytes: &[u8]) {
    let at_once = replies(bytes, usize::MAX);
    assert_eq!(at_once, replies(bytes, 1));
    for reply in at_once.0 {
        assert!((100..700).contains(&reply.code) && reply.text.len() <= REPLY_LIMIT);
        let text = FtpEncoding::Utf8.decode(&reply.text);
        let directory = FtpDirectoryResponse::new(FtpResponse::new(FtpStatus::DIRECTORY_OK, text));
        assert!(directory.directory().len() <= directory.message().len());
    }
}

/// An answer to PASV or EPSV has a port or is none.
pub fn ftp_pasv(bytes: &[u8]) {
    for port in [parse_pasv(bytes), parse_epsv(bytes)].into_iter().flatten() {
        assert_ne!(port, 0);
    }
}

/// Listings have entries with names, and a text has the same line ends in any pieces.
pub fn ftp_list(bytes: &[u8]) {
    let text = FtpEncoding::Utf8.decode(bytes);
    for entry in parse_mlsd(&text).unwrap_or_default().into_iter().chain(parse_list(&text).unwrap_or_default()) {
        assert!(!entry.name.is_empty() && !entry.name.contains('\n'));
        assert!(!entry.is_safe_name() || !entry.name.contains(['/', '\0']));
    }
    if let Some(time) = parse_time(&text) {
        assert!(format_time(time).is_none_or(|again| text.starts_with(&again) || text.contains("60")));
    }
    assert_eq!(lines(bytes, 1), lines(bytes, usize::MAX));
}

fn replies(bytes: &[u8], piece: usize) -> (Vec<Reply>, Option<ErrorKind>) {
    let (mut decoder, mut found) = (ReplyDecoder::default(), Vec::new());
    for mut part in bytes.chunks(piece) {
        while !part.is_empty() {
            match decoder.next(part) {
                Ok((taken, reply)) => {
                    found.extend(reply);
                    part = part.get(taken..).unwrap_or_default();
                }
                Err(error) => return (found, Some(error.kind())),
            }
        }
    }
    (found, None)
}

fn lines(bytes: &[u8], piece: usize) -> (Vec<u8>, Vec<u8>) {
    let (mut from, mut local) = (FromWire::default(), Vec::new());
    let (mut to, mut wire) = (ToWire::default(), Vec::new());
    for part in bytes.chunks(piece) {
        from.push(part, &mut local);
        to.push(part, &mut wire);
    }
    from.finish(&mut local);
    (local, wire)
}
