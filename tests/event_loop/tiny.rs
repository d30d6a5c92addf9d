//! Peers of tinyproto, who answer each message: late, never, or with something else.

use std::{net::TcpStream, time::Duration};

use sockeye::{CloseReason, ConnectionId, Error, Framing};

use super::rig::{Rig, read, rest_of, write};

/// A peer of tinyproto that has greeted.
fn greeted(rig: &mut Rig) -> (TcpStream, ConnectionId) {
    let mut peer = rig.peer();
    write(&mut peer, b"\xff");
    let id = rig.opened();
    assert_eq!(read(&mut peer, 1), b"\xff");
    (peer, id)
}

/// A send that looks for answers and finds that the peer has broken the framing ends the connection as a receive does.
#[test]
fn a_send_that_finds_the_end_tells_of_it() {
    for (said, framing_is_broken) in [(&b"\0\0\0\x02hi"[..], true), (b"\xfe", false)] {
        let mut rig = Rig::new(Framing::Tiny);
        let (mut peer, id) = greeted(&mut rig);
        for _ in 0..512 {
            rig.event_loop.send(id, b"x").into_result().unwrap();
        }
        write(&mut peer, said);
        // What the peer has said may take its time.
        let mut sent = 512;
        while rig.event_loop.send(id, b"x").is_done() {
            sent += 1;
            assert!(sent < 4096, "nothing is found");
            if sent % 512 == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        assert!(rig.event_loop.send(id, b"x").is_disconnected());
        let (closed, reason, _) = rig.closed();
        assert_eq!(closed, id);
        match reason {
            CloseReason::Failed(Error::Collision) => assert!(framing_is_broken),
            CloseReason::Failed(Error::PeerRefused { .. }) => assert!(!framing_is_broken),
            other => panic!("{other}"),
        }
        assert_eq!(rig.event_loop.counters().connections, 0);
    }
}
