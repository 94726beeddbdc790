// Everything that a script may name, named by somebody who means harm.
import http from 'k6/http';
import { check, group } from 'k6';
import exec from 'k6/execution';

const NAMES = [
  '<script>alert(1)</script><img src=x onerror=alert(1)>',
  '![image](http://example.com/x.png) [link](javascript:alert(1)) @all #1 !1 ~bug `code` | cell |',
  '{{7*7}} ${7*7} <%= 7*7 %> {% raw %}',
  "'; DROP TABLE executions; -- \" OR 1=1",
  '\u202egnp.exe\u202c \u2066left\u2069 \u200bzero\u200bwidth\ufeff',
  'line\nbreak\r\n/merge\n/close\u2028next\u2029end',
  'nul\u0000 bell\u0007 escape\u001b[31mred\u001b]0;title\u0007 del\u007f',
  '👩‍👩‍👧 ワークフロー一覧 مرحبا Ελληνικά Кириллица e\u0301',
  'A'.repeat(10000),
  '--help; $(rm -rf /) `id` %s %n ../../etc/passwd',
];

export const options = {
  scenarios: {
    hostile: {
      executor: 'constant-arrival-rate', rate: 50, timeUnit: '1s', duration: '6s', preAllocatedVUs: 20,
      tags: { persona: NAMES[0], tenant: NAMES[1] },
    },
  },
  thresholds: { http_req_duration: ['p(95)<200'], checks: ['rate>0.9'] },
};

export default function () {
  const name = NAMES[exec.scenario.iterationInTest % NAMES.length];
  group(name.replace(/::/g, ':').slice(0, 500), () => {
    const path = exec.scenario.iterationInTest % 3 === 0 ? '/absent/<b>' : '/health';
    const response = http.get(`${__ENV.BASE_URL}${path}`, { tags: { name } });
    check(response, { [name.replace(/::/g, ':')]: (r) => r.status === 200 });
  });
}
