//! What every store of plans promises: what is approved is the effect, the last word counts, and done is done.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::{
    ContentHash, Layer, LayerOutcome, Plan, PlanApproval, PlanStatus, PlanStep, RepoPath, RunId, Tier,
    Verdict,
};
use ecoops_core::ports::plans::{Plans, PlansError};
use ecoops_plugins::plans::embedded::EmbeddedPlans;
use ecoops_plugins::plans::postgres::PgPlans;
use ecoops_plugins::postgres::PostgresSettings;
use ecoops_tests::servers::postgres;
use std::path::Path;

const FIRST: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const SECOND: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAW";
const THIRD: &str = "01BRZ3NDEKTSV4RRFFQ69G5FAX";

fn plan(id: &str, effect: &str) -> Plan {
    let outcome = LayerOutcome::FailedBefore { why: "no \0 compiler".into() };
    let layer = Layer { name: "build".into(), command: Some("make -k".into()), outcome, millis: 12 };
    let step = PlanStep {
        path: RepoPath::new("src/ü.py").unwrap(),
        rule: "python-yaml-load".into(),
        title: "a title \0".into(),
        tier: Tier::Unsafe,
    };
    Plan {
        id: id.into(),
        run: RunId("01CRZ3NDEKTSV4RRFFQ69G5FAV".into()),
        repository: "/srv/git/shop".into(),
        summary: "1 fix in 1 file".into(),
        preflight: Verdict { layers: vec![layer] },
        steps: vec![step],
        patch: "-a\n+b \0 \u{f8ff}\n".into(),
        rollback: "ecoops undo 01CRZ3NDEKTSV4RRFFQ69G5FAV".into(),
        digest: ContentHash::of(effect.as_bytes()),
        proposed_by: "ana".into(),
        created_at: "2026-01-02T03:04:05.123456Z".into(),
        status: PlanStatus::Proposed,
    }
}

fn said(plan: &Plan, approved: bool, by: &str) -> PlanApproval {
    PlanApproval {
        plan: plan.id.clone(),
        approver: by.into(),
        approved,
        notes: "because \0".into(),
        digest: plan.digest.clone(),
        created_at: "2026-01-02T03:05:00.000001Z".into(),
    }
}

fn suite(make: impl Fn(&Path) -> Box<dyn Plans>) {
    let folder = tempfile::tempdir().unwrap();
    let plans = make(folder.path());
    assert_eq!(plans.list(None, 10).unwrap(), []);
    assert!(matches!(plans.plan(FIRST), Err(PlansError::Unknown(_))));

    let (first, second, third) = (plan(FIRST, "a"), plan(SECOND, "c"), plan(THIRD, "b"));
    for one in [&first, &second, &third, &first] {
        assert_eq!(plans.propose(one).unwrap(), one.id);
    }
    let same = Plan { id: "01DRZ3NDEKTSV4RRFFQ69G5FAV".into(), summary: "another".into(), ..first.clone() };
    assert_eq!(plans.propose(&same).unwrap(), FIRST, "of the same effect, and not done yet");
    assert_eq!(plans.propose(&Plan { summary: "another".into(), ..first.clone() }).unwrap(), FIRST);
    assert_eq!(plans.plan(FIRST).unwrap(), (first.clone(), vec![]), "a plan never changes");
    assert_eq!(plans.plan("01br").unwrap().0, third, "by the only beginning, in any case");
    assert!(matches!(plans.plan("01AR"), Err(PlansError::Ambiguous(..))));
    for unknown in ["01B'", "01", "", "%", "\0"] {
        assert!(matches!(plans.plan(unknown), Err(PlansError::Unknown(_))), "{unknown:?}");
    }
    let ids = |status, limit| -> Vec<String> {
        plans.list(status, limit).unwrap().into_iter().map(|plan| plan.id).collect()
    };
    assert_eq!(ids(None, 10), [THIRD, SECOND, FIRST]);
    assert_eq!(ids(None, 1), [THIRD]);

    // A yes to what is not the plan is none, and nobody else's yes counts for it.
    let elsewhere = PlanApproval { digest: ContentHash::of(b"moved"), ..said(&first, true, "bob") };
    assert!(matches!(plans.decide(&elsewhere), Err(PlansError::Moved(_))));
    assert_eq!(plans.standing(&first.digest).unwrap(), None);
    assert!(matches!(plans.execute(FIRST), Err(PlansError::NotApproved(_))));
    let nobody = PlanApproval { plan: "01ZRZ3NDEKTSV4RRFFQ69G5FAV".into(), ..said(&first, true, "bob") };
    assert!(matches!(plans.decide(&nobody), Err(PlansError::Unknown(_))));

    // The last word counts, whoever said it, and stands for every plan of the same effect.
    let yes = said(&first, true, "bob");
    plans.decide(&yes).unwrap();
    assert_eq!(plans.standing(&first.digest).unwrap(), Some(yes.clone()));
    assert_eq!(plans.standing(&second.digest).unwrap(), None);
    assert_eq!(plans.standing(&third.digest).unwrap(), None);
    assert_eq!(ids(Some(PlanStatus::Approved), 10), [FIRST]);
    plans.decide(&said(&second, false, "eve")).unwrap();
    assert_eq!(plans.standing(&first.digest).unwrap(), Some(yes.clone()), "a no to another is none to this");
    plans.decide(&said(&first, false, "bob")).unwrap();
    assert_eq!(plans.standing(&first.digest).unwrap(), None);
    assert!(matches!(plans.execute(FIRST), Err(PlansError::NotApproved(_))));
    let again = said(&first, true, "ana");
    plans.decide(&again).unwrap();
    assert_eq!(plans.standing(&first.digest).unwrap(), Some(again.clone()));
    let (kept, words) = plans.plan(FIRST).unwrap();
    assert_eq!(kept, Plan { status: PlanStatus::Approved, ..first.clone() });
    assert_eq!(words, [yes, said(&first, false, "bob"), again]);

    // Done is done, once, and a yes is used up by it.
    plans.execute(FIRST).unwrap();
    plans.execute(FIRST).unwrap();
    assert!(matches!(plans.decide(&said(&first, false, "bob")), Err(PlansError::Executed(_))));
    assert_eq!(plans.standing(&first.digest).unwrap(), None);
    assert_eq!(ids(Some(PlanStatus::Executed), 10), [FIRST]);
    assert!(matches!(plans.execute("01ZRZ3NDEKTSV4RRFFQ69G5FAV"), Err(PlansError::Unknown(_))));

    // The same effect once more is another plan, which nobody has approved.
    assert_eq!(plans.propose(&same).unwrap(), same.id);
    assert_eq!(plans.plan(&same.id).unwrap().0.status, PlanStatus::Proposed);

    drop(plans);
    assert_eq!(make(folder.path()).list(None, 10).unwrap().len(), 4, "it is on disk");
}

#[test]
fn embedded() {
    suite(|folder| Box::new(EmbeddedPlans::open(&folder.join("plans.sqlite")).unwrap()));
}

#[test]
fn postgres() {
    let Some(server) = postgres::prepared() else { return };
    let settings = server.org("acme");
    suite(|_| Box::new(PgPlans::new(settings.clone())));

    // another org sees nothing, and can say nothing
    let stranger = PgPlans::new(server.org("other"));
    assert_eq!(stranger.list(None, 10).unwrap(), []);
    assert!(matches!(stranger.plan(THIRD), Err(PlansError::Unknown(_))));
    let third = plan(THIRD, "b");
    assert!(matches!(stranger.decide(&said(&third, true, "eve")), Err(PlansError::Unknown(_))));
    stranger.propose(&third).unwrap();
    stranger.decide(&said(&third, true, "eve")).unwrap();
    let ours = PgPlans::new(settings.clone());
    assert_eq!(ours.standing(&third.digest).unwrap(), None, "the same plan of another org is another");

    // nor does an org's own SQL change what was proposed or said, or call done what nobody approved
    for (login, sql) in [
        ("acme", "UPDATE ecoops.fix_plans SET digest = 'x'"),
        ("acme", "UPDATE ecoops.fix_plans SET patch = 'x'"),
        ("acme", "DELETE FROM ecoops.fix_plans"),
        ("acme", "UPDATE ecoops.approvals SET status = 'approved'"),
        ("acme", "DELETE FROM ecoops.approvals"),
        ("acme", "UPDATE ecoops.fix_plans SET status = 'executed'"),
        ("acme", "UPDATE ecoops.fix_plans SET status = 'proposed' WHERE status = 'executed'"),
        ("acme", "UPDATE ecoops.fix_plans SET status = 'maybe'"),
    ] {
        assert!(server.sql(login, sql).is_err(), "{sql}");
    }
    for table in ["fix_plans", "approvals"] {
        let count = format!("SELECT count(*) FROM ecoops.{table}");
        assert_eq!(server.sql("other", &count).as_deref(), Ok("1"), "{table}");
    }
    assert_eq!(
        server.sql("postgres", "SELECT to_regclass('ecoops.commands') IS NULL").as_deref(),
        Ok("t"),
        "no table that nothing uses"
    );

    // away is told from refused
    let away = PostgresSettings { address: "postgres://acme@127.0.0.1:1/postgres".into(), ..settings };
    assert!(matches!(PgPlans::new(away).list(None, 1), Err(PlansError::Away(_))));
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plans.sqlite");
    std::fs::write(&path, vec![b'x'; 4096]).unwrap();
    assert!(matches!(EmbeddedPlans::open(&path), Err(PlansError::Storage(_))));
    assert_eq!(std::fs::read(&path).unwrap(), vec![b'x'; 4096]);
}
