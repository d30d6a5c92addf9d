//! Texts that somebody else chose, made fit for a terminal.

/// A text with its control characters made visible.
pub(crate) fn printable(text: &str) -> String {
    printable_but(text, &[])
}

/// The same, except for those that are wanted.
pub(crate) fn printable_but(text: &str, wanted: &[char]) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut printable, character| {
        if character.is_control() && !wanted.contains(&character) {
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
        assert_eq!(printable("\x1b[2Jsea\u{9b}2J\x07\n"), "\\u{1b}[2Jsea\\u{9b}2J\\u{7}\\n");
        assert_eq!(printable_but("a\tb\n\r", &['\t', '\n']), "a\tb\n\\r");
    }
}
