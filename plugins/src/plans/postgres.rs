//! Plans that an org shares, in PostgreSQL: one proposes, another approves.
//!
//! The server keeps the orgs apart, lets nobody change what was proposed or said, and takes a plan for done only when
//! the last word on it is a yes.

use crate::postgres::{
    Pool, PostgresError, PostgresSettings, escape, escape_value, unescape, unescape_value,
};
use ecoops_core::domain::{ContentHash, Plan, PlanApproval, PlanStatus, RunId};
use ecoops_core::ports::plans::{Plans, PlansError, meant};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_postgres::types::{Json, ToSql};
use tokio_postgres::{Client, Row, Transaction};

const PLAN: &str =
    "SELECT name, run, repository, summary, preflight, steps, patch, rollback, digest, proposed_by,
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), status FROM fix_plans p";
const APPROVAL: &str = "SELECT p.name, a.approver, a.status, a.notes, a.digest,
    to_char(a.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
    FROM approvals a JOIN fix_plans p ON p.id = a.plan_id";

/// See the module.
#[derive(Debug)]
pub struct PgPlans {
    pool: Pool,
}

impl From<PostgresError> for PlansError {
    fn from(error: PostgresError) -> Self {
        match error {
            PostgresError::Away(_) => Self::Away(error.to_string()),
            other => Self::Storage(other.to_string()),
        }
    }
}

impl PgPlans {
    /// Connects to nothing yet.
    pub fn new(settings: PostgresSettings) -> Self {
        Self { pool: Pool::new(settings) }
    }

    fn plans(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Plan>, PlansError> {
        Ok(self.pool.again(async |client| {
            let rows = client.query(sql, values).await?;
            rows.iter().map(plan).collect::<Result<Vec<_>, _>>()
        })?)
    }
}

fn json_of(value: &impl Serialize) -> Result<Json<Value>, PlansError> {
    let value = serde_json::to_value(value).map_err(|e| PlansError::Storage(e.to_string()))?;
    Ok(Json(escape_value(&value)))
}

fn of_json<T: DeserializeOwned>(value: Value) -> Result<T, PostgresError> {
    serde_json::from_value(unescape_value(&value))
        .map_err(|e| PostgresError::Damaged(format!("a plan cannot be understood: {e}")))
}

/// The 128 bits of a ULID as a UUID.
fn uuid(id: &str) -> Result<String, PlansError> {
    let ulid = ulid::Ulid::from_string(id).map_err(|_| PlansError::Unknown(id.to_owned()))?;
    Ok(uuid::Uuid::from_u128(u128::from(ulid)).to_string())
}

fn plan(row: &Row) -> Result<Plan, PostgresError> {
    let text = |column: usize| Ok::<_, PostgresError>(unescape(row.try_get(column)?));
    let digest = Value::from(text(8)?);
    Ok(Plan {
        id: row.try_get(0)?,
        run: RunId(text(1)?),
        repository: text(2)?,
        summary: text(3)?,
        preflight: of_json(row.try_get(4)?)?,
        steps: of_json(row.try_get(5)?)?,
        patch: text(6)?,
        rollback: of_json(row.try_get(7)?)?,
        digest: of_json(digest)?,
        proposed_by: text(9)?,
        created_at: text(10)?,
        status: of_json(Value::from(text(11)?))?,
    })
}

fn approval(row: &Row) -> Result<PlanApproval, PostgresError> {
    let text = |column: usize| Ok::<_, PostgresError>(unescape(row.try_get(column)?));
    Ok(PlanApproval {
        plan: row.try_get(0)?,
        approver: text(1)?,
        approved: text(2)? == "approved",
        notes: row.try_get::<_, Option<String>>(3)?.map(unescape).unwrap_or_default(),
        digest: of_json(Value::from(text(4)?))?,
        created_at: text(5)?,
    })
}

/// Digest and status of a plan, whose row is locked until the transaction ends.
async fn locked(tx: &Transaction<'_>, id: &str) -> Result<Option<(String, String)>, PostgresError> {
    let row = tx.query_opt("SELECT digest, status FROM fix_plans WHERE name = $1 FOR UPDATE", &[&id]).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}

async fn say(client: &mut Client, approval: &PlanApproval) -> Result<Result<(), PlansError>, PostgresError> {
    let id = &approval.plan;
    let tx = client.transaction().await?;
    let Some((digest, status)) = locked(&tx, id).await? else {
        return Ok(Err(PlansError::Unknown(id.clone())));
    };
    if digest != approval.digest.as_str() {
        return Ok(Err(PlansError::Moved(id.clone())));
    }
    if status == PlanStatus::Executed.as_str() {
        return Ok(Err(PlansError::Executed(id.clone())));
    }
    let said = if approval.approved { PlanStatus::Approved } else { PlanStatus::Rejected }.as_str();
    let insert = "INSERT INTO approvals (plan_id, approver, status, notes, digest, created_at)
        SELECT id, $2, $3, $4, $5, $6::text::timestamptz FROM fix_plans WHERE name = $1";
    let (approver, notes) = (escape(&approval.approver), escape(&approval.notes));
    tx.execute(insert, &[id, &approver, &said, &notes, &digest, &approval.created_at]).await?;
    tx.execute("UPDATE fix_plans SET status = $2 WHERE name = $1", &[id, &said]).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

async fn done(client: &mut Client, id: &str) -> Result<Result<(), PlansError>, PostgresError> {
    let tx = client.transaction().await?;
    let Some((_, status)) = locked(&tx, id).await? else {
        return Ok(Err(PlansError::Unknown(id.to_owned())));
    };
    if status == PlanStatus::Executed.as_str() {
        return Ok(Ok(()));
    }
    if status != PlanStatus::Approved.as_str() {
        return Ok(Err(PlansError::NotApproved(id.to_owned())));
    }
    tx.execute("UPDATE fix_plans SET status = 'executed' WHERE name = $1", &[&id]).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

impl Plans for PgPlans {
    fn propose(&self, plan: &Plan) -> Result<String, PlansError> {
        let (uuid, preflight, steps) = (uuid(&plan.id)?, json_of(&plan.preflight)?, json_of(&plan.steps)?);
        let (repository, summary, patch) =
            (escape(&plan.repository), escape(&plan.summary), escape(&plan.patch));
        let (by, rollback, status) =
            (escape(&plan.proposed_by), json_of(&plan.rollback)?, plan.status.as_str());
        let find = "SELECT name FROM fix_plans WHERE name = $1 OR (digest = $2 AND status <> 'executed')
            ORDER BY seq DESC LIMIT 1";
        let insert =
            "INSERT INTO fix_plans (id, name, run, repository, summary, preflight, steps, patch, rollback,
              digest, proposed_by, created_at, status)
            VALUES ($1::text::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::timestamptz, $13)
            ON CONFLICT (org_id, name) DO NOTHING";
        let digest = plan.digest.as_str();
        let values: [&(dyn ToSql + Sync); 13] = [
            &uuid,
            &plan.id,
            &plan.run.0,
            &repository,
            &summary,
            &preflight,
            &steps,
            &patch,
            &rollback,
            &digest,
            &by,
            &plan.created_at,
            &status,
        ];
        Ok(self.pool.again(async |client| {
            if let Some(same) = client.query_opt(find, &[&plan.id, &digest]).await? {
                return Ok(same.try_get(0)?);
            }
            client.execute(insert, &values).await?;
            Ok(plan.id.clone())
        })?)
    }

    fn plan(&self, id: &str) -> Result<(Plan, Vec<PlanApproval>), PlansError> {
        let wanted = id.to_ascii_uppercase();
        let sql = format!("{PLAN} WHERE left(name, length($1)) = $1 ORDER BY seq LIMIT 6");
        let found = meant(id, self.plans(&sql, &[&escape(&wanted)])?)?;
        let sql = format!("{APPROVAL} WHERE p.name = $1 ORDER BY a.seq");
        let said = self.pool.again(async |client| {
            let rows = client.query(&sql, &[&found.id]).await?;
            rows.iter().map(approval).collect::<Result<Vec<_>, _>>()
        })?;
        Ok((found, said))
    }

    fn list(&self, status: Option<PlanStatus>, limit: usize) -> Result<Vec<Plan>, PlansError> {
        let sql = format!("{PLAN} WHERE $1::text IS NULL OR status = $1 ORDER BY seq DESC LIMIT $2");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.plans(&sql, &[&status.map(PlanStatus::as_str), &limit])
    }

    fn decide(&self, approval: &PlanApproval) -> Result<(), PlansError> {
        self.pool.once(async |client| say(client, approval).await)?
    }

    fn standing(&self, digest: &ContentHash) -> Result<Option<PlanApproval>, PlansError> {
        let sql = format!(
            "{APPROVAL} WHERE a.digest = $1 AND p.digest = $1 AND p.status <> 'executed'
             ORDER BY a.seq DESC LIMIT 1"
        );
        let last = self.pool.again(async |client| {
            let row = client.query_opt(&sql, &[&digest.as_str()]).await?;
            row.as_ref().map(approval).transpose()
        })?;
        Ok(last.filter(|approval| approval.approved))
    }

    fn execute(&self, id: &str) -> Result<(), PlansError> {
        self.pool.again(async |client| done(client, id).await)?
    }
}
