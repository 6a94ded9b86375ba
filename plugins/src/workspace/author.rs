//! Who a commit is by and from when, as git itself decides it: its variables, then its configuration.
//!
//! Never reads the environment: the variables are given.

use super::git::git;
use ecoops_core::ports::workspace::WorkspaceError;
use git2::{Repository, Signature, Time};
use jiff::{Timestamp, civil, fmt::rfc2822, tz};

/// What git's variables say of one of the two: `GIT_AUTHOR_NAME`, `GIT_COMMITTER_DATE`, ….
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables {
    pub name: Option<String>,
    pub email: Option<String>,
    pub date: Option<String>,
}

/// The variables of both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identities {
    pub author: Variables,
    pub committer: Variables,
}

/// Author and committer of a commit. Without a date of their own they have `now`, in seconds since 1970.
///
/// # Errors
/// [`WorkspaceError::Git`] when nobody is known, or a date cannot be read.
pub fn signatures(
    repository: &Repository,
    identities: &Identities,
    now: i64,
) -> Result<(Signature<'static>, Signature<'static>), WorkspaceError> {
    let config = repository.config().and_then(|mut config| config.snapshot()).map_err(git)?;
    let signature = |role: &str, own: &Variables| {
        let setting = |what: &str| {
            let of_role = config.get_string(&format!("{role}.{what}"));
            of_role.or_else(|_| config.get_string(&format!("user.{what}"))).ok().filter(|v| !v.is_empty())
        };
        let name = own.name.clone().or_else(|| setting("name"));
        let email = own.email.clone().or_else(|| setting("email"));
        let (Some(name), Some(email)) = (name, email) else {
            let how = "no author is known; run `git config user.name` and `git config user.email`";
            return Err(WorkspaceError::Git(how.into()));
        };
        let time = match &own.date {
            Some(text) => date(text).ok_or_else(|| {
                WorkspaceError::Git(format!("`{text}`, the {role}'s date, is no date that is known here"))
            })?,
            None => Time::new(now, 0),
        };
        Signature::new(&name, &email, &time).map_err(git)
    };
    Ok((signature("author", &identities.author)?, signature("committer", &identities.committer)?))
}

/// The formats of `git-commit(1)`, "DATE FORMATS": git's own (`<seconds> <zone>`), RFC 2822, ISO 8601. A time
/// without a zone is taken as UTC.
fn date(text: &str) -> Option<Time> {
    let text = text.trim();
    raw(text).or_else(|| {
        if let Ok(zoned) = rfc2822::parse(text) {
            return Some(Time::new(zoned.timestamp().as_second(), zoned.offset().seconds() / 60));
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            let offset = text.get(text.len().saturating_sub(6)..).and_then(zone).unwrap_or(0);
            return Some(Time::new(at.as_second(), offset));
        }
        let local: civil::DateTime = text.parse().ok()?;
        Some(Time::new(tz::Offset::UTC.to_timestamp(local).ok()?.as_second(), 0))
    })
}

/// `1700000000 +0100`, or `@1700000000`.
fn raw(text: &str) -> Option<Time> {
    let marked = text.strip_prefix('@');
    let mut words = marked.unwrap_or(text).split_whitespace();
    let seconds: i64 = words.next()?.parse().ok()?;
    match (words.next(), words.next(), marked) {
        (Some(offset), None, _) => Some(Time::new(seconds, zone(offset)?)),
        (None, _, Some(_)) => Some(Time::new(seconds, 0)),
        _ => None,
    }
}

/// Minutes east of Greenwich: `+0530`, `+05:30`, `Z`.
fn zone(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text.strip_prefix(['+', '-'])?.replace(':', "");
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    (number % 100 < 60 && number / 100 < 24).then_some(sign * (number / 100 * 60 + number % 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_git_reads_them() {
        for (text, expected) in [
            ("1700000000 +0100", Some((1_700_000_000, 60))),
            ("@1700000000 -0530", Some((1_700_000_000, -330))),
            ("@1700000000", Some((1_700_000_000, 0))),
            ("2023-11-14T22:13:20Z", Some((1_700_000_000, 0))),
            ("2023-11-14T23:13:20+01:00", Some((1_700_000_000, 60))),
            ("2023-11-14T22:13:20", Some((1_700_000_000, 0))),
            ("2023-11-14 22:13:20", Some((1_700_000_000, 0))),
            ("Tue, 14 Nov 2023 23:13:20 +0100", Some((1_700_000_000, 60))),
            ("tomorrow", None),
            ("1700000000 +9999", None),
            ("1700000000 +0100 more", None),
            ("", None),
            ("é", None),
        ] {
            let read = date(text).map(|time| (time.seconds(), time.offset_minutes()));
            assert_eq!(read, expected, "{text}");
        }
    }
}
