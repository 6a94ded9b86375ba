//! How much of an answer is given at once: whole items up to a number of bytes, then a cursor for the rest.

use serde_json::{Value, json};

/// Bytes of one text within an item.
const LONGEST: usize = 4 << 10;

/// Items of one answer, from `cursor` on, that fit in `limit` and `bytes`; the first always does.
///
/// Gives `{name: items, "total", "truncated", "next_cursor"}`.
pub fn page(name: &str, all: &[Value], cursor: usize, limit: usize, bytes: usize) -> Value {
    let mut items: Vec<Value> = Vec::new();
    let mut used = 0;
    for item in all.iter().skip(cursor).take(limit) {
        let item = shortened(item);
        used += item.to_string().len();
        if used > bytes && !items.is_empty() {
            break;
        }
        items.push(item);
    }
    let next = cursor.saturating_add(items.len());
    let more = next < all.len();
    json!({
        name: items, "total": all.len(), "truncated": more,
        "next_cursor": more.then(|| next.to_string()),
    })
}

/// The same with long texts cut, each saying so.
pub fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > LONGEST => {
            let mut end = LONGEST;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let kept = text.get(..end).unwrap_or_default();
            json!(format!("{kept}… [{} more bytes]", text.len() - end))
        }
        Value::Array(items) => items.iter().map(shortened).collect(),
        Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), shortened(v))).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_make_up_the_whole() {
        let all: Vec<Value> = (0..100).map(|n| json!(format!("item {n}"))).collect();
        for (limit, bytes) in [(1, 1000), (7, 1000), (1000, 30), (1000, 1_000_000), (3, 0)] {
            let (mut cursor, mut seen) = (0, Vec::new());
            for _ in 0..=all.len() {
                let answer = page("items", &all, cursor, limit, bytes);
                let items = answer["items"].as_array().unwrap().clone();
                assert!(!items.is_empty() && items.len() <= limit);
                seen.extend(items);
                assert_eq!(answer["truncated"], !answer["next_cursor"].is_null());
                let Some(next) = answer["next_cursor"].as_str() else { break };
                cursor = next.parse().unwrap();
            }
            assert_eq!(seen, all, "{limit} {bytes}");
        }
        assert_eq!(page("items", &all, usize::MAX, 1, 1)["items"], json!([]));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = "é".repeat(LONGEST);
        let cut = shortened(&json!({ "a": [text] }));
        let cut = cut["a"][0].as_str().unwrap();
        assert!(cut.ends_with("… [4096 more bytes]"), "{}", &cut[cut.len() - 30..]);
        assert_eq!(shortened(&json!("short")), json!("short"));
    }
}
