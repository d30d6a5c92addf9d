//! A chat of lines: whatever one says, all others hear.
//!
//! ```sh
//! cargo run --example event_loop                  # a look: begins and ends
//! cargo run --example event_loop -- 4000          # then, in other terminals: nc 127.0.0.1 4000
//! ```

use std::collections::HashMap;

use sockeye::{
    CloseReason, ConnectionId, Endpoint, EventLoop, EventLoopOptions, Framing, Handler, HookResult, LineEnding,
    LineOptions, LineText, ListenOptions,
};

/// Who is there, and what they want to be called once they have said it.
#[derive(Default)]
struct Chat {
    names: HashMap<ConnectionId, Option<String>>,
}

impl Chat {
    /// Tells everybody who has a name, except one.
    fn tell(&self, event_loop: &mut EventLoop, except: ConnectionId, text: &str) {
        for (id, _) in self.names.iter().filter(|(id, name)| **id != except && name.is_some()) {
            // Whoever does not listen has a full queue and misses this; the loop ends the connection when it stays so.
            let _ = event_loop.queue(*id, text.as_bytes());
        }
    }
}

impl Handler for Chat {
    fn opened(&mut self, event_loop: &mut EventLoop, id: ConnectionId) -> HookResult {
        self.names.insert(id, None);
        event_loop.send(id, b"What is your name?").into_result()?;
        Ok(())
    }

    fn message(&mut self, event_loop: &mut EventLoop, id: ConnectionId, message: Vec<u8>) -> HookResult {
        let text = String::from_utf8(message)?;
        let name = self.names.entry(id).or_default();
        let text = match name {
            Some(name) => format!("{name}: {text}"),
            None => {
                *name = Some(text.clone());
                format!("{text} is here")
            }
        };
        self.tell(event_loop, id, &text);
        Ok(())
    }

    fn closed(&mut self, event_loop: &mut EventLoop, id: ConnectionId, reason: CloseReason, _leftover: Vec<u8>) {
        if let Some(Some(name)) = self.names.remove(&id) {
            self.tell(event_loop, id, &format!("{name} has gone: {reason}"));
        }
    }
}

fn main() -> sockeye::Result<()> {
    let argument = std::env::args().nth(1);
    let endpoint = Endpoint::parse(argument.as_deref().unwrap_or("0"))?;
    let mut lines = LineOptions::default();
    lines.ending = LineEnding::CrLf;
    lines.text = LineText::Strict;
    let mut options = EventLoopOptions::default();
    options.max_per_address = Some(100);
    let mut event_loop = EventLoop::with_options(options)?;
    let listener = event_loop.listen(&endpoint, Framing::Lines(lines), ListenOptions::default())?;
    println!("listening at {endpoint} (port {})", event_loop.local_port(listener));
    if argument.is_none() {
        return event_loop.spawn(Chat::default())?.stop(std::time::Duration::from_secs(1)).map(drop);
    }
    event_loop.run(&mut Chat::default())
}
