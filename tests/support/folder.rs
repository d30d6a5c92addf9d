//! Folders that go with their test.
#![allow(dead_code, unreachable_pub, reason = "every test program uses a part of it")]

use std::{
    fs,
    hash::{BuildHasher, RandomState},
    path::PathBuf,
};

/// A folder of its own, removed when the value is dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        // Not by the number of the process: a test that was killed had the same one, perhaps, and has left its folder.
        let path = std::env::temp_dir().join(format!("sockeye-folder-{:016x}", RandomState::new().hash_one(())));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Writes a file.
    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// The content of a file.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }

    /// The names of the files, in order.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
