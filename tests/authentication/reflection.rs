//! What a listener asks is answered at the other end of its connection, and by no other client of its program.

use std::{
    io::{Read, Write},
    thread,
};

use sockeye::{AuthError, Client, Endpoint, Listener, ListenerOptions};

use crate::{
    DEADLINE, assert_connected, key, listener, port, raw, rogue,
    support::{
        frames::{frame, framed},
        loopbacks,
    },
    why,
};

/// Passes on what a listener asks, and hears nothing.
fn pass_on(from: &mut impl Read, to: &mut (impl Read + Write)) {
    let challenge = frame(from);
    assert!(challenge.starts_with(b"#CHALLENGE#{sha256}") && challenge.len() == 69);
    to.write_all(&framed(&challenge)).unwrap();
    assert_eq!(to.read(&mut [0; 99]).unwrap(), 0, "nothing is signed");
}

#[test]
fn a_rogue_cannot_have_a_client_answer_to_a_listener_of_the_same_program() {
    let mut listener = listener(ListenerOptions::default());
    let mut to_listener = raw(&listener);
    let honest = listener.address().unwrap();
    let accepted = thread::spawn(move || listener.accept().into_result().unwrap());
    let (endpoint, rogue) = rogue(move |front| pass_on(&mut to_listener, front));
    assert_eq!(why(Client::connect(&endpoint, Some(&key()))), AuthError::Reflected);
    rogue.join().unwrap();
    // The listener has skipped the rogue, and lets its own program in.
    let mut connection = Client::connect(&honest, Some(&key())).into_result().unwrap();
    let mut accepted = accepted.join().unwrap();
    assert_eq!(accepted.remote_port(), connection.local_port());
    assert_connected(&mut accepted, &mut connection);
}

#[test]
fn a_program_connects_to_its_own_listener_by_whichever_address() {
    // On all addresses the ends of a connection still have one each, and an IPv4 client of an IPv6 socket is one.
    for any in loopbacks().into_iter().map(|host| if host.is_v4() { "0.0.0.0" } else { "::" }) {
        let mut listener = Listener::bind(&Endpoint::Tcp { host: Some(any.into()), port: 0 }, Some(key())).unwrap();
        listener.set_timeout(Some(DEADLINE)).unwrap();
        let mut hosts = vec!["127.0.0.1"];
        hosts.extend((any == "::").then_some("::1"));
        // Linux takes these for the machine itself, too.
        hosts.extend(cfg!(target_os = "linux").then_some([any, "127.0.0.2"]).into_iter().flatten());
        for host in hosts {
            let endpoint = Endpoint::Tcp { host: Some(host.into()), port: port(&listener) };
            let client = thread::spawn(move || Client::connect(&endpoint, Some(&key())).into_result());
            let mut accepted = listener.accept().into_result().unwrap();
            assert_connected(&mut accepted, &mut client.join().unwrap().unwrap());
        }
    }
}

/// Over a local socket it is the process at the other end that tells, where the system does.
#[cfg(target_os = "linux")]
mod local {
    use std::{
        os::unix::net::{UnixListener, UnixStream},
        path::PathBuf,
    };

    use sockeye::LocalListener;

    use super::*;
    use crate::support::{child, fresh_path};

    #[test]
    fn a_rogue_of_another_process_cannot_have_a_client_answer_for_it() {
        const TEST: &str =
            "authentication::reflection::local::a_rogue_of_another_process_cannot_have_a_client_answer_for_it";
        const PATHS: [&str; 3] = ["SOCKEYE_TEST_LISTENER", "SOCKEYE_TEST_ROGUE", "SOCKEYE_TEST_READY"];
        if child::is_child(TEST) {
            return child::in_child(TEST, || {
                let [listener, rogue, ready] = PATHS.map(|name| PathBuf::from(std::env::var_os(name).unwrap()));
                let rogue = UnixListener::bind(rogue).unwrap();
                let mut to_listener = UnixStream::connect(listener).unwrap();
                to_listener.set_read_timeout(Some(DEADLINE)).unwrap();
                let _ready = UnixStream::connect(ready).unwrap();
                let (mut front, _) = rogue.accept().unwrap();
                front.set_read_timeout(Some(DEADLINE)).unwrap();
                pass_on(&mut to_listener, &mut front);
            });
        }
        let paths = [fresh_path(), fresh_path(), fresh_path()];
        let honest = Endpoint::Local(paths[0].clone());
        let mut listener = Listener::bind(&honest, Some(key())).unwrap();
        listener.set_timeout(Some(DEADLINE)).unwrap();
        let accepted = thread::spawn(move || listener.accept().into_result().unwrap());
        let mut ready = LocalListener::new();
        ready.listen(&paths[2]).into_result().unwrap();
        ready.set_timeout(Some(DEADLINE)).unwrap();
        let told = paths.clone();
        let rogue = thread::spawn(move || {
            child::run(TEST, |command| _ = command.envs(PATHS.into_iter().zip(told)));
        });
        let _ready = ready.accept().into_result().unwrap();
        assert_eq!(why(Client::connect(&Endpoint::Local(paths[1].clone()), Some(&key()))), AuthError::Reflected);
        rogue.join().unwrap();
        std::fs::remove_file(&paths[1]).unwrap();
        let mut connection = Client::connect(&honest, Some(&key())).into_result().unwrap();
        assert_connected(&mut accepted.join().unwrap(), &mut connection);
    }
}
