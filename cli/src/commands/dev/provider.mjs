// An OpenID Connect provider for trying: loopback only, and whoever names themselves is let in.
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const operator = { roles: ['platform-operator'] };

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'ecoops',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    redirect_uris: ['http://127.0.0.1/callback'],
  }],
  findAccount: (_, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, name: id, preferred_username: id, ...operator }),
  }),
  claims: { openid: ['sub', 'roles'], profile: ['name', 'preferred_username'] },
  conformIdTokenClaims: false,
  features: { deviceFlow: { enabled: true }, revocation: { enabled: true }, devInteractions: { enabled: true } },
  pkce: { required: () => true },
  issueRefreshToken: async () => true,
  ttl: { AccessToken: 3600, RefreshToken: 86400, Session: 86400, Grant: 86400, Interaction: 600, DeviceCode: 600, IdToken: 3600 },
});
provider.listen(port, '127.0.0.1');
