import { OPERATIONS_COMMANDS } from '@paylog/contracts';
import type { EventLog, ParkedRow } from '@paylog/event-sourcing';
import { decodeOne, messageOf, type OperationsCommand } from '@paylog/kafka';

/** Handles ready rows like the messages they were, and settles each in the commit of its effects. */
export type Replay = (rows: readonly ParkedRow[]) => Promise<void>;

/** Each row goes to the replay of the group that parked it; a row of any other group to `rest`. */
export function replayEach(
  byGroup: Readonly<Record<string, Replay>>,
  rest: Replay = unknownGroup,
): Replay {
  return async (rows) => {
    const replays = new Map<Replay, ParkedRow[]>();
    for (const row of rows) {
      const replay = byGroup[groupOf(row)] ?? rest;
      replays.set(replay, [...(replays.get(replay) ?? []), row]);
    }
    for (const [replay, own] of replays) await replay(own);
  };
}

/** Commands that were unreadable when they came: obeyed now, then settled; twice after a crash in between. */
export function replayCommands(
  log: Pick<EventLog, 'append'>,
  obey: (command: OperationsCommand) => Promise<void>,
): Replay {
  return async (rows) => {
    for (const row of rows) {
      const command = decodeOne(OPERATIONS_COMMANDS, messageOf(row));
      if (typeof command === 'string') {
        throw new Error(`${row.id} is still not readable: ${command}`);
      }
      await obey(command);
      await log.append([], { settle: [{ id: row.id, status: 'applied' }] });
    }
  };
}

/** A source is `<group>/<topic>`. */
const groupOf = ({ source }: ParkedRow): string => source.slice(0, source.indexOf('/'));

async function unknownGroup(rows: readonly ParkedRow[]): Promise<never> {
  throw new Error(`nothing here replays messages of ${rows[0]?.source}: discard the row`);
}
