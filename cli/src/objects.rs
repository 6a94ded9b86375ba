//! Reports and attachments in the object store: what they are called there, and how they come and go.
//!
//! What a text holds passes the redactor before it is kept, as the store may be another machine's.

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::open;
use ecoops_core::ports::objects::{Bucket, MOST_KEY_BYTES, ObjectKey, ObjectsError};
use std::borrow::Cow;

/// Reports, and attachments, that a view of something else names.
const MOST_SHOWN: usize = 100;
/// Characters of one part of a key that comes from a name of the user's.
const LONGEST_PART: usize = 80;

/// Keeps bytes under a key, lets go of what is older than its bucket keeps, and says how to get it back.
pub fn keep(app: &App, bucket: Bucket, key: &ObjectKey, bytes: &[u8]) -> Result<(), Failure> {
    let objects = open::objects(app)?;
    objects.put(bucket, key, bytes).map_err(|e| failure(&e))?;
    app.ui.note(&format!("kept for {} days: ecoops objects get {key}", bucket.days()));
    match objects.expire(open::host()?.now()) {
        Ok(0) => {}
        Ok(gone) => app.ui.note(&format!("{gone} older than their time were let go")),
        Err(error) => app.ui.always(&format!("warning: what is older than its time was not let go: {error}")),
    }
    Ok(())
}

/// A text without its secrets; bytes that are no text stay as they are.
pub fn clean<'b>(app: &App, bytes: &'b [u8]) -> Result<Cow<'b, [u8]>, Failure> {
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Owned(open::redactor(app)?.redact(text).text.into_bytes()),
        Err(_) => Cow::Borrowed(bytes),
    })
}

/// A key of these parts, each brought into the form that keys have.
pub fn key(parts: &[&str]) -> Result<ObjectKey, Failure> {
    let key: Vec<String> = parts.iter().map(|part| part_of_key(part)).collect();
    key.join("/").parse().map_err(|e| failure(&e))
}

/// Now, as a part of a key that sorts by time.
pub fn stamp() -> Result<String, Failure> {
    Ok(open::host()?.now().strftime("%Y%m%dT%H%M%SZ").to_string())
}

/// The reports and attachments below these parts, for a view of something else: a store that does not answer is said
/// aloud, and the view goes on.
pub fn of(app: &App, parts: &[&str]) -> Vec<ObjectKey> {
    let found = || {
        let prefix = format!("{}/", key(parts)?);
        let objects = open::objects(app)?;
        let mut keys = Vec::new();
        for bucket in Bucket::ALL {
            let entries = objects.list(bucket, &prefix, MOST_SHOWN).map_err(|e| failure(&e))?;
            keys.extend(entries.into_iter().map(|entry| entry.key));
        }
        Ok::<_, Failure>(keys)
    };
    found().unwrap_or_else(|failure| {
        app.ui.always(&format!("note: {}", failure.what));
        Vec::new()
    })
}

fn part_of_key(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let part: String = text.chars().take(LONGEST_PART.min(MOST_KEY_BYTES)).map(plain).collect();
    match part.trim_start_matches('.') {
        "" => "unnamed".to_owned(),
        part => part.to_owned(),
    }
}

/// The store's error as a command's end.
pub fn failure(error: &ObjectsError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        ObjectsError::BadKey(_) => failure.exit(Exit::Error),
        ObjectsError::TooLarge(_) => failure.next("cut it into smaller files"),
        ObjectsError::Storage(_) => failure.next("see the settings of [objects]: `ecoops config show`"),
        ObjectsError::Away(_) => failure.next("try again when it answers"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_users_becomes_a_key() {
        for (name, expected) in [
            ("report.html", "report.html"),
            ("../../etc/passwd", "-..-etc-passwd"),
            (".hidden", "hidden"),
            ("...", "unnamed"),
            ("", "unnamed"),
            ("mein Büro.txt", "mein-B-ro.txt"),
            ("a\0b\n", "a-b-"),
        ] {
            assert_eq!(key(&["incidents", name]).expect(name).as_str(), format!("incidents/{expected}"));
        }
        assert!(key(&["a", &"ü".repeat(10_000), "b"]).is_ok());
    }
}
