//! What the entries of a listing are, and the lines that they come in.

mod list;
mod mlsd;

use std::{
    path::{Component, Path},
    time::SystemTime,
};

pub(super) use list::parse_list;
pub(super) use mlsd::parse_mlsd;

/// An entry of a folder of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FtpEntry {
    /// Its name, without the folder.
    pub name: String,
    /// What it is.
    pub kind: FtpEntryKind,
    /// Its size in bytes, where the server says it.
    pub size: Option<u64>,
    /// When it was changed last, where the server says it. From a `LIST` it is to the minute or to the day, and in
    /// the server's time zone, which it does not say.
    pub modified: Option<SystemTime>,
    /// What is allowed with it, in the nine letters of Unix (`rw-r--r--`); where the server knows none, in the letters
    /// of RFC 3659 section 7.5.5.
    pub permissions: Option<String>,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FtpEntryKind {
    /// A file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, or something else of the server's system.
    Other,
}

impl FtpEntry {
    /// Tells whether the name is one of a file in a local folder, and leads nowhere else: no separator, no NUL, and
    /// neither `.` nor `..`.
    #[must_use]
    pub fn is_safe_name(&self) -> bool {
        is_safe_name(&self.name)
    }
}

/// See [`FtpEntry::is_safe_name`]; the system's own rules tell what a separator is.
pub(super) fn is_safe_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let first = components.next();
    let is_one = matches!(first, Some(Component::Normal(part)) if part == name) && components.next().is_none();
    is_one && !name.contains(['/', '\\', '\0'])
}

/// The lines of a listing that are not empty, whatever their ends are; the last one may have none.
pub(super) fn lines(listing: &str) -> impl Iterator<Item = &str> {
    listing.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).filter(|line| !line.is_empty())
}

/// The nine letters of Unix for a mode.
fn letters(mode: u32) -> String {
    let bit = |place: u32| mode >> place & 1 == 1;
    let execute = |place, special, (set, both)| match (bit(place), bit(special)) {
        (true, true) => both,
        (false, true) => set,
        (true, false) => 'x',
        (false, false) => '-',
    };
    let mut text = String::with_capacity(9);
    for (place, special, marks) in [(6, 11, ('S', 's')), (3, 10, ('S', 's')), (0, 9, ('T', 't'))] {
        text.push(if bit(place + 2) { 'r' } else { '-' });
        text.push(if bit(place + 1) { 'w' } else { '-' });
        text.push(execute(place, special, marks));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_not_safe() {
        for name in ["a", "a b", "...", "-x", ".hidden", "\u{e9}", "a:b".trim_end_matches(":b"), "a\r"] {
            assert!(is_safe_name(name), "{name:?}");
        }
        for name in ["", ".", "..", "/", "a/b", "/a", "a/", "../a", "a/..", "./a", "a\0", "a\\b", "..\\a"] {
            assert!(!is_safe_name(name), "{name:?}");
        }
    }

    #[test]
    fn modes_have_their_letters() {
        for (mode, text) in [
            (0o644, "rw-r--r--"),
            (0o755, "rwxr-xr-x"),
            (0, "---------"),
            (0o1777, "rwxrwxrwt"),
            (0o4755, "rwsr-xr-x"),
            (0o2644, "rw-r-Sr--"),
            (0o1660, "rw-rw---T"),
        ] {
            assert_eq!(letters(mode), text, "{mode:o}");
        }
    }

    #[test]
    fn lines_end_as_they_like() {
        assert_eq!(lines("a\r\nb\n\r\n\nc").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(lines("a\rb\r\n").collect::<Vec<_>>(), ["a\rb"]);
        assert_eq!(lines("").count(), 0);
    }
}
