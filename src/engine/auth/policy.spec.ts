import { AuthConfig } from '../../config/auth.config.js';
import type { GatewayError } from '../../core/errors.js';
import type { AgentName, AgentRef, Namespace } from '../../core/ids.js';
import { ANONYMOUS, type Principal, type Right } from '../../core/principal.js';
import { Policy } from './policy.js';
import { rightsOf } from './rights.js';

const ns = (name: string) => name as Namespace;
const agent = (namespace: string, name: string): AgentRef => ({
  namespace: ns(namespace),
  name: name as AgentName,
});

const tenant: Principal = {
  id: 'token:gateway-auth:tenant-001',
  namespace: ns('production'),
  rights: rightsOf(['execute']),
  grants: [{ namespace: ns('production'), name: '*' }],
};

function thrown(work: () => unknown): GatewayError | undefined {
  try {
    work();
  } catch (error) {
    return error as GatewayError;
  }
  return undefined;
}

describe('Policy', () => {
  const policy = new Policy(new AuthConfig({ mode: 'jwt', publicNamespaces: ['shop'] }));

  it.each<[string[], Right, boolean]>([
    [['read'], 'read', true],
    [['read'], 'execute', false],
    [['execute'], 'read', true],
    [['execute'], 'admin', false],
    [['admin'], 'read', true],
    [['admin'], 'execute', true],
    [[], 'read', false],
    [['toString'], 'read', false],
  ])('rights of %j: %s %s', (words, right, allowed) => {
    const error = thrown(() => policy.requireRight({ ...tenant, rights: rightsOf(words) }, right));
    expect(error?.code).toBe(allowed ? undefined : 'FORBIDDEN');
  });

  it("keeps a tenant in its namespace and forbids another's", () => {
    expect(policy.namespaceFor(tenant)).toBe('production');
    expect(policy.namespaceFor(tenant, ns('production'))).toBe('production');
    expect(thrown(() => policy.namespaceFor(tenant, ns('other')))?.code).toBe('FORBIDDEN');
    expect(thrown(() => policy.namespaceFor(tenant, ns('')))?.code).toBe('FORBIDDEN');
  });

  it('leaves the choice to everybody while auth is off', () => {
    expect(policy.namespaceFor(ANONYMOUS)).toBeNull();
    expect(policy.namespaceFor(ANONYMOUS, ns('other'))).toBe('other');
  });

  it('shows a tenant its own namespace only, and everything while auth is off', () => {
    expect(policy.canSee(tenant, ns('production'))).toBe(true);
    expect(policy.canSee(tenant, ns('Production'))).toBe(false);
    expect(policy.canSee(tenant, ns('default'))).toBe(false);
    expect(policy.canSee(ANONYMOUS, ns('production'))).toBe(true);
  });

  it.each<[string, Principal['grants'], AgentRef, boolean]>([
    ['its exact name', [{ namespace: ns('a'), name: 'bot' as AgentName }], agent('a', 'bot'), true],
    ['another name', [{ namespace: ns('a'), name: 'bot' as AgentName }], agent('a', 'bot2'), false],
    ['its name elsewhere', [{ namespace: ns('a'), name: 'bot' as AgentName }], agent('b', 'bot'), false],
    ['any name', [{ namespace: ns('a'), name: '*' }], agent('a', 'x'), true],
    ['any name elsewhere', [{ namespace: ns('a'), name: '*' }], agent('b', 'x'), false],
    [
      'its second grant',
      [
        { namespace: ns('b'), name: '*' },
        { namespace: ns('a'), name: '*' },
      ],
      agent('a', 'x'),
      true,
    ],
    ['no grant', [], agent('a', 'x'), false],
  ])('registration with %s', (_, grants, ref, allowed) => {
    const error = thrown(() => policy.mayRegister({ ...tenant, grants }, ref));
    expect(error?.code).toBe(allowed ? undefined : 'FORBIDDEN');
  });

  it('lets everybody register anything while auth is off', () => {
    expect(thrown(() => policy.mayRegister(ANONYMOUS, agent('a', 'x')))).toBeUndefined();
  });

  it('shows on the public card what the configuration marks public, and everything while auth is off', () => {
    expect(policy.isPublic(ns('shop'))).toBe(true);
    expect(policy.isPublic(ns('production'))).toBe(false);
    expect(new Policy(new AuthConfig({ mode: 'off' })).isPublic(ns('production'))).toBe(true);
  });
});
