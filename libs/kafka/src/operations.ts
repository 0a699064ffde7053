import { OPERATIONS_COMMANDS } from '@paylog/contracts';
import type { EventLog } from '@paylog/event-sourcing';
import { GroupReader, type GroupReaderOptions } from './group-reader.js';
import type { Batch, Outcome } from './message.js';
import { decodeBatch, inputOf, parkPoison, type Accepted } from './poison.js';

export type OperationsCommand = Accepted<typeof OPERATIONS_COMMANDS>;

export interface OperationsOptions extends Pick<
  GroupReaderOptions,
  'kafka' | 'instance' | 'members' | 'logger' | 'exit' | 'timings'
> {
  /** As commands name it, e.g. `payment-state`. */
  readonly service: string;
  /** Every log of the service that parks. The first one stores the group's offset. */
  readonly logs: readonly [EventLog, ...EventLog[]];
  /** The service's own commands, e.g. `VerifyPayment`. Must stand being called twice. */
  readonly on?: (command: OperationsCommand) => Promise<void>;
}

/** Group `<service>.operations`: makes parked rows of this service ready or discards them. */
export function startOperations(options: OperationsOptions): GroupReader {
  const { service, logs, on, logger } = options;
  const group = `${service}.operations`;
  const [log] = logs;

  const obey = async (command: OperationsCommand): Promise<void> => {
    if (command.data.service !== service) return;
    const { type, data } = command;
    if (type === 'ReplayParked' || type === 'DiscardParked') {
      const mended =
        type === 'ReplayParked' && data.mended !== undefined
          ? Buffer.from(data.mended, 'base64')
          : undefined;
      const change = (one: EventLog) =>
        type === 'ReplayParked' ? one.markReady(data.parkedId, mended) : one.discard(data.parkedId);
      const changed = await firstThat(logs, change);
      const { parkedId, operator, reason } = data;
      logger?.info({ type, parkedId, operator, reason, changed }, 'operator’s command');
      return;
    }
    logger?.info({ type, operator: data.operator, reason: data.reason }, 'operator’s command');
    await on?.(command);
  };

  // The command first, the offset after it: commands may be obeyed twice, never missed.
  const handle = async (batch: Batch): Promise<Outcome> => {
    const { accepted, parked } = decodeBatch(OPERATIONS_COMMANDS, group, batch);
    for (const command of accepted) await obey(command);
    const answers = await log.append([], { input: inputOf(group, batch), parked });
    return answers.some(({ status }) => status === 'offset_moved') ? 'fenced' : 'committed';
  };

  const { kafka, instance, members, exit, timings } = options;
  const reader = new GroupReader(
    {
      kafka,
      instance,
      group,
      topics: [OPERATIONS_COMMANDS],
      offsets: { load: (source, partition) => log.offset(source, partition) },
      onPoison: parkPoison(log, group),
      ...(members === undefined ? {} : { members }),
      ...(logger === undefined ? {} : { logger }),
      ...(exit === undefined ? {} : { exit }),
      ...(timings === undefined ? {} : { timings }),
    },
    handle,
  );
  reader.start();
  return reader;
}

async function firstThat(
  logs: readonly EventLog[],
  change: (log: EventLog) => Promise<boolean>,
): Promise<boolean> {
  for (const log of logs) if (await change(log)) return true;
  return false;
}
