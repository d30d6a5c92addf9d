//! The lines of `LIST`, which no document defines: those of Unix and of DOS.

use suppaftp::list::{File, ListParser};

use super::{FtpEntry, FtpEntryKind, lines};

/// Reads a listing. Lines that are none of an entry, such as the total in front, are left out.
pub(in crate::ftp) fn parse_list(listing: &str) -> Vec<FtpEntry> {
    let entries = lines(listing).filter_map(|line| parse_unix(line).or_else(|| parse_dos(line)));
    entries.filter(|entry| entry.name != "." && entry.name != "..").collect()
}

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
    // Behind the letters may stand that there is more to know: `+` an access list, `@` an attribute, `.` a label.
    let rest = rest.strip_prefix(['+', '@', '.']).unwrap_or(rest);
    let rest = if kind == FtpEntryKind::Other { without_device_number(rest) } else { rest.to_owned() };
    // The parser knows files, folders and links; it splits the names of links alone.
    let known = if kind == FtpEntryKind::Other { "-" } else { letter };
    let file = ListParser::parse_posix(&format!("{known}{permissions}{rest}")).ok()?;
    let mut entry = from(&file, kind);
    entry.name = with_spaces_in_front(line, &entry.name, kind);
    entry.permissions = Some(permissions.to_owned());
    if kind != FtpEntryKind::File {
        entry.size = None;
    }
    Some(entry)
}

fn parse_dos(line: &str) -> Option<FtpEntry> {
    let file = ListParser::parse_dos(line).ok()?;
    let kind = if file.is_directory() { FtpEntryKind::Directory } else { FtpEntryKind::File };
    let mut entry = from(&file, kind);
    if kind == FtpEntryKind::Directory {
        entry.size = None;
    }
    Some(entry)
}

/// One space stands between the time and the name, as `ls` has it; the parser takes all of them for it.
fn with_spaces_in_front(line: &str, name: &str, kind: FtpEntryKind) -> String {
    let before = match kind {
        FtpEntryKind::Link => line.split_once(&format!(" {name} -> ")).map_or("", |(before, _)| before),
        _ => line.strip_suffix(name).and_then(|before| before.strip_suffix(' ')).unwrap_or_default(),
    };
    let spaces = before.len() - before.trim_end_matches(' ').len();
    format!("{}{name}", " ".repeat(spaces))
}

fn from(file: &File, kind: FtpEntryKind) -> FtpEntry {
    FtpEntry {
        name: file.name().to_owned(),
        kind,
        size: u64::try_from(file.size()).ok(),
        modified: Some(file.modified()),
        permissions: None,
    }
}

/// Devices have two numbers where files have a size: `8, 0`. They become one.
fn without_device_number(rest: &str) -> String {
    match rest.split_once(", ") {
        Some((before, after)) if before.ends_with(|c: char| c.is_ascii_digit()) => {
            let major = before.trim_end_matches(|c: char| c.is_ascii_digit());
            format!("{major}{}", after.trim_start())
        }
        _ => rest.to_owned(),
    }
}

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
        let entries = parse_list(listing);
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
        let entries = parse_list(listing);
        let shown: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.kind, entry.size)).collect();
        assert_eq!(shown, [("pub", FtpEntryKind::Directory, None), ("read me.txt", FtpEntryKind::File, Some(403))]);
        assert_eq!(entries[0].modified, Some(UNIX_EPOCH + Duration::from_secs(1_603_120_740)));
        assert_eq!(entries[0].permissions, None);
    }

    #[test]
    fn other_lines_are_no_entries() {
        for line in [
            "total 3",
            "",
            "-",
            "drwx",
            "\u{e9}\u{e9}",
            "-rw-r--r--",
            "hello world",
            "+i8388621.48594,m825718503,r,\tdjb",
        ] {
            assert_eq!(parse_list(line), [], "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_listing(text in "\\PC{0,80}") {
            parse_list(&text);
        }

        #[test]
        fn any_name_of_a_line_is_read(name in " {0,3}[^\\s\0/][^\r\n\0/]{0,20}") {
            prop_assume!(name != "." && name != "..");
            let line = format!("-rw-r--r-- 1 u g 5 Nov 05  2019 {name}");
            prop_assert_eq!(parse_list(&line).first().map(|entry| entry.name.clone()), Some(name));
        }
    }
}
