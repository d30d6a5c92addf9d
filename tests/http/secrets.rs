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
