//! The order of the modules: each names only modules of a lower rank, so that no circle can exist; what is unsafe or
//! depends on the operating system lives in `src/sys`. And what the README repeats from elsewhere is the same there.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The modules from the lowest rank to the highest. A module may name those of the lines before its own.
const RANKS: &[&[&str]] = &[
    &["sys"],
    &["error", "time", "codes"],
    &["status"],
    &["bytes", "mode"],
    &["ip", "packet"],
    &["endpoint"],
    &["link"],
    &["surface"],
    &["tcp", "udp", "local"],
    &["tls"],
    &["selector", "discovery"],
    &["stream"],
    &["ftp", "http", "message"],
    &["event_loop"],
    &["public_address"],
];

/// `error` asks the system's names of numbers, and stands above it; `sys` names nobody.
fn rank(module: &str) -> usize {
    RANKS.iter().position(|rank| rank.contains(&module)).unwrap_or_else(|| panic!("{module} has no rank in this test"))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file of the library with the name of its top module.
fn sources() -> Vec<(String, PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let src = root().join("src");
    let mut found = Vec::new();
    walk(&src, &mut found);
    found
        .into_iter()
        .filter(|path| *path != src.join("lib.rs"))
        .map(|path| {
            let module = path.strip_prefix(&src).unwrap().iter().next().unwrap().to_str().unwrap();
            let module = module.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            (module, path, text)
        })
        .collect()
}

/// The modules of this crate that a file names, in `crate::a`, and in each branch of `crate::{a::.., b}`.
fn named_modules(text: &str) -> Vec<String> {
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = Vec::new();
    for (at, start) in code.match_indices("crate::") {
        let rest = &code[at + start.len()..];
        if !rest.starts_with('{') {
            names.push(word(rest));
            continue;
        }
        let (mut depth, mut at_start) = (0, false);
        for (at, c) in rest.char_indices() {
            match c {
                '{' => {
                    depth += 1;
                    at_start = depth == 1;
                }
                '}' => depth -= 1,
                ',' => at_start = depth == 1,
                c if at_start && !c.is_whitespace() => {
                    names.push(word(&rest[at..]));
                    at_start = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn named_modules_are_found() {
    let text = "use crate::{\n    error::{Error, Result},\n    ip::IpAddress,\n};\nuse crate::time::Deadline; // crate::no\ncrate::sys::x()";
    assert_eq!(named_modules(text), ["error", "ip", "time", "sys"]);
}

#[test]
fn modules_name_only_lower_modules() {
    let mut seen = 0;
    for (module, path, text) in sources() {
        for name in named_modules(&text) {
            assert!(
                name == module || rank(&name) < rank(&module),
                "{}: {module} (rank {}) names {name} (rank {})",
                path.display(),
                rank(&module),
                rank(&name)
            );
            seen += 1;
        }
    }
    assert!(seen > 40, "only {seen} names were found: does this test still read the sources?");
}

#[test]
fn unsafe_code_and_operating_systems_stay_in_sys() {
    for (module, path, text) in sources() {
        if module == "sys" {
            continue;
        }
        for forbidden in
            ["unsafe {", "unsafe fn", "unsafe impl", "target_os", "allow(unsafe_code)", "libc::", "windows_sys"]
        {
            assert!(!text.contains(forbidden), "{}: {forbidden}", path.display());
        }
    }
}

#[test]
fn files_stay_small() {
    for (_, path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 450, "{}: {lines} lines; is it still one noun?", path.display());
    }
    let contents = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    assert!(contents.lines().count() <= 250);
}

#[test]
fn every_rank_is_used() {
    let modules: Vec<String> = sources().into_iter().map(|(module, ..)| module).collect();
    for module in RANKS.iter().flat_map(|rank| rank.iter()) {
        assert!(modules.iter().any(|other| other == module), "{module} has a rank and no file");
    }
}

#[test]
fn the_readme_shows_the_table_of_statuses_as_it_is() {
    let table = fs::read_to_string(root().join("docs/status-table.md")).unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains(table.trim()), "README.md and docs/status-table.md differ");
}
