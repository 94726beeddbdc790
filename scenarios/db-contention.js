// Contention in the database: many executions, all of which write their record
// and a row of statistics for their workflow, while others read the same tables.
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 -e RATE_SCALE=0.05 -e TIME_SCALE=0.05 scenarios/db-contention.js

import exec from 'k6/execution';
import {
  SAFE, actAs, conclude, constantRate, getExecution, getTrace, health, jsonOf, listExecutions, listWorkflows, monitors,
  prepare, rampingRate, suiteOptions, tenantOf, verify,
} from './lib/helpers.js';
import { execute, inputs, pick } from './lib/workload.js';

const SECONDS = 600;
const WRITES = 1000; // executions a second at the peak
const READS = 200; // visits a second, of one or two requests
const CLIMB = [[20, 0.25], [120, 0.25], [20, 0.5], [120, 0.5], [20, 0.75], [120, 0.75], [20, 1], [120, 1], [40, 0]];

// Small executions: their time is the database's.
const SIMPLE = inputs('simple');
// One workflow gets half of them, and its row of statistics is everybody's.
const HOT = SIMPLE[0];

const READERS = { readers: constantRate('read', 'reader', READS, SECONDS), health: monitors(1, SECONDS) };

export const options = suiteOptions('db', 'peak', SAFE ? READERS : {
  writers: rampingRate('write', 'writer', WRITES, CLIMB), ...READERS,
});

export const setup = prepare;
export const teardown = conclude;
export { health };

// write stores one execution.
export function write() {
  const n = exec.scenario.iterationInTest;
  actAs(tenantOf(n));
  execute(n % 2 === 0 ? HOT : pick(SIMPLE, (n - 1) / 2));
}

// read lists what was written last, and reads one of it; every fourth visit
// lists the workflows.
export function read(data) {
  const n = exec.scenario.iterationInTest;
  const tenant = tenantOf(n);
  actAs(tenant);
  if (n % 4 === 3) {
    verify('list_workflows', listWorkflows(), ['items']);
    return;
  }
  const turn = Math.floor(n / 4);
  const name = turn % 2 === 0 ? HOT.workflow : pick(data.workflows, (turn - 1) / 2);
  const res = listExecutions(name);
  verify('list_executions', res, ['items']);
  const found = (jsonOf(res) || {}).items || [];
  const id = found.length > 0 ? pick(found, n).executionId : pick(data.executions[tenant], n);
  if (n % 4 === 0) verify('get_execution', getExecution(id), ['executionId', 'status', 'taskDetails']);
  else verify('get_trace', getTrace(id), ['taskTimings', 'dependencyOrder']);
}
