//! Hearing what goes over the wire.

use std::{fmt, sync::Arc};

use super::{fields::is_secret, head::ResponseHead};

/// Hears the heads of requests and responses, for a log or to find out what goes wrong.
///
/// It is put into [`HttpOptions::observer`](crate::HttpOptions::observer). Every request is heard that goes to a
/// server, those that a redirect or a second attempt makes too, and the head of every response. It is called by the
/// thread that waits or polls, and should return quickly.
///
/// # Examples
///
/// ```
/// use sockeye::{Http, HttpHead, HttpObserver, HttpOptions};
///
/// let mut options = HttpOptions::default();
/// options.observer = Some(HttpObserver::new(|head| match head {
///     HttpHead::Request(text) => println!("sent: {text}"),
///     HttpHead::Response(text) => println!("received: {text}"),
///     _ => {}
/// }));
/// let http = Http::with_options("example.org", 0, options)?;
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone)]
pub struct HttpObserver(Arc<dyn Fn(HttpHead<'_>) + Send + Sync>);

/// A head as text: a line for what it is and one for each field, without the values of those that are secrets
/// (`Authorization`, `Proxy-Authorization`, `Cookie`, `Set-Cookie`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpHead<'a> {
    /// A request that is sent.
    Request(&'a str),
    /// A response that has begun; the peer chose its text.
    Response(&'a str),
}

impl HttpObserver {
    /// Makes one that calls this function.
    pub fn new(hear: impl Fn(HttpHead<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    /// A request with this head goes out.
    pub(super) fn request(&self, head: &[u8]) {
        let text = String::from_utf8_lossy(head);
        let mut shown = String::with_capacity(text.len());
        for (number, line) in text.trim_end().lines().enumerate() {
            match line.split_once(": ").filter(|_| number > 0) {
                Some((name, value)) => push_field(&mut shown, name, value),
                None => shown.push_str(line),
            }
        }
        (self.0)(HttpHead::Request(&shown));
    }

    /// A response with this head has come.
    pub(super) fn response(&self, head: &ResponseHead) {
        let ResponseHead { version: (major, minor), status, reason, fields } = head;
        let mut shown = format!("HTTP/{major}.{minor} {:03} {reason}", status.code());
        for (name, value) in fields.iter() {
            push_field(&mut shown, name, &String::from_utf8_lossy(value));
        }
        (self.0)(HttpHead::Response(&shown));
    }
}

impl fmt::Debug for HttpObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpObserver")
    }
}

fn push_field(shown: &mut String, name: &str, value: &str) {
    let value = if is_secret(name) { "..." } else { value };
    for part in ["\n", name, ": ", value] {
        shown.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::{super::head::RequestHead, *};

    fn observed(tell: impl FnOnce(&HttpObserver)) -> String {
        let heard = Arc::new(Mutex::new(String::new()));
        let ear = Arc::clone(&heard);
        tell(&HttpObserver::new(move |head| *ear.lock().unwrap() += &format!("{head:?}")));
        let heard = heard.lock().unwrap();
        heard.clone()
    }

    #[test]
    fn heads_are_heard_without_secrets() {
        let mut head = RequestHead::new("GET", "/a:%20b", (1, 1));
        for (name, value) in [("Host", &b"a: b"[..]), ("authorization", b"Basic QQ=="), ("Cookie", b"id=1")] {
            head.push(name, value);
        }
        let heard = observed(|observer| observer.request(&head.finish()));
        assert_eq!(heard, r#"Request("GET /a:%20b HTTP/1.1\nHost: a: b\nauthorization: ...\nCookie: ...")"#);
    }
}
