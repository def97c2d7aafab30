import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CLOSE, DOWN, UP } from '../src/protocols/bot/bot.wire.js';

const root = join(__dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Pages of the project, not of its dependencies. */
const pages = ['.', 'docs', 'docs/decisions', 'docs/protocols', 'certs'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

it('docs/configuration.md is what the code says', () => {
  const made = execFileSync(process.execPath, ['tools/configuration-doc.mjs', '--print'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(read('docs/configuration.md')).toBe(made);
});

describe.each(pages)('%s', (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((match) => match[1]!);

  it('links to files that exist', () => {
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });

  it('names only commands that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/(?:npm run|\.\/run) ([a-z][\w:]*)/g)].map((match) => match[1]!);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

it('every package of dependencies has its line in docs/dependencies.md', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
    string,
    Record<string, string>
  >;
  const page = read('docs/dependencies.md');
  const missing = Object.keys({ ...dependencies, ...devDependencies }).filter(
    (name) => !page.includes(`\`${name}\``),
  );
  expect(missing).toEqual([]);
});

/** The heading as the page's own links name it. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

it.each(pages)('%s: links to headings that exist', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)\s:]*)#([^)\s]+)\)/g)];
  const missing = links.filter(([, file, id]) => {
    const target = file === '' ? read(page) : read(join(dirname(page), file!));
    return ![...target.matchAll(/^#+ (.+)$/gm)].some(([, heading]) => anchor(heading!) === id);
  });
  expect(missing.map(([link]) => link)).toEqual([]);
});

it('both READMEs have the same commands, settings, links and sections', () => {
  const [en, zh] = [read('README.md'), read('README.zh-CN.md')];
  const shape = (text: string) => ({
    examples: [...text.matchAll(/<!-- example: \S+ -->\n(```[\s\S]*?```)/g)].map(([, block]) => block),
    headings: [...text.matchAll(/^(#+) /gm)].map(([, level]) => level),
    words: [...text.matchAll(/`((?:GATEWAY_|GET |POST |\/|npm |\.\/run)[^`]*)`/g)]
      .map(([, word]) => word)
      .sort(),
    links: [...text.matchAll(/\]\(([^)#]+)/g)]
      .map(([, link]) => link)
      .filter((link) => !link!.startsWith('README')),
  });
  expect(shape(zh)).toEqual(shape(en));
});

it('docs/protocols/bot.md has every method and close code of the wire', () => {
  const page = read('docs/protocols/bot.md');
  const rows = [...page.matchAll(/^\| (\d{4}) \| `(\w+)` \|/gm)].map(([, code, name]) => [
    name,
    Number(code),
  ]);
  expect(Object.fromEntries(rows)).toEqual(CLOSE);
  for (const method of [...Object.values(UP), ...Object.values(DOWN)])
    expect(page).toContain(`| \`${method}\` |`);
});
