//! Discovery on loopback: a service is published, found and connected to.

use std::time::{Duration, Instant};

use sockeye::{
    Connection, Endpoint, Error, Framing, IpAddress, TcpListener, UdpSocket,
    discovery::{self, Interfaces, TxtRecord},
};

use super::{
    PATIENCE,
    failure::{Failure, expect},
};

pub(super) fn step() -> Result<String, Failure> {
    if multicast().is_err() {
        return Ok("left out: loopback carries no multicast here".to_owned());
    }
    discovery::set_interfaces(Interfaces::Loopback)?;
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
    let mut txt = TxtRecord::new();
    txt.set("step", "discovery")?;

    // No other tour on this machine may be meant.
    let endpoint = Endpoint::parse(&format!("sockeye-tour|tour {}", std::process::id()))?;
    // Whoever asks before hears of it at once.
    let _browser = discovery::browse("sockeye-tour")?;
    let begin = Instant::now();
    let published = endpoint.publish(listener.local_port(), &txt)?;
    if !published.wait(Some(PATIENCE)).is_done() {
        return Err(Failure::wrong("a published service", "silence"));
    }
    let publishing = begin.elapsed();

    let begin = Instant::now();
    let found = endpoint.find(Some(PATIENCE))?;
    let finding = begin.elapsed();
    expect("the port", &listener.local_port(), &found.port())?;
    expect("the text", &Some("discovery"), &found.txt().text("step"))?;
    expect("the address", &IpAddress::LOCAL_HOST, &found.addresses().first().copied().unwrap_or(IpAddress::ANY))?;
    let mut connection = Connection::connect(&endpoint, Framing::lines(), Some(PATIENCE))?;
    connection.send(b"here you are").into_result()?;
    let mut server = Connection::new(listener.accept().into_result()?, Framing::lines());
    expect("the line", &b"here you are".to_vec(), &server.receive().into_result()?)?;

    Ok(format!(
        "a service on loopback published in {:.2} s, found in {:.1} ms and connected to by its name",
        publishing.as_secs_f64(),
        finding.as_secs_f64() * 1e3
    ))
}

/// Sends one datagram to a group on loopback. Some sandboxes have none, which is no fault of this program.
fn multicast() -> Result<(), Error> {
    let group = IpAddress::new(239, 255, 17, 4);
    let mut receiver = UdpSocket::new();
    receiver.bind_to(IpAddress::ANY, UdpSocket::ANY_PORT).into_result()?;
    receiver.set_timeout(Some(Duration::from_millis(500)))?;
    receiver.join_multicast(group, IpAddress::LOCAL_HOST).into_result()?;
    let mut sender = UdpSocket::new();
    sender.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result()?;
    sender.set_multicast_interface(IpAddress::LOCAL_HOST).into_result()?;
    sender.send(b"?", group, receiver.local_port()).into_result()?;
    receiver.receive(&mut [0; 4]).into_result().map(drop)
}
