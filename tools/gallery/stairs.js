// Executions at a load that climbs by steps, past what a slow engine carries.
import { actAs, conclude, executeWorkflow, prepare, tenantOf } from '../../scenarios/lib/helpers.js';
import exec from 'k6/execution';

const STEPS = [25, 50, 100, 200, 300, 400];
const STAY = 5;

export const options = {
  tags: { level: 'breakpoint' }, // which looks for the load at which the system breaks
  thresholds: { http_req_duration: ['p(95)<250'] },
  scenarios: {
    stairs: {
      executor: 'ramping-arrival-rate', startRate: STEPS[0], timeUnit: '1s', preAllocatedVUs: 100, maxVUs: 300,
      stages: STEPS.flatMap((target) => [{ duration: '0s', target }, { duration: `${STAY}s`, target }]),
    },
  },
};

export const setup = prepare;
export const teardown = conclude;

export default function () {
  actAs(tenantOf(exec.scenario.iterationInTest));
  executeWorkflow('order-chain', { orderId: 'order-1001', amount: 49.9, customer: { name: 'Ada', country: 'GB' } });
}
