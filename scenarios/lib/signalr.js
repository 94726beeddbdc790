// A client of the engine's hub: SignalR's JSON protocol over k6's websockets.
//
//   export default async function () {
//     const hub = await connectHub(BASE_URL, { tenant: 'acme' });
//     await hub.invoke('JoinVisualizationGroup', 'diamond');
//     await hub.listen(30);
//     await hub.close();
//   }
//
// k6 itself measures ws_connecting, ws_session_duration and the messages; here
// come ws_broadcast_delay_ms, from the engine's sending an event to its arrival
// (whole milliseconds, and only where both have one clock), and
// ws_dropped_messages, the events that an execution had and this client missed.

import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';
import { timed } from './server-timing.js';

const broadcastDelay = new Trend('ws_broadcast_delay_ms', true);
const dropped = new Counter('ws_dropped_messages');

const PATH = '/hubs/workflow';
const SEPARATOR = '\x1e';
const INVOCATION = 1;
const COMPLETION = 3;
const PING = 6;
const CLOSE = 7;
const PING_SECONDS = 10; // the engine gives up clients that are silent for 30
const MOST_EXECUTIONS = 1000; // that a client follows at once

// connectHub negotiates, connects and shakes hands. Options: tenant, timeout
// (seconds until it gives up, 10 without), onEvent(name, body). The promise
// fails with the reason why there is no connection.
export async function connectHub(baseUrl, options = {}) {
  const tenant = options.tenant ? `&tenant=${encodeURIComponent(options.tenant)}` : '';
  const timeout = options.timeout || 10;
  const res = timed('hub_negotiate', (params) => {
    params.timeout = `${timeout}s`;
    return http.post(`${baseUrl}${PATH}/negotiate?negotiateVersion=1`, null, params);
  });
  if (res.status !== 200) throw new Error(`the hub did not negotiate: status ${res.status} ${res.error}`);
  const token = encodeURIComponent(res.json('connectionToken'));
  const url = `${baseUrl.replace(/^http/, 'ws')}${PATH}?id=${token}${tenant}`;
  const hub = new Hub(new WebSocket(url, null, { tags: { name: 'hub_connection' } }), options.onEvent);
  await within(timeout, hub.opened, 'the hub did not shake hands', () => hub.socket.close());
  return hub;
}

// within fails a promise that takes too long.
function within(seconds, promise, what, otherwise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      otherwise();
      reject(new Error(`${what} in ${seconds} s`));
    }, seconds * 1000);
    promise.then((value) => {
      clearTimeout(timer);
      resolve(value);
    }, (err) => {
      clearTimeout(timer);
      reject(err);
    });
  });
}

class Hub {
  constructor(socket, onEvent) {
    this.socket = socket;
    this.onEvent = onEvent || (() => {});
    this.rest = ''; // of a record that is not complete
    this.shaken = false; // hands
    this.calls = new Map(); // invocation id to what to do with its answer
    this.lastId = 0;
    this.executions = new Map(); // id to what was heard of it
    this.opened = new Promise((resolve, reject) => {
      this.onOpened = resolve;
      this.onRefused = reject;
    });
    this.closed = new Promise((resolve) => { this.onClosed = resolve; });
    socket.addEventListener('open', () => this.send({ protocol: 'json', version: 1 }));
    socket.addEventListener('message', (e) => this.receive(e.data));
    socket.addEventListener('error', (e) => this.end(new Error(`hub connection: ${e.error}`)));
    socket.addEventListener('close', () => this.end(new Error('the hub connection is closed')));
  }

  send(message) {
    this.socket.send(JSON.stringify(message) + SEPARATOR);
  }

  // invoke calls a method of the hub and answers its result.
  invoke(target, ...args) {
    const invocationId = String(++this.lastId);
    return new Promise((resolve, reject) => {
      this.calls.set(invocationId, { resolve, reject });
      this.send({ type: INVOCATION, invocationId, target, arguments: args });
    });
  }

  // listen waits for a number of seconds, or until the connection ends.
  listen(seconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      this.closed.then(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  // close says farewell and waits until the connection is closed.
  close() {
    if (this.shaken) this.send({ type: CLOSE });
    else this.socket.close();
    return this.closed;
  }

  // receive cuts what arrives into records: one message may hold several, and
  // a record may be spread over several.
  receive(data) {
    const records = (this.rest + data).split(SEPARATOR);
    this.rest = records.pop();
    for (const record of records) this.handle(JSON.parse(record));
  }

  handle(message) {
    if (!this.shaken) {
      if (message.error) {
        this.end(new Error(`the hub refused: ${message.error}`));
        return;
      }
      this.shaken = true;
      this.pinging = setInterval(() => this.send({ type: PING }), PING_SECONDS * 1000);
      this.onOpened();
      return;
    }
    switch (message.type) {
      case INVOCATION: this.event(message.target, message.arguments[0]); break;
      case COMPLETION: this.complete(message); break;
      case CLOSE: this.socket.close(); break;
      default: // pings, and what later versions may bring
    }
  }

  complete({ invocationId, result, error }) {
    const call = this.calls.get(invocationId);
    this.calls.delete(invocationId);
    if (!call) return;
    if (error) call.reject(new Error(error));
    else call.resolve(result);
  }

  event(name, body) {
    broadcastDelay.add(Math.max(0, Date.now() - body.sentAt));
    this.follow(name, body);
    this.onEvent(name, body);
  }

  // follow counts an execution's events from the first that was heard, since a
  // client may have come late, to the last, which has the highest number.
  follow(name, { executionId, sequence }) {
    const heard = this.executions.get(executionId) || { first: sequence, count: 0 };
    heard.first = Math.min(heard.first, sequence);
    heard.count++;
    if (name === 'WorkflowCompleted') {
      this.executions.delete(executionId);
      dropped.add(sequence - heard.first + 1 - heard.count);
      return;
    }
    this.executions.set(executionId, heard);
    if (this.executions.size > MOST_EXECUTIONS) this.executions.delete(this.executions.keys().next().value);
  }

  // end settles everything that somebody may wait for.
  end(reason) {
    clearInterval(this.pinging);
    this.onRefused(reason);
    for (const call of this.calls.values()) call.reject(reason);
    this.calls.clear();
    this.socket.close();
    this.onClosed();
  }
}
