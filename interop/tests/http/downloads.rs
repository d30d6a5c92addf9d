//! Bodies that go to a writer or to a file.

use std::{fs, io, ops::ControlFlow, time::Duration};

use interop::{
    Folder, Nginx, Site,
    child::{part, peak_memory, play},
    nginx, pattern,
};
use sockeye::{ErrorKind, Http, HttpOptions, HttpProgress, HttpRequest, HttpStatus, Resume};

use super::support::{Way, client, options, takes};

fn on(_: HttpProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Ends a download once so many bytes have come.
fn until(bytes: u64) -> impl FnMut(HttpProgress) -> ControlFlow<()> {
    move |progress| if progress.received >= bytes { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

#[test]
fn a_writer_gets_the_body_and_the_caller_its_progress() {
    let nginx = Nginx::shared();
    let client = client(Way::Blocking, &nginx, Site::Plain);
    for (path, length) in [
        ("/pattern", Some(nginx::PATTERN as u64)),
        ("/chunked/pattern", None),
        ("/until-close/pattern", None),
        ("/empty", Some(0)),
    ] {
        let (mut body, mut last) = (Vec::new(), HttpProgress::default());
        let response = client.http.download(&HttpRequest::get(path).unwrap(), &mut body, |progress| {
            assert!(progress.received >= last.received, "{progress:?} after {last:?}");
            last = progress;
            ControlFlow::Continue(())
        });
        assert!(response.ok() && response.body().is_empty(), "{response:?}");
        assert!(body == if path == "/empty" { Vec::new() } else { pattern(nginx::PATTERN) });
        assert_eq!((last.sent, last.received, last.to_receive), (0, body.len() as u64, length), "{path}");
    }
    // Compressed on the way, and what arrives is what is counted on the way.
    let (mut body, mut received) = (Vec::new(), 0);
    let response = client.http.download(&HttpRequest::get("/gzip/text.txt").unwrap(), &mut body, |progress| {
        received = progress.received;
        ControlFlow::Continue(())
    });
    assert!(response.ok());
    assert!(body == nginx::text().into_bytes());
    assert!((10_000..body.len() as u64 / 4).contains(&received), "{received}");
}

#[test]
fn a_writer_gets_no_page_about_an_error() {
    let nginx = Nginx::shared();
    let client = client(Way::Blocking, &nginx, Site::Plain);
    let mut body = Vec::new();
    let response = client.http.download(&HttpRequest::get("/no-such-file").unwrap(), &mut body, on);
    assert_eq!((response.status(), &*response.text()), (HttpStatus::NOT_FOUND, "there is no such file\n"));
    assert_eq!(body, b"");
}

#[test]
fn a_writer_that_fails_ends_the_download() {
    let nginx = Nginx::shared();
    let client = client(Way::Blocking, &nginx, Site::Plain);
    let mut small = [0; 1000];
    let response = client.http.download(&HttpRequest::get("/pattern").unwrap(), &mut &mut small[..], on);
    assert_eq!(response.status(), HttpStatus::INVALID_RESPONSE);
    let error: io::Error = response.into_result().unwrap_err().into();
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    assert!(small == pattern(1000)[..]);
}

#[test]
fn a_file_has_its_name_when_it_is_whole() {
    let nginx = Nginx::shared();
    let client = client(Way::Blocking, &nginx, Site::Plain);
    for resume in [Resume::Never, Resume::IfPossible] {
        let folder = Folder::new("download");
        let path = folder.write("file", "an older file");
        for (from, body) in [
            ("/pattern", pattern(nginx::PATTERN)),
            ("/chunked/hello.txt", b"hello from nginx\n".to_vec()),
            ("/gzip/text.txt", nginx::text().into_bytes()),
            ("/empty", Vec::new()),
        ] {
            let before = fs::read(&path).unwrap();
            let response = client.http.download_file(&HttpRequest::get(from).unwrap(), &path, resume, |_| {
                assert!(fs::read(&path).unwrap() == before);
                ControlFlow::Continue(())
            });
            assert!(response.ok() && response.body().is_empty(), "{response:?}");
            assert!(fs::read(&path).unwrap() == body, "{from}");
            assert_eq!(folder.names(), ["file"]);
        }
        let response = client.http.download_file(&HttpRequest::get("/no-such-file").unwrap(), &path, resume, on);
        assert_eq!((response.status().code(), &*response.text()), (404, "there is no such file\n"));
        assert_eq!((fs::read(&path).unwrap(), folder.names()), (Vec::new(), vec!["file".to_owned()]));
    }
}

#[test]
fn a_download_that_is_cancelled_leaves_nothing_or_its_beginning() {
    let nginx = Nginx::shared();
    let client = client(Way::Blocking, &nginx, Site::Plain);
    let request = HttpRequest::get("/slow/pattern").unwrap();
    let folder = Folder::new("download");
    let response = client.http.download_file(&request, folder.join("never"), Resume::Never, until(100_000));
    assert_eq!(response.into_result().unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(folder.names(), [""; 0]);
    let response = client.http.download_file(&request, folder.join("file"), Resume::IfPossible, until(100_000));
    assert_eq!(response.into_result().unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(folder.names(), ["file.part", "file.part.id"]);
    let arrived = fs::read(folder.join("file.part")).unwrap();
    assert!((100_000..nginx::PATTERN).contains(&arrived.len()), "{}", arrived.len());
    assert!(arrived == pattern(nginx::PATTERN)[..arrived.len()]);
}

#[test]
fn a_download_goes_on_where_it_ended() {
    let nginx = Nginx::shared();
    for site in [Site::Plain, Site::Tls] {
        let client = client(Way::Blocking, &nginx, site);
        let folder = Folder::new("download");
        let path = folder.join("file");
        let uri = format!("/slow/pattern?resumed-{site:?}");
        let request = HttpRequest::get(&uri).unwrap();
        // Twice, so that what was resumed is resumed again.
        let mut starts = Vec::new();
        for end in [100_000, 300_000] {
            client.http.download_file(&request, &path, Resume::IfPossible, until(end));
            starts.push(fs::metadata(folder.join("file.part")).unwrap().len());
            assert!(starts.last().unwrap() >= &end && !path.exists(), "{starts:?}");
        }
        let mut first = None;
        let response = client.http.download_file(&request, &path, Resume::IfPossible, |progress| {
            first = first.or(Some(progress.received));
            assert!(progress.to_receive.is_none_or(|length| length == nginx::PATTERN as u64), "{progress:?}");
            ControlFlow::Continue(())
        });
        assert_eq!(response.status(), HttpStatus::PARTIAL_CONTENT);
        assert!(fs::read(&path).unwrap() == pattern(nginx::PATTERN));
        assert_eq!(folder.names(), ["file"]);
        assert!(first.unwrap() >= starts[1], "{first:?} of {starts:?}");
        let lines = nginx.requests(&uri);
        let etag = response.field("ETag").unwrap().trim_matches('"');
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].contains(r#" 200 "#) && lines[0].contains(r#"range="-" if_range="-""#), "{lines:?}");
        for (line, start) in lines[1..].iter().zip(starts) {
            assert!(line.contains(" 206 "), "{line}");
            assert!(line.contains(&format!(r#"range="bytes={start}-" if_range="\x22{etag}\x22""#)), "{line}");
        }
    }
}

#[test]
fn a_file_that_has_changed_is_downloaded_from_the_start() {
    let nginx = Nginx::shared();
    let client = client(Way::Blocking, &nginx, Site::Plain);
    let folder = Folder::new("download");
    let served = nginx.file("changing");
    for (old, new) in [(pattern(900_000), vec![7; 900_000]), (pattern(900_000), vec![8; 50_000])] {
        fs::write(&served, &old).unwrap();
        let request = HttpRequest::get("/slow/changing").unwrap();
        client.http.download_file(&request, folder.join("file"), Resume::IfPossible, until(100_000));
        let arrived = fs::read(folder.join("file.part")).unwrap();
        assert!((100_000..old.len()).contains(&arrived.len()) && arrived == old[..arrived.len()]);
        // Another time of change makes another entity tag.
        fs::remove_file(&served).unwrap();
        fs::write(&served, &new).unwrap();
        let later = std::time::SystemTime::now() + Duration::from_secs(3600);
        fs::File::options().write(true).open(&served).unwrap().set_modified(later).unwrap();
        let response = client.http.download_file(&request, folder.join("file"), Resume::IfPossible, on);
        assert_eq!(response.status(), HttpStatus::OK);
        assert!(fs::read(folder.join("file")).unwrap() == new);
        assert_eq!(folder.names(), ["file"]);
    }
}

#[test]
fn a_server_without_ranges_sends_the_file_again() {
    let nginx = Nginx::shared();
    let client = client(Way::Blocking, &nginx, Site::Plain);
    for path in ["/whole/pattern", "/chunked/pattern"] {
        let folder = Folder::new("download");
        let request = HttpRequest::get(path).unwrap();
        client.http.download_file(&request, folder.join("file"), Resume::IfPossible, until(100_000));
        assert!(folder.names().contains(&"file.part".to_owned()), "{:?}", folder.names());
        let response = client.http.download_file(&request, folder.join("file"), Resume::IfPossible, on);
        assert_eq!(response.status(), HttpStatus::OK);
        assert!(fs::read(folder.join("file")).unwrap() == pattern(nginx::PATTERN));
        assert_eq!(folder.names(), ["file"]);
    }
}

#[test]
fn a_file_that_lacks_only_its_name_gets_it() {
    let nginx = Nginx::shared();
    let client = client(Way::Blocking, &nginx, Site::Plain);
    let folder = Folder::new("download");
    let request = HttpRequest::get("/pattern").unwrap();
    let all = nginx::PATTERN as u64;
    let response = client.http.download_file(&request, folder.join("file"), Resume::IfPossible, until(all));
    assert_eq!(response.into_result().unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(fs::metadata(folder.join("file.part")).unwrap().len(), all);
    let response = client.http.download_file(&request, folder.join("file"), Resume::IfPossible, on);
    assert!(fs::read(folder.join("file")).unwrap() == pattern(nginx::PATTERN));
    assert_eq!(folder.names(), ["file"]);
    // The server had nothing more to give, which is no failure.
    assert!(response.ok() && response.body().is_empty(), "{response:?}");
    assert_eq!(response.field("Content-Range"), Some(&*format!("bytes */{all}")));
}

/// However fast a server sends, the caller is asked again and again, and the time is watched.
#[test]
fn a_download_that_never_pauses_can_be_ended() {
    let nginx = Nginx::shared();
    let client = client(Way::Blocking, &nginx, Site::Plain);
    let request = HttpRequest::get("/sparse").unwrap();
    let (mut last, mut longest) = (0, 0);
    let response = client.http.download(&request, &mut io::sink(), |progress| {
        longest = longest.max(progress.received - last);
        last = progress.received;
        if last < nginx::SPARSE / 4 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    assert_eq!(response.into_result().unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(longest <= 4 << 20, "{longest} bytes without a word");

    let limit = Duration::from_millis(50);
    let mut options = options();
    options.limit = Some(limit);
    options.pool = 0;
    let http = Http::with_options(&nginx.url(Site::Plain), 0, options).unwrap();
    let response = takes(limit, || http.download(&request, &mut io::sink(), on));
    assert_eq!(response.into_result().unwrap_err().kind(), ErrorKind::TimedOut);
}

/// What a program without a terminal may need at most, whatever the length of the file.
const MEMORY: u64 = 16 << 20;

#[test]
fn a_gibibyte_becomes_a_file_and_takes_no_memory() {
    let test = "http::downloads::a_gibibyte_becomes_a_file_and_takes_no_memory";
    let played = part(|part| {
        let (url, path) = part.split_once(' ').unwrap();
        let mut long: HttpOptions = options();
        long.limit = Some(Duration::from_secs(300));
        let http = Http::with_options(url, 0, long).unwrap();
        let mut last = HttpProgress::default();
        let response = http.download_file(&HttpRequest::get("/sparse").unwrap(), path, Resume::Never, |progress| {
            last = progress;
            ControlFlow::Continue(())
        });
        assert!(response.ok(), "{response:?}");
        assert_eq!((last.received, last.to_receive), (nginx::SPARSE, Some(nginx::SPARSE)));
        assert!(peak_memory() < MEMORY, "{} bytes of memory", peak_memory());
    });
    if played {
        return;
    }
    let nginx = Nginx::shared();
    let folder = Folder::new("download");
    let path = folder.join("sparse");
    play(test, &format!("{} {}", nginx.url(Site::Plain), path.display()), &[]).join();
    assert_eq!(fs::metadata(&path).unwrap().len(), nginx::SPARSE);
    let mut file = fs::File::open(&path).unwrap();
    let (zeros, mut block) = (vec![0; 1 << 20], vec![1; 1 << 20]);
    for _ in 0..nginx::SPARSE >> 20 {
        io::Read::read_exact(&mut file, &mut block).unwrap();
        assert!(block == zeros);
    }
    assert_eq!(folder.names(), ["sparse"]);
}
