//! The public address from scripted servers on loopback: who is asked when, who is believed, and that nobody can make it
//! last longer than its limit.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use sockeye::{DnsRecord, Error, ErrorKind, IpAddress, Phase, PublicAddressProvider, Result, UdpSocket};

/// Longer than anything takes that goes well.
const LONG: Duration = Duration::from_secs(20);
/// Long enough to see that something waits.
const SHORT: Duration = Duration::from_millis(400);
const ANSWER: IpAddress = IpAddress::new(192, 0, 2, 1);

/// A UDP server that does what its script says with each datagram, until it is dropped.
struct Server {
    address: IpAddress,
    port: u16,
    requests: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

/// Where a request came from, and the server's socket.
struct Client<'a> {
    socket: &'a UdpSocket,
    address: IpAddress,
    port: u16,
}

impl Client<'_> {
    fn send(&self, datagram: &[u8]) {
        self.socket.send(datagram, self.address, self.port).into_result().unwrap();
    }
}

impl Server {
    fn at(address: IpAddress, mut script: impl FnMut(&Client<'_>, &[u8]) + Send + 'static) -> Self {
        let mut socket = UdpSocket::new();
        socket.bind_to(address, UdpSocket::ANY_PORT).into_result().unwrap();
        socket.set_timeout(Some(LONG)).unwrap();
        let (port, requests) = (socket.local_port(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&requests);
        let thread = thread::spawn(move || {
            let mut buffer = [0; 2048];
            // An empty datagram is the end.
            while let Ok((length @ 1.., address, port)) = socket.receive(&mut buffer).into_result() {
                counted.fetch_add(1, Ordering::SeqCst);
                script(&Client { socket: &socket, address, port }, &buffer[..length]);
            }
        });
        Self { address, port, requests, thread: Some(thread) }
    }

    fn new(script: impl FnMut(&Client<'_>, &[u8]) + Send + 'static) -> Self {
        Self::at(IpAddress::LOCAL_HOST, script)
    }

    fn silent() -> Self {
        Self::new(|_, _| {})
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn stun(&self) -> PublicAddressProvider {
        PublicAddressProvider::Stun { server: self.address.to_string(), port: self.port }
    }

    fn dns(&self, record: DnsRecord) -> PublicAddressProvider {
        let name = "me.example".to_owned();
        PublicAddressProvider::Dns { server: self.address, port: self.port, name, record }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let sent = UdpSocket::new().send(&[], self.address, self.port).into_result();
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            sent.unwrap();
            ended.unwrap().unwrap();
        }
    }
}

/// A web server that answers each connection with these bytes and closes it; gives its port. It ends with the test.
fn web(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(std::result::Result::ok) {
            stream.set_read_timeout(Some(LONG)).unwrap();
            let (mut request, mut buffer) = (Vec::new(), [0; 1024]);
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(count @ 1..) => request.extend(&buffer[..count]),
                    _ => break,
                }
            }
            assert!(request.starts_with(b"GET /ip?x=1 HTTP/1.1\r\n"), "{}", String::from_utf8_lossy(&request));
            // Who asks may have had enough of it.
            let _ = stream.write_all(answer);
        }
    });
    port
}

fn page(port: u16) -> PublicAddressProvider {
    PublicAddressProvider::Http { url: format!("http://127.0.0.1:{port}/ip?x=1") }
}

/// A STUN response to a request (RFC 8489 section 5), with these attributes.
fn stun_message(kind: u16, request: &[u8], attributes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(attributes.len()).unwrap();
    [&kind.to_be_bytes()[..], &length.to_be_bytes(), &request[4..20], attributes].concat()
}

/// A STUN success response to a request, with an XOR-MAPPED-ADDRESS.
fn stun_answer(request: &[u8], address: IpAddress) -> Vec<u8> {
    assert_eq!((request.len(), &request[..8]), (20, &b"\x00\x01\x00\x00\x21\x12\xa4\x42"[..]));
    let (family, plain) = match std::net::IpAddr::from(address) {
        std::net::IpAddr::V4(v4) => (1, v4.octets().to_vec()),
        std::net::IpAddr::V6(v6) => (2, v6.octets().to_vec()),
    };
    let masked = plain.iter().zip(&request[4..20]).map(|(byte, mask)| byte ^ mask);
    let value: Vec<u8> = [0, family, 0x12, 0x34].into_iter().chain(masked).collect();
    let attribute = [&[0, 0x20, 0, u8::try_from(value.len()).unwrap()][..], &value].concat();
    stun_message(0x0101, request, &attribute)
}

/// A DNS answer to a query for `me.example`, with one record.
fn dns_answer(query: &[u8], data: &[u8]) -> Vec<u8> {
    assert_eq!(&query[2..24], b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02me\x07example\x00");
    let length = u16::try_from(data.len()).unwrap();
    let counts = [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    let ttl = [0; 4];
    [&query[..2], &counts, &query[12..], &[0xc0, 12], &query[24..28], &ttl, &length.to_be_bytes(), data].concat()
}

fn ask(providers: &[PublicAddressProvider], limit: Duration) -> Result<IpAddress> {
    IpAddress::public_address_from(providers, limit)
}

/// Asks and tells how long it took.
fn timed(providers: &[PublicAddressProvider], limit: Duration) -> (Result<IpAddress>, Duration) {
    let start = Instant::now();
    (ask(providers, limit), start.elapsed())
}

/// The limit passed, and not much more than it.
fn assert_timed_out(providers: &[PublicAddressProvider], limit: Duration) {
    let (result, took) = timed(providers, limit);
    match result {
        Err(Error::TimedOut { phase: Phase::PublicAddress, limit: said }) => assert_eq!(said, limit),
        other => panic!("{other:?}"),
    }
    assert!(took >= limit && took < limit + LONG / 4, "{took:?}");
}

/// Tells whether this machine has IPv6, which a container may not have. Where the project's own gate runs there must be.
fn has_v6() -> bool {
    let has = std::net::UdpSocket::bind("[::1]:0").is_ok();
    assert!(has || std::env::var_os("CI").is_none(), "this machine has no IPv6");
    has
}

#[test]
fn a_stun_server_tells_the_address() {
    let v6 = IpAddress::parse("2001:db8::9").unwrap();
    for at in [IpAddress::LOCAL_HOST, IpAddress::LOCAL_HOST_V6].into_iter().filter(|at| at.is_v4() || has_v6()) {
        for address in [ANSWER, v6] {
            let server = Server::at(at, move |client, request| client.send(&stun_answer(request, address)));
            assert_eq!(ask(&[server.stun()], LONG).unwrap(), address);
            assert_eq!(server.requests(), 1);
        }
    }
}

#[test]
fn a_stun_server_is_looked_up_by_its_name() {
    let server = Server::new(|client, request| client.send(&stun_answer(request, ANSWER)));
    let provider = PublicAddressProvider::Stun { server: "localhost".to_owned(), port: server.port };
    assert_eq!(ask(&[provider], LONG).unwrap(), ANSWER);
}

#[test]
fn a_dns_server_tells_the_address_in_any_record() {
    let v6 = IpAddress::parse("2001:db8::9").unwrap();
    let bytes = [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[9]].concat();
    for (record, question, data, address) in [
        (DnsRecord::A, [0, 1, 0, 1], vec![192, 0, 2, 1], ANSWER),
        (DnsRecord::Aaaa, [0, 28, 0, 1], bytes, v6),
        (DnsRecord::Txt, [0, 16, 0, 1], b"\x09192.0.2.1".to_vec(), ANSWER),
        (DnsRecord::ChaosTxt, [0, 16, 0, 3], b"\x0b2001:db8::9".to_vec(), v6),
    ] {
        let server = Server::new(move |client, query| {
            assert_eq!(query[24..], question);
            client.send(&dns_answer(query, &data));
        });
        assert_eq!(ask(&[server.dns(record)], LONG).unwrap(), address, "{record:?}");
        // However the address of the server is written.
        let mapped = IpAddress::parse("::ffff:127.0.0.1").unwrap();
        let name = "me.example".to_owned();
        let provider = PublicAddressProvider::Dns { server: mapped, port: server.port, name, record };
        assert_eq!(ask(&[provider], LONG).unwrap(), address, "{record:?}");
    }
}

#[test]
fn a_silent_provider_costs_the_others_nothing() {
    let (silent, mute) = (Server::silent(), Server::silent());
    let good = Server::new(|client, request| client.send(&stun_answer(request, ANSWER)));
    let (answer, took) = timed(&[silent.stun(), mute.dns(DnsRecord::A), good.stun()], LONG);
    assert_eq!(answer.unwrap(), ANSWER);
    assert!(took < LONG / 4, "{took:?}");
    assert!(silent.requests() >= 1 && mute.requests() >= 1);
}

#[test]
fn all_have_their_turn_within_a_short_limit() {
    let silent = Server::silent();
    let good = Server::new(|client, request| client.send(&stun_answer(request, ANSWER)));
    let mut providers = vec![silent.stun(); 9];
    providers.push(good.stun());
    assert_eq!(ask(&providers, Duration::from_secs(4)).unwrap(), ANSWER);
    assert_eq!(good.requests(), 1);
}

#[test]
fn a_provider_that_fails_makes_room_for_the_next_at_once() {
    let refusing = Server::new(|client, request| {
        client.send(&stun_message(0x0111, request, b"\x00\x09\x00\x08\x00\x00\x05\x00Busy"));
    });
    let good = Server::new(|client, query| client.send(&dns_answer(query, &[192, 0, 2, 1])));
    let nobody = PublicAddressProvider::Stun { server: "no name".to_owned(), port: 1 };
    let mut providers = vec![refusing.stun(), nobody];
    providers.extend(vec![refusing.stun(); 18]);
    providers.push(good.dns(DnsRecord::A));
    let (answer, took) = timed(&providers, LONG);
    assert_eq!(answer.unwrap(), ANSWER);
    // A pause of 250 ms between each two would be 5 s.
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert_eq!((refusing.requests(), good.requests()), (19, 1));
}

#[test]
fn the_first_good_answer_ends_the_search() {
    let good = Server::new(|client, request| client.send(&stun_answer(request, ANSWER)));
    let unneeded = Server::silent();
    assert_eq!(ask(&[good.stun(), unneeded.stun()], LONG).unwrap(), ANSWER);
    assert_eq!(unneeded.requests(), 0);
}

#[test]
fn a_lost_datagram_is_sent_again_as_it_was() {
    for is_stun in [true, false] {
        let mut first = None;
        let server = Server::new(move |client, request| match &first {
            None => first = Some(request.to_vec()),
            Some(first) => {
                assert_eq!(first, request);
                let answer = if is_stun { stun_answer(request, ANSWER) } else { dns_answer(request, &[192, 0, 2, 1]) };
                client.send(&answer);
            }
        });
        let provider = if is_stun { server.stun() } else { server.dns(DnsRecord::A) };
        let (answer, took) = timed(&[provider], LONG);
        assert_eq!(answer.unwrap(), ANSWER);
        // RFC 8489 section 6.2.1.
        assert!(took >= Duration::from_millis(500), "{took:?}");
        assert_eq!(server.requests(), 2);
    }
}

#[test]
fn ids_are_never_the_same() {
    let server = Server::new(|client, request| {
        // The end of the id, as an address.
        let id: [u8; 4] = request[16..20].try_into().unwrap();
        client.send(&stun_answer(request, IpAddress::from([10, id[1], id[2], id[3]])));
    });
    let mut seen: Vec<IpAddress> = (0..16).map(|_| ask(&[server.stun()], LONG).unwrap()).collect();
    seen.sort();
    seen.dedup();
    assert!(seen.len() > 12, "{seen:?}");
}

#[test]
fn nobody_answers_within_the_limit() {
    let silent = Server::silent();
    assert_timed_out(&[silent.stun(), silent.dns(DnsRecord::Txt)], SHORT);
    // Nobody is there: what the network says to that is not an answer.
    let gone = { Server::silent().stun() };
    assert_timed_out(&[gone], SHORT);
}

#[test]
fn no_time_is_no_question() {
    let silent = Server::silent();
    assert_timed_out(&[silent.stun()], Duration::ZERO);
    assert_eq!(silent.requests(), 0);
}

#[test]
fn somebody_must_be_asked() {
    assert_eq!(ask(&[], LONG).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn when_all_fail_the_last_reason_is_told() {
    let refusing = Server::new(|client, request| {
        client.send(&stun_message(0x0111, request, b"\x00\x09\x00\x08\x00\x00\x04\x01Who?"));
    });
    let Err(Error::PeerRefused { code, text }) = ask(&[refusing.stun()], LONG) else { panic!("not refused") };
    assert_eq!((code, &*text), (401, "Who?"));
    let failing = Server::new(|client, query| {
        let mut answer = dns_answer(query, &[]);
        answer[3] = 0x85;
        client.send(&answer);
    });
    let Err(Error::PeerRefused { code, .. }) = ask(&[refusing.stun(), failing.dns(DnsRecord::A)], LONG) else {
        panic!("not refused");
    };
    assert_eq!(code, 5);
    let nobody = PublicAddressProvider::Stun { server: "no name".to_owned(), port: 1 };
    assert_eq!(ask(&[refusing.stun(), nobody], LONG).unwrap_err().kind(), ErrorKind::InvalidAddress);
    let name = "two..dots".to_owned();
    let nameless = PublicAddressProvider::Dns { server: IpAddress::LOCAL_HOST, port: 1, name, record: DnsRecord::A };
    assert_eq!(ask(&[nameless], LONG).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn one_on_this_machine_may_name_any_machine_and_no_others() {
    for (address, is_good) in [
        (IpAddress::new(8, 8, 8, 8), true),
        (IpAddress::new(192, 168, 1, 2), true),
        (IpAddress::LOCAL_HOST, true),
        (IpAddress::ANY, false),
        (IpAddress::ANY_V6, false),
        (IpAddress::new(224, 0, 0, 1), false),
    ] {
        let server = Server::new(move |client, request| client.send(&stun_answer(request, address)));
        match ask(&[server.stun()], LONG) {
            Ok(found) => assert!(is_good && found == address, "{address}"),
            Err(error) => assert!(!is_good && error.kind() == ErrorKind::Malformed, "{address}: {error}"),
        }
    }
    let mapped = IpAddress::parse("::ffff:192.0.2.1").unwrap();
    let server = Server::new(move |client, request| client.send(&stun_answer(request, mapped)));
    assert_eq!(ask(&[server.stun()], LONG).unwrap(), ANSWER);
}

#[test]
fn only_the_one_that_was_asked_is_listened_to() {
    let wrong = IpAddress::new(203, 0, 113, 66);
    let server = Server::new(move |client, request| {
        // The right answer from another port, and from another address of this machine.
        let other = UdpSocket::new();
        other.send(&stun_answer(request, wrong), client.address, client.port).into_result().unwrap();
        let mut other = UdpSocket::new();
        if other.bind_to(IpAddress::new(127, 0, 0, 2), UdpSocket::ANY_PORT).is_done() {
            other.send(&stun_answer(request, wrong), client.address, client.port).into_result().unwrap();
        }
        // From the right place: other ids, no cookie, a request, nothing, noise, too much.
        for at in [4, 8, 19] {
            let mut answer = stun_answer(request, wrong);
            answer[at] ^= 0xff;
            client.send(&answer);
        }
        client.send(request);
        client.send(&[]);
        client.send(b"HTTP/1.1 200 OK\r\n\r\n");
        client.send(&[0; 1501]);
        client.send(&[0; 60_000]);
        client.send(&stun_answer(request, ANSWER));
    });
    assert_eq!(ask(&[server.stun()], LONG).unwrap(), ANSWER);
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_dns_answer_must_repeat_its_question() {
    let wrong = [203, 0, 113, 66];
    let server = Server::new(move |client, query| {
        // The id, the bit of an answer, the name, the type, the class.
        for at in [0, 1, 2, 13, 25, 27] {
            let mut answer = dns_answer(query, &wrong);
            answer[at] ^= 0x80;
            client.send(&answer);
        }
        client.send(query);
        client.send(&dns_answer(query, &[192, 0, 2, 1]));
    });
    assert_eq!(ask(&[server.dns(DnsRecord::A)], LONG).unwrap(), ANSWER);
}

#[test]
fn an_answer_that_is_cut_is_none() {
    for length in 1..32 {
        let server = Server::new(move |client, request| client.send(&stun_answer(request, ANSWER)[..length]));
        // What cannot be recognised is passed over, what can has failed.
        if length < 20 {
            assert_timed_out(&[server.stun()], Duration::from_millis(20));
        } else {
            assert_eq!(ask(&[server.stun()], LONG).unwrap_err().kind(), ErrorKind::Malformed, "{length}");
        }
    }
    let query = 28;
    for length in 1..query + 16 {
        let server = Server::new(move |client, request| client.send(&dns_answer(request, &[192, 0, 2, 1])[..length]));
        if length < query {
            assert_timed_out(&[server.dns(DnsRecord::A)], Duration::from_millis(20));
        } else {
            let kind = ask(&[server.dns(DnsRecord::A)], LONG).unwrap_err().kind();
            assert_eq!(kind, ErrorKind::Malformed, "{length}");
        }
    }
}

#[test]
fn pointers_in_a_circle_are_malformed() {
    for target in [28, 29, 40, 255] {
        let server = Server::new(move |client, query| {
            let mut answer = dns_answer(query, &[192, 0, 2, 1]);
            answer[29] = target;
            client.send(&answer);
        });
        let kind = ask(&[server.dns(DnsRecord::A)], LONG).unwrap_err().kind();
        assert_eq!(kind, ErrorKind::Malformed, "{target}");
    }
}

#[test]
fn a_flood_ends_with_the_limit_and_hides_no_answer() {
    // More noise than anybody can look at, for as long as the question lasts.
    let until = Instant::now() + Duration::from_secs(3);
    let flooding = Server::new(move |client, _| {
        while Instant::now() < until {
            _ = client.socket.send(&[7; 64], client.address, client.port);
        }
    });
    let good = Server::new(|client, request| client.send(&stun_answer(request, ANSWER)));
    assert_timed_out(&[flooding.stun()], SHORT);
    assert_eq!(ask(&[flooding.stun(), good.stun()], LONG).unwrap(), ANSWER);
}

#[test]
fn many_can_ask_at_the_same_time() {
    let server = Server::new(|client, request| client.send(&stun_answer(request, ANSWER)));
    let providers = [server.stun(), server.stun()];
    thread::scope(|scope| {
        let asking: Vec<_> = (0..16).map(|_| scope.spawn(|| ask(&providers, LONG))).collect();
        for asked in asking {
            assert_eq!(asked.join().unwrap().unwrap(), ANSWER);
        }
    });
}

#[test]
fn a_web_server_tells_the_address() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n192.0.2.1\n";
    assert_eq!(ask(&[page(web(answer))], LONG).unwrap(), ANSWER);
    let answer = b"HTTP/1.0 200 OK\r\n\r\n \t2001:db8::9\r\n";
    assert_eq!(ask(&[page(web(answer))], LONG).unwrap(), IpAddress::parse("2001:db8::9").unwrap());
}

#[test]
fn what_a_web_server_says_is_an_address_or_a_failure() {
    let at = |answer: &'static [u8]| ask(&[page(web(answer))], LONG).unwrap_err();
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<p>192.0.2.1\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n192.0.2.1 192.0.2.2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n0.0.0.0",
        b"STUN\r\n\r\n",
    ] {
        assert_eq!(at(answer).kind(), ErrorKind::Malformed, "{}", String::from_utf8_lossy(answer));
    }
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n192.0.2.1";
    assert_eq!(at(cut).kind(), ErrorKind::Truncated);
    let huge = [&b"HTTP/1.1 200 OK\r\n\r\n192.0.2.1"[..], &[b' '; 1016]].concat();
    assert_eq!(at(huge.leak()).kind(), ErrorKind::TooLong);
    for (answer, expected) in [
        (&b"HTTP/1.1 429 Slowly\r\nContent-Length: 9\r\n\r\n192.0.2.1"[..], 429),
        // Elsewhere somebody else might be asked.
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 9\r\n\r\n192.0.2.1", 302),
    ] {
        let Error::PeerRefused { code, .. } = at(answer) else { panic!("not refused") };
        assert_eq!(code, expected);
    }
    let nowhere = PublicAddressProvider::Http { url: "http://exa mple/".to_owned() };
    assert_eq!(ask(&[nowhere], LONG).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn web_servers_come_last_and_each_has_its_share() {
    let silent = Server::silent();
    // Nobody accepts: the connection opens and nothing comes.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = page(mute.local_addr().map(|at| (at.port(), std::mem::forget(mute)).0).unwrap());
    let good = page(web(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n192.0.2.1"));
    let limit = Duration::from_secs(4);
    let (answer, took) = timed(&[mute.clone(), good.clone(), silent.stun()], limit);
    assert_eq!(answer.unwrap(), ANSWER);
    // Half for the datagrams, half of the other half for the first web server.
    assert!(took >= limit * 3 / 4 && took < limit, "{took:?}");
    assert_timed_out(&[silent.stun(), mute.clone()], SHORT);
    assert_timed_out(&[good], Duration::ZERO);
    // A datagram server that answers leaves the web in peace.
    let known = Server::new(|client, request| client.send(&stun_answer(request, IpAddress::new(192, 0, 2, 9))));
    assert_eq!(ask(&[mute, known.stun()], LONG).unwrap(), IpAddress::new(192, 0, 2, 9));
}

#[test]
fn a_web_server_that_drips_ends_with_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let dripping = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n").unwrap();
        let end = Instant::now() + LONG;
        while stream.write_all(b"1").is_ok() && Instant::now() < end {
            // The pace of the drip, not a wait for something.
            thread::sleep(Duration::from_millis(20));
        }
        Instant::now() < end
    });
    assert_timed_out(&[page(port)], SHORT);
    assert!(dripping.join().unwrap(), "the connection is closed");
}
