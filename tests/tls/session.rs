//! What both ends of a session agree to and know.

use sockeye::{
    ErrorKind, Interest, Status, StatusCode, TlsClient, TlsClientOptions, TlsServer, TlsServerOptions, TlsSocket,
    TlsVersion, Trust,
};

use crate::support::{
    await_ready, drain, eventually, in_thread, reset,
    tls::{identity, shake_hands, tcp_pair},
};

fn client(change: impl FnOnce(&mut TlsClientOptions)) -> TlsClient {
    let mut options = TlsClientOptions::default();
    options.trust = Trust::Pinned(vec![identity().fingerprint()]);
    change(&mut options);
    TlsClient::with_options(options).unwrap()
}

fn server(change: impl FnOnce(&mut TlsServerOptions)) -> TlsServer {
    let mut options = TlsServerOptions::new(identity().clone());
    change(&mut options);
    TlsServer::with_options(options).unwrap()
}

fn meet(client: &TlsClient, server: &TlsServer) -> (Status, Status, TlsSocket, TlsSocket) {
    let (near, far) = tcp_pair();
    let mut near = TlsSocket::client(near, client, "localhost").unwrap();
    let mut far = TlsSocket::server(far, server).unwrap();
    let (one, other) = shake_hands(&mut near, &mut far);
    (one, other, near, far)
}

#[test]
fn a_protocol_is_agreed_to() {
    let offers = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect::<Vec<_>>();
    for (offered, accepted, expected) in [
        (&["h2", "http/1.1"][..], &["http/1.1"][..], Some("http/1.1")),
        (&["a", "b"], &["b", "a"], Some("b")),
        (&[], &["a"], None),
        (&["a"], &[], None),
    ] {
        let (one, other, near, far) =
            meet(&client(|options| options.protocols = offers(offered)), &server(|o| o.protocols = offers(accepted)));
        assert_eq!((one.code(), other.code()), (StatusCode::Done, StatusCode::Done));
        for socket in [&near, &far] {
            assert_eq!(socket.protocol(), expected.map(str::as_bytes));
        }
    }
    let (one, other, ..) =
        meet(&client(|options| options.protocols = offers(&["a"])), &server(|o| o.protocols = offers(&["b"])));
    assert!(one.error().unwrap().to_string().contains("no_application_protocol"));
    assert_eq!(other.error().unwrap().kind(), ErrorKind::Tls);
}

#[test]
fn both_ends_know_the_session() {
    let (one, other, mut near, mut far) = meet(&client(|_| {}), &server(|_| {}));
    assert_eq!((one.code(), other.code()), (StatusCode::Done, StatusCode::Done));
    for socket in [&near, &far] {
        assert_eq!(socket.version(), Some(TlsVersion::Tls13));
        assert_eq!(socket.protocol(), None);
        assert!(!socket.is_resumed());
    }
    assert_eq!(near.peer_fingerprint(), Some(identity().fingerprint()));
    assert_eq!(
        sockeye::Fingerprint::of_certificate(near.peer_certificate().unwrap()).unwrap(),
        identity().fingerprint()
    );
    assert_eq!((far.peer_certificate(), far.peer_fingerprint()), (None, None));
    assert_eq!((near.remote_port(), near.local_port()), (far.local_port(), far.remote_port()));
    assert_eq!(near.remote_address(), far.local_address());

    let keys = |label: &[u8], context| {
        let mut keys = [[0; 32]; 2];
        near.export_keying_material(label, context, &mut keys[0]).unwrap();
        far.export_keying_material(label, context, &mut keys[1]).unwrap();
        assert_eq!(keys[0], keys[1]);
        keys[0]
    };
    let one = keys(b"EXPORTER-one", None);
    assert_ne!(one, [0; 32]);
    assert_ne!(one, keys(b"EXPORTER-two", None));
    assert_ne!(one, keys(b"EXPORTER-one", Some(b"context")));
    assert_eq!(near.export_keying_material(b"x", None, &mut []).unwrap_err().kind(), ErrorKind::Tls);

    near.disconnect();
    assert_eq!((near.version(), near.peer_certificate(), near.is_resumed()), (None, None, false));
    assert_eq!((near.local_port(), near.remote_port()), (0, 0));
    assert_eq!(near.export_keying_material(b"x", None, &mut [0]).unwrap_err().kind(), ErrorKind::Disconnected);
    assert_eq!(far.receive(&mut [0]).code(), StatusCode::Disconnected);
}

#[test]
fn nothing_is_known_before_the_handshake() {
    let (near, _far) = tcp_pair();
    let near = TlsSocket::client(near, &client(|_| {}), "localhost").unwrap();
    assert_eq!((near.version(), near.protocol(), near.peer_fingerprint()), (None, None, None));
    assert!(!near.is_resumed());
    assert_eq!(near.export_keying_material(b"x", None, &mut [0]).unwrap_err().kind(), ErrorKind::NotReady);
}

#[test]
fn the_lowest_version_is_kept() {
    let only_13 = |options: &mut TlsClientOptions| options.minimum = TlsVersion::Tls13;
    let (one, _, near, _) = meet(&client(only_13), &server(|options| options.minimum = TlsVersion::Tls13));
    one.into_result().unwrap();
    assert_eq!(near.version(), Some(TlsVersion::Tls13));
    assert_eq!(TlsClientOptions::default().minimum, TlsVersion::Tls12);
    assert!(TlsVersion::Tls12 < TlsVersion::Tls13);
}

#[test]
fn a_session_goes_on_from_an_earlier_one() {
    let (client, server) = (client(|_| {}), server(|_| {}));
    for round in 0..4 {
        let (one, other, mut near, mut far) = meet(&client, &server);
        one.into_result().unwrap();
        other.into_result().unwrap();
        assert_eq!((near.is_resumed(), far.is_resumed()), (round > 0, round > 0), "round {round}");
        assert_eq!(near.peer_fingerprint(), Some(identity().fingerprint()));
        // The tickets for the next session come with the first bytes of this one.
        far.send(b"hello").into_result().unwrap();
        assert_eq!(drain(&mut near, 5), b"hello");
    }
    // A clone shares them, another client does not, and another server cannot read them.
    let again = meet(&client.clone(), &server);
    assert!(again.2.is_resumed());
    let other = TlsServer::new(identity().clone()).unwrap();
    let (one, _, near, _) = meet(&client, &other);
    one.into_result().unwrap();
    assert!(!near.is_resumed());
}

/// A client that is through with the handshake, and a server that has not heard of it yet.
fn one_step_apart() -> (TlsSocket, TlsSocket) {
    let (near, far) = tcp_pair();
    let mut near = TlsSocket::client(near, &client(|_| {}), "localhost").unwrap();
    let mut far = TlsSocket::server(far, &server(|_| {})).unwrap();
    for socket in [&mut near, &mut far] {
        socket.set_blocking(false).unwrap();
    }
    assert!(near.handshake().is_not_ready());
    // The server's part goes out, and only the client's last step is missing.
    await_ready(&far, Interest::Read);
    assert!(far.handshake().is_not_ready());
    assert!(eventually(|| near.handshake()).is_done());
    (near, far)
}

#[test]
fn an_end_may_come_with_the_last_step_of_the_handshake() {
    let (mut near, mut far) = one_step_apart();
    near.shutdown_send().into_result().unwrap();
    assert!(eventually(|| far.handshake()).is_done());
    let status = eventually(|| far.receive(&mut [0; 8]));
    assert!(status.is_disconnected(), "{status:?}");
}

/// Nothing can be sent to such a peer any more, not even the tickets that a server sends behind the handshake.
#[test]
fn a_reset_may_come_with_the_last_step_and_the_end() {
    let (mut near, mut far) = one_step_apart();
    near.send(b"last words").into_result().unwrap();
    reset(near);
    let mut far = in_thread(move || {
        assert!(eventually(|| far.handshake()).is_done());
        far
    })
    .join();
    assert_eq!(drain(&mut far, 10), b"last words");
    for _ in 0..2 {
        assert!(far.receive(&mut [0; 8]).is_disconnected());
    }
    assert!(far.send(b"answer").is_disconnected());
}
