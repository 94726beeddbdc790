// Executions and reads at a level of load, one request an iteration.
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 -e TEST_MODE=baseline scenarios/execution-stress.js
//
// TEST_MODE is the level: baseline, load, stress, spike, soak, ultimate or
// breakpoint. All but baseline are heavy: scale them (-e RATE_SCALE=0.05
// -e TIME_SCALE=0.05) unless the system under test is meant to be loaded so.

import exec from 'k6/execution';
import {
  SAFE, actAs, conclude, constantRate, health, monitors, prepare, rampingRate, scaledSeconds, suiteOptions, tenantOf,
} from './lib/helpers.js';
import { mixed } from './lib/workload.js';

const MINUTE = 60;

// Ramping levels climb by plateaus, since what a report can say of a load needs
// a while of that load: 100 s and more are 5 s and more at a scale of 0.05.
const LOAD = [[30, 0.2], [120, 0.2], [30, 0.5], [120, 0.5], [30, 1], [240, 1], [30, 0]];
const STRESS = [[30, 0.25], [120, 0.25], [30, 0.5], [120, 0.5], [30, 0.75], [120, 0.75], [30, 1], [120, 1], [60, 0]];
const ULTIMATE = [[15, 0.25], [100, 0.25], [15, 0.5], [100, 0.5], [15, 0.75], [100, 0.75], [15, 1], [100, 1], [20, 0]];
const BURST = [[10, 1], [120, 1], [10, 0]];

// Breakpoint climbs by factors of √2 from 100 to 12,800 requests a second. So it
// resolves a small capacity as well as a large one, and the last levels always
// have most of the requests, which lets k6's thresholds, who judge all of a run
// so far, notice a break soon.
const BREAKPOINT_PEAK = 12800;
const BREAKPOINT = Array.from({ length: 15 }, (_, i) => 2 ** ((i - 14) / 2)).flatMap((share) => [[10, share], [100, share]]);

// The levels: the error budget, how long, and the scenarios of the load.
const LEVELS = {
  baseline: ['normal', 5 * MINUTE, (t) => ({ baseline: constantRate('load', 'mixed', 100, t) })],
  load: ['normal', 10 * MINUTE, () => ({ load: rampingRate('load', 'mixed', 500, LOAD) })],
  stress: ['peak', 11 * MINUTE, () => ({ stress: rampingRate('load', 'mixed', 1000, STRESS) })],
  spike: ['peak', 10 * MINUTE, (t) => ({
    base: constantRate('load', 'mixed', 100, t),
    spike: { ...rampingRate('load', 'mixed', 5000, BURST, t), startTime: scaledSeconds(3 * MINUTE, t) },
  })],
  soak: ['normal', 30 * MINUTE, (t) => ({ soak: constantRate('load', 'mixed', 500, t) })],
  ultimate: ['peak', 8 * MINUTE, () => ({ ultimate: rampingRate('load', 'mixed', 10000, ULTIMATE) })],
  breakpoint: ['peak', 15 * 110, () => ({ breakpoint: rampingRate('load', 'mixed', BREAKPOINT_PEAK, BREAKPOINT) })],
};

export const options = optionsOf(__ENV.TEST_MODE || 'baseline');

function optionsOf(level) {
  if (!Object.hasOwn(LEVELS, level)) {
    throw new Error(`TEST_MODE is "${level}"; this script knows ${Object.keys(LEVELS).join(', ')}`);
  }
  const [budget, seconds, scenarios] = LEVELS[level];
  const made = suiteOptions(level, budget, { ...scenarios(seconds), health: monitors(1, seconds) });
  if (level === 'breakpoint') endWhenBroken(made.thresholds, seconds);
  return made;
}

// endWhenBroken makes the targets that a broken system misses end the run: the
// p95 of what the load is mostly made of, and the budgets of errors and
// timeouts, but not while the system warms up. The others only tell: one slow
// route is not yet a break.
function endWhenBroken(thresholds, seconds) {
  const most = `http_req_duration{name:${SAFE ? 'list_workflows' : 'execute_workflow'}}`;
  const end = (threshold) => ({ threshold, abortOnFail: true, delayAbortEval: scaledSeconds(MINUTE, seconds) });
  thresholds[most] = thresholds[most].map((t) => (t.startsWith('p(95)') ? end(t) : t));
  for (const metric of ['http_req_failed', 'request_timeout_rate']) thresholds[metric] = thresholds[metric].map(end);
}

export const setup = prepare;
export const teardown = conclude;
export { health };

// load sends one request of the mix.
export function load(data) {
  const n = exec.scenario.iterationInTest;
  const tenant = tenantOf(n);
  actAs(tenant);
  mixed(data, tenant, n);
}
