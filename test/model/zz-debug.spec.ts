import { readFileSync } from 'node:fs';
import { World } from './world.js';
it('replays', async () => {
  const [setup, actions] = JSON.parse(readFileSync('/tmp/dbg/case.json', 'utf8')) as [never, never[]];
  const trace: string[] = [];
  (globalThis as { TRACE?: (line: string) => void }).TRACE = (line) => trace.push(line);
  try { await World.play(setup, actions); } catch (error) { console.log(trace.slice(-120).join('\n')); throw error; }
});
