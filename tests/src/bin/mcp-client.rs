//! Our MCP client as the official conformance suite drives it: connects to the address in its argument and calls
//! every tool that is offered, with arguments made of its schema. Questions are answered with their defaults.
//!
//! `mcp-client URL`

use ecoops_agent::mcp::client::{Address, Client, defaults};
use serde_json::{Map, Value, json};
use std::error::Error;
use std::io::Write;
use std::time::Duration;

fn arguments(schema: &Value) -> Map<String, Value> {
    let fields = schema["properties"].as_object().into_iter().flatten();
    let made = |kind: &str| match kind {
        "number" | "integer" => json!(2),
        "boolean" => json!(true),
        _ => json!("text"),
    };
    fields.map(|(name, field)| (name.clone(), made(field["type"].as_str().unwrap_or_default()))).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("no URL")?;
    let address = Address { url, ..Address::default() };
    let elicit = Box::new(|_: &str, schema: &Value| Some(defaults(schema)));
    let mut client = Client::connect(address, Duration::from_secs(15), Some(elicit))?;
    let mut out = std::io::stdout().lock();
    for tool in client.tools()? {
        let result = client.call(&tool.name, &arguments(&tool.input))?;
        writeln!(out, "{}: {result}", tool.name)?;
    }
    Ok(())
}
