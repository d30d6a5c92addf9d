//! The lines of `MLSD` (RFC 3659 section 7).

use super::{FtpEntry, FtpEntryKind, letters, lines};
use crate::{
    error::{Error, Result},
    ftp::time::parse_time,
};

/// Reads a listing; the folder itself and the one above it are left out.
pub(in crate::ftp) fn parse_mlsd(listing: &str) -> Result<Vec<FtpEntry>> {
    let entries = lines(listing).filter_map(|line| match parse_line(line) {
        Some(Some(entry)) => Some(Ok(entry)),
        Some(None) => None,
        None => Some(Err(Error::Malformed { expected: "facts and a name in a line of MLSD" })),
    });
    entries.collect()
}

/// `Some(None)` for a line that is not one of an entry of the folder.
fn parse_line(line: &str) -> Option<Option<FtpEntry>> {
    // Every fact ends with a semicolon (RFC 3659 section 7.2), and may have spaces in it; some servers leave the last
    // semicolon out.
    let (facts, name) = match line.strip_prefix(' ') {
        Some(name) => ("", name),
        None => line.split_once("; ").or_else(|| line.split_once(' '))?,
    };
    if name.is_empty() {
        return None;
    }
    let mut entry =
        FtpEntry { name: name.to_owned(), kind: FtpEntryKind::Other, size: None, modified: None, permissions: None };
    let mut allowed = None;
    for fact in facts.split(';').filter(|fact| !fact.is_empty()) {
        let (fact, value) = fact.split_once('=')?;
        match fact.to_ascii_lowercase().as_str() {
            "type" => match kind(value) {
                Some(kind) => entry.kind = kind,
                None => return Some(None),
            },
            "size" => entry.size = value.parse().ok(),
            // The size of a folder, as some servers have it.
            "sizd" => entry.size = entry.size.or_else(|| value.parse().ok()),
            "modify" => entry.modified = parse_time(value),
            "unix.mode" => entry.permissions = u32::from_str_radix(value, 8).ok().map(letters),
            "perm" => allowed = Some(value.to_owned()),
            _ => {}
        }
    }
    entry.permissions = entry.permissions.or(allowed);
    Some(Some(entry))
}

/// `None` for the folder that was listed and the one above it.
fn kind(value: &str) -> Option<FtpEntryKind> {
    let value = value.to_ascii_lowercase();
    match value.as_str() {
        "file" => Some(FtpEntryKind::File),
        "dir" => Some(FtpEntryKind::Directory),
        "cdir" | "pdir" => None,
        // Some add where it leads to: `OS.unix=slink:/target`.
        _ if value.starts_with("os.unix=slink") || value.starts_with("os.unix=symlink") => Some(FtpEntryKind::Link),
        _ => Some(FtpEntryKind::Other),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn entries_of_servers_are_read() {
        let listing = concat!(
            "Type=cdir;Modify=19981107085215;Perm=el; tmp\r\n",
            "type=pdir;modify=20260101000000; ..\r\n",
            "modify=20201019151930.500;perm=adfr;size=1234;type=file;unique=801g4804;UNIX.group=33;UNIX.mode=0644; a b;c=d \r\n",
            "size=4096;type=dir;perm=flcdmpe; pub\r\n",
            "Type=OS.unix=slink:/etc/passwd;Size=11; link\r\n",
            "type=OS.unix=blkdev;; sda\r\n",
            " no facts",
        );
        let entries = parse_mlsd(listing).unwrap();
        assert_eq!(
            entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(),
            ["a b;c=d ", "pub", "link", "sda", "no facts"]
        );
        assert_eq!(
            entries[0],
            FtpEntry {
                name: "a b;c=d ".into(),
                kind: FtpEntryKind::File,
                size: Some(1234),
                modified: Some(UNIX_EPOCH + Duration::from_millis(1_603_120_770_500)),
                permissions: Some("rw-r--r--".into()),
            }
        );
        assert_eq!((entries[1].kind, entries[1].permissions.as_deref()), (FtpEntryKind::Directory, Some("flcdmpe")));
        assert_eq!(entries[2].kind, FtpEntryKind::Link);
        assert_eq!((entries[3].kind, entries[4].kind), (FtpEntryKind::Other, FtpEntryKind::Other));
    }

    #[test]
    fn spaces_in_facts_do_not_begin_the_name() {
        // ProFTPD sends the names of groups, and those of a domain have spaces in them.
        let facts = "modify=20220803180421;perm=adfrw;size=281;type=file;unique=FD02U240A37;UNIX.group=1051;\
                     UNIX.groupname=domain users;UNIX.mode=0600;UNIX.owner=1039733;UNIX.ownername=homologftp;";
        for name in [".bash_history", " a; b", "; ", "x y;"] {
            let entries = parse_mlsd(&format!("{facts} {name}\r\n")).unwrap();
            let found = (entries[0].name.as_str(), entries[0].size, entries[0].permissions.as_deref());
            assert_eq!(found, (name, Some(281), Some("rw-------")));
        }
        for (line, name) in [(" a; b", "a; b"), ("type=file a b", "a b")] {
            assert_eq!(parse_mlsd(line).unwrap()[0].name, name);
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_made_up() {
        let entries = parse_mlsd("type=file;size=-1;modify=yesterday;UNIX.mode=9; a").unwrap();
        assert_eq!((entries[0].size, entries[0].modified, &entries[0].permissions), (None, None, &None));
    }

    #[test]
    fn lines_without_a_name_are_refused() {
        for listing in ["type=file;", "type=file; ", "name", "type; a", "type=file; a\r\nx\r\n"] {
            parse_mlsd(listing).unwrap_err();
        }
        assert_eq!(parse_mlsd("\r\n\r\n").unwrap(), []);
    }

    proptest! {
        #[test]
        fn any_text_is_a_listing_or_none(text in "[a-z=; .\r\n0-9]{0,80}") {
            for entry in parse_mlsd(&text).unwrap_or_default() {
                prop_assert!(!entry.name.is_empty() && !entry.name.contains('\n'));
            }
        }
    }
}
