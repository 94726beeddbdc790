// Talks to the hub with the official client and prints what it saw as JSON.
// Arguments: the folder that holds node_modules, and the engine's URL.
const path = require('path');

const [, , modules, url] = process.argv;
const { HubConnectionBuilder, HubConnectionState, LogLevel } = require(path.resolve(modules, 'node_modules/@microsoft/signalr'));

function connection(options) {
  return new HubConnectionBuilder()
    .withUrl(`${url}/hubs/workflow?tenant=acme`, options || {})
    .configureLogging(LogLevel.Warning)
    .build();
}

async function main() {
  const seen = { events: {}, gaps: 0 };
  const caller = connection();
  const listener = connection({ skipNegotiation: true, transport: 1 });
  const finished = new Promise((resolve) => {
    const sequences = [];
    for (const name of ['WorkflowStarted', 'TaskStarted', 'TaskCompleted', 'WorkflowCompleted']) {
      listener.on(name, (event) => {
        seen.events[name] = (seen.events[name] || 0) + 1;
        sequences.push(event.sequence);
        if (name === 'WorkflowCompleted') {
          seen.gaps = Math.max(...sequences) - new Set(sequences).size;
          resolve(event);
        }
      });
    }
  });
  await caller.start();
  await listener.start();
  await listener.invoke('JoinVisualizationGroup', 'fan-out-5');
  caller.on('TaskStarted', () => {});
  caller.on('TaskCompleted', () => {});
  caller.on('WorkflowStarted', () => {});
  caller.on('WorkflowCompleted', () => {});
  const answer = await caller.invoke('ExecuteWorkflow', 'fan-out-5', { orderId: 'o-1' });
  const last = await finished;
  seen.success = answer.success;
  seen.tasks = answer.taskDetails.length;
  seen.sameExecution = last.executionId === answer.executionId;
  try {
    await caller.invoke('ExecuteWorkflow', 'none');
  } catch (err) {
    seen.error = err.message;
  }
  await caller.send('LeaveVisualizationGroup', 'fan-out-5');
  await caller.stop();
  await listener.stop();
  seen.stopped = caller.state === HubConnectionState.Disconnected;
  console.log(JSON.stringify(seen));
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
