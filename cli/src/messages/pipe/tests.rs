#![allow(clippy::unwrap_used)]

use super::*;

fn all(shape: Shape, bytes: &[u8], limit: usize) -> (Vec<Vec<u8>>, Option<String>) {
    let (mut from, mut messages) = (bytes, Vec::new());
    loop {
        match shape.read(&mut from, limit) {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(error) => return (messages, Some(error.to_string())),
        }
    }
}

#[test]
fn what_is_written_is_read_again() {
    let messages: Vec<Vec<u8>> = vec![b"one".to_vec(), Vec::new(), vec![0, 255, b'\r', 7], vec![b'x'; 1000]];
    for shape in [Shape::Lines, Shape::Binary] {
        let mut bytes = Vec::new();
        for message in &messages {
            shape.write(&mut bytes, message).unwrap();
        }
        assert_eq!(all(shape, &bytes, 1000), (messages.clone(), None), "{shape:?}");
    }
    assert_eq!(all(Shape::Chunks, b"a\nb\0", 3), (vec![b"a\nb".to_vec(), b"\0".to_vec()], None));
    let mut bytes = Vec::new();
    Shape::Binary.write(&mut bytes, b"ab\n").unwrap();
    assert_eq!(bytes, b"\0\0\0\x03ab\n");
}

#[test]
fn the_last_line_needs_no_line_feed() {
    assert_eq!(all(Shape::Lines, b"a\n\nb", 1), (vec![b"a".to_vec(), Vec::new(), b"b".to_vec()], None));
    assert_eq!(all(Shape::Lines, b"a\n", 1), (vec![b"a".to_vec()], None));
}

#[test]
fn what_is_too_long_is_said_before_it_is_read() {
    let (messages, error) = all(Shape::Lines, b"four\nfive5\n", 4);
    assert_eq!(
        (messages, error.as_deref()),
        (vec![b"four".to_vec()], Some("a line is longer than the limit of 4 bytes"))
    );
    let (_, error) = all(Shape::Binary, b"\xff\xff\xff\xff", 4);
    assert_eq!(error.as_deref(), Some("a message of 4294967295 bytes is longer than the limit of 4"));
    let (messages, error) = all(Shape::Binary, b"\0\0\0\x04four\0\0\0\x05", 4);
    assert_eq!(messages, [b"four"]);
    assert_eq!(error.as_deref(), Some("a message of 5 bytes is longer than the limit of 4"));
}

#[test]
fn a_binary_pipe_that_is_cut_is_an_error() {
    for cut in 1..4 {
        let (_, error) = all(Shape::Binary, b"\0\0\0\x02ab".get(..cut).unwrap(), 4);
        assert_eq!(error.as_deref(), Some("it ends inside a length"));
    }
    let (_, error) = all(Shape::Binary, b"\0\0\0\x02a", 4);
    assert_eq!(error.as_deref(), Some("it ends after 1 of the 2 bytes of a message"));
}
