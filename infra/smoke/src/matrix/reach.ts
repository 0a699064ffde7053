import { STATEFUL_SERVICES, type StatefulService } from '@paylog/local';
import type { Failpoint } from './scan.js';

/** What must happen for a process to come to a point. */
export type Occasion =
  /** The load reaches it, or the start of the process itself. */
  | 'load'
  /** A relay finds its topic ahead of its own cursor. */
  | 'topic ahead'
  /** The service's database was put back to an older state. */
  | 'restored'
  /** A gateway's report names a capture of which payment-state has not told yet. */
  | 'report first'
  /** The rebuild program is run. */
  | 'rebuild';

/** A point in a process of one service: what one kill of the matrix is. */
export interface Target {
  readonly service: StatefulService;
  readonly name: string;
  readonly occasion: Occasion;
}

/** Steps of libs that not every service comes to. */
const ONLY_IN: Readonly<Record<string, readonly StatefulService[]>> = {
  'event-sourcing.follow': ['webhook-ingest', 'fulfillment'],
  'event-sourcing.read-streams': ['intent', 'payment-state'],
  // payment-state discards in a commit with the end of the hold, by an append.
  'event-sourcing.discard-parked': ['intent', 'webhook-ingest', 'fulfillment', 'reconciliation'],
  'service.stream-versions': ['fulfillment'],
};

/** Steps that need more than load. */
const OCCASIONS: Readonly<Record<string, Occasion>> = {
  'event-sourcing.compare': 'topic ahead',
  'event-sourcing.set-cursor': 'topic ahead',
  'kafka.fetch': 'topic ahead',
  'event-sourcing.reimport': 'restored',
  // Lanes are closed until each was compared with its partition.
  'webhook-ingest.facts-open': 'restored',
  'event-sourcing.read-heads': 'rebuild',
  'reconciliation.append-settlement': 'report first',
  'reconciliation.remember-told': 'report first',
};

/** Steps that no run of a sound system comes to, and what looks at them instead. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'event-sourcing.close-lane': 'two histories were written; relay.int.spec.ts',
  'event-sourcing.read-lane':
    'only when rows are appended in the middle of a rebuild; rebuild.int.spec.ts',
  'kafka.forget-command':
    'only when an operator’s command was read before what it is about; kept-commands.int.spec.ts',
  'webhook-ingest.quarantine':
    'only PayPal’s signature leaves room for another body; gateways.int.spec.ts',
  'webhook-ingest.evidence-between': 'mapping again is asked for by a person; remap.int.spec.ts',
  'webhook-ingest.same-events': 'as webhook-ingest.evidence-between',
  'webhook-ingest.facts-of': 'as webhook-ingest.evidence-between',
  'webhook-ingest.missed-lock':
    'off here, for the oracle wants a signature of all evidence; missed-events.int.spec.ts',
  'webhook-ingest.missed-unlock': 'as webhook-ingest.missed-lock',
  'webhook-ingest.list-missed': 'as webhook-ingest.missed-lock',
  'webhook-ingest.forget-missed': 'as webhook-ingest.missed-lock',
  'webhook-ingest.known-missed': 'as webhook-ingest.missed-lock',
  'webhook-ingest.remember-missed': 'as webhook-ingest.missed-lock',
  'webhook-ingest.archive': 'commands that nobody gives here; archive.int.spec.ts',
  'intent.mark-told':
    'no gateway here tells anything without a signature that covers it; payments.handler',
  'intent.release-key':
    'only when a keyed request that leaves nothing in a payment fails; http-requests.int.spec.ts',
  'intent.old-answers': 'once an hour, and deletes what is thirty days old',
};

const stepOf = (name: string): string => name.replace(/\.(?:before|after)$/, '');

/** Why a point is not part of the matrix; undefined when it is. */
export const leftOut = ({ name }: Pick<Failpoint, 'name'>): string | undefined =>
  LEFT_OUT[stepOf(name)];

/** Which services have a point. */
export function servicesOf({ name, owner }: Failpoint): readonly StatefulService[] {
  const [kind, folder] = owner.split('/');
  if (kind === 'services') return STATEFUL_SERVICES.filter((service) => service === folder);
  if (occasionOf(name) === 'rebuild') return ['payment-state'];
  return ONLY_IN[stepOf(name)] ?? STATEFUL_SERVICES;
}

/** Everything the matrix kills at. */
export function targetsOf(failpoints: readonly Failpoint[]): Target[] {
  return failpoints
    .filter((one) => leftOut(one) === undefined)
    .flatMap((one) =>
      servicesOf(one).map((service) => ({
        service,
        name: one.name,
        occasion: occasionOf(one.name),
      })),
    );
}

function occasionOf(name: string): Occasion {
  if (name.startsWith('event-sourcing.rebuild-')) return 'rebuild';
  return OCCASIONS[stepOf(name)] ?? 'load';
}
