//! The tables, made forward step by step, and checked before they are used.
//!
//! A step is a file of SQL, applied once in the transaction that notes its checksum. Never goes back, and never
//! touches tables that are newer than this program or were changed by hand.

use super::PostgresError;
use ecoops_core::domain::ContentHash;
use tokio_postgres::Client;

/// The name and text of each step, in order.
const STEPS: &[(&str, &str)] = &[
    ("0001_orgs", include_str!("migrations/0001_orgs.sql")),
    ("0002_memory", include_str!("migrations/0002_memory.sql")),
    ("0003_incidents", include_str!("migrations/0003_incidents.sql")),
    ("0004_plans", include_str!("migrations/0004_plans.sql")),
];

/// Of the advisory lock that makes migrators wait for each other.
const LOCK: i64 = 0x65_636f_6f70_7301;

const BEGIN: &str = "
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ecoops_member') THEN
    CREATE ROLE ecoops_member NOLOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector') THEN
    CREATE EXTENSION vector SCHEMA public;
  END IF;
END $$;
CREATE SCHEMA IF NOT EXISTS ecoops;
GRANT USAGE ON SCHEMA ecoops TO ecoops_member;
CREATE TABLE IF NOT EXISTS ecoops.migrations (
  number INT PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
GRANT SELECT ON ecoops.migrations TO ecoops_member;
";

/// What names in our SQL mean; set for each connection.
pub(super) const SEARCH_PATH: &str = "SET search_path = ecoops, public";

/// Applies the steps that are missing, by an administrator's connection; the names of those it applied.
///
/// # Errors
/// [`PostgresError`]; then the tables are what they were.
pub(super) async fn migrate(client: &mut Client) -> Result<Vec<String>, PostgresError> {
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    transaction.batch_execute(BEGIN).await?;
    let known = compare(&applied(transaction.client()).await?)?;
    transaction.batch_execute("SET LOCAL search_path = ecoops, public").await?;
    let mut done = Vec::new();
    for (place, (name, sql)) in STEPS.iter().enumerate().skip(known) {
        transaction.batch_execute(sql).await?;
        let number = i32::try_from(place + 1).unwrap_or(i32::MAX);
        let note = "INSERT INTO ecoops.migrations (number, name, sha256) VALUES ($1, $2, $3)";
        transaction.execute(note, &[&number, name, &checksum(sql)]).await?;
        done.push((*name).to_owned());
    }
    transaction.commit().await?;
    Ok(done)
}

/// Makes a connection of an org's login ready, and refuses one that the tables do not protect from.
///
/// # Errors
/// [`PostgresError::Schema`] says what is wrong and what to do.
pub(super) async fn check(client: &mut Client, org: &str) -> Result<(), PostgresError> {
    let schema = |why: String| PostgresError::Schema(why);
    client.batch_execute(SEARCH_PATH).await?;
    let readable = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'ecoops' AND c.relname = 'migrations'
          AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))";
    if !client.query_one(readable, &[]).await?.try_get::<_, bool>(0)? {
        return Err(schema(
            "the database has no tables of ecoops for this login: `ecoops database prepare` makes them"
                .into(),
        ));
    }
    let known = compare(&applied(client).await?)?;
    if known < STEPS.len() {
        return Err(schema(format!(
            "the database has {known} of {} steps of the tables: `ecoops database prepare` makes the others",
            STEPS.len()
        )));
    }
    let login = "SELECT rolsuper OR rolbypassrls, session_user::text, current_user = session_user, o.name
        FROM pg_roles LEFT JOIN orgs o ON o.id = ecoops.org() WHERE rolname = session_user";
    let row = client.query_one(login, &[]).await?;
    let (over, name, own, found): (bool, String, bool, Option<String>) =
        (row.get(0), row.get(1), row.get(2), row.get(3));
    if over || !own {
        return Err(schema(format!(
            "the login {name} may see the rows of every org: use the login of one org"
        )));
    }
    match found {
        None => Err(schema(format!("the login {name} belongs to no org: `ecoops database org` adds one"))),
        Some(found) if !org.is_empty() && found != org => {
            Err(schema(format!("the login {name} is the org {found}'s, not {org}'s")))
        }
        Some(_) => Ok(()),
    }
}

async fn applied(client: &Client) -> Result<Vec<(i32, String, String)>, PostgresError> {
    let rows =
        client.query("SELECT number, name, sha256 FROM ecoops.migrations ORDER BY number", &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

/// How many of our steps are there; no step may be another than ours.
fn compare(applied: &[(i32, String, String)]) -> Result<usize, PostgresError> {
    for (place, (number, name, sum)) in applied.iter().enumerate() {
        let Some((own, sql)) = STEPS.get(place) else {
            return Err(PostgresError::Schema(format!(
                "the database's tables are newer than this ecoops (step {number}, {name}): use the newer ecoops"
            )));
        };
        if usize::try_from(*number).ok() != Some(place + 1) || name != own || *sum != checksum(sql) {
            return Err(PostgresError::Schema(format!(
                "step {number} ({name}) of the database's tables is not the one of this ecoops ({own}): it was \
                 altered, or made by another program; nothing was changed"
            )));
        }
    }
    Ok(applied.len())
}

fn checksum(sql: &str) -> String {
    ContentHash::of(sql.as_bytes()).hex().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_or_altered_steps_are_refused() {
        let ours: Vec<_> =
            STEPS.iter().zip(1..).map(|((name, sql), n)| (n, (*name).to_owned(), checksum(sql))).collect();
        assert_eq!(compare(&[]).expect("none"), 0);
        assert_eq!(compare(&ours[..1]).expect("one"), 1);
        assert_eq!(compare(&ours).expect("all"), STEPS.len());
        let mut newer = ours.clone();
        newer.push((99, "later".into(), String::new()));
        assert!(compare(&newer).expect_err("newer").to_string().contains("newer"));
        let mut altered = ours;
        altered[0].2 = checksum("");
        assert!(compare(&altered).expect_err("altered").to_string().contains("altered"));
    }
}
