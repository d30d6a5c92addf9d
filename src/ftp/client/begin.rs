//! Transfers that nobody waits for.

use std::{
    io::{Read, Write},
    path::Path,
};

use super::Ftp;
use crate::{
    error::Error,
    ftp::{
        background::{Errand, FtpTransfer, Here, Lent},
        options::FtpTransferOptions,
    },
};

impl Ftp {
    /// Begins to download a file, as [`download_file`](Self::download_file) does.
    ///
    /// Nothing is sent before the first [`poll`](FtpTransfer::poll), which also tells of what failed here.
    #[must_use = "a transfer goes on when it is polled"]
    pub fn begin_download(
        &mut self,
        remote: &str,
        local: impl AsRef<Path>,
        options: &FtpTransferOptions,
    ) -> FtpTransfer {
        self.begin(remote, Here::ToFile(local.as_ref().to_owned()), options)
    }

    /// Begins to download a file to a writer, as [`download_to`](Self::download_to) does.
    #[must_use = "a transfer goes on when it is polled"]
    pub fn begin_download_to(
        &mut self,
        remote: &str,
        sink: impl Write + Send + 'static,
        options: &FtpTransferOptions,
    ) -> FtpTransfer {
        self.begin(remote, Here::ToWriter(Box::new(sink)), options)
    }

    /// Begins to upload a file, as [`upload_file`](Self::upload_file) does.
    #[must_use = "a transfer goes on when it is polled"]
    pub fn begin_upload(&mut self, local: impl AsRef<Path>, remote: &str, options: &FtpTransferOptions) -> FtpTransfer {
        self.begin(remote, Here::FromFile(local.as_ref().to_owned()), options)
    }

    /// Begins to upload what a reader gives, as [`upload_from`](Self::upload_from) does. A reader that waits holds
    /// [`poll`](FtpTransfer::poll) up.
    #[must_use = "a transfer goes on when it is polled"]
    pub fn begin_upload_from(
        &mut self,
        source: impl Read + Send + 'static,
        remote: &str,
        options: &FtpTransferOptions,
    ) -> FtpTransfer {
        self.begin(remote, Here::FromReader(Box::new(source)), options)
    }

    fn begin(&mut self, remote: &str, here: Here, options: &FtpTransferOptions) -> FtpTransfer {
        if let Err(error) = self.session() {
            return FtpTransfer::failed(error);
        }
        let Some(session) = self.session.take() else { return FtpTransfer::failed(Error::Disconnected) };
        let (lent, loan) = Lent::new(session);
        self.lent = Some(lent);
        FtpTransfer::begin(loan, Errand { remote: remote.to_owned(), here, options: *options })
    }
}
