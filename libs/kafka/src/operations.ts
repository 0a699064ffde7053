import { OPERATIONS_COMMANDS } from '@paylog/contracts';
import type { EventLog } from '@paylog/event-sourcing';
import { GroupReader, type GroupReaderOptions } from './group-reader.js';
import type { Batch, Outcome } from './message.js';
import { decodeBatch, inputOf, parkPoison, type Accepted } from './poison.js';

export type OperationsCommand = Accepted<typeof OPERATIONS_COMMANDS>;

/** What operators' commands do to a log that parks. A service may do more than its log when a row is discarded. */
export type CommandedLog = Pick<EventLog, 'append' | 'offset' | 'markReady' | 'discard'>;

export interface OperationsOptions extends Pick<
  GroupReaderOptions,
  'kafka' | 'instance' | 'members' | 'logger' | 'exit' | 'timings'
> {
  /** As commands name it, e.g. `payment-state`. */
  readonly service: string;
  /** Every log of the service that parks. The first one stores the group's offset. */
  readonly logs: readonly [CommandedLog, ...CommandedLog[]];
  /** The service's own commands, e.g. `VerifyPayment`. Must stand being called twice. */
  readonly on?: (command: OperationsCommand) => Promise<void>;
}

/** Obeys one command, if it is meant for this service. Stands being called twice for a command. */
export function obeying(
  options: Pick<OperationsOptions, 'service' | 'logs' | 'on' | 'logger'>,
): (command: OperationsCommand) => Promise<void> {
  const { service, logs, on, logger } = options;
  return async (command) => {
    if (command.data.service !== service) return;
    const { type, data } = command;
    if (type === 'ReplayParked' || type === 'DiscardParked') {
      const mended =
        type === 'ReplayParked' && data.mended !== undefined
          ? Buffer.from(data.mended, 'base64')
          : undefined;
      const change = (one: CommandedLog) =>
        type === 'ReplayParked' ? one.markReady(data.parkedId, mended) : one.discard(data.parkedId);
      const changed = await firstThat(logs, change);
      const { parkedId, operator, reason } = data;
      logger?.info({ type, parkedId, operator, reason, changed }, 'operator’s command');
      return;
    }
    logger?.info({ type, operator: data.operator, reason: data.reason }, 'operator’s command');
    await on?.(command);
  };
}

/** Group `<service>.operations`: makes parked rows of this service ready or discards them. */
export function startOperations(options: OperationsOptions): GroupReader {
  const { service, logs, logger } = options;
  const group = `${service}.operations`;
  const [log] = logs;
  const obey = obeying(options);

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
  logs: readonly CommandedLog[],
  change: (log: CommandedLog) => Promise<boolean>,
): Promise<boolean> {
  for (const log of logs) if (await change(log)) return true;
  return false;
}
