// Records the times that a server tells in its Server-Timing header as k6
// metrics, so that a report can say which part of the server a slow request
// spent its time in.
//
//   import { timed } from './lib/server-timing.js';
//
//   const res = timed('list_orders', (params) => http.get(url, params));
//
// Everything measured while the call runs carries the metadata `rid`, which is
// what joins a request's own samples with its server times exactly. A script
// that can't wrap its requests calls recordServerTiming(res, 'list_orders')
// after each of them; the join then rests on vu and iter, if they are among
// the system tags, or on means over time.
//
// Names that the table below doesn't know become `server_timing_<name>_ms`.
// k6 creates metrics only while a script loads, so such names are declared:
//
//   declareServerTimings('cache', 'auth');      // at the top of the script
//   k6 run -e SERVER_TIMING_NAMES=cache,auth …  // or without touching it
//
// Undeclared ones are counted in `server_timing_undeclared`, tagged with the
// name. Requests of one VU must follow one another: not for http.batch() or
// several requests awaited together.

import exec from 'k6/execution';
import { Counter, Trend } from 'k6/metrics';

// What the engine's names are called as metrics (written by `make reference` of
// k6report). Values are milliseconds of exclusive wall time on the request's
// critical path.
const METRICS = {
  'queue': 'engine_queue_wait_ms',
  'db-pool-wait': 'db_pool_wait_ms',
  'db-write': 'db_write_latency_ms',
  'db-commit': 'db_commit_latency_ms',
  'db-read': 'db_read_latency_ms',
  'db-trace': 'db_trace_query_latency_ms',
  'graph-build': 'graph_build_duration',
  'template-resolve': 'template_resolve_ms',
  'http-pool-wait': 'http_pool_wait_ms',
  'http-dns': 'http_dns_ms',
  'http-connect': 'http_connect_ms',
  'http-call': 'http_call_ms',
  'ws-publish': 'ws_publish_ms',
  'serialize': 'serialize_ms',
  'total': 'workflow_server_ms',
};

const trends = new Map();
for (const [name, metric] of Object.entries(METRICS)) {
  trends.set(name, new Trend(metric, true));
}
const undeclared = new Counter('server_timing_undeclared');
declareServerTimings(...(__ENV.SERVER_TIMING_NAMES || '').split(',').map((n) => n.trim()).filter(Boolean));

// Ids must differ between VUs, between generators that know nothing of one
// another, and between setup() and teardown(), which share VU 0.
const salt = Math.floor(Math.random() * 36 ** 6).toString(36);
let sent = 0; // requests of this VU

// declareServerTimings creates the metrics of names that the table doesn't
// know. To be called while the script loads.
export function declareServerTimings(...names) {
  for (const name of names) {
    if (!trends.has(name)) {
      trends.set(name, new Trend(`server_timing_${name.replace(/[^A-Za-z0-9_]/g, '_')}_ms`, true));
    }
  }
}

// timed sends a request and records the server's times of it. `send` gets k6
// request params with the endpoint as `name` tag, to be used or extended, and
// returns the response, which timed returns in turn. `after`, if given, is
// called with the response and may add samples that belong to the request.
export function timed(endpoint, send, after) {
  const metadata = exec.vu.metrics.metadata;
  metadata.rid = `${exec.vu.idInInstance}-${salt}-${++sent}`;
  try {
    const res = send({ tags: { name: endpoint } });
    recordServerTiming(res, endpoint);
    if (after) after(res);
    return res;
  } finally {
    delete metadata.rid;
  }
}

// recordServerTiming records the times in a response's header and returns
// them: milliseconds by name. A response without the header records nothing.
export function recordServerTiming(res, endpoint) {
  const times = parseServerTiming(headerOf(res));
  const tags = { endpoint };
  for (const [name, ms] of times) {
    const trend = trends.get(name);
    if (trend) {
      trend.add(ms, tags);
    } else {
      undeclared.add(1, { server_timing: name });
    }
  }
  return times;
}

// headerOf finds the header: HTTP/1.1 and 2 differ in its spelling.
function headerOf(res) {
  const headers = (res && res.headers) || {};
  if (headers['Server-Timing'] !== undefined) return headers['Server-Timing'];
  for (const name of Object.keys(headers)) {
    if (name.toLowerCase() === 'server-timing') return headers[name];
  }
  return '';
}

// parseServerTiming reads a header's value (W3C Server Timing: metrics at
// commas, parameters at semicolons, values perhaps in quotes) into
// milliseconds by name. A name that repeats adds up. Metrics without a usable
// `dur` are left out; of several the first counts, as the standard says.
export function parseServerTiming(value) {
  const times = new Map();
  for (const metric of split(value || '', ',')) {
    const [name, ...params] = split(metric, ';').map((part) => part.trim());
    const ms = duration(params);
    if (name && ms !== undefined) times.set(name, (times.get(name) || 0) + ms);
  }
  return times;
}

function duration(params) {
  for (const param of params) {
    const equals = param.indexOf('=');
    if (equals < 0 || param.slice(0, equals).trim().toLowerCase() !== 'dur') continue;
    const text = unquote(param.slice(equals + 1).trim());
    const ms = text === '' ? NaN : Number(text);
    return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
  }
  return undefined;
}

function unquote(text) {
  if (!text.startsWith('"')) return text;
  return text.slice(1, text.endsWith('"') && text.length > 1 ? -1 : undefined).replace(/\\(.)/g, '$1');
}

// split cuts text at a separator, but not inside of quotes.
function split(text, separator) {
  if (text.indexOf('"') < 0) return text.split(separator); // nearly always
  const parts = [];
  let part = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\\' && quoted) {
      part += c + (text[++i] || '');
      continue;
    }
    if (c === '"') quoted = !quoted;
    if (c === separator && !quoted) {
      parts.push(part);
      part = '';
    } else {
      part += c;
    }
  }
  parts.push(part);
  return parts;
}
