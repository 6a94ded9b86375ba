-- Incidents with what was concluded, plans with their approvals, and a copy of the audit log.
--
-- Signals and raw lines are not here: they stay with who took them in.
CREATE TABLE incidents (
  id UUID NOT NULL, org_id UUID NOT NULL REFERENCES orgs (id),
  -- in order of being opened; `name` is the id as a ULID
  seq BIGINT GENERATED ALWAYS AS IDENTITY, name TEXT NOT NULL, title TEXT NOT NULL,
  started_at TIMESTAMPTZ NOT NULL, opened_at TIMESTAMPTZ NOT NULL, ended_at TIMESTAMPTZ, severity TEXT,
  status TEXT NOT NULL CHECK (status IN ('open', 'closed')), service TEXT, slo_impact JSONB, confidence NUMERIC,
  resolution TEXT, brief JSONB NOT NULL, analysis JSONB, meta JSONB NOT NULL DEFAULT '{}',
  PRIMARY KEY (org_id, id), UNIQUE (org_id, name)
);
CREATE TABLE evidence (
  id UUID NOT NULL DEFAULT gen_random_uuid(), org_id UUID NOT NULL, incident_id UUID NOT NULL,
  -- `e1`, `e2`, as the analysis cites it
  name TEXT NOT NULL, place INT NOT NULL, kind TEXT NOT NULL, ref JSONB NOT NULL, excerpt TEXT NOT NULL,
  score NUMERIC NOT NULL, created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, id), UNIQUE (org_id, incident_id, name),
  FOREIGN KEY (org_id, incident_id) REFERENCES incidents (org_id, id) ON DELETE CASCADE
);
CREATE TABLE hypotheses (
  id UUID NOT NULL DEFAULT gen_random_uuid(), org_id UUID NOT NULL, incident_id UUID NOT NULL,
  place INT NOT NULL, statement TEXT NOT NULL, confidence NUMERIC NOT NULL, counter JSONB NOT NULL,
  -- a hypothesis without evidence is none
  support JSONB NOT NULL CHECK (jsonb_array_length(support) > 0),
  PRIMARY KEY (org_id, id), UNIQUE (org_id, incident_id, place),
  FOREIGN KEY (org_id, incident_id) REFERENCES incidents (org_id, id) ON DELETE CASCADE
);
CREATE TABLE fix_plans (
  id UUID NOT NULL DEFAULT gen_random_uuid(), org_id UUID NOT NULL, incident_id UUID,
  summary TEXT NOT NULL, risk_score NUMERIC, preflight JSONB, steps JSONB NOT NULL, rollback JSONB, status TEXT NOT NULL,
  -- of what is approved: SHA-256 of the plan
  digest TEXT NOT NULL, created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, id), FOREIGN KEY (org_id, incident_id) REFERENCES incidents (org_id, id)
);
CREATE TABLE approvals (
  id UUID NOT NULL DEFAULT gen_random_uuid(), org_id UUID NOT NULL, plan_id UUID NOT NULL, approver TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('approved', 'rejected')), notes TEXT,
  -- of the plan that was looked at
  digest TEXT NOT NULL, created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, id), FOREIGN KEY (org_id, plan_id) REFERENCES fix_plans (org_id, id)
);
CREATE TABLE commands (
  id UUID NOT NULL DEFAULT gen_random_uuid(), org_id UUID NOT NULL, plan_id UUID NOT NULL,
  production BOOLEAN NOT NULL DEFAULT true, tool TEXT NOT NULL, script TEXT NOT NULL, dryrun_output TEXT, result TEXT,
  exit_code INT, started_at TIMESTAMPTZ, ended_at TIMESTAMPTZ,
  PRIMARY KEY (org_id, id), FOREIGN KEY (org_id, plan_id) REFERENCES fix_plans (org_id, id)
);
-- a copy of the log that proves: entry `number` of `log`
CREATE TABLE audit_log (
  id BIGINT GENERATED ALWAYS AS IDENTITY, org_id UUID NOT NULL REFERENCES orgs (id), user_id UUID,
  log TEXT NOT NULL, number BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
  meta JSONB NOT NULL, created_at TIMESTAMPTZ NOT NULL, PRIMARY KEY (org_id, id), UNIQUE (org_id, log, number)
);

-- What runs in production was approved as it is: the last word on the plan as it stands is a yes.
CREATE FUNCTION approved_before() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.production AND 'approved' IS DISTINCT FROM (
    SELECT a.status FROM ecoops.approvals a JOIN ecoops.fix_plans p ON p.org_id = a.org_id AND p.id = a.plan_id
    WHERE a.org_id = NEW.org_id AND a.plan_id = NEW.plan_id AND a.digest = p.digest
    ORDER BY a.created_at DESC, a.status DESC LIMIT 1
  ) THEN
    RAISE EXCEPTION 'the plan of this command is not approved' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER approved_before BEFORE INSERT OR UPDATE OF plan_id, production, script, tool ON commands
  FOR EACH ROW EXECUTE FUNCTION approved_before();

DO $$
DECLARE name TEXT;
BEGIN
  FOREACH name IN ARRAY ARRAY['incidents', 'evidence', 'hypotheses', 'fix_plans', 'approvals', 'commands', 'audit_log'] LOOP
    EXECUTE format('ALTER TABLE ecoops.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE ecoops.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY own ON ecoops.%I TO ecoops_member USING (org_id = (SELECT ecoops.org()))
      WITH CHECK (org_id = (SELECT ecoops.org()))', name);
    EXECUTE format('ALTER TABLE ecoops.%I ALTER COLUMN org_id SET DEFAULT ecoops.org()', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['incidents', 'evidence', 'hypotheses', 'fix_plans', 'commands'] LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ecoops.%I TO ecoops_member', name);
  END LOOP;
  -- what was said stays said
  GRANT SELECT, INSERT ON ecoops.approvals, ecoops.audit_log TO ecoops_member;
END $$;
