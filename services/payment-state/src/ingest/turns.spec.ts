import { Turns } from './turns.js';

/** Work that ends when it is told to, and writes down when it began. */
function piece(name: string, began: string[]) {
  let end = () => {};
  let fail = (_error: Error) => {};
  const done = new Promise<string>((resolve, reject) => {
    end = () => resolve(name);
    fail = reject;
  });
  const work = () => {
    began.push(name);
    return done;
  };
  return { work, end: () => end(), fail: (error: Error) => fail(error) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  it('let one piece of work on a lane follow the other, and other lanes go on', async () => {
    const turns = new Turns();
    const began: string[] = [];
    const [first, second, elsewhere] = ['first', 'second', 'elsewhere'].map((name) =>
      piece(name, began),
    );
    const answers = [
      turns.take(0, first!.work),
      turns.take(0, second!.work),
      turns.take(1, elsewhere!.work),
    ];
    await turn();
    expect(began).toEqual(['first', 'elsewhere']);
    first!.end();
    await turn();
    expect(began).toEqual(['first', 'elsewhere', 'second']);
    second!.end();
    elsewhere!.end();
    expect(await Promise.all(answers)).toEqual(['first', 'second', 'elsewhere']);
  });

  it('go on after work that failed', async () => {
    const turns = new Turns();
    const failing = turns.take(0, () => Promise.reject(new Error('lost')));
    const next = turns.take(0, async () => 'next');
    await expect(failing).rejects.toThrow('lost');
    expect(await next).toBe('next');
  });
});
