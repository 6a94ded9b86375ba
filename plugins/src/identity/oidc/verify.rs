//! Whom a token of the issuer is about, and what its roles give here.

use super::{Oidc, OidcError, Tokens};
use ecoops_core::domain::ActorKind;
use ecoops_core::engines::jose::{self, Algorithm, Claims, Expected, JoseError, Reading};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// Roles of one token that are looked at.
const MOST_ROLES: usize = 1000;

/// Who a verified token is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The issuer's own identifier, which never changes hands.
    pub subject: String,
    /// For people to read; proves nothing.
    pub name: Option<String>,
    pub kind: ActorKind,
    /// As the issuer names them.
    pub roles: BTreeSet<String>,
    /// Seconds since 1970.
    pub expires: i64,
    /// `jti`.
    pub token_id: Option<String>,
}

impl Oidc {
    /// Whom a bearer token is about that somebody brought along. It must be for us: our client, or one of the
    /// configured audiences.
    ///
    /// # Errors
    /// [`OidcError::Token`] or [`OidcError::Claims`] when it is not good; otherwise why that cannot be told.
    pub fn verify_bearer(&self, token: &str) -> Result<Person, OidcError> {
        let settings = &self.settings;
        let mut audiences: Vec<&str> = settings.audiences.iter().map(String::as_str).collect();
        audiences.push(&settings.client_id);
        Ok(self.person(&self.claims(token, &audiences)?))
    }

    /// Whom the tokens of our own login are about. An ID token names the user; roles that only the access
    /// token has are taken from there when it is a JWT made for us.
    ///
    /// # Errors
    /// As [`Oidc::verify_bearer`]; [`OidcError::Unusable`] when neither token can be read.
    pub fn person_of(&self, tokens: &Tokens, nonce: Option<&str>) -> Result<Person, OidcError> {
        let access = self.own_access_claims(&tokens.access_token);
        let Some(id_token) = &tokens.id_token else {
            return Ok(self.person(&access?));
        };
        let claims = self.claims(id_token, &[&self.settings.client_id])?;
        claims.check_id_token(&self.settings.client_id, nonce).map_err(OidcError::Claims)?;
        let mut person = self.person(&claims);
        // Of another subject it would be another's roles.
        if let Ok(access) = access
            && access.subject == claims.subject
        {
            person.roles.extend(self.person(&access).roles);
        }
        Ok(person)
    }

    /// An access token that the issuer gave to us over our own connection: for one of our audiences, or made for
    /// our client (`azp`, `client_id`), as an issuer marks tokens whose audience is the service behind it.
    fn own_access_claims(&self, token: &str) -> Result<Claims, OidcError> {
        if token.split('.').count() != 3 {
            let why = "the issuer's access token is opaque, so it tells no roles; have it issue JWTs";
            return Err(OidcError::Unusable(why.into()));
        }
        let settings = &self.settings;
        let mut audiences: Vec<&str> = settings.audiences.iter().map(String::as_str).collect();
        audiences.extend([settings.client_id.as_str(), settings.resource.as_str()]);
        audiences.retain(|audience| !audience.is_empty());
        match self.claims(token, &audiences) {
            Err(OidcError::Claims(jose::ClaimsError::Audience(theirs))) => {
                let claims = self.claims(token, &theirs.split(", ").collect::<Vec<_>>())?;
                let party = ["azp", "client_id"].into_iter().find_map(|name| claims.get(name)?.as_str());
                match party {
                    Some(party) if party == settings.client_id => Ok(claims),
                    _ => Err(OidcError::Claims(jose::ClaimsError::Audience(theirs))),
                }
            }
            other => other,
        }
    }

    /// Signature first, then issuer, audience and times.
    fn claims(&self, token: &str, audiences: &[&str]) -> Result<Claims, OidcError> {
        let header = jose::peek_header(token).map_err(OidcError::Token)?;
        // Before anything is asked of the issuer.
        let known = header.get("alg").and_then(Value::as_str).and_then(Algorithm::named);
        if !known.is_some_and(|algorithm| Algorithm::ASYMMETRIC.contains(&algorithm)) {
            let name = header.get("alg").and_then(Value::as_str).unwrap_or_default();
            return Err(OidcError::Token(JoseError::Algorithm(name.chars().take(20).collect())));
        }
        let kid = header.get("kid").and_then(Value::as_str);
        let keys = self.keys.for_kid(kid, &self.issuer()?.keys, &self.settings)?;
        let verified =
            jose::verify(token, &keys, &Algorithm::ASYMMETRIC, Reading::Strict).map_err(OidcError::Token)?;
        let expected =
            Expected { issuer: &self.settings.issuer, audiences, now: self.now(), skew: self.settings.skew };
        Claims::check(&verified.payload, &expected).map_err(OidcError::Claims)
    }

    fn person(&self, claims: &Claims) -> Person {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let shown = text("preferred_username").or_else(|| text("email")).or_else(|| text("name"));
        // Keycloak names a service's account so; elsewhere its subject is the client itself.
        let service = text("client_id").is_some_and(|client| client == claims.subject)
            || shown.as_deref().is_some_and(|name| name.starts_with("service-account-"))
            || text("gty").is_some_and(|grant| grant == "client-credentials");
        Person {
            subject: claims.subject.clone(),
            name: shown.map(|name| name.chars().filter(|c| !c.is_control()).take(200).collect()),
            kind: if service { ActorKind::Service } else { ActorKind::User },
            roles: roles(
                &Value::Object(claims.fields().clone()),
                &self.settings.role_claims,
                &self.settings.client_id,
            ),
            expires: claims.expires,
            token_id: claims.id.clone(),
        }
    }
}

/// The roles at the configured places: a list of texts, the names of an object (Zitadel), or one text.
fn roles(claims: &Value, places: &[String], client: &str) -> BTreeSet<String> {
    let escaped = client.replace('~', "~0").replace('/', "~1");
    let mut found = BTreeSet::new();
    for place in places {
        match claims.pointer(&place.replace("{client}", &escaped)) {
            Some(Value::Array(list)) => {
                found.extend(list.iter().filter_map(Value::as_str).take(MOST_ROLES).map(str::to_owned));
            }
            Some(Value::Object(names)) => found.extend(names.keys().take(MOST_ROLES).cloned()),
            Some(Value::String(one)) => {
                found.extend(one.split(' ').filter(|r| !r.is_empty()).map(str::to_owned))
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn roles_are_found_where_issuers_put_them() {
        let places = [
            "/realm_access/roles",
            "/resource_access/{client}/roles",
            "/urn:zitadel:iam:org:project:roles",
            "/roles",
        ]
        .map(str::to_owned);
        for (claims, client, expected) in [
            (
                json!({ "realm_access": { "roles": ["platform-admin", "x"] } }),
                "ecoops",
                vec!["platform-admin", "x"],
            ),
            (
                json!({ "resource_access": { "ecoops": { "roles": ["a"] }, "other": { "roles": ["b"] } } }),
                "ecoops",
                vec!["a"],
            ),
            (json!({ "resource_access": { "a/b~c": { "roles": ["a"] } } }), "a/b~c", vec!["a"]),
            (
                json!({ "urn:zitadel:iam:org:project:roles": { "platform-viewer": { "23": "org.example" } } }),
                "ecoops",
                vec!["platform-viewer"],
            ),
            (json!({ "roles": ["platform-operator", 7, null, { "a": 1 }] }), "c", vec!["platform-operator"]),
            (json!({ "roles": "one two" }), "c", vec!["one", "two"]),
            (json!({ "roles": 7, "realm_access": "x", "scope": "platform-admin" }), "c", vec![]),
            (json!({}), "c", vec![]),
        ] {
            let expected: BTreeSet<String> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(roles(&claims, &places, client), expected, "{claims}");
        }
    }
}
