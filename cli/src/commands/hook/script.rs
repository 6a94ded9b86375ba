//! The text of hook scripts: puts our block into one and takes it out again, byte for byte.

const BEGIN: &str = "# >>> ecoops >>> `ecoops hook uninstall` takes this block out\n";
const END: &str = "# <<< ecoops <<<\n";
/// What a script of ours alone begins with.
const HEAD: &str = "#!/bin/sh\n";
/// The end of a script that calls a hook which is not a shell script.
const CHAIN: &str = "[ -x \"$0.ecoops-chained\" ] || exit 0\nexec \"$0.ecoops-chained\" \"$@\"\n";

/// The suffix of a hook that was moved aside.
pub const ASIDE: &str = "ecoops-chained";

/// Our part. It reads the refs, and gives them again to what follows. `program` is the absolute path
/// of ecoops, and when that is gone the one on the PATH is taken.
pub fn block(program: &str) -> String {
    let quoted = program.replace('\'', "'\\''");
    format!(
        "{BEGIN}\
         ecoops_program='{quoted}'\n\
         [ -x \"$ecoops_program\" ] || ecoops_program=$(command -v ecoops) || {{\n\
         \x20 echo \"ecoops is gone: install it again, or take its block out of $0\" >&2\n\
         \x20 exit 1\n\
         }}\n\
         ecoops_refs=$(cat)\n\
         printf '%s\\n' \"$ecoops_refs\" | \"$ecoops_program\" hook run pre-push \"$@\" || exit $?\n\
         if [ -n \"$ecoops_refs\" ]; then\n\
         exec <<ECOOPS_REFS\n\
         $ecoops_refs\n\
         ECOOPS_REFS\n\
         fi\n\
         {END}"
    )
}

/// A script that is only ours.
pub fn alone(program: &str) -> String {
    format!("{HEAD}{}", block(program))
}

/// A script of ours that afterwards calls the hook that was moved aside.
pub fn chain(program: &str) -> String {
    format!("{HEAD}{}{CHAIN}", block(program))
}

/// True when the script can hold our block: it is run by a shell of the POSIX kind, or (`sourced`) it
/// is read by one without saying so.
pub fn is_shell(script: &[u8], sourced: bool) -> bool {
    let Ok(text) = std::str::from_utf8(script) else { return false };
    let Some(interpreter) = text.lines().next().and_then(|l| l.strip_prefix("#!")) else { return sourced };
    let words: Vec<_> = interpreter.split_whitespace().collect();
    let name = |word: &&str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let mut names = words.iter().filter(|w| !w.starts_with('-')).map(name).filter(|n| n != "env");
    names.next().is_some_and(|n| ["sh", "bash", "dash", "ash", "ksh", "zsh"].contains(&n.as_str()))
}

/// The script with our block as its first commands.
pub fn insert(script: &str, program: &str) -> String {
    let head = match script.split_inclusive('\n').next() {
        Some(first) if first.starts_with("#!") => first.len(),
        _ => 0,
    };
    let (head, rest) = script.split_at(head);
    let end = if head.is_empty() || head.ends_with('\n') { "" } else { "\n" };
    format!("{head}{end}{}{rest}", block(program))
}

/// What a script is without our block.
#[derive(Debug, PartialEq, Eq)]
pub enum Without {
    /// It has none.
    Foreign,
    /// Nothing is left of it.
    Nothing,
    /// It only calls the hook that was moved aside.
    Chain,
    Rest(String),
}

pub fn remove(script: &str) -> Without {
    let Some(begin) = script.find(BEGIN) else { return Without::Foreign };
    let Some(end) = script[begin..].find(END).map(|e| begin + e + END.len()) else { return Without::Foreign };
    let rest = format!("{}{}", &script[..begin], &script[end..]);
    match rest.strip_prefix(HEAD) {
        Some("") => Without::Nothing,
        Some(CHAIN) => Without::Chain,
        _ => Without::Rest(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out_byte_for_byte() {
        for script in [
            "#!/bin/sh\necho hello\n",
            "#!/usr/bin/env bash\nset -e\nwhile read x; do :; done",
            "npm test\n",
            "",
            "#!/bin/sh\n# >>> other >>>\n",
        ] {
            let with = insert(script, "/opt/it's here/ecoops");
            assert_eq!(remove(&with), Without::Rest(script.to_owned()), "{script:?}");
        }
        assert_eq!(remove(&alone("/x")), Without::Nothing);
        assert_eq!(remove(&chain("/x")), Without::Chain);
        assert_eq!(remove("#!/bin/sh\n"), Without::Foreign);
        assert_eq!(remove(BEGIN), Without::Foreign, "a block without an end is not ours to cut");
    }

    #[test]
    fn shells_are_told_by_their_first_line() {
        for (script, sourced, expected) in [
            (&b"#!/bin/sh\n"[..], false, true),
            (b"#!/usr/bin/env bash\n", false, true),
            (b"#!/usr/bin/env -S bash -e\n", false, true),
            (b"#!/bin/sh -e\n", false, true),
            (b"#!/usr/bin/env python3\n", false, false),
            (b"#!/usr/bin/fish\n", false, false),
            (b"npm test\n", true, true),
            (b"npm test\n", false, false),
            (b"\x7fELF\xff", true, false),
        ] {
            assert_eq!(is_shell(script, sourced), expected, "{script:?}");
        }
    }
}
