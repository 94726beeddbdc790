// Tests of signalr.js against an engine, to be run by k6 itself:
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 scenarios/lib/signalr.test.js

import exec from 'k6/execution';
import http from 'k6/http';
import { connectHub } from './signalr.js';

const BASE_URL = __ENV.BASE_URL;

export const options = {
  thresholds: {
    ws_dropped_messages: ['count==0'],
    ws_broadcast_delay_ms: ['min>=0', 'max<10000'],
    ws_sessions: ['count==3'],
  },
};

function expect(what, got, want) {
  const [g, w] = [JSON.stringify(got), JSON.stringify(want)];
  if (g !== w) exec.test.fail(`${what}: got ${g}, want ${w}`);
}

async function failure(promise) {
  try {
    await promise;
  } catch (err) {
    return err.message;
  }
  return 'none';
}

export default async function () {
  const heard = {};
  const listener = await connectHub(BASE_URL, {
    tenant: 'acme', onEvent: (name) => { heard[name] = (heard[name] || 0) + 1; },
  });
  await listener.invoke('JoinVisualizationGroup', 'diamond');
  const caller = await connectHub(BASE_URL, { tenant: 'acme' });
  const answer = await caller.invoke('ExecuteWorkflow', 'diamond', { orderId: 'o-1' });
  expect('the execution', [answer.success, answer.taskDetails.length], [true, 4]);
  const res = http.post(`${BASE_URL}/api/v1/workflows/diamond/execute`, null, { headers: { 'X-Tenant': 'acme' } });
  expect('an execution over HTTP', res.status, 200);
  await listener.invoke('LeaveVisualizationGroup', 'diamond'); // its answer comes after all events
  expect('events', Object.entries(heard).sort(),
    [['TaskCompleted', 8], ['TaskStarted', 8], ['WorkflowCompleted', 2], ['WorkflowStarted', 2]]);

  expect('an absent workflow', /not found/.test(await failure(caller.invoke('ExecuteWorkflow', 'none'))), true);
  await caller.close();
  await listener.close();
  expect('a call afterwards', (await failure(caller.invoke('ExecuteWorkflow', 'diamond'))) !== 'none', true);

  const stranger = await connectHub(BASE_URL, { tenant: 'globex' });
  await stranger.listen(0.05);
  await stranger.close();
  expect('no engine', (await failure(connectHub('http://127.0.0.1:1', { timeout: 1 }))) !== 'none', true);
}
