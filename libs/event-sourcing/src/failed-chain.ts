import { whyRefused } from './check-append.js';
import type { Append, AppendAnswer } from './log.js';

/**
 * What was decided on top of an append that failed must fail too, also where another writer has meanwhile brought the
 * stream to just the version that it expects: it has not seen what stands there. Remembers, for the appends of one flush
 * in order, at which version each stream failed.
 */
export class FailedChain {
  readonly #failedAt = new Map<string, number>();

  /** The answer of an append that is not to be tried; undefined when it may be. */
  heldBack({ stream, expectedVersion }: Append): AppendAnswer | undefined {
    const version = this.#failedAt.get(stream);
    if (version === undefined || expectedVersion <= version) return undefined;
    return { status: 'version_conflict', version };
  }

  note({ stream, expectedVersion }: Append, { status }: AppendAnswer): void {
    if (status === 'appended' || status === 'duplicate') return;
    const known = this.#failedAt.get(stream) ?? expectedVersion;
    this.#failedAt.set(stream, Math.min(known, expectedVersion));
  }
}

/** Appends that need no database to be answered: refused, or decided on top of a refused one. */
export function answeredBeforehand(
  appends: readonly Append[],
  lanes: number,
): (AppendAnswer | undefined)[] {
  const chain = new FailedChain();
  return appends.map((append) => {
    const reason = whyRefused(append, lanes);
    const answer: AppendAnswer | undefined = reason
      ? { status: 'refused', reason }
      : chain.heldBack(append);
    if (answer) chain.note(append, answer);
    return answer;
  });
}
