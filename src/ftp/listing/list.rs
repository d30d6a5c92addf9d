//! The lines of `LIST`, which no document defines: those of Unix and of DOS.

use std::time::SystemTime;

use suppaftp::list::ListParser;

use super::{FtpEntry, FtpEntryKind, lines};
use crate::{
    error::{Error, Result},
    ftp::time::parse_time,
};

/// Reads a listing; the folder itself and the one above it are left out, and so is the total in front. A line that is
/// nothing of that is an error: what it stands for would be taken for gone.
pub(in crate::ftp) fn parse_list(listing: &str) -> Result<Vec<FtpEntry>> {
    let mut entries = Vec::new();
    for line in lines(listing).filter(|line| !is_heading(line)) {
        let entry = parse_unix(line).or_else(|| parse_dos(line));
        let entry =
            entry.ok_or(Error::Malformed { expected: "an entry in a line of LIST, as Unix or DOS writes it" })?;
        if entry.name != "." && entry.name != ".." {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// `total 12`, in any language; or a line of spaces.
fn is_heading(line: &str) -> bool {
    let mut words = line.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (None, ..) => true,
        (Some(_), Some(number), None) => digits(number) > 0,
        _ => false,
    }
}

/// Kind and permissions, links, owner and group, size, time, and the name.
fn parse_unix(line: &str) -> Option<FtpEntry> {
    let (letter, rest) = line.split_at_checked(1)?;
    let kind = match letter {
        "-" => FtpEntryKind::File,
        "d" => FtpEntryKind::Directory,
        "l" => FtpEntryKind::Link,
        "b" | "c" | "p" | "s" | "D" => FtpEntryKind::Other,
        _ => return None,
    };
    let (permissions, rest) = rest.split_at_checked(9)?;
    if !permissions.bytes().all(|letter| b"-rwxsStTlL".contains(&letter)) {
        return None;
    }
    // Behind the letters may stand that there is more to know: `+` an access list, `@` an attribute, `.` a label.
    let rest = rest.strip_prefix(['+', '@', '.']).unwrap_or(rest);
    let (_links, rest) = word(rest)?;
    let (size, modified, name) = size_and_time(rest)?;
    let name = match name.split_once(" -> ") {
        Some((name, _)) if kind == FtpEntryKind::Link => name,
        _ => name,
    };
    (!name.is_empty()).then(|| FtpEntry {
        name: name.to_owned(),
        kind,
        size: size.parse().ok().filter(|_| kind == FtpEntryKind::File),
        modified,
        permissions: Some(permissions.to_owned()),
    })
}

/// The first number with a time behind it, that time, and the name behind that. There may be no group in front of it, or
/// one with spaces, or the major number of a device.
fn size_and_time(mut rest: &str) -> Option<(&str, Option<SystemTime>, &str)> {
    for _ in 0..MOST_WORDS {
        let (size, behind) = word(rest)?;
        if digits(size) > 0
            && let Some((time, name)) = time(behind)
        {
            // One space stands between the time and the name; more of them are the name's.
            return Some((size, time, name.strip_prefix([' ', '\t'])?));
        }
        rest = behind;
    }
    None
}

/// `Nov 05 2019`, `Nov 5 13:46` of the last months, or `2019-11-05 13:46`, and what is behind it. One that cannot be
/// told, as with a month in another language, is a time all the same.
fn time(text: &str) -> Option<(Option<SystemTime>, &str)> {
    let (first, rest) = word(text)?;
    let (second, rest) = word(rest)?;
    let (date, clock) = (first.replace('-', ""), second.replace(':', ""));
    if (first.len(), digits(&date)) == (10, 8) && (second.len(), digits(&clock)) == (5, 4) {
        return Some((parse_time(&format!("{date}{clock}00")), rest));
    }
    let (third, rest) = word(rest)?;
    let is_month = !first.contains(|character: char| character.is_ascii_digit());
    let is_clock =
        || third.split_once(':').is_some_and(|(hour, minute)| matches!(digits(hour), 1 | 2) && digits(minute) == 2);
    if !is_month || !matches!(digits(second), 1 | 2) || digits(third) != 4 && !is_clock() {
        return None;
    }
    let file = ListParser::parse_posix(&format!("---------- 1 u g 0 {first} {second} {third} name"));
    Some((file.ok().filter(|file| file.name() == "name").map(|file| file.modified()), rest))
}

/// Date, time, what it is or its size, and the name.
fn parse_dos(line: &str) -> Option<FtpEntry> {
    let (time, rest) = line.split_once("M ")?;
    let (date, time) = time.split_once(' ')?;
    let (kind, name) = word(rest)?;
    let (month_and_day, year) = date.rsplit_once('-')?;
    // IIS can be told to write years in four digits.
    let year =
        year.strip_prefix("19").or_else(|| year.strip_prefix("20")).filter(|year| year.len() == 2).unwrap_or(year);
    let file = ListParser::parse_dos(&format!("{month_and_day}-{year} {time}M 0 name")).ok()?;
    let size: String = kind.chars().filter(|character| *character != ',').collect();
    let mut name = name.trim_start();
    let kind = match kind {
        "<DIR>" => FtpEntryKind::Directory,
        "<SYMLINK>" | "<SYMLINKD>" | "<JUNCTION>" => {
            // Behind it stands where it leads to, in brackets.
            name = name.strip_suffix(']').and_then(|name| name.split_once(" [")).map_or(name, |(name, _)| name);
            FtpEntryKind::Link
        }
        _ if digits(&size) > 0 => FtpEntryKind::File,
        _ => return None,
    };
    (!name.is_empty() && file.name() == "name").then(|| FtpEntry {
        name: name.to_owned(),
        kind,
        size: size.parse().ok(),
        modified: Some(file.modified()),
        permissions: None,
    })
}

/// The first word, and what is behind it.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(word, _)| !word.is_empty())
}

/// How many digits it is, if it is nothing else.
fn digits(text: &str) -> usize {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.len() } else { 0 }
}

/// Words up to the size: those of an owner and a group with spaces.
const MOST_WORDS: usize = 16;

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn listings_of_unix_are_read() {
        let listing = concat!(
            "total 12\r\n",
            "drwxr-xr-x    2 0        0            4096 Jan 01  2020 .\r\n",
            "drwxr-xr-x    3 0        0            4096 Jan 01  2020 ..\r\n",
            "-rw-r--r--    1 1000     1000         1234 Nov 05  2019 a b.txt\r\n",
            "-rw-r--r--+   1 ftp      ftp    5368709120 Nov 05  2019 acl -> not a link\r\n",
            "drwxrwsr-t    2 ftp      ftp          4096 Feb 29  2020 pub\r\n",
            "lrwxrwxrwx    1 0        0               9 Nov 05  2019 link -> /etc/passwd\r\n",
            "lrwxrwxrwx    1 0        0               9 Nov 05  2019  link -> link\r\n",
            "-rw-r--r--    1 1000     1000            0 Nov 05  2019   two in front, one behind \r\n",
            "brw-rw----    1 0        6          8,   0 Nov 05  2019 sda\r\n",
        );
        let entries = parse_list(listing).unwrap();
        let shown: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.kind, entry.size)).collect();
        assert_eq!(
            shown,
            [
                ("a b.txt", FtpEntryKind::File, Some(1234)),
                ("acl -> not a link", FtpEntryKind::File, Some(5_368_709_120)),
                ("pub", FtpEntryKind::Directory, None),
                ("link", FtpEntryKind::Link, None),
                (" link", FtpEntryKind::Link, None),
                ("  two in front, one behind ", FtpEntryKind::File, Some(0)),
                ("sda", FtpEntryKind::Other, None),
            ]
        );
        assert_eq!(entries[0].modified, Some(UNIX_EPOCH + Duration::from_secs(1_572_912_000)));
        assert_eq!(entries[0].permissions.as_deref(), Some("rw-r--r--"));
        assert_eq!(entries[2].permissions.as_deref(), Some("rwxrwsr-t"));
    }

    #[test]
    fn listings_of_dos_are_read() {
        let listing =
            "10-19-20  03:19PM       <DIR>          pub\r\n04-08-14  03:09PM                  403 read me.txt";
        let entries = parse_list(listing).unwrap();
        let shown: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.kind, entry.size)).collect();
        assert_eq!(shown, [("pub", FtpEntryKind::Directory, None), ("read me.txt", FtpEntryKind::File, Some(403))]);
        assert_eq!(entries[0].modified, Some(UNIX_EPOCH + Duration::from_secs(1_603_120_740)));
        assert_eq!(entries[0].permissions, None);
    }

    /// What servers write where the usual form does not fit.
    #[test]
    fn unusual_forms_are_read() {
        const MIDNIGHT: Option<u64> = Some(1_572_912_000);
        const QUARTER_TO_TWO: Option<u64> = Some(1_572_961_560);
        let (file, link) = (FtpEntryKind::File, FtpEntryKind::Link);
        for (line, name, kind, size, time) in [
            ("-rw-r--r-- 1 joe domain users 12 Nov  5  2019 a b", "a b", file, Some(12), MIDNIGHT),
            ("-rw-r--r--   1 joe  12 Nov  5 2019 a", "a", file, Some(12), MIDNIGHT),
            ("-rw-r--r-- 1 1000 12 Nov  5 2019  a", " a", file, Some(12), MIDNIGHT),
            ("-rw-r--r-- 1 u 10 1234 Nov  5 2019 a", "a", file, Some(1234), MIDNIGHT),
            ("-rw-r--r-- 1 u g 12 2019-11-05 13:46 a", "a", file, Some(12), QUARTER_TO_TWO),
            ("lrwxrwxrwx 1 u g 9 2019-11-05 13:46 a -> 7 Nov 05  2019 b", "a", link, None, QUARTER_TO_TWO),
            ("crw-rw---- 1 u g 8, 12 Nov 05  2019 a", "a", FtpEntryKind::Other, None, MIDNIGHT),
            ("11-05-2019  01:46PM              1,234 a b", "a b", file, Some(1234), QUARTER_TO_TWO),
            ("11-05-19  01:46 PM    <JUNCTION>     a [C:\\b [c]]", "a", link, None, QUARTER_TO_TWO),
            ("11-05-19  01:46PM    <SYMLINKD>     a", "a", link, None, QUARTER_TO_TWO),
            ("11-05-2019  01:46PM    <DIR>     AM pub", "AM pub", FtpEntryKind::Directory, None, QUARTER_TO_TWO),
            // Whose time cannot be told.
            ("-rw-r--r-- 1 u g 12 Okt 05  2019 a", "a", file, Some(12), None),
            ("-rw-r--r-- 1 u g 12 f\u{e9}vr. 05 13:46 a", "a", file, Some(12), None),
            ("-rw-r--r-- 1 u g 12 Feb 30  2019 a", "a", file, Some(12), None),
            ("-rw-r--r-- 1 u g 12 1969-12-31 23:59 a", "a", file, Some(12), None),
        ] {
            let entries = parse_list(line).unwrap();
            let found = (entries[0].name.as_str(), entries[0].kind, entries[0].size, entries[0].modified);
            let time = time.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
            assert_eq!(found, (name, kind, size, time), "{line}");
        }
    }

    #[test]
    fn headings_are_no_entries() {
        for listing in ["total 3", "", "insgesamt 0\r\n", "  \r\n\r\n"] {
            assert_eq!(parse_list(listing).unwrap(), [], "{listing}");
        }
    }

    #[test]
    fn other_lines_are_refused() {
        for line in [
            "-",
            "drwx",
            "\u{e9}\u{e9}",
            "-rw-r--r--",
            "hello world",
            "total",
            "total 3 4",
            "+i8388621.48594,m825718503,r,\tdjb",
            "ls: cannot open directory '.': Permission denied",
            "-rw-r--r-- 1 u g 12 5. Nov  2019 a",
            "-rw-r--r-- 1 u g 12 Nov 005 2019 a",
            "-rw-r--r-- 1 u g 12 Nov 05 02019 a",
            "-rw-r--r-- 1 u g 12 Nov 05 13:46:01 2019 a",
            "-rw-r--r-- 1 u g 12 Nov 05  2019",
            "-rw-r--r-- 1 u g 12 Nov 05  2019 ",
            "-rw-r--r-- 1 u g twelve Nov 05  2019 a",
            "-rwxrwxrw? 1 u g 12 Nov 05  2019 a",
            "11-05-19  01:46PM    <WHAT>     a",
            "13-05-19  01:46PM              12 a",
            "11-05-3019  01:46PM              12 a",
        ] {
            assert!(matches!(parse_list(line), Err(Error::Malformed { .. })), "{line}");
            let behind = format!("-rw-r--r-- 1 u g 5 Nov 05  2019 a\r\n{line}\r\n");
            assert!(matches!(parse_list(&behind), Err(Error::Malformed { .. })), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_listing(text in "\\PC{0,80}") {
            for entry in parse_list(&text).unwrap_or_default() {
                prop_assert!(!entry.name.is_empty());
            }
        }

        #[test]
        fn any_name_of_a_line_is_read(name in " {0,3}[^\\s\0/][^\r\n\0/]{0,20}") {
            prop_assume!(name != "." && name != "..");
            let line = format!("-rw-r--r-- 1 u g 5 Nov 05  2019 {name}");
            prop_assert_eq!(parse_list(&line).unwrap().first().map(|entry| entry.name.clone()), Some(name));
        }
    }
}
