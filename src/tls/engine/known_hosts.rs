//! The file of names and fingerprints: how it is read and what is added to it.

use std::{fs, io, io::Write, path::Path, thread, time::Duration};

use crate::{
    error::{Error, Result, TlsError},
    sys::private_file,
    tls::Fingerprint,
};

/// Tells whether the file knows the name with this certificate; an unknown name is `Ok(false)`, another certificate
/// and a file that cannot be read are errors.
pub(super) fn check(path: &Path, name: &str, found: Fingerprint) -> Result<bool, TlsError> {
    let mut tries = TRIES;
    let found_line = loop {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(unusable(&Error::file(path, error))),
        };
        match look_up(&text, name) {
            // Another program may be writing this line.
            Err(line) if tries > 0 && line >= text.lines().count() => tries -= 1,
            result => break result,
        }
        thread::sleep(PAUSE);
    };
    match found_line.map_err(|line| malformed(path, line))? {
        None => Ok(false),
        Some(known) if known == found => Ok(true),
        Some(known) => Err(TlsError::Fingerprint {
            name: name.into(),
            known: known.to_string().into(),
            found: found.to_string().into(),
        }),
    }
}

/// Adds a line for a name that is not known yet. When another program was faster, its line counts.
pub(super) fn remember(path: &Path, name: &str, found: Fingerprint) -> Result<(), TlsError> {
    if check(path, name, found)? {
        return Ok(());
    }
    append(path, &format!("{} {found}\n", name.to_ascii_lowercase()))
        .map_err(|error| unusable(&Error::file(path, error)))?;
    check(path, name, found).map(|_| ())
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = private_file().read(true).append(true).create(true).open(path)?;
    // An editor may have left the last line without its end.
    let is_open = fs::read(path)?.last().is_some_and(|last| *last != b'\n');
    // One write: lines of several programs do not mix.
    file.write_all(format!("{}{line}", if is_open { "\n" } else { "" }).as_bytes())
}

/// Finds the first fingerprint of a name; the error is the number of a line that cannot be understood.
///
/// Such a line may have been about any name, so that none can be taken for unknown.
fn look_up(text: &str, name: &str) -> Result<Option<Fingerprint>, usize> {
    let mut known = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (host, fingerprint) = line.split_once(char::is_whitespace).ok_or(index + 1)?;
        let fingerprint = Fingerprint::parse(fingerprint.trim_start()).map_err(|_| index + 1)?;
        if known.is_none() && host.eq_ignore_ascii_case(name) {
            known = Some(fingerprint);
        }
    }
    Ok(known)
}

/// What the file says of a name, `None` when the file is malformed.
#[cfg(fuzzing)]
pub fn known_host(text: &str, name: &str) -> Option<Option<Fingerprint>> {
    look_up(text, name).ok()
}

fn malformed(path: &Path, line: usize) -> TlsError {
    let reason = format!("expected a name and a fingerprint in line {line} of {:?}", path.to_string_lossy());
    TlsError::Configuration { reason: reason.into() }
}

fn unusable(error: &Error) -> TlsError {
    TlsError::Configuration { reason: error.to_string().into() }
}

/// How often a file is read again whose last line is malformed, and after how long: a line is written with one call.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_line_of_a_name_counts() {
        let (one, two) = (Fingerprint::new([1; 32]), Fingerprint::new([2; 32]));
        let text = format!("# hosts\n\n  host.example\t{one}  \nHOST.example {two}\r\nother {two}");
        assert_eq!(look_up(&text, "Host.Example"), Ok(Some(one)));
        assert_eq!(look_up(&text, "other"), Ok(Some(two)));
        assert_eq!(look_up(&text, "host"), Ok(None));
        assert_eq!(look_up("", "host"), Ok(None));
    }

    /// Half a line, as a machine without power may leave it, must not make its host unknown.
    #[test]
    fn no_name_is_unknown_while_a_line_is_malformed() {
        let one = Fingerprint::new([1; 32]);
        let line = format!("host {one}");
        for length in 1..line.len() {
            assert_eq!(look_up(&format!("other {one}\n{}", &line[..length]), "host"), Err(2), "{length}");
            assert_eq!(look_up(&format!("other {one}\n{}", &line[..length]), "other"), Err(2), "{length}");
        }
        assert_eq!(look_up(&line, "host"), Ok(Some(one)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_found(hosts in proptest::collection::vec(("[a-z0-9.-]{1,20}", any::<[u8; 32]>()), 0..9)) {
            let text: String =
                hosts.iter().map(|(host, hash)| format!("{host} {}\n", Fingerprint::new(*hash))).collect();
            for (host, _) in &hosts {
                let first = hosts.iter().find(|(other, _)| other == host).map(|(_, hash)| Fingerprint::new(*hash));
                prop_assert_eq!(look_up(&text, host), Ok(first));
            }
            prop_assert_eq!(look_up(&text, "not there"), Ok(None));
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let lines = text.lines().count();
            if let Err(line) = look_up(&text, "host") {
                prop_assert!((1..=lines).contains(&line));
            }
        }
    }
}
