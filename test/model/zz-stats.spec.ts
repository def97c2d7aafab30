import fc from 'fast-check';
import { anAction, aSetup } from './actions.js';
import { World } from './world.js';
it('stats', async () => {
  const counts = new Map<string, number>();
  const count = (k: string) => counts.set(k, (counts.get(k) ?? 0) + 1);
  (globalThis as { STAT?: (w: never) => void }).STAT = (w: any) => {
    for (const { record, events } of w.store.storedTasks()) {
      count('task'); count(`end ${record.state} ${record.error?.code ?? ''}`); count(`attempts ${record.attempt}`);
      if (record.lateResult) count('late');
      if (record.routing) count(`reason ${record.routing.reason}`);
      if (events.some((e: any) => e.body.event === 'artifact')) count('chunked');
      if (events.filter((e: any) => e.body.event === 'queued').length > 1) count('requeued');
    }
    for (const x of w.watchers) count(`watcher ended ${x.ended}`);
    count('run'); count(`lives ${w.life}`);
    for (const c of w.canceled) count('cancel acked');
    for (const f of w.framesOf.values()) count(`frames ${f}`);
  };
  await fc.assert(fc.asyncProperty(aSetup, fc.array(anAction, { minLength: 1, maxLength: 120, size: 'max' }), (s, a) => { count(`len ${Math.floor(a.length / 30)}`); return World.play(s, a); }), { numRuns: 500 });
  console.log([...counts].sort().map(([k, v]) => `${k}: ${v}`).join('\n'));
}, 200000);
