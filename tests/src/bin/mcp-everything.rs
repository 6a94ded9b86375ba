//! An MCP server with the tools, resources and prompts that the official conformance suite asks for, on the
//! protocol code of the agent. Prints the address that it listens on, and serves until it is killed.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use axum::routing::any;
use ecoops_agent::mcp::http::{Arrival, Endpoint, loopback_only};
use ecoops_agent::mcp::{About, Context, Failure, Level, Service};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// One red pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// No sound, for no time.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";
const STEP: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(20);

struct Everything;

type Params = Map<String, Value>;
type Outcome = Result<Value, Failure>;

impl Service for Everything {
    fn about(&self) -> About {
        About {
            name: "mcp-everything",
            title: Some("Everything"),
            version: env!("CARGO_PKG_VERSION"),
            capabilities: json!({
                "tools": {}, "resources": { "subscribe": true }, "prompts": {}, "logging": {}, "completions": {},
            }),
            instructions: None,
        }
    }

    fn answer(&self, method: &str, params: &Params, context: &Context) -> Outcome {
        let name = params.get("name").and_then(Value::as_str).unwrap_or_default();
        let argument = |key: &str| {
            let found =
                params.get("arguments").and_then(|arguments| arguments.get(key)).and_then(Value::as_str);
            found.ok_or_else(|| Failure::invalid_params(format!("`{key}` is missing")))
        };
        match method {
            "tools/list" => Ok(json!({ "tools": tools() })),
            "tools/call" => call(name, &argument, context),
            "resources/list" => Ok(json!({ "resources": [
                { "uri": "test://static-text", "name": "text", "description": "A text", "mimeType": "text/plain" },
                { "uri": "test://static-binary", "name": "binary", "description": "An image", "mimeType": "image/png" },
                { "uri": "test://watched-resource", "name": "watched", "description": "One to watch", "mimeType": "text/plain" },
            ] })),
            "resources/templates/list" => Ok(json!({ "resourceTemplates": [
                { "uriTemplate": "test://template/{id}/data", "name": "data", "description": "Data by id", "mimeType": "application/json" },
            ] })),
            "resources/read" => read(params.get("uri").and_then(Value::as_str).unwrap_or_default()),
            "prompts/list" => Ok(json!({ "prompts": prompts() })),
            "prompts/get" => prompt(name, &argument),
            "completion/complete" => {
                Ok(json!({ "completion": { "values": [], "total": 0, "hasMore": false } }))
            }
            other => Err(Failure::no_such_method(other)),
        }
    }
}

fn tools() -> Vec<Value> {
    let nothing = || json!({ "type": "object", "properties": {} });
    let one = |name: &str| json!({ "type": "object", "required": [name], "properties": { name: { "type": "string" } } });
    let draft = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
        "$defs": { "address": { "type": "object", "properties": {
            "street": { "type": "string" }, "city": { "type": "string" },
        } } },
        "properties": { "name": { "type": "string" }, "address": { "$ref": "#/$defs/address" } },
        "additionalProperties": false,
    });
    let plain = [
        "test_simple_text",
        "test_image_content",
        "test_audio_content",
        "test_embedded_resource",
        "test_multiple_content_types",
        "test_tool_with_logging",
        "test_error_handling",
        "test_tool_with_progress",
        "test_elicitation_sep1034_defaults",
        "test_elicitation_sep1330_enums",
        "test_reconnection",
    ];
    let named = [
        ("test_sampling", one("prompt")),
        ("test_elicitation", one("message")),
        ("json_schema_2020_12_tool", draft),
    ];
    let plain = plain.into_iter().map(|name| (name, nothing()));
    plain
        .chain(named)
        .map(|(name, schema)| json!({ "name": name, "description": format!("For tests: {name}"), "inputSchema": schema }))
        .collect()
}

fn said(text: impl Into<String>) -> Value {
    json!({ "content": [{ "type": "text", "text": text.into() }] })
}

fn embedded(uri: &str, kind: &str, text: &str) -> Value {
    json!({ "type": "resource", "resource": { "uri": uri, "mimeType": kind, "text": text } })
}

fn call<'a>(name: &str, argument: &dyn Fn(&str) -> Result<&'a str, Failure>, context: &Context) -> Outcome {
    let image = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
    Ok(match name {
        "test_simple_text" => said("This is a simple text response for testing."),
        "test_image_content" => json!({ "content": [image] }),
        "test_audio_content" => {
            json!({ "content": [{ "type": "audio", "data": WAV, "mimeType": "audio/wav" }] })
        }
        "test_embedded_resource" => json!({ "content": [
            embedded("test://embedded-resource", "text/plain", "This is an embedded resource content."),
        ] }),
        "test_multiple_content_types" => json!({ "content": [
            { "type": "text", "text": "Multiple content types test:" }, image,
            embedded("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
        ] }),
        "test_error_handling" => {
            json!({ "isError": true, "content": [
                { "type": "text", "text": "This tool intentionally returns an error for testing" },
            ] })
        }
        "test_tool_with_logging" => {
            for (n, text) in ["Tool execution started", "Tool processing data", "Tool execution completed"]
                .into_iter()
                .enumerate()
            {
                if n > 0 {
                    std::thread::sleep(STEP);
                }
                context.log(Level::Info, json!(text));
            }
            said("Three messages were logged.")
        }
        "test_tool_with_progress" => {
            for done in [0.0, 50.0, 100.0] {
                context.progress(done, Some(100.0), Some("working"));
                std::thread::sleep(STEP);
            }
            said("It is done.")
        }
        "test_reconnection" => {
            std::thread::sleep(STEP);
            context.pause();
            std::thread::sleep(4 * STEP);
            said("Reconnection test completed successfully")
        }
        "test_sampling" => {
            let prompt = argument("prompt")?;
            let params = json!({ "maxTokens": 100, "messages": [
                { "role": "user", "content": { "type": "text", "text": prompt } },
            ] });
            let answer = context.ask("sampling", "sampling/createMessage", params, PATIENCE)?;
            let text = answer.pointer("/content/text").and_then(Value::as_str).unwrap_or_default();
            said(format!("LLM response: {text}"))
        }
        "test_elicitation" => {
            let schema = json!({ "type": "object", "required": ["username", "email"], "properties": {
                "username": { "type": "string", "description": "User's response" },
                "email": { "type": "string", "description": "User's email address" },
            } });
            elicit(context, argument("message")?, schema, "User response")?
        }
        "test_elicitation_sep1034_defaults" => {
            elicit(context, "Say who you are", defaults(), "Elicitation completed")?
        }
        "test_elicitation_sep1330_enums" => elicit(context, "Choose", enums(), "Elicitation completed")?,
        "json_schema_2020_12_tool" => said("The schema is what matters."),
        other => return Err(Failure::invalid_params(format!("there is no tool `{other:.100}`"))),
    })
}

fn elicit(context: &Context, message: &str, schema: Value, what: &str) -> Outcome {
    let params = json!({ "message": message, "requestedSchema": schema });
    let answer = context.ask("elicitation", "elicitation/create", params, PATIENCE)?;
    Ok(said(format!(
        "{what}: action={}, content={}",
        answer["action"].as_str().unwrap_or("none"),
        answer["content"]
    )))
}

fn defaults() -> Value {
    json!({ "type": "object", "required": [], "properties": {
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "default": true },
    } })
}

fn enums() -> Value {
    let titled = |kind: &str, items: [(&str, &str); 3]| {
        let items: Vec<Value> =
            items.iter().map(|(value, title)| json!({ "const": value, "title": title })).collect();
        json!({ kind: items })
    };
    let mut single = titled(
        "oneOf",
        [("value1", "First Option"), ("value2", "Second Option"), ("value3", "Third Option")],
    );
    single["type"] = json!("string");
    let many = titled(
        "anyOf",
        [("value1", "First Choice"), ("value2", "Second Choice"), ("value3", "Third Choice")],
    );
    json!({ "type": "object", "required": [], "properties": {
        "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
        "titledSingle": single,
        "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"] },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": ["option1", "option2", "option3"] } },
        "titledMulti": { "type": "array", "items": many },
    } })
}

fn read(uri: &str) -> Outcome {
    let text =
        |kind: &str, text: String| json!({ "contents": [{ "uri": uri, "mimeType": kind, "text": text }] });
    let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
    match (uri, id) {
        ("test://static-text", _) => {
            Ok(text("text/plain", "This is the content of the static text resource.".into()))
        }
        ("test://watched-resource", _) => Ok(text("text/plain", "Nothing has changed.".into())),
        ("test://static-binary", _) => {
            Ok(json!({ "contents": [{ "uri": uri, "mimeType": "image/png", "blob": PNG }] }))
        }
        (_, Some(id)) => {
            let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            Ok(text("application/json", data.to_string()))
        }
        _ => Err(Failure::no_such_resource(uri)),
    }
}

fn prompts() -> Value {
    let argument = |name: &str| json!({ "name": name, "description": name, "required": true });
    json!([
        { "name": "test_simple_prompt", "description": "Without arguments" },
        { "name": "test_prompt_with_arguments", "description": "With two arguments",
            "arguments": [argument("arg1"), argument("arg2")] },
        { "name": "test_prompt_with_embedded_resource", "description": "With a resource",
            "arguments": [argument("resourceUri")] },
        { "name": "test_prompt_with_image", "description": "With an image" },
    ])
}

fn prompt<'a>(name: &str, argument: &dyn Fn(&str) -> Result<&'a str, Failure>) -> Outcome {
    let user = |content: Value| json!({ "role": "user", "content": content });
    let text = |text: &str| user(json!({ "type": "text", "text": text }));
    let messages = match name {
        "test_simple_prompt" => vec![text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            let (one, two) = (argument("arg1")?, argument("arg2")?);
            vec![text(&format!("Prompt with arguments: arg1='{one}', arg2='{two}'"))]
        }
        "test_prompt_with_embedded_resource" => vec![
            user(embedded(argument("resourceUri")?, "text/plain", "Embedded resource content for testing.")),
            text("Please process the embedded resource above."),
        ],
        "test_prompt_with_image" => vec![
            user(json!({ "type": "image", "data": PNG, "mimeType": "image/png" })),
            text("Please analyze the image above."),
        ],
        other => return Err(Failure::invalid_params(format!("there is no prompt `{other:.100}`"))),
    };
    Ok(json!({ "messages": messages }))
}

async fn serve(endpoint: Arc<Endpoint>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let refused = |status: StatusCode| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        response
    };
    if !loopback_only(&parts.headers) {
        return refused(StatusCode::FORBIDDEN);
    }
    let Ok(body) = to_bytes(body, 4 << 20).await else { return refused(StatusCode::PAYLOAD_TOO_LARGE) };
    endpoint.handle(Arrival {
        method: &parts.method,
        headers: &parts.headers,
        body: &body,
        owner: "tests",
        rights: None,
    })
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let count = AtomicU64::new(0);
    let name = move || format!("session-{}", count.fetch_add(1, Ordering::Relaxed));
    let endpoint = Arc::new(Endpoint::new(Arc::new(Everything), name, Duration::from_secs(30)));
    let serve = move |request: Request| serve(endpoint.clone(), request);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/mcp", any(serve))).await
}
