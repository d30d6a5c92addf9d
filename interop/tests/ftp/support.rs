//! Clients for the servers, and what the tests ask of transfers.

use std::{ops::ControlFlow, sync::OnceLock};

use interop::{DEADLINE, FtpPort, FtpServer, pattern};
use sockeye::{
    Ftp, FtpDataMode, FtpOptions, FtpProgress, FtpResponse, FtpResume, FtpTls, FtpTransfer, FtpTransferOptions, Result,
    RootCertificates, TlsClient, TlsClientOptions, TransferMode, Trust,
};

use crate::polling;

/// How a session is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Security {
    Plain,
    Explicit,
    Implicit,
}

impl Security {
    /// What a session at a port can have.
    pub(crate) fn at(port: FtpPort) -> &'static [Self] {
        match port {
            FtpPort::Usual => &[Self::Plain, Self::Explicit],
            FtpPort::Implicit => &[Self::Implicit],
        }
    }
}

/// A client that is connected, and nothing more.
pub(crate) fn connected(server: &FtpServer, security: Security, data_mode: FtpDataMode) -> Ftp {
    let mut options = FtpOptions::default();
    options.silence = Some(DEADLINE);
    options.data_mode = data_mode;
    options.tls = match security {
        Security::Plain => FtpTls::Off,
        Security::Explicit => FtpTls::Explicit(trusting(server)),
        Security::Implicit => FtpTls::Implicit(trusting(server)),
    };
    let mut ftp = Ftp::with_options(options);
    ftp.connect(server.host(), server.port()).into_result().unwrap();
    ftp
}

/// A client that is logged in, in plain text.
pub(crate) fn client(server: &FtpServer, (user, password): (&str, &str)) -> Ftp {
    let mut ftp = connected(server, Security::Plain, FtpDataMode::Passive);
    ftp.login(user, password).into_result().unwrap();
    ftp
}

fn trusting(server: &FtpServer) -> TlsClient {
    let mut options = TlsClientOptions::default();
    options.trust = Trust::Roots(RootCertificates::load(server.authority()).unwrap());
    TlsClient::with_options(options).unwrap()
}

pub(crate) fn options(mode: TransferMode) -> FtpTransferOptions {
    let mut options = FtpTransferOptions::default();
    options.mode = mode;
    options
}

pub(crate) fn binary() -> FtpTransferOptions {
    options(TransferMode::Binary)
}

pub(crate) fn resuming() -> FtpTransferOptions {
    let mut options = binary();
    options.resume = FtpResume::IfPossible;
    options
}

/// Nobody looks on.
pub(crate) fn on(_: FtpProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Ends a transfer once so many bytes have moved.
pub(crate) fn until(bytes: u64) -> impl FnMut(FtpProgress) -> ControlFlow<()> {
    move |progress| if progress.transferred >= bytes { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// Sixteen mebibytes: more than the system keeps on the way.
pub(crate) fn large() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| pattern(LARGE))
}

pub(crate) const LARGE: usize = 16 * 1024 * 1024;

/// Polls a transfer when a selector says so, and as often as it wants to be.
pub(crate) fn finish(
    mut transfer: FtpTransfer,
    look: impl FnMut(FtpProgress) -> ControlFlow<()>,
) -> Result<FtpResponse> {
    polling::finish(&mut transfer, DEADLINE, look)?.into_result()
}
