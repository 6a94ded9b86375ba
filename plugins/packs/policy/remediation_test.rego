# The tests of remediation.rego. Run them with `ecoops policy test plugins/packs/policy`.
package remediation_test

import data.remediation
import rego.v1

fix := {
	"actor": "ai-code-editor-workflow-pipeline",
	"action": "apply-fix",
	"resource": "src/db/pool.py",
	"severity": "critical",
	"compliance_mode": "enterprise",
	"details": {
		"tier": "safe",
		"validated": true,
		"tests": true,
		"files": 1,
		"lines": 4,
		"paths": ["src/db/pool.py"],
	},
}

standard := object.union(fix, {"compliance_mode": "standard", "severity": "low"})

# The five fields that every asker has, and nothing else.
bare := object.remove(standard, ["details"])

detail(base, changes) := object.union(base, {"details": object.union(object.get(base, "details", {}), changes)})

at(base, path) := object.union(base, {"resource": path})

denied_for(document, text) if {
	not remediation.allow with input as document
	some reason in remediation.deny with input as document
	contains(reason, text)
}

test_a_proven_fix_is_allowed if remediation.allow with input as fix

test_a_permission_has_a_reason if {
	count(remediation.reasons) > 0 with input as fix
}

test_five_fields_are_enough_in_standard_mode if remediation.allow with input as bare

test_five_fields_are_not_enough_in_enterprise_mode if {
	denied_for(object.remove(fix, ["details"]), "passed validation")
}

test_unknown_questions_are_denied if {
	denied_for(object.union(fix, {"compliance_mode": "lax"}), "neither standard nor enterprise")
	denied_for(object.union(fix, {"severity": "urgent"}), "severity")
	denied_for(object.union(fix, {"actor": ""}), "actor")
	denied_for(object.union(fix, {"resource": ""}), "resource")
	not remediation.allow with input as object.union(fix, {"action": "deploy"})
	not remediation.allow with input as {}
}

test_pushing_is_left_to_people if {
	every action in ["push", "force-push", "merge", "release"] {
		denied_for(object.union(standard, {"action": action}), "left to people")
	}
}

test_commit_is_as_apply if {
	remediation.allow with input as object.union(fix, {"action": "commit-fix"})
	denied_for(at(object.union(fix, {"action": "commit-fix"}), "LICENSE"), "legal")
}

test_undo_is_always_allowed if {
	remediation.allow with input as object.union(bare, {"action": "undo", "compliance_mode": "enterprise"})
	remediation.allow with input as object.union(bare, {"action": "undo", "resource": "Cargo.lock"})
}

test_a_deployment_follows_its_source if {
	every action in ["sync", "rollback"] {
		remediation.allow with input as object.union(bare, {"action": action})
		remediation.allow with input as object.union(bare, {"action": action, "compliance_mode": "enterprise"})
		denied_for(object.union(bare, {"action": action, "compliance_mode": "lax"}), "compliance mode")
		denied_for(object.union(bare, {"action": action, "actor": ""}), "Nobody")
	}
}

test_a_sync_that_removes_needs_approval_in_enterprise_mode if {
	pruning := detail(object.union(bare, {"action": "sync"}), {"prune": true})
	remediation.allow with input as pruning
	enterprise := object.union(pruning, {"compliance_mode": "enterprise"})
	denied_for(enterprise, "needs a person's approval")
	remediation.allow with input as detail(enterprise, {"approved": true})
	denied_for(detail(enterprise, {"prune": "yes"}), "needs a person's approval")
}

test_tiers if {
	remediation.allow with input as detail(standard, {"tier": "unsafe"})
	remediation.allow with input as detail(fix, {"tier": "unsafe", "approved": true})
	denied_for(detail(fix, {"tier": "unsafe"}), "approval")
	denied_for(detail(standard, {"tier": "manual", "approved": true}), "tier manual")
	denied_for(detail(standard, {"tier": "wild"}), "tier `wild`")
}

test_proof if {
	denied_for(detail(standard, {"validated": false}), "failed its validation")
	denied_for(detail(fix, {"validated": false, "approved": true}), "failed its validation")
	denied_for(detail(fix, {"validated": "yes"}), "passed validation")
	denied_for(detail(fix, {"tests": false}), "needs tests")
	remediation.allow with input as detail(object.union(fix, {"severity": "high"}), {"tests": false})
	denied_for(detail(object.union(standard, {"severity": "critical"}), {"tier": "unsafe", "tests": false}), "needs tests")
}

test_blast_radius if {
	remediation.allow with input as detail(fix, {"files": 20, "lines": 400})
	denied_for(detail(fix, {"files": 21}), "limit in enterprise mode is 20")
	denied_for(detail(fix, {"lines": 401}), "limit in enterprise mode is 400")
	denied_for(detail(standard, {"files": 201}), "limit in standard mode is 200")
	denied_for(detail(standard, {"files": "none"}), "not a number")
	denied_for(object.union(bare, {"compliance_mode": "enterprise", "details": {"tier": "safe"}}), "must be known")
}

test_a_team_sets_its_limits if {
	limits := {"enterprise": {"lines": 3}}
	not remediation.allow with input as fix with data.limits as limits
	remediation.allow with input as detail(fix, {"lines": 3, "files": 20}) with data.limits as limits
}

test_protected_resources if {
	every path, text in {
		"Cargo.lock": "lock file",
		"web/package-lock.json": "lock file",
		"LICENSE": "legal",
		".github/CODEOWNERS": "governs",
		"ecoops.toml": "governs",
		"policy/team.rego": "policy",
		"vendor/github.com/x/y.go": "other people's code",
		"web/Node_Modules/x/index.js": "other people's code",
		"api/user.pb.go": "generated",
		"db/migrations/0001_initial.py": "migration",
		".env": "secrets",
		"deploy/.env.production": "secrets",
		"certs/server.pem": "secrets",
		"../outside.py": "leads out",
		"/etc/passwd": "leads out",
		"a/.git/config": "leads out",
		"a\\b": "leads out",
	} {
		denied_for(at(standard, path), text)
		denied_for(at(fix, path), text)
		denied_for(detail(standard, {"paths": ["src/a.py", path]}), text)
	}
}

test_what_only_looks_protected_is_not if {
	every path in ["src/license.py", "src/vendor.go", "src/migrate.rs", ".env.example", "keys.md", "src/lock.rs", "vendoring/a.go"] {
		remediation.allow with input as at(standard, path)
	}
}

test_reported_files if {
	denied_for(detail(standard, {"generated": ["src/parser.c"]}), "src/parser.c is generated")
	denied_for(detail(standard, {"secrets": ["src/config.py"]}), "src/config.py holds a secret")
}

test_workflows if {
	workflow := at(fix, ".github/workflows/ci.yml")
	denied_for(workflow, "CI workflow")
	remediation.allow with input as detail(workflow, {"approved": true})
	remediation.allow with input as at(standard, ".github/workflows/ci.yml")
	gains := {"approved": true, "permissions_gained": ["contents: write"]}
	denied_for(detail(workflow, gains), "contents: write")
	denied_for(detail(at(standard, ".github/workflows/ci.yml"), gains), "contents: write")
}

test_deployments if {
	sync := object.union(standard, {"action": "sync", "resource": "shop", "details": {"prune": true}})
	every input_ in [sync, object.union(sync, {"action": "rollback"})] {
		remediation.allow with input as input_
	}
	strict := object.union(sync, {"compliance_mode": "enterprise"})
	denied_for(strict, "no longer declared")
	remediation.allow with input as detail(strict, {"approved": true})
	remediation.allow with input as object.union(strict, {"details": {"prune": false}})
	not remediation.allow with input as object.union(sync, {"action": "deploy"})
}
