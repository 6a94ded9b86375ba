//! `.ecoopsignore`: files that are not examined, tracked or not, in the syntax of `.gitignore`.

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::HashMap;

pub(super) const NAME: &str = ".ecoopsignore";

/// The rules of every folder that has some; the root is the empty path.
#[derive(Debug, Default)]
pub(super) struct OwnIgnores {
    by_folder: HashMap<String, Gitignore>,
}

impl OwnIgnores {
    /// Lines that are no patterns are passed over, as git does.
    pub(super) fn add(&mut self, folder: &str, text: &str) {
        let mut builder = GitignoreBuilder::new("");
        for line in text.lines() {
            let _ = builder.add_line(None, line);
        }
        if let Ok(rules) = builder.build() {
            self.by_folder.insert(folder.to_owned(), rules);
        }
    }

    /// The deepest folder's word counts.
    pub(super) fn ignores(&self, path: &str) -> bool {
        if self.by_folder.is_empty() {
            return false;
        }
        let mut folder = path;
        while !folder.is_empty() {
            folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
            let below = path.get(folder.len()..).unwrap_or_default().trim_start_matches('/');
            if let Some(rules) = self.by_folder.get(folder) {
                let verdict = rules.matched_path_or_any_parents(below, false);
                if !verdict.is_none() {
                    return verdict.is_ignore();
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_rule_wins() {
        let mut rules = OwnIgnores::default();
        rules.add("", "*.gen\n/top\n");
        rules.add("a", "!keep.gen\nb/\n");
        for (path, ignored) in [
            ("x.gen", true),
            ("a/x.gen", true),
            ("a/keep.gen", false),
            ("a/b/c", true),
            ("b/c", false),
            ("top", true),
            ("a/top", false),
        ] {
            assert_eq!(rules.ignores(path), ignored, "{path}");
        }
    }
}
