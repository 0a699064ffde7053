import type { StatefulService } from '@paylog/local';

/** What can be hurt: each service that keeps something, and the two servers under them. */
export type Target = StatefulService | 'postgres' | 'kafka';

/**
 * Which processes of a service: all of them at the same moment, or one, counted from 1 and round and round, so that any
 * number names one.
 */
export type Which = 'all' | number;

/** One thing that is done to the system while it works. */
export type Act = KillService | KillServer | Freeze | Restart | Restore | AtFailpoint;

/** Kill -9. They are started again at once, or after a while. */
export interface KillService {
  readonly kind: 'kill';
  readonly target: StatefulService;
  readonly which: Which;
  /** 0: at once. */
  readonly awayMs: number;
}

/** Kill -9 of the database server, or of the broker; of one broker where there are several. */
export interface KillServer {
  readonly kind: 'kill';
  readonly target: 'postgres' | 'kafka';
  readonly awayMs: number;
  /** Which broker where there are several, counted from 1 and round and round. */
  readonly broker?: number;
}

/** SIGSTOP, later SIGCONT: a process that wakes up and does not know that it was away. */
export interface Freeze {
  readonly kind: 'freeze';
  readonly target: StatefulService;
  readonly which: Which;
  readonly frozenMs: number;
}

/** Stopped in good order and started again at once, so that its successor meets what it left. */
export interface Restart {
  readonly kind: 'restart';
  readonly target: StatefulService;
  readonly which: Which;
}

/** The service's database is put back to a snapshot of about a minute ago. */
export interface Restore {
  readonly kind: 'restore';
  readonly target: StatefulService;
}

/** A process is started with a failpoint, which kills or freezes it; a frozen one is woken after a while. */
export interface AtFailpoint {
  readonly kind: 'failpoint';
  readonly target: StatefulService;
  readonly which: Which;
  /** As `PAYLOG_FAILPOINT` takes it: `<name>[:<n-th hit>][=kill|freeze]`. */
  readonly failpoint: string;
  readonly frozenMs: number;
}

/** One line for whoever reads along. */
export function describeAct(act: Act): string {
  const away = 'awayMs' in act && act.awayMs > 0 ? `, ${act.awayMs / 1_000} s away` : '';
  switch (act.kind) {
    case 'kill':
      return `kill -9 ${'which' in act ? processes(act) : act.target}${away}`;
    case 'freeze':
      return `freeze ${processes(act)} for ${act.frozenMs / 1_000} s`;
    case 'restart':
      return `restart ${processes(act)}`;
    case 'restore':
      return `put the database of ${act.target} back`;
    case 'failpoint':
      return `${processes(act)} at ${act.failpoint}`;
  }
}

const processes = ({ target, which }: { target: Target; which: Which }) =>
  which === 'all' ? `every ${target}` : `${target}-${which}`;
