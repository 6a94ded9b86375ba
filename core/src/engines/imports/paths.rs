//! Paths as other tools write them, brought to paths inside the repository.

use crate::domain::RepoPath;

/// A path or `file:` URI as a path inside the repository at `root` (absolute). Works on the spelling
/// alone; `None` when it leads outside.
pub fn inside(root: &str, path: &str) -> Option<RepoPath> {
    let path = match path.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => decode(local(rest)?)?,
        Some((scheme, rest)) if rest.starts_with("//") && !scheme.contains('/') => return None,
        _ => path.to_owned(),
    };
    let relative = if path.starts_with('/') {
        let (root, path) = (normal(root)?, normal(&path)?);
        let below = path.strip_prefix(root.as_slice())?;
        below.join("/")
    } else {
        normal(&path)?.join("/")
    };
    RepoPath::new(relative).ok()
}

/// What follows `file:`, when it names this machine.
fn local(rest: &str) -> Option<&str> {
    match rest.strip_prefix("//") {
        None => Some(rest),
        Some(rest) if rest.starts_with('/') => Some(rest),
        Some(rest) => rest.strip_prefix("localhost").filter(|r| r.starts_with('/')),
    }
}

/// A relative reference of a URI (percent-encoded) as a path.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            let digits = tail.get(..2).and_then(|d| std::str::from_utf8(d).ok())?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The components without `.` and with `..` resolved; `None` when it climbs above its beginning.
fn normal(path: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts)
}
