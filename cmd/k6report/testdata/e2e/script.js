// A run that asks for everything that k6's summary may show: every kind of
// metric, thresholds on every aggregation, submetrics by awkward tags.
import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

const base = __ENV.BASE_URL;
const duration = __ENV.DURATION || '3s';

const orders = new Counter('orders');
const depth = new Gauge('queue_depth');
const hits = new Rate('cache_hits');
const work = new Trend('work_ms', true);
const payload = new Trend('payload');
new Trend('never_ms', true);

// A generator of numbers that the seed decides (Lehmer's).
let state = (Number(__ENV.SEED || 1) * 7919 + __VU * 104729) % 2147483647 || 1;
function random() {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
}

export const options = {
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)', 'p(99.9)', 'count'],
  scenarios: {
    browse: {
      executor: 'constant-arrival-rate', rate: 60, timeUnit: '1s', duration,
      preAllocatedVUs: 20, maxVUs: 40, exec: 'browse', tags: { persona: 'dev' },
    },
    buy: { executor: 'constant-vus', vus: 3, duration, exec: 'buy', tags: { persona: 'ops, "night": shift' } },
    odd: { executor: 'per-vu-iterations', vus: 2, iterations: 5, exec: 'odd' },
  },
  thresholds: {
    http_req_duration: [
      'avg<5000', 'avg>5000', 'min<5000', 'min>5000', 'med<5000', 'med<=0.0001', 'max<50000', 'max<0.0001',
      'p(90)<5000', 'p(90)>=5000', 'p(95)<5000', 'p(95)<0.0001', 'p(99.9)<50000', 'p(99.9)<0.0001',
      { threshold: 'p(99)<50000', abortOnFail: true, delayAbortEval: '1s' },
    ],
    'http_req_duration{scenario:browse}': ['p(95)<5000', 'p(50)<0.0001'],
    'http_req_duration{status:500}': ['max<50000', 'avg<0.0001'],
    'http_req_duration{group:::shop::cart}': ['p(90)<5000', 'p(90)<0.0001'],
    'http_req_duration{name:say "hi": now}': ['p(95)<5000', 'max<0.0001'],
    'http_req_duration{persona:dev,status:200}': ['p(99)<50000'],
    'http_req_duration{name:nobody}': ['p(95)<1'],
    http_req_failed: ['rate<0.9', 'rate<0.0001'],
    'http_req_failed{scenario:odd}': ['rate<1.1'],
    http_reqs: ['count>10', 'count<10', 'rate>1', 'rate<0.1'],
    'http_reqs{status:404}': ['count>=10', 'count<=9', 'count==10'],
    'http_reqs{status:599}': ['count<1', 'count>5'],
    orders: ['count>=1', 'count<1', 'rate>0.01'],
    'orders{kind:big}': ['count>0', 'count!=0', 'count===0'],
    queue_depth: ['value<1000', 'value>1000'],
    cache_hits: ['rate>0.01', 'rate>0.9999'],
    'cache_hits{tier:edge:1}': ['rate>0.01', 'rate<0.0001'],
    work_ms: ['avg<5000', 'p(99.9)<0.0001'],
    payload: ['avg>0', 'min>=0', 'med<0.0001', 'max<100000000'],
    never_ms: ['p(95)<10', 'avg<1', 'max>1'],
    checks: ['rate>0.01', 'rate>0.9999'],
    'checks{check:answers "ok": 200}': ['rate>0.5'],
    iterations: ['count>0', 'rate<0.1'],
    iteration_duration: ['p(95)<60000', 'med<0.0001'],
    vus: ['value<1000'],
    data_received: ['count>0', 'count<0', 'rate<0.1'],
  },
};

export function setup() {
  http.get(`${base}/fast?phase=setup`, { tags: { name: 'prepare' } });
  return { token: 'x' };
}

export function browse() {
  const r = http.get(`${base}/fast?page=${Math.floor(random() * 1000)}`, { tags: { name: 'browse' } });
  check(r, { 'answers "ok": 200': (x) => x.status === 200, 'is quick, often': () => random() < 0.8 });
  hits.add(random() < 0.6, { tier: random() < 0.5 ? 'edge:1' : 'core' });
  work.add(random() * 40);
  payload.add(Math.floor(random() * 1e6) / 7);
}

export function buy() {
  group('shop', () => {
    http.get(`${base}/items/${Math.floor(random() * 1e6)}?q=a%20b`);
    group('cart', () => {
      const r = http.post(`${base}/slow`, JSON.stringify({ n: 1 }), { tags: { name: 'say "hi": now' } });
      check(r, { 'accepted': (x) => x.status === 201 });
    });
  });
  orders.add(1 + Math.floor(random() * 3), { kind: random() < 0.3 ? 'big' : 'small' });
  depth.add(Math.floor(random() * 100));
}

export function odd() {
  http.get(`${base}/missing`, { tags: { name: 'missing' } });
  http.get(`${base}/fail`, { tags: { name: 'fail' } });
  sleep(0.05);
}

export function teardown() {
  http.del(`${base}/fast?phase=teardown`, null, { tags: { name: 'clean up' } });
}
