//! Keys and certificates that the command line names.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use sockeye::{AuthKey, AuthLevel, ClientOptions, Endpoint, Error, ListenerOptions, TlsIdentity, TlsServer};
use zeroize::Zeroizing;

use super::{
    failure::Failure,
    options::{ConnectArgs, ListenArgs, MessageArgs},
};

/// The key that both ends have to know, if one is wanted.
pub(super) fn key(args: &MessageArgs) -> Result<Option<AuthKey>, Failure> {
    args.authkey_file.as_deref().map(key_of).transpose()
}

fn key_of(path: &Path) -> Result<AuthKey, Failure> {
    let bytes = read(path).map_err(|error| file(path, error))?;
    // A carriage return alone ends no line: one of 256 random keys ends in it.
    let line = bytes.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let key = line.unwrap_or(&bytes);
    let is_empty = |_| file(path, io::Error::new(io::ErrorKind::InvalidData, "expected a key, found an empty file"));
    AuthKey::new(key).map_err(is_empty)
}

/// What a listener asks and shows. Says the fingerprint of its certificate through `say`.
pub(super) fn of_listener(args: &ListenArgs, say: impl Fn(&str)) -> Result<ListenerOptions, Failure> {
    let mut options = ListenerOptions::default();
    options.least = least(&args.messages);
    if args.tls {
        refuse_tls_on_paths(&args.endpoint)?;
        let identity = match (&args.cert, &args.key) {
            (Some(cert), Some(key)) => TlsIdentity::load(cert, key)?,
            // This user's own, made by the first listener.
            _ => TlsIdentity::of_this_user("sockeye", &["localhost", "127.0.0.1", "::1"])?,
        };
        say(&format!("the fingerprint of the certificate is {}", identity.fingerprint()));
        options.tls = Some(TlsServer::new(identity)?);
    }
    Ok(options)
}

/// What a client asks.
pub(super) fn of_client(args: &ConnectArgs) -> Result<ClientOptions, Failure> {
    let mut options = ClientOptions::default();
    options.least = least(&args.messages);
    if args.tls {
        refuse_tls_on_paths(&args.endpoint)?;
        options.tls = Some(args.trust.tls()?);
        options.tls_name = match (&args.tls_name, &args.endpoint) {
            // Who is known by a fingerprint, or by nothing, proves no name.
            (None, Endpoint::Service { .. }) if args.trust.insecure || !args.trust.pin.is_empty() => {
                Some("localhost".into())
            }
            (None, Endpoint::Service { .. }) => {
                return Err(Failure::Usage("--tls with a service wants --pin or --tls-name: anybody can announce it"));
            }
            (name, _) => name.clone(),
        };
    }
    Ok(options)
}

fn least(args: &MessageArgs) -> AuthLevel {
    if args.legacy_md5 { AuthLevel::LegacyMd5 } else { AuthLevel::default() }
}

/// Encryption that is asked for is there, or there is no connection.
fn refuse_tls_on_paths(endpoint: &Endpoint) -> Result<(), Failure> {
    match endpoint {
        Endpoint::Local(_) => Err(Failure::Usage("--tls is for TCP; a local socket does not leave this machine")),
        _ => Ok(()),
    }
}

/// Reads a file whose content is overwritten when it is dropped.
fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    // A buffer that grows leaves what it had: files get as much as they have at once, and pipes this.
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    File::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn file(path: &Path, source: io::Error) -> Failure {
    Failure::Socket(Error::File { path: path.to_string_lossy().into(), source })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::allocator::{SECRET, left_secrets};

    #[test]
    fn a_key_of_a_file_is_overwritten_in_memory() {
        let path = std::env::temp_dir().join(format!("sockeye-key-{}", std::process::id()));
        for content in [[SECRET, &b"\n"[..]].concat(), [&vec![7; 100_000][..], SECRET].concat()] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(left_secrets(|| drop(std::fs::read(&path).unwrap())), 1, "it would be seen");
            assert_eq!(left_secrets(|| drop(key_of(&path).unwrap())), 0);
        }
        std::fs::remove_file(&path).unwrap();
    }
}
