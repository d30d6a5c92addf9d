//! Httpbin: the request comes back as JSON and is compared by value.

use std::fs;

use interop::{Folder, Httpbin, curl, pattern};
use serde_json::{Value, json};
use sockeye::{HttpMethod, HttpRequest, HttpResponse, HttpStatus, Multipart};

use super::support::{Client, Way, both_ways, options, values};

both_ways! {
    every_method_arrives_with_its_body,
    fields_arrive_as_they_were_set,
    a_query_arrives_by_value,
    a_form_arrives_by_value,
    a_form_with_files_arrives_by_value,
    statuses_are_what_they_are,
    compressed_bodies_are_decompressed,
    an_encoding_that_was_not_asked_for_is_left_as_it_is,
    bodies_are_what_curl_gets,
    random_bytes_are_what_curl_gets,
    streams_arrive_whole,
    ranges_are_parts,
    fields_of_a_response_may_repeat,
    passwords_and_tokens_open_doors,
}

pub(crate) fn json_of(response: &HttpResponse) -> Value {
    assert!(response.ok(), "{response:?}");
    serde_json::from_slice(response.body()).unwrap_or_else(|error| panic!("{error}: {}", response.text()))
}

fn every_method_arrives_with_its_body(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    for (method, path) in [
        (HttpMethod::Post, "/post"),
        (HttpMethod::Put, "/put"),
        (HttpMethod::Patch, "/patch"),
        (HttpMethod::Delete, "/delete"),
    ] {
        for body in ["", "salmon", "{\"fish\": [\"salmon\", \"h\u{e9} \u{1f41f}\"]}"] {
            let mut request = HttpRequest::new(method, &format!("{path}?n=1")).unwrap();
            request.set_field("Content-Type", "application/json").unwrap().set_body(body);
            let json = json_of(&client.send(&request));
            assert_eq!(json["data"], json!(body), "{method}");
            assert_eq!(json["json"], serde_json::from_str(body).unwrap_or(Value::Null));
            assert_eq!(json["args"], json!({"n": "1"}));
            assert_eq!(json["url"], json!(format!("{}{path}?n=1", httpbin.url())));
            assert_eq!(json["headers"]["Content-Length"], json!(body.len().to_string()));
        }
    }
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
        let request = HttpRequest::new(method.parse().unwrap(), "/anything/a%20b/c").unwrap();
        let json = json_of(&client.send(&request));
        assert_eq!((&json["method"], &json["data"]), (&json!(method), &json!("")));
        assert_eq!(json["url"], json!(format!("{}/anything/a%20b/c", httpbin.url())));
    }
    let response = client.send(&HttpRequest::options("/get").unwrap());
    let mut allowed: Vec<&str> = response.field("Allow").unwrap().split(", ").collect();
    allowed.sort_unstable();
    assert_eq!((response.status(), allowed), (HttpStatus::OK, vec!["GET", "HEAD", "OPTIONS"]));
    // Bytes that are no text come back in base64.
    let mut request = HttpRequest::post("/post").unwrap();
    request.set_field("Content-Type", "application/octet-stream").unwrap().set_body([0, 255, 10, 13]);
    assert_eq!(json_of(&client.send(&request))["data"], json!("data:application/octet-stream;base64,AP8KDQ=="));
}

fn fields_arrive_as_they_were_set(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    let host = httpbin.url().replace("http://", "");
    let agent = concat!("sockeye/", env!("CARGO_PKG_VERSION"));
    let expected = json!({"Host": host, "User-Agent": agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"});
    assert_eq!(json_of(&client.get("/headers")), json!({"headers": expected}));
    assert_eq!(json_of(&client.get("/user-agent")), json!({"user-agent": agent}));
    assert_eq!(json_of(&client.get("/ip")), json!({"origin": "127.0.0.1"}));
    let mut request = HttpRequest::get("/headers").unwrap();
    request.set_field("Accept", "text/fish").unwrap().set_field("Accept", "text/trout").unwrap();
    request.add_field("X-Fish", "salmon").unwrap().add_field("X-Fish", "trout").unwrap();
    request.set_field("X-Gone", "x").unwrap().set_field("user-agent", "a test").unwrap();
    assert!(request.remove_field("x-gone") && !request.remove_field("x-gone"));
    let headers = &json_of(&client.send(&request))["headers"];
    assert_eq!((&headers["Accept"], &headers["User-Agent"]), (&json!("text/trout"), &json!("a test")));
    // The way in which Python's interface for servers joins them.
    assert_eq!((&headers["X-Fish"], &headers["X-Gone"]), (&json!("salmon,trout"), &Value::Null));
    let mut options = options();
    options.user_agent = "another/1".to_owned();
    options.compression = false;
    let json = json_of(&Client::with(way, &httpbin.url(), options).get("/headers"));
    assert_eq!(json, json!({"headers": {"Host": host, "User-Agent": "another/1", "Accept": "*/*"}}));
}

/// Characters that mean something in URLs, forms or shells.
const TEXTS: [&str; 5] = ["plain", "a b+c", "x=1&y=2;z", "h\u{e9} \u{1f41f}", "\"%41\\/?#'\r\n"];

fn a_query_arrives_by_value(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    for name in TEXTS {
        for value in TEXTS {
            let mut request = HttpRequest::get("/get?old=1").unwrap();
            request.set_query(&[(name, value), ("twice", "1"), ("twice", "2"), ("empty", "")]);
            let args = &json_of(&client.send(&request))["args"];
            assert_eq!(args, &json!({name: value, "twice": ["1", "2"], "empty": ""}));
        }
    }
}

fn a_form_arrives_by_value(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    let page = client.get("/forms/post").text().into_owned();
    assert!(page.contains("<form method=\"post\" action=\"/post\">"), "{page}");
    for value in TEXTS {
        let mut request = HttpRequest::post("/post").unwrap();
        request.set_form(&[("custname", value), ("topping", "bacon"), ("topping", "onion"), ("comments", "")]);
        let json = json_of(&client.send(&request));
        assert_eq!(json["form"], json!({"custname": value, "topping": ["bacon", "onion"], "comments": ""}));
        assert_eq!(json["headers"]["Content-Type"], json!("application/x-www-form-urlencoded"));
        assert_eq!((&json["data"], &json["files"]), (&json!(""), &json!({})));
    }
}

fn a_form_with_files_arrives_by_value(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    let folder = Folder::new("form");
    let text = folder.write("text.txt", "the text of a file\r\n--with\r\n\r\nlines\n");
    let mut form = Multipart::new();
    for (number, value) in TEXTS.iter().enumerate() {
        form.text(&format!("field {number}"), value);
    }
    form.file("file", &text).unwrap();
    form.bytes("bytes", "b \"quoted\".bin", "application/octet-stream", [0, 255, 13, 10]).unwrap();
    form.bytes("empty", "empty", "text/plain", []).unwrap();
    let mut request = HttpRequest::post("/post").unwrap();
    request.set_multipart(form);
    let json = json_of(&client.send(&request));
    let fields: serde_json::Map<String, Value> =
        TEXTS.iter().enumerate().map(|(number, value)| (format!("field {number}"), json!(value))).collect();
    assert_eq!(json["form"], Value::Object(fields));
    assert_eq!(
        json["files"],
        json!({
            "file": fs::read_to_string(&text).unwrap(),
            "bytes": "data:application/octet-stream;base64,AP8NCg==",
            "empty": "",
        })
    );
    let kind = json["headers"]["Content-Type"].as_str().unwrap();
    assert!(kind.starts_with("multipart/form-data; boundary="), "{kind}");
    // A form may be sent again, and its boundary is no other's.
    let again = json_of(&client.send(&request));
    assert_eq!((&again["form"], &again["headers"]["Content-Type"]), (&json["form"], &json["headers"]["Content-Type"]));
    request.set_multipart(Multipart::new());
    assert_ne!(json_of(&client.send(&request))["headers"]["Content-Type"], json["headers"]["Content-Type"]);
}

fn statuses_are_what_they_are(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    for code in [200, 201, 202, 204, 206, 304, 400, 401, 402, 404, 406, 418, 429, 500, 503, 599] {
        for method in [HttpMethod::Get, HttpMethod::Put, HttpMethod::Delete] {
            let response = client.send(&HttpRequest::new(method, &format!("/status/{code}")).unwrap());
            assert_eq!(response.status().code(), code, "{method}");
            assert_eq!(response.ok(), (200..300).contains(&code));
            assert_eq!(response.into_result().is_ok(), code < 400);
        }
    }
    let teapot = client.get("/status/418");
    assert!(teapot.text().contains("-=[ teapot ]=-"), "{}", teapot.text());
    // A redirect that does not say where to is the answer.
    assert_eq!(client.get("/status/300").status(), HttpStatus::MULTIPLE_CHOICES);
}

fn compressed_bodies_are_decompressed(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    for (path, mark) in [("/gzip", "gzipped"), ("/deflate", "deflated")] {
        let json = json_of(&client.get(path));
        assert_eq!((&json[mark], &json["method"]), (&json!(true), &json!("GET")), "{path}");
    }
}

fn an_encoding_that_was_not_asked_for_is_left_as_it_is(way: Way) {
    let httpbin = Httpbin::shared();
    let response = Client::new(way, &httpbin.url()).get("/brotli");
    assert_eq!(response.field("Content-Encoding"), Some("br"));
    assert_eq!(response.field("Content-Length"), Some(&*response.body().len().to_string()));
    serde_json::from_slice::<Value>(response.body()).unwrap_err();
    // The same bytes but for what the two clients say of themselves; brotli begins with its window.
    let other = curl(&[&format!("{}/brotli", httpbin.url())]);
    assert_eq!(response.body()[..1], other.body[..1]);
}

fn bodies_are_what_curl_gets(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    for path in [
        "/image/png",
        "/image/jpeg",
        "/image/webp",
        "/image/svg",
        "/encoding/utf8",
        "/html",
        "/xml",
        "/json",
        "/robots.txt",
        "/deny",
        "/links/10/0",
        "/range/70000?chunk_size=1000",
        "/base64/c2FsbW9u",
        "/status/418",
        "/no-such-path",
    ] {
        let other = curl(&[&format!("{}{path}", httpbin.url())]);
        let response = client.get(path);
        assert_eq!(response.status().code(), other.status, "{path}");
        assert!(!other.body.is_empty() && response.body() == other.body, "{path}");
    }
    let image = client.get("/image/png");
    assert_eq!(image.field("Content-Type"), Some("image/png"));
    assert_eq!(image.body()[..8], *b"\x89PNG\r\n\x1a\n");
    assert!(client.get("/encoding/utf8").text().contains("\u{222e} E\u{22c5}da = Q"));
    assert_eq!(client.get("/base64/c2FsbW9u").text(), "salmon");
    let links = client.get("/links/10/0");
    assert_eq!(links.text().matches("<a href='/links/10/").count(), 9);
}

fn random_bytes_are_what_curl_gets(way: Way) {
    // The seed is the server's: nobody else may ask it for bytes meanwhile.
    let httpbin = Httpbin::start();
    let client = Client::new(way, &httpbin.url());
    for path in ["/bytes/100000?seed=7", "/stream-bytes/100000?seed=7&chunk_size=777"] {
        let other = curl(&[&format!("{}{path}", httpbin.url())]);
        let response = client.get(path);
        assert_eq!((response.status().code(), other.status, other.body.len()), (200, 200, 100_000), "{path}");
        assert!(response.body() == other.body, "{path}");
    }
}

fn streams_arrive_whole(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    for count in [0, 1, 100] {
        let response = client.get(&format!("/stream/{count}"));
        assert_eq!(response.field("Transfer-Encoding"), Some("chunked"));
        let text = response.text();
        let ids: Vec<i64> =
            text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_i64().unwrap()).collect();
        assert_eq!(ids, (0..count).collect::<Vec<_>>());
    }
    for (length, size) in [(0, 10), (1, 10), (10, 10), (11, 10), (100_000, 65_537)] {
        let response = client.get(&format!("/stream-bytes/{length}?chunk_size={size}"));
        assert_eq!(response.body().len(), length);
    }
    assert_eq!(client.get("/bytes/1").body().len(), 1);
}

fn ranges_are_parts(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    let letters: Vec<u8> = (b'a'..=b'z').cycle().take(1000).collect();
    let whole = client.get("/range/1000");
    assert_eq!((whole.body(), whole.field("ETag")), (&letters[..], Some("range1000")));
    for (range, start, end) in [("bytes=0-0", 0, 0), ("bytes=27-99", 27, 99), ("bytes=990-", 990, 999)] {
        let mut request = HttpRequest::get("/range/1000").unwrap();
        request.set_field("Range", range).unwrap();
        let response = client.send(&request);
        assert_eq!(response.status(), HttpStatus::PARTIAL_CONTENT);
        assert_eq!(response.field("Content-Range"), Some(&*format!("bytes {start}-{end}/1000")));
        assert_eq!(response.body(), &letters[start..=end]);
    }
}

fn fields_of_a_response_may_repeat(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    let response = client.get("/response-headers?X-Fish=salmon&x-other=1&X-Fish=trout");
    assert_eq!(values(response.fields(), "x-fish"), [&b"salmon"[..], b"trout"]);
    assert_eq!((response.field("X-FISH"), response.field("X-Other")), (Some("salmon"), Some("1")));
    assert_eq!(json_of(&response)["X-Fish"], json!(["salmon", "trout"]));
    assert_eq!(response.field("X-None"), None);
}

fn passwords_and_tokens_open_doors(way: Way) {
    let httpbin = Httpbin::shared();
    let client = Client::new(way, &httpbin.url());
    for (path, closed) in [("/basic-auth", 401), ("/hidden-basic-auth", 404)] {
        let mut request = HttpRequest::get(&format!("{path}/anna/open%20sesame")).unwrap();
        assert_eq!(client.send(&request).status().code(), closed);
        request.set_basic("anna", "sesame").unwrap();
        assert_eq!(client.send(&request).status().code(), closed);
        request.set_basic("anna", "open sesame").unwrap();
        assert_eq!(json_of(&client.send(&request)), json!({"authenticated": true, "user": "anna"}), "{path}");
        assert!(!format!("{request:?}").contains("YW5uYTpvcGVu"), "{request:?}");
    }
    let mut request = HttpRequest::get("/bearer").unwrap();
    let response = client.send(&request);
    assert_eq!((response.status().code(), response.field("WWW-Authenticate")), (401, Some("Bearer")));
    request.set_bearer("abc-._~+/0=").unwrap();
    assert_eq!(json_of(&client.send(&request)), json!({"authenticated": true, "token": "abc-._~+/0="}));
}

#[test]
fn a_long_form_is_streamed_from_its_files() {
    let httpbin = Httpbin::shared();
    let client = Client::new(Way::Blocking, &httpbin.url());
    let folder = Folder::new("form");
    let letters: Vec<u8> = pattern(1_500_000).into_iter().map(|byte| b'a' + byte % 26).collect();
    let path = folder.write("letters", &letters);
    let mut form = Multipart::new();
    form.file("letters", &path).unwrap().text("after", "the file");
    let mut request = HttpRequest::post("/post").unwrap();
    request.set_multipart(form);
    let json = json_of(&client.send(&request));
    assert!(json["files"]["letters"].as_str().unwrap().as_bytes() == letters);
    assert_eq!(json["form"], json!({"after": "the file"}));
}
