//! Files in both directions.

use std::{
    io::{Read, Write},
    ops::ControlFlow,
    path::Path,
};

use super::Ftp;
use crate::{
    error::Error,
    ftp::{
        cargo::{FromReader, ToWriter},
        files::{self, nobody},
        options::{Append, FtpProgress, FtpTransferOptions, TransferMode},
        response::FtpResponse,
        tree::{self, FtpTreeProgress},
    },
};

impl Ftp {
    /// Downloads a file into a local folder, where it has the name that it has at the server.
    ///
    /// It gets that name when the server has confirmed that it is whole, and replaces a file of the same name then;
    /// until then it has a temporary one in the same folder. A folder that takes no file is found out before the server
    /// is asked for anything.
    #[must_use = "the server may have refused"]
    pub fn download(&mut self, remote: &str, local_folder: impl AsRef<Path>, mode: TransferMode) -> FtpResponse {
        let options = FtpTransferOptions { mode, ..FtpTransferOptions::default() };
        match files::file_name(remote) {
            Ok(name) => self.download_file(remote, local_folder.as_ref().join(name), &options, nobody),
            Err(error) => FtpResponse::failed(error),
        }
    }

    /// Uploads a file into a folder of the server, where it has the name that it has here; an empty name is the working
    /// folder.
    #[must_use = "the server may have refused"]
    pub fn upload(
        &mut self,
        local: impl AsRef<Path>,
        remote_folder: &str,
        mode: TransferMode,
        append: Append,
    ) -> FtpResponse {
        let local = local.as_ref();
        let Some(name) = local.file_name().and_then(|name| name.to_str()) else {
            return FtpResponse::failed(Error::invalid_input(
                &local.to_string_lossy(),
                "a file with a name in Unicode",
            ));
        };
        let remote = joined(remote_folder, name);
        let options = FtpTransferOptions { mode, append, ..FtpTransferOptions::default() };
        self.upload_file(local, &remote, &options, nobody)
    }

    /// Downloads a file to a writer, from [`FtpTransferOptions::offset`] on.
    ///
    /// `progress` is called after every piece, five times a second while nothing comes, and at the end; `Break` ends the
    /// transfer, and the session can be used for the next one. What the writer got is the beginning of the file then, or if the
    /// answer is not [`ok`](FtpResponse::ok) for another reason.
    #[must_use = "the server may have refused"]
    pub fn download_to(
        &mut self,
        remote: &str,
        sink: &mut dyn Write,
        options: &FtpTransferOptions,
        mut progress: impl FnMut(FtpProgress) -> ControlFlow<()>,
    ) -> FtpResponse {
        self.with(|session| files::download(session, remote, &mut ToWriter(sink), options, &mut progress))
    }

    /// Uploads what a reader gives, until its end; from [`FtpTransferOptions::offset`] of the server's file on, or behind
    /// what that has.
    #[must_use = "the server may have refused"]
    pub fn upload_from(
        &mut self,
        source: &mut dyn Read,
        remote: &str,
        options: &FtpTransferOptions,
        mut progress: impl FnMut(FtpProgress) -> ControlFlow<()>,
    ) -> FtpResponse {
        self.with(|session| files::upload(session, &mut FromReader(source), remote, options, None, &mut progress))
    }

    /// Downloads a file under another name, or goes on with it. If it replaces a file, it gets the permissions of that.
    ///
    /// With [`FtpResume::IfPossible`](crate::FtpResume::IfPossible) a part that is not whole stays beside the file, as
    /// `NAME.part`, and what identifies the server's file as `NAME.part.id`: its size, and the time of its last change
    /// where the server tells it. The next download goes on from there if they are still the same. Such a part is the owner's
    /// alone where it is to replace a file.
    #[must_use = "the server may have refused"]
    pub fn download_file(
        &mut self,
        remote: &str,
        local: impl AsRef<Path>,
        options: &FtpTransferOptions,
        mut progress: impl FnMut(FtpProgress) -> ControlFlow<()>,
    ) -> FtpResponse {
        self.with(|session| files::download_file(session, remote, local.as_ref(), options, &mut progress))
    }

    /// Uploads a file under another name, or goes on with it.
    ///
    /// With [`FtpResume::IfPossible`](crate::FtpResume::IfPossible) the bytes that the server has are left out, as many
    /// as they are: that they are the beginning of the same file is for the caller to know. What is whole already is
    /// answered with its size.
    #[must_use = "the server may have refused"]
    pub fn upload_file(
        &mut self,
        local: impl AsRef<Path>,
        remote: &str,
        options: &FtpTransferOptions,
        mut progress: impl FnMut(FtpProgress) -> ControlFlow<()>,
    ) -> FtpResponse {
        self.with(|session| files::upload_file(session, local.as_ref(), remote, options, &mut progress))
    }

    /// Downloads a folder of the server with everything in it; the local one is made where there is none.
    ///
    /// Links are left out, and names that would lead out of the folder are an error. It ends at the first failure,
    /// which is the answer then; what was whole before stays. The other answers are 250 with the number of files.
    #[must_use = "the server may have refused"]
    pub fn download_tree(
        &mut self,
        remote: &str,
        local: impl AsRef<Path>,
        options: &FtpTransferOptions,
        mut progress: impl FnMut(FtpTreeProgress<'_>) -> ControlFlow<()>,
    ) -> FtpResponse {
        self.with(|session| {
            tree::download_tree(session, remote, local.as_ref(), options, &mut progress)
                .unwrap_or_else(FtpResponse::failed)
        })
    }

    /// Uploads a local folder with everything in it; folders of the server are made where there are none.
    ///
    /// Symbolic links are left out. It ends as [`download_tree`](Self::download_tree) does.
    #[must_use = "the server may have refused"]
    pub fn upload_tree(
        &mut self,
        local: impl AsRef<Path>,
        remote: &str,
        options: &FtpTransferOptions,
        mut progress: impl FnMut(FtpTreeProgress<'_>) -> ControlFlow<()>,
    ) -> FtpResponse {
        self.with(|session| {
            tree::upload_tree(session, local.as_ref(), remote, options, &mut progress)
                .unwrap_or_else(FtpResponse::failed)
        })
    }
}

/// A name in a folder of the server.
pub(in crate::ftp) fn joined(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        _ if folder.ends_with('/') => format!("{folder}{name}"),
        _ => format!("{folder}/{name}"),
    }
}
