//! The files of local sockets: nobody's but the listener's own is touched, and nobody else gets in.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::doc_markdown)]

#[path = "support/folder.rs"]
mod folder;
mod support;

use std::{
    fs,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt, chown, symlink},
        net::UnixListener,
    },
    path::Path,
};

use sockeye::{ErrorKind, LocalListener, LocalSocket, StatusCode};

use folder::Folder;
use support::LONG;

/// What a program leaves behind that was killed: a socket at which nobody listens.
fn stale(path: &Path) {
    drop(UnixListener::bind(path).unwrap());
    assert!(is_socket(path));
}

fn is_socket(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.file_type().is_socket())
}

fn listen(path: &Path) -> Result<LocalListener, ErrorKind> {
    let mut listener = LocalListener::new();
    listener.listen(path).into_result().map(|()| listener).map_err(|error| error.kind())
}

/// Talks over a listener, to see that it is the one at its path.
fn answers(listener: &mut LocalListener, path: &Path) {
    listener.set_timeout(Some(LONG)).unwrap();
    let mut client = LocalSocket::new();
    client.connect_timeout(path, LONG).into_result().unwrap();
    let mut server = listener.accept().into_result().unwrap();
    server.send(b"it is me").into_result().unwrap();
    let mut buffer = [0; 9];
    assert_eq!(client.receive(&mut buffer).done(), Some(8));
}

#[test]
fn a_stale_file_is_replaced() {
    let folder = Folder::new();
    let path = folder.0.join("socket");
    for _ in 0..3 {
        stale(&path);
        let mut listener = listen(&path).unwrap();
        answers(&mut listener, &path);
        assert_eq!(folder.names(), ["socket"], "nothing else is left");
        drop(listener);
        assert_eq!(folder.names(), [""; 0]);
    }
}

#[test]
fn a_living_listener_keeps_its_path() {
    let folder = Folder::new();
    let path = folder.0.join("socket");
    let mut living = listen(&path).unwrap();
    assert_eq!(listen(&path).unwrap_err(), ErrorKind::AddressInUse);
    // The question whether it lives is a connection; it is one of a peer that has gone.
    drop(living.accept());
    answers(&mut living, &path);
    drop(living);

    // A listener whose queue is full is alive too.
    let (full, _fillers) = {
        let listener = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        let address = socket2::SockAddr::unix(&path).unwrap();
        listener.bind(&address).unwrap();
        listener.listen(0).unwrap();
        let fillers: Vec<_> = (0..3)
            .map(|_| {
                let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
                socket.set_nonblocking(true).unwrap();
                let _ = socket.connect(&address);
                socket
            })
            .collect();
        (listener, fillers)
    };
    assert_eq!(listen(&path).unwrap_err(), ErrorKind::AddressInUse);
    assert_eq!(folder.names(), ["socket"]);
    drop(full);
}

#[test]
fn whatever_else_is_there_stays() {
    let folder = Folder::new();
    let file = folder.file("file", b"precious");
    let socket = folder.0.join("socket");
    stale(&socket);
    let to_file = folder.0.join("to-file");
    symlink(&file, &to_file).unwrap();
    let to_socket = folder.0.join("to-socket");
    symlink(&socket, &to_socket).unwrap();
    let dangling = folder.0.join("dangling");
    symlink(folder.0.join("nowhere"), &dangling).unwrap();
    let directory = folder.0.join("directory");
    fs::create_dir(&directory).unwrap();
    for path in [&file, &to_file, &to_socket, &dangling, &directory] {
        assert_eq!(listen(path).unwrap_err(), ErrorKind::AddressInUse, "{}", path.display());
    }
    assert_eq!(folder.read("file"), b"precious");
    assert!(is_socket(&socket), "a link to a stale socket does not reach it");
    assert_eq!(fs::read_link(&dangling).unwrap(), folder.0.join("nowhere"));
    assert_eq!(folder.names(), ["dangling", "directory", "file", "socket", "to-file", "to-socket"]);
}

/// Who may remove a file, as root may, must not either: the file of another user is not a listener's own.
#[test]
fn a_stale_file_of_another_user_stays() {
    let folder = Folder::new();
    let path = folder.0.join("socket");
    stale(&path);
    if chown(&path, Some(65534), None).is_err() {
        println!("only root can give a file away");
        return;
    }
    let link = folder.0.join("link");
    symlink(&folder.0, &link).unwrap();
    for path in [&path, &link.join("socket")] {
        assert_eq!(listen(path).unwrap_err(), ErrorKind::AddressInUse, "{}", path.display());
        assert_eq!(folder.names(), ["link", "socket"]);
    }
    // It is only its owner that keeps it.
    chown(&path, Some(fs::metadata(&folder.0).unwrap().uid()), None).unwrap();
    answers(&mut listen(&link.join("socket")).unwrap(), &path);
}

#[test]
fn a_path_without_a_folder_is_an_error_of_the_file() {
    let folder = Folder::new();
    let file = folder.file("file", b"");
    for path in [folder.0.join("none/socket"), file.join("socket")] {
        assert_eq!(listen(&path).unwrap_err(), ErrorKind::File, "{}", path.display());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_is_at_most_107_bytes_long() {
    let folder = Folder::new();
    let fill = 107 - folder.0.as_os_str().len() - 1;
    let path = folder.0.join("x".repeat(fill));
    let mut listener = listen(&path).unwrap();
    answers(&mut listener, &path);
    drop(listener);
    stale(&path);
    answers(&mut listen(&path).unwrap(), &path);
    assert_eq!(listen(&folder.0.join("x".repeat(fill + 1))).unwrap_err(), ErrorKind::TooLong);
    assert_eq!(folder.names(), [""; 0]);
}

/// What a stranger puts at the path while the listener lives is the stranger's.
#[test]
fn a_file_that_took_the_place_stays_when_the_listener_closes() {
    let folder = Folder::new();
    let path = folder.0.join("socket");
    let mut first = listen(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let mut second = listen(&path).unwrap();
    first.close();
    assert!(is_socket(&path), "the second one's file");
    answers(&mut second, &path);
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"precious").unwrap();
    drop(second);
    assert_eq!(folder.read("socket"), b"precious");
    fs::remove_file(&path).unwrap();
    let third = listen(&path).unwrap();
    fs::rename(&path, folder.0.join("moved")).unwrap();
    symlink(folder.0.join("moved"), &path).unwrap();
    drop(third);
    assert_eq!(folder.names(), ["moved", "socket"], "a link to its file is not its file");
}

/// Many start at the same time where a stale file is: one of them wins, and its file stays.
#[test]
fn of_many_that_start_at_once_one_listens() {
    let folder = Folder::new();
    let path = folder.0.join("socket");
    for _ in 0..50 {
        stale(&path);
        let start = std::sync::Arc::new(std::sync::Barrier::new(4));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (path, start) = (path.clone(), start.clone());
                support::in_thread(move || {
                    start.wait();
                    listen(&path)
                })
            })
            .collect();
        let mut winners: Vec<_> = threads.into_iter().filter_map(|thread| thread.join().ok()).collect();
        assert!(winners.len() <= 1, "{} listen at one path", winners.len());
        if let Some(winner) = winners.first_mut() {
            assert!(is_socket(&path), "the file of the winner is gone");
            winner.set_timeout(Some(LONG)).unwrap();
            let mut client = LocalSocket::new();
            client.connect_timeout(&path, LONG).into_result().unwrap();
            // The losers have asked whether it lives.
            while winner.accept().into_result().unwrap().send(b"x").code() != StatusCode::Done {}
        }
        drop(winners);
        let _ = fs::remove_file(&path);
        assert_eq!(folder.names(), [""; 0], "nothing is left aside");
    }
}

#[test]
fn the_file_is_for_the_user_alone_unless_told_otherwise() {
    let folder = Folder::new();
    let path = folder.0.join("socket");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let listener = listen(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    drop(listener);
    let mut listener = LocalListener::new();
    assert_eq!(listener.permissions(), 0o600);
    listener.set_permissions(0o640);
    listener.listen(&path).into_result().unwrap();
    // Whatever the umask is, it takes no bit away from the user.
    assert_eq!(mode(&path) & 0o700, 0o600);
    assert_eq!(mode(&path) & !0o640, 0);
}

#[test]
fn peers_are_known() {
    let folder = Folder::new();
    let path = folder.0.join("socket");
    let mut listener = listen(&path).unwrap();
    let mut client = LocalSocket::new();
    assert_eq!(client.peer_credentials().unwrap_err().kind(), ErrorKind::Disconnected);
    client.connect(&path).into_result().unwrap();
    let server = listener.accept().into_result().unwrap();
    let metadata = fs::metadata(&path).unwrap();
    let owner = metadata.uid();
    for end in [&client, &server] {
        let peer = end.peer_credentials().unwrap();
        assert_eq!(peer.user, owner);
        #[cfg(target_os = "linux")]
        assert_eq!(peer.process, Some(std::process::id()));
    }
    client.disconnect();
    assert_eq!(client.peer_credentials().unwrap_err().kind(), ErrorKind::Disconnected);
}

/// A name without a file: nothing to leave behind, and nothing to remove.
#[cfg(target_os = "linux")]
#[test]
fn abstract_names_leave_no_file() {
    let name = format!("\0sockeye-test-{}", std::process::id());
    let mut listener = listen(Path::new(&name)).unwrap();
    answers(&mut listener, Path::new(&name));
    assert_eq!(listen(Path::new(&name)).unwrap_err(), ErrorKind::AddressInUse);
    drop(listener);
    answers(&mut listen(Path::new(&name)).unwrap(), Path::new(&name));
}
