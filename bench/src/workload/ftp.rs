//! Files of an FTP server in another process.

use std::net::SocketAddr;
use std::path::Path;

use crate::Result;
use crate::contestant::expect;
use crate::contestant::ftp::Session as Ftp;
use crate::server::vsftpd::{FILES, SMALL};
use crate::session::Session;

/// 1 KiB after 1 KiB over one session, to files in the current folder.
pub fn files<F: Ftp>(session: Session, server: SocketAddr) -> Result<()> {
    let mut ftp = F::open(server)?;
    let mut names = (0..FILES).cycle();
    session.serve(1, |operations| {
        let mut name = String::new();
        for number in names.by_ref().take(operations as usize) {
            name = number.to_string();
            ftp.download(&format!("small/{name}"), Path::new(&name))?;
        }
        // To look at each would be a system call more for each.
        expect(Path::new(&name).metadata()?.len() == SMALL as u64, "a file was cut")
    })
}
