// A day in production within ten minutes: six kinds of users at once.
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 -e RATE_SCALE=0.05 -e TIME_SCALE=0.05 scenarios/production-chaos.js
//
// A visit belongs to one tenant. Who thinks, thinks as long under every scale,
// and the health monitors ask as often; there are only fewer users.

import { check } from 'k6';
import exec from 'k6/execution';
import {
  BASE_URL, SAFE, actAs, conclude, constantRate, getExecution, getTrace, getVersions, getWorkflow, health, jsonOf,
  listExecutions, listTasks, listWorkflows, monitors, over, prepare, scaledSeconds, scaledVUs, suiteOptions, tenantOf,
  testExecute, testWorkflow, think, validateInput, verify,
} from './lib/helpers.js';
import { connectHub } from './lib/signalr.js';
import { execute, inputs, pick } from './lib/workload.js';

const SECONDS = 600;
const BATCH = 5; // executions
const WATCH_SECONDS = 5;
const PAGE = 5; // workflows on a page

const ALL = inputs();
const COMPLEX = inputs('complex');

const READING = {
  platform_users: users('browse', 'platform_user', 100),
  developers: users('debug', 'developer', 50),
  health_monitors: monitors(10, SECONDS),
};
const WRITING = {
  cicd: constantRate('deploy', 'cicd', 500, SECONDS),
  devops: users('iterate', 'devops', 10),
  batch: users('batch', 'batch', 20),
};

export const options = suiteOptions('chaos', 'normal', SAFE ? READING : { ...READING, ...WRITING });

function users(fn, persona, vus) {
  return { executor: 'constant-vus', exec: fn, vus: scaledVUs(vus), duration: scaledSeconds(SECONDS), tags: { persona } };
}

export const setup = prepare;
export const teardown = conclude;
export { health };

// visitor makes the VU the next visitor of its scenario and answers its number
// and tenant.
function visitor() {
  const n = exec.scenario.iterationInTest;
  const tenant = tenantOf(n);
  actAs(tenant);
  return { n, tenant };
}

// ask verifies a response and answers its body.
function ask(what, res, fields) {
  verify(what, res, fields);
  return jsonOf(res) || {};
}

function anyOf(list) {
  return list[Math.floor(Math.random() * list.length)];
}

const history = (workflow) => ask('list_executions', listExecutions(workflow), ['items']).items || [];
const details = (id) => ask('get_execution', getExecution(id), ['executionId', 'status', 'taskDetails']);
const trace = (id) => ask('get_trace', getTrace(id), ['taskTimings', 'dependencyOrder', 'actualParallelGroups']);

// browse is what platform users do: they turn over the workflows' pages, look
// into one, at what became of it, and maybe at one execution.
export function browse(data) {
  visitor();
  const pages = Math.ceil(data.workflows.length / PAGE);
  const page = Math.floor(Math.random() * pages);
  const listed = ask('list_workflows', listWorkflows(page * PAGE, PAGE), ['items', 'hasMore']).items || [];
  think(1, 3);
  if (over() || listed.length === 0) return;
  const { name } = anyOf(listed);
  ask('get_workflow', getWorkflow(name), ['name', 'version', 'tasks']);
  think(1, 3);
  if (over()) return;
  const executions = history(name);
  think(1, 3);
  if (over() || executions.length === 0 || Math.random() < 0.5) return;
  details(anyOf(executions).executionId);
  think(1, 3);
}

// debug is what developers do: they look for an execution, go through its
// details and its trace, compare it with others, and ask what was changed.
// Every third watches an execution live instead.
export async function debug(data) {
  const { n, tenant } = visitor();
  if (n % 3 === 2 && !SAFE) {
    await watch(tenant, pick(ALL, (n - 2) / 3));
    return;
  }
  const name = pick(data.workflows, n);
  const executions = history(name);
  think(0.5, 1);
  // Who never executed this has others to look at.
  const ids = executions.length > 0 ? executions.map((e) => e.executionId) : data.executions[tenant];
  for (let i = 0; i < 3 && !over(); i++) {
    const id = anyOf(ids);
    if (i === 0) details(id);
    trace(id);
    think(0.5, 1.5);
  }
  if (over()) return;
  ask('get_versions', getVersions(name), ['items']);
  think(0.5, 1);
}

// watch listens to all of a workflow's executions for a while, of which one is
// its own and is looked at by itself, too. It must not block meanwhile: events
// would seem to come late.
async function watch(tenant, { workflow, input }) {
  let hub;
  let failure = '';
  try {
    hub = await connectHub(BASE_URL, { tenant });
    await hub.invoke('JoinVisualizationGroup', workflow);
    const { executionId } = await hub.invoke('ExecuteWorkflow', workflow, input);
    await hub.invoke('SubscribeToExecution', executionId);
    for (let s = 0; s < WATCH_SECONDS && !over(); s++) await hub.listen(1);
    await hub.invoke('UnsubscribeFromExecution', executionId);
    await hub.invoke('LeaveVisualizationGroup', workflow);
  } catch (err) {
    failure = err.message;
    console.warn(`watching ${workflow}: ${failure}`);
  }
  if (hub) await hub.close();
  check(failure, { 'hub: is watched': (f) => f === '' });
}

// deploy is one execution by a pipeline, which knows no think time.
export function deploy() {
  const { n } = visitor();
  execute(pick(ALL, n));
}

// iterate is what DevOps do: they write a workflow, see what tasks there are,
// try it out, change it, try again, and dry-run and validate those in use.
export function iterate() {
  const { n } = visitor();
  const { workflow, input } = pick(ALL, n);
  ask('validate_input', validateInput(workflow, input), ['valid', 'errors']);
  ask('test_workflow', testWorkflow(workflow, input), ['success', 'taskDetails']);
  think(0.5, 1);
  if (over()) return;
  ask('list_tasks', listTasks(), ['items']);
  for (let draft = 1; draft <= 3 && !over(); draft++) {
    ask('test_execute', testExecute(newWorkflow(n, draft), { orderId: `draft-${draft}` }), ['success', 'taskDetails']);
    think(1, 2);
  }
}

// newWorkflow is a workflow nobody has seen before. It grows with each draft,
// and one in four is large.
function newWorkflow(n, draft) {
  const width = (n % 4 === 3 ? 12 : 2) * draft;
  const steps = Array.from({ length: width }, (_, i) => ({
    id: `step-${i}`, kind: 'compute', dependsOn: ['begin'],
    with: { rounds: 500, value: `{{tasks.begin.output.order}}/${i}` },
  }));
  return {
    name: `new-${n}-${draft}`,
    tasks: [
      { id: 'begin', kind: 'transform', with: { order: '{{input.orderId}}' } },
      ...steps,
      {
        id: 'end', kind: 'transform', dependsOn: steps.map((s) => s.id),
        with: { digests: steps.map((s) => `{{tasks.${s.id}.output.digest}}`) },
      },
    ],
  };
}

// batch is what batch jobs do: complex executions, each after the one before,
// then a pause until the next job.
export function batch() {
  const { n } = visitor();
  for (let i = 0; i < BATCH && !over(); i++) execute(pick(COMPLEX, n + i));
  think(0.5, 1.5);
}
