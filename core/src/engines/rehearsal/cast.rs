//! Who plays: a shop of twenty services, who calls whom, and more services where more are asked for.

use super::random::Random;

/// How a service writes its logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Nginx,
    Json,
    Logfmt,
    Java,
    Go,
    Python,
    Postgres,
    Redis,
}

impl Dialect {
    /// A store: one instance, never rolled out here.
    pub fn is_store(self) -> bool {
        matches!(self, Self::Postgres | Self::Redis)
    }
}

struct Role {
    name: &'static str,
    /// The smallest cast that it belongs to.
    since: usize,
    dialect: Dialect,
    /// What one request is about, for messages and classes.
    noun: &'static str,
    /// Milliseconds of its own work for a request.
    millis: f64,
    /// Callee, calls a request, and whether a request survives without an answer.
    calls: &'static [(&'static str, f64, Need)],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Must,
    May,
}
use Need::{May, Must};

const fn role(
    name: &'static str,
    since: usize,
    dialect: Dialect,
    noun: &'static str,
    millis: f64,
    calls: &'static [(&'static str, f64, Need)],
) -> Role {
    Role { name, since, dialect, noun, millis, calls }
}

/// The first is where requests come in.
const ROLES: [Role; 20] = [
    role("edge", 1, Dialect::Nginx, "page", 1.5, &[("storefront", 1.0, Must)]),
    role("storefront", 2, Dialect::Json, "page", 14.0, STOREFRONT),
    role("checkout", 3, Dialect::Java, "order", 22.0, CHECKOUT),
    role("cart", 4, Dialect::Java, "cart", 8.0, CART),
    role("payment", 5, Dialect::Java, "charge", 35.0, &[("fraud", 0.9, Must), ("orders-db", 1.2, Must)]),
    role("catalogue", 7, Dialect::Go, "product", 6.0, CATALOGUE),
    role("search", 12, Dialect::Python, "lookup", 28.0, &[("catalogue-db", 0.8, Must)]),
    role("recommendation", 13, Dialect::Python, "suggestion", 18.0, RECOMMENDATION),
    role("pricing", 10, Dialect::Logfmt, "price", 4.0, &[("catalogue-db", 0.3, Must)]),
    role("inventory", 11, Dialect::Java, "item", 9.0, INVENTORY),
    role("shipping", 14, Dialect::Go, "parcel", 11.0, &[("orders-db", 0.5, Must)]),
    role("notification", 18, Dialect::Python, "message", 16.0, &[("profile", 0.5, Must)]),
    role("identity", 15, Dialect::Logfmt, "session", 5.0, &[("session-cache", 0.9, Must)]),
    role("profile", 16, Dialect::Json, "customer", 7.0, &[("orders-db", 0.6, Must)]),
    role("reviews", 17, Dialect::Python, "review", 13.0, &[("catalogue-db", 0.5, Must)]),
    role("fraud", 19, Dialect::Python, "score", 24.0, &[("session-cache", 0.8, May)]),
    role("orders-db", 6, Dialect::Postgres, "orders", 2.2, &[]),
    role("catalogue-db", 8, Dialect::Postgres, "products", 2.6, &[]),
    role("session-cache", 9, Dialect::Redis, "session", 0.5, &[]),
    role("event-queue", 20, Dialect::Logfmt, "event", 1.8, &[]),
];

const STOREFRONT: &[(&str, f64, Need)] = &[
    ("catalogue", 0.8, Must),
    ("cart", 0.35, Must),
    ("identity", 0.6, Must),
    ("recommendation", 0.4, May),
    ("search", 0.25, Must),
    ("checkout", 0.12, Must),
    ("reviews", 0.2, May),
    ("profile", 0.15, Must),
];
const CHECKOUT: &[(&str, f64, Need)] = &[
    ("cart", 1.0, Must),
    ("pricing", 1.0, Must),
    ("inventory", 1.0, Must),
    ("payment", 1.0, Must),
    ("shipping", 0.9, Must),
    ("orders-db", 2.0, Must),
    ("notification", 0.8, May),
    ("event-queue", 1.0, May),
];
const CART: &[(&str, f64, Need)] = &[("session-cache", 1.5, Must), ("pricing", 0.5, Must)];
const CATALOGUE: &[(&str, f64, Need)] = &[("catalogue-db", 0.6, Must), ("session-cache", 1.0, May)];
const RECOMMENDATION: &[(&str, f64, Need)] = &[("catalogue", 0.5, Must), ("session-cache", 0.7, May)];
const INVENTORY: &[(&str, f64, Need)] = &[("catalogue-db", 0.7, Must), ("event-queue", 0.3, May)];

/// What further services are about; a number is added where the words run out.
const MORE: [&str; 24] = [
    "ledger",
    "tax",
    "currency",
    "loyalty",
    "coupon",
    "gift",
    "returns",
    "invoice",
    "media",
    "translation",
    "locale",
    "audit-trail",
    "consent",
    "address",
    "geo",
    "stock-feed",
    "supplier",
    "ranking",
    "banner",
    "wishlist",
    "newsletter",
    "support",
    "export",
    "reporting",
];

#[derive(Debug, Clone)]
pub struct Service {
    pub name: String,
    pub dialect: Dialect,
    pub noun: &'static str,
    /// Seconds of its own work for a request.
    pub work: f64,
}

#[derive(Debug, Clone, Copy)]
pub struct Edge {
    pub caller: usize,
    pub callee: usize,
    /// Calls a request.
    pub calls: f64,
    pub need: Need,
    /// Seconds after which the caller gives up.
    pub timeout: f64,
}

/// Services and calls between them; the calls have no cycle.
#[derive(Debug, Clone)]
pub struct Cast {
    pub services: Vec<Service>,
    pub edges: Vec<Edge>,
    /// Callers before callees.
    pub order: Vec<usize>,
}

pub fn cast(size: usize, random: &mut Random) -> Cast {
    let roles: Vec<&Role> = ROLES.iter().filter(|r| r.since <= size).collect();
    let place = |name: &str| roles.iter().position(|r| r.name == name);
    let mut services: Vec<Service> = roles.iter().map(|r| service(r, random)).collect();
    let mut edges = Vec::new();
    for (caller, role) in roles.iter().enumerate() {
        for (name, calls, need) in role.calls {
            if let Some(callee) = place(name) {
                edges.push(edge(caller, callee, calls * random.between(0.85, 1.15), *need, random));
            }
        }
    }
    for number in 0..size.saturating_sub(services.len()) {
        extend(number, &mut services, &mut edges, random);
    }
    let order = callers_first(services.len(), &edges);
    Cast { services, edges, order }
}

fn service(role: &Role, random: &mut Random) -> Service {
    let work = role.millis / 1000.0 * random.between(0.8, 1.3);
    Service { name: role.name.into(), dialect: role.dialect, noun: role.noun, work }
}

fn edge(caller: usize, callee: usize, calls: f64, need: Need, random: &mut Random) -> Edge {
    Edge { caller, callee, calls, need, timeout: [1.0, 2.0, 3.0][random.below(3)] }
}

/// One more service: called by one or two that are there, calling a store and perhaps a later one.
fn extend(number: usize, services: &mut Vec<Service>, edges: &mut Vec<Edge>, random: &mut Random) {
    const DIALECTS: [Dialect; 5] =
        [Dialect::Java, Dialect::Go, Dialect::Python, Dialect::Logfmt, Dialect::Json];
    let word = MORE[number % MORE.len()];
    let name = if number < MORE.len() { word.into() } else { format!("{word}-{}", number / MORE.len() + 1) };
    let new = services.len();
    let stores: Vec<usize> = (0..new).filter(|i| services[*i].dialect.is_store()).collect();
    let apps: Vec<usize> = (1..new).filter(|i| !services[*i].dialect.is_store()).collect();
    services.push(Service {
        name,
        dialect: DIALECTS[random.below(DIALECTS.len())],
        noun: "record",
        work: random.between(0.003, 0.03),
    });
    for _ in 0..1 + random.below(2) {
        let caller = apps[random.below(apps.len())];
        let need = if random.chance(0.4) { May } else { Must };
        if !edges.iter().any(|e| e.caller == caller && e.callee == new) {
            edges.push(edge(caller, new, random.between(0.1, 0.7), need, random));
        }
    }
    if !stores.is_empty() {
        edges.push(edge(new, stores[random.below(stores.len())], random.between(0.3, 1.2), Must, random));
    }
}

/// A topological order (Kahn, 1962), ties by number.
fn callers_first(count: usize, edges: &[Edge]) -> Vec<usize> {
    let mut callers = vec![0; count];
    edges.iter().for_each(|e| callers[e.callee] += 1);
    let mut order: Vec<usize> = (0..count).filter(|s| callers[*s] == 0).collect();
    let mut next = 0;
    while let Some(&service) = order.get(next) {
        next += 1;
        for e in edges.iter().filter(|e| e.caller == service) {
            callers[e.callee] -= 1;
            if callers[e.callee] == 0 {
                order.push(e.callee);
            }
        }
    }
    order
}
