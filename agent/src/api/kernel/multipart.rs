//! Forms with files (RFC 7578).

use crate::api::answer::Fault;
use crate::api::ask::Ask;
use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;

/// Parts of one form.
const MOST_PARTS: usize = 32;

pub struct Part {
    pub name: String,
    pub file_name: Option<String>,
    pub bytes: Vec<u8>,
}

/// Reads a form that has arrived whole.
///
/// # Errors
/// [`Fault`] when it is no form, or a broken one.
pub async fn read(ask: &Ask) -> Result<Vec<Part>, Fault> {
    let broken = |_| Fault::bad("the form cannot be read");
    let mut request = Request::new(Body::from(ask.body.clone()));
    if let Some(kind) = ask.headers.get(header::CONTENT_TYPE) {
        request.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
    }
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|_| Fault::bad("the form has no boundary"))?;
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.map_err(broken)? {
        if parts.len() == MOST_PARTS {
            return Err(Fault::bad(format!("the form has more than {MOST_PARTS} parts")));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let bytes = field.bytes().await.map_err(broken)?.to_vec();
        parts.push(Part { name, file_name, bytes });
    }
    Ok(parts)
}
