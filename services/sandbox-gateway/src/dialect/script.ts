import type { CallFault, CallKind } from '../gateway/behaviour.js';
import type { Store } from '../store.js';

/** The next call of that kind goes wrong like this, whatever its token says. */
export interface Step {
  readonly call: CallKind;
  readonly fault: CallFault;
}

/** What an account's next calls are told to do. Each step is used up by the first call it fits. */
export class Script {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Replaces what is left of an earlier one. */
  write(account: string, steps: readonly Step[]): void {
    this.#store.put('scripts', account, { steps });
  }

  rest(account: string): readonly Step[] {
    return this.#store.get('scripts', account)?.steps ?? [];
  }

  take(account: string, call: CallKind | undefined): CallFault | undefined {
    const steps = this.rest(account);
    const at = steps.findIndex((step) => step.call === call);
    const step = steps[at];
    if (step !== undefined) this.write(account, steps.toSpliced(at, 1));
    return step?.fault;
  }
}
