// An OpenID Connect issuer for tests: in memory, with pages that take any password.
// Arguments: the provider's folder, port. Environment: ACCESS_SECONDS.
// POST /test/rotate gives it new keys, and makes it forget who was logged in; GET /test/seen tells what it was asked for.
import http from 'node:http';
import { generateKeyPairSync } from 'node:crypto';

const [folder, port] = process.argv.slice(2);
const { Provider } = await import(`${folder}/node_modules/oidc-provider/lib/index.js`);
const issuer = `http://127.0.0.1:${port}`;
const seconds = Number(process.env.ACCESS_SECONDS ?? 600);
const seen = {};
let generation = 0;

function keys() {
  generation += 1;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  return {
    keys: [
      { ...rsa, kid: `rsa-${generation}`, use: 'sig', alg: 'RS256' },
      { ...ec, kid: `ec-${generation}`, use: 'sig', alg: 'ES256' },
    ],
  };
}

// A user's name is their role: `operator` has platform-operator.
const roles = (subject) => ({ realm_access: { roles: [`platform-${subject}`, 'offline_access'] } });

function build() {
  const code = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'];
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'ecoops',
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        grant_types: code,
        redirect_uris: ['http://127.0.0.1/callback'],
      },
      {
        client_id: 'service',
        client_secret: 'the secret of the service: 0123456789',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    jwks: keys(),
    cookies: { keys: ['tests only'] },
    scopes: ['openid', 'profile', 'offline_access'],
    claims: { openid: ['sub', 'realm_access'], profile: ['preferred_username'] },
    conformIdTokenClaims: false,
    features: {
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: 'openid profile offline_access',
          audience: resource,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims: (_ctx, token) => roles(token.accountId ?? 'viewer'),
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: `${id}@example.org`, ...roles(id) }),
    }),
    ttl: { AccessToken: seconds, ClientCredentials: seconds, IdToken: seconds, DeviceCode: 120 },
  });
  return provider.callback();
}

let handle = build();
http
  .createServer((request, response) => {
    const path = request.url.split('?')[0];
    seen[path] = (seen[path] ?? 0) + 1;
    if (path === '/test/rotate') {
      handle = build();
      response.end('rotated');
    } else if (path === '/test/seen') {
      response.end(JSON.stringify(seen));
    } else {
      handle(request, response);
    }
  })
  .listen(Number(port), '127.0.0.1');
