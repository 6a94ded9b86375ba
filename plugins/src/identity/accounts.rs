//! The operating system's account of this process: the effective user and their groups, by the
//! kernel's word. Never trusts `USER`, `LOGNAME` or any other variable.
//!
//! Names come from the passwd and group files (passwd(5), group(5)); an account that another name
//! service knows is named by its number.

use std::collections::BTreeSet;
use std::path::Path;

/// Larger account files are not read; the account is then named by its number.
const LARGEST_FILE: u64 = 16 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The login name, or `uid:<number>` (no login name can hold a colon).
    pub name: String,
    pub groups: BTreeSet<String>,
}

/// The account that this process acts as.
pub fn current() -> Account {
    let uid = rustix::process::geteuid().as_raw();
    let mut gids: BTreeSet<u32> =
        rustix::process::getgroups().unwrap_or_default().iter().map(|gid| gid.as_raw()).collect();
    gids.insert(rustix::process::getegid().as_raw());
    let (users, groups) = (lines_of(Path::new("/etc/passwd")), lines_of(Path::new("/etc/group")));
    Account {
        name: name_of(&users, uid).unwrap_or_else(|| format!("uid:{uid}")),
        groups: gids
            .into_iter()
            .map(|gid| name_of(&groups, gid).unwrap_or_else(|| format!("gid:{gid}")))
            .collect(),
    }
}

fn lines_of(path: &Path) -> String {
    let small = std::fs::metadata(path).is_ok_and(|about| about.len() <= LARGEST_FILE);
    let bytes = if small { std::fs::read(path).unwrap_or_default() } else { Vec::new() };
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The name on the first line `name:x:<number>:…` with this number, which passwd and group share.
fn name_of(text: &str, number: u32) -> Option<String> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _password, id) = (fields.next()?, fields.next()?, fields.next()?);
        // `+` and `-` open the lines of the old network name service.
        let usable = !name.is_empty() && !name.starts_with(['+', '-', '#', '@']);
        (usable && id.parse() == Ok(number)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_number() {
        let text = "root:x:0:0:root:/root:/bin/sh\n#bob:x:7:7::/:/bin/sh\n+nis:x:8:\nshort:x\n\nalice:x:1000:1000::/home/alice:/bin/sh\nother:x:1000:1::/:/bin/sh\nbad:x:-1:\n";
        for (number, expected) in
            [(0, Some("root")), (1000, Some("alice")), (7, None), (8, None), (4_294_967_295, None)]
        {
            assert_eq!(name_of(text, number).as_deref(), expected, "{number}");
        }
    }

    #[test]
    fn this_process_has_an_account() {
        let account = current();
        assert!(!account.name.is_empty());
        assert!(!account.groups.is_empty());
    }
}
