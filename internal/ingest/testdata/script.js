import http from 'k6/http';
import { check, group } from 'k6';
import { Trend } from 'k6/metrics';
const t = new Trend('my_trend', true);
export const options = {
  scenarios: {
    a: { executor: 'constant-arrival-rate', rate: 50, timeUnit: '1s', duration: '3s', preAllocatedVUs: 5, tags: {persona: 'dev'} },
    b: { executor: 'ramping-vus', startVUs: 1, stages: [{duration:'1s', target: 3},{duration:'1s', target:0}], gracefulRampDown: '1s', startTime: '1s' },
    c: { executor: 'per-vu-iterations', vus: 2, iterations: 3, maxDuration: '10s' },
    d: { executor: 'ramping-arrival-rate', startRate: 5, timeUnit: '1s', stages: [{duration:'1s', target: 30}], preAllocatedVUs: 2, maxVUs: 4 },
    e: { executor: 'shared-iterations', vus: 2, iterations: 4 },
  },
  thresholds: { http_req_duration: ['p(95)<500', {threshold: 'avg<200', abortOnFail: true, delayAbortEval: '10s'}], 'http_req_duration{persona:dev}': ['p(90)<1'], 'checks': ['rate>0.9'], my_trend: ['med<100'], 'http_reqs': ['count>10','rate>1'] },
  summaryTrendStats: ['avg','min','med','max','p(90)','p(95)','p(99)','count'],
};
export function setup() { http.get(`${__ENV.BASE}/health`); }
export default function () {
  group('g1', () => {
    const r = http.get(`${__ENV.BASE}/health`, {tags: {name: 'ping'}});
    check(r, {'ok': (r) => r.status == 200, 'weird "x" \n | <b>': (r) => Math.random() > 0.1});
    t.add(r.timings.duration);
  });
  http.get(`${__ENV.BASE}/nothing/${__ITER}?q=1`);
}
