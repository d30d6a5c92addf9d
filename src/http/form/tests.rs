use std::{fs, io::Read};

use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::*;
use crate::{error::ErrorKind, http::body::Source};

/// The whole of what would be sent.
fn sent(form: Multipart) -> Vec<u8> {
    let body = form.into_body();
    let length = body.length();
    let mut all = Vec::new();
    for source in body.open().unwrap() {
        match source {
            Source::Bytes { bytes, .. } => all.extend_from_slice(&bytes),
            Source::File { mut file, .. } => assert!(file.read_to_end(&mut all).is_ok_and(|length| length > 0)),
            Source::Reader { .. } => panic!("a form has no reader"),
        }
    }
    assert_eq!(length, Some(all.len() as u64));
    all
}

fn fixed() -> Multipart {
    Multipart { boundary: "B".to_owned(), ..Multipart::new() }
}

#[test]
fn queries_are_written_as_the_url_standard_has_them() {
    assert_eq!(query(&[]), "");
    assert_eq!(query(&[("a", "")]), "a=");
    assert_eq!(query(&[("", "b"), ("", "")]), "=b&=");
    assert_eq!(query(&[("a b", "c&d"), ("e", "f=g")]), "a+b=c%26d&e=f%3Dg");
    assert_eq!(query(&[("+%20", "*-._~")]), "%2B%2520=*-._%7E");
    assert_eq!(query(&[("\u{e9}", "\r\n\0")]), "%C3%A9=%0D%0A%00");
}

#[test]
fn a_form_is_written_as_browsers_write_it() {
    let mut form = fixed();
    form.text("player", "Ada\r\nLovelace").bytes("replay", "a b.rec", "application/x-rec", b"\x00\xff").unwrap();
    assert_eq!(form.content_type(), "multipart/form-data; boundary=B");
    let expected = b"--B\r\nContent-Disposition: form-data; name=\"player\"\r\n\r\nAda\r\nLovelace\r\n\
        --B\r\nContent-Disposition: form-data; name=\"replay\"; filename=\"a b.rec\"\r\n\
        Content-Type: application/x-rec\r\n\r\n\x00\xff\r\n--B--\r\n";
    assert_eq!(sent(form), expected);
    assert_eq!(sent(fixed()), b"--B--\r\n");
}

#[test]
fn files_are_sent_from_where_they_are_in_their_place() {
    let folder = std::env::temp_dir().join(boundary());
    fs::create_dir(&folder).unwrap();
    let path = folder.join("say \"hi\".txt");
    fs::write(&path, "from the file").unwrap();
    let mut form = fixed();
    form.text("before", "1").file("upload", &path).unwrap().text("after", "2");
    form.file_as("again", &path, "other.txt", "text/plain; charset=utf-8").unwrap();
    let text = String::from_utf8(sent(form)).unwrap();
    let missing = fixed().file("upload", folder.join("missing")).unwrap_err();
    let not_a_file = fixed().file("upload", &folder).unwrap_err();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(
        text,
        "--B\r\nContent-Disposition: form-data; name=\"before\"\r\n\r\n1\r\n\
        --B\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"say %22hi%22.txt\"\r\n\
        Content-Type: application/octet-stream\r\n\r\nfrom the file\r\n\
        --B\r\nContent-Disposition: form-data; name=\"after\"\r\n\r\n2\r\n\
        --B\r\nContent-Disposition: form-data; name=\"again\"; filename=\"other.txt\"\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\r\nfrom the file\r\n--B--\r\n"
    );
    assert_eq!(missing.kind(), ErrorKind::File);
    assert_eq!(not_a_file.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_part_that_was_refused_leaves_nothing_behind() {
    let mut form = fixed();
    form.file("upload", "no/such/file").unwrap_err();
    form.bytes("a", "b", "text/plain\r\nX: y", b"").unwrap_err();
    assert_eq!(sent(form), b"--B--\r\n");
}

#[test]
fn names_cannot_end_their_line_and_media_types_are_checked() {
    let mut form = fixed();
    form.text("a\"\r\nX-Evil: 1\r\n\r\n", "v").bytes("n\0m", "f\"; x=\"\n", "text/plain", b"").unwrap();
    let text = String::from_utf8(sent(form)).unwrap();
    assert!(text.contains("name=\"a%22%0D%0AX-Evil: 1%0D%0A%0D%0A\"\r\n"), "{text}");
    assert!(text.contains("name=\"n%00m\"; filename=\"f%22; x=%22%0A\"\r\n"), "{text}");
    for content_type in ["", "text", "/plain", "text/", "text/plain\r\nX: y", "text/plain\n", "text/pl\0in", "a/\u{85}"]
    {
        let error = fixed().bytes("a", "b", content_type, b"").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{content_type:?}");
    }
}

#[test]
fn boundaries_are_never_the_same() {
    let boundaries: std::collections::HashSet<String> = (0..100).map(|_| boundary()).collect();
    assert_eq!(boundaries.len(), 100);
    for boundary in boundaries {
        // RFC 2046 section 5.1.1: at most 70 characters; these need no quotes.
        assert!(boundary.len() <= 70 && boundary.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    }
}

proptest! {
    #[test]
    fn a_query_can_be_read_again(pairs in proptest::collection::vec((any::<String>(), any::<String>()), 1..5)) {
        let borrowed: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let text = query(&borrowed);
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned();
        let read: Vec<(String, String)> = text
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (decode(name), decode(value)))
            .collect();
        prop_assert_eq!(read, pairs);
    }
}
