//! Completions and manual pages in the repository are those of the binary.

use ecoops_tests::home::{Home, workspace};
use std::collections::BTreeMap;
use std::path::Path;

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let read = |e: std::io::Result<std::fs::DirEntry>| {
        let entry = e.unwrap();
        (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(read).collect()
}

#[test]
fn what_is_generated_is_current() {
    let home = Home::new();
    for name in ["completions", "man"] {
        let ran = home.ecoops(home.path(), &[name, "--write", name]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let (fresh, kept) = (files(&home.path().join(name)), files(&workspace().join(name)));
        let hint = format!("run: cargo run -p ecoops -- {name} --write {name}");
        assert!(fresh.keys().eq(kept.keys()), "{hint}");
        for (file, text) in fresh {
            assert!(kept.get(&file) == Some(&text), "{name}/{file} is old; {hint}");
        }
    }
}

#[test]
fn every_shell_gets_completions() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = home.ecoops(home.path(), &["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("ecoops") && ran.stdout.contains("doctor"), "{shell}");
    }
    assert_eq!(home.ecoops(home.path(), &["completions", "csh"]).code, 2);
    assert_eq!(home.ecoops(home.path(), &["completions"]).code, 2);
}
