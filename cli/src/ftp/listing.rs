//! `sockeye ftp ls`: names, lines with more, or JSON.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use sockeye::{FtpEntry, FtpEntryKind};

use super::{leave, options::LsArgs, site::Site, url::Url};
use crate::{calendar::Moment, failure::Failure, printable::printable, transfer::progress::Bar};

/// `sockeye ftp ls`
pub(super) fn ls(args: &LsArgs) -> Result<(), Failure> {
    let url = Url::parse(&args.url)?;
    let mut ftp = Site::new(&url, &args.site, &Bar::hidden())?.open(0)?;
    let mut entries = ftp.entries(&url.path)?;
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    let text = match () {
        () if args.json => json(&entries),
        () if args.long => long(&entries),
        () => entries.iter().fold(String::new(), |text, entry| text + &shown_name(entry) + "\n"),
    };
    leave(ftp);
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        // As when `head` has its lines.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Failure::Output),
    }
}

/// A name, with a slash behind that of a folder.
fn shown_name(entry: &FtpEntry) -> String {
    let slash = if entry.kind == FtpEntryKind::Directory { "/" } else { "" };
    printable(&entry.name) + slash
}

fn long(entries: &[FtpEntry]) -> String {
    let sizes: Vec<String> =
        entries.iter().map(|entry| entry.size.map_or_else(|| "-".to_owned(), |size| size.to_string())).collect();
    let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or_default();
    let size_width = widest(&mut sizes.iter().map(String::len));
    let permissions = |entry: &FtpEntry| entry.permissions.as_deref().map_or_else(|| "-".to_owned(), printable);
    let width = widest(&mut entries.iter().map(|entry| permissions(entry).chars().count()));
    entries.iter().zip(sizes).fold(String::new(), |mut text, (entry, size)| {
        let kind = match entry.kind {
            FtpEntryKind::File => '-',
            FtpEntryKind::Directory => 'd',
            FtpEntryKind::Link => 'l',
            _ => '?',
        };
        let (permissions, time) = (permissions(entry), time(entry).unwrap_or_else(|| "-".to_owned()));
        let name = shown_name(entry);
        // Text always has room.
        _ = writeln!(text, "{kind} {permissions:width$}  {size:>size_width$}  {time:20}  {name}");
        text
    })
}

/// An array of objects, one a line; `null` where the server does not say.
fn json(entries: &[FtpEntry]) -> String {
    let mut text = String::from("[");
    for (number, entry) in entries.iter().enumerate() {
        let kind = match entry.kind {
            FtpEntryKind::File => "file",
            FtpEntryKind::Directory => "directory",
            FtpEntryKind::Link => "link",
            _ => "other",
        };
        let or_null = |value: Option<String>| value.unwrap_or_else(|| "null".to_owned());
        text += if number == 0 { "\n" } else { ",\n" };
        _ = write!(
            text,
            "  {{\"name\": {}, \"kind\": \"{kind}\", \"size\": {}, \"modified\": {}, \"permissions\": {}}}",
            string(&entry.name),
            or_null(entry.size.map(|size| size.to_string())),
            or_null(time(entry).as_deref().map(string)),
            or_null(entry.permissions.as_deref().map(string)),
        );
    }
    text + if entries.is_empty() { "]\n" } else { "\n]\n" }
}

fn time(entry: &FtpEntry) -> Option<String> {
    entry.modified.and_then(Moment::of).map(Moment::rfc3339)
}

/// A string of JSON (RFC 8259 section 7).
fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            // Those that need no escape, but which a terminal would obey.
            '\u{7f}'..='\u{9f}' | '\0'..='\u{1f}' => _ = write!(quoted, "\\u{:04x}", u32::from(character)),
            character => quoted.push(character),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_those_of_json() {
        for (text, expected) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("say \"hi\" \\ \u{e9}\u{1f600}", "\"say \\\"hi\\\" \\\\ \u{e9}\u{1f600}\""),
            ("\n\t\0\u{1b}\u{7f}\u{9b}", r#""\u000a\u0009\u0000\u001b\u007f\u009b""#),
        ] {
            assert_eq!(string(text), expected);
        }
        assert_eq!(json(&[]), "[]\n");
    }
}
