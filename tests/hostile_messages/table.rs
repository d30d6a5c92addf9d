//! The table of what there is, which names tests that are there.

use std::{collections::HashMap, fs, path::Path};

/// Each row names tests as `file::name`, of files in `tests/` and `src/`; each number has a bound on time and on memory.
#[test]
fn each_attack_has_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("docs/hostile-messages.md")).unwrap();
    let mut texts: HashMap<String, String> = HashMap::new();
    let mut next = 1;
    for row in
        table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| #") && !line.starts_with("| -"))
    {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [number, _, _, time, memory] = cells[..] else { panic!("{row}") };
        assert_eq!(number, next.to_string());
        next += 1;
        for cell in [time, memory] {
            let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
            assert!(!names.is_empty(), "{row}");
            for name in names {
                let (file, test) = name.rsplit_once("::").unwrap_or_else(|| panic!("{name}"));
                let text = texts.entry(file.to_owned()).or_insert_with(|| {
                    fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
                });
                assert!(text.contains(&format!("fn {test}(")), "{name} is not there");
            }
        }
    }
    assert_eq!(next, 25);
}
