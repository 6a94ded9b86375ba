-- Plans as they are put before whoever approves them, and what was said of them. A plan does not change: what would be
-- done to other files, or to files that moved, is another plan. Commands against running systems have no table before
-- something runs them.
DROP TABLE commands;
DROP FUNCTION approved_before();

ALTER TABLE fix_plans
  -- in order of being proposed; `name` is the id as a ULID
  ADD COLUMN seq BIGINT GENERATED ALWAYS AS IDENTITY, ADD COLUMN name TEXT NOT NULL, ADD COLUMN run TEXT NOT NULL,
  ADD COLUMN repository TEXT NOT NULL, ADD COLUMN proposed_by TEXT NOT NULL, ADD COLUMN patch TEXT NOT NULL,
  ADD CONSTRAINT fix_plans_name UNIQUE (org_id, name),
  ADD CONSTRAINT fix_plans_status CHECK (status IN ('proposed', 'approved', 'rejected', 'executed'));
CREATE INDEX fix_plans_digest ON fix_plans (org_id, digest);
ALTER TABLE approvals ADD COLUMN seq BIGINT GENERATED ALWAYS AS IDENTITY;
CREATE INDEX approvals_of_plan ON approvals (org_id, plan_id, seq);

-- What is done was approved as it is, by the last word on it, and stays done.
CREATE FUNCTION approved_before() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.status = 'executed' AND NEW.status <> 'executed' THEN
    RAISE EXCEPTION 'the plan is done already' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.status = 'executed' AND 'approved' IS DISTINCT FROM (
    SELECT a.status FROM ecoops.approvals a
    WHERE a.org_id = NEW.org_id AND a.plan_id = NEW.id AND a.digest = NEW.digest ORDER BY a.seq DESC LIMIT 1
  ) THEN
    RAISE EXCEPTION 'the plan is not approved' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER approved_before BEFORE INSERT OR UPDATE ON fix_plans FOR EACH ROW EXECUTE FUNCTION approved_before();

REVOKE UPDATE, DELETE ON fix_plans FROM ecoops_member;
GRANT UPDATE (status) ON fix_plans TO ecoops_member;
