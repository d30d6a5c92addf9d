//! The peers are what the other tests take them for: a client that everybody knows says so.

use std::fs;

use interop::{Door, Files, Httpbin, LOGIN, Nginx, ProxyServer, Site, curl, nginx, pattern};

#[test]
fn nginx_gives_out_files_on_a_connection_that_stays() {
    let nginx = Nginx::shared();
    let url = format!("{}/pattern", nginx.url(Site::Plain));
    let found = curl(&[&url, &url]);
    assert_eq!((found.status, found.connections), (200, 1));
    assert!(found.body == [pattern(nginx::PATTERN), pattern(nginx::PATTERN)].concat());
}

#[test]
fn nginx_changes_how_the_files_are_sent() {
    let nginx = Nginx::shared();
    for (path, version, expected) in [
        ("chunked", "--http1.1", Some("transfer-encoding: chunked")),
        ("chunked", "--http1.0", Some("connection: close")),
        ("until-close", "--http1.1", Some("connection: close")),
        ("gzip", "--http1.1", Some("content-encoding: gzip")),
        ("trailer", "--http1.1", Some("transfer-encoding: chunked")),
        ("whole", "--http1.1", None),
        ("", "--http1.1", Some("accept-ranges: bytes")),
        ("close", "--http1.1", Some("connection: close")),
    ] {
        let url = format!("{}/{path}/text.txt", nginx.url(Site::Plain));
        let head = curl(&[version, "--compressed", "-D", "-", "-o", "/dev/null", &url]);
        let head = String::from_utf8(head.body).unwrap().to_ascii_lowercase();
        assert!(head.contains(expected.unwrap_or("content-length")), "{path}: {head}");
        assert_eq!(head.contains("accept-ranges"), matches!(path, "" | "close" | "trailer"), "{path}: {head}");
        assert_eq!(head.contains("content-length"), matches!(path, "" | "close" | "whole"), "{path}: {head}");
        assert!(curl(&[version, "--compressed", &url]).body == nginx::text().into_bytes(), "{path}");
    }
}

#[test]
fn nginx_is_what_its_certificates_say() {
    let nginx = Nginx::shared();
    let path = |name: &str| nginx.certificate(name).to_str().unwrap().to_owned();
    let authority = path("authority.pem");
    for (site, name, answer) in
        [(Site::Tls12, "localhost", "TLSv1.2 localhost .\n"), (Site::Tls13, "localhost", "TLSv1.3 localhost .\n")]
    {
        let url = format!("https://{name}:{}/", nginx.port(site));
        assert_eq!(String::from_utf8(curl(&["--cacert", &authority, &url]).body).unwrap(), answer);
    }
    let visitor = ["--cert", &path("visitor.pem"), "--key", &path("visitor.key")];
    let found = curl(&[&visitor, &["--cacert", &authority, &nginx.url(Site::Client)][..]].concat());
    assert_eq!(found.body, b"SUCCESS CN=visitor\n");
    // The other two serve as well, to a client that does not look.
    let url = nginx.url(Site::OtherAuthority);
    assert_eq!(curl(&["--cacert", &path("stranger.pem"), &url]).body, b"never to be seen\n");
    let there = format!("other.example:{0}:127.0.0.1:{0}", nginx.port(Site::OtherName));
    let url = format!("https://other.example:{}/", nginx.port(Site::OtherName));
    let found = curl(&["--cacert", &authority, "--connect-to", &there, &url]);
    assert_eq!(found.body, b"never to be seen\n");
}

#[test]
fn nginx_takes_files() {
    let nginx = Nginx::shared();
    let url = format!("{}/upload/curled/pattern", nginx.url(Site::Plain));
    let found = curl(&["-T", nginx.file("pattern").to_str().unwrap(), &url]);
    assert_eq!(found.status, 201);
    assert!(fs::read(nginx.file("upload/curled/pattern")).unwrap() == pattern(nginx::PATTERN));
}

#[test]
fn nginx_logs_every_request_that_has_ended() {
    let nginx = Nginx::shared();
    let url = format!("{}/answer?logged", nginx.url(Site::Plain));
    assert_eq!(nginx.requests("?logged").len(), 0);
    for count in 1..4 {
        assert_eq!(curl(&["-H", "Range: bytes=0-", &url]).status, 200);
        let lines = nginx.requests("?logged");
        assert_eq!(lines.len(), count, "{lines:?}");
        assert!(lines[0].contains(" GET /answer?logged HTTP/1.1 200 "), "{lines:?}");
        assert!(lines[0].contains(r#"range="bytes=0-""#), "{lines:?}");
    }
}

#[test]
fn httpbin_answers_with_the_request_on_a_connection_that_stays() {
    let httpbin = Httpbin::shared();
    let url = format!("{}/anything?salmon=trout", httpbin.url());
    let found = curl(&[&url, &url]);
    assert_eq!((found.status, found.connections), (200, 1));
    let text = String::from_utf8(found.body).unwrap();
    assert_eq!(text.matches(r#""salmon": "trout""#).count(), 2, "{text}");
}

#[test]
fn python_serves_in_both_versions() {
    for (protocol, connections) in [("HTTP/1.0", 2), ("HTTP/1.1", 1)] {
        let files = Files::start(protocol);
        files.write("hello", "hello from Python\n");
        let url = format!("{}/hello", files.url());
        let found = curl(&[&url, &url]);
        assert_eq!((found.status, found.connections), (200, connections));
        assert_eq!(found.body, b"hello from Python\n".repeat(2));
        assert_eq!(files.output().matches("GET /hello").count(), 2);
    }
}

#[test]
fn proxies_connect_and_ask_for_the_password() {
    let nginx = Nginx::shared();
    let authority = nginx.certificate("authority.pem");
    for make in [ProxyServer::http, ProxyServer::socks] {
        for door in [Door::Open, Door::Locked] {
            let proxy = make(door);
            let url = if door == Door::Open { proxy.url() } else { proxy.url_for(LOGIN) };
            for site in [Site::Plain, Site::Tls] {
                let target = format!("{}/answer", nginx.url(site));
                let found = curl(&["--cacert", authority.to_str().unwrap(), "-x", &url, &target]);
                assert_eq!(found.status, 200);
                let text = String::from_utf8(found.body).unwrap();
                assert!(text.starts_with("GET /answer HTTP/1.1 127.0.0.1 via="), "{text}");
                assert_eq!(text.contains("tinyproxy"), url.starts_with("http:") && site == Site::Plain, "{text}");
                let target = format!("127.0.0.1:{}", nginx.port(site));
                assert_eq!(proxy.wait_for_connections(&target, 1), 1);
            }
        }
    }
}

#[test]
fn a_server_that_starts_again_is_another_on_the_same_port() {
    let mut nginx = Nginx::start();
    let url = format!("{}/answer", nginx.url(Site::Plain));
    assert_eq!(curl(&[&url]).status, 200);
    nginx.restart();
    assert_eq!(curl(&[&url]).status, 200);
}
