import { Abandoned, type Answer, insist } from './insist.js';

const answer = (status: number, rest: Partial<Answer> = {}): Answer => ({
  status,
  body: '',
  retryAfter: false,
  ...rest,
});

function answering(...answers: Answer[]): { send: () => Promise<Answer>; left: Answer[] } {
  return { send: async () => answers.shift() as Answer, left: answers };
}

const never = new AbortController().signal;

describe('insisting', () => {
  it('sends again while nobody answers, or says that nothing was decided', async () => {
    const { send, left } = answering(
      answer(0),
      answer(503),
      answer(409, { retryAfter: true }),
      answer(201),
      answer(200),
    );
    expect((await insist(send, never)).status).toBe(201);
    expect(left).toHaveLength(1);
  });

  it('takes a refusal for an answer', async () => {
    const { send } = answering(answer(422), answer(200));
    expect((await insist(send, never)).status).toBe(422);
  });

  it('ends when the load is ended', async () => {
    const ending = new AbortController();
    const asked = insist(async () => answer(0), ending.signal);
    ending.abort();
    await expect(asked).rejects.toThrow(Abandoned);
  });
});
