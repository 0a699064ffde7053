import { OPERATIONS_COMMANDS } from '@paylog/contracts';
import type { EventLog } from '@paylog/event-sourcing';
import { GroupReader, type GroupReaderOptions } from './group-reader.js';
import type { KeptCommands, ParkedCommand } from './kept-commands.js';
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
  /** Keeps commands for rows that are not parked yet. Default: they are forgotten. */
  readonly kept?: KeptCommands;
  /** The service's own commands, e.g. `VerifyPayment`. Must stand being called twice. */
  readonly on?: (command: OperationsCommand) => Promise<void>;
}

type Obeying = Pick<OperationsOptions, 'service' | 'logs' | 'on' | 'kept' | 'logger'>;

/** Obeys one command, if it is meant for this service. Stands being called twice for a command. */
export function obeying(options: Obeying): (command: OperationsCommand) => Promise<void> {
  const { service, on, logger } = options;
  return async (command) => {
    if (command.data.service !== service) return;
    const { type, data } = command;
    if (type === 'ReplayParked' || type === 'DiscardParked') {
      const { parkedId, operator, reason } = data;
      const mended =
        type === 'ReplayParked' && data.mended !== undefined
          ? { mended: Buffer.from(data.mended, 'base64') }
          : {};
      await obeyParked({ type, parkedId, operator, reason, ...mended }, options);
      return;
    }
    logger?.info({ type, operator: data.operator, reason: data.reason }, 'operator’s command');
    await on?.(command);
  };
}

/** One whose row is not parked yet is kept until it is. Looked for again after that: it may have come meanwhile. */
async function obeyParked(command: ParkedCommand, { logs, kept, logger }: Obeying): Promise<void> {
  const { type, parkedId, operator, reason } = command;
  let changed = await change(command, logs);
  let waits = false;
  if (!changed && kept) {
    waits = await kept.keep(command);
    if (waits && (changed = await change(command, logs))) await kept.forget(parkedId);
  }
  const fields = { type, parkedId, operator, reason, changed, kept: waits && !changed };
  logger?.info(fields, 'operator’s command');
}

function change({ type, parkedId, mended }: ParkedCommand, logs: Obeying['logs']) {
  return firstThat(logs, (one) =>
    type === 'ReplayParked' ? one.markReady(parkedId, mended) : one.discard(parkedId),
  );
}

/** Obeys what was kept and whose row has come; answers how much. Stands a crash anywhere, and others who do the same. */
export async function obeyKept({
  logs,
  kept,
  logger,
}: Obeying & { readonly kept: KeptCommands }): Promise<number> {
  const due = await kept.due();
  for (const command of due) {
    const changed = await change(command, logs);
    await kept.forget(command.parkedId);
    const { type, parkedId, operator, reason } = command;
    logger?.info({ type, parkedId, operator, reason, changed }, 'operator’s command, kept');
  }
  return due.length;
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
