//! How many connections wait for an accept.

use std::time::Duration;

use sockeye::{Endpoint, Error, IpAddress, Listener, LocalSocket, Phase, TcpSocket};

use crate::{
    DEADLINE, options, port,
    support::{fresh_path, loopbacks},
};

/// Linux keeps one more than it is told; whoever comes after that is not answered.
const KEPT: usize = 2;
/// As many as come in at once where no number is set.
const CROWD: usize = 20;

fn bound(endpoint: &Endpoint, backlog: Option<u32>) -> Listener {
    Listener::bind_with(endpoint, None, options(|options| options.backlog = backlog)).unwrap()
}

/// Connects as many as are to be let in.
fn crowd(host: IpAddress, port: u16, count: usize) -> Vec<TcpSocket> {
    let connected = || {
        let mut socket = TcpSocket::new();
        socket.connect_timeout(host, port, DEADLINE).into_result().unwrap();
        socket
    };
    (0..count).map(|_| connected()).collect()
}

#[test]
fn as_many_wait_as_the_backlog_has_room_for() {
    let localhost = Endpoint::parse("localhost:0").unwrap();
    let each =
        loopbacks().into_iter().map(|host| (Endpoint::Tcp { host: Some(host.to_string()), port: 0 }, vec![host]));
    for (endpoint, hosts) in each.chain([(localhost, loopbacks())]) {
        let listener = bound(&endpoint, Some(1));
        for host in &hosts {
            // Each of its sockets has a queue.
            let _kept = crowd(*host, port(&listener), KEPT);
            let error = TcpSocket::new().connect_timeout(*host, port(&listener), Duration::from_millis(300)).error();
            assert!(
                matches!(error, Some(Error::TimedOut { phase: Phase::Connect, .. })),
                "{endpoint}, {host}: {error:?}"
            );
        }
        let listener = bound(&endpoint, None);
        for host in hosts {
            assert_eq!(crowd(host, port(&listener), CROWD).len(), CROWD);
        }
    }
}

#[test]
fn so_it_is_with_a_path() {
    let path = fresh_path();
    let endpoint = Endpoint::Local(path.clone());
    let begun = || {
        let mut socket = LocalSocket::new();
        socket.set_blocking(false).unwrap();
        let status = socket.connect(&path);
        (socket, status)
    };
    let listener = bound(&endpoint, Some(1));
    let kept: Vec<_> = (0..KEPT).map(|_| begun()).collect();
    assert!(kept.iter().all(|(_, status)| status.is_done()), "{kept:?}");
    assert!(begun().1.is_not_ready());
    drop(listener);
    let _listener = bound(&endpoint, None);
    let kept: Vec<_> = (0..CROWD).map(|_| begun()).collect();
    assert!(kept.iter().all(|(_, status)| status.is_done()), "{kept:?}");
}
