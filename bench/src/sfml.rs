//! Builds the C++ program, where SFML's headers are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::Result;

/// Compiles the rounds of `sfml/` next to this program, if they are newer than what is there, and returns their path.
pub fn build() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sfml");
    let files: Vec<PathBuf> =
        fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    let program = env::current_exe()?.with_file_name("sfml-rounds");
    if is_current(&program, &files)? {
        return Ok(program);
    }
    let compiled = Command::new("c++")
        .args(["-std=c++17", "-O2", "-Wall", "-Wextra", "-o"])
        .arg(&program)
        .args(files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "cpp")))
        .args(["-lsfml-network", "-lsfml-system", "-pthread"])
        .output()
        .map_err(|error| format!("c++ cannot be run: {error}"))?;
    if compiled.status.success() {
        return Ok(program);
    }
    let complaint = String::from_utf8_lossy(&compiled.stderr);
    let first = complaint.lines().find(|line| line.contains("error")).unwrap_or("no reason given").trim();
    Err(format!("c++ says: {first}").into())
}

fn is_current(program: &Path, files: &[PathBuf]) -> Result<bool> {
    let Ok(built) = program.metadata() else { return Ok(false) };
    let built = built.modified()?;
    for file in files {
        if file.metadata()?.modified()? > built {
            return Ok(false);
        }
    }
    Ok(true)
}
