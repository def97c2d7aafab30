import { AddressRules } from './address-rules.js';

const nothing = new AddressRules([]);
const networks = new AddressRules([
  '127.0.0.0/8',
  '::1',
  '10.0.0.0/8',
  'fc00::/7',
  '169.254.0.0/16',
  'fe80::/10',
]);

describe('AddressRules', () => {
  it.each(['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '2606:4700::1111', '64:ff9b::808:808'])(
    'lets everybody reach %s',
    (address) => expect(nothing.permits(address)).toBe(true),
  );

  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '10.1.2.3',
    '::1',
    '0:0:0:0:0:0:0:1',
    'fc00::1',
    'fd12:3456::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:0:127.0.0.1',
    '::127.0.0.1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a01:203',
    '2002:7f00:1::',
    '2002:a01:203::1',
  ])(
    'reaches the private %s only where the operator allows its network, or has named the target',
    (address) => {
      expect(nothing.permits(address)).toBe(false);
      expect(networks.permits(address)).toBe(true);
      expect(nothing.permits(address, true)).toBe(true);
    },
  );

  it.each([
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '240.0.0.1',
    '64:ff9b:1::1',
    '2001:db8::1',
    '2001::1',
    '3fff::1',
    'fec0::1',
    '100::1',
  ])('does not reach %s, which is in none of the allowed networks', (address) => {
    expect(networks.permits(address)).toBe(false);
  });

  it.each([
    '0.0.0.0',
    '169.254.169.254',
    '169.254.0.1',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '::169.254.169.254',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    '::',
    'fd00:ec2::254',
    'fd20:ce::254',
    '100.100.100.200',
    '168.63.129.16',
    '224.0.0.1',
    '255.255.255.255',
    'ff02::1',
    '::1%lo',
    'localhost',
    '127.1',
    '',
  ])('never reaches %s, whatever is allowed', (address) => {
    expect(networks.permits(address)).toBe(false);
    expect(networks.permits(address, true)).toBe(false);
  });
});
