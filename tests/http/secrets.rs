//! What is for the server only: neither logs nor messages show it.

use sockeye::{ErrorKind, Http, HttpRequest};

use crate::{
    script::Server,
    ways::{LONG, Way, client, options},
};

const SECRETS: [&str; 4] = ["hunter2", "aHVudGVyMg", "s3ss10n", "t0k3n"];

#[track_caller]
fn assert_silent(shown: &str) {
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn requests_keep_their_secrets() {
    let mut request = HttpRequest::get("/visible?x=1").unwrap();
    request.set_basic("ada", "hunter2").unwrap();
    let shown = format!("{request:?} {request:#?}");
    assert_silent(&shown);
    assert!(shown.contains("/visible?x=1") && shown.to_ascii_lowercase().contains("authorization"), "{shown}");
    request.set_bearer("t0k3n").unwrap();
    request.set_field("cookie", "id=s3ss10n").unwrap();
    request.set_field("Proxy-Authorization", "Basic aHVudGVyMg==").unwrap();
    request.set_field("X-Harmless", "shown").unwrap();
    let shown = format!("{request:?} {request:#?}");
    assert_silent(&shown);
    assert!(shown.contains("shown"), "{shown}");
    let request = HttpRequest::get("http://ada:hunter2@example.org/").unwrap();
    assert_silent(&format!("{request:?} {request:#?}"));
}

#[test]
fn clients_and_exchanges_keep_their_secrets() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nSet-Cookie: id=s3ss10n\r\nContent-Length: 0\r\n\r\n");
    let mut with_cookies = options(LONG);
    with_cookies.cookies = true;
    let host = format!("http://ada:hunter2@127.0.0.1:{}", server.port());
    let http = Http::with_options(&host, 0, with_cookies).unwrap();
    assert_silent(&format!("{http:?} {http:#?}"));
    let mut request = HttpRequest::get("/").unwrap();
    request.set_field("Cookie", "mine=s3ss10n").unwrap();
    let mut exchange = http.begin(&request);
    assert_silent(&format!("{exchange:?} {exchange:#?}"));
    assert!(crate::exchange::finish(&mut exchange).unwrap().ok());
    assert_silent(&format!("{exchange:?} {http:?}"));
    let response = http.send_request(&request);
    assert_silent(&format!("{response:?} {:?} {}", response.fields(), response.url()));
    assert_eq!(response.field("set-cookie"), Some("id=s3ss10n"), "the program itself may know");
    assert!(server.requests()[0].field("authorization").is_some());
}

#[test]
fn messages_keep_secrets() {
    let port = crate::deadlines::refusing_port();
    Way::each(|way| {
        let http = Http::with_options(&format!("http://ada:hunter2@127.0.0.1:{port}"), 0, options(LONG)).unwrap();
        let mut request = HttpRequest::get("/").unwrap();
        request.set_field("Cookie", "id=s3ss10n").unwrap();
        let answer = way.send(&http, &request);
        answer.expect_error(ErrorKind::Refused);
        assert_silent(&format!("{answer:?}"));
    });
    assert_silent(&HttpRequest::get("/").unwrap().set_bearer("t0k3n\r\n").unwrap_err().to_string());
    assert_silent(&HttpRequest::get("/").unwrap().set_basic("a", "hunter2\0").unwrap_err().to_string());
    assert_silent(&HttpRequest::get("http://ada:hunter2@exa mple.org/").unwrap_err().to_string());
    assert_silent(&Http::new("http://ada:hunter2@example.org/path", 0).unwrap_err().to_string());
    assert_silent(&Http::new("http://ada:hunter2@exa mple.org", 0).unwrap_err().to_string());
}

/// Where the user of a URL goes to is not where redirects lead.
#[test]
fn the_user_of_a_url_stays_with_its_host() {
    let far = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nfar");
    let near =
        Server::answering(format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", far.url("/")));
    Way::each(|way| {
        let host = format!("http://ada:hunter2@127.0.0.1:{}", near.port());
        let http = Http::with_options(&host, 0, options(LONG)).unwrap();
        way.send(&http, &HttpRequest::get("/").unwrap()).expect(sockeye::HttpStatus::OK, b"far");
        // Nor to another host that a request names itself.
        way.send(&http, &HttpRequest::get(&far.url("/")).unwrap()).expect(sockeye::HttpStatus::OK, b"far");
        way.send(&client(&far), &HttpRequest::get("/").unwrap()).expect(sockeye::HttpStatus::OK, b"far");
    });
    assert!(near.requests().iter().all(|request| request.field("authorization").is_some()));
    assert!(far.requests().iter().all(|request| request.field("authorization").is_none()));
}

/// As far as the host goes: a server sends a client from `/dir` to `/dir/` and asks there again who it is.
#[test]
fn the_user_of_a_url_goes_along_within_its_origin() {
    let server = Server::start(|peer| {
        while let Some(request) = peer.request() {
            let answer = match (request.field("authorization"), request.target.as_str()) {
                (Some("Basic YWRhOmh1bnRlcjI="), "/dir") => "301 There\r\nLocation: /dir/\r\nContent-Length: 0\r\n\r\n",
                (Some("Basic YWRhOmh1bnRlcjI="), _) => "200 OK\r\nContent-Length: 2\r\n\r\nin",
                _ => "401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
            };
            peer.send(format!("HTTP/1.1 {answer}").as_bytes());
        }
    });
    Way::each(|way| {
        let host = format!("http://ada:hunter2@127.0.0.1:{}", server.port());
        let http = Http::with_options(&host, 0, options(LONG)).unwrap();
        way.send(&http, &HttpRequest::get("/dir").unwrap()).expect(sockeye::HttpStatus::OK, b"in");
        let request = HttpRequest::get(&format!("{host}/dir")).unwrap();
        let answer = way.send(&client(&server), &request);
        answer.expect(sockeye::HttpStatus::OK, b"in");
        assert_eq!(answer.url, server.url("/dir/"));
    });
}

/// There and back: what was dropped stays dropped.
#[test]
fn the_user_of_a_url_is_not_given_back_on_the_way_home() {
    let home = Server::start(|peer| {
        while let Some(request) = peer.request() {
            let answer = match request.target.strip_prefix("/to/") {
                Some(port) => {
                    format!("302 There\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n")
                }
                None => "200 OK\r\nContent-Length: 4\r\n\r\nhome".to_owned(),
            };
            peer.send(format!("HTTP/1.1 {answer}").as_bytes());
        }
    });
    let location = home.url("/home");
    let far = Server::answering(format!("HTTP/1.1 302 Back\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"));
    Way::each(|way| {
        let host = format!("http://ada:hunter2@127.0.0.1:{}", home.port());
        let http = Http::with_options(&host, 0, options(LONG)).unwrap();
        let request = HttpRequest::get(&format!("/to/{}", far.port())).unwrap();
        way.send(&http, &request).expect(sockeye::HttpStatus::OK, b"home");
        assert_eq!(home.requests().pop().unwrap().field("authorization"), None);
    });
}
