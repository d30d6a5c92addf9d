//! Who is trusted on first use is trusted by whatever connects: clients that wait, clients that do not, and a loop.

use std::{fs, net::Ipv4Addr, path::Path, thread, time::Instant};

use sockeye::{
    Client, ClientOptions, CloseReason, ConnectOptions, Endpoint, ErrorKind, EventLoop, Framing, KnownHosts, LoopEvent,
    Status, TlsClient, TlsClientOptions, TlsIdentity, TlsServer, TlsSocket, Trust,
};

use crate::{DEADLINE, key, support::fresh_path};

/// What has become of a connection: the text of its error if it was not made.
type Outcome = Result<(), String>;

fn tls(known: &Path) -> TlsClient {
    let mut options = TlsClientOptions::default();
    options.trust = Trust::FirstUse(KnownHosts::at(known));
    TlsClient::with_options(options).unwrap()
}

fn client_options(known: &Path) -> ClientOptions {
    let mut options = ClientOptions::default();
    options.tls = Some(tls(known));
    options
}

fn outcome<T>(status: Status<T>) -> Outcome {
    status.into_result().map(drop).map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::Tls);
        error.to_string()
    })
}

fn waits(endpoint: &Endpoint, known: &Path) -> Outcome {
    outcome(Client::connect_with(endpoint, None, &client_options(known)))
}

/// With a key, which has nothing to prove to a stranger.
fn asks(endpoint: &Endpoint, known: &Path) -> Outcome {
    let mut client = Client::begin(endpoint, Some(&key()), &client_options(known)).unwrap();
    let end = Instant::now() + DEADLINE;
    loop {
        assert!(Instant::now() < end);
        match client.poll() {
            Status::NotReady => thread::yield_now(),
            // The server shows no key, so nobody comes further than that.
            Status::Disconnected => return Ok(()),
            other => return outcome(other),
        }
    }
}

fn in_a_loop(endpoint: &Endpoint, known: &Path) -> Outcome {
    let mut event_loop = EventLoop::new().unwrap();
    let mut options = ConnectOptions::default();
    options.tls = Some(tls(known));
    let id = event_loop.connect(endpoint, Framing::lines(), options).unwrap();
    // It goes as soon as there is somebody to hear it.
    let _ = event_loop.send(id, b"secret");
    let end = Instant::now() + DEADLINE;
    loop {
        assert!(Instant::now() < end);
        match event_loop.poll(Some(DEADLINE / 10)).unwrap() {
            Some(LoopEvent::Opened { .. }) => return Ok(()),
            Some(LoopEvent::Closed {
                reason: CloseReason::ConnectFailed(error) | CloseReason::Failed(error), ..
            }) => {
                return outcome(Status::<()>::Error(error));
            }
            other => assert!(other.is_none(), "{other:?}"),
        }
    }
}

/// Has somebody with this identity met, and tells what that one has heard behind the handshake of TLS.
fn meet(identity: &TlsIdentity, connect: impl FnOnce(&Endpoint) -> Outcome) -> (Outcome, Vec<u8>) {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = Endpoint::parse(&listener.local_addr().unwrap().to_string()).unwrap();
    let server = TlsServer::new(identity.clone()).unwrap();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut socket = TlsSocket::server(stream.try_into().unwrap(), &server).unwrap();
        let mut heard = Vec::new();
        if socket.handshake().is_done() {
            let _ = socket.shutdown_send();
            let mut piece = [0; 256];
            while let Status::Done(count) = socket.receive(&mut piece) {
                heard.extend(&piece[..count]);
            }
        }
        heard
    });
    let outcome = connect(&endpoint);
    (outcome, server.join().unwrap())
}

#[test]
fn the_first_certificate_is_the_one_for_all_that_connect() {
    let [one, two] = [(); 2].map(|()| TlsIdentity::self_signed(&["127.0.0.1"]).unwrap());
    for connect in [waits, asks, in_a_loop] {
        let known = fresh_path();
        let line = format!("127.0.0.1 {}\n", one.fingerprint());
        for _ in 0..2 {
            assert_eq!(meet(&one, |endpoint| connect(endpoint, &known)).0, Ok(()));
            assert_eq!(fs::read_to_string(&known).unwrap(), line);
        }
        let (outcome, heard) = meet(&two, |endpoint| connect(endpoint, &known));
        let error = outcome.unwrap_err();
        for identity in [&one, &two] {
            assert!(error.contains(&identity.fingerprint().to_string()), "{error}");
        }
        assert_eq!(heard, b"", "nothing for a stranger");
        assert_eq!(fs::read_to_string(&known).unwrap(), line, "what has changed is not written");
        fs::remove_file(&known).unwrap();
    }
}
