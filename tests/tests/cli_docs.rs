//! `ecoops docs` and `ecoops ask`: documents of every format are kept, cited and forgotten.

use ecoops_tests::home::{Home, write};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// A PDF of these pages, a line each, in the simplest form that readers take.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        String::new(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    let mut kids = String::new();
    for page in pages {
        let content = format!("BT /F1 12 Tf 72 700 Td ({page}) Tj ET");
        kids.push_str(&format!("{} 0 R ", objects.len() + 1));
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R /Resources << /Font << /F1 3 0 R >> >> >>",
            objects.len() + 2
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    objects[1] = format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len());
    let mut out = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let xref = out.len();
    out.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    offsets.iter().for_each(|offset| out.push_str(&format!("{offset:010} 00000 n \n")));
    out.push_str(&format!(
        "trailer << /Size {} /Root 1 0 R >>\nstartxref\n{xref}\n%%EOF\n",
        objects.len() + 1
    ));
    out.into_bytes()
}

#[test]
fn every_format_is_kept_and_cited() {
    let home = Home::new();
    let folder = home.path().join("docs");
    write(
        &folder.join("pool.md"),
        "# Pools\n\nIntroduction.\n\n## The pool is exhausted\n\nRestart the writer and return connections.\n",
    );
    write(&folder.join("clock.txt"), "The time of one node was wrong for a day.\n");
    write(
        &folder.join("disk.html"),
        "<html><head><title>x</title><script>evil()</script></head><body><h1>Full disk</h1><p>The volume of the database had no free space &amp; writes failed.</p></body></html>",
    );
    std::fs::write(
        folder.join("manual.pdf"),
        pdf(&["Introduction to the manual", "Rotate the certificate of the gateway with certbot"]),
    )
    .unwrap();
    let added = home.ecoops(
        &folder,
        &["docs", "add", "pool.md", "clock.txt", "disk.html", "manual.pdf", "--output", "json"],
    );
    assert_eq!(added.code, 0, "{}", added.stderr);
    assert_eq!(json(&added.stdout)["added"].as_array().unwrap().len(), 4);

    for (question, source, key, value) in [
        (
            "the database connection pool is exhausted",
            "pool.md",
            "heading",
            Value::from("The pool is exhausted"),
        ),
        ("clock of a node wrong", "clock.txt", "line", Value::from(1)),
        ("no free space on the volume", "disk.html", "heading", Value::from("Full disk")),
        ("how to rotate the certificate", "manual.pdf", "page", Value::from(2)),
    ] {
        let asked = home.ecoops(&folder, &["ask", question, "--top-k", "1", "--output", "json"]);
        assert_eq!(asked.code, 0, "{}", asked.stderr);
        let snippet = &json(&asked.stdout)["snippets"][0];
        assert!(snippet["source"].as_str().unwrap().ends_with(source), "{question}: {snippet}");
        assert_eq!(snippet["place"][key], value, "{question}: {snippet}");
        assert!(
            snippet["score"].as_f64().unwrap() > 0.0
                && !snippet["snippet"].as_str().unwrap().contains("evil")
        );
    }
    let text = home.ecoops(&folder, &["ask", "how to rotate the certificate"]).stdout;
    assert!(text.contains("[1] manual (runbook)") && text.contains("manual.pdf, page "), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_document_is_replaced_listed_and_forgotten_as_a_whole() {
    let home = Home::new();
    let folder = home.path().join("docs");
    let long: String =
        (0..900).map(|n| format!("## Chapter {n}\n\nNothing of interest happens here.\n\n")).collect();
    write(&folder.join("book.md"), &format!("# Book\n\n{long}"));
    let list = |home: &Home| home.ecoops(&folder, &["docs", "list", "--output", "json"]);
    assert_eq!(list(&home).code, 3);
    assert_eq!(home.ecoops(&folder, &["docs", "add", "book.md"]).code, 0);
    let documents = json(&list(&home).stdout);
    let parts = documents["documents"][0]["parts"].as_u64().unwrap();
    assert!(parts > 1, "{documents}");
    let id = documents["documents"][0]["id"].as_str().unwrap().to_owned();

    write(&folder.join("book.md"), "# Book\n\nThe submarine is yellow.\n");
    assert_eq!(home.ecoops(&folder, &["docs", "add", "book.md"]).code, 0);
    let documents = json(&list(&home).stdout);
    assert_eq!(
        (&documents["documents"][0]["parts"], documents["documents"].as_array().unwrap().len()),
        (&1.into(), 1)
    );
    let asked = home.ecoops(&folder, &["ask", "Chapter 17", "--output", "json"]);
    assert!(!asked.stdout.contains("Nothing of interest"), "{}", asked.stdout);

    assert_eq!(home.ecoops(&folder, &["docs", "forget", &id]).code, 0);
    assert_eq!(home.ecoops(&folder, &["docs", "forget", &id]).code, 3);
    assert_eq!(home.ecoops(&folder, &["memory", "list"]).code, 3);
}

/// Two systems of the same make have the same page until one of them changes.
#[test]
fn documents_of_the_same_text_are_documents_of_their_own() {
    let home = Home::new();
    let folder = home.path().join("docs");
    let same = "# Restart\n\nReturn the connections, then restart the writer.\n";
    write(&folder.join("s1.md"), same);
    write(&folder.join("s2.md"), same);
    let kept = || {
        let listed = json(&home.ecoops(&folder, &["docs", "list", "--output", "json"]).stdout);
        let sources = listed["documents"].as_array().unwrap().iter().map(|d| d["source"].as_str().unwrap());
        let mut names: Vec<String> =
            sources.map(|source| source.rsplit('/').next().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(home.ecoops(&folder, &["docs", "add", "s1.md", "s2.md"]).code, 0);
    assert_eq!(kept(), ["s1.md", "s2.md"]);
    assert_eq!(home.ecoops(&folder, &["docs", "add", "s1.md", "s2.md"]).code, 0);
    assert_eq!(kept(), ["s1.md", "s2.md"], "the same again changes nothing");
    write(&folder.join("s1.md"), "# Restart\n\nThis system restarts by itself.\n");
    assert_eq!(home.ecoops(&folder, &["docs", "add", "s1.md"]).code, 0);
    assert_eq!(kept(), ["s1.md", "s2.md"]);
    let asked = home.ecoops(&folder, &["ask", "return the connections", "--top-k", "1", "--output", "json"]);
    let found = json(&asked.stdout);
    assert!(found["snippets"][0]["source"].as_str().unwrap().ends_with("s2.md"), "{found}");
}

/// A line that was added at the top moves every later place.
#[test]
fn what_is_cited_is_where_it_stands_now() {
    let home = Home::new();
    let folder = home.path().join("docs");
    let long =
        |name: &str| (0..700).map(|n| format!("{name} line {n} of this chapter\n")).collect::<String>();
    let book =
        |top: &str| format!("# Book\n{top}\n{}## Second\n\n{}the needle\n", long("first"), long("second"));
    let place = || {
        assert_eq!(home.ecoops(&folder, &["docs", "add", "book.md"]).code, 0);
        let asked = home.ecoops(&folder, &["ask", "the needle", "--top-k", "1", "--output", "json"]);
        json(&asked.stdout)["snippets"][0]["place"]["line"].as_u64().unwrap()
    };
    write(&folder.join("book.md"), &book(""));
    let before = place();
    write(&folder.join("book.md"), &book("one more line\n"));
    assert_eq!(place(), before + 1);
}

#[test]
fn a_hostile_document_is_a_clear_error_and_changes_nothing() {
    let home = Home::new();
    let folder = home.path().join("docs");
    write(&folder.join("good.md"), "# Good\n\nA text.");
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    put("cut.pdf", pdf(&["a page"]).get(..200).unwrap());
    put("noise.pdf", b"%PDF-1.7\n\xff\xfe\x00 obj << >> stream endstream xref 99999999999999999999");
    // A tree of pages that is its own child.
    put(
        "loop.pdf",
        &String::from_utf8(pdf(&["x"])).unwrap().replace("/Kids [4 0 R ]", "/Kids [2 0 R ]").into_bytes(),
    );
    put("images.pdf", &pdf(&[""]));
    put("binary.md", b"\x7fELF\0\x01\xff\xfe");
    put("empty.txt", b" \n");
    for (file, says) in [
        ("cut.pdf", "cut.pdf cannot be kept"),
        ("noise.pdf", "noise.pdf cannot be kept"),
        ("loop.pdf", "loop.pdf cannot be kept"),
        ("images.pdf", "holds no text"),
        ("binary.md", "UTF-8"),
        ("empty.txt", "holds no text"),
        ("missing.md", "missing.md"),
        (".", "name files"),
    ] {
        let ran = home.ecoops(&folder, &["docs", "add", "good.md", file]);
        assert_eq!(ran.code, 2, "{file}: {} {}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(says) && !ran.stderr.contains("panicked"), "{file}: {}", ran.stderr);
        assert!(ran.stdout.is_empty());
    }
    assert_eq!(home.ecoops(&folder, &["docs", "list"]).code, 3, "nothing was kept");
    let asked = home.ecoops(&folder, &["ask", "anything"]);
    assert_eq!((asked.code, asked.stdout.as_str()), (3, ""));
}

#[test]
fn no_secret_is_kept_and_what_is_shown_is_harmless() {
    let home = Home::new();
    let folder = home.path().join("docs");
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    write(
        &folder.join("login.md"),
        &format!("# Login \x1b[2J\u{202e}\n\nexport TOKEN={token} \x1b]0;x\x07\n"),
    );
    assert_eq!(home.ecoops(&folder, &["docs", "add", "login.md"]).code, 0);
    for output in ["text", "json"] {
        let shown = home.ecoops(&folder, &["ask", "login token", "--output", output]).stdout;
        assert!(shown.contains("Login") && !shown.contains(&token), "{shown}");
        assert!(!shown.contains(['\x1b', '\x07', '\u{202e}']), "{shown:?}");
    }
}
