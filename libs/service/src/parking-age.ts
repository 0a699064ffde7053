import type { EventLog, ParkedAge } from '@paylog/event-sourcing';
import { gauge } from '@paylog/observability';

/** How old what is parked may be before somebody must look. */
export interface ParkingLimits {
  readonly poisonMs: number;
  /** Waits for a reference: what nobody here knows may come from somebody else's use of a shared account. */
  readonly unresolvedMs: number;
}

const HOUR_MS = 3_600_000;
export const PARKING_LIMITS: ParkingLimits = { poisonMs: HOUR_MS, unresolvedMs: 74 * HOUR_MS };

const LABELS = ['log', 'group', 'kind'] as const;
const rows = gauge('paylog_parked_rows', 'Parked rows that are open', LABELS);
const oldest = gauge('paylog_parked_oldest_seconds', 'Age of the oldest open parked row', LABELS);
const alarm = gauge(
  'paylog_parked_alarm',
  '1: something is parked for longer than it may be',
  LABELS,
);

/** How much is parked in a log, and for how long: as metrics, and as an alarm past a limit. */
export class ParkingAge {
  #ages: readonly ParkedAge[] = [];

  constructor(
    private readonly log: Pick<EventLog, 'schema' | 'parkedAges'>,
    private readonly limits: ParkingLimits = PARKING_LIMITS,
    private readonly now: () => number = Date.now,
  ) {}

  async look(): Promise<void> {
    const before = this.#ages;
    this.#ages = await this.log.parkedAges();
    const there = new Set(this.#ages.map(nameOf));
    for (const age of before) if (!there.has(nameOf(age))) this.#tell({ ...age, count: 0 });
    for (const age of this.#ages) this.#tell(age);
  }

  /** What waits too long now, also where the last look was some time ago. */
  overdue(): readonly ParkedAge[] {
    return this.#ages.filter((age) => this.#isOverdue(age));
  }

  #tell(age: ParkedAge): void {
    const labels = { log: this.log.schema, group: age.group, kind: age.kind };
    const open = age.count > 0;
    rows.set(labels, age.count);
    oldest.set(labels, open ? (this.now() - age.oldest.getTime()) / 1_000 : 0);
    alarm.set(labels, open && this.#isOverdue(age) ? 1 : 0);
  }

  #isOverdue({ kind, oldest: since }: ParkedAge): boolean {
    const { poisonMs, unresolvedMs } = this.limits;
    return this.now() - since.getTime() > (kind === 'poison' ? poisonMs : unresolvedMs);
  }
}

const nameOf = ({ group, kind }: ParkedAge): string => `${group} ${kind}`;
