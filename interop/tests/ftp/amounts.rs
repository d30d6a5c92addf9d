//! Large files and many of them, once with each server.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::ControlFlow,
    path::Path,
};

use interop::{Family, Folder, FtpPort, FtpProgram, FtpServer, WRITER};

use super::support::{binary, client, on};

/// Makes a test of each server.
macro_rules! each_server {
    ($($name:ident,)*) => {
        $(
            mod $name {
                use interop::FtpProgram;

                #[test]
                fn vsftpd() {
                    super::$name(FtpProgram::Vsftpd);
                }

                #[test]
                fn proftpd() {
                    super::$name(FtpProgram::Proftpd);
                }

                #[test]
                fn pure_ftpd() {
                    super::$name(FtpProgram::PureFtpd);
                }

                #[test]
                fn pyftpdlib() {
                    super::$name(FtpProgram::Pyftpdlib);
                }
            }
        )*
    };
}

each_server! {
    a_gibibyte_goes_there_and_back,
    a_tree_of_two_thousand_files_goes_there_and_back,
}

const GIBIBYTE: u64 = 1 << 30;

fn a_gibibyte_goes_there_and_back(program: FtpProgram) {
    let server = FtpServer::start(program, Family::V4, FtpPort::Usual);
    let mut ftp = client(&server, WRITER);
    let local = Folder::new("gibibyte");
    let path = local.join("sparse");
    let mut file = File::create(&path).unwrap();
    file.set_len(GIBIBYTE).unwrap();
    // Holes are nothing but zeros: these show if something is lost, doubled or moved.
    for place in (0..GIBIBYTE).step_by(1 << 24) {
        file.seek(SeekFrom::Start(place + place / 4099)).unwrap();
        file.write_all(&place.to_le_bytes()).unwrap();
    }
    let length = file.metadata().unwrap().len();
    drop(file);

    let mut sent = 0;
    let response = ftp.upload_file(&path, "sparse", &binary(), |progress| {
        assert!(progress.transferred >= sent && progress.total == Some(length), "{progress:?} after {sent}");
        sent = progress.transferred;
        ControlFlow::Continue(())
    });
    response.into_result().unwrap();
    assert_eq!((sent, ftp.size("sparse").unwrap()), (length, length));

    // What the server got is what this side has, and what it gives is that.
    let mut served = Compare { with: File::open(server.path("sparse")).unwrap(), buffer: Vec::new(), compared: 0 };
    assert_eq!(io::copy(&mut File::open(&path).unwrap(), &mut served).unwrap(), length);
    let mut given = Compare { with: File::open(&path).unwrap(), buffer: Vec::new(), compared: 0 };
    ftp.download_to("sparse", &mut given, &binary(), on).into_result().unwrap();
    assert_eq!((served.compared, given.compared), (length, length));
}

/// Compares what is written with a file.
struct Compare {
    with: File,
    buffer: Vec<u8>,
    compared: u64,
}

impl Write for Compare {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.buffer.resize(data.len(), 0);
        self.with.read_exact(&mut self.buffer)?;
        assert!(self.buffer == data, "another byte behind {}", self.compared);
        self.compared += data.len() as u64;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn a_tree_of_two_thousand_files_goes_there_and_back(program: FtpProgram) {
    let server = FtpServer::start(program, Family::V4, FtpPort::Usual);
    let mut ftp = client(&server, WRITER);
    let local = Folder::new("tree");
    for number in 0..2000 {
        let folder = ["", "a b/", "a b/na\u{ef}ve/", "c/"][number % 4];
        local.write(&format!("here/{folder}file {number}"), format!("{number}\n").repeat(number % 100));
    }
    fs::create_dir(local.join("here/empty")).unwrap();
    let here = contents(&local.join("here"));
    assert_eq!(here.len(), 2000 + 4);

    let mut files = 0;
    let response = ftp.upload_tree(local.join("here"), "tree", &binary(), |progress| {
        files = files.max(progress.files);
        ControlFlow::Continue(())
    });
    assert_eq!((response.into_result().unwrap().message(), files), ("2000 files", 1999));
    assert!(contents(&server.path("tree")) == here);
    let response = ftp.download_tree("tree", local.join("back"), &binary(), |_| ControlFlow::Continue(()));
    assert_eq!(response.into_result().unwrap().message(), "2000 files");
    assert!(contents(&local.join("back")) == here);
    assert!(ftp.disconnect().ok());
}

/// Everything in a folder by its path: what is in a file, nothing for a folder.
fn contents(folder: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                found.insert(name, None);
                folders.push(path);
            } else {
                found.insert(name, Some(fs::read(path).unwrap()));
            }
        }
    }
    found
}
