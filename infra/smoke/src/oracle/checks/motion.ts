import type { Motion, PaymentState, ServiceMotion } from '../evidence.js';
import { GROUP_PLACES, LOG_PLACES } from '../places.js';
import type { Check } from './check.js';

/** `nothing-stuck`: all that was begun has come to an end. */
export const nothingStuck: Check = ({ motion, projected }) => [
  ...movingIn(motion),
  ...projected.flatMap(({ paymentId, state }) => openPayment(paymentId, state)),
];

/** `nothing-parked`: nothing that was sent deserves to be set aside, so nothing may lie there in the end. */
export const nothingParked: Check = ({ parked }) =>
  parked
    .filter(({ status }) => status === 'parked' || status === 'ready')
    .map(
      ({ service, id, kind, source, key, error, status }) =>
        `${service} has ${kind} ${id} from ${source} (${key ?? 'no key'}), ${status}: ${error}`,
    );

/** What is still on its way. */
export function movingIn({ pendingWebhooks, ends, services }: Motion): string[] {
  const moving = pendingWebhooks > 0 ? [`${pendingWebhooks} webhooks wait for a 2xx`] : [];
  for (const service of services) {
    moving.push(...unrelayed(service, ends), ...unfollowed(service), ...unread(service, ends));
    if (service.ready > 0) moving.push(`${service.service} has ${service.ready} rows to replay`);
    moving.push(...service.due.map((what) => `${service.service} has to look at ${what}`));
  }
  return moving;
}

function unrelayed({ service, lanes }: ServiceMotion, ends: Motion['ends']): string[] {
  return lanes.flatMap(({ schema, lane, next, relayed, topicEnd }) => {
    const place = LOG_PLACES.find((one) => one.service === service && one.schema === schema);
    if (place?.topic === undefined) return [];
    const about = `${service}/${schema}, lane ${lane}:`;
    if (relayed !== next) return [`${about} relayed to ${relayed} of ${next}`];
    const end = ends.get(place.topic)?.[lane];
    if (end === undefined || end >= topicEnd) return [];
    return [`${about} the relay knows ${topicEnd} messages of ${place.topic}, which has ${end}`];
  });
}

function unfollowed({ service, lanes, offsets }: ServiceMotion): string[] {
  return LOG_PLACES.filter((place) => place.service === service && place.followedBy).flatMap(
    ({ schema }) =>
      lanes
        .filter((one) => one.schema === schema)
        .flatMap(({ lane, next }) => {
          const read = nextOf(offsets, `log:${schema}`, lane);
          return read === next
            ? []
            : [`${service}/${schema}, lane ${lane}: followed to ${read} of ${next}`];
        }),
  );
}

function unread({ service, offsets }: ServiceMotion, ends: Motion['ends']): string[] {
  return GROUP_PLACES.filter((group) => group.service === service).flatMap(({ group, topics }) =>
    topics.flatMap((topic) =>
      (ends.get(topic) ?? []).flatMap((end, partition) => {
        const read = nextOf(offsets, `${group}/${topic}`, partition);
        return read >= end ? [] : [`${group} has read ${topic}/${partition} to ${read} of ${end}`];
      }),
    ),
  );
}

const nextOf = (offsets: ServiceMotion['offsets'], source: string, partition: number) =>
  offsets.find((one) => one.source === source && one.partition === partition)?.next ?? 0;

/** Waiting for its storefront is no reason to worry; anything else that is not final is. */
function openPayment(paymentId: string, state: PaymentState): string[] {
  const { label, final, held, unresolved, operations } = state;
  if (final) return [];
  const about = `payment ${paymentId} (order ${state.terms?.orderId}) is ${label}`;
  if (held) return [`${about} and held`];
  if (unresolved.length > 0) return [`${about}, in doubt: ${unresolved.join(', ')}`];
  const open = operations
    .filter(({ kind, status }) => kind !== 'session' && OPEN.has(status))
    .map(({ id, status }) => `${id} ${status}`);
  const waitsForStorefront = label === 'authorized' || label === 'partially_captured';
  if (waitsForStorefront && state.terms?.captureMode === 'manual' && open.length === 0) return [];
  return [`${about} and not final${open.length > 0 ? `: ${open.join(', ')}` : ''}`];
}

const OPEN: ReadonlySet<string> = new Set(['requested', 'pending', 'unknown']);
