import { type MessageData, RECONCILIATION_EXCEPTIONS, stableId } from '@paylog/contracts';
import type { Book, Change } from './post.js';

type ExceptionData = MessageData<typeof RECONCILIATION_EXCEPTIONS, 'ExceptionOpened'>;

/** An exception that an event of a payment opens or resolves. Of one that is resolved, `data` has the id and the note. */
export type ExceptionNews =
  | { readonly type: 'ExceptionOpened'; readonly data: ExceptionData; readonly at: string }
  | {
      readonly type: 'ExceptionResolved';
      readonly data: Pick<ExceptionData, 'exceptionId' | 'note'>;
      readonly at: string;
    };

/** Who looks at an exception until somebody else is assigned. */
export const FIRST_OWNER = 'finance';

/** One for each payment that nobody asked us for, whoever finds it and however many lines are about it. */
export const foundExceptionId = (account: string, paymentId: string): string =>
  stableId('exc', account, 'found', paymentId);

export const FOUND_NOTE =
  'nobody asked us for this payment: adopt it into an order, or give the money back at the gateway';

/**
 * A payment found at a gateway is finance's to explain until an order has it. What a report found is opened by the
 * statement that found it, with its line.
 */
export function newsOf(
  before: Book,
  after: Book,
  { paymentId, fact, state }: Change,
  at: string,
): readonly ExceptionNews[] {
  const { account, found } = after;
  if (account === undefined || (before.found === undefined) === (found === undefined)) return [];
  const exceptionId = foundExceptionId(account, paymentId);
  if (found === undefined)
    return [{ type: 'ExceptionResolved', at, data: { exceptionId, note: whose(state) } }];
  if (fact.source === 'settlement') return [];
  const data: ExceptionData = {
    exceptionId,
    class: 'missing_internal',
    gatewayObject: found,
    paymentId,
    owner: FIRST_OWNER,
    openedAt: at,
    note: FOUND_NOTE,
  };
  return [{ type: 'ExceptionOpened', data, at }];
}

function whose({ adoptions, terms }: Change['state']): string {
  const [adoption] = adoptions ?? [];
  if (adoption === undefined) return `order ${terms?.orderId ?? ''} has it`;
  const { orderId, storefront, operator, reason } = adoption;
  return `adopted into order ${orderId} of ${storefront} by ${operator}: ${reason}`.slice(0, 1_000);
}
