import type { Fact } from '@paylog/payment-domain';

const BEGINNING = '{"fact":';
const AFTER = Buffer.from(',"paymentId":"');

/**
 * The fact in the bytes of an event of ours, as the text it has there; the state behind it, most of the event, is not
 * looked at. Undefined for bytes that `encode` did not write. Canonical JSON has the fact first; no fact has a field of
 * that name, and within a text the quotes would be escaped.
 */
export function factTextIn(event: Buffer): string | undefined {
  if (event.toString('latin1', 0, BEGINNING.length) !== BEGINNING) return undefined;
  const end = event.indexOf(AFTER, BEGINNING.length);
  return end < 0 ? undefined : event.toString('utf8', BEGINNING.length, end);
}

const STATE = Buffer.from(',"state":');
const AFTER_STATE = Buffer.from(',"transitions":');

/**
 * Where the payment's state is in the bytes of an event that `encode` has just written, so that it can be cut out without
 * being read. Canonical JSON has it after fact and payment id, and transitions hold no field of their own name. Throws for
 * other bytes.
 */
export function stateIn(event: Buffer): { readonly offset: number; readonly bytes: number } {
  const id = event.indexOf(AFTER);
  const start = id < 0 ? id : event.indexOf(STATE, id);
  const offset = start + STATE.length;
  const end = event.lastIndexOf(AFTER_STATE);
  if (start < 0 || end < offset) throw new Error('the event holds no state where one is written');
  return { offset, bytes: end - offset };
}

/**
 * The facts of such texts, read at once. For our own log: what it holds was checked against the schema before it was
 * written.
 */
export function factsOfTexts(texts: readonly string[]): Fact[] {
  const facts = JSON.parse(`[${texts.join(',')}]`) as WithMoney[];
  for (const { amount, asked, value, splits } of facts) {
    if (amount) amount.minor = BigInt(amount.minor);
    if (asked) asked.minor = BigInt(asked.minor);
    if (value) value.minor = BigInt(value.minor);
    if (splits) withMinor(splits);
  }
  return facts as unknown as Fact[];
}

/** Every amount that some fact has: on the wire at first, then ours. Nobody else holds the objects yet. */
type WithMoney = { [name in 'amount' | 'asked' | 'value']?: { minor: string | bigint } } & {
  splits?: { participants: Size[]; platformFee?: Size };
};
type Size = { minor?: string | bigint };

function withMinor({ participants, platformFee }: NonNullable<WithMoney['splits']>): void {
  for (const size of platformFee ? [...participants, platformFee] : participants) {
    if (size.minor !== undefined) size.minor = BigInt(size.minor);
  }
}
