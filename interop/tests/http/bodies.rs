//! What is in a response of nginx, however it is sent.

use std::time::Duration;

use interop::{Nginx, Site, nginx, pattern};
use sockeye::{Error, ErrorKind, HttpRequest, HttpStatus, Limit, Phase, Status};

use super::support::{Client, Way, both_ways, client, options, takes, values};

both_ways! {
    bodies_are_the_same_however_they_are_framed,
    a_body_that_is_not_asked_for_in_gzip_comes_as_it_is,
    trailers_come_behind_the_body,
    a_head_without_a_body_says_how_long_it_would_be,
    an_unchanged_file_is_not_sent_again,
    a_page_about_an_error_is_a_body,
    nothing_is_a_response_too,
    ranges_are_parts_of_the_file,
    a_range_that_is_not_there_is_refused,
    a_long_head_has_a_limit,
    many_fields_have_a_limit,
    a_long_field_arrives,
    a_password_is_asked_for,
    a_body_in_memory_has_a_limit,
    a_body_that_takes_too_long_is_cut_at_the_limit,
    a_query_and_a_fragment_go_where_they_belong,
}

fn bodies_are_the_same_however_they_are_framed(way: Way) {
    let nginx = Nginx::shared();
    for site in [Site::Plain, Site::Tls] {
        let client = client(way, &nginx, site);
        for (name, body) in [
            ("pattern", pattern(nginx::PATTERN)),
            ("text.txt", nginx::text().into_bytes()),
            ("hello.txt", b"hello from nginx\n".to_vec()),
            ("empty", Vec::new()),
        ] {
            for (path, transfer) in
                [("", None), ("/chunked", Some("chunked")), ("/until-close", None), ("/gzip", Some("chunked"))]
            {
                let response = client.get(&format!("{path}/{name}"));
                assert_eq!(response.status(), HttpStatus::OK);
                // What is compressed has a length that is not known, even if it is nothing.
                let transfer = transfer.filter(|_| !body.is_empty() || path == "/gzip");
                assert_eq!(response.field("Transfer-Encoding"), transfer, "{site:?}{path}/{name}");
                assert!(response.body() == body, "{site:?}{path}/{name}: {} bytes", response.body().len());
            }
        }
    }
}

fn a_body_that_is_not_asked_for_in_gzip_comes_as_it_is(way: Way) {
    let nginx = Nginx::shared();
    let mut options = options();
    options.compression = false;
    let plain = Client::with(way, &nginx.url(Site::Plain), options);
    let response = plain.get("/gzip/text.txt");
    assert_eq!(response.field("Content-Encoding"), None);
    assert_eq!(response.text(), nginx::text());
    // Who asks for it himself gets it as he asked.
    let mut request = HttpRequest::get("/gzip/text.txt").unwrap();
    request.set_field("Accept-Encoding", "identity").unwrap();
    let response = client(way, &nginx, Site::Plain).send(&request);
    assert_eq!(response.field("Content-Encoding"), None);
    assert_eq!(response.text(), nginx::text());
}

fn trailers_come_behind_the_body(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let response = client.get("/trailer/pattern");
    assert!(response.body() == pattern(nginx::PATTERN));
    assert_eq!(values(response.trailers(), "x-sum"), [&b"of /trailer/pattern"[..], b"again"]);
    assert_eq!(response.field("X-Sum"), None);
    assert_eq!(client.get("/hello.txt").trailers().len(), 0);
}

fn a_head_without_a_body_says_how_long_it_would_be(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    for (path, length) in [
        ("/pattern", Some(nginx::PATTERN.to_string())),
        ("/sparse", Some(nginx::SPARSE.to_string())),
        ("/chunked/hello.txt", None),
        ("/no-such-file", Some("22".to_owned())),
    ] {
        let response = client.send(&HttpRequest::head(path).unwrap());
        assert_eq!(response.status().code(), if path == "/no-such-file" { 404 } else { 200 });
        assert_eq!(response.field("Content-Length"), length.as_deref(), "{path}");
        assert_eq!(response.body(), b"");
    }
}

fn an_unchanged_file_is_not_sent_again(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let first = client.get("/text.txt");
    for (name, field) in [("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")] {
        let mut request = HttpRequest::get("/text.txt").unwrap();
        request.set_field(name, first.field(field).unwrap()).unwrap();
        let response = client.send(&request);
        assert_eq!((response.status(), response.body()), (HttpStatus::NOT_MODIFIED, &b""[..]));
        assert_eq!(response.field("ETag"), first.field("ETag"));
        assert!(!response.ok());
        request.set_field(name, if field == "ETag" { "\"another\"" } else { "Thu, 01 Jan 1970 00:00:00 GMT" }).unwrap();
        assert_eq!(client.send(&request).text(), nginx::text());
    }
}

fn a_page_about_an_error_is_a_body(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let response = client.get("/no-such-file");
    assert_eq!((response.status(), response.reason()), (HttpStatus::NOT_FOUND, "Not Found"));
    assert_eq!(response.text(), "there is no such file\n");
    assert!(!response.ok() && response.error().is_none());
    let Err(Error::PeerRefused { code, text }) = response.into_result() else { panic!("404 is a result") };
    assert_eq!((code, &*text), (404, "Not Found"));
    // A method that a file does not know.
    let response = client.send(&HttpRequest::post("/hello.txt").unwrap());
    assert_eq!(response.status(), HttpStatus::METHOD_NOT_ALLOWED);
    assert!(response.text().contains("405 Not Allowed"), "{}", response.text());
}

fn nothing_is_a_response_too(way: Way) {
    let nginx = Nginx::shared();
    let response = client(way, &nginx, Site::Plain).get("/nothing");
    assert_eq!((response.status(), response.body()), (HttpStatus::NO_CONTENT, &b""[..]));
    assert!(response.ok());
    assert_eq!(response.field("Content-Length"), None);
}

fn ranges_are_parts_of_the_file(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let all = pattern(nginx::PATTERN);
    let last = nginx::PATTERN - 1;
    for (range, start, end) in [
        ("bytes=0-0", 0, 0),
        ("bytes=1000-69999", 1000, 69_999),
        ("bytes=1000000-", 1_000_000, last),
        ("bytes=-5", nginx::PATTERN - 5, last),
        ("bytes=999999-2000000", 999_999, last),
    ] {
        let mut request = HttpRequest::get("/pattern").unwrap();
        request.set_field("Range", range).unwrap();
        let response = client.send(&request);
        assert_eq!(response.status(), HttpStatus::PARTIAL_CONTENT);
        assert_eq!(response.field("Content-Range"), Some(&*format!("bytes {start}-{end}/{}", nginx::PATTERN)));
        assert!(response.body() == &all[start..=end], "{range}");
    }
    // Several parts are a body that the caller takes apart.
    let mut request = HttpRequest::get("/hello.txt").unwrap();
    request.set_field("Range", "bytes=0-4,11-15").unwrap();
    let response = client.send(&request);
    assert!(response.field("Content-Type").unwrap().starts_with("multipart/byteranges; boundary="), "{response:?}");
    let text = response.text();
    let parts: Vec<&str> = text.split("\r\n").collect();
    assert!(parts.contains(&"Content-Range: bytes 0-4/17") && parts.contains(&"hello"), "{text}");
    assert!(parts.contains(&"Content-Range: bytes 11-15/17") && parts.contains(&"nginx"), "{text}");
    // A server that knows no ranges sends everything.
    let mut request = HttpRequest::get("/whole/hello.txt").unwrap();
    request.set_field("Range", "bytes=0-4").unwrap();
    let response = client.send(&request);
    assert_eq!((response.status(), &*response.text()), (HttpStatus::OK, "hello from nginx\n"));
}

fn a_range_that_is_not_there_is_refused(way: Way) {
    let nginx = Nginx::shared();
    let mut request = HttpRequest::get("/hello.txt").unwrap();
    request.set_field("Range", "bytes=17-").unwrap();
    let response = client(way, &nginx, Site::Plain).send(&request);
    assert_eq!(response.status(), HttpStatus::RANGE_NOT_SATISFIABLE);
    assert_eq!(response.field("Content-Range"), Some("bytes */17"));
}

fn a_long_head_has_a_limit(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let response = client.get("/head-60k");
    assert_eq!(response.text(), "under the limit\n");
    assert_eq!(response.field("X-Large"), Some(&*"k".repeat(60 * 1024)));
    match client.fail(&HttpRequest::get("/head-70k").unwrap()) {
        Error::TooLong { what: Limit::Head, length, limit: 65_536 } => assert!(length > 65_536, "{length}"),
        other => panic!("{other}"),
    }
    // What is left of it is nobody's next response.
    assert_eq!(client.get("/hello.txt").text(), "hello from nginx\n");
}

fn many_fields_have_a_limit(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let response = client.get("/100-fields");
    assert_eq!((response.fields().len(), &*response.text()), (100, "under the limit\n"));
    assert_eq!((response.field("x-0"), response.field("X-94")), (Some("0"), Some("94")));
    let error = client.fail(&HttpRequest::get("/130-fields").unwrap());
    assert!(matches!(error, Error::TooMany { what: Limit::Fields, limit: 128 }), "{error}");
}

fn a_long_field_arrives(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let mut request = HttpRequest::get("/field").unwrap();
    let value = "s".repeat(60_000);
    request.set_field("X-Field", &value).unwrap();
    assert_eq!(client.send(&request).text(), value);
    request.set_field("X-Field", &"s".repeat(70_000)).unwrap();
    let response = client.send(&request);
    assert_eq!(response.status(), HttpStatus::BAD_REQUEST);
    assert!(response.text().contains("Request Header Or Cookie Too Large"), "{}", response.text());
}

fn a_password_is_asked_for(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let response = client.get("/private/hello.txt");
    assert_eq!(response.status(), HttpStatus::UNAUTHORIZED);
    assert_eq!(response.field("WWW-Authenticate"), Some("Basic realm=\"the tests\""));
    let mut request = HttpRequest::get("/private/hello.txt").unwrap();
    for (user, password, status) in
        [("anna", "open", 401), ("anne", "open sesame", 401), ("anna", "", 401), ("anna", "open sesame", 200)]
    {
        request.set_basic(user, password).unwrap();
        assert_eq!(client.send(&request).status().code(), status, "{user}:{password}");
    }
    // In the URL of the host, and in that of the request.
    let login = format!("http://anna:open%20sesame@127.0.0.1:{}", nginx.port(Site::Plain));
    assert_eq!(Client::new(way, &login).get("/private/hello.txt").text(), "hello from nginx\n");
    let response = client.get(&format!("{login}/private/hello.txt"));
    assert_eq!(response.text(), "hello from nginx\n");
    assert_eq!(response.url(), format!("{}/private/hello.txt", nginx.url(Site::Plain)));
}

fn a_body_in_memory_has_a_limit(way: Way) {
    let nginx = Nginx::shared();
    for (path, length) in [
        ("/pattern", nginx::PATTERN),
        ("/chunked/pattern", nginx::PATTERN),
        ("/until-close/pattern", nginx::PATTERN),
        ("/gzip/text.txt", nginx::text().len()),
    ] {
        let mut options = options();
        options.body_limit = length as u64;
        assert_eq!(Client::with(way, &nginx.url(Site::Plain), options.clone()).get(path).body().len(), length);
        options.body_limit -= 1;
        let client = Client::with(way, &nginx.url(Site::Plain), options);
        let error = client.fail(&HttpRequest::get(path).unwrap());
        assert_eq!(error.kind(), ErrorKind::TooLong, "{path}: {error}");
        let Error::TooLong { what: Limit::Body, limit, .. } = error else { panic!("{path}: {error}") };
        assert_eq!(limit, length as u64 - 1);
        assert_eq!(client.get("/hello.txt").text(), "hello from nginx\n");
    }
}

fn a_body_that_takes_too_long_is_cut_at_the_limit(way: Way) {
    let nginx = Nginx::shared();
    let mut options = options();
    let limit = Duration::from_millis(300);
    options.limit = Some(limit);
    let client = Client::with(way, &nginx.url(Site::Plain), options);
    let error = takes(limit, || client.fail(&HttpRequest::get("/slow/pattern").unwrap()));
    assert!(matches!(error, Error::TimedOut { phase: Phase::Exchange, limit: found } if found == limit), "{error}");
}

fn a_query_and_a_fragment_go_where_they_belong(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let mut request = HttpRequest::get("answer").unwrap();
    request.set_query(&[("a b", "c&d=e"), ("\u{e9}", "")]);
    assert_eq!(client.send(&request).text(), "GET /answer?a+b=c%26d%3De&%C3%A9= HTTP/1.1 127.0.0.1 via=\n");
    let url = format!("{}/answer?x=1#part", nginx.url(Site::Plain));
    assert_eq!(client.get(&url).text(), "GET /answer?x=1 HTTP/1.1 127.0.0.1 via=\n");
}

#[test]
fn what_has_come_of_a_body_is_kept() {
    let nginx = Nginx::shared();
    let client = client(Way::Blocking, &nginx, Site::Plain);
    let request = HttpRequest::get("/slow/pattern").unwrap();
    let response = client.http.send_request_timeout(&request, Duration::from_millis(500));
    assert_eq!(response.status(), HttpStatus::INVALID_RESPONSE);
    assert_eq!(response.error().map(Error::kind), Some(ErrorKind::TimedOut));
    assert_eq!(response.field("Content-Length"), Some(&*nginx::PATTERN.to_string()));
    let arrived = response.body();
    assert!((1..nginx::PATTERN).contains(&arrived.len()), "{} bytes", arrived.len());
    assert!(arrived == &pattern(nginx::PATTERN)[..arrived.len()]);

    let mut options = options();
    options.limit = Some(Duration::from_millis(500));
    let client = Client::with(Way::Polling, &nginx.url(Site::Plain), options);
    let mut exchange = client.http.begin(&request);
    let mut selector = sockeye::SocketSelector::new().unwrap();
    selector.add(&exchange).unwrap();
    let mut received = 0;
    let error = loop {
        match exchange.poll() {
            Status::NotReady => {}
            other => break other.error().unwrap(),
        }
        let progress = exchange.progress();
        assert!(progress.received >= received, "{progress:?} after {received}");
        received = progress.received;
        if received > 0 {
            assert_eq!(progress.to_receive, Some(nginx::PATTERN as u64));
            let response = exchange.response().unwrap();
            assert_eq!((response.status(), response.body().len() as u64), (HttpStatus::OK, received));
        }
        selector.wait(exchange.wakes_in()).unwrap();
    };
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(received > 0);
    let response = exchange.response().unwrap();
    assert!(response.body() == &pattern(nginx::PATTERN)[..response.body().len()]);
    assert!(response.body().len() as u64 >= received);
}
