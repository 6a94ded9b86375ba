//! The people's homes: settings that name the servers, and credentials in each home's own store. What they hold is
//! put there by the commands that a user has.

use super::servers::{LOGIN, ORG, Running, private};
use crate::exit::Failure;
use crate::host;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn home(folder: &Path, person: &str) -> PathBuf {
    folder.join("homes").join(person)
}

/// # Errors
/// [`Failure`] for what is no plain name.
pub fn check(person: &str) -> Result<(), Failure> {
    let plain = person.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if person.is_empty() || person.len() > 32 || !plain || person.starts_with('-') {
        return Err(Failure::new(format!("`{person}` is no name: use a-z, 0-9 and -")));
    }
    Ok(())
}

/// Makes the tables, and the organisation's login, as the administrator.
pub fn prepare(folder: &Path, running: &Running, admin: &str) -> Result<(), Failure> {
    let own = settings(folder, "admin", "")?;
    ecoops(&own, &["credential", "add", "dev/admin"], Some(admin))?;
    for (name, password) in &running.passwords {
        ecoops(&own, &["credential", "add", name], Some(password))?;
    }
    let address = format!("{}/postgres", running.address("PostgreSQL"));
    let server = ["--address", address.as_str(), "--login", "postgres", "--credential", "dev/admin"];
    ecoops(&own, &[&["database", "prepare"][..], &server].concat(), None)?;
    let org = ["database", "org", ORG, LOGIN, "--new-credential", "dev/database"];
    ecoops(&own, &[&org[..], &server].concat(), None)
}

/// A home with the settings and credentials of one of the team, unless it is there.
pub fn make(folder: &Path, person: &str, running: &Running) -> Result<(), Failure> {
    if home(folder, person).join("config/config.toml").exists() {
        return Ok(());
    }
    if running.passwords.is_empty() {
        let failure = Failure::new(format!("{person} was not there when the servers were started"));
        return Err(
            failure.next("start anew with all people: ecoops dev down, then ecoops dev up --people …")
        );
    }
    let text = format!(
        "[memory]\nadapter = \"pgvector\"\naddress = \"{}/postgres\"\nlogin = \"{LOGIN}\"\ncredential = \"dev/database\"\norg = \"{ORG}\"\n\n\
         [events]\nadapter = \"redis\"\naddress = \"{}\"\ncredential = \"dev/events\"\n\n\
         [login]\nissuer = \"{}\"\n\n[agent]\nuse = \"always\"\n",
        running.address("PostgreSQL"),
        running.address("Redis"),
        running.address("identity provider"),
    );
    let own = settings(folder, person, &text)?;
    for (name, password) in &running.passwords {
        ecoops(&own, &["credential", "add", name], Some(password))?;
    }
    Ok(())
}

/// The home of that name, with these settings and a store of credentials that is a file.
fn settings(folder: &Path, person: &str, text: &str) -> Result<PathBuf, Failure> {
    let own = home(folder, person);
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(own.join("config"));
    made.map_err(|e| Failure::new(format!("no home for {person}")).because(&e))?;
    private(&own.join("config/config.toml"), format!("[secrets]\nstore = \"file\"\n\n{text}").as_bytes())?;
    Ok(own)
}

/// What a shell evaluates to be that person.
///
/// # Errors
/// [`Failure`] when there is no such person.
pub fn environment(folder: &Path, person: &str) -> Result<String, Failure> {
    let own = home(folder, person);
    if check(person).is_err() || !own.join("config/config.toml").exists() {
        return Err(Failure::new(format!("there is no home for {person}"))
            .next(format!("make one: ecoops dev up --people {person}")));
    }
    Ok(format!("export ECOOPS_HOME='{}'", own.display().to_string().replace('\'', r"'\''")))
}

/// Ends the agents of all homes.
pub fn stop_agents(folder: &Path) {
    for entry in std::fs::read_dir(folder.join("homes")).into_iter().flatten().flatten() {
        let _ = ecoops(&entry.path(), &["agent", "stop", "--force"], None);
    }
}

/// Runs this program in that home.
fn ecoops(home: &Path, arguments: &[&str], input: Option<&str>) -> Result<(), Failure> {
    let failed = |e: &dyn std::error::Error| Failure::new("ecoops cannot run itself").because(e);
    let program = host::program().map_err(|e| failed(&e))?;
    let mut command = Command::new(program);
    command.args(arguments).env("ECOOPS_HOME", home).current_dir(home);
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| failed(&e))?;
    if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input) {
        pipe.write_all(input.as_bytes()).map_err(|e| failed(&e))?;
    }
    let ended = child.wait_with_output().map_err(|e| failed(&e))?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
    Err(Failure::new(format!("`ecoops {}` failed", arguments.join(" "))).because_of(said))
}
