import fc from 'fast-check';
import { der, TestPki } from '../../../test/support/pki.js';
import { certificateNames } from './certificate-names.js';

describe('certificateNames', () => {
  let pki: TestPki;
  beforeAll(async () => (pki = await TestPki.create()));
  afterAll(() => pki.dispose());

  it('reads what was written, whatever it is', async () => {
    // The library that makes these certificates unescapes backslashes and quotes, and takes "#" for hex.
    const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\\"#]/.test(text));
    const ia5 = fc.string({ unit: 'grapheme-ascii', minLength: 1 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(name),
        fc.array(name),
        fc.array(ia5),
        fc.array(ia5),
        async (cn, o, dns, uris) => {
          const bot = await pki.bot({
            subject: [...cn.map((one) => ({ CN: [one] })), ...o.map((one) => ({ O: [one] }))],
            names: [
              ...dns.map((value) => ({ type: 'dns' as const, value })),
              { type: 'email', value: 'bot@a.example' },
              ...uris.map((value) => ({ type: 'url' as const, value })),
              { type: 'ip', value: '127.0.0.1' },
            ],
          });
          expect(certificateNames(der(bot))).toEqual({ commonNames: cn, organizations: o, dns, uris });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('reads several values in one set, and BMP strings', async () => {
    const subject = [{ CN: ['a', 'b'] }, { OU: ['unit'] }, { O: [{ bmpString: 'Größe' }] }];
    const { commonNames, organizations } = certificateNames(
      der(await pki.bot({ subject: subject as never })),
    );
    expect(commonNames).toEqual(['a', 'b']);
    expect(organizations).toEqual(['Größe']);
  });

  it('throws on anything that is cut off or changed, and never hangs', async () => {
    const good = der(await pki.bot());
    for (let length = 0; length < good.length; length++)
      expect(() => certificateNames(good.subarray(0, length))).toThrow();
    const byte = fc.record({ at: fc.nat(good.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(byte, ({ at, value }) => {
        const changed = Buffer.from(good);
        changed[at] = value;
        try {
          certificateNames(changed);
        } catch (error) {
          expect(typeof (error as Error).message).toBe('string'); // Buffer's errors are of another realm under jest
        }
      }),
    );
  });
});
