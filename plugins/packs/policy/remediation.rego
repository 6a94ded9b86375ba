# What ecoops may do on its own.
#
# Asked as `POST /v1/data/remediation/allow`, with the input
#
#   actor            who acts
#   action           apply-fix, commit-fix, undo, and of an application sync and rollback; anything else is denied
#   resource         the file, relative to the repository; the application's name
#   severity         info, low, medium, high, critical
#   compliance_mode  standard: what is known to be wrong is denied
#                    enterprise: what is not known to be right is denied
#   details          what the asker knows besides (all optional):
#     stage                 isolate: the change is to be tried in an isolated copy, where it needs neither
#                           proof nor approval yet; land: the user's own files are to be changed
#     tier                  safe, unsafe, manual
#     approved              true: a person saw this very change and said yes
#     validated             true: all checks passed with the change; false: one failed
#     tests                 true: tests were among the checks
#     files, lines          how many the change touches
#     paths                 every file that the change touches
#     generated             those of them that a program writes
#     secrets               those of them that hold a secret afterwards
#     permissions_gained    permissions that a CI workflow gains, as text
#     prune                 true: a sync removes what is no longer declared
#
# A team changes the limits in `data.json` beside its own policies:
#   {"limits": {"enterprise": {"files": 5, "lines": 100}}}
#
# What may be undefined for one element and not for another is named in a rule's body, never in the
# head of its `deny`.
package remediation

import rego.v1

default allow := false

allow if {
	changing
	count(deny) == 0
}

# Going back to the user's own bytes is always right.
allow if {
	input.action == "undo"
	count(deny) == 0
}

# To deploy what its source says, and to go back to what was deployed before.
allow if {
	deploying
	count(deny) == 0
}

reasons contains sprintf("The %s of %s follows its source.", [input.action, input.resource]) if deploying

reasons contains sprintf("The %s fix of %s is within the limits of %s mode.", [tier, input.resource, mode]) if changing

reasons contains "An undo restores what was there before." if input.action == "undo"

# ---- the question ------------------------------------------------------------------------------

changing if input.action in {"apply-fix", "commit-fix"}

deploying if input.action in {"sync", "rollback"}

mode := object.get(input, "compliance_mode", "")

details := object.get(input, "details", {})

tier := object.get(details, "tier", "unclassified")

validated := object.get(details, "validated", "unknown")

tests := object.get(details, "tests", "unknown")

approved if details.approved == true

# Tried in an isolated copy, a change can do no harm; it is asked about again before it lands.
trying if details.stage == "isolate"

paths contains input.resource

paths contains path if some path in object.get(details, "paths", [])

deny contains sprintf("The compliance mode `%v` is neither standard nor enterprise.", [mode]) if {
	not mode in {"standard", "enterprise"}
}

deny contains sprintf("The severity `%v` is not known.", [object.get(input, "severity", "")]) if {
	not object.get(input, "severity", "") in {"info", "low", "medium", "high", "critical"}
}

deny contains "Nobody is named as the actor." if object.get(input, "actor", "") == ""

deny contains "No resource is named." if object.get(input, "resource", "") == ""

deny contains sprintf("`%s` is left to people: ecoops prepares changes and pushes nothing.", [input.action]) if {
	input.action in {"push", "force-push", "merge", "release"}
}

deny contains "In enterprise mode a sync that removes what is no longer declared needs a person's approval." if {
	input.action == "sync"
	mode == "enterprise"
	object.get(details, "prune", false) != false
	not approved
}

# ---- the tier ----------------------------------------------------------------------------------

deny contains "The rule has no fix that a machine should make (tier manual)." if {
	changing
	tier == "manual"
}

deny contains sprintf("The tier `%v` is not known.", [tier]) if {
	changing
	not tier in {"safe", "unsafe", "manual", "unclassified"}
}

deny contains "In enterprise mode a fix needs a tier, and none is given." if {
	changing
	mode == "enterprise"
	tier == "unclassified"
}

deny contains "In enterprise mode an unsafe fix needs a person's approval." if {
	changing
	not trying
	mode == "enterprise"
	tier == "unsafe"
	not approved
}

# ---- the proof ---------------------------------------------------------------------------------

deny contains "The fix failed its validation." if {
	changing
	validated == false
}

deny contains "In enterprise mode a fix needs a passed validation, and none is reported." if {
	changing
	not trying
	mode == "enterprise"
	not validated in {true, false}
}

deny contains "In enterprise mode a critical fix needs tests that ran, and none are reported." if {
	changing
	not trying
	mode == "enterprise"
	input.severity == "critical"
	tests != true
}

deny contains "An unsafe fix of a critical problem needs tests that ran." if {
	changing
	not trying
	mode == "standard"
	input.severity == "critical"
	tier == "unsafe"
	tests == false
	not approved
}

# ---- the blast radius --------------------------------------------------------------------------

default_limits := {
	"standard": {"files": 200, "lines": 5000},
	"enterprise": {"files": 20, "lines": 400},
}

limit(measure) := data.limits[mode][measure] if {
	data.limits[mode][measure]
} else := default_limits[mode][measure]

deny contains sprintf("The fix touches %v %s; the limit in %s mode is %v.", [size, measure, mode, most]) if {
	changing
	some measure in ["files", "lines"]
	size := details[measure]
	is_number(size)
	most := limit(measure)
	size > most
}

deny contains sprintf("The number of %s is not a number.", [measure]) if {
	changing
	some measure in ["files", "lines"]
	not is_number(object.get(details, measure, 0))
}

deny contains sprintf("In enterprise mode the number of %s that a fix touches must be known.", [measure]) if {
	changing
	mode == "enterprise"
	some measure in ["files", "lines"]
	not is_number(object.get(details, measure, "unknown"))
}

# ---- what is protected -------------------------------------------------------------------------

lock_files := {
	"bun.lock", "bun.lockb", "cargo.lock", "composer.lock", "deno.lock", "flake.lock", "gemfile.lock",
	"go.sum", "gradle.lockfile", "mix.lock", "npm-shrinkwrap.json", "package-lock.json",
	"packages.lock.json", "pdm.lock", "pipfile.lock", "pnpm-lock.yaml", "podfile.lock", "poetry.lock",
	"pubspec.lock", "uv.lock", "yarn.lock", ".terraform.lock.hcl",
}

legal_files := {
	"copying", "license", "license-apache", "license-mit", "license.md", "license.txt", "licence", "notice",
	"notice.txt", "patents",
}

governing_files := {"codeowners", "ecoops.toml", ".ecoops.toml"}

vendored_folders := {"vendor", "vendored", "third_party", "third-party", "node_modules", "bower_components", ".venv"}

migration_folders := {"migrations", "migrate", "alembic"}

secret_files := {
	".env", ".netrc", ".npmrc", ".pypirc", ".htpasswd", ".git-credentials", "credentials", "id_rsa", "id_dsa",
	"id_ecdsa", "id_ed25519", "kubeconfig",
}

secret_endings := {".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".age"}

generated_endings := {
	".pb.go", "_pb2.py", "_pb2_grpc.py", ".pb.cc", ".pb.h", ".min.js", ".min.css", ".js.map", ".generated.cs",
	".designer.cs", ".g.dart", ".freezed.dart",
}

parts(path) := split(lower(path), "/")

name(path) := parts(path)[count(parts(path)) - 1]

inside(path, folders) if {
	some i, folder in parts(path)
	i < count(parts(path)) - 1
	folder in folders
}

ends(path, endings) if {
	some ending in endings
	endswith(name(path), ending)
}

secret_file(path) if name(path) in secret_files

secret_file(path) if ends(path, secret_endings)

secret_file(path) if {
	startswith(name(path), ".env.")
	not ends(path, {".example", ".sample", ".template", ".dist"})
}

workflow(path) if startswith(lower(path), ".github/workflows/")

workflow(path) if lower(path) in {".gitlab-ci.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", ".circleci/config.yml"}

outside(path) if startswith(path, "/")

outside(path) if contains(path, "\\")

outside(path) if {
	some part in parts(path)
	part in {"", ".", "..", ".git"}
}

protected(path) := "leads out of the repository's files" if {
	outside(path)
} else := "is a lock file: its package manager writes it" if {
	name(path) in lock_files
} else := "is a legal text" if {
	name(path) in legal_files
} else := "decides who and what governs this repository" if {
	name(path) in governing_files
} else := "is a policy" if {
	endswith(lower(path), ".rego")
} else := "is other people's code, kept as it came" if {
	inside(path, vendored_folders)
} else := "is generated: its source is to be changed" if {
	ends(path, generated_endings)
} else := "is a migration, which may already have run" if {
	inside(path, migration_folders)
} else := "holds secrets by its name" if {
	secret_file(path)
}

deny contains sprintf("%s %s.", [path, why]) if {
	changing
	some path in paths
	path != ""
	why := protected(path)
}

deny contains sprintf("%s is generated: its source is to be changed.", [path]) if {
	changing
	some path in object.get(details, "generated", [])
}

deny contains sprintf("%s holds a secret.", [path]) if {
	changing
	some path in object.get(details, "secrets", [])
}

deny contains sprintf("A CI workflow would gain the permission %s.", [permission]) if {
	changing
	some permission in object.get(details, "permissions_gained", [])
}

deny contains sprintf("In enterprise mode %s, a CI workflow, is changed only with a person's approval.", [path]) if {
	changing
	not trying
	mode == "enterprise"
	some path in paths
	workflow(path)
	not approved
}
