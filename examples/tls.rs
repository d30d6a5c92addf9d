//! An encrypted connection to a server whose certificate nobody has signed: it is trusted on first use and known from
//! then on, as with SSH.

use std::{env, fs, process, thread};

use sockeye::{
    IpAddress, KnownHosts, Packet, Result, TcpListener, TcpSocket, TlsClient, TlsClientOptions, TlsIdentity, TlsServer,
    TlsSocket, Trust,
};

fn main() -> Result<()> {
    let folder = env::temp_dir().join(format!("sockeye-example-tls-{}", process::id()));
    fs::create_dir_all(&folder).expect("a folder for keys and known hosts");
    let result = talk(&folder);
    fs::remove_dir_all(&folder).expect("the folder is this program's own");
    result
}

fn talk(folder: &std::path::Path) -> Result<()> {
    // The server makes its key once and keeps it, so that its fingerprint stays the same.
    let identity = TlsIdentity::load_or_create(folder.join("server.crt"), folder.join("server.key"), &["localhost"])?;
    println!("the server's fingerprint is {}", identity.fingerprint());
    let config = TlsServer::new(identity)?;
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
    let port = listener.local_port();
    let server = thread::spawn(move || serve(&mut listener, &config));

    let mut options = TlsClientOptions::default();
    options.trust = Trust::FirstUse(KnownHosts::at(folder.join("known_hosts")));
    let config = TlsClient::with_options(options)?;
    for _ in 0..2 {
        let mut socket = TcpSocket::new();
        socket.connect(IpAddress::LOCAL_HOST, port).into_result()?;
        let mut socket = TlsSocket::client(socket, &config, "localhost")?;
        let mut packet = Packet::new();
        packet.write_str("what is the answer?");
        socket.send_packet(&packet).into_result()?;
        socket.receive_packet(&mut packet).into_result()?;
        let how = if socket.is_resumed() { "resumed" } else { "new" };
        println!("{:?}, {how} session: the answer is {}", socket.version(), packet.read_u32()?);
    }
    server.join().expect("the server does not panic")?;

    // Somebody else with another certificate is not let in between.
    let config = TlsServer::new(TlsIdentity::self_signed(&["localhost"])?)?;
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
    let port = listener.local_port();
    let imposter = thread::spawn(move || serve(&mut listener, &config));
    let mut socket = TcpSocket::new();
    socket.connect(IpAddress::LOCAL_HOST, port).into_result()?;
    let mut options = TlsClientOptions::default();
    options.trust = Trust::FirstUse(KnownHosts::at(folder.join("known_hosts")));
    let mut socket = TlsSocket::client(socket, &TlsClient::with_options(options)?, "localhost")?;
    println!("an imposter: {}", socket.send(b"secret").error().expect("it must be refused"));
    println!("and it heard: {}", imposter.join().expect("the server does not panic").expect_err("no session"));
    Ok(())
}

fn serve(listener: &mut TcpListener, config: &TlsServer) -> Result<()> {
    for _ in 0..2 {
        let mut socket = TlsSocket::server(listener.accept().into_result()?, config)?;
        let mut packet = Packet::new();
        socket.receive_packet(&mut packet).into_result()?;
        packet.clear();
        packet.write_u32(42);
        socket.send_packet(&packet).into_result()?;
    }
    Ok(())
}
