//! What a handler gives back: data or a fault, in no shape yet, and the shapes that clients know.

use super::ask::Ids;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

/// What went well.
#[derive(Debug)]
pub enum Answer {
    Data {
        status: u16,
        data: Value,
        pages: Option<Pages>,
    },
    /// A document that is not JSON.
    Text {
        content_type: &'static str,
        text: String,
    },
    /// A stream, which nobody keeps or counts.
    Stream(Response<Body>),
}

/// Where a list stands, for clients that turn pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pages {
    pub page: u64,
    pub size: u64,
    pub total: u64,
}

impl Pages {
    pub fn json(self) -> Value {
        let pages = self.total.div_ceil(self.size.max(1));
        json!({ "page": self.page, "pageSize": self.size, "total": self.total, "totalPages": pages })
    }
}

impl Answer {
    pub fn ok(data: Value) -> Self {
        Self::with(200, data)
    }

    pub fn with(status: u16, data: Value) -> Self {
        Self::Data { status, data, pages: None }
    }

    pub fn pages(self, of: Pages) -> Self {
        match self {
            Self::Data { status, data, .. } => Self::Data { status, data, pages: Some(of) },
            other => other,
        }
    }
}

/// Every way in which a request can end badly, with its code and status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Validation,
    MissingToken,
    InvalidToken,
    PermissionDenied,
    ForbiddenOrigin,
    NotFound,
    MethodNotAllowed,
    Conflict,
    PayloadTooLarge,
    UnsupportedMediaType,
    UpgradeRequired,
    IdempotencyMismatch,
    RateLimited,
    Internal,
    Unavailable,
    Timeout,
}

impl Code {
    pub const ALL: [Self; 16] = [
        Self::Validation,
        Self::MissingToken,
        Self::InvalidToken,
        Self::PermissionDenied,
        Self::ForbiddenOrigin,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::UpgradeRequired,
        Self::IdempotencyMismatch,
        Self::RateLimited,
        Self::Internal,
        Self::Unavailable,
        Self::Timeout,
    ];

    pub fn status(self) -> u16 {
        match self {
            Self::Validation => 400,
            Self::MissingToken | Self::InvalidToken => 401,
            Self::PermissionDenied | Self::ForbiddenOrigin => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::UpgradeRequired => 426,
            Self::IdempotencyMismatch => 422,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
            Self::Timeout => 504,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Validation => "VALIDATION_ERROR",
            Self::MissingToken => "AUTH_FAILED",
            Self::InvalidToken => "INVALID_TOKEN",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ForbiddenOrigin => "FORBIDDEN_ORIGIN",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::Conflict => "CONFLICT",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::UpgradeRequired => "UPGRADE_REQUIRED",
            Self::IdempotencyMismatch => "IDEMPOTENCY_MISMATCH",
            Self::RateLimited => "RATE_LIMITED",
            Self::Internal => "INTERNAL_ERROR",
            Self::Unavailable => "UNAVAILABLE",
            Self::Timeout => "QUERY_TIMEOUT",
        }
    }
}

/// What went wrong, for the caller. Never holds a secret or a backtrace.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {message}", code.name())]
pub struct Fault {
    pub code: Code,
    pub message: String,
    pub details: Option<Map<String, Value>>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u64>,
    /// The rate that the caller is held to, in requests a second, and what is left of it.
    pub left: Option<(u64, u64)>,
}

impl Fault {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: None, retry_after: None, left: None }
    }

    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(Code::Validation, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }
}

impl From<crate::component::Unavailable> for Fault {
    fn from(error: crate::component::Unavailable) -> Self {
        use crate::component::Unavailable::{Broken, Busy, Late, Stopped};
        let code = match error {
            Late(..) => Code::Timeout,
            Busy(_) | Broken(..) | Stopped(_) => Code::Unavailable,
        };
        Self { retry_after: Some(1), ..Self::new(code, error.to_string()) }
    }
}

/// Which clients a route is for, and so the shape of what they get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The kernel's envelope.
    Kernel,
    /// Our own: data as it is, faults as problem+json (RFC 9457).
    Own,
    /// NextGen's `{"error": {code, message, service, trace_id, timestamp}}`.
    NextGen,
    /// OPA's `{"code", "message"}`.
    Opa,
    /// JSON-RPC's, of what is no answer to a request of its.
    Mcp,
}

/// Status, content type, body, further headers.
pub struct Rendered {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Vec<u8>,
    pub extra: Vec<(&'static str, String)>,
}

impl Shape {
    /// The shape of a path that no route has.
    pub fn of_path(path: &str) -> Self {
        match path {
            p if p.starts_with("/v1/data") => Self::Opa,
            "/mcp" => Self::Mcp,
            p if p == "/v1" || p.starts_with("/v1/") => Self::Own,
            p if p.starts_with("/api/") || p.starts_with("/health") => Self::NextGen,
            _ => Self::Kernel,
        }
    }

    pub fn data(self, status: u16, data: Value, pages: Option<Pages>, ids: &Ids) -> Rendered {
        let body = match self {
            Self::Kernel => {
                let mut meta = ids.meta();
                if let (Some(pages), Some(meta)) = (pages, meta.as_object_mut()) {
                    meta.insert("pagination".into(), pages.json());
                }
                json!({ "success": true, "data": data, "meta": meta })
            }
            _ => data,
        };
        Rendered { status, content_type: "application/json", body: bytes(&body), extra: Vec::new() }
    }

    pub fn fault(self, fault: &Fault, ids: &Ids) -> Rendered {
        let (code, status) = (fault.code.name(), fault.code.status());
        let mut content_type = "application/json";
        let body = match self {
            Self::Kernel => {
                let mut error = json!({ "code": code, "message": fault.message });
                if let Some(details) = &fault.details {
                    error["details"] = Value::Object(details.clone());
                }
                json!({ "success": false, "error": error, "meta": ids.meta() })
            }
            Self::Own => {
                content_type = "application/problem+json";
                let mut problem = json!({
                    "type": format!("urn:ecoops:problem:{}", code.to_lowercase().replace('_', "-")),
                    "title": title(fault.code), "status": status, "detail": fault.message,
                    "code": code, "instance": format!("urn:ecoops:request:{}", ids.request),
                });
                if let Some(details) = &fault.details {
                    problem["errors"] = Value::Object(details.clone());
                }
                problem
            }
            Self::NextGen => json!({ "error": {
                "code": code, "message": fault.message, "service": crate::SERVICE,
                "trace_id": ids.trace_uuid(), "timestamp": ids.now,
            } }),
            Self::Opa => json!({ "code": code.to_lowercase(), "message": fault.message }),
            Self::Mcp => json!({ "jsonrpc": "2.0", "id": null, "error": {
                "code": -32000, "message": fault.message, "data": { "code": code, "status": status },
            } }),
        };
        let mut extra = Vec::new();
        if let Some(seconds) = fault.retry_after {
            extra.push(("retry-after", seconds.to_string()));
        }
        if status == 426 {
            extra.push(("upgrade", "websocket".to_owned()));
        }
        if let Some((limit, remaining)) = fault.left {
            extra.extend(rate_headers(limit, remaining));
        }
        if status == 401 {
            extra.push(("www-authenticate", "Bearer realm=\"ecoops-agent\"".to_owned()));
        }
        Rendered { status, content_type, body: bytes(&body), extra }
    }
}

/// How much a caller may ask for in a second and has left, as draft-ietf-httpapi-ratelimit-headers has it, and as
/// older clients know it.
pub fn rate_headers(limit: u64, remaining: u64) -> [(&'static str, String); 4] {
    [
        ("ratelimit-policy", format!("\"default\";q={limit};w=1")),
        ("ratelimit", format!("\"default\";r={remaining};t=1")),
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", remaining.to_string()),
    ]
}

fn title(code: Code) -> String {
    let words = code.name().to_lowercase().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

impl Rendered {
    pub fn response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        for (name, value) in self.extra {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}
