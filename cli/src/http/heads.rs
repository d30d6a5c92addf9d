//! Heads of messages: as they came for `--head` and `-I`, for people to read with `-v`.

use sockeye::{HttpHead, HttpResponse};

use crate::printable::printable;

/// The head of a response; empty when there is none.
pub(super) fn of(response: &HttpResponse) -> Vec<u8> {
    let (major, minor) = (response.major_http_version(), response.minor_http_version());
    if major == 0 {
        return Vec::new();
    }
    let line = format!("HTTP/{major}.{minor} {:03} {}\r\n", response.status().code(), response.reason());
    let mut head = line.into_bytes();
    for (name, value) in response.fields().iter() {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// A head with a mark before each line, for people to read.
pub(super) fn shown(head: HttpHead<'_>) -> String {
    let (mark, text) = match head {
        HttpHead::Request(text) => ('>', text),
        HttpHead::Response(text) => ('<', text),
        _ => return String::new(),
    };
    text.lines().map(|line| format!("{mark} {}\n", printable(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_nothing_to_a_terminal() {
        let head = HttpHead::Response("HTTP/1.1 200 OK\nX-Title: \x1b[2Jsea\u{9b}2J\x07");
        assert_eq!(shown(head), "< HTTP/1.1 200 OK\n< X-Title: \\u{1b}[2Jsea\\u{9b}2J\\u{7}\n");
        assert_eq!(shown(HttpHead::Request("GET / HTTP/1.1\nHost: a")), "> GET / HTTP/1.1\n> Host: a\n");
    }
}
