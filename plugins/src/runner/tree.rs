//! The processes below one process, as `/proc` shows them: to measure them and to kill them all.
//!
//! Source: proc(5), `/proc/PID/stat` and `/proc/PID/status`. Without `/proc` the lists are empty.

use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    pid: i32,
    parent: i32,
    session: i32,
    zombie: bool,
}

/// Living processes below `root` (which must be a subreaper, so that orphans stay below it), and those
/// of its session should it have died. `root` itself is not among them.
pub fn members(root: i32) -> Vec<i32> {
    below(root, &snapshot())
}

/// Memory that the processes have for themselves: anonymous and shared pages, in bytes. Pages shared
/// after a fork count once for each process.
pub fn memory_bytes(pids: &[i32]) -> u64 {
    pids.iter()
        .filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/status")).ok())
        .map(|status| own_memory(&status))
        .sum()
}

/// Kills everything below `root` with SIGKILL, again and again until nothing new appears.
/// False when something still lived after two seconds.
pub fn kill_below(root: i32) -> bool {
    for _ in 0..1000 {
        let pids = members(root);
        if pids.is_empty() {
            return true;
        }
        for pid in pids {
            kill(pid);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

/// Kills one process; it may be gone already.
pub fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

fn snapshot() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok())
        .filter_map(|pid| parse_stat(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?))
        .collect()
}

/// The command's name may hold anything, so the fields are counted from the last `)`.
fn parse_stat(pid: i32, stat: &[u8]) -> Option<Process> {
    let text = String::from_utf8_lossy(stat);
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let zombie = matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    Some(Process { pid, parent, session, zombie })
}

fn below(root: i32, processes: &[Process]) -> Vec<i32> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for p in processes {
        children.entry(p.parent).or_default().push(p.pid);
    }
    let mut found: BTreeSet<i32> = processes.iter().filter(|p| p.session == root).map(|p| p.pid).collect();
    let mut open: Vec<i32> = found.iter().copied().chain([root]).collect();
    while let Some(pid) = open.pop() {
        for &child in children.get(&pid).into_iter().flatten() {
            if found.insert(child) {
                open.push(child);
            }
        }
    }
    processes.iter().filter(|p| p.pid != root && !p.zombie && found.contains(&p.pid)).map(|p| p.pid).collect()
}

fn own_memory(status: &str) -> u64 {
    let kib = |name: &str| -> u64 {
        status
            .lines()
            .find_map(|l| l.strip_prefix(name))
            .and_then(|rest| rest.split_ascii_whitespace().next())
            .and_then(|n| n.parse().ok())
            .unwrap_or(0)
    };
    (kib("RssAnon:") + kib("RssShmem:")) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_whatever_the_name_is() {
        for (stat, expected) in [
            ("7 (cat) S 3 7 5 0", Some((3, 5, false))),
            ("7 (a ) Z 9) Z 3 7 5 0", Some((3, 5, true))),
            ("7 (cat) S", None),
            ("", None),
        ] {
            let got = parse_stat(7, stat.as_bytes()).map(|p| (p.parent, p.session, p.zombie));
            assert_eq!(got, expected, "{stat}");
        }
    }

    #[test]
    fn below_is_transitive_and_includes_the_session() {
        let p = |pid, parent, session, zombie| Process { pid, parent, session, zombie };
        let all = [p(1, 0, 1, false), p(10, 1, 10, false), p(11, 10, 11, false), p(12, 11, 12, false)];
        let more = [p(13, 12, 12, true), p(14, 1, 10, false), p(20, 1, 20, false)];
        let all: Vec<_> = all.into_iter().chain(more).collect();
        assert_eq!(below(10, &all), vec![11, 12, 14]);
    }

    #[test]
    fn memory_is_what_a_process_has_alone() {
        let status = "Name:\tx\nVmRSS:\t 900 kB\nRssAnon:\t 12 kB\nRssFile:\t 800 kB\nRssShmem:\t 3 kB\n";
        assert_eq!(own_memory(status), 15 * 1024);
        assert_eq!(own_memory(""), 0);
    }
}
