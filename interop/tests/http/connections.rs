//! Which connection a request goes by: nginx says in every response which one it was.

use std::thread;

use interop::{DEADLINE, Nginx, Site, nginx};
use sockeye::{ErrorKind, HttpExchange, HttpMethod, HttpRequest, HttpStatus, SocketSelector, Status};

use super::support::{Client, Way, both_ways, client, options, place};

both_ways! {
    responses_of_every_kind_leave_the_connection_for_the_next,
    a_connection_that_the_server_closes_is_not_used_again,
    a_connection_that_the_client_closes_is_not_used_again,
    a_pool_of_none_keeps_no_connection,
    http_1_0_gets_a_connection_of_its_own,
    a_server_that_was_started_again_is_asked_over_a_new_connection,
    a_kept_connection_that_ends_is_retried_once,
    a_request_that_must_not_be_sent_twice_is_not,
    a_name_with_several_addresses_leads_to_the_one_that_answers,
    an_ipv6_address_is_a_host,
    another_host_can_be_set,
}

fn responses_of_every_kind_leave_the_connection_for_the_next(way: Way) {
    let nginx = Nginx::shared();
    for site in [Site::Plain, Site::Tls] {
        let client = client(way, &nginx, site);
        let etag = client.get("/hello.txt").field("ETag").unwrap().to_owned();
        let mut unchanged = HttpRequest::get("/hello.txt").unwrap();
        unchanged.set_field("If-None-Match", &etag).unwrap();
        let mut range = HttpRequest::get("/pattern").unwrap();
        range.set_field("Range", "bytes=7-9").unwrap();
        let mut post = HttpRequest::post("/echo").unwrap();
        post.set_body("salmon");
        let (connection, _) = place(&client.get("/hello.txt"));
        let requests = [
            (HttpRequest::get("/hello.txt").unwrap(), 200),
            (HttpRequest::head("/pattern").unwrap(), 200),
            (HttpRequest::get("/nothing").unwrap(), 204),
            (unchanged, 304),
            (HttpRequest::get("/no-such-file").unwrap(), 404),
            (range, 206),
            (HttpRequest::get("/empty").unwrap(), 200),
            (HttpRequest::get("/chunked/pattern").unwrap(), 200),
            (HttpRequest::get("/gzip/text.txt").unwrap(), 200),
            (post, 204),
            (HttpRequest::get("/moved").unwrap(), 200),
        ];
        // The first two requests were the ones above; a redirect is two.
        for ((request, status), count) in requests.iter().zip([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14]) {
            let response = client.send(request);
            assert_eq!(response.status().code(), *status, "{request:?}");
            assert_eq!(place(&response), (connection, count), "{request:?}");
        }
    }
}

fn a_connection_that_the_server_closes_is_not_used_again(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let mut seen = Vec::new();
    for path in ["/close/hello.txt", "/close/empty", "/until-close/hello.txt", "/close/hello.txt"] {
        let response = client.get(path);
        assert_eq!(response.field("Connection"), Some("close"));
        let (connection, requests) = place(&response);
        assert_eq!(requests, 1, "{path}");
        assert!(!seen.contains(&connection), "{path} came by {connection} after {seen:?}");
        seen.push(connection);
    }
}

fn a_connection_that_the_client_closes_is_not_used_again(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let mut request = HttpRequest::get("/hello.txt").unwrap();
    request.set_field("Connection", "close").unwrap();
    let first = place(&client.send(&request));
    let second = place(&client.send(&request));
    assert_eq!((first.1, second.1), (1, 1));
    assert_ne!(first.0, second.0);
}

fn a_pool_of_none_keeps_no_connection(way: Way) {
    let nginx = Nginx::shared();
    let mut options = options();
    options.pool = 0;
    let client = Client::with(way, &nginx.url(Site::Plain), options);
    let places: Vec<(u64, u64)> = (0..3).map(|_| place(&client.get("/hello.txt"))).collect();
    assert!(places.iter().all(|(_, requests)| *requests == 1), "{places:?}");
}

fn http_1_0_gets_a_connection_of_its_own(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    for path in ["/hello.txt", "/chunked/hello.txt", "/empty"] {
        let mut request = HttpRequest::get(path).unwrap();
        request.set_http_version(1, 0).unwrap();
        let response = client.send(&request);
        assert_eq!(response.status(), HttpStatus::OK);
        // It answers in its own version, and in the manner of the request's: no chunks.
        assert_eq!((response.major_http_version(), response.minor_http_version()), (1, 1));
        assert_eq!(response.field("Transfer-Encoding"), None);
        let expected = if path == "/empty" { "" } else { "hello from nginx\n" };
        assert_eq!(response.text(), expected);
        assert_eq!(place(&response).1, 1);
    }
    let mut request = HttpRequest::get("/answer").unwrap();
    request.set_http_version(1, 0).unwrap();
    assert_eq!(client.send(&request).text(), "GET /answer HTTP/1.0 127.0.0.1 via=\n");
}

fn a_server_that_was_started_again_is_asked_over_a_new_connection(way: Way) {
    let mut nginx = Nginx::start();
    for site in [Site::Plain, Site::Tls] {
        let client = client(way, &nginx, site);
        for method in [HttpMethod::Get, HttpMethod::Post] {
            let mut request = HttpRequest::new(method, "/answer").unwrap();
            if method == HttpMethod::Post {
                request.set_body("salmon");
            }
            let (connection, requests) = place(&client.send(&request));
            assert_eq!(place(&client.send(&request)), (connection, requests + 1));
            nginx.restart();
            // The idle connection is dead by now, which shows before a POST goes, and makes a GET go again.
            let response = client.send(&request);
            assert_eq!(response.text(), format!("{method} /answer HTTP/1.1 127.0.0.1 via=\n"));
            assert_eq!(place(&response).1, 1);
        }
    }
}

fn a_kept_connection_that_ends_is_retried_once(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let request = HttpRequest::get(&format!("/hang-up?{way:?}")).unwrap();
    let word = format!("/hang-up?{way:?} ");
    // A new connection: the server does not want the request.
    assert_eq!(client.fail(&request).kind(), ErrorKind::Disconnected);
    assert_eq!(nginx.requests(&word).len(), 1);
    // A kept one may have ended for another reason.
    client.get("/hello.txt");
    assert_eq!(client.fail(&request).kind(), ErrorKind::Disconnected);
    let lines = nginx.requests(&word);
    assert_eq!(lines.len(), 3, "{lines:?}");
    let places: Vec<&str> = lines.iter().map(|line| line.split('/').nth(1).unwrap()).collect();
    assert!(places[1].starts_with("2 ") && places[2].starts_with("1 "), "{lines:?}");
}

fn a_request_that_must_not_be_sent_twice_is_not(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let mut request = HttpRequest::post(&format!("/hang-up?once-{way:?}")).unwrap();
    request.set_body("salmon");
    client.get("/hello.txt");
    assert_eq!(client.fail(&request).kind(), ErrorKind::Disconnected);
    let lines = nginx.requests(&format!("/hang-up?once-{way:?} "));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].split('/').nth(1).unwrap().split(' ').next(), Some("2"), "{lines:?}");
}

fn a_name_with_several_addresses_leads_to_the_one_that_answers(way: Way) {
    let nginx = Nginx::shared();
    // Nothing of TLS listens on IPv6, if the name leads there first.
    for site in [Site::Plain, Site::Tls] {
        let url = nginx.url(site).replace("127.0.0.1", "localhost");
        let http = client(way, &nginx, site);
        let response = http.get(&format!("{url}/answer"));
        assert_eq!(response.text(), "GET /answer HTTP/1.1 localhost via=\n");
        assert_eq!(response.url(), format!("{url}/answer"));
    }
}

fn an_ipv6_address_is_a_host(way: Way) {
    if !nginx::has_ipv6() {
        return;
    }
    let nginx = Nginx::shared();
    let client = Client::new(way, &nginx.url(Site::Plain).replace("127.0.0.1", "[::1]"));
    assert_eq!(client.get("/answer").text(), "GET /answer HTTP/1.1 [::1] via=\n");
    assert_eq!(place(&client.get("/hello.txt")).1, 2);
}

fn another_host_can_be_set(way: Way) {
    let nginx = Nginx::shared();
    let mut client = client(way, &nginx, Site::Tls);
    assert_eq!(client.get("/hello.txt").url(), format!("{}/hello.txt", nginx.url(Site::Tls)));
    client.http.set_host("127.0.0.1", nginx.port(Site::Plain)).unwrap();
    assert_eq!(client.get("/hello.txt").url(), format!("{}/hello.txt", nginx.url(Site::Plain)));
    // A URL of its own wins over the host.
    let url = format!("{}/hello.txt", nginx.url(Site::Tls));
    let response = client.get(&url);
    assert_eq!((response.url(), place(&response).1), (url.as_str(), 2));
}

#[test]
fn exchanges_in_flight_have_a_connection_each() {
    let nginx = Nginx::shared();
    let client = client(Way::Polling, &nginx, Site::Plain);
    for round in 1..=2 {
        let mut exchanges: Vec<HttpExchange> =
            (0..4).map(|_| client.http.begin(&HttpRequest::get("/pattern").unwrap())).collect();
        let mut selector = SocketSelector::new().unwrap();
        for exchange in &exchanges {
            selector.add(exchange).unwrap();
        }
        let mut places = Vec::new();
        while places.len() < 4 {
            for exchange in exchanges.iter_mut().filter(|exchange| !exchange.is_finished()) {
                match exchange.poll() {
                    Status::Done(response) => {
                        assert!(response.body() == interop::pattern(nginx::PATTERN));
                        places.push(place(&response));
                    }
                    Status::NotReady => {}
                    other => panic!("{other:?}"),
                }
            }
            assert!(places.len() == 4 || selector.wait(Some(DEADLINE)).unwrap(), "{places:?}");
        }
        places.sort_unstable();
        places.dedup_by_key(|(connection, _)| *connection);
        assert_eq!(places.iter().map(|(_, requests)| *requests).collect::<Vec<_>>(), [round; 4], "{places:?}");
    }
}

#[test]
fn threads_share_a_client() {
    let nginx = Nginx::shared();
    let client = client(Way::Blocking, &nginx, Site::Tls);
    let connections = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..25).map(|_| place(&client.get("/hello.txt")).0).collect::<Vec<u64>>()))
            .collect();
        let mut all: Vec<u64> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(all.len(), 100);
        all.sort_unstable();
        all.dedup();
        all
    });
    // One each at most: what one thread gives back the next takes.
    assert!((1..=4).contains(&connections.len()), "{connections:?}");
}
