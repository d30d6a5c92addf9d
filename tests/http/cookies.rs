//! Cookies, as a client shows them to servers. The rules of the jar are tested beside it.

use sockeye::{HttpRequest, HttpStatus};

use crate::{
    script::Server,
    ways::{LONG, Way, client, client_with, options},
};

/// Sets cookies at `/set` and redirects from `/login`; every answer's body is the request's `Cookie` field.
fn baker() -> Server {
    Server::start(|peer| {
        while let Some(request) = peer.request() {
            let body = request.field("cookie").unwrap_or("none").to_owned();
            let (status, fields) = match request.target.as_str() {
                "/set" => {
                    (200, "Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/deep; HttpOnly\r\nSet-Cookie: c=3; Secure\r\n")
                }
                "/login" => (302, "Location: /home\r\nSet-Cookie: session=7; Path=/\r\n"),
                "/forget" => (200, "Set-Cookie: a=; Max-Age=0\r\n"),
                "/foreign" => (
                    200,
                    "Set-Cookie: evil=1; Domain=example.org\r\nSet-Cookie: =nameless; Path=/\r\nSet-Cookie: ; Path=/\r\n",
                ),
                _ => (200, ""),
            };
            peer.send(
                format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes(),
            );
        }
    })
}

fn get(target: &str) -> HttpRequest {
    HttpRequest::get(target).unwrap()
}

#[test]
fn cookies_are_sent_back_where_they_belong() {
    let server = baker();
    let mut with_cookies = options(LONG);
    with_cookies.cookies = true;
    Way::each(|way| {
        let http = client_with(&server, with_cookies.clone());
        way.send(&http, &get("/set")).expect(HttpStatus::OK, b"none");
        way.send(&http, &get("/")).expect(HttpStatus::OK, b"a=1");
        // The longer path goes first (RFC 6265 section 5.4); a secure one does not go over plain text.
        way.send(&http, &get("/deep/x")).expect(HttpStatus::OK, b"b=2; a=1");
        way.send(&http, &get("/forget")).expect(HttpStatus::OK, b"a=1");
        way.send(&http, &get("/")).expect(HttpStatus::OK, b"none");
        way.send(&http, &get("/foreign")).expect(HttpStatus::OK, b"none");
        way.send(&http, &get("/")).expect(HttpStatus::OK, b"none");
        way.send(&http, &get("/login")).expect(HttpStatus::OK, b"session=7");
        let fresh = client_with(&server, with_cookies.clone());
        way.send(&fresh, &get("/")).expect(HttpStatus::OK, b"none");
    });
}

#[test]
fn without_the_option_no_cookie_is_kept() {
    let server = baker();
    Way::each(|way| {
        let http = client(&server);
        for target in ["/set", "/", "/login"] {
            way.send(&http, &get(target)).expect(HttpStatus::OK, b"none");
        }
    });
}

#[cfg(target_os = "linux")]
/// Cookies do not know ports (RFC 6265 section 8.5), but they do know hosts.
#[test]
fn cookies_stay_with_their_host() {
    let server = baker();
    let mut with_cookies = options(LONG);
    with_cookies.cookies = true;
    Way::each(|way| {
        let http = client_with(&server, with_cookies.clone());
        way.send(&http, &get("/set")).expect(HttpStatus::OK, b"none");
        let elsewhere = Server::start_at("127.0.0.2:0", |peer| {
            while let Some(request) = peer.request() {
                let body = request.field("cookie").unwrap_or("none").to_owned();
                peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
            }
        });
        way.send(&http, &get(&elsewhere.url("/"))).expect(HttpStatus::OK, b"none");
    });
}
