//! The token endpoint (RFC 6749 §3.2) and revocation (RFC 7009).

use super::discovery::Endpoint;
use super::{Oidc, OidcError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Why tokens are asked for.
#[derive(Clone, Copy)]
pub enum Grant<'a> {
    Code { code: &'a str, verifier: &'a str, redirect: &'a str },
    Device { device_code: &'a str },
    Refresh { refresh_token: &'a str },
    ClientCredentials,
}

impl std::fmt::Debug for Grant<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Code { .. } => "Code",
            Self::Device { .. } => "Device",
            Self::Refresh { .. } => "Refresh",
            Self::ClientCredentials => "ClientCredentials",
        })
    }
}

/// What the endpoint gives (RFC 6749 §5.1).
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    pub access_token: String,
    #[serde(default)]
    pub token_type: String,
    /// Seconds.
    #[serde(default)]
    pub expires_in: Option<u32>,
    #[serde(default)]
    pub refresh_token: Option<String>,
    #[serde(default)]
    pub id_token: Option<String>,
    #[serde(default)]
    pub scope: Option<String>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

/// RFC 6749 §5.2.
#[derive(Debug, Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

impl Oidc {
    /// Asks the token endpoint.
    ///
    /// # Errors
    /// [`OidcError::Refused`] with the endpoint's own words, or what kept it from answering.
    pub fn exchange(&self, grant: Grant<'_>) -> Result<Tokens, OidcError> {
        let scope = self.settings.scopes.join(" ");
        let mut fields: Vec<(&str, &str)> = match grant {
            Grant::Code { code, verifier, redirect } => vec![
                ("grant_type", "authorization_code"),
                ("code", code),
                ("code_verifier", verifier),
                ("redirect_uri", redirect),
            ],
            Grant::Device { device_code } => vec![
                ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                ("device_code", device_code),
            ],
            Grant::Refresh { refresh_token } => {
                vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token)]
            }
            Grant::ClientCredentials => {
                // Who is no person has no ID token and nothing to refresh.
                let mut fields = vec![("grant_type", "client_credentials")];
                fields.extend((!scope.is_empty()).then_some(("scope", scope.as_str())));
                fields
            }
        };
        if !self.settings.resource.is_empty() {
            fields.push(("resource", &self.settings.resource));
        }
        let tokens: Tokens = self.post(&self.issuer()?.token, &fields)?;
        let usable = tokens.token_type.is_empty() || tokens.token_type.eq_ignore_ascii_case("bearer");
        if tokens.access_token.is_empty() || !usable {
            return Err(self.broken(format!("its tokens are of the kind `{:.40}`", tokens.token_type)));
        }
        Ok(tokens)
    }

    /// Tokens for the client itself (RFC 6749 §4.4).
    ///
    /// # Errors
    /// As [`Oidc::exchange`]; [`OidcError::Unusable`] for a client without a secret.
    pub fn client_credentials(&self) -> Result<Tokens, OidcError> {
        if (self.client_secret)()?.is_none() {
            let why = "the client has no secret; keep it with `ecoops credential add login/client-secret`";
            return Err(OidcError::Unusable(why.into()));
        }
        self.exchange(Grant::ClientCredentials)
    }

    /// Ends a token's life at the issuer; quietly nothing where the issuer cannot.
    ///
    /// # Errors
    /// [`OidcError`] when it can and does not.
    pub fn revoke(&self, token: &str, hint: &str) -> Result<bool, OidcError> {
        let Some(endpoint) = &self.issuer()?.revocation else { return Ok(false) };
        let answer = self.send(endpoint, &[("token", token), ("token_type_hint", hint)])?;
        if answer.is_success() { Ok(true) } else { Err(refusal(&answer)) }
    }

    pub(super) fn post<T: serde::de::DeserializeOwned>(
        &self,
        endpoint: &Endpoint,
        fields: &[(&str, &str)],
    ) -> Result<T, OidcError> {
        let answer = self.send(endpoint, fields)?;
        if answer.is_success() { Ok(answer.json()?) } else { Err(refusal(&answer)) }
    }

    /// With the client's name, and its secret where it has one: in the header (RFC 6749 §2.3.1), or in the body
    /// where the issuer takes it only there. Codes and refresh tokens count once, so nothing is repeated.
    fn send(&self, endpoint: &Endpoint, fields: &[(&str, &str)]) -> Result<crate::http::Answer, OidcError> {
        let methods = self.issuer()?.metadata.token_endpoint_auth_methods_supported.as_deref();
        let takes = |method: &str| methods.is_none_or(|list| list.iter().any(|own| own == method));
        let client = self.settings.client_id.as_str();
        let secret = (self.client_secret)()?;
        let secret = secret.as_ref().and_then(|secret| secret.text());
        let mut fields = fields.to_vec();
        let request = endpoint.client.post(&endpoint.path).once();
        let request = match secret {
            Some(secret) if takes("client_secret_basic") || !takes("client_secret_post") => {
                let pair = format!("{}:{}", form_encode(client), form_encode(secret));
                request.secret_header("Authorization", &format!("Basic {}", STANDARD.encode(pair)))
            }
            Some(secret) => {
                fields.extend([("client_id", client), ("client_secret", secret)]);
                request
            }
            None => {
                fields.push(("client_id", client));
                request
            }
        };
        Ok(request.form(&fields).send()?)
    }
}

fn refusal(answer: &crate::http::Answer) -> OidcError {
    match answer.json::<Refusal>() {
        Ok(refusal) => OidcError::Refused {
            error: refusal.error.chars().take(100).collect(),
            description: refusal
                .error_description
                .map(|d| d.chars().filter(|c| !c.is_control()).take(200).collect()),
        },
        Err(_) => OidcError::Refused {
            error: format!("status {}", answer.status),
            description: Some(answer.excerpt()),
        },
    }
}

pub(super) fn form_encode(text: &str) -> String {
    crate::http::path_part(text)
}
