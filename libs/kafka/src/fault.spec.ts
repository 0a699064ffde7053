import kafkajs from 'kafkajs';
import { needsPerson, passesByItself } from './fault.js';

// kafkajs exports its error classes, but their types say less than the constructors take.
type MakeError = new (...args: unknown[]) => Error;
const errors = kafkajs as unknown as {
  KafkaJSConnectionError: MakeError;
  KafkaJSNonRetriableError: MakeError;
  KafkaJSNumberOfRetriesExceeded: MakeError;
  KafkaJSProtocolError: MakeError;
};

describe('what only a person can mend', () => {
  const refused = new errors.KafkaJSProtocolError({
    message: 'not authorized',
    type: 'TOPIC_AUTHORIZATION_FAILED',
    code: 29,
    retriable: false,
  });
  const unreachable = new errors.KafkaJSConnectionError('connect ECONNREFUSED');

  it('is a broker’s refusal', () => {
    expect(needsPerson(refused)).toBe(true);
  });

  it('is not an unreachable broker, however often kafkajs wrapped it as not retriable', () => {
    const given = new errors.KafkaJSNumberOfRetriesExceeded(unreachable, {
      retryCount: 0,
      retryTime: 1,
    });
    expect(needsPerson(given)).toBe(false);
    expect(needsPerson(new errors.KafkaJSNonRetriableError(given, { cause: given }))).toBe(false);
  });

  it('is a mistake in the call', () => {
    expect(needsPerson(new TypeError('x is not a function'))).toBe(true);
    expect(needsPerson(new errors.KafkaJSNonRetriableError('Invalid topic'))).toBe(true);
  });
});

describe('what passes by itself', () => {
  it.each([
    ['a refused connection', Object.assign(new Error('x'), { code: 'ECONNREFUSED' })],
    ['a deadlock', Object.assign(new Error('x'), { code: '40P01' })],
    ['a shutdown', Object.assign(new Error('x'), { code: '57P01' })],
    ['a connection that ended', new Error('Connection terminated unexpectedly')],
    ['an error that says so', Object.assign(new Error('x'), { transient: true })],
    [
      'one caused by such an error',
      new Error('x', { cause: Object.assign(new Error(), { code: 'ECONNRESET' }) }),
    ],
    [
      'all addresses refused',
      new AggregateError([Object.assign(new Error(), { code: 'ECONNREFUSED' })]),
    ],
  ])('%s', (_name, error) => expect(passesByItself(error)).toBe(true));

  it.each([
    ['a unique violation', Object.assign(new Error('x'), { code: '23505' })],
    ['a bug', new TypeError('undefined is not a function')],
    ['an error that says no', Object.assign(new Error('x'), { code: '40001', transient: false })],
    ['a text', 'boom'],
  ])('not %s', (_name, error) => expect(passesByItself(error)).toBe(false));
});
