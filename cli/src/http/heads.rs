//! Heads of messages: as they came for `--head` and `-I`, for people to read with `-v`.

use sockeye::HttpResponse;

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

/// A head with a mark before each line, without credentials and without what a terminal would obey.
pub(super) fn shown(mark: char, head: &[u8]) -> String {
    String::from_utf8_lossy(head).lines().map(|line| format!("{mark} {}\n", printable(&redacted(line)))).collect()
}

/// A line of a head without the secret that may be in it; the scheme of credentials is none.
fn redacted(line: &str) -> String {
    let secret = line.split_once(':').filter(|(name, _)| SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret)));
    match secret {
        None => line.to_owned(),
        Some((name, value)) => match value.trim().split_once(' ') {
            Some((scheme, _)) if name.to_ascii_lowercase().ends_with("authorization") => {
                format!("{name}: {scheme} [redacted]")
            }
            _ => format!("{name}: [redacted]"),
        },
    }
}

/// A text with control characters made visible: the peer chose it.
pub(super) fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut printable, character| {
        if character.is_control() {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
        printable
    })
}

const SECRETS: [&str; 4] = ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown_and_control_characters_do_nothing() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\nauthorization: Basic QWRhOnB3\r\nProxy-Authorization: secret\r\n\
            Cookie: id=secret\r\nX-Title: \x1b[2Jsea\x07\r\n\r\n";
        let expected = "> GET / HTTP/1.1\n> Host: a\n> authorization: Basic [redacted]\n\
            > Proxy-Authorization: [redacted]\n> Cookie: [redacted]\n> X-Title: \\u{1b}[2Jsea\\u{7}\n> \n";
        assert_eq!(shown('>', head), expected);
        assert_eq!(shown('<', b"Set-Cookie: id=secret; Path=/\r\n"), "< Set-Cookie: [redacted]\n");
    }
}
