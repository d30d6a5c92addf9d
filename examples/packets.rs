//! Messages of a program's own as packets: written, sent many at a time, received, and refused when they are no message.

use sockeye::{Error, IpAddress, Packet, PacketValue, Result, TcpListener, TcpSocket};

/// What the players of a game say to each other.
#[derive(Debug, PartialEq)]
enum Message {
    Chat { from: String, text: String },
    Score { player: u16, points: i32 },
}

impl PacketValue for Message {
    fn write_to(&self, packet: &mut Packet) {
        match self {
            Self::Chat { from, text } => packet.write_u8(1).write_str(from).write_str(text),
            Self::Score { player, points } => packet.write_u8(2).write_u16(*player).write_i32(*points),
        };
    }

    fn read_from(packet: &mut Packet) -> Result<Self> {
        match packet.read_u8()? {
            1 => Ok(Self::Chat { from: packet.read_string()?, text: packet.read_string()? }),
            2 => Ok(Self::Score { player: packet.read_u16()?, points: packet.read_i32()? }),
            _ => Err(Error::Malformed { expected: "a chat (1) or a score (2)" }),
        }
    }
}

fn main() -> Result<()> {
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
    let mut sender = TcpSocket::new();
    sender.connect(IpAddress::LOCAL_HOST, listener.local_port()).into_result()?;
    let mut receiver = listener.accept().into_result()?;

    let messages = [
        Message::Chat { from: "chinook".into(), text: "upstream!".into() },
        Message::Score { player: 7, points: -3 },
        Message::Chat { from: "sockeye".into(), text: String::new() },
    ];
    let mut packet = Packet::new();
    for message in &messages {
        packet.clear();
        packet.write(message);
        sender.queue_packet(&packet).into_result()?;
    }
    // One system call for all of them.
    sender.flush().into_result()?;

    for message in &messages {
        receiver.receive_packet(&mut packet).into_result()?;
        let received: Message = packet.read()?;
        println!("{received:?}");
        assert_eq!(received, *message);
    }

    let mut garbage = Packet::from(vec![9, 9, 9]);
    let error = garbage.read::<Message>().expect_err("9 is no message");
    println!("and {:?}: {error}", garbage.data());
    assert_eq!(garbage.read_position(), 0, "a failed read consumes nothing");
    Ok(())
}
