import { factTextIn, stateIn } from './stored-facts.js';

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

describe('the state in the bytes of an event', () => {
  it('is what lies between the payment id and the transitions, whatever texts hold', () => {
    const state = '{"label":"é \\",\\"state\\":","state":{"transitions":[]}}';
    const event = Buffer.from(
      `{"fact":{"reason":"\\",\\"state\\":"},"paymentId":"pay","state":${state},"transitions":[{"to":"é"}],"version":1}`,
    );
    const { offset, bytes } = stateIn(event);
    expect(event.toString('utf8', offset, offset + bytes)).toBe(state);
  });

  it.each(['', '{"fact":{},"paymentId":"pay","transitions":[]}', '{"state":{},"transitions":[]}'])(
    'is not found in bytes that hold none: %s',
    (bytes) => {
      expect(() => stateIn(Buffer.from(bytes))).toThrow('no state');
    },
  );
});
