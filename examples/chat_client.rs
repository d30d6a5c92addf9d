//! A guest of the chat. `cargo run --example chat_client -- 7777 Ada` takes part as Ada in the chat at that endpoint (a
//! port of this machine, or `host:port`); without arguments, two guests talk in a chat of their own.

#[path = "chat_server.rs"]
mod chat_server;

use std::{
    io,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use sockeye::{Connection, Endpoint, Framing, Result};

use chat_server::{Chat, ask};

/// Says the words as they come, and hands on what the others say, until there are no more words.
fn take_part(endpoint: &Endpoint, name: &str, words: &Receiver<String>, mut hear: impl FnMut(&str)) -> Result<()> {
    let mut guest = Connection::connect(endpoint, Framing::Tiny, Some(Duration::from_secs(5)))?;
    guest.set_timeout(Some(Duration::from_secs(5)))?;
    loop {
        let said = match words.recv_timeout(Duration::from_millis(100)) {
            Ok(words) => format!("{name}: {words}"),
            // Nothing to say: only ask.
            Err(RecvTimeoutError::Timeout) => String::new(),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        let heard = ask(&mut guest, &said)?;
        if !heard.is_empty() {
            hear(&heard);
        }
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (speaker, words) = mpsc::channel();
    if let [endpoint, name] = arguments.as_slice() {
        // Standard input cannot be polled, so another thread waits for it.
        thread::spawn(move || io::stdin().lines().map_while(io::Result::ok).try_for_each(|line| speaker.send(line)));
        return take_part(&endpoint.parse()?, name, &words, |heard| println!("{heard}"));
    }
    let mut chat = Chat::new(0)?;
    let endpoint = Endpoint::Tcp { host: None, port: chat.listener.local_port() };
    let serving = thread::spawn(move || while matches!(chat.serve(), Ok(true)) {});
    let mut bob = Connection::connect(&endpoint, Framing::Tiny, Some(Duration::from_secs(5)))?;
    ask(&mut bob, "")?;
    speaker.send("hello".into()).expect("the words are listened to");
    let ada = thread::spawn(move || {
        let mut speaker = Some(speaker);
        // Ada leaves when somebody has answered.
        take_part(&endpoint, "Ada", &words, |_| speaker = None)
    });
    let heard = loop {
        match ask(&mut bob, "")? {
            nothing if nothing.is_empty() => {}
            heard => break heard,
        }
    };
    assert_eq!(heard, "Ada: hello");
    ask(&mut bob, "Bob: hello yourself")?;
    ada.join().expect("Ada does not panic")?;
    drop(bob);
    serving.join().expect("the server does not panic");
    println!("two guests have heard one another");
    Ok(())
}
