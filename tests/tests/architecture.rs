//! The rules of the house: who may know whom, who touches the outside, and that ARCHITECTURE.md is a
//! true map. Each message says how to mend what it found.

use ecoops_tests::source::{Source, files, starts};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Crates of the workspace, each with those of ours that it may depend on.
const CRATES: [(&str, &[&str]); 5] = [
    ("core", &[]),
    ("plugins", &["ecoops-core"]),
    ("agent", &["ecoops-core", "ecoops-plugins"]),
    ("cli", &["ecoops-core", "ecoops-plugins", "ecoops-agent"]),
    ("tests", &["ecoops", "ecoops-core", "ecoops-plugins", "ecoops-agent"]),
];

/// Crates that touch files, networks, processes, clocks or terminals.
const OUTSIDE: &[&str] = &[
    "anstream",
    "async-nats",
    "axum",
    "clap",
    "console",
    "crossterm",
    "dbus-secret-service-keyring-store",
    "dirs",
    "getrandom",
    "git2",
    "hyper",
    "hyper-util",
    "ignore",
    "indicatif",
    "keyring",
    "keyring-core",
    "krafka",
    "kube",
    "landlock",
    "libz-sys",
    "listenfd",
    "mio",
    "notify",
    "rand",
    "ratatui",
    "redis",
    "reqwest",
    "rusqlite",
    "rustix",
    "rustls",
    "signal-hook",
    "socket2",
    "tempfile",
    "tokio",
    "tokio-postgres",
    "tokio-postgres-rustls",
    "tokio-rustls",
    "tracing-subscriber",
    "ureq",
    "walkdir",
];

const PHASES: [&str; 8] = [
    "understand",
    "retrieve",
    "analyze",
    "reason",
    "remediate/consolidate",
    "remediate/integrate",
    "validate",
    "audit",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(krate: &str) -> Vec<Source> {
    files(&root(), &format!("{krate}/src"))
}

fn every_source() -> Vec<Source> {
    ["core", "plugins", "agent", "cli"].iter().flat_map(|krate| sources(krate)).collect()
}

fn holds(found: Vec<String>, mend: &str) {
    assert!(found.is_empty(), "\n  {}\n{mend}\n", found.join("\n  "));
}

/// `file: what` for each file in which `judge` finds something.
fn judged(sources: &[Source], judge: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    sources.iter().flat_map(|s| judge(s).into_iter().map(|what| format!("{}: {what}", s.file))).collect()
}

// Who may know whom.

fn dependencies(manifest: &str) -> Vec<String> {
    let manifest: toml::Table = manifest.parse().unwrap_or_default();
    let names =
        |table: &str| manifest.get(table).and_then(|t| t.as_table()).map(|t| t.keys().cloned().collect());
    ["dependencies", "build-dependencies"]
        .into_iter()
        .filter_map(names)
        .flat_map(|n: Vec<String>| n)
        .collect()
}

fn forbidden_crates(manifest: &str, ours: &[&str], banned: &[&str]) -> Vec<String> {
    let is_ours = |name: &str| name == "ecoops" || name.starts_with("ecoops-");
    let wrong =
        |name: &String| (is_ours(name) && !ours.contains(&name.as_str())) || banned.contains(&name.as_str());
    dependencies(manifest).into_iter().filter(wrong).collect()
}

#[test]
fn crates_point_one_way() {
    let mut found = Vec::new();
    for (krate, ours) in CRATES {
        let Ok(manifest) = fs::read_to_string(root().join(krate).join("Cargo.toml")) else { continue };
        let banned = if krate == "core" { OUTSIDE } else { &[] };
        found.extend(
            forbidden_crates(&manifest, ours, banned).into_iter().map(|d| format!("{krate} depends on {d}")),
        );
    }
    holds(
        found,
        "cli → agent → plugins → core, and core has no crate that touches the outside: put what needs it behind a port, in plugins",
    );
}

#[test]
fn a_wrong_dependency_is_seen() {
    let manifest = "[dependencies]\necoops-plugins.workspace = true\ntokio = \"1\"\nserde = \"1\"\n[dev-dependencies]\ntempfile = \"3\"";
    assert_eq!(forbidden_crates(manifest, &[], OUTSIDE), ["ecoops-plugins", "tokio"]);
    assert_eq!(forbidden_crates(manifest, &["ecoops-plugins"], &[]), Vec::<String>::new());
}

/// What pure code must not name.
fn impure(source: &Source) -> Vec<String> {
    let paths = [
        &["std", "fs"][..],
        &["std", "net"],
        &["std", "env"],
        &["std", "process"],
        &["std", "os"],
        &["std", "io", "stdin"],
        &["std", "io", "stdout"],
        &["std", "io", "stderr"],
        &["std", "time", "SystemTime"],
        &["std", "time", "Instant"],
        &["SystemTime", "now"],
        &["Instant", "now"],
        &["Timestamp", "now"],
        &["Zoned", "now"],
        &["jiff", "Timestamp", "now"],
        &["jiff", "Zoned", "now"],
    ];
    let mut found: Vec<String> = paths.iter().filter_map(|names| source.naming(names)).collect();
    found.extend(printing(source));
    found
}

#[test]
fn core_is_pure() {
    holds(
        judged(&sources("core"), impure),
        "core opens no file or socket, reads no environment or clock, and never prints: ask a port, or take it as an argument",
    );
}

#[test]
fn impure_code_is_seen() {
    for (text, expected) in [
        ("use std::fs::read;", "std::fs::read"),
        ("fn f() { let t = std::time::Instant::now(); }", "std::time::Instant::now"),
        ("use jiff::Timestamp; fn f() { Timestamp::now(); }", "Timestamp::now"),
        ("fn f() { println!(); }", "println!"),
        ("use std::time::Duration; use std::io::Write;", ""),
    ] {
        assert_eq!(impure(&Source::read("core/src/a.rs", text)).join(" "), expected, "{text}");
    }
}

/// The folders or files below `within` as names of modules: `core/src/engines/code/…` is `code`.
fn part<'a>(file: &'a str, within: &str) -> Option<&'a str> {
    let inside = file.strip_prefix(within)?;
    Some(inside.split('/').next()?.trim_end_matches(".rs")).filter(|name| *name != "mod")
}

fn inner_dependencies(source: &Source) -> Vec<String> {
    let banned: &[&str] = match source.file.split('/').nth(2) {
        Some("domain") => &["engines", "ports", "pipeline", "config"],
        Some("ports") => &["pipeline"],
        Some("engines") => &["ports", "pipeline"],
        _ => &[],
    };
    let mut found: Vec<String> = banned.iter().filter_map(|name| source.naming(&["crate", name])).collect();
    if let Some(own) = part(&source.file, "core/src/engines/") {
        let other = |p: &&Vec<String>| starts(p, &["crate", "engines"]) && p.get(2).is_some_and(|e| e != own);
        found.extend(source.paths.iter().filter(other).map(|p| p.join("::")));
    }
    found
}

#[test]
fn in_core_everything_points_to_the_domain() {
    holds(
        judged(&sources("core"), inner_dependencies),
        "pipeline → engines → domain and pipeline → ports → domain; an engine uses no other engine: pass plain data, and let the pipeline join the two",
    );
}

#[test]
fn a_wrong_turn_in_core_is_seen() {
    for (file, text, wrong) in [
        ("core/src/domain/a.rs", "use crate::engines::code::rule;", true),
        ("core/src/engines/code/a.rs", "use crate::ports::policy::Policy;", true),
        ("core/src/engines/code/a.rs", "use super::super::redact::token;", true),
        ("core/src/engines/code/flow/a.rs", "use super::super::rule; use crate::domain::Finding;", false),
        ("core/src/engines/embed/mod.rs", "use crate::engines::code::text;", true),
        ("core/src/pipeline/audit/mod.rs", "use crate::engines::redact; use crate::ports::policy;", false),
    ] {
        assert_eq!(!inner_dependencies(&Source::read(file, text)).is_empty(), wrong, "{file}: {text}");
    }
}

fn phase_of(file: &str) -> Option<&'static str> {
    let inside = file.strip_prefix("core/src/pipeline/")?;
    PHASES
        .into_iter()
        .find(|phase| inside.strip_prefix(phase).is_some_and(|rest| rest.starts_with('/') || rest == ".rs"))
}

fn other_phases(source: &Source) -> Vec<String> {
    let Some(own) = phase_of(&source.file) else { return Vec::new() };
    other_phases_of(source, Some(own))
}

fn other_phases_of(source: &Source, own: Option<&str>) -> Vec<String> {
    let names = |phase: &str| -> Vec<String> {
        let path = format!("crate/pipeline/{phase}");
        path.split('/').map(str::to_owned).collect()
    };
    let others = PHASES.into_iter().filter(|phase| Some(*phase) != own);
    others
        .filter_map(|phase| source.naming(&names(phase).iter().map(String::as_str).collect::<Vec<_>>()))
        .collect()
}

#[test]
fn phases_do_not_know_each_other() {
    holds(
        judged(&sources("core"), other_phases),
        "a phase never imports a phase: hand it over in a type of the domain or of core/src/pipeline/mod.rs",
    );
}

/// The files that name several phases: the order of a fix with its attempts, and that of an investigation.
const ORDERS: [&str; 3] = ["mod.rs", "attempt.rs", "investigate.rs"];

fn several_phases(source: &Source) -> Vec<String> {
    let Some(name) = source.file.strip_prefix("core/src/pipeline/") else { return Vec::new() };
    if name.contains('/') || ORDERS.contains(&name) {
        return Vec::new();
    }
    let named = other_phases_of(source, None);
    if named.len() > 1 { named } else { Vec::new() }
}

#[test]
fn two_files_are_the_orders_of_phases() {
    holds(
        judged(&sources("core"), several_phases),
        "only core/src/pipeline/mod.rs (with attempt.rs) and investigate.rs name several phases: put the step into one of them",
    );
    let wrong = Source::read("core/src/pipeline/other.rs", "use super::{analyze, reason};");
    assert_eq!(several_phases(&wrong).len(), 2);
    let right = Source::read("core/src/pipeline/investigate.rs", "use super::{analyze, reason};");
    assert!(several_phases(&right).is_empty());
}

#[test]
fn a_phase_that_knows_another_is_seen() {
    for (file, text, wrong) in [
        ("core/src/pipeline/audit/mod.rs", "use super::validate::Verdict;", true),
        ("core/src/pipeline/remediate/integrate/mod.rs", "use super::consolidate::Set;", true),
        ("core/src/pipeline/remediate/integrate/a.rs", "use crate::pipeline::analyze;", true),
        ("core/src/pipeline/validate/checks/mod.rs", "use super::outcome; use crate::pipeline::Run;", false),
        ("core/src/pipeline/mod.rs", "use self::validate::V; use self::audit::A;", false),
    ] {
        assert_eq!(!other_phases(&Source::read(file, text)).is_empty(), wrong, "{file}: {text}");
    }
}

// Who touches the outside.

fn environment(source: &Source) -> Vec<String> {
    let read =
        ["var", "var_os", "vars", "vars_os", "home_dir", "current_dir", "temp_dir", "set_var", "remove_var"];
    let paths = read.iter().flat_map(|name| [["std", "env", name], ["env", name, ""]]);
    let mut found: Vec<String> = paths
        .filter_map(|names| source.naming(&names.into_iter().filter(|n| !n.is_empty()).collect::<Vec<_>>()))
        .collect();
    found.extend(source.naming(&["dirs"]));
    found
}

#[test]
fn only_the_host_reads_the_environment() {
    let mut sources = every_source();
    sources.retain(|s| !["cli/src/host.rs", "agent/src/boot.rs"].contains(&s.file.as_str()));
    holds(
        judged(&sources, environment),
        "only cli/src/host.rs and agent/src/boot.rs read the environment: read it there and pass it on",
    );
}

#[test]
fn reading_the_environment_is_seen() {
    for (text, wrong) in [
        ("fn f() { std::env::var(\"A\"); }", true),
        ("use std::env; fn f() { env::temp_dir(); }", true),
        ("fn f() { dirs::home_dir(); }", true),
        ("const A: &str = env!(\"CARGO_PKG_VERSION\"); use std::env::consts::OS;", false),
    ] {
        assert_eq!(!environment(&Source::read("cli/src/a.rs", text)).is_empty(), wrong, "{text}");
    }
}

/// How a file opens a connection to another system, when it does not ask the gate.
fn dialing(source: &Source) -> Vec<String> {
    if source.naming(&["egress", "permit"]).is_some() {
        return Vec::new();
    }
    let ways: [&[&str]; 9] = [
        &["ureq", "Agent", "config_builder"],
        &["ureq", "Agent", "new_with_defaults"],
        &["redis", "Client"],
        &["async_nats", "ConnectOptions"],
        &["krafka", "Kafka"],
        &["tokio_postgres", "Config"],
        &["TcpStream", "connect"],
        &["std", "net", "TcpStream", "connect"],
        &["std", "net", "UdpSocket"],
    ];
    ways.into_iter().filter_map(|way| source.naming(way)).collect()
}

#[test]
fn whoever_dials_asks_the_gate() {
    let mut sources = every_source();
    // Looks whether the servers that it has just started on this machine listen.
    sources.retain(|s| s.file != "cli/src/commands/dev/servers.rs");
    holds(judged(&sources, dialing), "whoever opens a connection asks `egress::permit` first, at each call");
}

#[test]
fn dialing_past_the_gate_is_seen() {
    for (text, wrong) in [
        ("fn f() { ureq::Agent::new_with_defaults(); }", true),
        ("use std::net::TcpStream; fn f() { TcpStream::connect(\"a:1\"); }", true),
        ("use async_nats::{ConnectOptions, HeaderMap};", true),
        ("use std::net::UdpSocket;", true),
        ("use crate::egress; use tokio_postgres::Config; fn f() { egress::permit(\"a\"); }", false),
        ("use std::net::TcpStream; fn f(s: TcpStream) { s.peer_addr(); }", false),
    ] {
        assert_eq!(!dialing(&Source::read("plugins/src/a.rs", text)).is_empty(), wrong, "{text}");
    }
}

fn printing(source: &Source) -> Vec<String> {
    let macros = ["print", "println", "eprint", "eprintln", "dbg"].into_iter();
    let mut found: Vec<String> =
        macros.filter(|name| source.macros.contains(*name)).map(|name| format!("{name}!")).collect();
    let streams = |path: &&Vec<String>| match path.as_slice() {
        [.., module, function] => {
            ["io", "anstream"].contains(&module.as_str()) && ["stdout", "stderr"].contains(&function.as_str())
        }
        _ => false,
    };
    found.extend(source.paths.iter().filter(streams).map(|path| path.join("::")));
    found
}

#[test]
fn only_the_ui_prints() {
    // The host asks the streams whether they are terminals.
    let mut sources = every_source();
    sources.retain(|s| !["cli/src/ui.rs", "cli/src/host.rs"].contains(&s.file.as_str()));
    holds(
        judged(&sources, printing),
        "only cli/src/ui.rs prints: results through `app.ui.result`, all else through `app.ui.note`",
    );
}

#[test]
fn printing_is_seen() {
    for (text, wrong) in [
        ("fn f() { eprintln!(\"x\"); }", true),
        ("use std::io; fn f() { io::stdout(); }", true),
        ("fn f() { anstream::stderr(); }", true),
        ("fn f(o: Output) { o.stdout; write!(out, \"x\"); }", false),
    ] {
        assert_eq!(!printing(&Source::read("cli/src/a.rs", text)).is_empty(), wrong, "{text}");
    }
}

fn ports() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("core/src/ports"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".rs")?.to_owned()))
        .filter(|name| name != "mod")
        .collect();
    names.sort();
    names
}

fn adapters_named(source: &Source, ports: &[String]) -> Vec<String> {
    let (krate, own) = match source.file.strip_prefix("plugins/src/") {
        Some("registry.rs" | "lib.rs") => return Vec::new(),
        Some(inside) if inside.starts_with("registry/") => return Vec::new(),
        Some(inside) => ("crate", inside.split('/').next().unwrap_or_default().trim_end_matches(".rs")),
        None => ("ecoops_plugins", ""),
    };
    let others = ports.iter().filter(|port| *port != own);
    others.filter_map(|port| source.naming(&[krate, port])).collect()
}

#[test]
fn only_the_registry_names_adapters() {
    let ports = ports();
    let outside_core: Vec<Source> =
        ["plugins", "agent", "cli"].iter().flat_map(|krate| sources(krate)).collect();
    holds(
        judged(&outside_core, |source| adapters_named(source, &ports)),
        "only plugins/src/registry turns a name into an adapter: ask it for the port",
    );
}

#[test]
fn naming_an_adapter_is_seen() {
    let ports = ["events".to_owned(), "store".to_owned()];
    for (file, text, wrong) in [
        ("cli/src/commands/a.rs", "use ecoops_plugins::events::embedded::Log;", true),
        ("plugins/src/store/a.rs", "use crate::events::embedded::Log;", true),
        ("plugins/src/store/a.rs", "use super::super::events::schema;", true),
        ("plugins/src/events/embedded.rs", "use super::schema; use crate::events::schedule;", false),
        ("plugins/src/registry.rs", "use crate::events::embedded::Log;", false),
        ("plugins/src/registry/events.rs", "use crate::events::embedded::Log;", false),
        ("cli/src/app.rs", "use ecoops_plugins::registry; use ecoops_core::ports::events::Events;", false),
    ] {
        assert_eq!(!adapters_named(&Source::read(file, text), &ports).is_empty(), wrong, "{file}: {text}");
    }
}

// Ports, adapters and their contracts.

/// What a port lacks.
fn lacking(port: &str, exists: impl Fn(&str) -> bool, adapters: usize) -> Vec<String> {
    let mut found = Vec::new();
    if adapters == 0 {
        found.push(format!("the port {port} has no adapter in plugins/src/{port}/"));
    }
    if !exists(&format!("tests/tests/contract_{port}.rs")) {
        found.push(format!("the port {port} has no tests/tests/contract_{port}.rs"));
    }
    found
}

#[test]
fn every_port_has_an_adapter_and_a_contract() {
    let ports = ports();
    let found = ports.iter().flat_map(|port| {
        let folder = fs::read_dir(root().join("plugins/src").join(port)).into_iter().flatten().flatten();
        let is_adapter = |name: &str| name.ends_with(".rs") && name != "mod.rs";
        let adapters = folder.filter(|entry| is_adapter(&entry.file_name().to_string_lossy())).count();
        lacking(port, |path| root().join(path).exists(), adapters)
    });
    holds(
        found.collect(),
        "each port has an adapter that works embedded, without a network, and a contract suite that all its adapters pass",
    );
}

#[test]
fn a_port_without_adapter_or_contract_is_seen() {
    assert_eq!(lacking("a", |_| false, 0).len(), 2);
    assert_eq!(lacking("a", |path| path == "tests/tests/contract_a.rs", 1), Vec::<String>::new());
}

// The map.

/// What stands in backticks and looks like a path of this project.
fn named_paths(text: &str) -> BTreeSet<String> {
    let tops = ["core/", "plugins/", "agent/", "cli/", "tests/", "completions/", "man/", "examples/", ".ci/"];
    let spans = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    spans
        .filter(|span| !span.contains(' ') && tops.iter().any(|top| span.starts_with(top)))
        .map(str::to_owned)
        .collect()
}

/// Whether a path fits a name in which `*` and `<…>` stand for anything within one folder.
fn fits(path: &str, name: &str) -> bool {
    let (path, name): (Vec<&str>, Vec<&str>) =
        (path.trim_end_matches('/').split('/').collect(), name.trim_end_matches('/').split('/').collect());
    path.len() == name.len() && path.iter().zip(&name).all(|(part, name)| part_fits(part, name))
}

fn part_fits(part: &str, name: &str) -> bool {
    let Some((before, rest)) = name.split_once(['*', '<']) else { return part == name };
    let after = rest.split_once('>').map_or(rest, |(_, after)| after);
    part.len() >= before.len() + after.len() && part.starts_with(before) && part.ends_with(after)
}

/// Every file and folder of the project's own folders, from its root.
fn tree(folder: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(root().join(folder)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{name}");
        if entry.path().is_dir() && name != ".parts" && name != "target" {
            tree(&path, found);
        }
        found.insert(path);
    }
}

/// Source folders that no name fits, and names that nothing fits. A folder is named by itself or,
/// where a name has a `<…>` in place of it, by a file in it.
fn off_the_map(tree: &BTreeSet<String>, names: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
    let folders: BTreeSet<&str> = tree
        .iter()
        .filter(|path| path.ends_with(".rs"))
        .filter_map(|path| path.rsplit_once('/').map(|(folder, _)| folder))
        .collect();
    let parents =
        names.iter().filter_map(|n| n.rsplit_once('/')).filter(|(p, _)| p.contains('<')).map(|(p, _)| p);
    let known: Vec<&str> = names.iter().map(String::as_str).chain(parents).collect();
    let is_root = |folder: &str| folder.ends_with("/src") && folder.matches('/').count() == 1;
    let missing = folders
        .into_iter()
        .filter(|folder| !is_root(folder) && !known.iter().any(|name| fits(folder, name)))
        .map(|folder| format!("{folder}/ is not on the map"));
    let gone = names
        .iter()
        .filter(|name| !tree.iter().any(|path| fits(path, name)))
        .map(|name| format!("`{name}` is not there"));
    (missing.collect(), gone.collect())
}

#[test]
fn architecture_md_is_a_true_map() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap_or_default();
    assert!(!text.is_empty(), "ARCHITECTURE.md is missing: it names every folder of source code");
    let mut found = BTreeSet::new();
    for top in ["core", "plugins", "agent", "cli", "tests", "completions", "man", "examples", ".ci"] {
        tree(top, &mut found);
        found.insert(top.to_owned());
    }
    found.retain(|path| root().join(path).exists());
    let (missing, gone) = off_the_map(&found, &named_paths(&text));
    holds(
        [missing, gone].concat(),
        "ARCHITECTURE.md names every folder of source code in backticks, and nothing that is not there",
    );
}

#[test]
fn a_folder_off_the_map_is_seen() {
    let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
    let tree = set(&[
        "core",
        "core/src",
        "core/src/lib.rs",
        "core/src/a",
        "core/src/a/x.rs",
        "core/src/b",
        "core/src/b/y.rs",
    ]);
    for (text, missing, gone) in [
        ("`core/src/a/` and `core/src/b/`", 0, 0),
        ("`core/src/a/`", 1, 0),
        ("`core/src/<port>/<system>.rs`", 0, 0),
        ("`core/src/*/`", 0, 0),
        ("`core/src/a/`, `core/src/b/` and `core/src/c/`", 0, 1),
        ("`core/src/a/*.rs` and `core/src/b/z*.rs`", 2, 1),
        ("`POST core/x` and `cargo`", 2, 0),
    ] {
        let (found, lost) = off_the_map(&tree, &named_paths(text));
        assert_eq!((found.len(), lost.len()), (missing, gone), "{text}: {found:?} {lost:?}");
    }
}
