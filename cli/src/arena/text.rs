//! Text from strangers: names and chat lines that are safe to keep, to send on and to print on a terminal.

use std::fmt;
use std::ops::RangeInclusive;

/// A player's name: 1 to [`Name::MAX_CHARS`] printable characters, single spaces inside, none at the ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    /// Longest name in characters: it has to fit the score list.
    pub(crate) const MAX_CHARS: usize = 16;

    /// Makes a name of anything: unprintable characters go, the rest is cut to length. What leaves nothing is `player`.
    pub(crate) fn clean(raw: &str) -> Self {
        let text = clean(raw, Self::MAX_CHARS);
        Self(if text.is_empty() { "player".to_owned() } else { text })
    }

    /// Gives the name with ` 2`, ` 3` ... at its end, cut so that it is still a name.
    pub(crate) fn numbered(&self, number: usize) -> Self {
        let suffix = format!(" {number}");
        let room = Self::MAX_CHARS.saturating_sub(suffix.chars().count());
        let stem: String = self.0.chars().take(room).collect();
        Self(format!("{}{suffix}", stem.trim_end()))
    }

    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

/// A line of chat: up to [`Line::MAX_CHARS`] printable characters, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line(String);

impl Line {
    /// Longest line in characters.
    pub(crate) const MAX_CHARS: usize = 120;

    /// Makes a line of anything, as [`Name::clean`] does; `None` when nothing printable is left.
    pub(crate) fn clean(raw: &str) -> Option<Self> {
        let text = clean(raw, Self::MAX_CHARS);
        (!text.is_empty()).then_some(Self(text))
    }

    /// The line as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

fn clean(raw: &str, max_chars: usize) -> String {
    let printable = raw.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| is_printable(*c));
    let text: String = printable.filter(collapse_spaces()).take(max_chars).collect();
    text.trim_end().to_owned()
}

/// Lets only the first of several spaces through, and none at the start.
fn collapse_spaces() -> impl FnMut(&char) -> bool {
    let mut after_space = true;
    move |c| {
        let keep = !(after_space && *c == ' ');
        after_space = *c == ' ';
        keep
    }
}

/// Refuses what moves the cursor (control characters), and what is invisible or turns the line around: zero width,
/// bidirectional marks, tags and private use.
fn is_printable(c: char) -> bool {
    !c.is_control() && !UNPRINTABLE.iter().any(|range| range.contains(&c))
}

const UNPRINTABLE: [RangeInclusive<char>; 10] = [
    '\u{00AD}'..='\u{00AD}',
    '\u{061C}'..='\u{061C}',
    '\u{180E}'..='\u{180E}',
    '\u{200B}'..='\u{200F}',
    '\u{2028}'..='\u{202E}',
    '\u{2060}'..='\u{206F}',
    '\u{E000}'..='\u{F8FF}',
    '\u{FEFF}'..='\u{FEFF}',
    '\u{FFF0}'..='\u{FFFF}',
    '\u{E0000}'..='\u{10FFFF}',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_do_not_survive() {
        assert_eq!(Name::clean("\x1b[2JAda\x07\u{9b}31m").as_str(), "[2JAda31m");
        assert_eq!(Line::clean("a\r\nb\0c").unwrap().as_str(), "a bc");
    }

    #[test]
    fn invisible_and_reversing_characters_do_not_survive() {
        assert_eq!(Name::clean("A\u{202E}d\u{200B}a\u{FEFF}\u{E0041}").as_str(), "Ada");
    }

    #[test]
    fn names_are_cut_at_the_cap_in_characters() {
        assert_eq!(Name::clean("0123456789abcdef").as_str(), "0123456789abcdef");
        assert_eq!(Name::clean("0123456789abcdefg").as_str(), "0123456789abcdef");
        assert_eq!(Name::clean(&"\u{e9}".repeat(17)).as_str(), "\u{e9}".repeat(16));
    }

    #[test]
    fn spaces_are_single_and_inside() {
        assert_eq!(Name::clean("  A \t\n B  ").as_str(), "A B");
        assert_eq!(Name::clean("0123456789abcde fgh").as_str(), "0123456789abcde");
    }

    #[test]
    fn what_leaves_nothing_is_a_player_and_no_line() {
        assert_eq!(Name::clean(" \x1b\u{200B} ").as_str(), "player");
        assert_eq!(Line::clean(" \x1b\u{200B} "), None);
    }

    #[test]
    fn numbered_names_are_names() {
        assert_eq!(Name::clean("Ada").numbered(2).as_str(), "Ada 2");
        assert_eq!(Name::clean("0123456789abcdef").numbered(12).as_str(), "0123456789abc 12");
        let numbered = Name::clean("0123456789abc def").numbered(2);
        assert_eq!(Name::clean(numbered.as_str()), numbered);
    }
}
