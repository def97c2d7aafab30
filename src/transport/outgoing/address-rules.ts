import { BlockList, isIP } from 'node:net';

/** Nobody's business, whatever the operator allows: unspecified, link-local, multicast, and the clouds' metadata services. */
const NEVER = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  'fe80::/10',
  'ff00::/8',
  'fd00:ec2::/32',
  'fd20:ce::/32',
];

/** IPv4 that is not globally reachable (IANA special-purpose registry). */
const PRIVATE_V4 = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '240.0.0.0/4',
];

/** IPv6 is private unless it is global unicast, and these parts of that are not globally reachable either. */
const GLOBAL_V6 = ['2000::/3'];
const PRIVATE_V6 = ['2001::/23', '2001:db8::/32', '3fff::/20'];

type Reach = 'public' | 'private' | 'never';

/** Which addresses outgoing calls may reach. */
export class AddressRules {
  private readonly never = blockList(NEVER);
  private readonly privateV4 = blockList(PRIVATE_V4);
  private readonly globalV6 = blockList(GLOBAL_V6);
  private readonly privateV6 = blockList(PRIVATE_V6);
  private readonly allowed: BlockList;

  /** @param allowed addresses or CIDR blocks that may be reached besides the public ones */
  constructor(allowed: readonly string[]) {
    this.allowed = blockList(allowed);
  }

  /**
   * @param address IPv4 or IPv6, as the system writes them
   * @param trusted the operator himself has named the target: private addresses are allowed, too
   */
  permits(address: string, trusted = false): boolean {
    const plain = embeddedV4(address) ?? address;
    const reach = this.reach(plain);
    return reach === 'public' || (reach === 'private' && (trusted || has(this.allowed, plain)));
  }

  private reach(address: string): Reach {
    const family = isIP(address);
    // A zone (fe80::1%eth0) belongs to link-local addresses only.
    if (family === 0 || address.includes('%') || has(this.never, address)) return 'never';
    if (family === 4) return has(this.privateV4, address) ? 'private' : 'public';
    return has(this.globalV6, address) && !has(this.privateV6, address) ? 'public' : 'private';
  }
}

const has = (list: BlockList, address: string): boolean =>
  list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/**
 * The IPv4 address that an IPv6 address stands for: mapped (::ffff:0:0/96), translated (::ffff:0:0:0/96 and
 * 64:ff9b::/96), compatible (::/96), 6to4 (2002::/16). Whoever routes such an address ends at that IPv4 address.
 */
function embeddedV4(address: string): string | undefined {
  if (isIP(address) !== 6 || address.includes('%')) return undefined;
  const groups = groupsOf(address);
  if (groups[0] === 0x2002) return dotted(groups[1]!, groups[2]!);
  const head = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(':');
  // ::1 is the loopback address of IPv6, not 0.0.0.1.
  const isCompatible = head === '0:0:0:0:0:0' && groups[6]! > 0;
  return isCompatible || V4_PREFIXES.includes(head) ? dotted(groups[6]!, groups[7]!) : undefined;
}

const V4_PREFIXES = ['0:0:0:0:0:ffff', '0:0:0:0:ffff:0', '64:ff9b:0:0:0:0'];

const dotted = (high: number, low: number): string => [high >> 8, high & 255, low >> 8, low & 255].join('.');

/** The eight groups of an IPv6 address; the URL parser knows every way to write one. */
function groupsOf(address: string): number[] {
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [left = '', right] = text.split('::');
  const parse = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => parseInt(group, 16));
  if (right === undefined) return parse(left);
  const [before, after] = [parse(left), parse(right)];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}
