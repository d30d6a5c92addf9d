//! Two programs of one machine that talk over a path, here as two threads, and a pair that needs no path.

use std::thread;

use sockeye::{LocalListener, LocalSocket, Packet, Result, Status};

/// Answers each request with its length until the client has gone.
fn serve(mut listener: LocalListener) -> Result<u32> {
    let mut client = listener.accept().into_result()?;
    let (mut request, mut answer) = (Packet::new(), Packet::new());
    let mut served = 0;
    loop {
        match client.receive_packet(&mut request) {
            Status::Done(()) => {
                answer.clear();
                answer.write_u64(request.len() as u64);
                client.send_packet(&answer).into_result()?;
                served += 1;
            }
            // The listener removes its file when it goes.
            Status::Disconnected => return Ok(served),
            other => return other.into_result().map(|()| served),
        }
    }
}

fn main() -> Result<()> {
    let path = std::env::temp_dir().join(format!("sockeye-example-{}", std::process::id()));
    let mut listener = LocalListener::new();
    listener.listen(&path).into_result()?;
    let server = thread::spawn(move || serve(listener));

    let mut client = LocalSocket::new();
    client.connect(&path).into_result()?;
    for text in ["one", "three", ""] {
        client.send_packet(&Packet::from(text.as_bytes().to_vec())).into_result()?;
        let mut answer = Packet::new();
        client.receive_packet(&mut answer).into_result()?;
        assert_eq!(answer.read_u64()?, text.len() as u64);
    }
    client.disconnect();
    println!("{} requests served over {}", server.join().expect("the server does not panic")?, path.display());
    assert!(!path.exists());

    let (mut left, mut right) = LocalSocket::pair()?;
    left.send(b"no path needed").into_result()?;
    let mut buffer = [0; 32];
    let length = right.receive(&mut buffer).into_result()?;
    println!("{}", String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()));
    Ok(())
}
