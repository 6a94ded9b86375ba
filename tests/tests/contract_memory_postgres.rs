//! What every memory promises, by PostgreSQL with pgvector; and what orgs and processes that share one must stand.

use ecoops_core::ports::memory::{Document, DocumentKind, Memory, MemoryError};
use ecoops_plugins::memory::embedded::EmbeddedMemory;
use ecoops_plugins::memory::pgvector::PgMemory;
use ecoops_plugins::postgres::{PostgresSettings, admin};
use ecoops_tests::memory::{Words, ask, document, ids, suite};
use ecoops_tests::servers::postgres::{self, Postgres};
use std::cell::Cell;
use std::sync::Arc;

/// The memory of an org, which is made with a login of the same name.
fn of(server: &Postgres, org: &str, model: &'static str) -> PgMemory {
    PgMemory::new(server.org(org), Arc::new(Words { model }))
}

#[test]
fn postgres() {
    let Some(server) = postgres::prepared() else { return };
    let count = Cell::new(0);
    suite(|| {
        count.set(count.get() + 1);
        Box::new(of(&server, &format!("org{}", count.get()), "words"))
    });
}

#[test]
fn what_goes_in_comes_out() {
    let Some(server) = postgres::prepared() else { return };
    let memory = of(&server, "acme", "words");
    let metadata = serde_json::json!({
        "nul\0": "a\0b", "deep": [{ "x": [1.5, -3, 18_446_744_073_709_551_615u64, null, true, "\u{f8ff}0"] }], "": 1e-7
    });
    let kept = Document {
        kind: DocumentKind::Fix,
        title: "nul \0 and \u{f8ff}".into(),
        text: "a\0b\r\n\u{feff}\u{202e} 中文 😀 '; DROP TABLE docs; --".into(),
        source: "urn:\0".into(),
        metadata: metadata.as_object().cloned().expect("fields"),
    };
    let id = memory.ingest(&kept).expect("kept");
    assert_eq!(memory.get(&id).expect("read"), Some(kept.clone()));
    assert_eq!(memory.get("no\0such").expect("read"), None);
    let mut query = ask("中文", &[], 10);
    query.filters.metadata = kept.metadata.clone();
    assert_eq!(ids(&memory.search(&query).expect("found")), [&id]);
}

/// The same documents, the same questions: the same answers as the built-in memory gives.
#[test]
fn it_ranks_as_the_built_in_memory_does() {
    let Some(server) = postgres::prepared() else { return };
    let folder = tempfile::tempdir().expect("folder");
    let (one, two) = (of(&server, "acme", "words"), embedded(&folder.path().join("m.sqlite"), "words"));
    let kinds = [DocumentKind::Fix, DocumentKind::Runbook, DocumentKind::Incident];
    let text = |i: usize| match i % 9 {
        0 => format!("{}\n\n# part {i}\n{}", format!("w{} long ", i % 5).repeat(150), "tail ".repeat(100)),
        _ => format!("w{} w{} w{i} same", i % 7, i % 13),
    };
    let documents: Vec<Document> =
        (0..300).map(|i| document(kinds[i % 3], &format!("t{}", i % 4), &text(i))).collect();
    let ids = one.ingest_all(&documents[..200]).expect("kept");
    documents[200..].iter().for_each(|d| drop(one.ingest(d).expect("kept")));
    two.ingest_all(&documents).expect("kept");
    for gone in [&ids[0], &ids[9], &ids[120]] {
        assert!(one.forget(gone).expect("forgotten") && two.forget(gone).expect("forgotten"));
    }
    for (text, kinds) in [
        ("w3 w11", &[][..]),
        ("same", &[]),
        ("w148 w5 tail", &[]),
        ("part 45", &kinds[..1]),
        ("nothing in common", &kinds[1..]),
        ("long w2 t3", &[]),
    ] {
        for top in [1, 10, 100] {
            let mut query = ask(text, kinds, top);
            if top == 10 && kinds.is_empty() {
                query.filters.metadata.insert("rule".into(), "t1".into());
            }
            let (ours, theirs) = (one.search(&query).expect("found"), two.search(&query).expect("found"));
            assert_eq!(ours.len(), theirs.len(), "{text}");
            for (a, b) in ours.iter().zip(&theirs) {
                assert!(
                    (a.score - b.score).abs() < 1e-5 && (a.cosine - b.cosine).abs() < 1e-5,
                    "{text} {top}"
                );
                assert_eq!(a.text_rank, b.text_rank, "{text} {top} {}", a.id);
            }
            // what has the same score may stand in another order
            let key = |h: &ecoops_core::ports::memory::Hit| ((h.score * 1e5).round() as i64, h.id.clone());
            let sorted = |hits: &[ecoops_core::ports::memory::Hit]| {
                let last = hits.last().map_or(0, |h| key(h).0);
                let mut keys: Vec<_> = hits.iter().map(key).filter(|k| (k.0 - last).abs() > 1).collect();
                keys.sort();
                keys.into_iter().map(|k| k.1).collect::<Vec<_>>()
            };
            let (mut x, mut y) = (sorted(&ours), sorted(&theirs));
            x.sort();
            y.sort();
            assert_eq!(x, y, "{text} {top}");
        }
    }
}

fn embedded(path: &std::path::Path, model: &'static str) -> EmbeddedMemory {
    EmbeddedMemory::open(path, Arc::new(Words { model })).expect("opens")
}

#[test]
fn vectors_of_two_models_are_not_compared_but_words_are() {
    let Some(server) = postgres::prepared() else { return };
    let old = of(&server, "acme", "old");
    old.ingest(&document(DocumentKind::Fix, "old", "pool leak")).expect("kept");
    let newer = of(&server, "acme", "newer");
    assert_eq!(newer.search(&ask("unrelated", &[], 10)).expect("searched"), []);
    let hits = newer.search(&ask("pool", &[], 10)).expect("searched");
    assert_eq!((hits.len(), hits[0].cosine), (1, 0.0));
    // an ingestion brings the old ones along
    newer.ingest(&document(DocumentKind::Fix, "new", "something else")).expect("kept");
    let hits = newer.search(&ask("unrelated", &[], 10)).expect("searched");
    assert!(hits.len() == 2 && hits.iter().all(|hit| hit.cosine != 0.0), "{hits:?}");
    assert_eq!(newer.renew(10).expect("nothing left"), 0);
    assert_eq!(old.search(&ask("unrelated", &[], 10)).expect("searched"), []);
    let counts = "SELECT string_agg(model || vectors, ' ' ORDER BY model) FROM ecoops.models";
    assert_eq!(server.sql("acme", counts).as_deref(), Ok("newer2 old0"));
}

/// What an org's login can do with SQL of its own.
#[test]
fn no_org_reads_or_writes_anothers_rows() {
    let Some(server) = postgres::prepared() else { return };
    let (a, b) = (of(&server, "org_a", "words"), of(&server, "org_b", "words"));
    let secret = document(DocumentKind::Fix, "secret of a", "the pool of a leaks");
    let id = a.ingest(&secret).expect("kept");
    assert_eq!(b.search(&ask("secret pool", &[], 10)).expect("searched"), []);
    assert_eq!(b.get(&id).expect("read"), None);
    assert!(!b.forget(&id).expect("asked"));
    assert_eq!(b.ingest(&secret).expect("kept"), id, "the same content is each org's own");
    assert!(b.forget(&id).expect("forgotten"));
    assert_eq!(a.get(&id).expect("read"), Some(secret));

    let sql = |sql: &str| server.sql("org_b", sql);
    let org_a = server.sql("postgres", "SELECT id FROM ecoops.orgs WHERE name = 'org_a'").expect("admin");
    let doc_a = server.sql("postgres", "SELECT id FROM ecoops.docs LIMIT 1").expect("admin");
    let tables = server.sql(
        "postgres",
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'ecoops' AND c.relkind IN ('r', 'p') AND c.relname <> 'migrations'",
    );
    let tables = tables.expect("admin");
    assert!(tables.lines().count() >= 8, "{tables}");
    for table in tables.lines() {
        let whole = "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'ecoops.";
        assert_eq!(
            server.sql("postgres", &format!("{whole}{table}'::regclass")).as_deref(),
            Ok("t"),
            "{table}"
        );
        let own = if table == "orgs" { "id" } else { "org_id" };
        for before in [
            "",
            &format!("SET app.org_id = '{org_a}'; SET ecoops.org_id = '{org_a}';"),
            "SET row_security = on;",
            "SET ROLE ecoops_member;",
        ] {
            let found = sql(&format!("{before} SELECT count(*) FROM ecoops.{table} WHERE {own} = '{org_a}'"));
            assert_eq!(found.as_deref(), Ok("0"), "{table} after `{before}`");
        }
    }
    for forbidden in [
        "SET ROLE org_a; SELECT 1".to_owned(),
        "SET ROLE postgres".into(),
        "SET SESSION AUTHORIZATION org_a".into(),
        "SET row_security = off; SELECT * FROM ecoops.docs".into(),
        "ALTER TABLE ecoops.docs DISABLE ROW LEVEL SECURITY".into(),
        "DROP POLICY own ON ecoops.docs".into(),
        "CREATE POLICY mine ON ecoops.docs USING (true)".into(),
        "CREATE OR REPLACE FUNCTION ecoops.org() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'".into(),
        format!("INSERT INTO ecoops.members VALUES ('org_b', '{org_a}')"),
        format!("UPDATE ecoops.members SET org_id = '{org_a}'"),
        "TRUNCATE ecoops.docs CASCADE".into(),
        "CREATE TABLE ecoops.mine (x int)".into(),
        "CREATE FUNCTION ecoops.f() RETURNS int LANGUAGE sql AS 'SELECT 1'".into(),
        "COPY ecoops.docs TO PROGRAM 'cat'".into(),
        "CREATE ROLE mine BYPASSRLS".into(),
        format!("INSERT INTO ecoops.corpora (org_id) VALUES ('{org_a}')"),
        // a reference to what is another's is refused as one to nothing is
        format!(
            "INSERT INTO ecoops.chunks (doc_id, ordinal, start, stop, kind, text) VALUES ('{doc_a}', 9, 0, 0, 'fix', '')"
        ),
        format!(
            "INSERT INTO ecoops.chunks (org_id, doc_id, ordinal, start, stop, kind, text)
             VALUES ('{org_a}', '{doc_a}', 9, 0, 0, 'fix', '')"
        ),
    ] {
        assert!(sql(&forbidden).is_err(), "{forbidden}");
    }
    // a function of one's own that would show each row before it is filtered, were it asked first
    let spy =
        "CREATE TEMP TABLE seen (x text); CREATE FUNCTION pg_temp.spy(x text) RETURNS bool LANGUAGE plpgsql
        COST 0.0000001 AS $$ BEGIN INSERT INTO seen VALUES (x); RETURN true; END $$;
        SELECT count(*) FROM ecoops.docs WHERE pg_temp.spy(text); SELECT count(*) FROM seen";
    assert_eq!(sql(spy).as_deref(), Ok("0\n0"));
    assert_eq!(sql("COPY ecoops.docs TO STDOUT").as_deref(), Ok(""));
    assert_eq!(sql("DELETE FROM ecoops.docs RETURNING 1").as_deref(), Ok(""));
    assert_eq!(sql("SELECT most_common_vals FROM pg_stats WHERE schemaname = 'ecoops'").as_deref(), Ok(""));
    assert_eq!(a.list(&[], 10).expect("listed").len(), 1);
}

#[test]
fn a_login_that_nothing_protects_from_is_refused() {
    let Some(server) = postgres::prepared() else { return };
    let refused = |login: &str, org: &str| {
        let settings = PostgresSettings { org: org.into(), ..server.settings(login) };
        match PgMemory::new(settings, Arc::new(Words { model: "words" })).list(&[], 1) {
            Err(MemoryError::Storage(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    drop(of(&server, "acme", "words"));
    drop(of(&server, "other", "words"));
    server
        .sql("postgres", "CREATE ROLE stray LOGIN; CREATE ROLE lone LOGIN IN ROLE ecoops_member")
        .expect("admin");
    server.sql("postgres", "CREATE ROLE over LOGIN BYPASSRLS IN ROLE ecoops_member").expect("admin");
    assert!(refused("postgres", "").contains("every org"));
    assert!(refused("over", "").contains("every org"));
    assert!(refused("stray", "").contains("no tables"));
    assert!(refused("lone", "").contains("belongs to no org"));
    assert!(refused("acme", "other").contains("acme's, not other's"));
    let admin = server.settings("postgres");
    assert!(admin::add_org(&admin, "other", "acme", None).is_err(), "a login keeps its org");
    assert!(admin::add_org(&admin, "acme", "over", None).is_err());
    for (org, login) in [("", "x"), ("x", ""), ("x", &*"y".repeat(64)), ("a\0", "x")] {
        assert!(admin::add_org(&admin, org, login, None).is_err(), "{org:?} {login:?}");
    }
    admin::add_org(&admin, "quo'te", "lo\"g'in; --", Some("pass'word")).expect("any name");
}

#[test]
fn migrators_take_turns_and_refuse_what_is_newer_or_altered() {
    let Some(server) = postgres::start() else { return };
    let admin = server.settings("postgres");
    let absent = PgMemory::new(server.settings("postgres"), Arc::new(Words { model: "words" }));
    assert!(absent.list(&[], 1).expect_err("no tables").to_string().contains("prepare"));
    let done: Vec<usize> = std::thread::scope(|scope| {
        let one = || admin::prepare(&admin).expect("prepared").len();
        let all: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|t| t.join().expect("no panic")).collect()
    });
    let steps = done.iter().copied().max().expect("four");
    assert!(steps > 0 && done.iter().sum::<usize>() == steps, "{done:?}");
    let memory = of(&server, "acme", "words");
    memory.ingest(&document(DocumentKind::Fix, "t", "text")).expect("kept");
    for (change, back, says) in [
        (
            "INSERT INTO ecoops.migrations VALUES (99, 'later', '')",
            "DELETE FROM ecoops.migrations WHERE number = 99",
            "newer",
        ),
        (
            "UPDATE ecoops.migrations SET sha256 = 'x' || sha256",
            "UPDATE ecoops.migrations SET sha256 = substr(sha256, 2)",
            "altered",
        ),
        (
            "CREATE TABLE public.kept AS SELECT * FROM ecoops.migrations; DELETE FROM ecoops.migrations WHERE number > 1",
            "INSERT INTO ecoops.migrations SELECT * FROM public.kept WHERE number > 1",
            "prepare",
        ),
    ] {
        server.sql("postgres", change).expect("changed");
        let refused = of_again(&server, "acme").list(&[], 1).expect_err(change).to_string();
        assert!(refused.contains(says), "{refused}");
        server.sql("postgres", back).expect("changed back");
    }
    assert_eq!(of_again(&server, "acme").list(&[], 10).expect("listed").len(), 1);
}

fn of_again(server: &Postgres, login: &str) -> PgMemory {
    PgMemory::new(server.settings(login), Arc::new(Words { model: "words" }))
}

#[test]
fn a_server_that_went_away_is_found_again() {
    let Some(mut server) = postgres::prepared() else { return };
    let memory = of(&server, "acme", "words");
    let id = memory.ingest(&document(DocumentKind::Fix, "t", "pool leak")).expect("kept");
    server.server.interrupt();
    for _ in 0..2 {
        assert!(matches!(memory.search(&ask("pool", &[], 10)), Err(MemoryError::Away(_))));
    }
    server.server.run();
    assert_eq!(ids(&memory.search(&ask("pool", &[], 10)).expect("found")), [&id]);
    server
        .sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'acme'")
        .expect("ended");
    assert_eq!(memory.list(&[], 10).expect("listed").len(), 1);
}

/// Many handles, each with connections of its own, as processes have: one document, and whole counts.
#[test]
fn the_same_from_everywhere_is_one_document() {
    let Some(server) = postgres::prepared() else { return };
    drop(of(&server, "acme", "words"));
    let text = |i: usize| document(DocumentKind::Fix, "t", &format!("w{} w{i} same", i % 5));
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let (settings, text) = (server.settings("acme"), &text);
            scope.spawn(move || {
                let memory = PgMemory::new(settings, Arc::new(Words { model: "words" }));
                for i in 0..25 {
                    let id = memory.ingest(&text((i + worker * 7) % 25)).expect("kept");
                    if i % 5 == worker {
                        memory.forget(&id).expect("forgotten");
                        assert_eq!(memory.ingest(&text((i + worker * 7) % 25)).expect("kept"), id);
                    }
                }
            });
        }
    });
    let memory = of_again(&server, "acme");
    assert_eq!(memory.list(&[], 100).expect("listed").len(), 25);
    let counts = "SELECT docs || ' ' || chunks || ' ' || terms FROM ecoops.corpora";
    assert_eq!(server.sql("acme", counts).as_deref(), Ok("25 25 200"));
    let lists = "SELECT sum(length(list)) / 8 FROM ecoops.postings WHERE term = 'same'";
    assert_eq!(server.sql("acme", lists).as_deref(), Ok("25"));
    assert_eq!(server.sql("acme", "SELECT vectors FROM ecoops.models").as_deref(), Ok("25"));
}
