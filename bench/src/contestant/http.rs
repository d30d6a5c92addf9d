//! HTTP clients, each used as its documentation says.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use curl::easy::Easy;
use sockeye::{Http, HttpOptions, HttpRequest, HttpStatus, Proxy};

use super::expect;
use crate::Result;

/// A client of one server.
pub trait Getter: Sized {
    /// `keep` says whether a connection serves many requests.
    fn new(server: SocketAddr, target: &str, keep: bool) -> Result<Self>;

    /// Gets the target; the body is in memory then, and this is its length.
    fn get(&mut self) -> Result<usize>;
}

/// sockeye's client and a request that is made once.
pub struct OurHttp {
    http: Http,
    request: HttpRequest,
}

impl Getter for OurHttp {
    fn new(server: SocketAddr, target: &str, keep: bool) -> Result<Self> {
        let mut request = HttpRequest::get(target)?;
        if !keep {
            request.set_field("Connection", "close")?;
        }
        Ok(Self { http: Http::with_options(&server.ip().to_string(), server.port(), options())?, request })
    }

    fn get(&mut self) -> Result<usize> {
        let response = self.http.send_request(&self.request).into_result()?;
        expect(response.status() == HttpStatus::OK, "another status than 200")?;
        Ok(response.body().len())
    }
}

/// The defaults, but for a proxy that this machine may have.
pub fn options() -> HttpOptions {
    let mut options = HttpOptions::default();
    options.proxy = Proxy::None;
    options
}

/// Sockets of std and a response that is looked at only for its length: the floor under everybody.
pub struct RawHttp {
    server: SocketAddr,
    request: String,
    kept: Option<TcpStream>,
    keep: bool,
    buffer: Vec<u8>,
}

impl RawHttp {
    fn exchange(&mut self, socket: &mut TcpStream) -> Result<usize> {
        socket.write_all(self.request.as_bytes())?;
        let mut end = 0;
        loop {
            let length = socket.read(&mut self.buffer[end..])?;
            expect(length > 0, "the server closed the connection")?;
            end += length;
            let Some(head) = self.buffer[..end].windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let text = std::str::from_utf8(&self.buffer[..head])?;
            let length: usize =
                text.split_once("Content-Length: ").ok_or("no length")?.1.lines().next().ok_or("")?.parse()?;
            // A long body has a place of its own; a short one stays where it is.
            let mut missing = (head + 4 + length).saturating_sub(end);
            if missing > 0 {
                let mut body = Vec::with_capacity(length);
                body.extend_from_slice(&self.buffer[head + 4..end]);
                while missing > 0 {
                    let most = missing.min(self.buffer.len());
                    let length = socket.read(&mut self.buffer[..most])?;
                    expect(length > 0, "the server closed the connection")?;
                    body.extend_from_slice(&self.buffer[..length]);
                    missing -= length;
                }
                std::hint::black_box(&body);
            }
            return Ok(length);
        }
    }
}

impl Getter for RawHttp {
    fn new(server: SocketAddr, target: &str, keep: bool) -> Result<Self> {
        let connection = if keep { "" } else { "Connection: close\r\n" };
        let request = format!("GET {target} HTTP/1.1\r\nHost: {server}\r\n{connection}\r\n");
        Ok(Self { server, request, kept: None, keep, buffer: vec![0; 256 * 1024] })
    }

    fn get(&mut self) -> Result<usize> {
        let mut socket = match self.kept.take() {
            Some(socket) => socket,
            None => {
                let socket = TcpStream::connect(self.server)?;
                socket.set_nodelay(true)?;
                socket
            }
        };
        let length = self.exchange(&mut socket)?;
        self.kept = self.keep.then_some(socket);
        Ok(length)
    }
}

/// ureq's agent.
pub struct Ureq {
    agent: ureq::Agent,
    url: String,
    keep: bool,
}

impl Getter for Ureq {
    fn new(server: SocketAddr, target: &str, keep: bool) -> Result<Self> {
        let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
        Ok(Self { agent, url: format!("http://{server}{target}"), keep })
    }

    fn get(&mut self) -> Result<usize> {
        let mut request = self.agent.get(&self.url);
        if !self.keep {
            request = request.header("Connection", "close");
        }
        let mut response = request.call()?;
        // Its limit is 10 MB unless another is named.
        Ok(response.body_mut().with_config().limit(u64::MAX).read_to_vec()?.len())
    }
}

/// libcurl's easy handle, used again and again.
pub struct Libcurl {
    easy: Easy,
}

impl Getter for Libcurl {
    fn new(server: SocketAddr, target: &str, keep: bool) -> Result<Self> {
        let mut easy = Easy::new();
        easy.url(&format!("http://{server}{target}"))?;
        easy.proxy("")?;
        // Its default buffer of 16 KiB costs it a factor in long bodies.
        easy.buffer_size(256 * 1024)?;
        easy.forbid_reuse(!keep)?;
        easy.fresh_connect(!keep)?;
        if !keep {
            let mut fields = curl::easy::List::new();
            fields.append("Connection: close")?;
            easy.http_headers(fields)?;
        }
        Ok(Self { easy })
    }

    fn get(&mut self) -> Result<usize> {
        let mut body = Vec::new();
        {
            let mut transfer = self.easy.transfer();
            transfer.write_function(|data| {
                body.extend_from_slice(data);
                Ok(data.len())
            })?;
            transfer.perform()?;
        }
        expect(self.easy.response_code()? == 200, "another status than 200")?;
        Ok(body.len())
    }
}
