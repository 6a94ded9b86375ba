//! `ecoops incident schema`: the published format, printed.

use ecoops_tests::home::Home;
use serde_json::Value;

#[test]
fn the_format_is_printed() {
    let home = Home::new();
    let schema = home.ecoops(home.path(), &["incident", "schema"]);
    let schema: Value = serde_json::from_str(&schema.stdout).unwrap();
    assert!(schema["$defs"]["incident"].is_object());
    let page = home.ecoops(home.path(), &["incident", "schema", "--output", "markdown"]);
    assert!(page.stdout.starts_with("# The incident bundle"));
}
