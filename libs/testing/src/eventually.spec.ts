import { eventually } from './eventually.js';

describe('eventually', () => {
  it('asks until there is an answer', async () => {
    let asked = 0;
    const answer = await eventually('the third time', () => (++asked === 3 ? asked : undefined));
    expect(answer).toBe(3);
  });

  it('asks again after a probe that threw', async () => {
    let asked = 0;
    const probe = async () => {
      if (++asked < 2) throw new Error('not yet');
      return 'there';
    };
    await expect(eventually('a probe that works', probe)).resolves.toBe('there');
  });

  it('names what it waited for, and what the last probe said', async () => {
    const waiting = eventually('the train', () => Promise.reject(new Error('leaves on the line')), {
      deadlineMs: 30,
    });
    await expect(waiting).rejects.toThrow('for the train: leaves on the line');
  });
});
