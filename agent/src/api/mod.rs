//! The local API: the kernel's published contracts, NextGen's search, OPA's data API, MCP, and our own `/v1`.
//!
//! Every request goes the same way: who asks, how much may they ask, may they ask this, was it asked
//! before, the handler, and the answer in the shape that the client knows.

mod answer;
mod ask;
mod health;
mod kernel;
mod limits;
mod mcp;
mod metrics;
mod once;
mod opa;
mod openapi;
mod own;
mod routes;

use crate::component::{self, Status};
use crate::door::{Connection, Peer, Runs};
use crate::kernel::Kernel;
use crate::mcp::http::Endpoint;
use crate::mcp::tools::Program;
use crate::tls::Tls;
use crate::token::{Claims, TokenError};
use crate::trace::{self, Kind};
use answer::{Answer, Code, Fault, Rendered, Shape};
use ask::{Again, Ask, Caller, Ids};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response};
use axum::routing::{MethodFilter, on};
use ecoops_core::domain::Actor;
use ecoops_core::ports::identity::{IdentityError, Token};
use ecoops_core::ports::replies::Reply;
use ecoops_plugins::kernel::user::headers_for;
use once::Turn;
use routes::{Needs, Route};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, OnceCell, watch};

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(15);

/// All that handlers share.
#[derive(Debug)]
pub struct App {
    pub kernel: Kernel,
    pub runs: Arc<Runs>,
    /// What `hello` tells of this process.
    pub build: String,
    /// Where it listens on TCP as well, for whoever starts it again.
    pub listens: OnceLock<SocketAddr>,
    pub started: Instant,
    /// Turns true when the daemon stops: streams end then.
    pub stopping: watch::Receiver<bool>,
    /// Asks the daemon to stop.
    pub stop: Arc<Notify>,
    /// Wakes those who follow events.
    pub published: watch::Sender<u64>,
    /// Tools for editors and other agents.
    pub mcp: Endpoint,
    routes: Vec<Route>,
    metrics: metrics::Metrics,
    limits: limits::Limits,
    owner: OnceCell<Arc<Actor>>,
}

impl App {
    pub fn new(
        kernel: Kernel,
        runs: Arc<Runs>,
        (build, program): (String, Program),
        stopping: watch::Receiver<bool>,
    ) -> Arc<Self> {
        let limits = limits::Limits::new(kernel.limits_here(), kernel.limits.clone());
        let routes = [
            health::routes(),
            kernel::routes(),
            opa::routes(),
            own::routes(),
            openapi::routes(),
            mcp::routes(),
        ];
        Arc::new(Self {
            mcp: mcp::endpoint(&kernel, program),
            kernel,
            runs,
            build,
            listens: OnceLock::new(),
            started: Instant::now(),
            stopping,
            stop: Arc::new(Notify::new()),
            published: watch::channel(0).0,
            routes: routes.into_iter().flatten().collect(),
            metrics: metrics::Metrics::default(),
            limits,
            owner: OnceCell::new(),
        })
    }

    /// Whose agent this is, with the roles that the settings give.
    ///
    /// # Errors
    /// [`Fault`] when the identity cannot be used.
    pub async fn owner(&self) -> Result<Arc<Actor>, Fault> {
        let find = || async {
            let login =
                self.kernel.identity.ask(|identity| identity.login(60).and_then(|t| identity.verify(&t)));
            login.await?.map(Arc::new).map_err(|e| Fault::new(Code::Unavailable, e.to_string()))
        };
        self.owner.get_or_try_init(find).await.cloned()
    }

    /// The worst of all parts.
    pub fn status(&self) -> Status {
        self.kernel.components().iter().map(|part| part.health().status).max().unwrap_or(Status::Healthy)
    }
}

/// Everything that is served, with connections told apart by [`Peer`].
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for index in 0..app.routes.len() {
        let Some(route) = app.routes.get(index) else { continue };
        let (path, filter) = (route.path, filter(&route.method));
        let app = app.clone();
        let serve = move |request: Request| {
            let app = app.clone();
            async move { serve(app, Some(index), request).await }
        };
        router = router.route(path, on(filter, serve));
    }
    let (absent, wrong) = (app.clone(), app);
    router
        .fallback(move |request: Request| serve(absent.clone(), None, request))
        .method_not_allowed_fallback(move |request: Request| serve(wrong.clone(), None, request))
}

fn filter(method: &Method) -> MethodFilter {
    MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET)
}

/// One request from its head to its answer. `index` is the route's; without one there is nothing here.
async fn serve(app: Arc<App>, index: Option<usize>, request: Request) -> Response<Body> {
    let begin = Instant::now();
    let under_way = app.metrics.begin();
    let (mut parts, body) = request.into_parts();
    let now = app.kernel.host.0.now();
    let request_id = app.kernel.ulid();
    let fresh = uuid::Uuid::parse_str(&app.kernel.identifiers.trace_id(now)).unwrap_or_default().as_u128();
    let ids = Ids::of(&parts.headers, request_id, fresh, now.to_string());
    let route = index.and_then(|index| app.routes.get(index));
    let shape = route.map_or_else(|| Shape::of_path(parts.uri.path()), |route| route.shape);
    let id = route.map_or("none", |route| route.id);
    let span =
        tracing::info_span!("request", operation = id, request = %ids.request, trace = %ids.trace_uuid());
    let exporter = app.kernel.telemetry.as_ref().map(|part| part.exporter.clone());
    let mut root = trace::gateway(&ids.context, ids.parent, id, exporter, span.clone());
    let origin = origin(&parts);
    let answered = root.within(answer(&app, route, &mut parts, body, &ids)).await;
    let mut response = match answered {
        Ok(response) => response,
        Err(fault) => {
            let mut response = shape.fault(&fault, &ids).response();
            if shape == Shape::Mcp
                && let Some(challenge) = mcp::challenge(&app.kernel, &origin, fault.code)
            {
                response.headers_mut().insert("www-authenticate", challenge);
            }
            response
        }
    };
    head(response.headers_mut(), &ids, shape);
    let status = response.status().as_u16();
    root.note("http.request.method", &parts.method);
    root.note("http.response.status_code", status);
    if status >= 500 {
        root.fail("the answer is a fault of this side");
    }
    drop(root);
    app.metrics.count(id, status, begin.elapsed());
    drop(under_way);
    let micros = begin.elapsed().as_micros() as u64;
    let _entered = span.enter();
    match status {
        500.. => tracing::error!(method = %parts.method, path = parts.uri.path(), status, micros, "failed"),
        _ => tracing::debug!(method = %parts.method, path = parts.uri.path(), status, micros, "answered"),
    }
    response
}

/// How the caller addresses this server. What `Host` says is checked before anything else is.
fn origin(parts: &Parts) -> String {
    let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|info| &info.0);
    let scheme =
        if matches!(peer, Some(Peer::Remote(remote)) if remote.tls.is_some()) { "https" } else { "http" };
    let host = parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("{scheme}://{host}")
}

/// The headers that every answer has.
fn head(headers: &mut HeaderMap, ids: &Ids, shape: Shape) {
    let request = if shape == Shape::Kernel { ids.request_uuid() } else { ids.request.clone() };
    for (name, value) in [
        ("x-request-id", request),
        ("x-trace-id", ids.trace_uuid()),
        ("traceparent", ids.traceparent()),
        ("x-service-name", crate::SERVICE.to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value)
            && !headers.contains_key(name)
        {
            headers.insert(name, value);
        }
    }
}

async fn answer(
    app: &Arc<App>,
    route: Option<&Route>,
    parts: &mut Parts,
    body: Body,
    ids: &Ids,
) -> Result<Response<Body>, Fault> {
    let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|info| info.0.clone());
    let peer = peer.ok_or_else(|| Fault::new(Code::Internal, "the connection is not known"))?;
    if let Peer::Remote(remote) = &peer {
        refuse_browsers(&parts.headers, remote.tls.as_deref())?;
    }
    let Some(route) = route else {
        return Err(absent(app, parts));
    };
    let caller = trace::span("auth", Kind::Internal).within(caller(app, &peer, parts, route)).await?;
    if let (Peer::Remote(remote), Some(_)) = (&peer, &caller.claims) {
        remote.is_known();
    }
    let left = trace::span("rate_limit", Kind::Internal).within(app.limits.take(&caller)).await;
    if let Some(wait) = left.wait {
        let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
        let fault = Fault::new(Code::RateLimited, "too many requests");
        return Err(Fault { retry_after: Some(seconds), left: Some((left.limit, 0)), ..fault });
    }
    // Whatever becomes of it, the caller learns how much is left.
    let rate = (left.limit, left.remaining);
    let held = |fault: Fault| Fault { left: fault.left.or(Some(rate)), ..fault };
    within_rate(app, route, parts, body, ids, (peer, caller), rate).await.map_err(held)
}

/// The request of a caller that may ask more.
async fn within_rate(
    app: &Arc<App>,
    route: &Route,
    parts: &mut Parts,
    body: Body,
    ids: &Ids,
    (peer, caller): (Peer, Caller),
    rate: (u64, u64),
) -> Result<Response<Body>, Fault> {
    permitted(&caller, route.needs)?;
    let body = arrive(body, route.most).await?;
    let roles = caller.actor.as_ref().map(|actor| actor.roles.as_slice()).unwrap_or_default();
    let user = headers_for(&caller.id, roles);
    let upgrade = match parts.headers.contains_key("upgrade") {
        true => WebSocketUpgrade::from_request_parts(parts, &()).await.ok(),
        false => None,
    };
    let ask = Ask {
        upgrade,
        again: None,
        path: path_parts(parts).await?,
        query: query(parts)?,
        origin: origin(parts),
        headers: std::mem::take(&mut parts.headers),
        body,
        connection: match peer {
            Peer::Local(connection) => Some(connection),
            Peer::Remote(_) => None,
        },
        caller,
        ids: ids.clone(),
    };
    let mut backend = trace::span("backend", Kind::Internal);
    backend.note("rpc.method", route.id);
    let done = backend.within(component::on_behalf_of(user.clone(), once_only(app, route, ask))).await;
    if let Err(fault) = &done {
        backend.fail(fault.code.name());
    }
    drop(backend);
    let mut response = done?;
    let headers = response.headers_mut();
    let limits = answer::rate_headers(rate.0, rate.1);
    for (name, value) in limits.into_iter().chain(user) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

/// Nothing is here, or nothing that is done this way.
fn absent(app: &App, parts: &Parts) -> Fault {
    let path = parts.uri.path();
    let same = |route: &&Route| fits(route.path, path);
    match app.routes.iter().any(|route| same(&route)) {
        true => Fault::new(Code::MethodNotAllowed, format!("{} is not done here", parts.method)),
        false => Fault::not_found(format!("there is nothing at {path:.200}")),
    }
}

/// Whether a path is one of a route's.
fn fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(part), Some(_)) if part.starts_with("{*") => return true,
            (Some(part), Some(given)) if part.starts_with('{') || part == given => {}
            _ => return false,
        }
    }
}

/// Over TCP a web page could be the one who asks: by its origin, or by a name of its own for this address.
/// Names are this machine's own, and those that our certificate is for.
fn refuse_browsers(headers: &HeaderMap, tls: Option<&Tls>) -> Result<(), Fault> {
    if headers.contains_key("origin") {
        return Err(Fault::new(Code::ForbiddenOrigin, "web pages are not served"));
    }
    let host = headers.get("host").and_then(|h| h.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    match name {
        "localhost" | "[::1]" => Ok(()),
        // All of 127.0.0.0/8 is this machine (RFC 1122 §3.2.1.3), and no name that somebody else could point here.
        number if number.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()) => Ok(()),
        other if tls.is_some_and(|tls| tls.is_for(other)) => Ok(()),
        _ => Err(Fault::new(Code::ForbiddenOrigin, "this name is not served: use 127.0.0.1 or localhost")),
    }
}

/// Who asks: over the socket the user, by the kernel's word; a token, when one is shown, narrows that.
async fn caller(app: &App, peer: &Peer, parts: &Parts, route: &Route) -> Result<Caller, Fault> {
    let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok());
    let service =
        header("x-service-name").map(|s| s.chars().filter(|c| c.is_ascii_graphic()).take(128).collect());
    let shown = parts.headers.get("authorization");
    // Whoever only asks who is there must not wait for the identity.
    let actor = if route.needs == Needs::Nothing { None } else { app.owner().await.ok() };
    let id = actor.as_ref().map_or_else(|| "local".to_owned(), |actor| actor.id.clone());
    let caller = Caller { id, actor, scope: None, claims: None, service };
    match (shown, peer) {
        (None, Peer::Local(_)) => Ok(caller),
        (None, Peer::Remote(_)) if route.needs == Needs::Nothing => {
            Ok(Caller { id: "anonymous".into(), scope: Some(Default::default()), ..caller })
        }
        (None, Peer::Remote(_)) => {
            Err(Fault::new(Code::MissingToken, "a bearer token is needed: `ecoops agent token` makes one"))
        }
        (Some(value), _) => {
            let refused =
                |why: String| Fault::new(Code::InvalidToken, format!("the token is refused: {why}"));
            let token = value.to_str().ok().and_then(bearer);
            let token = token.ok_or_else(|| refused("it is no bearer token".to_owned()))?;
            let now = app.kernel.host.0.now().as_second();
            let claims = match app.kernel.tokens.verify(token, now) {
                // Not one of ours: the issuer's, where one is configured.
                Err(TokenError::Malformed) if app.kernel.knows_bearers() => {
                    return issuers_caller(app, token, caller).await;
                }
                own => own.map_err(|e| refused(e.to_string()))?,
            };
            Ok(Caller {
                id: claims.sub.clone(),
                scope: Some(claims.scope.clone()),
                claims: Some(claims),
                ..caller
            })
        }
    }
}

/// Whoever brings a token of the configured issuer: themselves, with what their roles give.
async fn issuers_caller(app: &App, token: &str, caller: Caller) -> Result<Caller, Fault> {
    let shown = Token(token.to_owned());
    let verified = app.kernel.identity.ask(move |identity| identity.verify_bearer(&shown)).await?;
    let bearer = verified.map_err(|why| match why {
        IdentityError::Login(why) => {
            Fault::new(Code::Unavailable, format!("who that is cannot be told: {why}"))
        }
        why => Fault::new(Code::InvalidToken, format!("the token is refused: {why}")),
    })?;
    let scope = crate::token::scope_of(&bearer.actor.permissions);
    let claims = Claims {
        iss: app.kernel.settings.login.issuer.clone(),
        aud: app.kernel.settings.login.client_id.clone(),
        sub: bearer.actor.id.clone(),
        iat: 0,
        nbf: 0,
        exp: bearer.expires,
        // What one holder may do at once is counted by holder, not by token.
        jti: bearer.token_id.unwrap_or_else(|| bearer.actor.id.clone()),
        scope: scope.clone(),
    };
    let (id, actor) = (bearer.actor.id.clone(), Arc::new(bearer.actor));
    Ok(Caller { id, actor: Some(actor), scope: Some(scope), claims: Some(claims), ..caller })
}

/// `Bearer <token>` (RFC 6750); the scheme's letter case does not matter.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn permitted(caller: &Caller, needs: Needs) -> Result<(), Fault> {
    match needs {
        Needs::Scope(area, act) if !caller.may(area, act) => {
            Err(Fault::new(Code::PermissionDenied, format!("the token lacks the scope {area}:{act}")))
        }
        _ => Ok(()),
    }
}

/// The whole body, if it is not too large and not too slow.
async fn arrive(body: Body, most: usize) -> Result<Bytes, Fault> {
    match tokio::time::timeout(ARRIVAL, axum::body::to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let mut source = std::error::Error::source(&error);
            let mut too_large = error.to_string().contains("length limit");
            while let Some(cause) = source {
                too_large |= cause.to_string().contains("length limit");
                source = cause.source();
            }
            Err(match too_large {
                true => Fault::new(Code::PayloadTooLarge, format!("the body has more than {most} bytes")),
                false => Fault::bad("the body did not arrive whole"),
            })
        }
        Err(_) => Err(Fault::new(Code::Timeout, "the body took too long to arrive")),
    }
}

async fn path_parts(parts: &mut Parts) -> Result<Vec<(String, String)>, Fault> {
    let found = RawPathParams::from_request_parts(parts, &()).await;
    let found = found.map_err(|_| Fault::bad("the path is not UTF-8"))?;
    Ok(found.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn query(parts: &Parts) -> Result<Vec<(String, String)>, Fault> {
    let found = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    found.map(|query| query.0).map_err(|_| Fault::bad("the query string cannot be used"))
}

/// Answers what was answered before, or lets the handler do it and keeps what it said.
async fn once_only(app: &Arc<App>, route: &Route, mut ask: Ask) -> Result<Response<Body>, Fault> {
    let taken = match once::begin(&app.kernel, &ask, route.id, route.retry).await? {
        Turn::Again(reply) => return Ok(again(reply)),
        Turn::Go(taken) => taken,
    };
    ask.again = taken.as_ref().map(|taken| Again { mark: taken.mark(), unsure: taken.unsure });
    let ids = ask.ids.clone();
    let known = ask.header("if-none-match").map(str::to_owned);
    let rendered = match (route.handler)(app.clone(), ask).await {
        Ok(Answer::Stream(response)) => return Ok(response),
        Ok(Answer::Text { content_type, text }) => {
            Rendered { status: 200, content_type, body: text.into_bytes(), extra: Vec::new() }
        }
        Ok(Answer::Data { status, data, pages }) => route.shape.data(status, data, pages, &ids),
        Err(fault) => route.shape.fault(&fault, &ids),
    };
    if taken.is_some() {
        let (status, body) = (rendered.status, rendered.body.clone());
        let reply = Reply { status, content_type: rendered.content_type.to_owned(), body };
        once::end(&app.kernel, taken, reply).await;
    }
    Ok(match route.method == Method::GET && route.shape == Shape::Own && rendered.status == 200 {
        true => tagged(rendered, known.as_deref()),
        false => rendered.response(),
    })
}

fn again(reply: Reply) -> Response<Body> {
    let content_type = match reply.content_type.as_str() {
        "application/problem+json" => "application/problem+json",
        _ => "application/json",
    };
    let extra = vec![("idempotency-replayed", "true".to_owned())];
    Rendered { status: reply.status, content_type, body: reply.body, extra }.response()
}

/// With an entity tag of the body, or nothing but that when the client has just this (RFC 9110, 8.8.3, 13.1.2).
fn tagged(mut rendered: Rendered, known: Option<&str>) -> Response<Body> {
    use sha2::{Digest, Sha256};
    let tag = format!("\"{}\"", ecoops_core::domain::hex(&Sha256::digest(&rendered.body)[..16]));
    let same = |known: &str| {
        known.split(',').any(|one| one.trim() == "*" || one.trim().trim_start_matches("W/") == tag)
    };
    if known.is_some_and(same) {
        rendered.status = 304;
        rendered.body.clear();
    }
    rendered.extra.push(("etag", tag));
    rendered.extra.push(("cache-control", "no-cache".to_owned()));
    rendered.response()
}

/// The connection of a caller over the socket.
///
/// # Errors
/// [`Fault`] for anyone else.
fn local(ask: &Ask) -> Result<&Arc<Connection>, Fault> {
    ask.connection
        .as_ref()
        .filter(|_| ask.caller.claims.is_none())
        .ok_or_else(|| Fault::new(Code::PermissionDenied, "only the user's own processes may do this"))
}
