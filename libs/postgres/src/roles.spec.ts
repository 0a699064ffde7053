import { grantService } from './roles.js';

test('a name that could be more than a name is refused', () => {
  expect(() => grantService('x; drop table rows')).toThrow('no plain lower-case SQL name');
  expect(() => grantService('paylog_intent', 'a"b')).toThrow('no plain lower-case SQL name');
  expect(grantService('paylog_intent', 'query')).toContain('on schema query to paylog_intent');
});
