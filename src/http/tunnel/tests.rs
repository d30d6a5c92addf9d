use std::{
    net::Ipv4Addr,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use proptest::prelude::*;

use super::{
    http_connect::{HEAD_LIMIT, MAX_FIELDS},
    *,
};
use crate::{
    error::{ErrorKind, Limit},
    http::{
        connector::{First, Route, connect},
        proxy::ProxyAddress,
        time_limit::tests::is_late_by_less_than,
    },
    ip::IpAddress,
    tcp::TcpListener,
};

const SOON: Duration = Duration::from_secs(10);
const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n";
/// The whole of what a SOCKS proxy without a login answers.
const BOUND: &[u8] = &[5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/// Feeds bytes one by one; gives how many were taken and the outcome.
fn run(negotiation: &mut HttpConnect, answer: &[u8]) -> (usize, Result<()>) {
    let mut taken = 0;
    loop {
        match negotiation.next() {
            Ok(Step::Send(_)) => {}
            Ok(Step::Receive(wanted)) => {
                assert!((1..=2).contains(&wanted), "{wanted}");
                let end = answer.len().min(taken + wanted);
                if end == taken {
                    return (taken, Err(Error::NotReady));
                }
                negotiation.receive(&answer[taken..end]);
                taken = end;
            }
            Ok(Step::Done) => return (taken, Ok(())),
            Err(error) => return (taken, Err(error)),
        }
    }
}

fn answered(answer: &[u8]) -> (usize, Result<()>) {
    run(&mut HttpConnect::new("host", 443, None).unwrap(), answer)
}

/// A proxy with a script: it waits for so many bytes of a request, sends an answer, and so on. It keeps the connection
/// open until the client closes it, unless it is to close it.
struct Scripted {
    port: u16,
    thread: JoinHandle<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Close,
    Stay,
}

impl Scripted {
    fn start(script: Vec<(usize, Vec<u8>)>, pace: Option<Duration>, end: End) -> Self {
        let mut listener = TcpListener::new();
        listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
        listener.set_timeout(Some(SOON)).unwrap();
        let port = listener.local_port();
        let thread = thread::spawn(move || {
            let mut socket = listener.accept().into_result().unwrap();
            let mut heard = Vec::new();
            for (wanted, answer) in script {
                let until = heard.len() + wanted;
                while heard.len() < until {
                    let mut buffer = [0; 1024];
                    let room = buffer.len().min(until - heard.len());
                    let count = socket.receive(&mut buffer[..room]).into_result().unwrap();
                    heard.extend_from_slice(&buffer[..count]);
                }
                match pace {
                    None if !socket.send(&answer).is_done() => return heard,
                    None => {}
                    Some(pace) => {
                        for byte in answer {
                            if !socket.send(&[byte]).is_done() {
                                return heard;
                            }
                            thread::sleep(pace);
                        }
                    }
                }
            }
            while end == End::Stay && socket.receive(&mut [0; 64]).is_done() {}
            heard
        });
        Self { port, thread }
    }

    fn reach(&self, proxy: &str, host: &str, limit: Duration) -> Result<TcpSocket> {
        let proxy = ProxyAddress::parse(&format!("{proxy}127.0.0.1:{}", self.port)).unwrap();
        let route = Route { host: host.into(), port: 443, https: true, proxy: Some(proxy) };
        connect(&route, First { bytes: b"never sent", uploads: false }, TimeLimit::after(Some(limit)), &Cancel::new())
            .map(|connected| connected.socket)
    }

    fn heard(self) -> Vec<u8> {
        self.thread.join().unwrap()
    }
}

const PLAIN_REQUEST: &str = "CONNECT name.invalid:443 HTTP/1.1\r\nHost: name.invalid:443\r\n\r\n";
const SOCKS_REQUEST: &[u8] = b"\x05\x01\x00\x05\x01\x00\x03\x0cname.invalid\x01\xbb";

#[test]
fn requests_are_as_rfc_9110_has_them() {
    let sent = |host: &str, credentials: Option<&Credentials>| {
        let mut negotiation = HttpConnect::new(host, 8443, credentials).unwrap();
        let Ok(Step::Send(bytes)) = negotiation.next() else { panic!("nothing is sent") };
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(sent("example.com", None), "CONNECT example.com:8443 HTTP/1.1\r\nHost: example.com:8443\r\n\r\n");
    assert_eq!(sent("::1", None), "CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n");
    let credentials = Credentials { user: "user".to_owned(), password: "pw".to_owned() };
    assert_eq!(
        sent("h", Some(&credentials)),
        "CONNECT h:8443 HTTP/1.1\r\nHost: h:8443\r\nProxy-Authorization: Basic dXNlcjpwdw==\r\n\r\n"
    );
    for host in ["", "a b", "a\r\nX: y", "a\0", "b\u{fc}cher"] {
        assert_eq!(HttpConnect::new(host, 80, None).unwrap_err().kind(), ErrorKind::InvalidInput, "{host:?}");
    }
}

#[test]
fn any_2xx_opens_the_tunnel_and_no_byte_behind_it_is_taken() {
    for head in [
        ESTABLISHED,
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 299 \r\n\r\n",
        b"HTTP/1.1 200\n\n",
        b"HTTP/1.1 200 OK\r\nA: b\n\r\n",
        b"HTTP/1.1 200 OK\nA: b\n\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        // The length means nothing here (RFC 9110 section 9.3.6).
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    ] {
        let longer = [head, b"\n\r\n\x16\x03\x01"].concat();
        let (taken, result) = answered(&longer);
        result.unwrap();
        assert_eq!(taken, head.len(), "{}", String::from_utf8_lossy(head));
        for end in 0..head.len() {
            let (taken, result) = answered(&head[..end]);
            assert_eq!((taken, result.unwrap_err().kind()), (end, ErrorKind::NotReady));
        }
    }
}

#[test]
fn everything_else_is_a_refusal_with_its_number() {
    for (head, code, text) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", 407, "Proxy Authentication Required (the proxy)"),
        ("HTTP/1.1 503 \r\nContent-Length: 900\r\n\r\n", 503, "(the proxy)"),
        ("HTTP/1.1 302 Found\r\nLocation: http://evil/\r\n\r\n", 302, "Found (the proxy)"),
        ("HTTP/1.1 999 \t odd\r\n\r\n", 999, " odd (the proxy)"),
    ] {
        let error = answered(head.as_bytes()).1.unwrap_err();
        let Error::PeerRefused { code: found, text: reason } = &error else { panic!("{error:?}") };
        assert_eq!((*found, reason.trim_start()), (code, text.trim_start()));
    }
    let endless = format!("HTTP/1.1 500 {}\r\n\r\n", "x".repeat(5000));
    assert!(answered(endless.as_bytes()).1.unwrap_err().to_string().len() < 300);
}

#[test]
fn what_is_no_response_is_malformed() {
    for head in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\0\r\n\r\n",
        "\n\n",
    ] {
        assert_eq!(answered(head.as_bytes()).1.unwrap_err().kind(), ErrorKind::Malformed, "{head:?}");
    }
}

#[test]
fn a_head_may_have_its_limit_and_no_byte_more() {
    let head = |length: usize| {
        let (start, end) = ("HTTP/1.1 200 OK\r\nA: ", "\r\n\r\n");
        format!("{start}{}{end}", "x".repeat(length - start.len() - end.len())).into_bytes()
    };
    answered(&head(HEAD_LIMIT)).1.unwrap();
    for too_long in [head(HEAD_LIMIT + 1), head(HEAD_LIMIT + 2), vec![b'x'; HEAD_LIMIT * 2]] {
        let (taken, result) = answered(&too_long);
        assert!(matches!(result, Err(Error::TooLong { what: Limit::Head, .. })), "{result:?}");
        assert_eq!(taken, HEAD_LIMIT);
    }
    // Interim responses without end are under the same limit.
    let (taken, result) = answered(&b"HTTP/1.1 100 Continue\r\n\r\n".repeat(HEAD_LIMIT / 20));
    assert!(matches!(result, Err(Error::TooLong { what: Limit::Head, .. })), "{result:?}");
    assert!(taken <= HEAD_LIMIT);
}

#[test]
fn a_head_may_have_so_many_fields_and_not_one_more() {
    let head = |count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(count)).into_bytes();
    answered(&head(MAX_FIELDS)).1.unwrap();
    let error = answered(&head(MAX_FIELDS + 1)).1.unwrap_err();
    assert!(matches!(error, Error::TooMany { what: Limit::Fields, limit: 128 }), "{error:?}");
}

#[test]
fn early_bytes_of_the_target_stay_in_the_socket() {
    for (proxy, wanted, answer) in [
        ("", vec![PLAIN_REQUEST.len()], vec![ESTABLISHED]),
        ("socks5h://", vec![3, 19], vec![&BOUND[..2], &BOUND[2..]]),
    ] {
        for pace in [None, Some(Duration::ZERO)] {
            let mut answers: Vec<Vec<u8>> = answer.iter().map(|part| part.to_vec()).collect();
            answers.last_mut().unwrap().extend_from_slice(b"early");
            let script = wanted.iter().copied().zip(answers).collect();
            let scripted = Scripted::start(script, pace, End::Stay);
            let mut socket = scripted.reach(proxy, "name.invalid", SOON).unwrap();
            assert!(!socket.is_blocking());
            socket.set_timeout(Some(SOON)).unwrap();
            socket.set_blocking(true).unwrap();
            let mut early = [0; 5];
            let mut count = 0;
            while count < early.len() {
                count += socket.receive(&mut early[count..]).into_result().unwrap();
            }
            assert_eq!(&early, b"early");
            drop(socket);
            let heard = scripted.heard();
            let expected = if proxy.is_empty() { PLAIN_REQUEST.as_bytes() } else { SOCKS_REQUEST };
            assert_eq!(heard, expected);
        }
    }
}

#[test]
fn a_login_is_sent_and_its_refusal_does_not_repeat_it() {
    let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\nhush".to_vec();
    let length = PLAIN_REQUEST.len() + "Proxy-Authorization: Basic bWU6aHVzaA==\r\n".len();
    let scripted = Scripted::start(vec![(length, refusal)], None, End::Stay);
    let error = scripted.reach("me:hush@", "name.invalid", SOON).unwrap_err();
    assert!(matches!(&error, Error::PeerRefused { code: 407, .. }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("hush"));
    assert!(String::from_utf8(scripted.heard()).unwrap().contains("Basic bWU6aHVzaA==\r\n"));

    let scripted = Scripted::start(vec![(4, vec![5, 2]), (9, vec![1, 1])], None, End::Stay);
    let error = scripted.reach("socks5h://me:hush@", "name.invalid", SOON).unwrap_err();
    assert!(matches!(&error, Error::PeerRefused { code: 1, .. }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("hush"));
    assert_eq!(scripted.heard(), b"\x05\x02\x00\x02\x01\x02me\x04hush");
}

#[test]
fn a_name_goes_to_socks5h_and_an_address_to_socks5() {
    let scripted = Scripted::start(vec![(3, vec![5, 0]), (10, BOUND[2..].to_vec())], None, End::Stay);
    drop(scripted.reach("socks5://", "127.0.0.2", SOON).unwrap());
    assert_eq!(scripted.heard(), b"\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x02\x01\xbb");

    let addresses = IpAddress::resolve("localhost").unwrap();
    let length = if addresses[0].is_v4() { 10 } else { 22 };
    let scripted = Scripted::start(vec![(3, vec![5, 0]), (length, BOUND[2..].to_vec())], None, End::Stay);
    drop(scripted.reach("socks5://", "localhost", SOON).unwrap());
    let heard = scripted.heard();
    assert!(!heard.windows(9).any(|window| window == b"localhost"));
    assert_eq!(heard[6], if addresses[0].is_v4() { 1 } else { 4 });
    if addresses[0].is_v4() {
        assert_eq!(heard[7..11], Ipv4Addr::LOCALHOST.octets());
    }

    let scripted = Scripted::start(vec![(3, vec![5, 0]), (16, BOUND[2..].to_vec())], None, End::Stay);
    drop(scripted.reach("socks5h://", "localhost", SOON).unwrap());
    assert!(scripted.heard().ends_with(b"\x09localhost\x01\xbb"));
}

#[test]
fn a_proxy_that_closes_at_any_byte_is_said_to_have_closed() {
    for end in 0..ESTABLISHED.len() {
        let scripted = Scripted::start(vec![(PLAIN_REQUEST.len(), ESTABLISHED[..end].to_vec())], None, End::Close);
        let error = scripted.reach("", "name.invalid", SOON).unwrap_err();
        assert!(matches!(error, Error::CutShort { received, .. } if received == end as u64), "{end}: {error:?}");
        scripted.heard();
    }
    for end in 0..BOUND.len() {
        let script = match end {
            0..2 => vec![(3, BOUND[..end].to_vec())],
            _ => vec![(3, BOUND[..2].to_vec()), (SOCKS_REQUEST.len() - 3, BOUND[2..end].to_vec())],
        };
        let scripted = Scripted::start(script, None, End::Close);
        let error = scripted.reach("socks5h://", "name.invalid", SOON).unwrap_err();
        assert!(matches!(error, Error::CutShort { received, .. } if received == end as u64), "{end}: {error:?}");
        scripted.heard();
    }
}

#[test]
fn a_proxy_that_is_silent_or_drips_takes_the_limit_and_no_longer() {
    let given = Duration::from_millis(150);
    let drip = Some(Duration::from_millis(10));
    for (proxy, script, pace) in [
        ("", vec![], None),
        ("socks5h://", vec![], None),
        ("", vec![(PLAIN_REQUEST.len(), ESTABLISHED[..20].to_vec())], None),
        ("", vec![(PLAIN_REQUEST.len(), b"HTTP/1.1 200 OK\r\nA: ".repeat(20))], drip),
        ("socks5h://", vec![(3, vec![5, 0]), (19, vec![5, 0, 0])], None),
        ("socks5h://", vec![(3, vec![5, 0]), (19, [&[5, 0, 0, 3, 255], [b'x'; 200].as_slice()].concat())], drip),
    ] {
        is_late_by_less_than(Duration::from_millis(50), || {
            let scripted = Scripted::start(script.clone(), pace, End::Stay);
            let start = Instant::now();
            let error = scripted.reach(proxy, "name.invalid", given).unwrap_err();
            let late = start.elapsed().checked_sub(given).unwrap();
            assert!(matches!(error, Error::TimedOut { phase: Phase::Proxy, limit } if limit == given), "{error:?}");
            scripted.heard();
            late
        });
    }
}

#[test]
fn an_endless_head_ends_at_its_limit() {
    let scripted = Scripted::start(vec![(PLAIN_REQUEST.len(), b"HTTP/1.1 200 ".repeat(20_000))], None, End::Stay);
    let error = scripted.reach("", "name.invalid", SOON).unwrap_err();
    assert!(matches!(error, Error::TooLong { what: Limit::Head, .. }), "{error:?}");
    scripted.heard();
}

proptest! {
    #[test]
    fn any_answer_ends_or_needs_more(answer in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (taken, result) = answered(&answer);
        match result {
            Err(Error::NotReady) => prop_assert_eq!(taken, answer.len()),
            Err(error) => prop_assert_ne!(error.kind(), ErrorKind::TooLong),
            Ok(()) => prop_assert!(answer.starts_with(b"HTTP/1.") || answer.starts_with(b"\r\n") || answer.starts_with(b"\n")),
        }
    }

    #[test]
    fn a_tunnel_is_opened_by_any_head_that_says_so(reason in "[ -~]{0,40}", value in "[!-~]{1,40}", rest in any::<Vec<u8>>()) {
        let head = format!("HTTP/1.1 200 {reason}\r\nName: {value}\r\n\r\n");
        let (taken, result) = answered(&[head.as_bytes(), &rest].concat());
        prop_assert!(result.is_ok());
        prop_assert_eq!(taken, head.len());
    }
}
