//! What has to be done so that one tree becomes the same as another one.

use std::{
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use indicatif::HumanBytes;

use super::walk::{Item, Tree};
use crate::printable::printable;

/// What has to be done, by paths in the trees.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Each behind the one that it is in.
    pub(super) folders: Vec<String>,
    pub(super) files: Vec<Moved>,
    pub(super) removed_files: Vec<String>,
    /// Each before the one that it is in.
    pub(super) removed_folders: Vec<String>,
}

/// A file that is transferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) path: String,
    pub(super) size: Option<u64>,
    pub(super) modified: Option<SystemTime>,
}

impl Plan {
    /// All of a tree.
    pub(super) fn whole(from: &Tree) -> Self {
        Self::between(from, &Tree::new())
    }

    /// What is missing, differs in size, or is newer in `from`, to the second.
    pub(super) fn between(from: &Tree, to: &Tree) -> Self {
        let mut plan = Self::default();
        for (path, item) in from {
            match (item, to.get(path)) {
                (Item::Folder, Some(Item::Folder)) => {}
                (Item::Folder, _) => plan.folders.push(path.clone()),
                (Item::File { size, modified }, there) => {
                    let is_same = matches!(there, Some(Item::File { size: there, modified: then })
                        if size == there && !is_newer(*modified, *then));
                    if !is_same {
                        plan.files.push(Moved { path: path.clone(), size: *size, modified: *modified });
                    }
                }
            }
        }
        plan
    }

    /// The same, and removes what only `to` has, and what is something else there.
    pub(super) fn with_removals(from: &Tree, to: &Tree) -> Self {
        let mut plan = Self::between(from, to);
        for (path, item) in to.iter().rev() {
            match (item, from.get(path)) {
                (Item::Folder, Some(Item::Folder)) | (Item::File { .. }, Some(Item::File { .. })) => {}
                (Item::Folder, _) => plan.removed_folders.push(path.clone()),
                (Item::File { .. }, _) => plan.removed_files.push(path.clone()),
            }
        }
        plan
    }

    /// How many bytes are transferred, as far as is known.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().filter_map(|file| file.size).sum()
    }

    /// How many things are done.
    pub(super) fn len(&self) -> usize {
        self.folders.len() + self.files.len() + self.removed_files.len() + self.removed_folders.len()
    }

    /// For people to read, a thing a line.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |what: &str, path: &str, behind: &str| {
            // Text always has room.
            _ = writeln!(text, "{what:8} {}{behind}", printable(path));
        };
        self.removed_files.iter().for_each(|path| line("remove", path, ""));
        self.removed_folders.iter().for_each(|path| line("remove", path, "/"));
        self.folders.iter().for_each(|path| line("make", path, "/"));
        for Moved { path, size, .. } in &self.files {
            let size = size.map_or_else(String::new, |size| format!(" ({})", HumanBytes(size)));
            line("transfer", path, &size);
        }
        text
    }
}

/// Times that are not known say nothing.
fn is_newer(one: Option<SystemTime>, other: Option<SystemTime>) -> bool {
    let seconds = |time: Option<SystemTime>| time?.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs());
    seconds(one).zip(seconds(other)).is_some_and(|(one, other)| one > other)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn file(size: u64, millis: u64) -> Item {
        Item::File { size: Some(size), modified: Some(UNIX_EPOCH + Duration::from_millis(millis)) }
    }

    fn tree(items: &[(&str, Item)]) -> Tree {
        items.iter().map(|(path, item)| ((*path).to_owned(), *item)).collect()
    }

    fn paths(plan: &Plan) -> Vec<&str> {
        plan.files.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn only_what_differs_is_transferred() {
        let from = tree(&[
            ("a", Item::Folder),
            ("a/larger", file(2, 5000)),
            ("a/older", file(1, 4000)),
            ("a/newer", file(1, 6000)),
            ("a/same", file(1, 5900)),
            ("a/unknown", Item::File { size: Some(1), modified: None }),
            ("b", Item::Folder),
            ("b/new", file(7, 5000)),
        ]);
        let mut to = tree(&[
            ("a", Item::Folder),
            ("a/larger", file(1, 9000)),
            ("a/older", file(1, 5000)),
            ("a/newer", file(1, 5000)),
            ("a/same", file(1, 5000)),
            ("a/unknown", file(1, 5000)),
            ("c", Item::Folder),
            ("c/d", Item::Folder),
            ("c/d/e", file(1, 5000)),
        ]);
        let plan = Plan::between(&from, &to);
        assert_eq!(
            (plan.folders.as_slice(), paths(&plan)),
            (&["b".to_owned()][..], vec!["a/larger", "a/newer", "b/new"])
        );
        assert_eq!((plan.bytes(), plan.len()), (10, 4));
        let plan = Plan::with_removals(&from, &to);
        assert_eq!(
            plan.text(),
            "remove   c/d/e\nremove   c/d/\nremove   c/\nmake     b/\ntransfer a/larger (2 B)\ntransfer a/newer (1 B)\ntransfer b/new (7 B)\n"
        );
        assert_eq!(Plan::between(&from, &from), Plan::default());
        to.clear();
        assert_eq!(Plan::between(&from, &to), Plan::whole(&from));
        assert_eq!(Plan::whole(&from).len(), from.len());
    }

    #[test]
    fn a_file_takes_the_place_of_a_folder_and_the_other_way_round() {
        let (file_of, folder_of) = (tree(&[("a", file(1, 0))]), tree(&[("a", Item::Folder), ("a/b", file(1, 0))]));
        let plan = Plan::with_removals(&file_of, &folder_of);
        assert_eq!(plan.text(), "remove   a/b\nremove   a/\ntransfer a (1 B)\n");
        let plan = Plan::with_removals(&folder_of, &file_of);
        assert_eq!(plan.text(), "remove   a\nmake     a/\ntransfer a/b (1 B)\n");
    }
}
