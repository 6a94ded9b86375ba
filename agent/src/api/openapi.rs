//! The documents of what is served, made of the routes themselves: `/openapi.json` for the kernel's and
//! its neighbours' routes, `/v1/openapi.json` for our own.

use super::App;
use super::answer::{Answer, Code, Shape};
use super::once::Retry;
use super::routes::{Needs, Route};
use axum::http::Method;
use serde_json::{Map, Value, json};

pub fn routes() -> Vec<Route> {
    let document = json!({ "type": "object", "required": ["openapi", "paths"] });
    let route = |path, id, summary, handler| {
        let route = Route::new((Method::GET, path), (id, summary), Needs::Nothing, handler).tag("Documents");
        Route { shape: Shape::Own, ..route }.gives(200, document.clone())
    };
    vec![
        route("/openapi.json", "getKernelDocument", "The kernel's contract as it is served here", |a, _| {
            Box::pin(async move { Ok(Answer::ok(document_of(&a, false))) })
        }),
        route("/v1/openapi.json", "getOwnDocument", "Our own API", |a, _| {
            Box::pin(async move { Ok(Answer::ok(document_of(&a, true))) })
        }),
    ]
}

fn is_own(route: &Route) -> bool {
    route.path.starts_with("/v1/") && route.shape == Shape::Own
}

fn document_of(app: &App, own: bool) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    // MCP has a document of its own kind: `tools/list`.
    let described = |route: &&Route| route.tag != "MCP" && is_own(route) == own;
    for route in app.routes.iter().filter(described) {
        // OpenAPI has no parts that hold slashes; those of OPA's paths are listed one by one.
        for (path, part) in spelled_out(route) {
            let item = paths.entry(path).or_insert_with(|| json!({}));
            if let Some(item) = item.as_object_mut() {
                item.insert(route.method.as_str().to_lowercase(), operation(route, part.as_deref()));
            }
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": if own { "ecoops agent" } else { "AutoEcoOps Ecosystem API, served by the ecoops agent" },
            "version": env!("CARGO_PKG_VERSION"), "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "bearerAuth": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "bearerAuth": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "schemas": schemas(),
        },
    })
}

fn spelled_out(route: &Route) -> Vec<(String, Option<String>)> {
    let Some((before, name)) = route.path.split_once("{*") else {
        return vec![(route.path.to_owned(), None)];
    };
    let name = name.trim_end_matches('}');
    let schema = route.parts.iter().find(|(part, _)| *part == name).map(|(_, schema)| &schema["enum"]);
    let values = schema.and_then(Value::as_array).cloned().unwrap_or_default();
    let values = values.iter().filter_map(Value::as_str);
    values.map(|value| (format!("{before}{value}"), Some(value.replace('/', "-")))).collect()
}

fn operation(route: &Route, variant: Option<&str>) -> Value {
    let id = variant.map_or_else(|| route.id.to_owned(), |variant| format!("{}-{variant}", route.id));
    let mut operation = json!({
        "operationId": id, "summary": route.summary, "tags": [route.tag],
        "parameters": parameters(route), "responses": responses(route),
    });
    if !route.takes.is_empty() {
        let content: Map<String, Value> = route
            .takes
            .iter()
            .map(|(kind, schema)| ((*kind).to_owned(), json!({ "schema": schema })))
            .collect();
        operation["requestBody"] = json!({ "required": !route.body_optional, "content": content });
    }
    match route.needs {
        Needs::Nothing => operation["security"] = json!([]),
        Needs::Token => {}
        Needs::Scope(area, act) => operation["x-scope"] = json!(format!("{area}:{act}")),
    }
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let parts = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let of_path = parts.filter(|name| !name.starts_with('*')).map(|name| {
        let schema = route.parts.iter().find(|(part, _)| *part == name).map(|(_, schema)| schema.clone());
        let schema = schema.unwrap_or_else(|| json!({ "type": "string", "minLength": 1 }));
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    });
    let of_query = route
        .query
        .iter()
        .map(|(name, schema)| json!({ "name": name, "in": "query", "required": false, "schema": schema }));
    let key = (route.retry != Retry::Never).then(|| {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
        json!({ "name": "Idempotency-Key", "in": "header", "required": false, "schema": schema })
    });
    of_path.chain(of_query).chain(key).collect()
}

fn responses(route: &Route) -> Value {
    let (status, kind, schema) = &route.gives;
    let data = match route.shape {
        Shape::Kernel => json!({ "allOf": [
            { "$ref": "#/components/schemas/ApiResponse" }, { "type": "object", "properties": { "data": schema } },
        ] }),
        _ => schema.clone(),
    };
    let ok = json!({ "description": route.summary, "content": { (*kind): { "schema": data } } });
    let mut responses = Map::from_iter([(status.to_string(), ok)]);
    let mut statuses = vec![401, 403, 405, 429, 500, 503, 504];
    if !route.takes.is_empty() || !route.query.is_empty() || route.path.contains('{') {
        statuses.push(400);
    }
    if !route.takes.is_empty() {
        statuses.extend([413, 415]);
    }
    if route.retry != Retry::Never {
        statuses.extend([409, 422]);
    }
    statuses.extend(&route.faults);
    for status in statuses {
        responses.entry(status.to_string()).or_insert_with(|| fault_response(route.shape, status));
    }
    if route.id == "getReady" {
        responses.insert("503".into(), json!({ "description": "Not ready" }));
    }
    Value::Object(responses)
}

fn fault_response(shape: Shape, status: u16) -> Value {
    let (kind, name) = match shape {
        Shape::Kernel => ("application/json", "ApiResponse"),
        Shape::Own => ("application/problem+json", "Problem"),
        Shape::NextGen => ("application/json", "ErrorResponse"),
        Shape::Opa | Shape::Mcp => ("application/json", "OpaError"),
    };
    let codes: Vec<&str> = Code::ALL.into_iter().filter(|c| c.status() == status).map(Code::name).collect();
    let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
    json!({ "description": codes.join(", "), "content": { kind: { "schema": schema } } })
}

fn schemas() -> Value {
    let text = || json!({ "type": "string" });
    let time = || json!({ "type": "string", "format": "date-time" });
    json!({
        "ApiResponse": { "type": "object", "required": ["success", "meta"], "properties": {
            "success": { "type": "boolean" }, "data": { "type": "object" },
            "error": { "$ref": "#/components/schemas/ApiError" }, "meta": { "$ref": "#/components/schemas/ResponseMeta" },
        } },
        "ApiError": { "type": "object", "required": ["code", "message"], "properties": {
            "code": text(), "message": text(), "details": { "type": "object" },
        } },
        "ResponseMeta": { "type": "object", "properties": {
            "requestId": { "type": "string", "format": "uuid" }, "traceId": { "type": "string", "format": "uuid" },
            "timestamp": time(),
            "pagination": { "type": "object", "properties": {
                "page": { "type": "integer" }, "pageSize": { "type": "integer" },
                "total": { "type": "integer" }, "totalPages": { "type": "integer" },
            } },
        } },
        "Problem": { "type": "object", "required": ["type", "title", "status", "code"], "properties": {
            "type": text(), "title": text(), "status": { "type": "integer" }, "detail": text(),
            "instance": text(), "code": text(), "errors": { "type": "object" },
        } },
        "ErrorResponse": { "type": "object", "required": ["error"], "properties": {
            "error": { "type": "object", "required": ["code", "message", "service", "trace_id", "timestamp"],
                "properties": {
                    "code": text(), "message": text(), "service": text(), "trace_id": text(), "timestamp": time(),
                } },
        } },
        "OpaError": { "type": "object", "required": ["code", "message"], "properties": {
            "code": text(), "message": text(),
        } },
    })
}
