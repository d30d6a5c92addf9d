//! What stands for TLS where the feature is off: nothing of it can be made, and what would make it says so.

use std::{io, path::PathBuf};

use socket2::Socket;

use super::{TlsClientOptions, TlsServerOptions, TlsVersion};
use crate::{
    bytes::Outbox,
    error::{Error, Result},
    link::Wire,
    time::Deadline,
};

#[derive(Debug, Clone)]
enum Never {}

#[derive(Clone)]
pub(super) struct Client(Never);

#[derive(Clone)]
pub(super) struct Server(Never);

#[derive(Clone)]
pub(super) struct Roots(Never);

#[derive(Clone)]
pub(super) struct Identity(Never);

#[derive(Debug)]
pub(super) struct Session(Never);

fn off<T>() -> Result<T> {
    Err(Error::FeatureOff { feature: "tls" })
}

pub(super) fn sha256(_bytes: &[u8]) -> Result<[u8; 32]> {
    off()
}

pub(super) fn user_folder(_program: &str) -> Result<PathBuf> {
    off()
}

#[cfg(feature = "messages")]
pub(super) fn check_server_name(_name: &str) -> Result<()> {
    off()
}

impl Client {
    pub(super) fn new(_options: TlsClientOptions) -> Result<Self> {
        off()
    }

    pub(super) fn load_roots(&self) -> Result<()> {
        match self.0 {}
    }

    #[cfg(feature = "ftp")]
    pub(super) fn resuming(&self) -> Result<Self> {
        match self.0 {}
    }
}

impl Server {
    pub(super) fn new(_options: TlsServerOptions) -> Result<Self> {
        off()
    }
}

impl Roots {
    pub(super) fn from_pem(_pem: &[u8]) -> Result<Self> {
        off()
    }

    pub(super) fn len(&self) -> usize {
        match self.0 {}
    }
}

impl Identity {
    pub(super) fn self_signed(_names: &[&str]) -> Result<Self> {
        off()
    }

    pub(super) fn self_signed_with(_key: &[u8], _names: &[&str]) -> Result<Self> {
        off()
    }

    pub(super) fn from_pem(_certificates: &[u8], _key: &[u8]) -> Result<Self> {
        off()
    }

    pub(super) fn certificate_pem(&self) -> String {
        match self.0 {}
    }

    pub(super) fn key_pem(&self) -> String {
        match self.0 {}
    }

    pub(super) fn fingerprint(&self) -> [u8; 32] {
        match self.0 {}
    }
}

impl Session {
    pub(super) fn client(client: &Client, _name: &str) -> Result<Self> {
        match client.0 {}
    }

    pub(super) fn server(server: &Server) -> Result<Self> {
        match server.0 {}
    }

    pub(super) fn take_over(self, _received: Vec<u8>, _unsent: Outbox) -> Self {
        self
    }

    #[cfg(feature = "ftp")]
    pub(super) fn wants_to_send(&self) -> bool {
        match self.0 {}
    }

    pub(super) fn protocol(&self) -> Option<&[u8]> {
        match self.0 {}
    }

    pub(super) fn version(&self) -> Option<TlsVersion> {
        match self.0 {}
    }

    pub(super) fn is_resumed(&self) -> bool {
        match self.0 {}
    }

    pub(super) fn peer_certificate(&self) -> Option<&[u8]> {
        match self.0 {}
    }

    pub(super) fn export(&self, _label: &[u8], _context: Option<&[u8]>, _output: &mut [u8]) -> Result<()> {
        match self.0 {}
    }
}

impl Wire for Session {
    const BUFFERS: bool = true;

    fn is_ready(&self) -> bool {
        match self.0 {}
    }

    fn handshake(&mut self, _socket: &Socket, _until: Deadline) -> Result<()> {
        match self.0 {}
    }

    fn check(&self) -> Result<()> {
        match self.0 {}
    }

    fn send(&mut self, _socket: &Socket, _data: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    fn send_two(&mut self, _socket: &Socket, _first: &[u8], _second: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    fn pending(&self) -> usize {
        match self.0 {}
    }

    fn flush(&mut self, _socket: &Socket) -> io::Result<()> {
        match self.0 {}
    }

    fn receive(&mut self, _socket: &Socket, _buffer: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }

    fn receive_more(&mut self, _socket: &Socket, _buffer: &mut Vec<u8>, _room: usize) -> io::Result<usize> {
        match self.0 {}
    }

    fn wants_room(&self) -> bool {
        match self.0 {}
    }

    fn has_received(&self) -> bool {
        match self.0 {}
    }

    fn end(&mut self) {
        match self.0 {}
    }

    fn close(&mut self, _socket: &Socket) {
        match self.0 {}
    }
}
