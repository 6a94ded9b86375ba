//! The Model Context Protocol over HTTP, at `/mcp`: the same door, tokens and limits as everything here.

use super::App;
use super::answer::{Answer, Fault, Shape};
use super::ask::Ask;
use super::routes::{Needs, Route};
use crate::kernel::Kernel;
use crate::mcp::http::{Arrival, Endpoint};
use crate::mcp::tools::{Options, Program, Tools};
use axum::http::Method;
use std::sync::Arc;
use std::time::Duration;

/// The largest message, in bytes.
const MOST: usize = 4 << 20;

pub fn routes() -> Vec<Route> {
    let route = |method: Method, id, summary, handler| {
        let route = Route::new((method, "/mcp"), (id, summary), Needs::Scope("mcp", "read"), handler);
        Route { shape: Shape::Mcp, ..route }.tag("MCP").most(MOST)
    };
    vec![
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
    ]
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
