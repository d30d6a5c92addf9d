use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use proptest::prelude::*;

use super::*;

/// What nginx 1.22.1 sends for [`HELLO`].
const NGINX: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\x03\xcbH\xcd\xc9\xc9W\xc8\xc0Gr\x01\x00\xf3\xa0]\xc7$\x00\x00\x00";
const HELLO: &[u8] = b"hello hello hello hello hello hello\n";

/// What Python's `gzip` (with a file name), `zlib` and `zlib` without a header write for "hello hello hello hello".
const PYTHON_GZIP: &[u8] = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x02\x03a.txt\x00\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01\
    \xe3\x51\x3d\x8d\x17\x00\x00\x00";
const PYTHON_ZLIB: &[u8] = b"\x78\x9c\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01\x68\x03\x08\xb1";
const PYTHON_RAW: &[u8] = b"\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01";

fn decoder(encoding: &str) -> Option<Decoder> {
    let mut fields = HttpFields::default();
    fields.push("Content-Encoding", encoding.as_bytes());
    Decoder::for_fields(&fields)
}

/// Unpacks bytes in pieces of this size.
fn unpack(encoding: &str, packed: &[u8], piece: usize) -> Result<Vec<u8>> {
    let mut decoder = decoder(encoding).expect("a known encoding");
    let mut body = Vec::new();
    let mut sink = |data: &[u8]| {
        assert!(!data.is_empty() && data.len() <= PIECE);
        body.extend_from_slice(data);
        Ok(())
    };
    for piece in packed.chunks(piece) {
        decoder.write(piece, &mut sink)?;
    }
    decoder.finish()?;
    Ok(body)
}

/// What becomes of the bytes, in whatever pieces they come.
fn unpacked(encoding: &str, packed: &[u8]) -> Result<Vec<u8>, String> {
    let at_once = unpack(encoding, packed, usize::MAX).map_err(|error| format!("{error:?}"));
    for piece in [1, 2, 7, 64] {
        assert_eq!(unpack(encoding, packed, piece).map_err(|error| format!("{error:?}")), at_once, "pieces of {piece}");
    }
    at_once
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zlib(body: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), level);
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn raw(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn cut() -> String {
    format!("{:?}", Error::Malformed { expected: "the rest of the packed body" })
}

fn spoiled() -> String {
    format!("{PACKED:?}")
}

#[test]
fn bodies_of_real_servers_are_unpacked() {
    assert_eq!(unpacked("gzip", NGINX).unwrap(), HELLO);
    assert_eq!(unpacked("gzip", PYTHON_GZIP).unwrap(), b"hello hello hello hello");
    assert_eq!(unpacked("deflate", PYTHON_ZLIB).unwrap(), b"hello hello hello hello");
    assert_eq!(unpacked("deflate", PYTHON_RAW).unwrap(), b"hello hello hello hello");
}

#[test]
fn the_field_decides_and_what_is_not_known_is_left_as_it_is() {
    for encoding in ["gzip", "GZIP", "x-gzip", " gzip ", "identity, gzip", "gzip,", "gzip, Identity"] {
        assert_eq!(unpacked(encoding, NGINX).unwrap(), HELLO, "{encoding}");
    }
    for encoding in
        ["", "identity", "br", "zstd", "compress", "gzipped", "gzip, gzip", "deflate, gzip", "br, gzip", "gzip;q=1"]
    {
        assert!(decoder(encoding).is_none(), "{encoding}");
    }
    assert!(Decoder::for_fields(&HttpFields::default()).is_none());
    let mut twice = HttpFields::default();
    twice.push("content-encoding", b"gzip");
    twice.push("content-encoding", b"gzip");
    assert!(Decoder::for_fields(&twice).is_none());
}

#[test]
fn both_forms_of_deflate_are_told_apart() {
    let body = b"the same bytes, the same bytes, the same bytes";
    for level in 0..=9 {
        assert_eq!(unpacked("deflate", &zlib(body, Compression::new(level))).unwrap(), body, "{level}");
    }
    assert_eq!(unpacked("deflate", &raw(body)).unwrap(), body);
    assert_eq!(unpacked("deflate", &raw(b"")).unwrap(), b"");
    assert_eq!(unpacked("deflate", &zlib(b"", Compression::default())).unwrap(), b"");
}

#[test]
fn members_of_gzip_follow_one_another() {
    let packed = [gzip(b"one "), gzip(b""), gzip(b"two "), NGINX.to_vec()].concat();
    assert_eq!(unpacked("gzip", &packed).unwrap(), [b"one two ", HELLO].concat());
    let second = [gzip(b"one "), gzip(b"two")];
    for length in 2..second[1].len() {
        let packed = [&second[0], &second[1][..length]].concat();
        assert_eq!(unpacked("gzip", &packed), Err(cut()), "{length} bytes of the second");
    }
}

#[test]
fn what_stands_behind_the_packed_bytes_is_no_part_of_the_body() {
    let long = vec![b'x'; 300];
    for behind in [&b"\0"[..], b"\0\0\0\0\0\0", b"garbage", b"\x1f", b"\x1f\x8c\x08", b"\x8b\x1f", &long] {
        assert_eq!(unpacked("gzip", &[NGINX, behind].concat()).unwrap(), HELLO, "{behind:?}");
        assert_eq!(unpacked("deflate", &[PYTHON_ZLIB, behind].concat()).unwrap(), b"hello hello hello hello");
        assert_eq!(unpacked("deflate", &[PYTHON_RAW, behind].concat()).unwrap(), b"hello hello hello hello");
    }
    // Only gzip has members.
    assert_eq!(unpacked("deflate", &PYTHON_ZLIB.repeat(2)).unwrap(), b"hello hello hello hello");
    // What begins as a member must be one.
    assert_eq!(unpacked("gzip", &[NGINX, b"\x1f\x8bgarbage"].concat()), Err(spoiled()));
}

#[test]
fn every_prefix_is_cut_and_a_body_without_a_byte_is_empty() {
    for (encoding, packed) in
        [("gzip", NGINX), ("gzip", PYTHON_GZIP), ("deflate", PYTHON_ZLIB), ("deflate", PYTHON_RAW)]
    {
        assert_eq!(unpacked(encoding, b"").unwrap(), b"");
        for length in 1..packed.len() {
            assert_eq!(unpacked(encoding, &packed[..length]), Err(cut()), "{length} bytes of {encoding}");
        }
    }
}

#[test]
fn bytes_that_are_not_packed_are_refused() {
    for (encoding, bytes) in [
        ("gzip", &b"<html>"[..]),
        ("gzip", PYTHON_ZLIB),
        ("gzip", b"\x1f\x8b\x07\0\0\0\0\0\0\0"),
        ("deflate", b"<html></html>"),
        ("deflate", b"\x78\x9c\xff\xff\xff\xff"),
        // A preset dictionary, which no server has.
        ("deflate", b"\x78\xbb\x00\x00\x00\x01\xcb\x48\xcd\xc9\xc9\x07\x00"),
    ] {
        assert_eq!(unpacked(encoding, bytes), Err(spoiled()), "{encoding} {bytes:?}");
    }
}

#[test]
fn a_wrong_checksum_or_length_is_found() {
    for (encoding, packed, checked) in [("gzip", NGINX, 8), ("deflate", PYTHON_ZLIB, 4)] {
        for place in packed.len() - checked..packed.len() {
            let mut bytes = packed.to_vec();
            bytes[place] ^= 1;
            assert_eq!(unpacked(encoding, &bytes), Err(spoiled()), "byte {place}");
        }
    }
}

#[test]
fn what_has_failed_stays_failed() {
    let mut decoder = decoder("gzip").unwrap();
    let mut nothing = |_: &[u8]| panic!("nothing was unpacked");
    assert!(decoder.write(b"<html>", &mut nothing).is_err());
    assert!(decoder.write(NGINX, &mut nothing).is_err());
    assert!(decoder.finish().is_err());
}

#[test]
fn what_was_stopped_stays_stopped() {
    let mut decoder = decoder("gzip").unwrap();
    assert!(matches!(decoder.write(NGINX, &mut |_| Err(Error::Cancelled)), Err(Error::Cancelled)));
    assert!(decoder.write(NGINX, &mut |_| Ok(())).is_err());
    assert!(decoder.finish().is_err());
}

#[test]
fn a_bomb_comes_in_pieces_and_stops_where_its_taker_stops() {
    // A thousand times its length.
    let member = gzip(&vec![0; 1 << 20]);
    assert!(member.len() < 1100, "{}", member.len());
    let bomb = member.repeat(64);
    let limit = 3 * PIECE + 5;
    let mut taken = 0;
    let mut decoder = decoder("gzip").unwrap();
    let result = decoder.write(&bomb, &mut |data| {
        assert!(data.len() <= PIECE);
        taken += data.len();
        if taken <= limit { Ok(()) } else { Err(Error::Cancelled) }
    });
    assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    assert!(taken > limit && taken <= limit + PIECE, "{taken}");
    assert!(decoder.write(&bomb, &mut |_| Ok(())).is_err(), "nothing follows");
}

#[test]
fn a_body_of_whole_pieces_is_unpacked_whole() {
    for length in [PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
        let body: Vec<u8> = (0..=250).cycle().take(length).collect();
        assert!(unpack("gzip", &gzip(&body), usize::MAX).unwrap() == body, "{length}");
        assert!(unpack("deflate", &raw(&body), 100).unwrap() == body, "{length}");
    }
    // So dense that the last byte has been read when the first piece is full.
    for length in PIECE..PIECE + 20 {
        assert_eq!(unpack("deflate", &raw(&vec![0; length]), usize::MAX).unwrap().len(), length);
    }
}

proptest! {
    #[test]
    fn any_body_is_unpacked_in_any_pieces(body: Vec<u8>, piece in 1_usize..50, level in 0_u32..10) {
        prop_assert_eq!(&unpack("gzip", &gzip(&body), piece).unwrap(), &body);
        prop_assert_eq!(&unpack("deflate", &zlib(&body, Compression::new(level)), piece).unwrap(), &body);
        prop_assert_eq!(&unpack("deflate", &raw(&body), piece).unwrap(), &body);
    }

    #[test]
    fn any_bytes_end_the_same_in_any_pieces(mut packed in prop::collection::vec(any::<u8>(), 0..60), magic: bool) {
        if magic {
            packed.splice(0..0, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
        }
        let _ = unpacked("gzip", &packed);
        let _ = unpacked("deflate", &packed);
    }
}
