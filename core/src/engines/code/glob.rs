//! Globs on paths, as `.gitignore` means them, turned into linear-time expressions.
//!
//! Never touches a file.

use super::matcher::compile_regex;
use regex::Regex;

/// `*` and `?` stay within a component, `**` crosses them, `{a,b}` are alternatives. A glob without `/`
/// is about the file's name; one with `/` begins at the repository's root.
///
/// # Errors
/// A sentence when the glob is wrong.
pub fn compile_glob(glob: &str) -> Result<Regex, String> {
    let anchored = glob.trim_start_matches('/');
    let mut out = String::from(if glob.contains('/') { "^" } else { "(?:^|/)" });
    let mut depth = 0;
    let mut rest = anchored;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '*' if rest.starts_with("**/") => {
                out.push_str("(?:.*/)?");
                length = 3;
            }
            '*' if rest.starts_with("**") => {
                out.push_str(".*");
                length = 2;
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '{' => {
                depth += 1;
                out.push_str("(?:");
            }
            '}' if depth > 0 => {
                depth -= 1;
                out.push(')');
            }
            ',' if depth > 0 => out.push('|'),
            c => out.push_str(&regex::escape(&c.to_string())),
        }
        rest = &rest[length..];
    }
    if depth > 0 {
        return Err(format!("the glob `{glob}` has a brace that is not closed"));
    }
    out.push('$');
    compile_regex(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_mean_what_gitignore_means() {
        for (glob, path, expected) in [
            ("*.py", "a/b.py", true),
            ("*.py", "a/b.pyc", false),
            ("tests/**", "tests/a/b.py", true),
            ("tests/**", "x/tests/a.py", false),
            ("**/tests/**", "x/tests/a.py", true),
            ("**/tests/**", "tests/a.py", true),
            ("test_*", "a/test_x.py", true),
            ("*.{yml,yaml}", "a.yaml", true),
            (".github/workflows/*.yml", ".github/workflows/ci.yml", true),
            (".github/workflows/*.yml", ".github/workflows/a/ci.yml", false),
        ] {
            assert_eq!(compile_glob(glob).unwrap().is_match(path), expected, "{glob} {path}");
        }
        assert!(compile_glob("{a").is_err());
    }
}
