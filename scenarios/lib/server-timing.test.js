// Tests of server-timing.js, to be run by k6 itself:
//
//   k6 run scenarios/lib/server-timing.test.js

import exec from 'k6/execution';
import { Trend } from 'k6/metrics';
import { declareServerTimings, parseServerTiming, recordServerTiming, timed } from './server-timing.js';

export const options = {
  thresholds: {
    server_timing_my_cache_ms: ['avg==7'],
    'db_read_latency_ms{endpoint:orders}': ['max==3'],
    'server_timing_undeclared{server_timing:surprise}': ['count==1'],
  },
};

declareServerTimings('my-cache');
new Trend('db_read_latency_ms', true); // a script may declare the same again

const CASES = [
  ['', {}],
  ['total;dur=1.5', { total: 1.5 }],
  ['a;dur=1, b;dur=2', { a: 1, b: 2 }],
  ['a;dur=1,b;dur=2', { a: 1, b: 2 }],
  ['\t a ; dur = 1 , b;dur=2 ', { a: 1, b: 2 }],
  ['a;dur=1, a;dur=2.5', { a: 3.5 }],
  ['a;desc="x, y; dur=9";dur=4', { a: 4 }],
  ['a;dur=4;desc="say \\"hi\\", b;dur=1"', { a: 4 }],
  ['a;dur="6"', { a: 6 }],
  ['a;DUR=6;other;x=y', { a: 6 }],
  ['a;dur=1;dur=2', { a: 1 }],
  ['miss, cache;desc=hit', {}],
  ['a;dur=, b;dur=x, c;dur=-1, d;dur=NaN, e;dur=Infinity, f;dur=0', { f: 0 }],
  [',, ;dur=3, a;dur=1,', { a: 1 }],
  ['a;desc="open, b;dur=2', {}],
  ['a;dur=1e1', { a: 10 }],
];

function expect(what, got, want) {
  const [g, w] = [JSON.stringify(got), JSON.stringify(want)];
  if (g !== w) exec.test.fail(`${what}: got ${g}, want ${w}`);
}

export default function () {
  for (const [header, want] of CASES) {
    expect(`parse ${JSON.stringify(header)}`, Object.fromEntries(parseServerTiming(header)), want);
  }
  expect('no header', [...recordServerTiming({ headers: {} }, 'x')], []);
  expect('no response', [...recordServerTiming(undefined, 'x')], []);

  const metadata = exec.vu.metrics.metadata;
  const rids = [];
  const answer = { headers: { 'server-timing': 'db-read;dur=3, my-cache;dur=7, surprise;dur=1' } };
  const res = timed('orders', (params) => {
    rids.push(metadata.rid);
    expect('params', params, { tags: { name: 'orders' } });
    return answer;
  }, () => rids.push(metadata.rid));
  expect('the response', res === answer, true);
  expect('one id around request and samples', [typeof rids[0], rids[0] === rids[1]], ['string', true]);
  expect('the id afterwards', metadata.rid, undefined);

  try {
    timed('broken', () => { throw new Error('down'); });
  } catch (err) {
    expect('the error', err.message, 'down');
  }
  expect('the id after an error', metadata.rid, undefined);
  timed('next', () => { rids.push(metadata.rid); });
  expect('ids differ', rids[2] !== rids[0], true);
}
