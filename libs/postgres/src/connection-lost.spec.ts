import { isConnectionLost, sqlState } from './connection-lost.js';

const coded = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });

test.each([
  coded('ECONNREFUSED'),
  coded('ECONNRESET'),
  coded('57P01', 'terminating connection due to administrator command'),
  coded('57P05', 'terminating connection due to idle-session timeout'),
  coded('57P03', 'the database system is starting up'),
  coded('08006'),
  coded('53300', 'sorry, too many clients already'),
  new Error('Connection terminated unexpectedly'),
  new Error('timeout exceeded when trying to connect'),
  new Error('Client has encountered a connection error and is not queryable'),
  new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]),
])('%s is a lost connection', (error) => {
  expect(isConnectionLost(error)).toBe(true);
});

test.each([
  coded('23505', 'duplicate key value'),
  coded('40001', 'could not serialize access'),
  coded('57014', 'canceling statement due to statement timeout'),
  new TypeError('x is not a function'),
  undefined,
  'ECONNRESET',
])('%s is not', (error) => {
  expect(isConnectionLost(error)).toBe(false);
});

test('the SQLSTATE is that of the server', () => {
  expect(sqlState(coded('23505'))).toBe('23505');
  expect(sqlState(coded('ERR_STREAM_DESTROYED'))).toBe('');
  expect(sqlState(null)).toBe('');
});
