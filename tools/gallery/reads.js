// Reads of the engine at a constant rate, as a script that knows nothing of
// k6report writes them: no components, no personas.
//
//   RATE, DURATION, VUS   the load
//   ONLY=health           one endpoint alone
//   NAMES=200             as many names of endpoints, all of them long
import http from 'k6/http';
import { check } from 'k6';
import exec from 'k6/execution';

const API = `${__ENV.BASE_URL}/api/v1`;
const RATE = Number(__ENV.RATE);
const VUS = Number(__ENV.VUS || 40);
const NAMES = Number(__ENV.NAMES || 0);

export const options = {
  scenarios: {
    reads: {
      executor: 'constant-arrival-rate', rate: RATE, timeUnit: '1s', duration: __ENV.DURATION,
      preAllocatedVUs: VUS, maxVUs: VUS,
    },
  },
  thresholds: { http_req_duration: ['p(95)<200'], http_req_failed: ['rate<0.01'] },
};

const PLACES = [
  ['workflows', `${API}/workflows`], ['tasks', `${API}/tasks`], ['health', `${__ENV.BASE_URL}/health`],
  ['workflow', `${API}/workflows/order-chain`], ['versions', `${API}/workflows/order-chain/versions`],
];
const CHOSEN = __ENV.ONLY ? PLACES.filter(([name]) => name === __ENV.ONLY) : PLACES;

export default function () {
  const n = exec.scenario.iterationInTest;
  let [name, url] = CHOSEN[n % CHOSEN.length];
  if (NAMES > 0) {
    const id = String(n % NAMES).padStart(3, '0');
    name = `GET /api/v1/tenants/${id}/workflows/{workflowName}/versions/{version}/executions/latest/${name}`;
  }
  const response = http.get(url, { tags: { name } });
  check(response, { 'status is 200': (r) => r.status === 200 });
}
