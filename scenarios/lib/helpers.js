// What the scenarios share: the run's settings and scales, the ADR's metrics
// and thresholds, the target's identity, and a function for each route.
//
// Settings (k6 run -e NAME=value):
//   BASE_URL     where the engine is; http://127.0.0.1:8080 without
//   INSTANCE_ID  the instance that must answer there; any without
//   RATE_SCALE   factor on rates and VUs, 0 < … <= 1; 1 without
//   TIME_SCALE   factor on durations, likewise
//   TENANTS      comma-separated; acme,globex,initech without; one that is
//                named twice gets twice the share
//   SAFE         1: only routes that read
//   TIMEOUT      of a request; 10s without

import { check, sleep } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Rate, Trend } from 'k6/metrics';
import { timed } from './server-timing.js';

export const BASE_URL = (__ENV.BASE_URL || 'http://127.0.0.1:8080').replace(/\/+$/, '');
export const SAFE = __ENV.SAFE === '1';
export const TENANTS = (__ENV.TENANTS || 'acme,globex,initech').split(',').map((t) => t.trim()).filter(Boolean);
const API = `${BASE_URL}/api/v1`;
const TIMEOUT = __ENV.TIMEOUT || '10s';
const RATE_SCALE = scale('RATE_SCALE');
const TIME_SCALE = scale('TIME_SCALE');

// The smallest that scaling makes of anything: below, a level says nothing.
const LEAST_SECONDS = 5;
const LEAST_RATE = 20;

// The ADR's metrics that come from answers' bodies. Those of the server's
// times are made in server-timing.js.
const executionDuration = new Trend('workflow_execution_duration', true);
const orchestrationOverhead = new Trend('orchestration_overhead_percent');
const orchestrationTime = new Trend('orchestration_overhead_micros');
const timeouts = new Rate('request_timeout_rate');

// The engine's gauges as its /health tells them.
const GAUGES = {
  dbPoolSize: new Trend('engine_db_pool_size'),
  dbPoolInUse: new Trend('engine_db_pool_in_use'),
  executionsLimit: new Trend('engine_executions_limit'),
  executionsRunning: new Trend('engine_executions_running'),
  goroutines: new Trend('engine_goroutines'),
  heapAfterGcBytes: new Trend('engine_heap_after_gc_bytes'),
  gcShare: new Trend('engine_gc_share'),
  schedLatencyMs: new Trend('engine_sched_latency_ms', true),
  httpConns: new Trend('engine_http_conns'),
  httpReuseShare: new Trend('engine_http_reuse_share'),
  hubConnections: new Trend('engine_hub_connections'),
  hubDropped: new Trend('engine_hub_dropped'),
};

// k6's error codes of a request or a connection that took too long, and those of
// the answers 408 and 504: what k6report counts as a timeout.
const TIMEOUTS = [1050, 1211, 1408, 1504];

function scale(name) {
  const text = __ENV[name] || '1';
  const factor = Number(text);
  if (!(factor > 0 && factor <= 1)) {
    throw new Error(`${name} is "${text}"; want a number above 0, at most 1`);
  }
  return factor;
}

// scaledSeconds is a duration under TIME_SCALE, as k6 wants it. A part of a
// level is scaled as the whole of it is, which alone is held to the least.
export function scaledSeconds(full, whole = full) {
  const factor = Math.min(1, Math.max(LEAST_SECONDS / whole, TIME_SCALE));
  return `${Math.round(full * factor * 1000) / 1000}s`;
}

// scaledRate is a number of requests a second under RATE_SCALE.
export function scaledRate(full) {
  return Math.ceil(Math.min(full, Math.max(LEAST_RATE, full * RATE_SCALE)));
}

// scaledVUs is a number of VUs under RATE_SCALE.
export function scaledVUs(full) {
  return Math.max(1, Math.round(full * RATE_SCALE));
}

// constantRate is a scenario of `rate` requests a second for `seconds`.
export function constantRate(fn, persona, rate, seconds) {
  return {
    executor: 'constant-arrival-rate', exec: fn, rate: scaledRate(rate), timeUnit: '1s', duration: scaledSeconds(seconds),
    ...vusFor(scaledRate(rate)), tags: { persona },
  };
}

// rampingRate is a scenario that climbs to `peak` requests a second by stages
// of [seconds, share of the peak]. It keeps its shape under every scale.
// `level` is how long the level lasts that it is part of, if not as long.
export function rampingRate(fn, persona, peak, shape, level) {
  const rate = scaledRate(peak);
  const whole = level || shape.reduce((sum, [seconds]) => sum + seconds, 0);
  return {
    executor: 'ramping-arrival-rate', exec: fn, startRate: 0, timeUnit: '1s',
    stages: shape.map(([seconds, share]) => (
      { duration: scaledSeconds(seconds, whole), target: Math.round(rate * share) })),
    ...vusFor(rate), tags: { persona },
  };
}

// vusFor is enough VUs at once for answers of 250 ms, and at most for those of
// a second: more of them would only make a longer queue. Small rates get some
// more, or one hiccup would cost them a share of their requests that counts.
function vusFor(rate) {
  return { preAllocatedVUs: Math.max(10, Math.ceil(rate / 4)), maxVUs: Math.max(20, rate) };
}

// monitors is the scenario of the health monitors, which also sample the
// engine's gauges. They ask as often as they do, whatever RATE_SCALE.
export function monitors(rate, seconds) {
  return {
    executor: 'constant-arrival-rate', exec: 'health', rate, timeUnit: '1s', duration: scaledSeconds(seconds),
    preAllocatedVUs: Math.max(2, rate), maxVUs: 20, tags: { persona: 'health_monitor' },
  };
}

// The ADR's tables. `load` chooses the error budget: 'normal' or 'peak'.
export function thresholds(load) {
  const table = {
    'http_req_duration{name:execute_workflow}': ['med<100', 'p(95)<500', 'p(99)<1000'],
    'http_req_duration{name:list_workflows}': ['med<50', 'p(95)<200', 'p(99)<500'],
    'http_req_duration{name:get_execution}': ['med<30', 'p(95)<100', 'p(99)<200'],
    'http_req_duration{name:get_trace}': ['med<50', 'p(95)<200', 'p(99)<500'],
    'http_req_duration{name:health_check}': ['p(99)<100'],
    'http_req_failed': [load === 'peak' ? 'rate<0.01' : 'rate<0.001'],
    'request_timeout_rate': ['rate<0.05'],
    'orchestration_overhead_percent': ['avg<15'],
    'graph_build_duration': ['p(95)<5'],
  };
  if (SAFE) { // nothing is executed: a Trend without samples would pass
    delete table['http_req_duration{name:execute_workflow}'];
    delete table['orchestration_overhead_percent'];
    delete table['graph_build_duration'];
  }
  return table;
}

// suiteOptions are the k6 options that all levels have in common.
export function suiteOptions(level, load, scenarios) {
  return {
    scenarios,
    thresholds: thresholds(load),
    summaryTrendStats: ['count', 'avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)'],
    tags: { suite: 'adr-0003', level, rate_scale: String(RATE_SCALE), time_scale: String(TIME_SCALE) },
    setupTimeout: '60s',
  };
}

// tenantOf picks the tenant of the n-th request: all equally often, but not
// round and round. What is asked for goes round and round, too, and if the two
// kept step, one tenant would get all the slow requests and look ill-treated.
// Multiples of the golden ratio keep step with nothing.
export function tenantOf(n) {
  const fraction = (Math.imul(n, 0x9e3779b1) >>> 0) / 2 ** 32;
  return TENANTS[Math.floor(fraction * TENANTS.length)];
}

// actAs tags everything that the VU measures from here on with its tenant.
export function actAs(tenant) {
  exec.vu.metrics.tags.tenant = tenant;
}

// call sends one request in the name of the VU's tenant. `after` may add
// samples that belong to it.
function call(endpoint, method, url, body, after) {
  const tenant = exec.vu.metrics.tags.tenant;
  return timed(endpoint, (params) => {
    params.timeout = TIMEOUT;
    params.headers = { 'Content-Type': 'application/json' };
    if (tenant) params.headers['X-Tenant'] = tenant;
    return http.request(method, url, body === undefined ? null : JSON.stringify(body), params);
  }, (res) => {
    timeouts.add(TIMEOUTS.includes(res.error_code), { endpoint });
    if (after && res.body) after(res);
  });
}

function recordExecution(endpoint) {
  return (res) => {
    const answer = jsonOf(res);
    if (!answer || answer.executionTimeMs === undefined) return;
    const tags = { endpoint };
    executionDuration.add(answer.executionTimeMs, tags);
    const cost = answer.orchestrationCost || {};
    if (cost.orchestrationCostPercentage !== undefined) orchestrationOverhead.add(cost.orchestrationCostPercentage, tags);
    if (cost.totalOrchestrationCostMicros !== undefined) orchestrationTime.add(cost.totalOrchestrationCostMicros, tags);
  };
}

function recordGauges(res) {
  const gauges = (jsonOf(res) || {}).gauges || {};
  for (const [name, trend] of Object.entries(GAUGES)) {
    if (typeof gauges[name] === 'number') trend.add(gauges[name]);
  }
}

// The routes. Each answers k6's response.

export function healthCheck() {
  return call('health_check', 'GET', `${BASE_URL}/health`, undefined, recordGauges);
}

export function listWorkflows(skip = 0, take = 20) {
  return call('list_workflows', 'GET', `${API}/workflows?skip=${skip}&take=${take}`);
}

export function getWorkflow(name) {
  return call('get_workflow', 'GET', `${API}/workflows/${name}`);
}

export function executeWorkflow(name, input) {
  return call('execute_workflow', 'POST', `${API}/workflows/${name}/execute`, { input: input || {} },
    recordExecution('execute_workflow'));
}

export function listExecutions(name, skip = 0, take = 20, status = '') {
  const filter = status ? `&status=${status}` : '';
  return call('list_executions', 'GET', `${API}/workflows/${name}/executions?skip=${skip}&take=${take}${filter}`);
}

// validateInput asks whether a workflow could run on an input.
export function validateInput(name, input) {
  return call('validate_input', 'POST', `${API}/workflows/${name}/validate-input`, { input: input || {} });
}

// testExecute runs a workflow that is not stored, and stores nothing.
export function testExecute(workflow, input) {
  return call('test_execute', 'POST', `${API}/workflows/test-execute`, { workflow, input: input || {} });
}

export function getExecution(id) {
  return call('get_execution', 'GET', `${API}/executions/${id}`);
}

export function getTrace(id) {
  return call('get_trace', 'GET', `${API}/executions/${id}/trace`);
}

export function testWorkflow(name, input) {
  return call('test_workflow', 'POST', `${API}/workflows/${name}/test`, { input: input || {} });
}

export function getVersions(name) {
  return call('get_versions', 'GET', `${API}/workflows/${name}/versions`);
}

export function listTasks() {
  return call('list_tasks', 'GET', `${API}/tasks`);
}

// verify checks a response: its status, that it is JSON with the fields named,
// and that the server told its times.
export function verify(what, res, fields) {
  const body = jsonOf(res) || {};
  return check(res, {
    [`${what}: status is 200`]: (r) => r.status === 200,
    [`${what}: has ${fields.join(', ')}`]: () => fields.every((f) => body[f] !== undefined),
    [`${what}: tells its times`]: (r) => r.headers['Server-Timing'] !== undefined,
  });
}

// jsonOf is the answer's body as a value; undefined when it is not JSON.
export function jsonOf(res) {
  try {
    return res.json();
  } catch (_) {
    return undefined;
  }
}

// health is what health monitors do.
export function health() {
  actAs(tenantOf(exec.scenario.iterationInTest));
  verify('health_check', healthCheck(), ['status', 'instanceId', 'gauges']);
}

// over says whether the scenario's time has passed, so that who thinks long
// doesn't begin something new.
export function over() {
  return exec.scenario.progress >= 1;
}

// think waits as people do, for some time between two numbers of seconds.
export function think(least, most) {
  sleep(least + Math.random() * (most - least));
}

// prepare is every scenario's setup(): it makes sure that the right target
// answers, and hands over what readers can ask for, since VUs share nothing.
// It answers { instanceId, workflows: [name], executions: { tenant: [id] } }.
export function prepare() {
  const health = jsonOf(healthCheck());
  if (!health || !health.instanceId) {
    exec.test.abort(`${BASE_URL} does not answer /health as the engine does; is BASE_URL right?`);
  }
  if (__ENV.INSTANCE_ID && health.instanceId !== __ENV.INSTANCE_ID) {
    exec.test.abort(`${BASE_URL} is instance ${health.instanceId}, not ${__ENV.INSTANCE_ID}: another process has the port`);
  }
  const workflows = ((jsonOf(listWorkflows(0, 200)) || {}).items || []).map((w) => w.name);
  if (workflows.length === 0) exec.test.abort(`${BASE_URL} has no workflows to load`);

  const executions = {};
  for (const tenant of TENANTS) {
    actAs(tenant);
    executions[tenant] = [];
    for (const name of workflows) {
      const found = (jsonOf(listExecutions(name, 0, 5)) || {}).items || []; // some of each, for they differ in size
      executions[tenant].push(...found.map((e) => e.executionId));
      if (executions[tenant].length >= 40) break;
    }
    if (executions[tenant].length === 0) {
      if (SAFE) exec.test.abort(`tenant ${tenant} has no executions to read, and SAFE=1 makes none`);
      const made = (jsonOf(executeWorkflow(workflows[0])) || {}).executionId;
      if (!made) exec.test.abort(`tenant ${tenant} has no executions, and ${workflows[0]} can't be executed`);
      executions[tenant].push(made);
    }
  }
  return { instanceId: health.instanceId, workflows, executions };
}

// ONE says whether one process must answer all along: on this machine, or when
// it was named. Behind another address there may be several that share the load.
const ONE = __ENV.INSTANCE_ID !== undefined && __ENV.INSTANCE_ID !== '' ||
  /^https?:\/\/(localhost|127\.[\d.]+|\[::1\])(:|\/|$)/.test(BASE_URL);

// conclude is every scenario's teardown(): the target must still be the same.
export function conclude(data) {
  const health = jsonOf(healthCheck());
  if (!health || !health.instanceId) {
    exec.test.fail(`the target does not answer any more: it was instance ${data.instanceId} of ${BASE_URL}`);
  } else if (ONE && health.instanceId !== data.instanceId) {
    exec.test.fail(`the target was instance ${data.instanceId} at first and is ${health.instanceId} now: it restarted`);
  }
}
