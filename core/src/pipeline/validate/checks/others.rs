//! Go, Maven, Gradle, PHP, Ruby, .NET and make: tools with few choices.

use super::{CheckLayer, Planner, Surroundings};
use CheckLayer::{Build, Lint, Test};

const MAKEFILES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];

pub(super) fn go(planner: &mut Planner<'_>, folder: &str) {
    if !(planner.around.works)(&["go", "version"]) {
        return planner.cannot(Test, folder, "go is not installed");
    }
    let environment = [("GOPROXY", "off"), ("GOTOOLCHAIN", "local"), ("GOFLAGS", "-buildvcs=false")];
    planner.add(Build, folder, &["go", "build", "./..."], &environment);
    planner.add(Lint, folder, &["go", "vet", "./..."], &environment);
    planner.add(Test, folder, &["go", "test", "-v", "./..."], &environment);
}

pub(super) fn maven(planner: &mut Planner<'_>, folder: &str) {
    let Some(tool) = wrapper_or(planner, folder, "mvnw", "mvn") else {
        return planner.cannot(Test, folder, "Maven is not installed");
    };
    planner.add(Build, folder, &[tool, "-o", "-B", "-q", "test-compile"], &[]);
    planner.add(Test, folder, &[tool, "-o", "-B", "test"], &[]);
}

pub(super) fn gradle(planner: &mut Planner<'_>, folder: &str) {
    let Some(tool) = wrapper_or(planner, folder, "gradlew", "gradle") else {
        return planner.cannot(Test, folder, "Gradle is not installed");
    };
    let offline = ["--offline", "--no-daemon", "--console=plain"];
    planner.add(Build, folder, &[&[tool], &offline[..], &["testClasses"]].concat(), &[]);
    planner.add(Test, folder, &[&[tool], &offline[..], &["test"]].concat(), &[]);
}

/// A wrapper that is committed and can work offline, else the machine's own tool.
fn wrapper_or(
    planner: &Planner<'_>,
    folder: &str,
    wrapper: &str,
    tool: &'static str,
) -> Option<&'static str> {
    let around = planner.around;
    if around.tool(tool) {
        return Some(tool);
    }
    let own = match wrapper {
        "mvnw" => "./mvnw",
        _ => "./gradlew",
    };
    around.has(folder, wrapper).then_some(own)
}

pub(super) fn php(planner: &mut Planner<'_>, folder: &str) {
    if !planner.around.tool("php") {
        return planner.cannot(Test, folder, "php is not installed");
    }
    let configured =
        ["phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml"].iter().any(|f| planner.around.has(folder, f));
    let tool = "vendor/bin/phpunit";
    if !configured {
        planner.cannot(Test, folder, "no phpunit configuration found");
    } else if !(planner.around.exists)(&super::join(folder, tool)) {
        planner.cannot(Test, folder, "its dependencies are not installed (no vendor/bin/phpunit)");
    } else {
        planner.add(
            Test,
            folder,
            &["php", tool, "--testdox", "--colors=never", "--do-not-cache-result"],
            &[],
        );
    }
}

pub(super) fn ruby(planner: &mut Planner<'_>, folder: &str) {
    let around = planner.around;
    let bundled = around.has(folder, "Gemfile.lock") && around.tool("bundle");
    let specs =
        around.has(folder, ".rspec") || around.below(folder).any(|p| p.file_name().ends_with("_spec.rb"));
    let rake =
        around.text(folder, "Rakefile").is_some_and(|t| t.contains("TestTask") || t.contains("task :test"));
    let tool = match (specs, rake) {
        (true, _) => "rspec",
        (false, true) => "rake",
        _ => return planner.cannot(Test, folder, "no Ruby tests found"),
    };
    let last: &[&str] = if tool == "rake" { &["test"] } else { &["--no-color", "--format", "documentation"] };
    match bundled {
        true => planner.add(Test, folder, &[&["bundle", "exec", tool], last].concat(), &[]),
        false if around.tool(tool) => planner.add(Test, folder, &[&[tool], last].concat(), &[]),
        false => planner.cannot(Test, folder, &format!("{tool} is not installed")),
    }
}

pub(super) fn dotnet(planner: &mut Planner<'_>, folder: &str) {
    if !planner.around.tool("dotnet") {
        return planner.cannot(Test, folder, "dotnet is not installed");
    }
    let environment = [("DOTNET_CLI_TELEMETRY_OPTOUT", "1"), ("DOTNET_NOLOGO", "1")];
    planner.add(Build, folder, &["dotnet", "build", "--no-restore"], &environment);
    planner.add(Test, folder, &["dotnet", "test", "--no-restore", "--no-build"], &environment);
}

pub(super) fn make(planner: &mut Planner<'_>, folder: &str) {
    if !planner.around.tool("make") {
        return planner.cannot(Test, folder, "make is not installed");
    }
    let targets = targets(planner.around, folder);
    for (layer, names) in [(Build, ["all", "build"]), (Lint, ["lint", "lint"]), (Test, ["check", "test"])] {
        if let Some(name) = names.into_iter().find(|n| targets.iter().any(|t| t == n)) {
            planner.add(layer, folder, &["make", name], &[]);
        }
    }
}

/// Whether a makefile has something to check with.
pub(super) fn has_targets(around: &Surroundings<'_>, folder: &str) -> bool {
    targets(around, folder).iter().any(|t| matches!(t.as_str(), "check" | "test"))
}

/// Targets written out in the makefile that make would read.
fn targets(around: &Surroundings<'_>, folder: &str) -> Vec<String> {
    let text = MAKEFILES.iter().find_map(|f| around.text(folder, f)).unwrap_or_default();
    let rules = text.lines().filter(|l| !l.starts_with(['\t', ' ', '#', '.']));
    let heads = rules.filter_map(|l| l.split_once(':')).filter(|(_, rest)| !rest.starts_with('='));
    heads.flat_map(|(names, _)| names.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}
