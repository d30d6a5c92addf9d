//! The lines of listings, made as they are sent.

use std::{
    ffi::OsString,
    fs::{self, DirEntry, Metadata, ReadDir},
    io,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::calendar::Moment;

/// How an entry is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `NLST`: the name.
    Name,
    /// `LIST`: as `ls -l` does.
    Long,
    /// `MLSD`: facts (RFC 3659 section 7).
    Facts,
}

/// A listing of which a part was made.
#[derive(Debug)]
pub(super) struct Listing {
    form: Form,
    may_write: bool,
    rest: Rest,
}

#[derive(Debug)]
enum Rest {
    Folder(ReadDir),
    /// One file, or nothing any more.
    File(Option<(OsString, Metadata)>),
}

impl Listing {
    pub(super) fn of(path: &Path, form: Form, may_write: bool) -> io::Result<Self> {
        let metadata = path.symlink_metadata()?;
        let rest = match path.file_name() {
            // RFC 3659 section 7.1: MLSD is for folders.
            Some(name) if !metadata.is_dir() && form != Form::Facts => Rest::File(Some((name.to_owned(), metadata))),
            _ => Rest::Folder(fs::read_dir(path)?),
        };
        Ok(Self { form, may_write, rest })
    }

    /// The next line; `None` at the end. What has gone, what is a link, and what has no name in UTF-8 is left out.
    pub(super) fn line(&mut self) -> Option<String> {
        loop {
            let (name, metadata) = match &mut self.rest {
                Rest::File(file) => file.take()?,
                Rest::Folder(entries) => match entries.next()?.and_then(|entry| described(&entry)) {
                    Ok(described) => described,
                    Err(_) => continue,
                },
            };
            let Some(name) = name.to_str().filter(|name| !name.contains(['\r', '\n'])) else { continue };
            if metadata.is_symlink() {
                continue;
            }
            return Some(match self.form {
                Form::Name => format!("{name}\r\n"),
                Form::Long => format!("{} {name}\r\n", long(&metadata)),
                Form::Facts => format!("{} {name}\r\n", facts(&metadata, self.may_write)),
            });
        }
    }
}

fn described(entry: &DirEntry) -> io::Result<(OsString, Metadata)> {
    // Not of what a link leads to.
    Ok((entry.file_name(), entry.metadata()?))
}

/// The facts of an entry, with a semicolon behind each.
pub(super) fn facts(metadata: &Metadata, may_write: bool) -> String {
    let (kind, allowed) = match (metadata.is_dir(), may_write) {
        (true, true) => ("dir", "cdeflmp"),
        (true, false) => ("dir", "el"),
        (false, true) => ("file", "adfrw"),
        (false, false) => ("file", "r"),
    };
    let mut facts = format!("type={kind};");
    if metadata.is_file() {
        facts += &format!("size={};", metadata.len());
    }
    if let Some(moment) = modified(metadata) {
        facts += &format!("modify={};", moment.compact());
    }
    facts + &format!("perm={allowed};UNIX.mode={:04o};", mode(metadata))
}

/// The time of the last change, as MDTM tells it.
pub(super) fn modified(metadata: &Metadata) -> Option<Moment> {
    Moment::of(metadata.modified().ok()?)
}

fn long(metadata: &Metadata) -> String {
    let mode = mode(metadata);
    let letters: String = (0..9)
        .rev()
        .zip("rwxrwxrwx".chars())
        .map(|(bit, letter)| if mode >> bit & 1 == 1 { letter } else { '-' })
        .collect();
    let kind = if metadata.is_dir() { 'd' } else { '-' };
    let time = metadata.modified().unwrap_or(UNIX_EPOCH);
    let date = Moment::of(time).map_or_else(|| "Jan 01  1970".to_owned(), |moment| date(time, moment));
    format!("{kind}{letters} 1 ftp ftp {:>12} {date}", metadata.len())
}

/// Half a year around now it is the hour that is told, else the year.
fn date(time: SystemTime, moment: Moment) -> String {
    let index = usize::try_from(moment.month).unwrap_or_default().saturating_sub(1);
    let month = MONTHS.get(index).copied().unwrap_or_default();
    let is_near = time.elapsed().is_ok_and(|age| age < HALF_A_YEAR);
    match is_near {
        true => format!("{month} {:02} {:02}:{:02}", moment.day, moment.hour, moment.minute),
        false => format!("{month} {:02}  {:04}", moment.day, moment.year),
    }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;

    metadata.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(metadata: &Metadata) -> u32 {
    let write = if metadata.permissions().readonly() { 0 } else { 0o200 };
    write | if metadata.is_dir() { 0o555 } else { 0o444 }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const HALF_A_YEAR: Duration = Duration::from_secs(180 * 24 * 60 * 60);
