//! What an administrator of the database does once: make the tables, add an org and its login.
//!
//! Never used by an adapter at work, whose login may do none of this.

use super::{PostgresError, PostgresSettings, Session, migrate};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

/// Applies the steps that are missing; several at once wait for each other. The names of those applied.
///
/// # Errors
/// [`PostgresError`]; then the tables are what they were.
pub fn prepare(settings: &PostgresSettings) -> Result<Vec<String>, PostgresError> {
    Session::open(settings, settings.connect)?.run(settings.operation, migrate::migrate)
}

/// Adds an org when it is not there, and gives it a login, made when it is not there. A login keeps its org.
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
                let set = "ALTER ROLE %I PASSWORD %L";
                let quoted: [&(dyn ToSql + Sync); 3] = [&set, &login, &password];
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
