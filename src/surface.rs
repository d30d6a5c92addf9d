//! What several kinds of sockets offer in the same words, written once.

/// The modes of a socket: needs `fn mode(&self) -> Mode` and `fn change_mode(&mut self, Mode) -> Result<()>`. What is
/// said behind `timeout:` tells what happens when the limit passes.
macro_rules! mode_methods {
    ($socket:ty, timeout: $timeout:literal) => {
        impl $socket {
            /// Chooses between blocking (the default) and non-blocking mode, for what is open and for what will be.
            ///
            /// # Errors
            ///
            /// The system's, in theory: for an open socket it cannot fail on the systems this crate knows.
            pub fn set_blocking(&mut self, blocking: bool) -> $crate::error::Result<()> {
                self.change_mode($crate::mode::Mode { blocking, ..self.mode() })
            }

            /// Tells whether operations wait.
            #[must_use]
            pub fn is_blocking(&self) -> bool {
                self.mode().blocking
            }

            /// Sets how long an operation waits in blocking mode; `None`, the default, is for ever.
            ///
            /// The limit is for a whole operation, interruptions by signals included, exact to the millisecond and
            /// rounded up; zero makes operations look once and never wait.
            #[doc = $timeout]
            ///
            /// # Errors
            ///
            /// As for [`set_blocking`](Self::set_blocking).
            pub fn set_timeout(&mut self, limit: Option<std::time::Duration>) -> $crate::error::Result<()> {
                self.change_mode($crate::mode::Mode { timeout: limit, ..self.mode() })
            }

            /// Returns how long an operation waits in blocking mode.
            #[must_use]
            pub fn timeout(&self) -> Option<std::time::Duration> {
                self.mode().timeout
            }
        }
    };
}

/// The addresses of a socket: needs its fields `link` and `remote`.
macro_rules! address_methods {
    ($socket:ty) => {
        impl $socket {
            /// Returns the port of this end, 0 when there is no connection.
            #[must_use]
            pub fn local_port(&self) -> u16 {
                self.local().map_or(0, |local| local.port())
            }

            /// Returns the address of this end, `None` when there is no connection.
            #[must_use]
            pub fn local_address(&self) -> Option<$crate::ip::IpAddress> {
                self.local().map($crate::ip::IpAddress::reported)
            }

            /// Returns the address that the connection was made with, `None` when there is no connection.
            #[must_use]
            pub fn remote_address(&self) -> Option<$crate::ip::IpAddress> {
                self.remote().map($crate::ip::IpAddress::reported)
            }

            /// Returns the port that the connection was made with, 0 when there is no connection.
            #[must_use]
            pub fn remote_port(&self) -> u16 {
                self.remote().map_or(0, |remote| remote.port())
            }

            fn local(&self) -> Option<std::net::SocketAddr> {
                if !self.link.is_open() {
                    return None;
                }
                self.link.handle()?.socket().local_addr().ok()?.as_socket()
            }

            fn remote(&self) -> Option<std::net::SocketAddr> {
                self.remote.filter(|_| self.link.is_open())
            }
        }
    };
}

/// The surface of a stream socket over its field `link`, its modes included.
macro_rules! stream_methods {
    ($socket:ty) => {
        $crate::surface::mode_methods!(
            $socket,
            timeout: "When it passes, a send or a receive answers `NotReady`, and a connect `Error` with the kind `TimedOut`."
        );

        impl $socket {
            /// Ends a connection that was begun in non-blocking mode.
            ///
            /// `Done` once the connection is there, and for a socket that is connected anyway; `NotReady` until then. A
            /// socket that blocks by now waits for it, at most for its [`timeout`](Self::timeout); the connect goes on
            /// behind that. A failure is said once, as `Error`, and closes the socket: later calls answer
            /// `Disconnected`, as they do for a socket that was never asked to connect. Sends and receives on a
            /// connecting socket call this first.
            pub fn finish_connect(&mut self) -> $crate::status::Status {
                self.link.finish_connect()
            }

            /// Tells whether the socket has a connection of which it does not know yet that it has ended.
            ///
            /// Only a send or a receive finds out that the peer has gone.
            #[must_use]
            pub fn is_connected(&self) -> bool {
                self.link.is_open()
            }

            /// Sends bytes.
            ///
            /// In blocking mode `Done` means that the system has taken all of them, unless a timeout is set and passes:
            /// then it is `Done(k)` with as many as went, or `NotReady` if none went. In non-blocking mode `Done(k)`
            /// may be less than all; the rest is for the caller to send again, or see
            /// [`send_packet`](Self::send_packet). Empty data is `Done(0)` without a system call.
            #[inline]
            pub fn send(&mut self, data: &[u8]) -> $crate::status::Status<usize> {
                self.link.send(data)
            }

            /// Receives at least one byte, or as many as there are up to the length of the buffer.
            ///
            /// `Disconnected` comes after the last byte that the peer has sent, and then every time. An empty buffer is
            /// `Done(0)` without a system call.
            #[inline]
            pub fn receive(&mut self, buffer: &mut [u8]) -> $crate::status::Status<usize> {
                self.link.receive(buffer)
            }

            /// Sends a packet with its length in front, as SFML does.
            ///
            /// In blocking mode `Done` means that the system has taken all of it, with one system call for the length
            /// and the data when there is room; if a timeout is set and passes, `NotReady` means that nothing of the
            /// packet went, and if a part went, it is `Done` with the rest in the outbox. In non-blocking mode `Done`
            /// means that the socket has taken charge of the packet: what the system had no room for waits in the
            /// socket's own outbox, and [`flush`](Self::flush) and later sends move it on, in order. `NotReady` means
            /// that the outbox is over its limit, and that nothing of the packet was taken.
            ///
            /// `Error` with the kind `TooLong` when the packet is larger than
            /// [`set_packet_limit`](Self::set_packet_limit) allows; nothing is sent then.
            pub fn send_packet(&mut self, packet: &$crate::packet::Packet) -> $crate::status::Status {
                self.link.send_packet(packet)
            }

            /// Puts a packet into the outbox without a system call, to send many at once with [`flush`](Self::flush).
            ///
            /// `NotReady` when the outbox is over its limit: flush, then try again. Works while the socket is
            /// connecting.
            pub fn queue_packet(&mut self, packet: &$crate::packet::Packet) -> $crate::status::Status {
                self.link.queue_packet(packet)
            }

            /// Sends what is in the outbox: `Done` when it is empty, `NotReady` when the system had no room for all.
            ///
            /// In blocking mode it waits until the outbox is empty, at most for the [`timeout`](Self::timeout).
            pub fn flush(&mut self) -> $crate::status::Status {
                self.link.flush()
            }

            /// Returns how many bytes are in the outbox; for a TLS socket also those that are encrypted and not sent yet.
            #[must_use]
            pub fn pending_bytes(&self) -> usize {
                self.link.pending_bytes()
            }

            /// Receives the next packet; `packet` is replaced when the answer is `Done`, and untouched otherwise.
            ///
            /// The socket takes all that the system has with one call and cuts packets out of it, so the next packets
            /// may cost no call at all; a selector reports a socket that holds a whole packet as ready, and one that
            /// holds any bytes until this has answered `NotReady`. Part of a packet stays in the socket until the rest
            /// arrives (`NotReady` in non-blocking mode).
            /// [`receive`](Self::receive) gives such bytes first, too: nothing is lost when the two are mixed.
            ///
            /// `Error` with the kind `Truncated` when the peer closes inside a packet, then `Disconnected`. `Error`
            /// with the kind `TooLong` when the peer announces more than [`set_packet_limit`](Self::set_packet_limit)
            /// allows; the socket is then closed. An announcement costs no memory: a packet's grows with the bytes that
            /// arrive.
            pub fn receive_packet(&mut self, packet: &mut $crate::packet::Packet) -> $crate::status::Status {
                self.link.receive_packet(packet)
            }

            /// Ends the connection in one direction: the peer receives what was sent and then `Disconnected`, and may
            /// go on sending. Empties the outbox first, and answers as [`flush`](Self::flush) does until it is empty.
            pub fn shutdown_send(&mut self) -> $crate::status::Status {
                self.link.shutdown_send()
            }

            /// Sets the largest packet to send or to receive, in bytes without the length in front; the default is 16
            /// MiB.
            pub fn set_packet_limit(&mut self, bytes: usize) {
                self.link.set_packet_limit(bytes);
            }

            /// Returns the largest packet to send or to receive.
            #[must_use]
            pub fn packet_limit(&self) -> usize {
                self.link.packet_limit()
            }

            /// Sets how many bytes the outbox takes before `send_packet` and `queue_packet` answer `NotReady`; the
            /// default is 8 MiB. An empty outbox takes a packet of any size.
            pub fn set_outbox_limit(&mut self, bytes: usize) {
                self.link.set_outbox_limit(bytes);
            }

            /// Returns how many bytes the outbox takes.
            #[must_use]
            pub fn outbox_limit(&self) -> usize {
                self.link.outbox_limit()
            }

            /// Returns the system's handle of the socket, `None` when it is not open.
            #[must_use]
            pub fn native_handle(&self) -> Option<$crate::sys::NativeHandle<'_>> {
                self.link.handle().map($crate::sys::Handle::native)
            }

            pub(crate) fn handle(&self) -> Option<&$crate::sys::Handle> {
                self.link.handle()
            }

            #[inline]
            pub(crate) fn mode(&self) -> $crate::mode::Mode {
                self.link.mode()
            }

            fn change_mode(&mut self, mode: $crate::mode::Mode) -> $crate::error::Result<()> {
                self.link.set_mode(mode)
            }
        }

        /// `NotReady` is `WouldBlock`; the end of the stream is 0 bytes, a reset an error.
        impl std::io::Read for $socket {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.link.read(buffer)
            }
        }

        /// `NotReady` is `WouldBlock`, `Disconnected` is `NotConnected`; `flush` empties the outbox.
        impl std::io::Write for $socket {
            fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
                Ok(self.send(data).into_result()?)
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(Self::flush(self).into_result()?)
            }
        }
    };
}

pub(crate) use {address_methods, mode_methods, stream_methods};
