// The load of the fault laboratory: two plateaus, whose mix, rates and hub
// connections the laboratory chooses. It measures as the suite does.
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 -e WORKFLOWS=order-chain,quote -e LOW=10 -e HIGH=25 scenarios/lab.js
//
// Settings beside those of helpers.js:
//   WORKFLOWS     comma-separated, executed equally often
//   LOW, HIGH     requests a second on the first and on the second plateau
//   WARMUP, STAY  seconds before, and of each plateau
//   EXECUTE       share of requests that execute; the others read
//   READ          what they read: mixed, or list (of executions)
//   HUB_LOW, HUB_HIGH  hub connections made a second; none without
//   SEED          of what is random: who comes when, and wants what

import exec from 'k6/execution';
import { sleep } from 'k6';
import { Trend } from 'k6/metrics';
import {
  BASE_URL, TENANTS, actAs, conclude, executeWorkflow, getExecution, getTrace, healthCheck, jsonOf, listExecutions,
  listWorkflows, prepare, verify,
} from './lib/helpers.js';
import { connectHub } from './lib/signalr.js';

const WORKFLOWS = (__ENV.WORKFLOWS || 'order-chain').split(',');
const EXECUTE = number('EXECUTE', 0.7);
const SEED = number('SEED', 1);
const WARMUP = number('WARMUP', 5);
const STAY = number('STAY', 15);
const CLIMB = 1; // second from one plateau to the next
const JITTER = 0.4; // seconds within which each request comes: people don't keep step
const GAUGES_PER_SECOND = 4;

const allocRate = new Trend('engine_alloc_bytes_per_s');
const memory = new Trend('engine_memory_bytes');

function number(name, without) {
  const n = Number(__ENV[name] === undefined || __ENV[name] === '' ? without : __ENV[name]);
  if (!(n >= 0)) throw new Error(`${name} is "${__ENV[name]}"; want a number`);
  return n;
}

function plateaus(fn, low, high) {
  return {
    executor: 'ramping-arrival-rate', exec: fn, startRate: low, timeUnit: '1s',
    stages: [
      { duration: `${WARMUP + STAY}s`, target: low }, { duration: `${CLIMB}s`, target: high },
      { duration: `${STAY}s`, target: high },
    ],
    preAllocatedVUs: 2 * Math.max(10, high), maxVUs: 4 * Math.max(10, high), tags: { persona: fn },
  };
}

const seconds = WARMUP + 2 * STAY + CLIMB;
const scenarios = {
  load: plateaus('load', number('LOW', 10), number('HIGH', 25)),
  health: {
    executor: 'constant-arrival-rate', exec: 'gauges', rate: GAUGES_PER_SECOND, timeUnit: '1s', duration: `${seconds}s`,
    preAllocatedVUs: 4, maxVUs: 20, tags: { persona: 'health_monitor' },
  },
};
if (number('HUB_HIGH', 0) > 0) scenarios.hub = plateaus('hub', number('HUB_LOW', 1), number('HUB_HIGH', 0));

export const options = {
  scenarios,
  summaryTrendStats: ['count', 'avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)'],
  setupTimeout: '60s',
};

export const setup = prepare;
export const teardown = conclude;

// random answers numbers from 0 to below 1: the same for the n-th request of
// every run with one seed (mulberry32).
function random(n) {
  let state = (Math.imul(SEED, 0x9e3779b1) + Math.imul(n, 0x85ebca6b)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function choose(list, r) {
  return list[Math.floor(r * list.length)];
}

// load sends one request of the mix.
export function load(data) {
  const r = random(exec.scenario.iterationInTest);
  sleep(r() * JITTER);
  const tenant = choose(TENANTS, r());
  actAs(tenant);
  const workflow = choose(WORKFLOWS, r());
  if (r() < EXECUTE) {
    verify('execute_workflow', executeWorkflow(workflow, {}), ['executionId', 'success']);
    return;
  }
  const kind = __ENV.READ === 'list' ? 0 : Math.floor(r() * 4);
  const id = choose(data.executions[tenant], r());
  switch (kind) {
    case 0: verify('list_executions', listExecutions(workflow), ['items']); break;
    case 1: verify('get_execution', getExecution(id), ['executionId', 'status']); break;
    case 2: verify('get_trace', getTrace(id), ['taskTimings']); break;
    default: verify('list_workflows', listWorkflows(), ['items']);
  }
}

// hub makes one connection and ends it soon.
export async function hub() {
  const r = random(exec.scenario.iterationInTest);
  sleep(r() * JITTER);
  const tenant = choose(TENANTS, r());
  actAs(tenant);
  const connection = await connectHub(BASE_URL, { tenant });
  await connection.listen(0.1);
  await connection.close();
}

// gauges samples the engine's.
export function gauges() {
  const found = (jsonOf(healthCheck()) || {}).gauges || {};
  if (typeof found.allocBytesPerSecond === 'number') allocRate.add(found.allocBytesPerSecond);
  if (typeof found.memoryBytes === 'number') memory.add(found.memoryBytes);
}
