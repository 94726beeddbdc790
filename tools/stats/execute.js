// One execution of the order-chain a time, at a constant rate: the load of the
// real runs that verdicts are measured by.
import { executeWorkflow } from '../../scenarios/lib/helpers.js';

export const options = {
  scenarios: {
    execute: {
      executor: 'constant-arrival-rate', rate: Number(__ENV.RATE), timeUnit: '1s', duration: __ENV.DURATION,
      preAllocatedVUs: 20, maxVUs: 50,
    },
  },
};

const INPUT = { orderId: 'order-1001', amount: 49.9, customer: { name: 'Ada', country: 'GB' } };

export default function () {
  executeWorkflow('order-chain', INPUT);
}
