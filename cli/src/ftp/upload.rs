//! How a file comes to have its name at a server: it is sent under another one first.

use std::{
    collections::hash_map::RandomState,
    fs,
    hash::BuildHasher as _,
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::SystemTime,
};

use sockeye::{Error, Ftp, FtpProgress, FtpResponse, FtpResume, FtpTransferOptions};

use crate::{
    failure::Failure,
    transfer::ending::{self, Abroad},
};

/// What is sent.
#[derive(Debug)]
pub(super) enum Source {
    File(PathBuf),
    StandardInput,
}

/// In which way.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) options: FtpTransferOptions,
    /// Under the final name at once.
    pub(super) is_in_place: bool,
    /// A part stays, and the next upload goes on with it.
    pub(super) resumes: bool,
    /// What the server is told about the time of the last change, if it can be told.
    pub(super) time: Option<SystemTime>,
}

impl Source {
    pub(super) fn of(path: &Path) -> Self {
        if path == Path::new("-") { Self::StandardInput } else { Self::File(path.to_owned()) }
    }

    pub(super) fn is_stream(&self) -> bool {
        matches!(self, Self::StandardInput)
    }

    /// Finds out whether it can be read, before the server is asked for anything.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let Self::File(path) = self else { return Ok(()) };
        let failed = |error| Failure::file(path, error);
        let metadata = fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        // Opening a pipe would wait for its other end.
        if metadata.is_file() { fs::File::open(path).map(drop).map_err(failed) } else { Ok(()) }
    }
}

impl Upload {
    /// Sends it. What is not whole is removed again, unless it is to be resumed, or the session is lost.
    pub(super) fn send(
        &self,
        ftp: &mut Ftp,
        source: &Source,
        remote: &str,
        watch: &mut dyn FnMut(FtpProgress),
    ) -> Result<(), Failure> {
        if self.is_in_place {
            self.transfer(ftp, source, remote, watch).into_result()?;
            return Ok(());
        }
        let temporary = match source {
            Source::File(path) if self.resumes => part_of(path, remote)?,
            _ => beside(remote),
        };
        let mut stays = self.resumes;
        let abroad = (!self.resumes).then(Abroad::new);
        let sent = self.transfer(ftp, source, &temporary, watch).into_result().map_err(Failure::from);
        let sent = sent.and_then(|_| {
            // Ctrl-C may have ended whoever wrote to standard input, too: that was not the end of it.
            if ending::has_begun() {
                return Err(Failure::Interrupted);
            }
            if let Some(time) = self.time {
                // It is transferred again the next time, at the worst.
                _ = ftp.set_modified(&temporary, time);
            }
            give_name(ftp, &temporary, remote, &mut stays)
        });
        if sent.is_err() && !stays {
            // It may be that there is none.
            _ = ftp.delete_file(&temporary);
        }
        drop(abroad);
        sent
    }

    fn transfer(
        &self,
        ftp: &mut Ftp,
        source: &Source,
        remote: &str,
        watch: &mut dyn FnMut(FtpProgress),
    ) -> FtpResponse {
        let watch = |progress| {
            watch(progress);
            if ending::has_begun() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut options = self.options;
        options.resume = if self.resumes { FtpResume::IfPossible } else { FtpResume::Never };
        match source {
            Source::File(path) => ftp.upload_file(path, remote, &options, watch),
            Source::StandardInput => ftp.upload_from(&mut io::stdin(), remote, &options, watch),
        }
    }
}

/// Puts a whole file in the place of what is there. Once that may be gone, the file `stays` under the name that it has.
fn give_name(ftp: &mut Ftp, temporary: &str, remote: &str, stays: &mut bool) -> Result<(), Failure> {
    let renamed = rename(ftp, temporary, remote)?;
    // Some servers do not replace a file.
    let is_in_the_way = matches!(renamed.status().code(), 500..=599) && renamed.error().is_none();
    if !is_in_the_way || ftp.size(remote).is_err() {
        return Ok(renamed.into_result().map(drop)?);
    }
    let removed = ftp.delete_file(remote);
    if !removed.ok() && removed.error().is_none() {
        return Ok(renamed.into_result().map(drop)?);
    }
    *stays = true;
    let renamed = removed.into_result().map_err(Failure::from).and_then(|_| rename(ftp, temporary, remote));
    match renamed.and_then(|renamed| Ok(renamed.into_result()?)) {
        Ok(_) => Ok(()),
        Err(why) => Err(Failure::Wrong(format!("{why}; the file is there, as {temporary:?}"))),
    }
}

/// Renames a file, and gives the answer to the new name. A server that refuses before it has heard that has nothing
/// against what is there, and renames nothing at all.
fn rename(ftp: &mut Ftp, from: &str, to: &str) -> Result<FtpResponse, Failure> {
    // Nothing may come between the two commands.
    ftp.agree_on_names(to)?;
    let begun = ftp.send_command("RNFR", from).into_result()?;
    match begun.status().is_intermediate() {
        true => Ok(ftp.send_command("RNTO", to)),
        false => Err(Error::Malformed { expected: "350 in the answer to RNFR" }.into()),
    }
}

/// What a part of a file is called. Another version of the file begins a part of its own: what arrived of the one before
/// is no beginning of it.
fn part_of(path: &Path, remote: &str) -> Result<String, Failure> {
    let about = fs::metadata(path).and_then(|metadata| Ok((metadata.len(), metadata.modified()?)));
    let (length, modified) = about.map_err(|error| Failure::file(path, error))?;
    let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_else(|before| before.duration());
    Ok(format!("{remote}.{length:x}-{:x}.part", since.as_nanos()))
}

/// A name that nobody has, in the same folder.
fn beside(remote: &str) -> String {
    let (folder, name) = remote.rsplit_once('/').map_or(("", remote), |(folder, name)| (folder, name));
    let slash = if folder.len() + name.len() < remote.len() { "/" } else { "" };
    format!("{folder}{slash}.sockeye-{:016x}.part", RandomState::new().hash_one(remote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_name_is_in_the_same_folder() {
        for (remote, folder) in [("a", ""), ("/a", "/"), ("a/b", "a/"), ("/a/b/c d", "/a/b/")] {
            let name = beside(remote);
            let rest = name.strip_prefix(folder).unwrap();
            assert!(rest.starts_with(".sockeye-") && rest.ends_with(".part") && !rest.contains('/'), "{name}");
            assert_ne!(name, beside(remote));
        }
    }
}
