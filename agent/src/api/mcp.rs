//! The Model Context Protocol over HTTP, at `/mcp`: the same door, tokens and limits as everything here.

use super::App;
use super::answer::{Answer, Code, Fault, Shape};
use super::ask::Ask;
use super::routes::{Needs, Route};
use crate::kernel::Kernel;
use crate::mcp::http::{Arrival, Endpoint};
use crate::mcp::tools::{Options, Program, Tools};
use axum::http::{HeaderValue, Method};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Where this resource says who gives out tokens for it (RFC 9728 §3.1): its own place, and the server's.
const METADATA: [(&str, &str); 2] = [
    ("/.well-known/oauth-protected-resource/mcp", "mcpResource"),
    ("/.well-known/oauth-protected-resource", "mcpResourceOfServer"),
];
/// The largest message, in bytes.
const MOST: usize = 4 << 20;

pub fn routes() -> Vec<Route> {
    let route = |method: Method, id, summary, handler| {
        let route = Route::new((method, "/mcp"), (id, summary), Needs::Scope("mcp", "read"), handler);
        Route { shape: Shape::Mcp, ..route }.tag("MCP").most(MOST)
    };
    let messages = [
        route(Method::POST, "mcpMessage", "A message to the MCP server", |a, q| {
            Box::pin(async move { answer(&a, &q, Method::POST) })
        }),
        route(
            Method::GET,
            "mcpListen",
            "What the MCP server says by itself, or the rest of a stream",
            |a, q| Box::pin(async move { answer(&a, &q, Method::GET) }),
        ),
        route(Method::DELETE, "mcpEnd", "Ends a session of the MCP server", |a, q| {
            Box::pin(async move { answer(&a, &q, Method::DELETE) })
        }),
    ];
    let metadata = METADATA.map(|(path, id)| {
        let summary = "Who gives out tokens for the MCP server (RFC 9728)";
        let route = Route::new((Method::GET, path), (id, summary), Needs::Nothing, |a, q| {
            Box::pin(async move { resource(&a.kernel, &q) })
        });
        Route { shape: Shape::Own, ..route }
            .tag("MCP")
            .gives(200, json!({ "type": "object", "required": ["resource", "authorization_servers"] }))
            .fault(404)
    });
    messages.into_iter().chain(metadata).collect()
}

/// Where there is no issuer there is nobody to be sent to: the agent's own tokens are made on its machine.
fn resource(kernel: &Kernel, ask: &Ask) -> Result<Answer, Fault> {
    let login = &kernel.settings.login;
    if login.issuer.is_empty() {
        return Err(Fault::not_found("no issuer is configured (login.issuer)"));
    }
    Ok(Answer::ok(json!({
        "resource": format!("{}/mcp", ask.origin), "authorization_servers": [login.issuer],
        "bearer_methods_supported": ["header"], "resource_name": "ecoops",
    })))
}

/// What a client without a good token is told (RFC 9728 §5.1, RFC 6750 §3): where to find out who gives out one.
pub fn challenge(kernel: &Kernel, origin: &str, code: Code) -> Option<HeaderValue> {
    let why = match code {
        Code::MissingToken => "",
        Code::InvalidToken => ", error=\"invalid_token\"",
        Code::PermissionDenied => ", error=\"insufficient_scope\"",
        _ => return None,
    };
    let (path, _) = METADATA[0];
    let known = !kernel.settings.login.issuer.is_empty();
    let at = if known { format!(", resource_metadata=\"{origin}{path}\"") } else { String::new() };
    HeaderValue::from_str(&format!("Bearer realm=\"ecoops-agent\"{why}{at}")).ok()
}

/// The server as the settings say. Idle it is a table of tools and nothing else.
pub fn endpoint(kernel: &Kernel, program: Program) -> Endpoint {
    let settings = &kernel.settings.mcp;
    let options = Options {
        program,
        roots: settings.roots.iter().map(Into::into).collect(),
        allow_write: settings.allow_write,
        most: usize::try_from(settings.max_output).unwrap_or(usize::MAX),
    };
    let host = kernel.host.clone();
    let name = move || {
        let mut bytes = [0; 16];
        // Without randomness there is no name, and so no session, that somebody could guess.
        match host.0.random(&mut bytes) {
            Ok(()) => ecoops_core::domain::hex(bytes),
            Err(_) => String::new(),
        }
    };
    Endpoint::new(Tools::new(options, kernel.redactor.clone()), name, Duration::from_secs(settings.deadline))
}

fn answer(app: &Arc<App>, ask: &Ask, method: Method) -> Result<Answer, Fault> {
    let arrival = Arrival {
        method: &method,
        headers: &ask.headers,
        body: &ask.body,
        owner: &ask.caller.key(),
        rights: ask.caller.scope.clone().map(Arc::new),
    };
    Ok(Answer::Stream(app.mcp.handle(arrival)))
}
