//! `ecoops fix` where nobody can be asked, and `ecoops plan`: approved is the effect, and what moved is not approved.
#![allow(clippy::unwrap_used)]

use ecoops_tests::project::Project;
use ecoops_tests::servers::postgres;
use serde_json::Value;

const LOADED: &str = "import yaml\n\n\ndef load(f):\n    return yaml.load(f)\n";
const MENDED: &str = "import yaml\n\n\ndef load(f):\n    return yaml.safe_load(f)\n";

/// Exit code, standard output and standard error.
fn ecoops(project: &Project, settings: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = project.command();
    command.args(arguments).envs(settings.iter().copied()).stdin(std::process::Stdio::null());
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn json(answer: &(Option<i32>, String, String)) -> Value {
    serde_json::from_str(&answer.1).unwrap_or_else(|e| panic!("{e}: {answer:?}"))
}

/// The plan that a fix leaves behind where nobody can be asked.
fn proposed(project: &Project, settings: &[(&str, &str)]) -> String {
    let answer = ecoops(project, settings, &["fix", "--unsafe-fixes", "--output", "json"]);
    assert_eq!(answer.0, Some(6), "{answer:?}");
    let plan = json(&answer)["plan"].as_str().unwrap().to_owned();
    assert!(answer.2.contains(&format!("ecoops plan approve {plan}")), "{answer:?}");
    plan
}

fn story(settings: &[(&str, &str)]) {
    let project = Project::new(&[("app.py", LOADED)]);
    let run = |arguments: &[&str]| ecoops(&project, settings, arguments);
    let fix = || run(&["fix", "--unsafe-fixes"]);
    let first = proposed(&project, settings);
    assert_eq!(project.read("app.py"), LOADED);

    let shown = run(&["plan", "show", &first]);
    for part in [
        "proposed",
        "-    return yaml.load(f)",
        "+    return yaml.safe_load(f)",
        "python-yaml-load",
        "ecoops undo",
    ] {
        assert!(shown.0 == Some(0) && shown.1.contains(part), "{part}: {shown:?}");
    }
    let said = run(&["plan", "reject", &first, "--notes", "not yet"]);
    assert_eq!(said.0, Some(0), "{said:?}");
    assert_eq!(fix().0, Some(6), "a no is no yes");
    let list = json(&run(&["plan", "list", "--output", "json"]));
    assert_eq!(list["plans"].as_array().unwrap().len(), 1, "the same change again is the same plan: {list}");
    let second = first;

    // Approved, and then a file of it moves: what was approved is not what would be done.
    assert_eq!(run(&["plan", "approve", &second, "--notes", "looked at"]).0, Some(0));
    project.write("app.py", format!("{LOADED}\n\nX = 1\n"));
    assert_eq!(fix().0, Some(6));
    project.write("app.py", LOADED);
    let landed = fix();
    assert!(landed.0 == Some(0) && project.read("app.py") == MENDED, "{landed:?}");
    let whole = json(&run(&["plan", "show", &second, "--output", "json"]));
    assert_eq!(
        (&whole["plan"]["status"], &whole["approvals"][0]["notes"], &whole["approvals"][1]["notes"]),
        (&"executed".into(), &"not yet".into(), &"looked at".into())
    );
    let again = run(&["plan", "reject", &second]);
    assert!(again.0 == Some(2) && again.2.contains("done already"), "{again:?}");

    // The yes was for one time: the same fix of the same file needs another.
    assert_eq!(run(&["undo"]).0, Some(0));
    assert_eq!(fix().0, Some(6));
    assert_eq!(project.read("app.py"), LOADED);
    // `--yes` is kept too, and is no person's word.
    assert_eq!(run(&["fix", "--unsafe-fixes", "--yes"]).0, Some(0));
    let done = json(&run(&["plan", "list", "--status", "executed", "--output", "json"]));
    assert_eq!(done["plans"].as_array().unwrap().len(), 2);

    // What was said stands in the signed record, with the digest of what it was said of.
    let log = run(&["audit", "log", "--limit", "200", "--output", "json"]);
    let entries = json(&log);
    let said: Vec<&Value> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["entry"])
        .filter(|e| e["action"] == "approve")
        .collect();
    let results: Vec<&str> = said.iter().map(|e| e["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["denied", "success", "success"], "reject, approve, and the run that relied on it");
    assert_eq!(said[1]["content_hash"], whole["plan"]["digest"]);
    assert!(said[2]["resource"].as_str().unwrap().contains(&second));
    assert_eq!(run(&["audit", "verify"]).0, Some(0));

    for (arguments, code) in [
        (["plan", "show", "01ZZ"], 3),
        (["plan", "approve", "nothing"], 3),
        (["plan", "show", "\u{1b}[2J"], 3),
    ] {
        let answer = run(&arguments);
        assert!(answer.0 == Some(code) && !answer.2.contains('\u{1b}'), "{answer:?}");
    }
}

#[test]
fn a_change_is_approved_by_its_effect_and_once() {
    story(&[]);
}

#[test]
fn an_org_shares_its_plans() {
    let Some(server) = postgres::prepared() else { return };
    server.org("acme");
    let address = format!("postgres://{}/postgres", server.server.address());
    let settings = [
        ("ECOOPS_INCIDENTS_ADAPTER", "postgres"),
        ("ECOOPS_INCIDENTS_ADDRESS", &*address),
        ("ECOOPS_INCIDENTS_LOGIN", "acme"),
    ];
    story(&settings);

    // One proposes, another, from another home, approves; a third sees that it is done.
    let (ana, bob) = (Project::new(&[("a.py", LOADED)]), Project::new(&[]));
    let plan = proposed(&ana, &settings);
    let yes = ecoops(&bob, &settings, &["plan", "approve", &plan]);
    assert_eq!(yes.0, Some(0), "{yes:?}");
    assert_eq!(ecoops(&ana, &settings, &["fix", "--unsafe-fixes"]).0, Some(0));
    assert_eq!(ana.read("a.py"), MENDED);

    // While the server is away nobody's yes is known: nothing is done, and it says why. Who is there can say yes.
    let (mut server, eve) = (server, Project::new(&[("a.py", LOADED)]));
    server.server.interrupt();
    let away = ecoops(&eve, &settings, &["fix", "--unsafe-fixes"]);
    assert!(away.0 == Some(6) && away.2.contains("the plan is not kept"), "{away:?}");
    assert_eq!(eve.read("a.py"), LOADED);
    let own = ecoops(&eve, &settings, &["fix", "--unsafe-fixes", "--yes"]);
    assert!(own.0 == Some(0) && eve.read("a.py") == MENDED, "{own:?}");
}
