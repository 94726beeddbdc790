// Quick validation of every endpoint: one VU calls them all, in turn.
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 scenarios/smoke-test.js
//
// The same requests at a constant rate, one a time:
//
//   k6 run -e BASE_URL=… -e TEST_MODE=rate -e RATE=20 -e DURATION=15s scenarios/smoke-test.js
//
// RATE is requests a second. RATE and DURATION are taken as they are given,
// whatever the scales. A check that fails fails the run (k6 exits with 110).

import { sleep } from 'k6';
import exec from 'k6/execution';
import {
  SAFE, actAs, conclude, executeWorkflow, getExecution, getTrace, getVersions, getWorkflow, healthCheck, listExecutions,
  listTasks, listWorkflows, prepare, scaledSeconds, suiteOptions, tenantOf, testWorkflow, verify,
} from './lib/helpers.js';

const EXECUTIONS = JSON.parse(open('./data/executions.json'));
const THINK_SECONDS = 0.2;

export const options = suiteOptions('smoke', 'normal', { smoke: scenario(__ENV.TEST_MODE || 'smoke') });

function scenario(mode) {
  const tags = { persona: 'smoke' };
  switch (mode) {
    case 'smoke':
      return { executor: 'constant-vus', exec: 'everything', vus: 1, duration: scaledSeconds(30), tags };
    case 'rate': {
      const rate = Number(__ENV.RATE || 20);
      if (!Number.isInteger(rate) || rate < 1) throw new Error(`RATE is "${__ENV.RATE}"; want a whole number from 1`);
      return {
        executor: 'constant-arrival-rate', exec: 'one', rate, timeUnit: '1s', duration: __ENV.DURATION || '15s',
        preAllocatedVUs: Math.max(2, Math.ceil(rate / 4)), maxVUs: Math.max(10, rate * 2), tags,
      };
    }
    default:
      throw new Error(`TEST_MODE is "${mode}"; this script knows smoke and rate`);
  }
}

// The endpoints with what their answers must have. Each gets the data of
// setup(), the tenant, and a number that rises, to choose by.
const READERS = [
  ['health_check', () => healthCheck(), ['status', 'instanceId', 'gauges']],
  ['list_workflows', () => listWorkflows(), ['items', 'hasMore']],
  ['get_workflow', (data, tenant, n) => getWorkflow(pick(data.workflows, n)), ['name', 'version', 'tasks']],
  ['list_executions', (data, tenant, n) => listExecutions(pick(data.workflows, n)), ['items', 'hasMore']],
  ['get_execution', (data, tenant, n) => getExecution(pick(data.executions[tenant], n)),
    ['executionId', 'status', 'taskDetails', 'executionTimeMs']],
  ['get_trace', (data, tenant, n) => getTrace(pick(data.executions[tenant], n)),
    ['taskTimings', 'dependencyOrder', 'plannedParallelGroups', 'actualParallelGroups']],
  ['get_versions', (data, tenant, n) => getVersions(pick(data.workflows, n)), ['items']],
  ['list_tasks', () => listTasks(), ['items']],
];
const TEST = ['test_workflow', (data, tenant, n) => {
  const { workflow, input } = pick(EXECUTIONS, n);
  return testWorkflow(workflow, input);
}, ['success', 'output', 'taskDetails', 'executionTimeMs']];
const EXECUTE = ['execute_workflow', (data, tenant, n) => {
  const { workflow, input } = pick(EXECUTIONS, n);
  return executeWorkflow(workflow, input);
}, ['executionId', 'success', 'output', 'taskDetails', 'executionTimeMs', 'orchestrationCost']];

// All but executions. A dry run stores nothing, but it is work: not SAFE.
const OTHERS = SAFE ? READERS : [...READERS, TEST];

function pick(list, n) {
  return list[n % list.length];
}

function visit([name, send, fields], data, tenant, n) {
  if (!verify(name, send(data, tenant, n), fields)) exec.test.fail(`${name} did not answer as it should`);
}

export const setup = prepare;
export const teardown = conclude;

// everything calls each endpoint once.
export function everything(data) {
  const n = exec.scenario.iterationInTest;
  const tenant = tenantOf(n);
  actAs(tenant);
  for (const endpoint of OTHERS) visit(endpoint, data, tenant, n);
  if (!SAFE) visit(EXECUTE, data, tenant, n);
  sleep(THINK_SECONDS);
}

// one calls one endpoint: every other time an execution, else the next other.
export function one(data) {
  const n = exec.scenario.iterationInTest;
  const tenant = tenantOf(n);
  actAs(tenant);
  if (SAFE) {
    visit(pick(OTHERS, n), data, tenant, Math.floor(n / OTHERS.length));
  } else if (n % 2 === 0) {
    visit(EXECUTE, data, tenant, n / 2);
  } else {
    const turn = (n - 1) / 2;
    visit(pick(OTHERS, turn), data, tenant, Math.floor(turn / OTHERS.length));
  }
}
