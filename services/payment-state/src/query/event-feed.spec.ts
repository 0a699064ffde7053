import { createLogger } from '@paylog/observability';
import { EventFeed } from './event-feed.js';
import type { EventRow } from './payments.sql.js';

const event = (stream: string, version: number): EventRow => ({
  stream,
  version,
  id: `fct${stream}${version}`,
  type: 'TotalReported',
  time: '2026-03-01T12:00:00.000Z',
  data: Buffer.from('{}'),
});

/** A log of events that a spec adds to. */
function feedOf(events: EventRow[]) {
  let wake: () => void = () => {};
  const feed = new EventFeed(
    async (after) =>
      events.filter(({ stream, version }) => version > (after.get(stream) ?? Infinity)),
    {
      onAppended(listener) {
        wake = () => listener([]);
        return () => {};
      },
    },
    createLogger('spec', { level: 'silent' }),
  );
  const append = (...added: EventRow[]) => {
    events.push(...added);
    wake();
  };
  return { feed, append };
}

/** A reader that says when it has had so many events, or was ended. */
function reading(feed: EventFeed, payment: string, version: number) {
  const seen: number[] = [];
  let ended = false;
  let look = () => {};
  const leave = feed.listen(payment, version, {
    send: (each) => (seen.push(each.version), look()),
    end: () => ((ended = true), look()),
  });
  const when = (done: () => boolean) =>
    new Promise<void>((resolve) => (look = () => (done() ? resolve() : undefined))).then(
      () => seen,
    );
  return {
    seen,
    leave,
    had: (count: number) => (seen.length >= count ? seen : when(() => seen.length >= count)),
    ended: () => (ended ? seen : when(() => ended)),
  };
}

describe('the event feed', () => {
  it('sends what is there and what comes, in order, each once, to each reader from its version on', async () => {
    const { feed, append } = feedOf([event('a', 1), event('a', 2), event('b', 1)]);
    const fresh = reading(feed, 'a', 0);
    const resumed = reading(feed, 'a', 1);
    expect(await fresh.had(2)).toEqual([1, 2]);
    append(event('a', 3));
    expect(await fresh.had(3)).toEqual([1, 2, 3]);
    expect(await resumed.had(2)).toEqual([2, 3]);
    await feed.close();
  });

  it('forgets who leaves', async () => {
    const { feed, append } = feedOf([]);
    const gone = reading(feed, 'a', 0);
    const stays = reading(feed, 'a', 0);
    gone.leave();
    append(event('a', 1));
    await stays.had(1);
    expect(gone.seen).toEqual([]);
    await feed.close();
  });

  it('ends every reader when it closes, and who comes later at once', async () => {
    const { feed } = feedOf([]);
    const reader = reading(feed, 'a', 0);
    await Promise.all([reader.ended(), feed.close()]);
    await reading(feed, 'a', 0).ended();
  });
});
