//! A login that lasts: its tokens in the secrets port, renewed before they end, by one process at a time.

use super::{Grant, Oidc, OidcError, Person, Tokens};
use ecoops_core::domain::ActorKind;
use ecoops_core::engines::jose::JoseError;
use ecoops_core::ports::secrets::{Secret, SecretName, Secrets, Terms};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// What the login is kept under.
const NAME: &str = "login/session";
/// Seconds before its end at which a token is renewed.
const EARLY: i64 = 60;
/// Seconds that a token lives whose issuer does not say.
const UNSAID: u32 = 300;

/// A login.
#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    pub issuer: String,
    pub client: String,
    tokens: Tokens,
    /// Seconds since 1970.
    pub access_ends: i64,
    /// The client itself logged in, not a person.
    #[serde(default)]
    pub by_itself: bool,
    /// Whom the tokens were about when they were verified. Who could change it here could sign as well.
    pub person: Person,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("issuer", &self.issuer)
            .field("person", &self.person)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub fn access_token(&self) -> &str {
        &self.tokens.access_token
    }

    /// Seconds that its access token lives.
    pub fn life(&self) -> i64 {
        i64::from(self.tokens.expires_in.unwrap_or(UNSAID))
    }

    /// Seconds since 1970 from which on it should be renewed: a third of its token's life is left.
    pub fn renewal_due(&self) -> i64 {
        self.access_ends.saturating_sub(self.life() / 3)
    }

    /// Whether it goes on after the access token's end.
    pub fn renews(&self) -> bool {
        self.by_itself || self.tokens.refresh_token.is_some()
    }
}

/// Where the login is kept.
pub struct SessionStore<'a> {
    pub secrets: &'a dyn Secrets,
    /// Held while tokens are renewed: a refresh token counts once, and used twice ends the login.
    pub lock: PathBuf,
}

impl std::fmt::Debug for SessionStore<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionStore").field("lock", &self.lock).finish_non_exhaustive()
    }
}

fn name() -> Result<SecretName, OidcError> {
    Ok(NAME.parse()?)
}

/// Whether the key that would verify a token is not there, which says nothing about the token.
fn cannot_tell(why: &OidcError) -> bool {
    matches!(
        why,
        OidcError::Http(_)
            | OidcError::Issuer { .. }
            | OidcError::Keys(_)
            | OidcError::Token(JoseError::NoKey(_))
    )
}

impl SessionStore<'_> {
    /// The login as it was kept; `None` when there is none that can be read.
    ///
    /// # Errors
    /// [`OidcError::Secrets`] when the store cannot be opened.
    pub fn read(&self) -> Result<Option<Session>, OidcError> {
        let kept = self.secrets.get(&name()?)?;
        Ok(kept.and_then(|secret| serde_json::from_slice(secret.expose()).ok()))
    }

    fn write(&self, session: &Session) -> Result<(), OidcError> {
        let text = serde_json::to_vec(session).map_err(|e| OidcError::Unusable(e.to_string()))?;
        self.secrets.put(&name()?, &Secret::new(text), &Terms::default())?;
        Ok(())
    }

    fn remove(&self) -> Result<bool, OidcError> {
        Ok(self.secrets.remove(&name()?)?)
    }

    fn alone(&self) -> Result<File, OidcError> {
        let open = || -> std::io::Result<File> {
            std::fs::create_dir_all(self.lock.parent().unwrap_or(std::path::Path::new(".")))?;
            let file =
                File::options().create(true).truncate(false).write(true).mode(0o600).open(&self.lock)?;
            crate::lock::exclusive(&file)?;
            Ok(file)
        };
        open().map_err(|e| OidcError::Unusable(format!("{}: {e}", self.lock.display())))
    }
}

impl Oidc {
    /// Keeps the tokens of a login, once they are verified.
    ///
    /// # Errors
    /// [`OidcError`] when they are not good or cannot be kept; then nothing is kept.
    pub fn begin(
        &self,
        tokens: Tokens,
        nonce: Option<&str>,
        by_itself: bool,
        store: &SessionStore<'_>,
    ) -> Result<Session, OidcError> {
        let mut person = self.person_of(&tokens, nonce)?;
        if by_itself {
            person.kind = ActorKind::Service;
        }
        let _alone = store.alone()?;
        let session = Session {
            issuer: self.settings.issuer.clone(),
            client: self.settings.client_id.clone(),
            access_ends: self.end_of(&tokens),
            by_itself,
            person,
            tokens,
        };
        store.write(&session)?;
        Ok(session)
    }

    fn end_of(&self, tokens: &Tokens) -> i64 {
        self.now().saturating_add(i64::from(tokens.expires_in.unwrap_or(UNSAID)))
    }

    /// The login with an access token that is good for another minute at least, renewed when it must be. While the
    /// issuer is away it is good for as long as its token holds.
    ///
    /// # Errors
    /// As [`Oidc::renew`].
    pub fn current(&self, store: &SessionStore<'_>) -> Result<Session, OidcError> {
        match self.renew(store, EARLY) {
            Err(OidcError::Http(why)) if why.may_pass() => match self.kept(store)? {
                session if session.access_ends > self.now() => {
                    tracing::warn!(%why, "the login could not be renewed yet");
                    Ok(session)
                }
                _ => Err(OidcError::Http(why)),
            },
            other => other,
        }
    }

    /// The login with an access token that is good for another `early` seconds at least, as far as the issuer lets us;
    /// by one process at a time.
    ///
    /// # Errors
    /// [`OidcError::LoggedOut`] when there is none of this issuer and client; [`OidcError::Ended`] when it
    /// cannot be renewed; [`OidcError::Refused`] when the issuer ended it; [`OidcError::Http`] when it is away.
    pub fn renew(&self, store: &SessionStore<'_>, early: i64) -> Result<Session, OidcError> {
        let is_fresh = |session: &Session| session.access_ends.saturating_sub(early) > self.now();
        let session = self.kept(store)?;
        if is_fresh(&session) {
            return Ok(session);
        }
        let _alone = store.alone()?;
        // Another process may have renewed it meanwhile.
        let session = self.kept(store)?;
        if is_fresh(&session) {
            return Ok(session);
        }
        let tokens = match &session.tokens.refresh_token {
            Some(refresh_token) => self.exchange(Grant::Refresh { refresh_token }),
            None if session.by_itself => self.exchange(Grant::ClientCredentials),
            None => {
                return if session.access_ends > self.now() { Ok(session) } else { Err(OidcError::Ended) };
            }
        };
        let renewed = self.renewed(tokens?, session)?;
        store.write(&renewed)?;
        Ok(renewed)
    }

    /// RFC 6749 §6: what is not given anew stays; OpenID Connect Core §12.2: it is of the same user. Roles that the
    /// issuer has changed meanwhile count from now on.
    fn renewed(&self, mut tokens: Tokens, session: Session) -> Result<Session, OidcError> {
        tokens.refresh_token = tokens.refresh_token.or_else(|| session.tokens.refresh_token.clone());
        let person = match self.person_of(&tokens, None) {
            Ok(person) if person.subject != session.person.subject => {
                return Err(OidcError::Foreign("the renewed login is of another user"));
            }
            Ok(person) => Person { kind: session.person.kind, ..person },
            // An opaque access token without an ID token says nothing new.
            Err(OidcError::Unusable(_)) if tokens.id_token.is_none() => session.person.clone(),
            // The refresh token that these were had for is spent: without them the login would be lost. Nothing that
            // they say is believed.
            Err(why) if cannot_tell(&why) => {
                tracing::warn!(%why, "the renewed login cannot be verified now; its roles are those from before");
                session.person.clone()
            }
            Err(why) => return Err(why),
        };
        let access_ends = self.end_of(&tokens);
        Ok(Session { access_ends, tokens, person, ..session })
    }

    /// The login as it was kept, whatever its tokens are worth.
    ///
    /// # Errors
    /// [`OidcError::LoggedOut`] when there is none of this issuer and client.
    pub fn kept(&self, store: &SessionStore<'_>) -> Result<Session, OidcError> {
        let fits = |s: &Session| s.issuer == self.settings.issuer && s.client == self.settings.client_id;
        store.read()?.filter(fits).ok_or(OidcError::LoggedOut)
    }

    /// Ends the login: at the issuer where that is possible, and here in any case.
    ///
    /// Gives whether there was one, and why the issuer did not end it if it did not.
    ///
    /// # Errors
    /// [`OidcError::Secrets`] when the tokens cannot be removed.
    pub fn end(&self, store: &SessionStore<'_>) -> Result<(bool, Option<OidcError>), OidcError> {
        let _alone = store.alone()?;
        let Some(session) = store.read()? else { return Ok((store.remove()?, None)) };
        let ended = if session.issuer == self.settings.issuer && session.client == self.settings.client_id {
            self.revoke_all(&session.tokens).err()
        } else {
            None
        };
        store.remove()?;
        Ok((true, ended))
    }

    fn revoke_all(&self, tokens: &Tokens) -> Result<(), OidcError> {
        if let Some(refresh) = &tokens.refresh_token {
            self.revoke(refresh, "refresh_token")?;
        }
        self.revoke(&tokens.access_token, "access_token")?;
        Ok(())
    }
}
