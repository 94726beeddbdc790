import http from 'k6/http';
import exec from 'k6/execution';
import { check, group, sleep } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

const base = __ENV.BASE;
const orders = new Counter('orders_total');
const depth = new Gauge('queue_depth');
const good = new Rate('success_rate');
const db = new Trend('db_ms', true);
const never = new Trend('never_ms', true);

export const options = {
  scenarios: {
    browse: { executor: 'constant-arrival-rate', rate: 10, timeUnit: '1s', duration: '4s', preAllocatedVUs: 3, tags: { persona: 'dev' } },
  },
  thresholds: {
    http_req_duration: ['p(95)<500', 'p(99)<0.001'],
    'http_req_duration{persona:dev}': ['max<5000'],
    http_reqs: ['count>10'],
    success_rate: ['rate>0.9'],
    never_ms: ['p(95)<100'],
  },
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)'],
};

export function setup() {
  http.get(`${base}/health?setup`, { tags: { name: 'prepare' } });
}

export default function () {
  const metadata = exec.vu.metrics.metadata;
  group('shop', () => {
    metadata.rid = `r-${exec.scenario.iterationInTest}`;
    const r = http.get(`${base}/health`, { tags: { name: 'ping', note: 'a=b', plan: 'x' } });
    db.add(r.timings.waiting / 2, { endpoint: 'ping' });
    delete metadata.rid;
    check(r, { 'status is 200': (r) => r.status === 200, 'says "ok", always': (r) => r.body === 'ok' });
  });
  group('say "hi", twice\nor more', () => {
    const r = http.get(`${base}/missing`, { tags: { name: 'missing' } });
    good.add(r.status === 404);
    http.get(`${base}/items/${exec.scenario.iterationInTest}`);
  });
  orders.add(2);
  depth.add(exec.scenario.iterationInTest % 7);
}

export function handleSummary(data) {
  return { [__ENV.DATA || 'summary-data.json']: JSON.stringify(data, null, 1) };
}
