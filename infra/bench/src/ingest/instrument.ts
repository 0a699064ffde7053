// Loaded before the main file of every server that is measured (`node --import`), ours and theirs alike: counts what they
// send to Postgres, and answers what they have cost. Ends them with the bench.
import pg from 'pg';

/** Since the process started. */
export interface Costs {
  readonly roundTrips: number;
  readonly cpuMicros: number;
}

let roundTrips = 0;
const clients = new Set<pg.Client>();
const { query } = pg.Client.prototype;
pg.Client.prototype.query = function counted(this: pg.Client, ...args: unknown[]) {
  roundTrips += 1;
  if (!clients.has(this)) remember(this);
  return Reflect.apply(query, this, args) as unknown;
} as typeof query;

function remember(client: pg.Client): void {
  clients.add(client);
  client.once('end', () => clients.delete(client));
}

/** A connection tells its share of fsyncs when it is asked to, or some seconds later. */
async function tellStatistics(client: pg.Client): Promise<void> {
  await Promise.resolve(
    Reflect.apply(query, client, ['select pg_stat_force_next_flush()']) as unknown,
  ).catch(() => undefined);
}

process.on('message', (asked) => {
  if (asked !== 'costs') return;
  const { user, system } = process.cpuUsage();
  const costs: Costs = { roundTrips, cpuMicros: user + system };
  void Promise.all([...clients].map(tellStatistics)).then(() => process.send?.(costs));
});
process.on('disconnect', () => process.exit());
