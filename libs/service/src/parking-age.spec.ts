import { memoryLog, type NewParked } from '@paylog/event-sourcing';
import { metrics } from '@paylog/observability';
import { ParkingAge } from './parking-age.js';

const parked = (id: string, kind: NewParked['kind']): NewParked => ({
  id,
  kind,
  source: 'spec.facts/topic',
  partition: 0,
  offset: 0n,
  key: null,
  value: null,
  headers: {},
  stage: 'decode',
  error: 'no',
});
const LIMITS = { poisonMs: 60_000, unresolvedMs: 600_000 };

describe('the age of what is parked', () => {
  it('is told as metrics and alarms past its limit, each kind by its own', async () => {
    const log = memoryLog({ schema: 'ages', lanes: 1 });
    let late = 0;
    const age = new ParkingAge(log, LIMITS, () => Date.now() + late);
    await age.look();
    expect(age.overdue()).toEqual([]);

    await log.append([], { parked: [parked('p1', 'poison'), parked('u1', 'unresolved')] });
    late = 61_000;
    await age.look();
    expect(age.overdue()).toMatchObject([{ group: 'spec.facts', kind: 'poison', count: 1 }]);
    const told = await metrics.metrics();
    const labels = '{log="ages",group="spec.facts",kind="poison"}';
    expect(told).toContain(`paylog_parked_rows${labels} 1`);
    expect(told).toContain(`paylog_parked_alarm${labels} 1`);
    expect(
      Number(/paylog_parked_oldest_seconds\{log="ages".*poison"\} ([\d.]+)/.exec(told)?.[1]),
    ).toBeGreaterThan(60);

    late = 601_000; // Nobody has looked again: what is known grows older by itself.
    expect(age.overdue()).toHaveLength(2);
    await log.discard('p1');
    await log.markReady('u1');
    await age.look();
    expect(age.overdue()).toMatchObject([{ kind: 'unresolved' }]);
    await log.discard('u1');
    await age.look();
    expect(age.overdue()).toEqual([]);
    expect(await metrics.metrics()).toContain(`paylog_parked_alarm${labels} 0`);
  });
});
