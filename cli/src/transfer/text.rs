//! Texts of a peer, for people to read.

/// A text with control characters made visible: the peer chose it, and a terminal may obey it.
pub(crate) fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut printable, character| {
        if character.is_control() {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
        printable
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_nothing_to_a_terminal() {
        assert_eq!(printable("\x1b[2Jsea\u{9b}2J\x07\n\u{e9}"), "\\u{1b}[2Jsea\\u{9b}2J\\u{7}\\n\u{e9}");
    }
}
