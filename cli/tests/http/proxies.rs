//! Proxies: the one that is asked for, the one that the environment names, none.

use crate::{
    program::{Running, command, run},
    server::{answer, field, first_line, free_port, response, serve},
};

#[test]
fn a_proxy_is_asked_for_the_whole_url() {
    let proxy = answer(response("200 OK", "", "by proxy"));
    let address = format!("http://Ada:love@127.0.0.1:{}", proxy.port);
    assert_eq!(run(&["--proxy", &address, "http://sea.example:81/fish"]).output(), b"by proxy");
    let head = proxy.end();
    assert_eq!(first_line(&head), "GET http://sea.example:81/fish HTTP/1.1");
    assert_eq!(field(&head, "Host"), Some("sea.example:81"));
    assert_eq!(field(&head, "Proxy-Authorization"), Some("Basic QWRhOmxvdmU="));
}

#[test]
fn the_environment_names_a_proxy_unless_an_option_does() {
    let proxy = answer(response("200 OK", "", "by proxy"));
    let mut http = command(&["http://sea.example/"]);
    http.env("http_proxy", proxy.url(""));
    assert_eq!(Running::start(&mut http).end().output(), b"by proxy");
    proxy.end();

    let server = answer(response("200 OK", "", "directly"));
    let mut http = command(&["--proxy", "none", &server.url("/")]);
    http.env("http_proxy", format!("http://127.0.0.1:{}", free_port()));
    assert_eq!(Running::start(&mut http).end().output(), b"directly");
    server.end();
}

/// RFC 1928, with the name left to the proxy.
#[test]
fn a_socks_proxy_connects_by_name() {
    let proxy = serve(|door| {
        let mut peer = door.accept();
        let count = usize::from(peer.body(2)[1]);
        assert!(peer.body(count).contains(&0));
        peer.send([5, 0]);
        assert_eq!(peer.body(4), [5, 1, 0, 3]);
        let length = usize::from(peer.body(1)[0]);
        assert_eq!(peer.body(length), b"sea.example");
        assert_eq!(peer.body(2), [0, 81]);
        peer.send([5, 0, 0, 1, 127, 0, 0, 1, 0, 81]);
        peer.reply(response("200 OK", "", "through"))
    });
    let address = format!("socks5h://127.0.0.1:{}", proxy.port);
    assert_eq!(run(&["--proxy", &address, "http://sea.example:81/fish"]).output(), b"through");
    assert_eq!(first_line(&proxy.end()), "GET /fish HTTP/1.1");
}

#[test]
fn a_proxy_that_refuses_is_one_line() {
    let proxy = answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let said = run(&["--proxy", &address, "https://sea.example/"]).failure(1);
    assert!(said.contains("403"), "{said}");
    assert_eq!(first_line(&proxy.end()), "CONNECT sea.example:443 HTTP/1.1");
    for (proxy, said) in [("gopher://127.0.0.1", "expected "), ("http://", "expected ")] {
        let found = run(&["--proxy", proxy, "http://sea.example/"]).failure(1);
        assert!(found.starts_with(said), "{found}");
    }
}
