import { factId } from '@paylog/contracts';
import { PureRun } from '../testing/pure-run.js';
import { supersede } from './decide.js';
import { recorded, requested } from './decision.js';
import { operations } from './operations.js';

describe('closing an attempt for the next one', () => {
  it.each([true, false])(
    'is asked for once, also when the gateway refused (%s)',
    async (before) => {
      const run = new PureRun();
      run.place({ method: 'pm_card_authenticationRequired' });
      await run.step();
      const operation = operations.void(run.paymentId);
      const refused = () => {
        const id = factId(operation, 'refused', '1');
        const why = { kind: 'void', outcome: 'refused', reason: 'processing' } as const;
        const fact = { type: 'operation', id, at: run.at, operation, ...why } as const;
        run.record([recorded(run.paymentId, { ...fact, source: 'response' })]);
      };
      if (before) {
        // Tried and refused before, because the shopper was gone.
        const asked = requested(operation, 'void', run.at, { reason: 'abandoned' });
        run.record([
          recorded(run.paymentId, { ...asked, id: factId(operation, 'requested', '1') }),
        ]);
        refused();
      }
      run.record(supersede(run.known, run.at));
      if (!before) refused();
      // A waiting message is judged twice a second: each time would add a row, for as long as it waits.
      expect(supersede(run.known, run.at)).toEqual([]);
    },
  );
});
