import type { Event } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import type { Append } from '@paylog/event-sourcing';
import type { AppendWork } from '../append-work.js';
import { inParallel, type Appender } from '../appender.js';

/** Streams at a time; what its own benchmark sends at once, as far as its pool lets it through. */
const AT_ONCE = 32;

/**
 * emmett-postgresql 0.42.0, the event store for Node and Postgres, with one event an append: what a handler of one
 * message does. Its schema made beforehand (`autoMigration: 'None'`, as its own benchmark), its own pool, and 32 streams
 * at a time, where it is fastest. It stores the events and checks the version; unlike ours it keeps no projection, no key
 * of the message, no input offset and no chain, so the ratio is in its favour.
 *
 * Published without a licence so far: installed to be measured, and never part of what we ship.
 */
export const emmett = (work: AppendWork): Appender => {
  const streams = streamsOf(work);
  return {
    key: 'emmett-postgresql, one event an append',
    role: 'peer',
    paymentState: false,
    table: 'emt_messages',
    connections: 1,
    async prepare(_pool, url) {
      const store = getPostgreSQLEventStore(url);
      await store.schema.migrate();
      await store.close();
    },
    async store(_pool, url) {
      const store = getPostgreSQLEventStore(url, { schema: { autoMigration: 'None' } });
      let stored = 0;
      await inParallel(AT_ONCE, streams, async ({ stream, events }) => {
        for (const [version, event] of events.entries()) {
          const expectedStreamVersion = version === 0 ? 'STREAM_DOES_NOT_EXIST' : BigInt(version);
          await store.appendToStream(stream, [event], { expectedStreamVersion });
          stored += 1;
        }
      });
      await store.close();
      return stored;
    },
  };
};

type PaymentEvent = Event<string, Record<string, unknown>, { correlationId: string | undefined }>;

/** Its data is an object that it turns into jsonb; parsed here, before the clock. */
function streamsOf({ lanes }: AppendWork): { stream: string; events: PaymentEvent[] }[] {
  const streams = new Map<string, PaymentEvent[]>();
  for (const { appends } of lanes.flat()) {
    for (const append of appends) {
      const events = streams.get(append.stream);
      if (events) events.push(eventOf(append));
      else streams.set(append.stream, [eventOf(append)]);
    }
  }
  return [...streams].map(([stream, events]) => ({ stream, events }));
}

function eventOf({ rows: [row] }: Append): PaymentEvent {
  if (!row) throw new Error('an append without a row');
  const data = JSON.parse(row.data.toString()) as Record<string, unknown>;
  const metadata = { correlationId: row.correlationId };
  return { type: row.type, data, metadata };
}
