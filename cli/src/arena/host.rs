//! A server on a thread of its own.

use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};

use sockeye::IpAddress;

use super::error::ArenaError;
use super::server::{Pulse, Server, Tally};
use super::stop::Stop;

/// A running server. It ends when this is dropped.
pub(crate) struct Host {
    port: u16,
    udp_port: u16,
    stop: Stop,
    pulses: Receiver<Pulse>,
    thread: Option<JoinHandle<Result<Tally, ArenaError>>>,
}

impl Host {
    /// Opens a server, as [`Server::open`] does, and starts it.
    ///
    /// # Errors
    ///
    /// As [`Server::open`], or [`ArenaError::Thread`].
    pub(crate) fn start(address: Option<IpAddress>, port: u16) -> Result<Self, ArenaError> {
        let (sender, pulses) = mpsc::sync_channel(1);
        let server = Server::open(address, port, sender)?;
        let (port, udp_port) = (server.port(), server.udp_port());
        let stop = Stop::default();
        let raised = stop.clone();
        let thread = thread::Builder::new().name("arena server".to_owned()).spawn(move || server.run(&raised));
        Ok(Self { port, udp_port, stop, pulses, thread: Some(thread.map_err(ArenaError::Thread)?) })
    }

    /// The TCP port that players connect to.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The UDP port for their datagrams.
    pub(crate) const fn udp_port(&self) -> u16 {
        self.udp_port
    }

    /// How the server does, once a second; the channel closes if the server fails.
    pub(crate) const fn pulses(&self) -> &Receiver<Pulse> {
        &self.pulses
    }

    /// Ends the server and tells what it counted.
    ///
    /// # Errors
    ///
    /// What the server failed with, or [`ArenaError::Panicked`].
    pub(crate) fn end(mut self) -> Result<Tally, ArenaError> {
        self.stop.raise();
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) | None => Err(ArenaError::Panicked("server")),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop.raise();
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}
