//! Plans in one SQLite file.

use ecoops_core::domain::{ContentHash, Plan, PlanApproval, PlanStatus};
use ecoops_core::ports::plans::{Plans, PlansError, meant};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use serde::de::DeserializeOwned;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

const TABLES: &str = "
CREATE TABLE plans (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, digest TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('proposed', 'approved', 'rejected', 'executed')), body TEXT NOT NULL
) STRICT;
CREATE INDEX plans_of_digest ON plans (digest);
CREATE TABLE approvals (
  number INTEGER PRIMARY KEY AUTOINCREMENT, plan TEXT NOT NULL REFERENCES plans (id), digest TEXT NOT NULL,
  approved INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX approvals_of_plan ON approvals (plan, number);
";

const COLUMNS: &str = "SELECT id, status, body FROM plans";

/// See the module.
#[derive(Debug)]
pub struct EmbeddedPlans(Mutex<Connection>);

impl EmbeddedPlans {
    /// Opens the file or makes it.
    ///
    /// # Errors
    /// [`PlansError::Storage`] when it cannot be used.
    pub fn open(path: &Path) -> Result<Self, PlansError> {
        let connection = crate::sqlite::open(path, 1, TABLES)
            .map_err(|why| PlansError::Storage(format!("{}: {why}", path.display())))?;
        Ok(Self(Mutex::new(connection)))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something whole or not at all.
    fn change<T>(
        &self,
        act: impl FnOnce(&Transaction<'_>) -> Result<T, PlansError>,
    ) -> Result<T, PlansError> {
        let mut connection = self.connection();
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(storage)?;
        let done = act(&tx)?;
        tx.commit().map_err(storage)?;
        Ok(done)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is handed over by map_err")]
fn storage(error: rusqlite::Error) -> PlansError {
    PlansError::Storage(error.to_string())
}

fn parse<T: DeserializeOwned>(body: &str) -> Result<T, PlansError> {
    serde_json::from_str(body).map_err(|e| PlansError::Storage(format!("a row cannot be understood: {e}")))
}

type Raw = (String, String, String);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn plan((id, status, body): Raw) -> Result<Plan, PlansError> {
    let status = PlanStatus::ALL.into_iter().find(|known| known.as_str() == status);
    let status = status.ok_or_else(|| PlansError::Storage(format!("plan {id} has no known status")))?;
    Ok(Plan { status, ..parse(&body)? })
}

/// Digest and status of a plan, and whether the last word on it is a yes.
fn state(tx: &Transaction<'_>, id: &str) -> Result<(String, String, bool), PlansError> {
    let find = "SELECT digest, status, coalesce((SELECT approved FROM approvals a WHERE a.plan = p.id
        ORDER BY number DESC LIMIT 1), 0) FROM plans p WHERE id = ?1";
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let found = tx.query_row(find, [id], row).optional().map_err(storage)?;
    found.ok_or_else(|| PlansError::Unknown(id.to_owned()))
}

fn set(tx: &Transaction<'_>, id: &str, status: PlanStatus) -> Result<(), PlansError> {
    let update = "UPDATE plans SET status = ?2 WHERE id = ?1";
    tx.execute(update, params![id, status.as_str()]).map(drop).map_err(storage)
}

impl Plans for EmbeddedPlans {
    fn propose(&self, plan: &Plan) -> Result<String, PlansError> {
        let body = serde_json::to_string(plan).map_err(|e| PlansError::Storage(e.to_string()))?;
        self.change(|tx| {
            let find = "SELECT id FROM plans WHERE id = ?1 OR (digest = ?2 AND status <> 'executed')
                ORDER BY number DESC LIMIT 1";
            let same = tx.query_row(find, [plan.id.as_str(), plan.digest.as_str()], |row| row.get(0));
            if let Some(same) = same.optional().map_err(storage)? {
                return Ok(same);
            }
            let insert = "INSERT INTO plans (id, digest, status, body) VALUES (?1, ?2, ?3, ?4)";
            let values = params![plan.id, plan.digest.as_str(), plan.status.as_str(), body];
            tx.execute(insert, values).map_err(storage)?;
            Ok(plan.id.clone())
        })
    }

    fn plan(&self, id: &str) -> Result<(Plan, Vec<PlanApproval>), PlansError> {
        let connection = self.connection();
        let sql = format!("{COLUMNS} WHERE substr(id, 1, length(?1)) = ?1 ORDER BY number LIMIT 6");
        let mut find = connection.prepare(&sql).map_err(storage)?;
        let rows = find.query_map([id.to_ascii_uppercase()], raw).map_err(storage)?;
        let found = rows.map(|row| plan(row.map_err(storage)?)).collect::<Result<Vec<_>, PlansError>>()?;
        let found = meant(id, found)?;
        let mut said = connection
            .prepare("SELECT body FROM approvals WHERE plan = ?1 ORDER BY number")
            .map_err(storage)?;
        let rows = said.query_map([&found.id], |row| row.get::<_, String>(0)).map_err(storage)?;
        let said = rows.map(|row| parse(&row.map_err(storage)?)).collect::<Result<_, PlansError>>()?;
        Ok((found, said))
    }

    fn list(&self, status: Option<PlanStatus>, limit: usize) -> Result<Vec<Plan>, PlansError> {
        let connection = self.connection();
        let sql = format!("{COLUMNS} WHERE ?1 IS NULL OR status = ?1 ORDER BY number DESC LIMIT ?2");
        let mut find = connection.prepare(&sql).map_err(storage)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = find.query_map(params![status.map(PlanStatus::as_str), limit], raw).map_err(storage)?;
        rows.map(|row| plan(row.map_err(storage)?)).collect()
    }

    fn decide(&self, approval: &PlanApproval) -> Result<(), PlansError> {
        let body = serde_json::to_string(approval).map_err(|e| PlansError::Storage(e.to_string()))?;
        self.change(|tx| {
            let (digest, status, _) = state(tx, &approval.plan)?;
            if digest != approval.digest.as_str() {
                return Err(PlansError::Moved(approval.plan.clone()));
            }
            if status == PlanStatus::Executed.as_str() {
                return Err(PlansError::Executed(approval.plan.clone()));
            }
            let insert = "INSERT INTO approvals (plan, digest, approved, body) VALUES (?1, ?2, ?3, ?4)";
            tx.execute(insert, params![approval.plan, digest, approval.approved, body]).map_err(storage)?;
            let status = if approval.approved { PlanStatus::Approved } else { PlanStatus::Rejected };
            set(tx, &approval.plan, status)
        })
    }

    fn standing(&self, digest: &ContentHash) -> Result<Option<PlanApproval>, PlansError> {
        let find = "SELECT a.approved, a.body FROM approvals a JOIN plans p ON p.id = a.plan
            WHERE a.digest = ?1 AND p.digest = ?1 AND p.status <> 'executed' ORDER BY a.number DESC LIMIT 1";
        let row = |row: &Row<'_>| Ok((row.get::<_, bool>(0)?, row.get::<_, String>(1)?));
        let last = self.connection().query_row(find, [digest.as_str()], row).optional().map_err(storage)?;
        last.filter(|(approved, _)| *approved).map(|(_, body)| parse(&body)).transpose()
    }

    fn execute(&self, id: &str) -> Result<(), PlansError> {
        self.change(|tx| {
            let (_, status, approved) = state(tx, id)?;
            if status == PlanStatus::Executed.as_str() {
                return Ok(());
            }
            if !approved {
                return Err(PlansError::NotApproved(id.to_owned()));
            }
            set(tx, id, PlanStatus::Executed)
        })
    }
}
