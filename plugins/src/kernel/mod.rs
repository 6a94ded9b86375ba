//! The client side of the kernel's services: one envelope, one kind of error, and the ids that go along.
//!
//! Works with the services as they run, not only as their document has them: errors come in five shapes, most
//! without `meta`, and their 500 stands for bad input as well as for trouble, so it is never taken for "ask again".
//! Never decides what an answer means to a port; the adapters do.

mod envelope;
mod fault;
pub mod user;

pub use fault::{KernelError, Refusal};

use crate::http::{Client, HttpError, Request, Server, trace};
use envelope::Envelope;
use serde_json::{Map, Value};

/// What a service answered when it did what it was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub data: Value,
    /// Without the envelope's `meta` it is empty.
    pub meta: Map<String, Value>,
}

impl Reply {
    /// A field of the data, as text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name).and_then(Value::as_str)
    }
}

/// A client of one service.
#[derive(Debug)]
pub struct Service {
    client: Client,
    name: &'static str,
}

impl Service {
    /// `name` is for messages: `policy-audit`.
    ///
    /// # Errors
    /// [`HttpError::Invalid`] when the address is none, or a token would be sent in clear to another machine.
    pub fn new(name: &'static str, server: Server) -> Result<Self, HttpError> {
        Ok(Self { client: Client::new(server)?, name })
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The address without credentials.
    pub fn shown(&self) -> &str {
        self.client.shown()
    }

    pub fn get(&self, path: &str) -> Request<'_> {
        self.identified(self.client.get(path))
    }

    /// What has an effect is asked once; see [`Service::question`].
    pub fn post(&self, path: &str, body: &Value) -> Request<'_> {
        self.identified(self.client.post(path).json(body))
    }

    /// A POST that changes nothing, so it may be asked again.
    pub fn question(&self, path: &str, body: &Value) -> Request<'_> {
        self.post(path, body).repeatable()
    }

    /// Sends, and takes the answer out of its envelope.
    ///
    /// # Errors
    /// [`KernelError`] when there is no answer, or the answer is no.
    pub fn send(&self, request: Request<'_>) -> Result<Reply, KernelError> {
        let answer = request.send().map_err(KernelError::Http)?;
        // What is no JSON at all is not the service's answer: a portal's page says 200, too.
        if answer.is_success() && !answer.body.is_empty() {
            answer.json::<Value>().map_err(KernelError::Http)?;
        }
        Envelope::read(&answer).into_reply(self.name)
    }

    /// Sends, and takes the body as it is: for services that have no envelope, such as OPA.
    ///
    /// # Errors
    /// As [`Service::send`].
    pub fn send_bare(&self, request: Request<'_>) -> Result<Value, KernelError> {
        let answer = request.send().map_err(KernelError::Http)?;
        let envelope = Envelope::read(&answer);
        match (answer.is_success(), answer.json::<Value>()) {
            (true, Ok(body)) => Ok(body),
            (true, Err(why)) => Err(KernelError::Http(why)),
            (false, _) => Err(envelope.into_refusal(self.name)),
        }
    }

    /// For whom it is asked, and the ids that the services' logs show: one of this request, and the trace's as a UUID, which is the only
    /// writing that they take.
    fn identified<'a>(&self, request: Request<'a>) -> Request<'a> {
        let request = request.header("x-service-name", "ecoops").header("x-request-id", &fresh_id());
        let user = user::current().into_iter().flatten().filter(|(_, value)| !value.is_empty());
        let request = user.fold(request, |request, (name, value)| request.header(name, &value));
        match trace::current().as_ref().and_then(|trace| trace_uuid(&trace.traceparent)) {
            Some(id) => request.header("x-trace-id", &id),
            None => request,
        }
    }
}

/// The trace of a `traceparent` (W3C trace context) as the UUID of the same bits.
fn trace_uuid(traceparent: &str) -> Option<String> {
    let trace = traceparent.split('-').nth(1).filter(|hex| hex.len() == 32)?;
    uuid::Uuid::try_parse(trace).ok().map(|id| id.to_string())
}

/// A random UUID; all zeros but the version when the system gives no randomness, as it only tells requests apart.
fn fresh_id() -> String {
    let mut bytes = [0; 16];
    let _ = getrandom::fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_the_same_bits_in_both_writings() {
        let cases = [
            (
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                Some("0af76519-16cd-43dd-8448-eb211c80319c"),
            ),
            ("00-0af7651916cd43dd8448eb211c80319c0af7651916cd43dd-b7ad6b7169203331-01", None),
            ("nonsense", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(trace_uuid(text).as_deref(), expected, "{text}");
        }
    }
}
