//! A private authority for certificates, made by the program `openssl`.

use std::{path::PathBuf, process::Command};

use crate::Folder;

/// An authority in a folder: it writes certificates and keys there.
#[derive(Debug)]
pub struct Authority<'a> {
    folder: &'a Folder,
    name: &'static str,
}

impl<'a> Authority<'a> {
    /// Makes an authority; its own certificate is the file `{name}.pem`.
    ///
    /// # Panics
    ///
    /// When `openssl` does not do it.
    #[must_use]
    pub fn new(folder: &'a Folder, name: &'static str) -> Self {
        let authority = Self { folder, name };
        let extensions = ["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign,cRLSign"];
        authority.request(name, &[], &extensions);
        authority
    }

    /// Writes the certificate `{file}.pem` and its key `{file}.key` for these names (`DNS:example`, `IP:127.0.0.1`);
    /// returns their paths.
    ///
    /// # Panics
    ///
    /// When `openssl` does not do it.
    pub fn issue(&self, file: &str, names: &str) -> (PathBuf, PathBuf) {
        let (certificate, key) = self.paths(self.name);
        let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
        let names = format!("subjectAltName={names}");
        let extensions = ["basicConstraints=critical,CA:false", "extendedKeyUsage=serverAuth,clientAuth", &names];
        self.request(file, &["-CA", &certificate, "-CAkey", &key], &extensions);
        self.paths(file)
    }

    fn request(&self, file: &str, issuer: &[&str], extensions: &[&str]) {
        let (certificate, key) = self.paths(file);
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "30"]);
        // Without a configuration no extension comes in that is not asked for here.
        command.args(["-config", "/dev/null", "-subj", &format!("/CN={file}")]).args(issuer);
        for extension in extensions {
            command.args(["-addext", extension]);
        }
        command.arg("-keyout").arg(key).arg("-out").arg(certificate);
        let output = command.output().unwrap_or_else(|error| panic!("openssl cannot be run: {error}"));
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn paths(&self, file: &str) -> (PathBuf, PathBuf) {
        (self.folder.join(&format!("{file}.pem")), self.folder.join(&format!("{file}.key")))
    }
}
