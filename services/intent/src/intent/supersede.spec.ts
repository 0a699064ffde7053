import { factId } from '@paylog/contracts';
import { PureRun } from '../testing/pure-run.js';
import { recorded, supersede } from './decide.js';
import { operations } from './operations.js';

describe('closing an attempt for the next one', () => {
  it('is asked for once, also when the gateway refused to cancel', async () => {
    const run = new PureRun();
    run.place({ method: 'pm_card_authenticationRequired' });
    await run.step();
    run.record(supersede(run.known, run.at));
    const operation = operations.void(run.paymentId);
    const id = factId(operation, 'refused', '1');
    const refused = { kind: 'void', outcome: 'refused', reason: 'processing' } as const;
    run.record([
      recorded(run.paymentId, {
        type: 'operation',
        id,
        at: run.at,
        source: 'response',
        operation,
        ...refused,
      }),
    ]);
    // A waiting message is judged twice a second: each time would add a row, for as long as it waits.
    expect(supersede(run.known, run.at)).toEqual([]);
  });
});
