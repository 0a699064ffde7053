/** What one row costs at a fixed batch size. */
export interface Costs {
  readonly batch: number;
  readonly roundTrips: number;
  readonly walBytes: number;
}

export interface GateCounters {
  /** A fact through payment-state: event, key, read model, offset, chain. */
  readonly payments: Costs;
  /** A webhook of 1 kB through webhook-ingest: evidence and body. */
  readonly evidence: Costs;
}

const LOSS_MAX = 0.1;

/** Every counter that is worse than the checked-in one by more than a tenth, as a sentence. */
export function losses(checkedIn: GateCounters, measured: GateCounters): string[] {
  const works = ['payments', 'evidence'] as const;
  const counters = ['roundTrips', 'walBytes'] as const;
  return works.flatMap((work) =>
    counters.flatMap((counter) => {
      const [was, is] = [checkedIn[work][counter], measured[work][counter]];
      if (is <= was * (1 + LOSS_MAX)) return [];
      const more = ((is / was - 1) * 100).toFixed(0);
      return [
        `${work}: ${shown(is)} ${counter} a row, ${more} % more than the ${shown(was)} checked in`,
      ];
    }),
  );
}

const shown = (value: number): string => String(Number(value.toPrecision(4)));

export const HOW_TO_UPDATE =
  'Find out what costs more and mend it. Only where the row must hold more than it did, run `npm run counters`, which ' +
  'writes infra/bench/counters.json, and commit it with the reason, together with the change that needs it.';
