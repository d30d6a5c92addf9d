//! Requests as they are on the wire, byte for byte, and what is refused before it gets there.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener},
    thread,
    time::{Duration, Instant},
};

use sockeye::{ErrorKind, Http, HttpMethod, HttpRequest, HttpStatus};

use crate::{
    script::{Received, Server},
    ways::{LONG, Way, client, client_with, options, post},
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// What a request is on the wire, the same each way; `PORT` stands for the server's port.
fn wire(request: &HttpRequest) -> Received {
    let mut all: Vec<Received> = Vec::new();
    for way in Way::ALL {
        let server = Server::answering(OK);
        way.send(&client(&server), request).expect(HttpStatus::OK, b"ok");
        let mut received = server.requests().pop().unwrap();
        received.head = received.head.replace(&server.port().to_string(), "PORT");
        all.push(received);
    }
    let first = all.remove(0);
    for other in &all {
        assert_eq!((&other.head, &other.body), (&first.head, &first.body));
    }
    first
}

fn usual(first_line: &str, more: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "{first_line}\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: sockeye/{version}\r\nAccept: */*\r\n\
         Accept-Encoding: gzip, deflate\r\n{more}\r\n"
    )
}

#[test]
fn a_get_is_exactly_this() {
    let received = wire(&HttpRequest::get("/index.html?x=1&y=%20").unwrap());
    assert_eq!(received.head, usual("GET /index.html?x=1&y=%20 HTTP/1.1", ""));
    assert_eq!(received.body, b"");
}

#[test]
fn only_methods_that_usually_have_a_body_say_that_there_is_none() {
    let cases = [
        (HttpMethod::Get, ""),
        (HttpMethod::Head, ""),
        (HttpMethod::Delete, ""),
        (HttpMethod::Options, ""),
        (HttpMethod::Post, "Content-Length: 0\r\n"),
        (HttpMethod::Put, "Content-Length: 0\r\n"),
        (HttpMethod::Patch, "Content-Length: 0\r\n"),
    ];
    for (method, field) in cases {
        let server = Server::start(|peer| {
            while let Some(request) = peer.request() {
                let body = if request.method == "HEAD" { "" } else { "ok" };
                peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{body}").as_bytes());
            }
        });
        Way::each(|way| {
            let answer = way.send(&client(&server), &HttpRequest::new(method, "/").unwrap());
            assert_eq!(answer.error, None);
        });
        for received in server.requests() {
            let head = received.head.replace(&server.port().to_string(), "PORT");
            assert_eq!(head, usual(&format!("{method} / HTTP/1.1"), field));
        }
    }
}

#[test]
fn a_post_is_exactly_this() {
    let mut request = post("/scores", b"points=7");
    request.set_field("X-Game", "sockeye").unwrap();
    let received = wire(&request);
    assert_eq!(received.head, usual("POST /scores HTTP/1.1", "X-Game: sockeye\r\nContent-Length: 8\r\n"));
    assert_eq!(received.body, b"points=7");
}

#[test]
fn fields_of_the_caller_take_the_place_of_the_usual_ones() {
    let mut request = post("/", b"body");
    for (name, value) in [
        ("host", "example.org"),
        ("USER-AGENT", "mine/1"),
        ("accept", "text/plain"),
        ("Accept-encoding", "identity"),
        // Where a body ends is for the client to say: another length would let a second request be smuggled.
        ("content-length", "4000"),
        ("Transfer-Encoding", "chunked"),
    ] {
        request.set_field(name, value).unwrap();
    }
    request.add_field("X-Many", "one").unwrap().add_field("x-many", "two").unwrap();
    let received = wire(&request);
    assert_eq!(received.body, b"body");
    assert_eq!(received.field("host"), Some("example.org"));
    assert_eq!(received.field("user-agent"), Some("mine/1"));
    assert_eq!(received.field("accept"), Some("text/plain"));
    assert_eq!(received.field("accept-encoding"), Some("identity"));
    assert_eq!(received.field("content-length"), Some("4"));
    assert_eq!(received.field("transfer-encoding"), None);
    let many: Vec<&str> = received
        .fields
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("x-many"))
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(many, ["one", "two"]);
}

#[test]
fn version_1_0_is_named_and_needs_no_more() {
    let mut request = HttpRequest::get("/").unwrap();
    request.set_http_version(1, 0).unwrap();
    assert_eq!(wire(&request).head, usual("GET / HTTP/1.0", ""));
    for (major, minor) in [(0, 9), (1, 2), (2, 0)] {
        assert_eq!(request.set_http_version(major, minor).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn targets_are_sent_as_they_are() {
    let cases = [
        ("", "/"),
        ("path", "/path"),
        ("/path", "/path"),
        ("/a%2Fb;c=d/e?f=g?h&i=/../%00", "/a%2Fb;c=d/e?f=g?h&i=/../%00"),
        // RFC 3986 section 6.2.2.3: dot segments are gone before anybody asks.
        ("/a/./b/../c", "/a/c"),
        ("/../../etc", "/etc"),
        ("/caf\u{e9}?\u{4e2d}", "/caf%C3%A9?%E4%B8%AD"),
        ("//double//slash", "//double//slash"),
        ("?only=query", "/?only=query"),
    ];
    for (uri, target) in cases {
        assert_eq!(wire(&HttpRequest::get(uri).unwrap()).target, target, "{uri:?}");
    }
}

#[test]
fn a_whole_url_says_which_host_is_asked() {
    let server = Server::answering(OK);
    Way::each(|way| {
        let elsewhere = Http::with_options("sockeye.invalid", 0, options(LONG)).unwrap();
        let mut request = HttpRequest::get(&server.url("/x?y#fragment")).unwrap();
        way.send(&elsewhere, &request).expect(HttpStatus::OK, b"ok");
        request.set_uri(&format!("http://ada:pass%20word@127.0.0.1:{}", server.port())).unwrap();
        way.send(&elsewhere, &request).expect(HttpStatus::OK, b"ok");
    });
    let requests = server.requests();
    assert_eq!(requests[0].target, "/x?y");
    assert_eq!(requests[0].field("host"), Some(server.authority().as_str()));
    assert_eq!(requests[1].target, "/");
    assert_eq!(requests[1].field("host"), Some(server.authority().as_str()));
    assert_eq!(requests[1].field("authorization"), Some("Basic YWRhOnBhc3Mgd29yZA=="));
}

#[test]
fn ipv6_hosts_stand_in_brackets() {
    if TcpListener::bind("[::1]:0").is_err() {
        assert!(std::env::var_os("CI").is_none(), "this machine has no IPv6");
        return;
    }
    let server = Server::start_at("[::1]:0", |peer| while peer.request().is_some() && peer.send(OK.as_bytes()) {});
    Way::each(|way| {
        for host in ["[::1]", "http://[::1]"] {
            let http = Http::with_options(host, server.port(), options(LONG)).unwrap();
            way.send(&http, &HttpRequest::get("/").unwrap()).expect(HttpStatus::OK, b"ok");
        }
    });
    for request in server.requests() {
        assert_eq!(request.field("host"), Some(format!("[::1]:{}", server.port()).as_str()));
    }
}

#[test]
fn queries_and_forms_are_encoded() {
    let pairs = [("name", "Ada & Co"), ("empty", ""), ("sum", "1+1=2"), ("\u{e9}", "\u{20ac}"), ("a/b?", "*-._~")];
    let encoded = "name=Ada+%26+Co&empty=&sum=1%2B1%3D2&%C3%A9=%E2%82%AC&a%2Fb%3F=*-._%7E";
    let mut request = HttpRequest::get("/search?old=1").unwrap();
    request.set_query(&pairs);
    assert_eq!(wire(&request).target, format!("/search?{encoded}"));
    let mut request = HttpRequest::post("/form").unwrap();
    request.set_form(&pairs);
    let received = wire(&request);
    assert_eq!(received.body, encoded.as_bytes());
    assert_eq!(received.field("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(received.field("content-length"), Some(encoded.len().to_string().as_str()));
}

/// None of them must reach a connection: each could end the request and begin another.
/// A fragment is for the reader and is never sent (RFC 9110 section 4.1): a query stands in front of it.
#[test]
fn a_query_does_not_get_lost_behind_a_fragment() {
    for target in ["/search#results", "/search?q=bob#results", "/search#a?b", "https://example.org/search#results"] {
        let mut request = HttpRequest::get(target).unwrap();
        request.set_query(&[("q", "ada")]);
        let origin = if target.starts_with('/') { "" } else { "https://example.org" };
        assert_eq!(request.uri(), format!("{origin}/search?q=ada"));
    }
    for (target, sent) in [("/search#results", "/search"), ("#results", "/"), ("https://a.b#c", "https://a.b")] {
        assert_eq!(HttpRequest::get(target).unwrap().uri(), sent, "it is not what is sent");
    }
    let mut request = HttpRequest::get("/search#results").unwrap();
    request.set_query(&[("q", "ada")]);
    assert_eq!(wire(&request).target, "/search?q=ada");
}

#[test]
fn injections_are_refused_when_the_request_is_built() {
    let uris = [
        "/a b",
        "/a\r\nX: y",
        "/a\nb",
        "/a\rb",
        "/a\0b",
        "/a\tb",
        "/a\u{7f}",
        " /",
        "/ ",
        "http://a b/",
        "http://a\r\n/",
        "ftp://a/",
    ];
    for uri in uris {
        for method in [HttpMethod::Get, HttpMethod::Post] {
            assert_eq!(HttpRequest::new(method, uri).unwrap_err().kind(), ErrorKind::InvalidInput, "{uri:?}");
        }
        let mut request = HttpRequest::get("/fine").unwrap();
        assert_eq!(request.set_uri(uri).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(request.uri(), "/fine");
    }
    let fields = [
        ("X\r\nY", "a"),
        ("X: a\r\nY", "a"),
        ("X Y", "a"),
        ("X:", "a"),
        ("", "a"),
        ("X\0", "a"),
        ("\u{e9}", "a"),
        ("X(y)", "a"),
        ("X", "a\r\nY: b"),
        ("X", "a\nb"),
        ("X", "a\rb"),
        ("X", "a\0b"),
        ("X", "a\u{1}b"),
        ("X", "a\u{7f}b"),
        ("X", "\r\n b"),
    ];
    for (name, value) in fields {
        let mut request = HttpRequest::get("/").unwrap();
        assert_eq!(request.set_field(name, value).unwrap_err().kind(), ErrorKind::InvalidInput, "{name:?} {value:?}");
        assert_eq!(request.add_field(name, value).unwrap_err().kind(), ErrorKind::InvalidInput, "{name:?} {value:?}");
    }
    let mut request = HttpRequest::get("/").unwrap();
    assert_eq!(request.set_basic("a:b", "c").unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(request.set_basic("a\r\n", "c").unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(request.set_bearer("a\r\nX: y").unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(request.set_bearer("").unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(wire(&request).head, usual("GET / HTTP/1.1", ""), "nothing of it is left");
    for host in ["a b", "a\r\nb", "a/b", "http://a/b", "ftp://a", "", "a:b", "a:99999", "[::1", "a\0b", "user@"] {
        assert_eq!(Http::new(host, 0).unwrap_err().kind(), ErrorKind::InvalidInput, "{host:?}");
    }
    let mut agent = options(LONG);
    agent.user_agent = "a\r\nX: y".into();
    assert_eq!(Http::with_options("a", 0, agent).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn one_request_can_be_sent_many_times() {
    let server = Server::answering(OK);
    let http = client_with(&server, options(LONG));
    let request = post("/again", b"body");
    for _ in 0..3 {
        Way::each(|way| way.send(&http, &request).expect(HttpStatus::OK, b"ok"));
    }
    let requests = server.requests();
    assert!(requests.iter().all(|received| received.head == requests[0].head && received.body == b"body"));
    assert_eq!(requests.len(), 9);
}

/// A server that sends a response in small pieces and leaves Nagle's algorithm on (RFC 896) holds each piece back until
/// the one before it is acknowledged; a delayed acknowledgement takes 40 ms and more.
#[test]
fn a_response_in_small_pieces_is_acknowledged_piece_by_piece() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        for stream in listener.incoming().take(TRIES) {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).unwrap() > 0);
            for piece in ["HTTP/1.1 200 OK\r\n", "Content-Length: 8\r\n\r\n", "in ", "piec", "e"] {
                stream.write_all(piece.as_bytes()).unwrap();
            }
            // The client closes first.
            assert_eq!(stream.read(&mut request).unwrap(), 0);
        }
    });
    let mut options = options(LONG);
    options.pool = 0;
    let http = Http::with_options("127.0.0.1", port, options).unwrap();
    let request = HttpRequest::get("/").unwrap();
    let fastest = (0..TRIES).map(|_| {
        let begun = Instant::now();
        assert_eq!(http.send_request(&request).text(), "in piece");
        begun.elapsed()
    });
    let fastest = fastest.min().unwrap();
    server.join().unwrap();
    assert!(fastest < Duration::from_millis(30), "{fastest:?}");
}

/// What else the machine does makes some late.
const TRIES: usize = 10;
