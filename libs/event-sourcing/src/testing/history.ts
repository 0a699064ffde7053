import type { Append, FlushOptions } from '../log.js';
import { newRow } from './rows.js';

export interface Flush {
  appends: Append[];
  options: FlushOptions;
}

/** mulberry32: small, seeded, good enough to wander. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A seeded history of flushes that conflict, repeat, poison, park and lose their offset. */
export function randomHistory(seed: number, lanes: number): Flush[] {
  const random = randomFrom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const versions = new Map<string, number>();
  const used: Append[] = [];
  let offset = 0n;
  let parked = 0;

  const append = (): Append => {
    if (used.length > 0 && random() < 0.2) return vary(used[below(used.length)] as Append);
    const stream = `${seed}-stream-${below(4)}`;
    const known = versions.get(stream) ?? 0;
    const count = 1 + below(3);
    const expectedVersion = random() < 0.15 ? below(6) : known;
    if (expectedVersion === known) versions.set(stream, known + count);
    const key = `${seed}-key-${used.length}`;
    const fresh: Append = {
      lane: Number(stream.at(-1)) % lanes,
      stream,
      expectedVersion,
      key,
      rows: Array.from({ length: count }, (_, i) => newRow(`${key}/${i}`, text(below))),
      ...(random() < 0.4 && { effects: { key, note: text(below) } }),
      ...(random() < 0.3 && { effectsSupersede: true }),
    };
    used.push(fresh);
    return poison(fresh);
  };
  const vary = (append: Append): Append =>
    random() < 0.7 ? append : { ...append, rows: [newRow('other content')] };
  const poison = (append: Append): Append => {
    if (random() > 0.06) return append;
    const broken: Partial<Append>[] = [
      { key: `${append.key}\u0000` },
      { rows: [newRow('\ud800')] },
      { effects: { text: 'a\u0000b' } },
      { rows: [{ ...newRow('big'), data: Buffer.alloc(1024 * 1024 + 1) }] },
      { rows: [] },
      { lane: lanes },
    ];
    return { ...append, ...broken[below(broken.length)] };
  };
  const options = (): FlushOptions => {
    const chosen: FlushOptions = {};
    if (random() < 0.6) {
      const from = random() < 0.15 ? offset + 1n : offset;
      const to = from + BigInt(1 + below(5));
      chosen.input = { source: `source ${seed}`, partition: 0, from, to };
      if (from === offset) offset = to;
    }
    if (random() < 0.3) {
      chosen.parked = [parkedRow(`${seed}-parked-${below(6)}`, parked++)];
    }
    if (random() < 0.3) {
      const id = `${seed}-parked-${below(6)}`;
      chosen.settle = [{ id, status: random() < 0.5 ? 'applied' : 'discarded' }];
    }
    if (random() < 0.3) chosen.effects = { flush: below(100) };
    return chosen;
  };
  return Array.from({ length: 6 + below(6) }, () => ({
    appends: Array.from({ length: below(6) }, append),
    options: options(),
  }));
}

const parkedRow = (id: string, n: number): NonNullable<FlushOptions['parked']>[number] => ({
  id,
  kind: n % 2 === 0 ? 'poison' : 'unresolved',
  source: 'topic\u0000',
  partition: n,
  offset: BigInt(n),
  key: n % 3 === 0 ? null : 'k',
  value: n % 4 === 0 ? null : Buffer.from([n, 0, 255]),
  headers: { ce_id: '\ud800' },
  stage: 'decode',
  error: 'no JSON',
  ...(n % 2 === 1 && { reference: `reference ${n}` }),
});

const TEXTS = ['{}', '"ü €"', '"\\u0000 as JSON"', '\n\t', '"quote \\" and \\\\ {a,b}"', ''];
const text = (below: (n: number) => number): string => TEXTS[below(TEXTS.length)] ?? '';
