//! message-io, driven through its controller and processor on the benchmark's own thread: its fastest way, without the
//! event thread and the queue of its `node` module.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpStream};

use message_io::network;
use message_io::network::{Endpoint, NetEvent, NetworkController, NetworkProcessor, SendStatus, Transport};

use super::{Datagrams, Framed, SMALL, Stream, Watcher, expect, raw};
use crate::Result;
use crate::sys::set_nodelay_everywhere;

/// One network instance with one remote end.
struct Node {
    controller: NetworkController,
    processor: NetworkProcessor,
    remote: Option<Endpoint>,
}

impl Node {
    fn new() -> Self {
        let (controller, processor) = network::split();
        Self { controller, processor, remote: None }
    }

    /// Two nodes that are connected with each other over a stream transport.
    fn pair(transport: Transport) -> Result<(Self, Self)> {
        let (mut near, mut far) = (Self::new(), Self::new());
        let (_, address) = far.controller.listen(transport, "127.0.0.1:0")?;
        near.controller.connect(transport, address)?;
        while near.remote.is_none() {
            let remote = &mut near.remote;
            near.processor.process_poll_event(None, |event| {
                if let NetEvent::Connected(endpoint, true) = event {
                    *remote = Some(endpoint);
                }
            });
        }
        while far.remote.is_none() {
            let remote = &mut far.remote;
            far.processor.process_poll_event(None, |event| {
                if let NetEvent::Accepted(endpoint, _) = event {
                    *remote = Some(endpoint);
                }
            });
        }
        set_nodelay_everywhere()?;
        Ok((near, far))
    }

    fn send(&self, data: &[u8]) -> Result<()> {
        let remote = self.remote.ok_or("no remote end")?;
        expect(self.controller.send(remote, data) == SendStatus::Sent, "a message was not sent")
    }

    /// Waits for one round of events and hands every message to `each`.
    fn process(&mut self, mut each: impl FnMut(Endpoint, &[u8])) {
        self.processor.process_poll_event(None, |event| {
            if let NetEvent::Message(endpoint, data) = event {
                each(endpoint, data);
            }
        });
    }
}

/// A byte stream.
pub struct MessageIoStream(Node);

impl Stream for MessageIoStream {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = Node::pair(Transport::Tcp)?;
        Ok((Self(near), Self(far)))
    }

    fn send(&mut self, data: &[u8]) -> Result<()> {
        self.0.send(data)
    }

    fn receive(&mut self) -> Result<usize> {
        let mut received = 0;
        while received == 0 {
            self.0.process(|_, data| received += data.len());
        }
        Ok(received)
    }
}

/// Two UDP listeners that send to each other's address: both ends name the peer in each call, as all others do.
pub struct MessageIoDatagrams(Node);

impl Datagrams for MessageIoDatagrams {
    fn pair() -> Result<(Self, Self)> {
        let (mut near, mut far) = (Node::new(), Node::new());
        let (near_id, near_address) = near.controller.listen(Transport::Udp, "127.0.0.1:0")?;
        let (far_id, far_address) = far.controller.listen(Transport::Udp, "127.0.0.1:0")?;
        near.remote = Some(Endpoint::from_listener(near_id, far_address));
        far.remote = Some(Endpoint::from_listener(far_id, near_address));
        Ok((Self(near), Self(far)))
    }

    fn send(&mut self, data: &[u8]) -> Result<()> {
        self.0.send(data)
    }

    fn receive(&mut self) -> Result<u64> {
        let (mut received, mut all_whole) = (0, true);
        while received == 0 {
            self.0.process(|_, data| {
                received += 1;
                all_whole &= data.len() == SMALL;
            });
        }
        expect(all_whole, "a datagram has the wrong size")?;
        Ok(received)
    }
}

/// Accepted streams in one node; an event names its endpoint, and a map leads to the index.
pub struct MessageIoWatcher {
    node: Node,
    indices: HashMap<Endpoint, usize>,
}

impl Watcher for MessageIoWatcher {
    type Peers = Vec<TcpStream>;

    fn gather(count: usize) -> Result<(Self, Self::Peers)> {
        let mut node = Node::new();
        let (_, address) = node.controller.listen(Transport::Tcp, "127.0.0.1:0")?;
        let mut endpoints = Vec::with_capacity(count);
        let mut peers = Vec::with_capacity(count);
        for index in 0..count {
            peers.push(raw::connect_peer(address)?);
            while endpoints.len() == index {
                accept(&mut node, &mut endpoints);
            }
        }
        set_nodelay_everywhere()?;
        let indices = endpoints.into_iter().enumerate().map(|(index, endpoint)| (endpoint, index)).collect();
        Ok((Self { node, indices }, peers))
    }

    fn take(&mut self) -> Result<usize> {
        let mut ready = None;
        while ready.is_none() {
            self.node.process(|endpoint, data| {
                if data.len() == SMALL {
                    ready = Some(endpoint);
                }
            });
        }
        let index = ready.and_then(|endpoint| self.indices.get(&endpoint)).ok_or("an unknown endpoint")?;
        Ok(*index)
    }
}

/// Whole messages, with message-io's own variable-length size before each.
pub struct MessageIoFramed(Node);

impl Framed for MessageIoFramed {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = Node::pair(Transport::FramedTcp)?;
        Ok((Self(near), Self(far)))
    }

    fn send(&mut self) -> Result<()> {
        self.0.send(&[7; SMALL])
    }

    fn receive(&mut self) -> Result<u64> {
        let (mut received, mut all_whole) = (0, true);
        while received == 0 {
            self.0.process(|_, data| {
                received += 1;
                all_whole &= data.len() == SMALL;
            });
        }
        expect(all_whole, "a message has the wrong size")?;
        Ok(received)
    }
}

/// A node with `count` accepted idle connections, and the endpoints that name them. `connect` is given its address first.
pub fn hold(count: usize, connect: impl FnOnce(SocketAddr) -> Result<()>) -> Result<Held> {
    let mut node = Node::new();
    let (_, address) = node.controller.listen(Transport::Tcp, "127.0.0.1:0")?;
    connect(address)?;
    let mut endpoints = Vec::with_capacity(count);
    while endpoints.len() < count {
        accept(&mut node, &mut endpoints);
    }
    Ok(Held(node, endpoints))
}

/// Keeps what [`hold`] made.
pub struct Held(#[expect(dead_code, reason = "held, not used")] Node, #[expect(dead_code)] Vec<Endpoint>);

fn accept(node: &mut Node, endpoints: &mut Vec<Endpoint>) {
    node.processor.process_poll_event(None, |event| {
        if let NetEvent::Accepted(endpoint, _) = event {
            endpoints.push(endpoint);
        }
    });
}
