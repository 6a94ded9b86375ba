//! Finds where the machine's language tools keep their programs and downloaded packages, so that a
//! check can read them without reading the rest of the home folder.
//!
//! Never grants a whole home, nor the files in which tools keep credentials (`credentials.toml`,
//! `.npmrc`, `settings.xml`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What to put into `local::Settings`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolHomes {
    pub environment: BTreeMap<String, String>,
    pub readable: Vec<PathBuf>,
}

/// A tool's home: the variable that moves it, where it is otherwise, and what of it is needed.
struct Home {
    variable: &'static str,
    default: &'static str,
    needed: &'static [&'static str],
}

/// An empty name in `needed` stands for the whole folder.
const HOMES: &[Home] = &[
    Home {
        variable: "CARGO_HOME",
        default: ".cargo",
        needed: &["bin", "registry", "git", "config.toml", "config", "env"],
    },
    Home { variable: "RUSTUP_HOME", default: ".rustup", needed: &["toolchains", "settings.toml"] },
    Home { variable: "PYENV_ROOT", default: ".pyenv", needed: &[""] },
    Home { variable: "NVM_DIR", default: ".nvm", needed: &[""] },
    Home { variable: "VOLTA_HOME", default: ".volta", needed: &["bin", "tools"] },
    Home { variable: "GOMODCACHE", default: "go/pkg/mod", needed: &[""] },
    Home { variable: "RBENV_ROOT", default: ".rbenv", needed: &[""] },
    Home { variable: "GRADLE_RO_DEP_CACHE", default: ".gradle/caches", needed: &[""] },
    Home { variable: "SDKMAN_DIR", default: ".sdkman", needed: &["candidates"] },
    Home { variable: "NUGET_PACKAGES", default: ".nuget/packages", needed: &[""] },
];

/// Folders without a variable of their own.
const FOLDERS: &[&str] = &[
    ".local/bin",
    ".local/lib",
    ".local/share/uv",
    ".local/share/pnpm",
    ".m2/repository",
    ".gem",
    ".asdf",
    "sdk",
];

/// Looks for tool homes below `home`, or where `variable` (the environment) says they are.
pub fn find(home: &Path, variable: &dyn Fn(&str) -> Option<String>) -> ToolHomes {
    let mut found = ToolHomes::default();
    for tool in HOMES {
        let set = variable(tool.variable).filter(|v| !v.is_empty()).map(PathBuf::from);
        let folder = set.unwrap_or_else(|| home.join(tool.default));
        let Some(name) = folder.to_str().filter(|_| folder.is_absolute() && folder.is_dir()) else {
            continue;
        };
        found.environment.insert(tool.variable.to_owned(), name.to_owned());
        let needed = tool.needed.iter().map(|n| if n.is_empty() { folder.clone() } else { folder.join(n) });
        found.readable.extend(needed.filter(|n| n.exists()));
    }
    found.readable.extend(FOLDERS.iter().map(|f| home.join(f)).filter(|f| f.exists()));
    if let Some(repository) = home.join(".m2/repository").to_str().filter(|r| Path::new(r).is_dir()) {
        found.environment.insert("MAVEN_ARGS".to_owned(), format!("-Dmaven.repo.local={repository}"));
    }
    if let Some(java) = variable("JAVA_HOME").filter(|j| Path::new(j).is_dir()) {
        found.readable.push(PathBuf::from(&java));
        found.environment.insert("JAVA_HOME".to_owned(), java);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_found_and_credentials_are_not_granted() {
        let home = tempfile::tempdir().unwrap();
        for folder in
            [".cargo/bin", ".cargo/registry", ".nvm", ".m2/repository", ".ssh", "elsewhere/toolchains"]
        {
            std::fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        std::fs::write(home.path().join(".cargo/credentials.toml"), "token").unwrap();
        let moved = home.path().join("elsewhere");
        let variable = |name: &str| (name == "RUSTUP_HOME").then(|| moved.to_str().unwrap().to_owned());
        let found = find(home.path(), &variable);
        let names: Vec<_> = found.environment.keys().map(String::as_str).collect();
        assert_eq!(names, ["CARGO_HOME", "MAVEN_ARGS", "NVM_DIR", "RUSTUP_HOME"]);
        let readable: Vec<_> =
            found.readable.iter().map(|p| p.strip_prefix(home.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(
            readable,
            [".cargo/bin", ".cargo/registry", "elsewhere/toolchains", ".nvm", ".m2/repository"]
        );
    }

    #[test]
    fn relative_and_missing_homes_are_left_out() {
        let home = tempfile::tempdir().unwrap();
        let found = find(home.path(), &|_| Some("relative".to_owned()));
        assert_eq!(found, ToolHomes::default());
    }
}
