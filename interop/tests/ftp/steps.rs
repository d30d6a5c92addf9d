//! What is done in every combination of server, family, data connections and encryption.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use interop::{Folder, FtpServer, READER, WRITER};
use sockeye::{
    Append, Error, ErrorKind, Ftp, FtpDataMode, FtpEntryKind, FtpListingResponse, FtpResponse, FtpStatus, Result,
    TransferMode,
};

use super::support::{Security, binary, connected, finish, large, on, options, resuming, until};

/// A session, and the folder of the server that it has for itself.
pub(crate) struct Visit<'a> {
    pub(crate) server: &'a FtpServer,
    pub(crate) security: Security,
    pub(crate) data_mode: FtpDataMode,
    /// The folder's name; it is in `/`.
    pub(crate) folder: String,
    pub(crate) ftp: Ftp,
    pub(crate) local: Folder,
}

/// A column of the table: what it is called, and what comes of it. A refusal of the server is its number there; every
/// other failure is one of the test.
pub(crate) type Step = (&'static str, fn(&mut Visit<'_>) -> Result<&'static str>);

pub(crate) const STEPS: [Step; 15] = [
    ("log in", log_in),
    ("up, down", up_and_down),
    ("list", list),
    ("size, time", size_and_time),
    ("set time", set_time),
    ("ASCII", ascii),
    ("EBCDIC", ebcdic),
    ("append", append),
    ("resume", resume),
    ("folders", folders),
    ("rename, delete", rename_and_delete),
    ("names", names),
    ("spaces around", spaces_around),
    ("cancel", cancel),
    ("read-only user", read_only),
];

const YES: Result<&str> = Ok("yes");

impl Visit<'_> {
    /// A path of this visit at the server.
    fn remote(&self, name: &str) -> String {
        format!("/{}/{name}", self.folder)
    }

    /// The same on this machine's disk.
    fn served(&self, name: &str) -> PathBuf {
        self.server.path(&self.folder).join(name)
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<FtpResponse> {
        self.ftp.upload_from(&mut &*bytes, &self.remote(name), &binary(), on).into_result()
    }

    fn get(&mut self, name: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.ftp.download_to(&self.remote(name), &mut bytes, &binary(), on).into_result()?;
        Ok(bytes)
    }
}

fn log_in(visit: &mut Visit<'_>) -> Result<&'static str> {
    visit.ftp.login(WRITER.0, WRITER.1).into_result()?;
    visit.ftp.keep_alive().into_result()?;
    assert_eq!(visit.ftp.working_directory().directory(), "/");
    visit.ftp.create_directory(&visit.remote("")).into_result()?;
    YES
}

fn up_and_down(visit: &mut Visit<'_>) -> Result<&'static str> {
    for length in [0, 1, 1_000_003] {
        let bytes = &large()[..length];
        let path = visit.local.write("file", bytes);
        visit.ftp.upload(&path, &visit.remote(""), TransferMode::Binary, Append::No).into_result()?;
        assert!(fs::read(visit.served("file")).unwrap() == bytes, "{length} bytes up");
        let folder = visit.local.join("back");
        fs::create_dir_all(&folder).unwrap();
        visit.ftp.download(&visit.remote("file"), &folder, TransferMode::Binary).into_result()?;
        assert!(fs::read(folder.join("file")).unwrap() == bytes, "{length} bytes down");

        let upload = visit.ftp.begin_upload(&path, &visit.remote("polled"), &binary());
        finish(upload, on)?;
        assert!(fs::read(visit.served("polled")).unwrap() == bytes, "{length} bytes up, polled");
        let path = visit.local.join("polled");
        finish(visit.ftp.begin_download(&visit.remote("polled"), &path, &binary()), on)?;
        assert!(fs::read(path).unwrap() == bytes, "{length} bytes down, polled");
        assert_eq!(visit.local.names(), ["back", "file", "polled"]);
    }
    YES
}

fn list(visit: &mut Visit<'_>) -> Result<&'static str> {
    visit.ftp.create_directory(&visit.remote("listed")).into_result()?;
    visit.ftp.create_directory(&visit.remote("listed/folder")).into_result()?;
    assert_eq!(visit.ftp.entries(&visit.remote("listed/folder"))?, []);
    visit.put("listed/empty", b"")?;
    visit.put("listed/file", &[7; 12_345])?;
    let is_mlsd = visit.ftp.features()?.has("MLST");
    let now = SystemTime::now();
    let entries = visit.ftp.entries(&visit.remote("listed"))?;
    let found: BTreeMap<_, _> = entries.iter().map(|entry| (&*entry.name, (entry.kind, entry.size))).collect();
    let file = |size| (FtpEntryKind::File, Some(size));
    assert_eq!((found.len(), found["empty"], found["file"]), (3, file(0), file(12_345)), "{entries:?}");
    assert_eq!(found["folder"].0, FtpEntryKind::Directory, "{entries:?}");
    for entry in &entries {
        let modified = entry.modified.unwrap();
        let apart = modified.duration_since(now).or_else(|error| Ok::<_, ()>(error.duration())).unwrap();
        assert!(apart < Duration::from_secs(180), "{entry:?} at {now:?}");
        assert!(entry.permissions.is_some(), "{entry:?}");
    }
    visit.ftp.change_directory(&visit.remote("listed")).into_result()?;
    assert_eq!(visit.ftp.entries("")?.len(), 3);
    let listing = visit.ftp.directory_listing("");
    assert_eq!(names_of(&listing), ["empty", "file", "folder"], "{listing:?}");
    visit.ftp.change_directory("/").into_result()?;
    let missing = visit.ftp.entries(&visit.remote("missing"));
    if is_mlsd {
        assert_eq!(missing.unwrap_err().kind(), ErrorKind::PeerRefused);
    }
    Ok(if is_mlsd { "MLSD" } else { "LIST" })
}

fn size_and_time(visit: &mut Visit<'_>) -> Result<&'static str> {
    visit.put("sized", &[7; 54_321])?;
    assert_eq!(visit.ftp.size(&visit.remote("sized"))?, 54_321);
    let modified = visit.ftp.modified(&visit.remote("sized"))?;
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(seconds(modified), seconds(fs::metadata(visit.served("sized")).unwrap().modified().unwrap()));
    assert_eq!(visit.ftp.size(&visit.remote("missing")).unwrap_err().kind(), ErrorKind::PeerRefused);
    assert_eq!(visit.ftp.modified(&visit.remote("missing")).unwrap_err().kind(), ErrorKind::PeerRefused);
    YES
}

fn set_time(visit: &mut Visit<'_>) -> Result<&'static str> {
    let time = UNIX_EPOCH + Duration::from_secs(951_825_600);
    visit.ftp.set_modified(&visit.remote("sized"), time).into_result()?;
    assert_eq!(visit.ftp.modified(&visit.remote("sized"))?, time);
    assert_eq!(fs::metadata(visit.served("sized")).unwrap().modified().unwrap(), time);
    YES
}

fn ascii(visit: &mut Visit<'_>) -> Result<&'static str> {
    let text: String = (0..20_000).map(|line| format!("line {line}\n")).collect();
    let ascii = options(TransferMode::Ascii);
    visit.ftp.upload_from(&mut text.as_bytes(), &visit.remote("text"), &ascii, on).into_result()?;
    assert!(fs::read(visit.served("text")).unwrap() == text.as_bytes(), "the server has its own line ends");
    let path = visit.local.join("text");
    visit.ftp.download_file(&visit.remote("text"), &path, &ascii, on).into_result()?;
    assert!(fs::read(&path).unwrap() == text.as_bytes());
    finish(visit.ftp.begin_download(&visit.remote("text"), &path, &ascii), on)?;
    assert!(fs::read(&path).unwrap() == text.as_bytes());
    // With the wire's line ends, which nobody turned into others.
    assert!(visit.get("text")? == text.as_bytes());
    YES
}

fn ebcdic(visit: &mut Visit<'_>) -> Result<&'static str> {
    let sent = visit.ftp.upload_from(&mut &b"abc"[..], &visit.remote("ebcdic"), &options(TransferMode::Ebcdic), on);
    visit.ftp.keep_alive().into_result()?;
    assert_eq!(sent.ok(), visit.served("ebcdic").exists());
    sent.into_result()?;
    YES
}

fn append(visit: &mut Visit<'_>) -> Result<&'static str> {
    let path = visit.local.write("log", "first\n");
    for expected in ["first\n", "first\nfirst\n"] {
        visit.ftp.upload(&path, &visit.remote(""), TransferMode::Binary, Append::Yes).into_result()?;
        assert_eq!(fs::read(visit.served("log")).unwrap(), expected.as_bytes());
    }
    visit.ftp.upload(&path, &visit.remote(""), TransferMode::Binary, Append::No).into_result()?;
    assert_eq!(fs::read(visit.served("log")).unwrap(), b"first\n");
    let mut rest = binary();
    rest.offset = 3;
    visit.ftp.upload_from(&mut &b"e out\n"[..], &visit.remote("log"), &rest, on).into_result()?;
    assert_eq!(fs::read(visit.served("log")).unwrap(), b"fire out\n");
    let mut bytes = Vec::new();
    visit.ftp.download_to(&visit.remote("log"), &mut bytes, &rest, on).into_result()?;
    assert_eq!(bytes, b"e out\n");
    YES
}

fn resume(visit: &mut Visit<'_>) -> Result<&'static str> {
    const PART: u64 = 3_000_000;
    let path = visit.local.write("whole", large());
    let remote = visit.remote("whole");
    let ended = visit.ftp.upload_file(&path, &remote, &resuming(), until(PART));
    assert_eq!(ended.into_result().unwrap_err().kind(), ErrorKind::Cancelled);
    // What was on the way is lost: it may be all of it.
    let there = fs::metadata(visit.served("whole")).unwrap().len();
    assert!(there < large().len() as u64, "{there} bytes are there");
    let mut first = None;
    let response = visit.ftp.upload_file(&path, &remote, &resuming(), |progress| {
        first.get_or_insert(progress.transferred);
        on(progress)
    });
    response.into_result()?;
    assert!(first.unwrap() >= there, "{first:?} of {there}");
    assert!(fs::read(visit.served("whole")).unwrap() == large());

    let path = visit.local.join("again");
    let ended = visit.ftp.download_file(&remote, &path, &resuming(), until(PART));
    assert_eq!(ended.into_result().unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(!path.exists());
    let there = fs::metadata(visit.local.join("again.part")).unwrap().len();
    assert!(there >= PART && there < large().len() as u64, "{there} bytes are there");
    let mut first = None;
    let response = visit.ftp.download_file(&remote, &path, &resuming(), |progress| {
        first.get_or_insert(progress.transferred);
        on(progress)
    });
    response.into_result()?;
    assert!(first.unwrap() >= there, "{first:?} of {there}");
    assert!(fs::read(path).unwrap() == large());
    YES
}

fn folders(visit: &mut Visit<'_>) -> Result<&'static str> {
    let folder = visit.remote("made");
    let made = visit.ftp.create_directory(&folder);
    assert_eq!(made.status(), FtpStatus::DIRECTORY_OK, "{made:?}");
    assert!(visit.served("made").is_dir());
    assert_eq!(visit.ftp.create_directory(&folder).into_result().unwrap_err().kind(), ErrorKind::PeerRefused);
    visit.ftp.change_directory(&folder).into_result()?;
    assert_eq!(visit.ftp.working_directory().directory(), folder);
    visit.ftp.parent_directory().into_result()?;
    assert_eq!(visit.ftp.working_directory().directory(), format!("/{}", visit.folder));
    visit.put("made/file", b"x")?;
    assert_eq!(visit.ftp.delete_directory(&folder).into_result().unwrap_err().kind(), ErrorKind::PeerRefused);
    visit.ftp.delete_file(&visit.remote("made/file")).into_result()?;
    visit.ftp.delete_directory("made").into_result()?;
    assert!(!visit.served("made").exists());
    visit.ftp.change_directory("/").into_result()?;
    YES
}

fn rename_and_delete(visit: &mut Visit<'_>) -> Result<&'static str> {
    visit.put("old", b"x")?;
    visit.ftp.rename_file(&visit.remote("old"), &visit.remote("new")).into_result()?;
    assert!(!visit.served("old").exists());
    assert_eq!(visit.get("new")?, b"x");
    visit.ftp.delete_file(&visit.remote("new")).into_result()?;
    assert!(!visit.served("new").exists());
    for refused in
        [visit.ftp.rename_file(&visit.remote("old"), &visit.remote("new")), visit.ftp.delete_file(&visit.remote("new"))]
    {
        assert_eq!(refused.status(), FtpStatus::FILE_UNAVAILABLE, "{refused:?}");
    }
    assert_eq!(visit.get("new").unwrap_err().kind(), ErrorKind::PeerRefused);
    YES
}

fn names(visit: &mut Visit<'_>) -> Result<&'static str> {
    for name in
        ["two  spaces", "say \"hi\"", "na\u{ef}ve \u{4e16}\u{754c} \u{1f41f}", "-la", "[1] {a,b} ~#%", "\u{ff}\u{fffd}"]
    {
        everything_with(visit, name)?;
    }
    YES
}

/// Pure-FTPd gives files other names than these.
fn spaces_around(visit: &mut Visit<'_>) -> Result<&'static str> {
    for name in [" in front", "behind "] {
        visit.ftp.change_directory(&visit.remote("")).into_result()?;
        visit.ftp.upload_from(&mut &b"x"[..], name, &binary(), on).into_result()?;
        visit.ftp.change_directory("/").into_result()?;
        if !visit.served(name).exists() {
            return Ok("no");
        }
        visit.ftp.delete_file(&visit.remote(name)).into_result()?;
        everything_with(visit, name)?;
    }
    YES
}

/// What can be done with a folder of this name, and a file in it.
fn everything_with(visit: &mut Visit<'_>, name: &str) -> Result<()> {
    visit.ftp.create_directory(&visit.remote(name)).into_result()?;
    assert!(visit.served(name).is_dir(), "{name:?}");
    visit.ftp.change_directory(&visit.remote(name)).into_result()?;
    assert_eq!(visit.ftp.working_directory().directory(), visit.remote(name));
    // By its name alone, in the working folder.
    visit.ftp.upload_from(&mut name.as_bytes(), name, &binary(), on).into_result()?;
    let inside = format!("{name}/{name}");
    assert_eq!(fs::read(visit.served(&inside)).unwrap(), name.as_bytes());
    assert_eq!(visit.get(&inside)?, name.as_bytes());
    assert_eq!(visit.ftp.size(name)?, name.len() as u64);
    for folder in ["", &*visit.remote(name)] {
        let entries = visit.ftp.entries(folder)?;
        let found: Vec<_> = entries.iter().map(|entry| (&*entry.name, entry.kind)).collect();
        assert_eq!(found, [(name, FtpEntryKind::File)], "in {folder:?}");
    }
    assert_eq!(names_of(&visit.ftp.directory_listing("")), [name]);
    visit.ftp.rename_file(name, "other").into_result()?;
    visit.ftp.rename_file("other", name).into_result()?;
    visit.ftp.delete_file(name).into_result()?;
    visit.ftp.change_directory("/").into_result()?;
    visit.ftp.delete_directory(&visit.remote(name)).into_result()?;
    assert!(!visit.served(name).exists(), "{name:?}");
    Ok(())
}

/// The names, sorted. Pure-FTPd lists the folder itself and the one above, too.
fn names_of(listing: &FtpListingResponse) -> Vec<&str> {
    let names = listing.filenames().iter().map(String::as_str);
    let mut names: Vec<_> = names.filter(|name| !matches!(*name, "." | "..")).collect();
    names.sort_unstable();
    names
}

/// What runs is given up in both directions, waited for and polled, and the session goes on.
fn cancel(visit: &mut Visit<'_>) -> Result<&'static str> {
    const PART: u64 = 1_000_000;
    let path = visit.local.write("whole", large());
    for round in 0..4 {
        let (up, down) = (visit.remote("cancelled"), visit.remote("whole"));
        let error = match round {
            0 => visit.ftp.upload_file(&path, &up, &binary(), until(PART)).into_result(),
            1 => visit.ftp.download_file(&down, visit.local.join("never"), &binary(), until(PART)).into_result(),
            2 => finish(visit.ftp.begin_upload(&path, &up, &binary()), until(PART)),
            _ => finish(visit.ftp.begin_download(&down, visit.local.join("never"), &binary()), until(PART)),
        };
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Cancelled, "round {round}");
        assert!(!visit.local.names().iter().any(|name| name.contains("never") || name.contains(".part")));
        visit.ftp.keep_alive().into_result()?;
        visit.put("after", b"as before")?;
        assert_eq!(visit.get("after")?, b"as before");
    }
    YES
}

fn read_only(visit: &mut Visit<'_>) -> Result<&'static str> {
    // Before there is a second session: pyftpdlib mixes the active connections of several up.
    visit.put("seen", b"look")?;
    let mut ftp = connected(visit.server, visit.security, visit.data_mode);
    ftp.login(READER.0, READER.1).into_result()?;
    let (seen, new) = (visit.remote("seen"), visit.remote("new"));
    let mut bytes = Vec::new();
    ftp.download_to(&seen, &mut bytes, &binary(), on).into_result()?;
    assert_eq!(bytes, b"look");
    let before = fs::read_dir(visit.served("")).unwrap().count();
    let path = visit.local.write("small", "never");
    for refused in [
        ftp.upload_file(&path, &seen, &binary(), on),
        ftp.create_directory(&new),
        ftp.delete_file(&seen),
        ftp.rename_file(&seen, &new),
        ftp.delete_directory(&visit.remote("listed")),
    ] {
        assert!(matches!(refused.status().code(), 451 | 550 | 553) && refused.error().is_none(), "{refused:?}");
        assert!(!refused.message().is_empty());
    }
    let refused = ftp.upload_from(&mut &b"never"[..], &new, &binary(), on).into_result();
    assert_eq!(fs::read(visit.served("seen")).unwrap(), b"look");
    assert_eq!(fs::read_dir(visit.served("")).unwrap().count(), before);
    assert!(ftp.disconnect().ok());
    match refused {
        Err(Error::PeerRefused { code: 550, .. }) => Ok("550"),
        Err(Error::PeerRefused { code: 553, .. }) => Ok("553"),
        other => panic!("{other:?}"),
    }
}
