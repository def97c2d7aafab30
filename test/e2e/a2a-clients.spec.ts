import { TaskState, type StreamResponse, type Task } from '@a2a-js/sdk';
import { BINDINGS, sdkClient, textRequest } from '../support/a2a-client.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot, type TestBotOptions } from '../support/test-bot.js';

/** The official SDK's client on every binding and version that the cards offer. */

let gateway: GatewayProcess;
let http: Orchestrator;
beforeAll(async () => {
  gateway = await GatewayProcess.start({ env: { GATEWAY_GRPC_PORT: '0' } });
  http = new Orchestrator(gateway.httpUrl);
});
afterEach(async () => {
  await http.cancelAll();
  await closeAllBots();
  await eventually(async () => (await http.agents()).length === 0);
});

const aBot = (more: Partial<TestBotOptions> = {}): Promise<TestBot> =>
  TestBot.connect({ url: gateway.botUrl, name: 'nanobot', skills: ['summarize', 'translate'], ...more });

const stateOf = ({ payload }: StreamResponse): TaskState | undefined =>
  payload?.$case === 'task' || payload?.$case === 'statusUpdate' ? payload.value.status?.state : undefined;

async function drained(stream: AsyncIterable<StreamResponse>): Promise<StreamResponse[]> {
  const events: StreamResponse[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

describe.each(BINDINGS)('%s %s', (binding, version) => {
  /** 0.3 over gRPC has neither path nor tenant: there the message's metadata chooses. */
  const byMetadata = binding === 'GRPC' && version === '0.3';
  const client = (path = '') => sdkClient(gateway.httpUrl + (byMetadata ? '' : path), binding, version);
  const request = (text: string, metadata: Readonly<Record<string, unknown>>) =>
    textRequest(text, byMetadata ? metadata : undefined);

  test('sends and gets', async () => {
    await aBot();
    const own = await client();
    const task = (await own.sendMessage(textRequest('hello'))) as Task;
    expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(task.artifacts[0]?.parts[0]?.content).toEqual({ $case: 'text', value: 'hello' });
    expect(await own.getTask({ tenant: '', id: task.id })).toMatchObject({
      id: task.id,
      artifacts: task.artifacts,
    });
    await expect(own.getTask({ tenant: '', id: 'nope' })).rejects.toThrow(/no such task/);
  });

  test('streams from a skill’s own address', async () => {
    await aBot();
    const events = await drained(
      (await client('/a2a/skills/translate')).sendMessageStream(request('hello', { skill: 'translate' })),
    );
    expect(events[0]?.payload).toMatchObject({ $case: 'task', value: { metadata: { skill: 'translate' } } });
    expect(events.map(stateOf).at(-1)).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(events.filter(({ payload }) => payload?.$case === 'artifactUpdate')).toHaveLength(1);
  });

  test('follows and cancels a task of an agent’s own address', async () => {
    const slow = await aBot({ behaviour: silent });
    const own = await client('/a2a/agents/nanobot');
    const stream = own.sendMessageStream(request('wait', { agent_id: 'nanobot' }));
    const first = (await stream.next()).value as StreamResponse;
    const id = first.payload?.$case === 'task' ? first.payload.value.id : '';
    await slow.expectTask(id);
    const second = own.resubscribeTask({ tenant: '', id });
    expect(((await second.next()).value as StreamResponse).payload).toMatchObject({
      $case: 'task',
      value: { id },
    });
    const canceled = await own.cancelTask({ tenant: '', id, metadata: undefined });
    expect(canceled.status?.state).toBe(TaskState.TASK_STATE_CANCELED);
    for (const events of [await drained(stream), await drained(second)])
      expect(events.map(stateOf).at(-1)).toBe(TaskState.TASK_STATE_CANCELED);
  });
});
