//! Keys and certificates that the command line names.

use std::{
    fs::{self, DirBuilder},
    io,
    path::Path,
};

use directories::ProjectDirs;
use sockeye::{
    AuthKey, AuthLevel, ClientOptions, Endpoint, Error, ListenerOptions, RootCertificates, TlsClient, TlsClientOptions,
    TlsIdentity, TlsServer, Trust,
};

use super::{
    failure::Failure,
    options::{ConnectArgs, ListenArgs, MessageArgs},
};

/// The key that both ends have to know, if one is wanted.
pub(super) fn key(args: &MessageArgs) -> Result<Option<AuthKey>, Failure> {
    let Some(path) = &args.authkey_file else { return Ok(None) };
    let bytes = fs::read(path).map_err(|error| file(path, error))?;
    let key = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let key = key.strip_suffix(b"\r").unwrap_or(key);
    AuthKey::new(key).map(Some).map_err(|_| {
        Failure::Socket(Error::File {
            path: path.to_string_lossy().into(),
            source: io::Error::new(io::ErrorKind::InvalidData, "expected a key, found an empty file"),
        })
    })
}

/// What a listener asks and shows. Says the fingerprint of its certificate through `say`.
pub(super) fn of_listener(args: &ListenArgs, say: impl Fn(&str)) -> Result<ListenerOptions, Failure> {
    let mut options = ListenerOptions::default();
    options.least = least(&args.messages);
    if args.tls {
        refuse_tls_on_paths(&args.endpoint)?;
        let identity = match (&args.cert, &args.key) {
            (Some(cert), Some(key)) => TlsIdentity::load(cert, key)?,
            _ => own_identity()?,
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
        let mut tls = TlsClientOptions::default();
        tls.trust = match &args.cacert {
            Some(path) => Trust::Roots(RootCertificates::load(path)?),
            None if !args.pin.is_empty() => Trust::Pinned(args.pin.clone()),
            None if args.insecure => Trust::Nothing,
            None => Trust::System,
        };
        options.tls = Some(TlsClient::with_options(tls)?);
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

/// The identity of this user's listeners, made by the first one.
fn own_identity() -> Result<TlsIdentity, Failure> {
    let folders = ProjectDirs::from("", "", "sockeye");
    let folders =
        folders.ok_or(Failure::Usage("there is no home folder to keep a certificate in: use --cert, --key"))?;
    let folder = folders.data_dir();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| file(folder, error))?;
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    Ok(TlsIdentity::load_or_create(certificate, key, &["localhost", "127.0.0.1", "::1"])?)
}

fn file(path: &Path, source: io::Error) -> Failure {
    Failure::Socket(Error::File { path: path.to_string_lossy().into(), source })
}
