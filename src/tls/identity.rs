//! A certificate and its private key: what proves who one is.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::{Fingerprint, engine};
use crate::{
    error::{Error, Result},
    sys::{private_file, sync_folder_of},
    time::Deadline,
};

/// A certificate with its private key. `Debug` shows the fingerprint and never the key.
///
/// # Examples
///
/// A server that needs nobody's signature keeps the certificate that it made for itself, so that its fingerprint stays
/// the same:
///
/// ```
/// use sockeye::TlsIdentity;
///
/// # #[cfg(feature = "tls")] {
/// # let folder = std::env::temp_dir().join(format!("sockeye-doc-identity-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// let (certificate, key) = (folder.join("server.crt"), folder.join("server.key"));
/// let made = TlsIdentity::load_or_create(&certificate, &key, &["localhost", "192.0.2.7"])?;
/// let loaded = TlsIdentity::load_or_create(&certificate, &key, &["localhost", "192.0.2.7"])?;
/// assert_eq!(made.fingerprint(), loaded.fingerprint());
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # }
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone)]
pub struct TlsIdentity {
    pub(super) engine: engine::Identity,
}

impl TlsIdentity {
    /// Makes a key (ECDSA on P-256) and a certificate that it has signed itself, for these DNS names and IP addresses.
    /// `*.example.org` stands for all names one level below.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`] ([`TlsError::Configuration`](crate::TlsError::Configuration)) when a name is neither of them;
    /// [`Error::FeatureOff`] without the feature `tls`.
    pub fn self_signed(names: &[&str]) -> Result<Self> {
        Ok(Self { engine: engine::Identity::self_signed(names)? })
    }

    /// Reads a certificate, with those that lead from it to a root behind it, and its key, both in PEM form.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`] ([`TlsError::Configuration`](crate::TlsError::Configuration)) when one of them is not there or
    /// the key is not the certificate's; [`Error::FeatureOff`] without the feature `tls`.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self> {
        Ok(Self { engine: engine::Identity::from_pem(certificates, key)? })
    }

    /// Reads the files of certificates and key.
    ///
    /// # Errors
    ///
    /// [`Error::File`], and as for [`from_pem`](Self::from_pem).
    pub fn load(certificates_path: impl AsRef<Path>, key_path: impl AsRef<Path>) -> Result<Self> {
        let read = |path: &Path| fs::read(path).map_err(|error| Error::file(path, error));
        Self::from_pem(&read(certificates_path.as_ref())?, &read(key_path.as_ref())?)
    }

    /// Reads the files; when neither is there, makes a [`self_signed`](Self::self_signed) identity and writes them.
    ///
    /// Programs that do this at the same time end up with the same identity. A key whose certificate another program does
    /// not write within a second, since it was ended before, gets a new certificate.
    ///
    /// # Errors
    ///
    /// [`Error::File`] when the certificate is there without the key, when the file of the key is there and is none, or
    /// when a file cannot be written; and as for [`from_pem`](Self::from_pem).
    pub fn load_or_create(
        certificates_path: impl AsRef<Path>,
        key_path: impl AsRef<Path>,
        names: &[&str],
    ) -> Result<Self> {
        let (certificates_path, key_path) = (certificates_path.as_ref(), key_path.as_ref());
        if certificates_path.exists() {
            return Self::load(certificates_path, key_path);
        }
        let identity = Self::self_signed(names)?;
        // The key comes first and is made by one program alone; the certificate appears, whole, once the key is whole and
        // would outlive a power failure. The first certificate counts, whoever has made it.
        match private_file().write(true).create_new(true).open(key_path) {
            Ok(mut file) => {
                let written = file.write_all(identity.engine.key_pem().as_bytes()).and_then(|()| file.sync_all());
                sync_folder_of(key_path);
                let written = written.map_err(|error| Error::file(key_path, error));
                written.and_then(|()| place(certificates_path, identity.certificate_pem().as_bytes())).inspect_err(
                    // A key that is not whole would be in the way of the next attempt.
                    |_| drop(fs::remove_file(key_path)),
                )?;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let deadline = Deadline::after(Some(CREATION_LIMIT));
                while !certificates_path.exists() && !deadline.has_passed() {
                    thread::sleep(CREATION_LIMIT / 100);
                }
                if !certificates_path.exists()
                    && let Ok(key) = fs::read(key_path)
                    && let Ok(identity) = engine::Identity::self_signed_with(&key, names)
                {
                    place(certificates_path, identity.certificate_pem().as_bytes())?;
                }
            }
            Err(error) => return Err(Error::file(key_path, error)),
        }
        Self::load(certificates_path, key_path)
    }

    /// Loads the identity that a program has for its user; when there is none, makes a
    /// [`self_signed`](Self::self_signed) one and keeps it.
    ///
    /// It is in the files `identity.crt` and `identity.key` in the folder `tls` of the program's data folder:
    /// `~/.local/share/PROGRAM/tls` on Linux or what `XDG_DATA_HOME` says, `~/Library/Application Support/PROGRAM/tls`
    /// on macOS, `%LOCALAPPDATA%\PROGRAM\data\tls` on Windows. Only the user can enter the folder (0700) and read the
    /// key (0600). The names are for a new identity; one that is there keeps its own.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a program's name that has other characters than letters, digits and `-_.`, begins with
    /// a dot or is longer than 64 bytes; [`Error::File`] when the user has no home, or the folder cannot be made or is
    /// another user's; and as for [`load_or_create`](Self::load_or_create).
    pub fn of_this_user(program: &str, names: &[&str]) -> Result<Self> {
        let folder = engine::user_folder(program)?;
        Self::load_or_create(folder.join("identity.crt"), folder.join("identity.key"), names)
    }

    /// Writes certificates and key to files, which are replaced whole; only their owner can read them (0600).
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn save(&self, certificates_path: impl AsRef<Path>, key_path: impl AsRef<Path>) -> Result<()> {
        replace(key_path.as_ref(), self.engine.key_pem().as_bytes())?;
        replace(certificates_path.as_ref(), self.certificate_pem().as_bytes())
    }

    /// Returns the certificate in PEM form, and those that lead from it to a root behind it.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        self.engine.certificate_pem()
    }

    /// Returns the fingerprint of the certificate.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::new(self.engine.fingerprint())
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsIdentity").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

/// Writes a file, in the place of one that is there.
fn replace(path: &Path, content: &[u8]) -> Result<()> {
    write_whole(path, content, |temporary| fs::rename(temporary, path))
}

/// Writes a file unless there is one.
fn place(path: &Path, content: &[u8]) -> Result<()> {
    write_whole(path, content, |temporary| match fs::hard_link(temporary, path) {
        Ok(()) => fs::remove_file(temporary),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::remove_file(temporary),
        // Not every file system has links.
        Err(_) => fs::rename(temporary, path),
    })
}

/// Writes a file under another name, and lets it have its own once it is whole and would outlive a power failure.
fn write_whole(path: &Path, content: &[u8], rename: impl FnOnce(&Path) -> io::Result<()>) -> Result<()> {
    let (mut file, temporary) = create_beside(path).map_err(|error| Error::file(path, error))?;
    let written = file.write_all(content).and_then(|()| file.sync_all()).and_then(|()| rename(&temporary));
    written.map_err(|error| {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
        Error::file(path, error)
    })?;
    sync_folder_of(path);
    Ok(())
}

/// Makes a file in the same folder, under a name that neither another program nor one that has crashed has taken.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let mut number = 0;
    loop {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{number}.new"));
        let temporary = path.with_file_name(name);
        match private_file().write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((file, temporary)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < MAX_TEMPORARIES => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// How many programs may write a file at the same time, or have crashed while they did.
const MAX_TEMPORARIES: u32 = 100;
/// How long the writing of two small files may take another program.
const CREATION_LIMIT: Duration = Duration::from_secs(1);
