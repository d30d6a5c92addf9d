//! Bodies of requests, from memory, from files and from readers.

use std::{fs, io::Read, ops::ControlFlow, time::Duration};

use interop::{
    Folder, Nginx, Site,
    child::{part, peak_memory, play},
    nginx, pattern,
};
use sockeye::{Http, HttpMethod, HttpProgress, HttpRequest, HttpStatus};

use super::support::{Client, Way, both_ways, client, options};

both_ways! {
    a_body_arrives_with_its_type_and_length,
    every_source_of_a_body_arrives_the_same,
    a_long_body_waits_until_it_is_wanted,
    a_body_that_is_not_wanted_is_not_sent,
    what_was_put_can_be_deleted,
    an_upload_over_tls_arrives,
}

fn a_body_arrives_with_its_type_and_length(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    for method in [HttpMethod::Post, HttpMethod::Put, HttpMethod::Patch, HttpMethod::Delete] {
        for body in ["", "s", "salmon and trout"] {
            let mut request = HttpRequest::new(method, "/echo").unwrap();
            request.set_field("Content-Type", "text/fish").unwrap().set_body(body);
            let response = client.send(&request);
            assert_eq!(response.status(), HttpStatus::NO_CONTENT);
            let told = ["X-Method", "X-Type", "X-Length"].map(|name| response.field(name).unwrap_or("none"));
            assert_eq!(told, [method.as_str(), "text/fish", &body.len().to_string()], "{method} {body}");
            assert_eq!(response.field("X-Body").unwrap_or_default(), body);
        }
    }
    // No body is none, but for a method that wants one.
    for (method, length) in [(HttpMethod::Post, Some("0")), (HttpMethod::Put, Some("0")), (HttpMethod::Delete, None)] {
        let response = client.send(&HttpRequest::new(method, "/echo").unwrap());
        assert_eq!((response.field("X-Method"), response.field("X-Length")), (Some(method.as_str()), length));
    }
}

/// Gives its bytes a few at a time.
struct Trickle(Vec<u8>, usize);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(7777).min(self.0.len() - self.1);
        buffer[..length].copy_from_slice(&self.0[self.1..][..length]);
        self.1 += length;
        Ok(length)
    }
}

fn every_source_of_a_body_arrives_the_same(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let folder = Folder::new("upload");
    for length in [0, 1, 1000, 300_000] {
        let body = pattern(length);
        for source in ["memory", "file", "reader", "reader of a length"] {
            let name = format!("{way:?}/{source}-{length}").replace(' ', "-");
            let mut request = HttpRequest::put(&format!("/upload/{name}")).unwrap();
            match source {
                "memory" => request.set_body(body.clone()),
                "file" => request.set_body_file(folder.write("body", &body)).unwrap(),
                "reader" => request.set_body_reader(Trickle(body.clone(), 0), None),
                _ => request.set_body_reader(Trickle(body.clone(), 0), Some(length as u64)),
            };
            assert_eq!(client.send(&request).status(), HttpStatus::CREATED, "{name}");
            assert!(fs::read(nginx.file(&format!("upload/{name}"))).unwrap() == body, "{name}");
            assert!(client.get(&format!("/upload/{name}")).body() == body, "{name}");
            let lines = nginx.requests(&format!("PUT /upload/{name} "));
            let chunked = lines[0].contains(r#"transfer="chunked""#);
            assert_eq!((lines.len(), chunked), (1, source == "reader"), "{lines:?}");
        }
    }
}

fn a_long_body_waits_until_it_is_wanted(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    for (length, expected) in [(1 << 20, "100-continue"), ((1 << 20) - 1, "-")] {
        let body = pattern(length);
        let uri = format!("/upload/{way:?}/waits-{length}");
        let mut request = HttpRequest::put(&uri).unwrap();
        request.set_body(body.clone());
        assert_eq!(client.send(&request).status(), HttpStatus::CREATED);
        assert!(fs::read(nginx.file(&uri[1..])).unwrap() == body);
        let lines = nginx.requests(&format!("PUT {uri} "));
        assert!(lines[0].contains(&format!("expect=\"{expected}\"")), "{lines:?}");
    }
    // Asked for by the caller, and by an option.
    let mut request = HttpRequest::put(&format!("/upload/{way:?}/asks")).unwrap();
    request.set_field("Expect", "100-continue").unwrap().set_body("salmon");
    assert_eq!(client.send(&request).status(), HttpStatus::CREATED);
    assert_eq!(fs::read(nginx.file(&format!("upload/{way:?}/asks"))).unwrap(), b"salmon");
    let mut options = options();
    options.expect_continue = 6;
    let mut request = HttpRequest::put(&format!("/upload/{way:?}/set")).unwrap();
    request.set_body("salmon");
    assert_eq!(Client::with(way, &nginx.url(Site::Plain), options).send(&request).status(), HttpStatus::CREATED);
    for name in ["asks", "set"] {
        let lines = nginx.requests(&format!("PUT /upload/{way:?}/{name} "));
        assert!(lines[0].contains("expect=\"100-continue\""), "{lines:?}");
    }
}

fn a_body_that_is_not_wanted_is_not_sent(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let uri = format!("/closed/{way:?}");
    let mut request = HttpRequest::put(&uri).unwrap();
    request.set_body(pattern(2 << 20));
    let response = client.send(&request);
    assert_eq!(response.status(), HttpStatus::CONTENT_TOO_LARGE);
    assert!(response.text().contains("413 Request Entity Too Large"), "{}", response.text());
    let lines = nginx.requests(&format!("PUT {uri} "));
    // Nginx counts the head and what it has read of the body.
    let took = lines[0].split("took=").nth(1).unwrap().split(' ').next().unwrap().parse::<u64>().unwrap();
    assert!(took < 1000, "{lines:?}");
    // Without the question the body goes, and the answer comes all the same.
    let mut options = options();
    options.expect_continue = u64::MAX;
    let client = Client::with(way, &nginx.url(Site::Plain), options);
    assert_eq!(client.send(&request).status(), HttpStatus::CONTENT_TOO_LARGE);
}

fn what_was_put_can_be_deleted(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Plain);
    let uri = format!("/upload/deleted-{way:?}");
    let mut put = HttpRequest::put(&uri).unwrap();
    put.set_body("salmon");
    let delete = HttpRequest::delete(&uri).unwrap();
    let statuses = [&put, &put, &delete, &delete].map(|request| client.send(request).status());
    let expected = [HttpStatus::CREATED, HttpStatus::NO_CONTENT, HttpStatus::NO_CONTENT, HttpStatus::NOT_FOUND];
    assert_eq!(statuses, expected);
}

fn an_upload_over_tls_arrives(way: Way) {
    let nginx = Nginx::shared();
    let client = client(way, &nginx, Site::Tls);
    let uri = format!("/upload/{way:?}/tls");
    let mut request = HttpRequest::put(&uri).unwrap();
    request.set_body_file(nginx.file("pattern")).unwrap();
    assert_eq!(client.send(&request).status(), HttpStatus::CREATED);
    assert!(fs::read(nginx.file(&uri[1..])).unwrap() == pattern(nginx::PATTERN));
}

#[test]
fn progress_counts_what_was_sent() {
    let nginx = Nginx::shared();
    let client = client(Way::Blocking, &nginx, Site::Plain);
    let mut request = HttpRequest::put("/upload/progress").unwrap();
    request.set_body_file(nginx.file("pattern")).unwrap();
    let (mut body, mut last) = (Vec::new(), HttpProgress::default());
    let response = client.http.download(&request, &mut body, |progress| {
        assert!(progress.sent >= last.sent, "{progress:?} after {last:?}");
        last = progress;
        ControlFlow::Continue(())
    });
    assert_eq!(response.status(), HttpStatus::CREATED);
    let all = nginx::PATTERN as u64;
    assert_eq!((last.sent, last.to_send, last.received), (all, Some(all), 0));
    request.set_body_reader(Trickle(pattern(5000), 0), None);
    let response = client.http.download(&request, &mut body, |progress| {
        last = progress;
        ControlFlow::Continue(())
    });
    assert_eq!((response.status(), last.sent, last.to_send), (HttpStatus::NO_CONTENT, 5000, None));
}

/// What a program without a terminal may need at most, whatever the length of the file.
const MEMORY: u64 = 16 << 20;

#[test]
fn a_long_file_is_sent_and_takes_no_memory() {
    const LENGTH: u64 = 300 << 20;
    let test = "http::uploads::a_long_file_is_sent_and_takes_no_memory";
    let played = part(|part| {
        let (url, path) = part.split_once(' ').unwrap();
        let mut long = options();
        long.limit = Some(Duration::from_secs(300));
        let http = Http::with_options(url, 0, long).unwrap();
        let mut request = HttpRequest::put("/upload/long").unwrap();
        request.set_body_file(path).unwrap();
        let response = http.send_request(&request);
        assert!(response.ok(), "{response:?}");
        assert!(peak_memory() < MEMORY, "{} bytes of memory", peak_memory());
    });
    if played {
        return;
    }
    let nginx = Nginx::shared();
    let folder = Folder::new("upload");
    let path = folder.write("sparse", "first");
    fs::File::options().write(true).open(&path).unwrap().set_len(LENGTH).unwrap();
    play(test, &format!("{} {}", nginx.url(Site::Plain), path.display()), &[]).join();
    let mut arrived = fs::File::open(nginx.file("upload/long")).unwrap();
    assert_eq!(arrived.metadata().unwrap().len(), LENGTH);
    let mut first = [0; 7];
    arrived.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"first\0\0");
}
