//! Encrypted connections.
use crate::{
    error::{Error, Result},
    status::Status,
    sys::Handle,
    tcp::TcpSocket,
};
use std::time::Duration;
#[derive(Debug)]
enum Never {}
/// x
#[derive(Debug)]
pub struct TlsSocket(Never);
/// x
#[derive(Debug, Clone)]
pub struct TlsClient(());
impl TlsClient {
    /// x
    pub fn new() -> Result<Self> {
        Err(Error::FeatureOff { feature: "tls" })
    }
}
#[allow(missing_docs, clippy::all)]
impl TlsSocket {
    pub fn client(_: TcpSocket, _: &TlsClient, _: &str) -> Result<Self> {
        Err(Error::FeatureOff { feature: "tls" })
    }
    pub fn handshake(&mut self) -> Status {
        match self.0 {}
    }
    pub fn set_blocking(&mut self, _: bool) -> Result<()> {
        match self.0 {}
    }
    pub fn set_timeout(&mut self, _: Option<Duration>) -> Result<()> {
        match self.0 {}
    }
    pub fn send(&mut self, _: &[u8]) -> Status<usize> {
        match self.0 {}
    }
    pub fn receive(&mut self, _: &mut [u8]) -> Status<usize> {
        match self.0 {}
    }
    pub fn flush(&mut self) -> Status {
        match self.0 {}
    }
    pub(crate) fn handle(&self) -> Option<&Handle> {
        match self.0 {}
    }
    pub(crate) fn handle_mut(&mut self) -> Option<&mut Handle> {
        match self.0 {}
    }
}
