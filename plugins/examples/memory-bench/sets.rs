//! The sets of questions and texts, as they lie in the folder of data.

use ecoops_core::engines::recall::terms::spaced;
use std::collections::HashMap;
use std::path::Path;

/// A query and the place of its one right text.
pub type Queries = Vec<(String, usize)>;

pub fn cosqa(folder: &Path) -> (Queries, Vec<String>) {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let map: HashMap<String, usize> = serde_json::from_str(&read("code_idx_map.txt")).unwrap();
    let mut texts = vec![String::new(); map.len()];
    for (text, place) in map {
        texts[place] = text;
    }
    let queries: Vec<serde_json::Value> =
        serde_json::from_str(&read("cosqa-retrieval-dev-500.json")).unwrap();
    let query = |q: &serde_json::Value| {
        (q["doc"].as_str().unwrap().to_owned(), q["retrieval_idx"].as_u64().unwrap() as usize)
    };
    (queries.iter().map(query).collect(), texts)
}

/// Titles, alert names and texts; the first heading and every mention of title or name are cut out.
pub fn runbooks(folder: &Path) -> (Queries, Queries, Vec<String>) {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|d| std::fs::read_dir(d.unwrap().path()).ok())
        .flatten()
        .map(|f| f.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "md") && !p.ends_with("_index.md"))
        .collect();
    files.sort();
    let (mut titles, mut names, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let (head, body) = match text.strip_prefix("---\n").and_then(|t| t.split_once("\n---\n")) {
            Some((head, body)) => (head, body),
            None => ("", text.as_str()),
        };
        let title = head.lines().find_map(|l| l.strip_prefix("title:")).map(|t| t.trim().trim_matches('"'));
        let title = title.map_or_else(|| spaced(&name), str::to_owned);
        let body: String = body.lines().filter(|l| !l.starts_with("# ")).map(|l| format!("{l}\n")).collect();
        texts.push(without(&without(&body, &name), &title));
        titles.push((title, texts.len() - 1));
        names.push((name, texts.len() - 1));
    }
    (titles, names, texts)
}

fn without(text: &str, part: &str) -> String {
    let (lower, part) = (text.to_ascii_lowercase(), part.to_ascii_lowercase());
    let mut out = String::new();
    let mut at = 0;
    for (found, _) in lower.match_indices(&part) {
        out.push_str(&text[at..found]);
        at = found + part.len();
    }
    out + &text[at..]
}
