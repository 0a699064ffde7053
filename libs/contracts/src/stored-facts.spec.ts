import { factTextIn } from './stored-facts.js';

describe('the fact in the bytes of an event', () => {
  it('is the text before the payment id', () => {
    const event = Buffer.from(
      '{"fact":{"id":"fct1","reason":"\\",\\"paymentId\\":\\""},"paymentId":"pay"}',
    );
    expect(factTextIn(event)).toBe('{"id":"fct1","reason":"\\",\\"paymentId\\":\\""}');
  });

  it.each(['{"paymentId":"pay","fact":{}}', '{ "fact":{},"paymentId":"pay"}', '{"fact":{}}', ''])(
    'is not looked for in bytes that we did not write: %s',
    (bytes) => {
      expect(factTextIn(Buffer.from(bytes))).toBeUndefined();
    },
  );
});
