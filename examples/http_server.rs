//! A small HTTP/1.1 server: one thread, non-blocking sockets, any number of clients that stay connected. Its two files
//! in `http_server/` are there to be copied. `cargo run --example http_server` asks itself and ends;
//! `cargo run --example http_server -- 8080` serves that port of this machine until it is stopped.

#[path = "http_server/server.rs"]
mod server;

use std::thread;

use sockeye::{Http, HttpOptions, HttpRequest, Proxy, Result};

use server::Server;

/// Asks many times for a page of so many bytes, over connections that all stay open; tells how many bytes came.
fn ask(port: u16, length: usize) -> Result<usize> {
    let request = HttpRequest::get(&format!("/bytes/{length}"))?;
    let mut options = HttpOptions::default();
    options.proxy = Proxy::None;
    let client = |_| Http::with_options("127.0.0.1", port, options.clone());
    let clients: Vec<Http> = (0..CLIENTS).map(client).collect::<Result<_>>()?;
    let mut received = 0;
    for _ in 0..REQUESTS {
        for http in &clients {
            received += http.send_request(&request).into_result()?.body().len();
        }
    }
    Ok(received)
}

fn main() -> Result<()> {
    if let Some(port) = std::env::args().nth(1).and_then(|port| port.parse().ok()) {
        let mut server = Server::new(port)?;
        loop {
            server.serve()?;
        }
    }
    let mut server = Server::new(0)?;
    let port = server.port();
    let clients = thread::spawn(move || ask(port, 1_000_000));
    while server.serve()? {}
    let received = clients.join().expect("the clients do not panic")?;
    assert_eq!(received, CLIENTS * REQUESTS * 1_000_000);
    assert_eq!(server.accepted(), CLIENTS);
    println!("{} answers over {CLIENTS} connections, {received} bytes", CLIENTS * REQUESTS);
    Ok(())
}

const CLIENTS: usize = 8;
const REQUESTS: usize = 5;
