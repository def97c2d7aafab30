import { FakeClock } from '../../test/fakes/fake-clock.js';
import { anOutgoing } from '../../test/support/outgoing.js';
import { AuthConfig } from '../config/auth.config.js';
import { TokenVerifier } from '../engine/auth/token-verifier.js';
import { main } from './token.js';

const SECRET = 'a shared secret of thirty-two bytes or more';

describe('npm run token', () => {
  const variables = process.env;
  let printed: string;
  let complained: string;

  beforeEach(() => {
    process.env = { GATEWAY_AUTH_JWT_SECRET: SECRET };
    printed = complained = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed += String(text)), true));
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((complained += String(text)), true));
  });
  afterEach(() => {
    process.env = variables;
    jest.restoreAllMocks();
  });

  const verified = (settings = {}) => {
    const clock = new FakeClock(Date.now());
    const config = new AuthConfig({ jwtSecret: SECRET, ...settings });
    return new TokenVerifier(config, clock, anOutgoing(clock)).verify(printed.trim());
  };

  it('prints a token that the gateway takes', async () => {
    expect(await main(['--sub', 'tenant-001', '--namespace', 'production', '--ttl', '1h'])).toBe(0);
    const principal = await verified();
    expect(principal).toMatchObject({ id: 'token:gateway-auth:tenant-001', namespace: 'production' });
    expect([...principal.rights]).toEqual(['read', 'execute']);
    expect(Math.abs((principal.expiresAt ?? 0) - Date.now() - 3_600_000)).toBeLessThan(10_000);
  });

  it('follows the configured issuer and audience, and the asked scope', async () => {
    Object.assign(process.env, { GATEWAY_AUTH_ISSUER: 'me', GATEWAY_AUTH_AUDIENCE: 'gateway' });
    expect(await main(['--sub', 'a', '--scope', 'read,admin'])).toBe(0);
    const principal = await verified({ issuer: 'me', audience: 'gateway' });
    expect([...principal.rights]).toEqual(['read', 'execute', 'admin']);
    expect(principal.namespace).toBe('default');
  });

  it.each<[string[], string]>([
    [[], '--sub: got nothing'],
    [['--sub', 'a\nb'], '--sub: got "a\\nb"'],
    [['--sub', 'a', '--namespace', '*'], '--namespace: got "*"'],
    [['--sub', 'a', '--ttl', 'soon'], '--ttl: got "soon"'],
    [['--sub', 'a', '--ttl', '10ms'], '--ttl: got "10ms"'],
    [['--sub', 'a', '--scope', 'root'], '--scope: got "root"'],
    [['--sub', 'a', '--scope', ''], '--scope: got ""'],
    [['--subject', 'a'], "Unknown option '--subject'"],
  ])('exits 2 for %j', async (args, message) => {
    expect(await main(args)).toBe(2);
    expect(complained).toContain(message);
    expect(printed).toBe('');
  });

  it('says what is missing when no secret is configured', async () => {
    delete process.env['GATEWAY_AUTH_JWT_SECRET'];
    expect(await main(['--sub', 'a'])).toBe(2);
    expect(complained).toContain('GATEWAY_AUTH_JWT_SECRET: got nothing');
  });

  it('passes on what is wrong with the configuration', async () => {
    process.env['GATEWAY_AUTH_JWT_SECRET'] = 'short';
    expect(await main(['--sub', 'a'])).toBe(2);
    expect(complained).toContain('at least 32 bytes');
    expect(complained).not.toContain('short');
  });
});
