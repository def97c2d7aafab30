import type { JsonGeneralNames, JsonName } from '@peculiar/x509';
import { der, TestPki, TRUST_DOMAIN } from '../../../test/support/pki.js';
import type { GatewayError } from '../../core/errors.js';
import { peerIdentity } from './peer-identity.js';

const url = (value: string) => ({ type: 'url' as const, value });
const dns = (value: string) => ({ type: 'dns' as const, value });

describe('peerIdentity', () => {
  let pki: TestPki;
  beforeAll(async () => (pki = await TestPki.create()));
  afterAll(() => pki.dispose());

  const identify = async (subject: JsonName, names: JsonGeneralNames, trustDomain?: string) =>
    peerIdentity(der(await pki.bot({ subject, names })), trustDomain);

  const refusal = async (subject: JsonName, names: JsonGeneralNames, trustDomain?: string) => {
    const error = await identify(subject, names, trustDomain).then(
      (identity) => expect(identity).toBeUndefined(),
      (reason: unknown) => reason as GatewayError,
    );
    return (error as GatewayError).code;
  };

  it('reads a SPIFFE id and ignores CN, O and DNS names beside it', async () => {
    const uri = `spiffe://${TRUST_DOMAIN}/ns/production/agent/bot-1`;
    expect(await identify([{ CN: ['other'] }, { O: ['elsewhere'] }], [dns('third'), url(uri)])).toEqual({
      id: `cert:${uri}`,
      namespace: 'production',
      grants: [{ namespace: 'production', name: 'bot-1' }],
    });
  });

  it('reads the wildcard name', async () => {
    const { grants } = await identify([], [url('spiffe://a.example/ns/production/agent/*')]);
    expect(grants).toEqual([{ namespace: 'production', name: '*' }]);
  });

  it('compares the trust domain when one is configured', async () => {
    const names = [url('spiffe://a.example/ns/x/agent/y')];
    await expect(identify([], names, 'a.example')).resolves.toBeDefined();
    expect(await refusal([], names, 'b.example')).toBe('FORBIDDEN');
  });

  it.each([
    'spiffe://a.example/ns/x/agent/y/more',
    'spiffe://a.example/ns/x/agent/',
    'spiffe://a.example/ns//agent/y',
    'spiffe://a.example/ns/*/agent/y',
    'spiffe://a.example/ns/x/agent/%2A',
    'spiffe://a.example/ns/x/agent/y*',
    'spiffe://a.example/ns/../agent/y',
    'spiffe://a.example/ns/x/agent/..',
    'spiffe://user@a.example/ns/x/agent/y',
    'spiffe://a.example:443/ns/x/agent/y',
    'spiffe://a.example/ns/x/agent/y?z',
    'spiffe://a.example/ns/x/agent/y#z',
    'spiffe://a.example/ns/x/agent/y\n',
    'spiffe://A.example/ns/x/agent/y',
    'spiffe:///ns/x/agent/y',
    'SPIFFE://a.example/ns/x/agent/y',
    'spiffe:a.example/ns/x/agent/y',
    'spiffe://a.example/workload',
  ])('refuses %j instead of falling back to the CN', async (uri) => {
    expect(await refusal([{ CN: ['bot'] }], [url(uri)])).toBe('FORBIDDEN');
  });

  it('refuses two SPIFFE ids', async () => {
    const names = [url('spiffe://a.example/ns/x/agent/y'), url('spiffe://a.example/ns/x/agent/z')];
    expect(await refusal([], names)).toBe('FORBIDDEN');
  });

  it('takes names from CN and DNS names and namespaces from all O fields', async () => {
    const subject = [{ O: ['b'] }, { O: ['a'] }, { CN: ['bot'] }, { CN: ['robot'] }];
    const { id, namespace, grants } = await identify(subject, [dns('bot.example'), dns('bot')]);
    expect(namespace).toBe('a');
    expect(grants.map((grant) => `${grant.namespace}/${grant.name}`)).toEqual(
      ['a', 'b'].flatMap((one) => ['bot', 'bot.example', 'robot'].map((name) => `${one}/${name}`)),
    );
    expect(id).toBe('cert:[["bot","bot.example","robot"],["a","b"]]');
  });

  it('puts a certificate without O into "default"', async () => {
    const { grants } = await identify([{ CN: ['bot'] }], [url('https://a.example/')]);
    expect(grants).toEqual([{ namespace: 'default', name: 'bot' }]);
  });

  it.each<[string, JsonName, JsonGeneralNames, string[]]>([
    ['a CN with a forged O', [{ CN: ['bot, O=victim'] }], [], ['default/bot, O=victim']],
    [
      'a CN with a forged URI',
      [{ CN: ['bot\\\\, URI:spiffe://a/ns/b/agent/c'] }],
      [],
      ['default/bot\\, URI:spiffe://a/ns/b/agent/c'],
    ],
    [
      'a DNS name with a forged URI',
      [],
      [dns('x", URI:"spiffe://a/ns/b/agent/c')],
      ['default/x", URI:"spiffe://a/ns/b/agent/c'],
    ],
    ['a DNS name with a comma', [], [dns('x, DNS:victim')], ['default/x, DNS:victim']],
    ['an O with a plus sign', [{ O: ['a+CN=victim'] }, { CN: ['bot'] }], [], ['a+CN=victim/bot']],
  ])('takes %s for one odd name', async (_, subject, names, expected) => {
    const { grants } = await identify(subject, names);
    expect(grants.map((grant) => `${grant.namespace}/${grant.name}`)).toEqual(expected);
  });

  it.each<[string, JsonName, JsonGeneralNames]>([
    ['no name at all', [{ O: ['a'] }], []],
    ['a CN that would be a wildcard', [{ CN: ['*'] }], []],
    ['an O that would be a wildcard', [{ CN: ['bot'] }, { O: ['*'] }], []],
    ['a line feed in the CN', [{ CN: ['bot\nvictim'] }], []],
    ['a NUL in a DNS name', [], [dns('bot\0victim')]],
    ['a bidi override in the O', [{ CN: ['bot'] }, { O: ['a\u202eb'] }], []],
    [
      'more names than any bot needs',
      [{ CN: ['bot'] }],
      Array.from({ length: 1001 }, (_, i) => dns(`n${i}`)),
    ],
  ])('refuses %s', async (_, subject, names) => {
    expect(await refusal(subject, names)).toBe('FORBIDDEN');
  });
});
