//! Redirects: where they lead, with which method, and what they must not take along.

use sockeye::{ErrorKind, HttpMethod, HttpRequest, HttpStatus};

use crate::{
    script::{Received, Server},
    ways::{LONG, Way, client, options, post},
};

/// Redirects every target but `/end`; the target names the status and the location, as in `/302/end`.
fn redirecting() -> Server {
    Server::start(|peer| {
        while let Some(request) = peer.request() {
            let response = match request.target[1..].split_once('/') {
                Some((status, location)) => {
                    format!("HTTP/1.1 {status} Moved\r\nLocation: /{location}\r\nContent-Length: 4\r\n\r\ngone")
                }
                None => "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend".to_owned(),
            };
            peer.send(response.as_bytes());
        }
    })
}

/// Redirects every request to a URL.
fn redirecting_to(status: u16, location: &str) -> Server {
    Server::answering(format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"))
}

fn last(server: &Server) -> Received {
    server.requests().pop().unwrap()
}

#[test]
fn redirects_are_followed_and_the_url_says_where_to() {
    let server = redirecting();
    Way::each(|way| {
        let answer = way.get(&server, "/301/302/303/307/308/end");
        answer.expect(HttpStatus::OK, b"end");
        assert_eq!(answer.url, server.url("/end"));
    });
    assert_eq!(server.connections(), Way::ALL.len(), "one connection serves all of it");
}

/// RFC 9110 section 15.4.
#[test]
fn each_status_keeps_or_changes_the_method() {
    let server = redirecting();
    let cases = [
        (HttpMethod::Post, 301, "GET", ""),
        (HttpMethod::Post, 302, "GET", ""),
        (HttpMethod::Post, 303, "GET", ""),
        (HttpMethod::Post, 307, "POST", "body"),
        (HttpMethod::Post, 308, "POST", "body"),
        (HttpMethod::Put, 301, "PUT", "body"),
        (HttpMethod::Put, 302, "PUT", "body"),
        (HttpMethod::Put, 303, "GET", ""),
        (HttpMethod::Put, 307, "PUT", "body"),
        (HttpMethod::Head, 301, "HEAD", ""),
        (HttpMethod::Head, 303, "HEAD", ""),
        (HttpMethod::Delete, 303, "GET", ""),
        (HttpMethod::Delete, 308, "DELETE", ""),
    ];
    Way::each(|way| {
        for (method, status, expected, body) in cases {
            let mut request = HttpRequest::new(method, &format!("/{status}/end")).unwrap();
            if matches!(method, HttpMethod::Post | HttpMethod::Put) {
                request.set_body("body").set_field("Content-Type", "text/plain").unwrap();
            }
            let answer = way.send(&client(&server), &request);
            assert_eq!(answer.error, None, "{method} {status}: {answer:?}");
            let end = last(&server);
            assert_eq!((end.method.as_str(), end.body.as_slice()), (expected, body.as_bytes()), "{method} {status}");
            assert_eq!(end.target, "/end");
            if body.is_empty() {
                assert_eq!((end.field("content-type"), end.field("transfer-encoding")), (None, None), "{end:?}");
            }
        }
    });
}

#[test]
fn locations_are_resolved_against_the_url() {
    let cases = [
        ("/a/b/c?q=1", "/x?y=2", "/x?y=2"),
        ("/a/b/c?q=1", "x", "/a/b/x"),
        ("/a/b/c?q=1", "./x/../y", "/a/b/y"),
        ("/a/b/c", "../../../../x", "/x"),
        ("/a/b/c?q=1", "?z", "/a/b/c?z"),
        ("/a/b/c?q=1", "/x#fragment", "/x"),
        ("/a/b/c", "//AUTHORITY/x", "/x"),
        ("/a/b/c", "http://AUTHORITY", "/"),
        ("/a/b/c", "HTTP://AUTHORITY/d/../e", "/e"),
    ];
    for (from, location, expected) in cases {
        let server = Server::start(move |peer| {
            while let Some(request) = peer.request() {
                let authority = request.field("host").unwrap();
                let location = location.replace("AUTHORITY", authority);
                let response = if request.target == from {
                    format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
                } else {
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", request.target.len(), request.target)
                };
                peer.send(response.as_bytes());
            }
        });
        Way::each(|way| way.get(&server, from).expect(HttpStatus::OK, expected.as_bytes()));
    }
}

#[test]
fn a_loop_ends_at_the_limit() {
    let server = redirecting_to(302, "/again");
    Way::each(|way| {
        let before = server.requests().len();
        let answer = way.get(&server, "/");
        answer.expect_error(ErrorKind::TooLong);
        assert_eq!(answer.message, "more than 10 redirects");
        assert_eq!(server.requests().len() - before, 11);
    });
}

#[test]
fn as_many_redirects_as_the_limit_are_followed() {
    let server = redirecting();
    Way::each(|way| {
        way.get(&server, &format!("{}/end", "/302".repeat(10))).expect(HttpStatus::OK, b"end");
        way.get(&server, &format!("{}/end", "/302".repeat(11))).expect_error(ErrorKind::TooLong);
        let mut few = options(LONG);
        few.redirects = 1;
        way.get_with(&server, "/302/end", few.clone()).expect(HttpStatus::OK, b"end");
        way.get_with(&server, "/302/302/end", few).expect_error(ErrorKind::TooLong);
    });
}

/// A redirect may come with a page. What is left of a long one is not worth the connection.
#[test]
fn the_body_of_a_redirect_is_skipped() {
    for length in [1, 60_000, 70_000, 5_000_000] {
        let server = Server::start(move |peer| {
            while let Some(request) = peer.request() {
                let response = if request.target == "/" {
                    let page = "x".repeat(length);
                    format!("HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: {length}\r\n\r\n{page}")
                } else {
                    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend".to_owned()
                };
                if !peer.send(response.as_bytes()) {
                    return;
                }
            }
        });
        Way::each(|way| way.get(&server, "/").expect(HttpStatus::OK, b"end"));
        let expected = if length < 65_536 { 1 } else { 2 };
        assert_eq!(server.connections(), expected * Way::ALL.len());
    }
}

/// No redirects is a choice, not a failure.
#[test]
fn without_redirects_the_redirect_is_the_answer() {
    let server = redirecting();
    Way::each(|way| {
        let mut none = options(LONG);
        none.redirects = 0;
        let answer = way.get_with(&server, "/302/end", none);
        answer.expect(HttpStatus::FOUND, b"gone");
        assert_eq!(answer.field("location"), Some("/end"));
        assert_eq!(answer.url, server.url("/302/end"));
    });
}

#[test]
fn what_says_not_where_to_is_the_answer() {
    for status in [300, 301, 302, 304, 305, 399] {
        let server = Server::answering(format!("HTTP/1.1 {status} Moved\r\nContent-Length: 0\r\n\r\n"));
        Way::each(|way| way.get(&server, "/").expect(HttpStatus::from(status), b""));
    }
}

#[test]
fn locations_that_are_none_are_refused() {
    for location in
        ["http://", "http://[::1", "http://a:99999/", "/a b", "ftp://127.0.0.1/", "file:///etc/passwd", "javascript:1"]
    {
        let server = redirecting_to(302, location);
        Way::each(|way| way.get(&server, "/").expect_error(ErrorKind::Malformed));
        assert_eq!(server.requests().len(), Way::ALL.len(), "{location:?}");
    }
}

fn with_secrets(uri: &str) -> HttpRequest {
    let mut request = HttpRequest::get(uri).unwrap();
    request.set_basic("ada", "secret").unwrap();
    request.set_field("Cookie", "session=1").unwrap();
    request.set_field("Proxy-Authorization", "Basic c2VjcmV0").unwrap();
    request.set_field("X-Harmless", "yes").unwrap();
    request
}

fn secrets_of(request: &Received) -> Vec<String> {
    let secret = |name: &str| ["authorization", "cookie", "proxy-authorization"].contains(&name);
    let names = request.fields.iter().map(|(name, _)| name.to_ascii_lowercase());
    names.filter(|name| secret(name)).collect()
}

#[test]
fn credentials_stay_with_their_origin() {
    // Two ports of one host are two origins.
    let far = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nfar");
    let near = redirecting_to(302, &far.url("/"));
    Way::each(|way| {
        way.send(&client(&near), &with_secrets("/")).expect(HttpStatus::OK, b"far");
        assert!(secrets_of(&last(&near)).contains(&"authorization".to_owned()));
        let there = last(&far);
        assert_eq!(secrets_of(&there), [""; 0]);
        assert_eq!(there.field("x-harmless"), Some("yes"));
        assert_eq!(there.field("host"), Some(far.authority().as_str()));
    });
}

#[test]
fn credentials_are_not_given_back_on_the_way_home() {
    // There and back: what was dropped stays dropped.
    let home = Server::start(|peer| {
        while let Some(request) = peer.request() {
            let response = match request.target.strip_prefix("/to/") {
                Some(port) => {
                    format!("HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n")
                }
                None => "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhome".to_owned(),
            };
            peer.send(response.as_bytes());
        }
    });
    let far = redirecting_to(307, &home.url("/home"));
    Way::each(|way| {
        way.send(&client(&home), &with_secrets(&format!("/to/{}", far.port()))).expect(HttpStatus::OK, b"home");
        assert_eq!(secrets_of(&last(&home)), [""; 0]);
    });
}

#[test]
fn credentials_go_along_within_their_origin() {
    let server = redirecting();
    Way::each(|way| {
        way.send(&client(&server), &with_secrets("/302/end")).expect(HttpStatus::OK, b"end");
        assert_eq!(last(&server).field("authorization"), Some("Basic YWRhOnNlY3JldA=="));
    });
}

/// A server cannot make a client log in elsewhere, or as someone else.
#[test]
fn credentials_in_a_location_are_not_used() {
    let far = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nfar");
    let near = redirecting_to(302, &far.url("/").replace("http://", "http://mallory:pw@"));
    Way::each(|way| {
        let answer = way.get(&near, "/");
        answer.expect(HttpStatus::OK, b"far");
        assert_eq!(secrets_of(&last(&far)), [""; 0]);
        assert!(!answer.url.contains("mallory"), "{}", answer.url);
    });
}

/// A reader gives its bytes once: the redirect that asks for them again is the answer.
#[test]
fn a_body_that_is_gone_is_not_sent_again() {
    let server = redirecting();
    Way::each(|way| {
        let mut request = post("/307/end", b"");
        request.set_body_reader(&b"once"[..], Some(4));
        way.send(&client(&server), &request).expect(HttpStatus::TEMPORARY_REDIRECT, b"gone");
        assert_eq!(last(&server).body, b"once");
    });
}

#[cfg(feature = "tls")]
#[test]
fn a_redirect_out_of_https_is_refused_unless_it_is_allowed() {
    use sockeye::{TcpListener, TlsClient, TlsClientOptions, TlsIdentity, TlsServer, TlsSocket, Trust};

    let plain = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain");
    let identity = TlsIdentity::self_signed(&["127.0.0.1"]).unwrap();
    let fingerprint = identity.fingerprint();
    let config = TlsServer::new(identity).unwrap();
    let mut listener = TcpListener::new();
    listener.listen_on(sockeye::IpAddress::LOCAL_HOST, 0).into_result().unwrap();
    listener.set_timeout(Some(LONG)).unwrap();
    let port = listener.local_port();
    let location = plain.url("/");
    let server = std::thread::spawn(move || {
        for _ in 0..2 * Way::ALL.len() {
            let socket = listener.accept().into_result().unwrap();
            let mut session = TlsSocket::server(socket, &config).unwrap();
            session.set_timeout(Some(LONG)).unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.ends_with(b"\r\n\r\n") {
                let length = session.receive(&mut buffer).into_result().unwrap();
                request.extend_from_slice(&buffer[..length]);
            }
            let response = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            session.send(response.as_bytes()).into_result().unwrap();
            while session.receive(&mut buffer).is_done() {}
        }
    });
    Way::each(|way| {
        let mut trust = TlsClientOptions::default();
        trust.trust = Trust::Pinned(vec![fingerprint]);
        let mut safe = options(LONG);
        safe.tls = Some(TlsClient::with_options(trust).unwrap());
        let mut unsafe_ = safe.clone();
        unsafe_.allow_downgrade = true;
        for (options, allowed) in [(safe, false), (unsafe_, true)] {
            let before = plain.connections();
            let http = sockeye::Http::with_options("https://127.0.0.1", port, options).unwrap();
            let answer = way.send(&http, &HttpRequest::get("/").unwrap());
            if allowed {
                answer.expect(HttpStatus::OK, b"plain");
            } else {
                answer.expect_error(ErrorKind::Malformed);
                assert_eq!(plain.connections(), before, "the plain server heard of it");
            }
        }
    });
    server.join().unwrap();
}
