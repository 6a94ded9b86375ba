-- Orgs, and which login belongs to which. A row belongs to the org of the login that wrote it.
--
-- What protects: the policy asks for `session_user`, which no SQL of an ordinary login can change. It never asks
-- for a setting such as `app.org_id`, which any SQL can change.
CREATE TABLE orgs (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), name TEXT NOT NULL UNIQUE, plan TEXT NOT NULL DEFAULT 'pro',
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE TABLE members (role NAME PRIMARY KEY, org_id UUID NOT NULL REFERENCES orgs (id));

CREATE FUNCTION org() RETURNS UUID LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$ SELECT org_id FROM ecoops.members WHERE role = session_user $$;
REVOKE ALL ON FUNCTION org() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION org() TO ecoops_member;

ALTER TABLE orgs ENABLE ROW LEVEL SECURITY;
ALTER TABLE orgs FORCE ROW LEVEL SECURITY;
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
ALTER TABLE members FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON orgs FOR SELECT TO ecoops_member USING (id = (SELECT ecoops.org()));
CREATE POLICY own ON members FOR SELECT TO ecoops_member USING (role = session_user);
CREATE POLICY administration ON orgs TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY administration ON members TO CURRENT_USER USING (true) WITH CHECK (true);
GRANT SELECT ON orgs, members TO ecoops_member;
