//! What an administrator of the database does: make the tables, add an org and its login, and rewrite the tables of
//! the memory so that nothing forgotten is left in them.
//!
//! Never used by an adapter at work, whose login may do none of this.

use super::{PostgresError, PostgresSettings, Session, migrate};
use postgres_protocol::password::scram_sha_256;
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

/// For one table.
const VACUUM: Duration = Duration::from_secs(3_600);

/// Applies the steps that are missing; several at once wait for each other. The names of those applied.
///
/// # Errors
/// [`PostgresError`]; then the tables are what they were.
pub fn prepare(settings: &PostgresSettings) -> Result<Vec<String>, PostgresError> {
    Session::open(settings, settings.connect)?.run(settings.operation, migrate::migrate)
}

/// Adds an org when it is not there, and gives it a login, made when it is not there. A login keeps its org.
/// The password itself is never sent, only its SCRAM-SHA-256 verifier (RFC 5803, RFC 7677).
///
/// # Errors
/// [`PostgresError::Schema`] when the login is another org's or may see every row; then nothing was changed.
pub fn add_org(
    settings: &PostgresSettings,
    org: &str,
    login: &str,
    password: Option<&str>,
) -> Result<(), PostgresError> {
    check_names(org, login)?;
    Session::open(settings, settings.connect)?
        .run(settings.operation, async |client| {
            client.batch_execute(migrate::SEARCH_PATH).await?;
            let transaction = client.transaction().await?;
            let find = "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = $1";
            match transaction.query_opt(find, &[&login]).await? {
                Some(row) if row.get(0) => {
                    return Err(PostgresError::Schema(format!(
                        "the login {login} may do more than an org's login may"
                    )));
                }
                Some(_) => {}
                None => {
                    let make =
                        "CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS";
                    let row = transaction.query_one("SELECT format($1, $2::text)", &[&make, &login]).await?;
                    transaction.batch_execute(row.get(0)).await?;
                }
            }
            if let Some(password) = password {
                // Statements are logged: the server gets what verifies the password, as psql's \password does.
                let verifier = scram_sha_256(password.as_bytes());
                let set = "ALTER ROLE %I PASSWORD %L";
                let quoted: [&(dyn ToSql + Sync); 3] = [&set, &login, &verifier];
                let row = transaction.query_one("SELECT format($1, $2::text, $3::text)", &quoted).await?;
                transaction.batch_execute(row.get(0)).await?;
            }
            let grant = "GRANT ecoops_member TO %I";
            let row = transaction.query_one("SELECT format($1, $2::text)", &[&grant, &login]).await?;
            transaction.batch_execute(row.get(0)).await?;
            transaction
                .execute("INSERT INTO orgs (name) VALUES ($1) ON CONFLICT DO NOTHING", &[&org])
                .await?;
            let member =
                "INSERT INTO members (role, org_id) SELECT $1::text::name, id FROM orgs WHERE name = $2
            ON CONFLICT (role) DO UPDATE SET role = members.role
            RETURNING (SELECT name FROM orgs WHERE id = members.org_id)";
            let of: String = transaction.query_one(member, &[&login, &org]).await?.get(0);
            if of != org {
                return Err(PostgresError::Schema(format!("the login {login} is the org {of}'s already")));
            }
            Ok(transaction.commit().await?)
        })
        .map_err(|error| match error {
            PostgresError::Refused { code, .. } if code == SqlState::UNDEFINED_TABLE.code() => {
                PostgresError::Schema("the database has no tables of ecoops: prepare it first".into())
            }
            other => other,
        })
}

/// What holds texts of documents and vectors made from them.
const OF_MEMORY: [&str; 4] = ["docs", "fields", "chunks", "postings"];

/// Rewrites the tables of the memory, one after the other: what was forgotten is in none of their files afterwards. Each
/// is locked while it is rewritten. The server's write-ahead log and copies of the database are not touched.
///
/// # Errors
/// [`PostgresError`]; the tables until then were rewritten, the others are as they were.
pub fn vacuum(settings: &PostgresSettings) -> Result<(), PostgresError> {
    let long = settings.operation.max(VACUUM);
    let settings = PostgresSettings { operation: long, ..settings.clone() };
    Session::open(&settings, settings.connect)?.run(long * 4, async |client| {
        // the server passes over the tables of others with a warning
        let own = "SELECT bool_and(pg_has_role(c.relowner, 'USAGE')) FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'ecoops' AND c.relname = ANY($1)";
        match client.query_one(own, &[&OF_MEMORY.as_slice()]).await?.try_get::<_, Option<bool>>(0)? {
            Some(true) => {}
            Some(false) => {
                return Err(PostgresError::Schema("the tables are another login's: use its own".into()));
            }
            None => return Err(PostgresError::Schema("the database has no tables of ecoops".into())),
        }
        for table in OF_MEMORY {
            // alone in its statement, because it runs in no transaction
            client.batch_execute(&format!("VACUUM (FULL) ecoops.{table}")).await?;
        }
        Ok(())
    })
}

fn check_names(org: &str, login: &str) -> Result<(), PostgresError> {
    let bad = |why: &str| Err(PostgresError::Settings(why.to_owned()));
    if org.trim().is_empty() || org.len() > 200 || org.contains(char::is_control) {
        return bad("the name of an org has 1 to 200 bytes and no control characters");
    }
    // a longer name would be cut, and be another's
    if login.is_empty() || login.len() > 63 || login.contains(char::is_control) {
        return bad("the name of a login has 1 to 63 bytes and no control characters");
    }
    Ok(())
}
