//! Which language a file is in: by its name, else its extension, else its first line.
//!
//! Never reads more than the bytes it is given.

use super::Language;
use crate::domain::RepoPath;

/// What lines of C do not begin with.
const CPP_WORDS: [&str; 8] =
    ["namespace ", "template<", "template <", "class ", "constexpr ", "using ", "public:", "private:"];

impl Language {
    /// `first` are the file's first bytes (a few thousand are enough). `Any` when it is none of the
    /// languages with a grammar.
    pub fn detect(path: &RepoPath, first: &[u8]) -> Language {
        by_name(path.file_name())
            .or_else(|| by_extension(&path.extension(), first))
            .or_else(|| by_first_line(first))
            .unwrap_or(Language::Any)
    }
}

fn by_name(name: &str) -> Option<Language> {
    let lower = name.to_ascii_lowercase();
    let is = |prefix: &str| lower == prefix || lower.starts_with(&format!("{prefix}."));
    if is("dockerfile") || is("containerfile") {
        return Some(Language::Dockerfile);
    }
    match lower.as_str() {
        "gemfile" | "rakefile" | "vagrantfile" | "podfile" | "fastfile" | "guardfile" => Some(Language::Ruby),
        ".bashrc" | ".bash_profile" | ".profile" | ".bash_aliases" | "pkgbuild" => Some(Language::Bash),
        "cargo.lock" | "poetry.lock" | "uv.lock" | "pipfile" => Some(Language::Toml),
        ".babelrc" | ".eslintrc" | "composer.lock" | "pipfile.lock" => Some(Language::Json),
        ".clang-format" | ".clang-tidy" => Some(Language::Yaml),
        "sconstruct" | "sconscript" | "wscript" => Some(Language::Python),
        _ => None,
    }
}

fn by_extension(extension: &str, first: &[u8]) -> Option<Language> {
    Some(match extension {
        "py" | "pyi" | "pyw" => Language::Python,
        "js" | "mjs" | "cjs" | "jsx" => Language::JavaScript,
        "ts" | "mts" | "cts" => Language::TypeScript,
        "tsx" => Language::Tsx,
        "go" => Language::Go,
        "rs" => Language::Rust,
        "java" => Language::Java,
        "c" => Language::C,
        "h" if is_cpp(first) => Language::Cpp,
        "h" => Language::C,
        "cc" | "cpp" | "cxx" | "c++" | "hh" | "hpp" | "hxx" | "h++" | "ipp" | "tpp" | "inl" => Language::Cpp,
        "cs" | "csx" => Language::CSharp,
        "rb" | "rake" | "gemspec" | "ru" => Language::Ruby,
        "php" | "php3" | "php4" | "php5" | "php7" | "phtml" | "phps" => Language::Php,
        "sh" | "bash" | "ksh" | "bats" | "ebuild" => Language::Bash,
        "yaml" | "yml" => Language::Yaml,
        "dockerfile" | "containerfile" => Language::Dockerfile,
        "tf" | "tfvars" | "hcl" | "tofu" => Language::Hcl,
        "json" | "jsonc" | "webmanifest" => Language::Json,
        "toml" => Language::Toml,
        _ => return None,
    })
}

fn is_cpp(first: &[u8]) -> bool {
    String::from_utf8_lossy(first)
        .lines()
        .map(str::trim_start)
        .any(|line| CPP_WORDS.iter().any(|word| line.starts_with(word)))
}

fn by_first_line(first: &[u8]) -> Option<Language> {
    let line = first.strip_prefix(b"#!")?;
    let end = line.iter().position(|b| *b == b'\n').unwrap_or(line.len()).min(256);
    let line = std::str::from_utf8(&line[..end]).ok()?;
    let mut words = line.split_whitespace();
    let mut program = words.next()?.rsplit('/').next()?;
    if program == "env" {
        program = words.find(|w| !w.starts_with('-') && !w.contains('='))?.rsplit('/').next()?;
    }
    let stem = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    Some(match stem {
        "python" | "pypy" => Language::Python,
        "node" | "nodejs" | "deno" | "bun" => Language::JavaScript,
        "ts-node" | "tsx" => Language::TypeScript,
        "sh" | "bash" | "dash" | "ksh" | "zsh" => Language::Bash,
        "ruby" => Language::Ruby,
        "php" => Language::Php,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_name_extension_or_first_line() {
        for (path, first, expected) in [
            ("a/b.py", "", Language::Python),
            ("b.pyi", "", Language::Python),
            ("b.mjs", "", Language::JavaScript),
            ("b.cjs", "", Language::JavaScript),
            ("b.jsx", "", Language::JavaScript),
            ("b.tsx", "", Language::Tsx),
            ("b.ts", "", Language::TypeScript),
            ("x.h", "int f(void);", Language::C),
            ("x.h", "namespace a { }", Language::Cpp),
            ("x.h", "/* a class of\n * its own */", Language::C),
            ("Dockerfile", "", Language::Dockerfile),
            ("Dockerfile.prod", "", Language::Dockerfile),
            ("app.Dockerfile", "", Language::Dockerfile),
            ("build/Containerfile", "", Language::Dockerfile),
            ("main.tf", "", Language::Hcl),
            ("prod.tfvars", "", Language::Hcl),
            ("run", "#!/usr/bin/env -S python3.12 -u\n", Language::Python),
            ("run", "#!/bin/sh\n", Language::Bash),
            ("run", "#!/usr/bin/node", Language::JavaScript),
            ("run", "#!", Language::Any),
            ("README.md", "# x", Language::Any),
            ("run", "\u{0}\u{1}", Language::Any),
        ] {
            let path = RepoPath::new(path).unwrap();
            assert_eq!(Language::detect(&path, first.as_bytes()), expected, "{path} {first:?}");
        }
    }
}
