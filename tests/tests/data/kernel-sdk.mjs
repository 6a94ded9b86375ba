// A client of the kernel's contract as a TypeScript program has one: one base URL, a bearer token, a UUID trace in
// `x-trace-id`, answers in the envelope, and every call that may have got lost sent again. Run by the test
// `agent_sdk` as `node kernel-sdk.mjs BASE TOKEN`; prints one line a call and `calls N`.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

const [base, token] = process.argv.slice(2);
let calls = 0;

class Kernel {
  // One call, with its trace; `again` sends it a second time, as a client does that got no answer.
  async call(name, method, path, { body, form, status = 200, trace = randomUUID(), again = false, headers = {} } = {}) {
    const request = {
      method,
      headers: { authorization: `Bearer ${token}`, 'x-trace-id': trace, ...headers },
    };
    if (body !== undefined) {
      request.headers['content-type'] = 'application/json';
      request.body = JSON.stringify(body);
    }
    if (form) request.body = form;
    const answers = [];
    for (let attempt = 0; attempt < (again ? 2 : 1); attempt++) {
      const response = await fetch(new URL(path, base), request);
      const text = await response.text();
      assert.equal(response.status, status, `${name}: ${response.status} ${text}`);
      const answer = JSON.parse(text);
      assert.equal(answer.success, status < 400, name);
      assert.match(answer.meta.requestId, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, name);
      assert.ok(!Number.isNaN(Date.parse(answer.meta.timestamp)), name);
      // The trace is the same bits in every writing.
      assert.equal(response.headers.get('x-trace-id'), trace, name);
      if (!again) assert.equal(answer.meta.traceId, trace, name);
      assert.equal(response.headers.get('traceparent').split('-')[1], trace.replaceAll('-', ''), name);
      assert.ok(response.headers.get('x-request-id') && response.headers.get('x-service-name'), name);
      answers.push(answer);
    }
    calls++;
    console.log(`${name} ${method} ${path} ${status}`);
    return again ? answers.map((answer) => answer.data) : answers[0].data ?? answers[0].error;
  }
}

const kernel = new Kernel();
const now = () => new Date().toISOString();

// Auth.
const verified = await kernel.call('verifyToken', 'POST', '/auth/verify', { body: { token } });
assert.ok(verified.actor.id && Date.parse(verified.expiresAt) > Date.now());
const allowed = await kernel.call('authorize', 'POST', '/auth/authorize', { body: { permission: 'memory:read' } });
assert.equal(allowed.decision.verdict, 'allow');
const denied = await kernel.call('authorize', 'POST', '/auth/authorize', { body: { permission: 'no:such' } });
assert.equal(denied.decision.verdict, 'deny');
const roles = await kernel.call('roles', 'GET', '/auth/roles');
assert.ok(roles.roles.some((role) => role.name === 'admin' && role.permissions.length > 0));
assert.equal((await kernel.call('introspect', 'POST', '/auth/introspect', { body: { token } })).active, true);
assert.equal((await kernel.call('introspect', 'POST', '/auth/introspect', { body: { token: 'a.b.c' } })).active, false);
assert.equal((await kernel.call('introspectOwn', 'GET', '/auth/introspect')).active, true);
assert.ok((await kernel.call('rbacPolicy', 'GET', '/auth/rbac/policy')).roles.admin);

// Memory: as JSON and as a form; what is not given is null.
const document = { title: 'Pool', source: 'sdk', content: 'The connection pool is exhausted: raise its size.', metadata: { type: 'runbook', team: 'db' } };
const kept = await kernel.call('ingest', 'POST', '/memory/ingest', { body: document, status: 201, again: true });
assert.equal(kept[0].documentId, kept[1].documentId, 'kept once');
const form = new FormData();
form.append('file', new Blob(['# Disk\nThe disk is full: rotate the logs.'], { type: 'text/markdown' }), 'disk.md');
form.append('metadata', JSON.stringify({ type: 'runbook' }));
const formed = await kernel.call('ingestForm', 'POST', '/memory/ingest', { form, status: 201 });
assert.ok(formed.documentId);
const found = await kernel.call('search', 'POST', '/memory/search', { body: { query: 'connection pool exhausted', topK: 5, filters: null } });
assert.equal(found.results[0].chunk.documentId, kept[0].documentId);
const read = await kernel.call('document', 'GET', `/memory/documents/${kept[0].documentId}`);
assert.equal(read.content, document.content);
assert.equal((await kernel.call('documentAbsent', 'GET', '/memory/documents/none', { status: 404 })).code, 'NOT_FOUND');

// Events: the stream's name in the body, with a colon in it; a retry is told by its key.
const event = {
  streamName: 'platform-01:healing', type: 'platform-01.healing.completed', source: 'sdk', subject: null, traceId: randomUUID(),
  actor: { id: 'sdk', type: 'service' }, resource: { kind: 'node', id: 'n1', namespace: null }, policyDecision: null,
  idempotencyKey: randomUUID(), priority: 'normal', data: { healed: true },
};
const published = await kernel.call('publish', 'POST', '/events/publish', { body: event, status: 201, again: true });
assert.equal(published[0].streamName, 'platform-01:healing');
assert.equal(published[0].eventId, published[1].eventId);
for (const path of ['/events/replay/platform-01:healing', '/events/replay/platform-01%3Ahealing']) {
  const replayed = await kernel.call('replay', 'GET', `${path}?startId=0&count=10`);
  assert.equal(replayed.events.filter((one) => one.idempotencyKey === event.idempotencyKey).length, 1, 'published once');
}
// The types of the contract have no stream: then the type names it.
const { streamName: _, ...plain } = event;
const placed = await kernel.call('publishPlain', 'POST', '/events/publish', { body: { ...plain, idempotencyKey: randomUUID() }, status: 201 });
assert.equal(placed.streamName, 'platform-01:healing');

// Policy and audit.
const decision = await kernel.call('evaluate', 'POST', '/policy/evaluate', { body: { policyPath: 'remediation/allow', input: {
  actor: { id: 'sdk', type: 'service', roles: [] }, resource: { kind: 'file', id: 'src/x.py' }, action: 'apply-fix',
  context: { severity: 'low', compliance_mode: 'standard', tier: 'safe' },
} } });
assert.equal(decision.verdict, 'allow');
const entry = {
  timestamp: now(), traceId: randomUUID(), actor: { id: 'sdk', type: 'service', email: null },
  resource: { kind: 'node', id: 'n1', namespace: null }, action: 'heal', result: 'success', policyDecision: null,
  complianceTags: ['SOC2'], metadata: { run: randomUUID() },
};
const written = await kernel.call('auditWrite', 'POST', '/audit/write', { body: entry, status: 201, again: true });
assert.equal(written[0].id, written[1].id, 'written once');
const logged = await kernel.call('auditQuery', 'GET', '/audit/query?resourceKind=node&page=1&pageSize=10');
assert.equal((logged.entries ?? logged.items).length, 1);
const report = await kernel.call('report', 'POST', '/reports/compliance', { body: { framework: 'SOC2', startTime: '2020-01-01T00:00:00Z', endTime: '2040-01-01T00:00:00Z' } });
assert.equal(report.log.verified, true);

// Infrastructure: deployed once however often it is asked for.
const synced = await kernel.call('sync', 'POST', '/infra/applications/shop/sync', { body: { revision: null, prune: false }, again: true });
assert.equal(synced[0].deployment, synced[1].deployment, 'synced once');
const rolled = await kernel.call('rollback', 'POST', '/infra/applications/shop/rollback', { body: { targetRevision: 1 }, again: true });
assert.equal(rolled[0].deployment, rolled[1].deployment, 'rolled back once');
assert.equal((await kernel.call('application', 'GET', '/infra/applications/shop')).syncStatus, 'synced');
assert.equal((await kernel.call('drift', 'GET', '/infra/drift')).totalCount, 1);
assert.equal((await kernel.call('applicationAbsent', 'GET', '/infra/applications/none', { status: 404 })).code, 'NOT_FOUND');

// A trace that another system began, in W3C's writing, is the same trace.
const w3c = '0af7651916cd43dd8448eb211c80319c';
const continued = await fetch(new URL('/auth/roles', base), {
  headers: { authorization: `Bearer ${token}`, traceparent: `00-${w3c}-b7ad6b7169203331-01` },
});
assert.equal((await continued.json()).meta.traceId.replaceAll('-', ''), w3c);
assert.equal(continued.headers.get('x-trace-id').replaceAll('-', ''), w3c);
calls++;
console.log(`calls ${calls}`);
