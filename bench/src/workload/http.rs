//! Requests to a web server in another process.

use std::net::SocketAddr;

use crate::Result;
use crate::contestant::expect;
use crate::contestant::http::Getter;
use crate::server::nginx::{LARGE_MIB, SMALL};
use crate::session::Session;

/// 1 KiB after 1 KiB over one connection.
pub fn get<G: Getter>(session: Session, server: SocketAddr) -> Result<()> {
    small::<G>(session, server, true)
}

/// The same, each over a connection of its own.
pub fn get_anew<G: Getter>(session: Session, server: SocketAddr) -> Result<()> {
    small::<G>(session, server, false)
}

fn small<G: Getter>(session: Session, server: SocketAddr, keep: bool) -> Result<()> {
    let mut getter = G::new(server, "/small", keep)?;
    session.serve(1, |operations| {
        for _ in 0..operations {
            expect(getter.get()? == SMALL, "a body was cut")?;
        }
        Ok(())
    })
}

/// Long bodies to memory; an operation is a MiB of them.
pub fn body<G: Getter>(session: Session, server: SocketAddr) -> Result<()> {
    let mut getter = G::new(server, "/large", true)?;
    session.serve(LARGE_MIB, |operations| {
        for _ in 0..operations / LARGE_MIB {
            expect(getter.get()? == (LARGE_MIB << 20) as usize, "a body was cut")?;
        }
        Ok(())
    })
}
