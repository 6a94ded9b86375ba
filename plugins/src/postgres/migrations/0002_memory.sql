-- Documents, their chunks with vectors, and an index of words.
--
-- Keys begin with the org, and so do references: neither a unique value nor a reference tells one org what another
-- has. The index of words is a table and not a tsvector, because under row-level security an index may serve only
-- operators that leak nothing, and `@@` is none of them.
CREATE TABLE docs (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), org_id UUID NOT NULL REFERENCES orgs (id),
  -- in order of coming in; `block` is the first number of those that came with it
  number BIGINT NOT NULL, block BIGINT NOT NULL, name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('fix', 'incident', 'runbook', 'postmortem')),
  title TEXT NOT NULL, text TEXT NOT NULL, source TEXT NOT NULL, s3_key TEXT, meta JSONB NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  UNIQUE (org_id, id), UNIQUE (org_id, number), UNIQUE (org_id, name)
);
CREATE TABLE fields (
  org_id UUID NOT NULL, digest BYTEA NOT NULL, doc BIGINT NOT NULL, PRIMARY KEY (org_id, digest, doc),
  FOREIGN KEY (org_id, doc) REFERENCES docs (org_id, number) ON DELETE CASCADE
);
CREATE INDEX fields_of_doc ON fields (org_id, doc);
CREATE TABLE chunks (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), org_id UUID NOT NULL, doc_id UUID NOT NULL,
  ordinal INT NOT NULL, start INT NOT NULL, stop INT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
  -- the model that made the vector; a ranking is of one model only
  model TEXT, embedding VECTOR(1024), meta JSONB NOT NULL DEFAULT '{}',
  CHECK ((model IS NULL) = (embedding IS NULL)), UNIQUE (org_id, doc_id, ordinal),
  FOREIGN KEY (org_id, doc_id) REFERENCES docs (org_id, id) ON DELETE CASCADE
);
CREATE INDEX chunks_of_model ON chunks (org_id, model);
CREATE INDEX chunks_embedding ON chunks USING hnsw (embedding vector_cosine_ops);
-- `list` is eight bytes an entry: document after `block` (u16), chunk (u16), how often (u8), kind (u8), length in
-- terms (u16), little-endian
CREATE TABLE postings (
  org_id UUID NOT NULL, term TEXT NOT NULL, block BIGINT NOT NULL, list BYTEA NOT NULL,
  PRIMARY KEY (org_id, term, block)
);
-- one row an org: its lock orders the writers of an org
CREATE TABLE corpora (
  org_id UUID PRIMARY KEY REFERENCES orgs (id), docs BIGINT NOT NULL DEFAULT 0, chunks BIGINT NOT NULL DEFAULT 0,
  terms BIGINT NOT NULL DEFAULT 0, next BIGINT NOT NULL DEFAULT 1
);
CREATE TABLE models (
  org_id UUID NOT NULL REFERENCES orgs (id), model TEXT NOT NULL, vectors BIGINT NOT NULL, PRIMARY KEY (org_id, model)
);
ALTER TABLE chunks SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE postings SET (autovacuum_vacuum_scale_factor = 0.02);

DO $$
DECLARE name TEXT;
BEGIN
  FOREACH name IN ARRAY ARRAY['docs', 'fields', 'chunks', 'postings', 'corpora', 'models'] LOOP
    EXECUTE format('ALTER TABLE ecoops.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE ecoops.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY own ON ecoops.%I TO ecoops_member USING (org_id = (SELECT ecoops.org()))
      WITH CHECK (org_id = (SELECT ecoops.org()))', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ecoops.%I TO ecoops_member', name);
    EXECUTE format('ALTER TABLE ecoops.%I ALTER COLUMN org_id SET DEFAULT ecoops.org()', name);
  END LOOP;
END $$;
