// What the load consists of: the inputs of executions, and the mix of requests
// that execution-stress.js sends.

import {
  SAFE, executeWorkflow, getExecution, getTrace, listExecutions, listWorkflows, verify,
} from './helpers.js';

// The inputs by how much work they are. `complexity` is simple (a few tasks),
// medium (tasks side by side) or complex (many tasks, or much to fill in).
const ALL = JSON.parse(open('../data/executions.json'));

// inputs lists what executeWorkflow may be asked for: { workflow, input }.
export function inputs(...complexities) {
  const found = ALL.filter((e) => complexities.length === 0 || complexities.includes(e.complexity));
  if (found.length === 0) throw new Error(`data/executions.json has no inputs of complexity ${complexities.join(' or ')}`);
  return found;
}

// pick takes the n-th of a list, round and round.
export function pick(list, n) {
  return list[n % list.length];
}

// The requests of the mix, each verified. They take the data of setup(), the
// tenant, and a number that rises, to choose by.

export function execute({ workflow, input }) {
  return verify('execute_workflow', executeWorkflow(workflow, input),
    ['executionId', 'success', 'taskDetails', 'executionTimeMs', 'orchestrationCost']);
}

const EXECUTE = (data, tenant, n) => execute(pick(ALL, n));
const READ_EXECUTION = (data, tenant, n) => verify('get_execution', getExecution(pick(data.executions[tenant], n)),
  ['executionId', 'status', 'taskDetails']);
const READ_TRACE = (data, tenant, n) => verify('get_trace', getTrace(pick(data.executions[tenant], n)),
  ['taskTimings', 'dependencyOrder']);
const LIST_EXECUTIONS = (data, tenant, n) => verify('list_executions', listExecutions(pick(data.workflows, n)), ['items']);
const LIST_WORKFLOWS = () => verify('list_workflows', listWorkflows(), ['items']);

// READING is what there is without executions: all that SAFE allows.
const READING = [READ_EXECUTION, LIST_WORKFLOWS, READ_TRACE, LIST_EXECUTIONS];

// Of ten requests six execute, and one each reads. The readers stand apart, so
// that they meet executions of every kind.
const MIX = SAFE ? READING : [
  EXECUTE, READ_EXECUTION, EXECUTE, LIST_WORKFLOWS, EXECUTE, EXECUTE, READ_TRACE, EXECUTE, LIST_EXECUTIONS, EXECUTE,
];

// mixed sends the n-th request of the mix.
export function mixed(data, tenant, n) {
  const turn = Math.floor(n / MIX.length);
  const send = pick(MIX, n);
  // Executions go through the inputs one by one; a reader comes once a turn.
  return send(data, tenant, send === EXECUTE ? turn * EXECUTES + RANK[n % MIX.length] : turn);
}

const EXECUTES = MIX.filter((send) => send === EXECUTE).length;
const RANK = MIX.map((_, i) => MIX.slice(0, i).filter((send) => send === EXECUTE).length);
