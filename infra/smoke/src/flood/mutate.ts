import { integerBetween, oneOf, type Random } from '../random.js';

/** Bytes that no reader expects. */
export function randomBytes(random: Random, most: number): Buffer {
  const bytes = Buffer.alloc(integerBetween(random, 1, most));
  for (let at = 0; at < bytes.length; at++) bytes[at] = integerBetween(random, 0, 255);
  return bytes;
}

/** Cut off somewhere before its end. */
export function truncated(random: Random, bytes: Buffer): Buffer {
  return bytes.subarray(0, integerBetween(random, 0, bytes.length - 1));
}

/** A few bytes are others: mostly broken JSON, sometimes only another text. */
export function flipped(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const times = integerBetween(random, 1, 4);
  for (let time = 0; time < times && copy.length > 0; time++) {
    copy[integerBetween(random, 0, copy.length - 1)] = integerBetween(random, 0, 255);
  }
  return copy;
}

/** Bytes in the middle of a text that are no UTF-8. */
export function brokenUtf8(random: Random, bytes: Buffer): Buffer {
  const at = integerBetween(random, 0, bytes.length);
  const bad = oneOf(['ff', 'c0af', 'eda080', 'f8a1a1a1a1', '80'], random);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(bad, 'hex'), bytes.subarray(at)]);
}

export function deeplyNested(random: Random): Buffer {
  const depth = integerBetween(random, 100, random() < 0.05 ? 20_000 : 1_500);
  const [open, close] = oneOf(
    [
      ['[', ']'],
      ['{"a":', '}'],
      ['{"__proto__":', '}'],
    ] as const,
    random,
  );
  return Buffer.from(`${open.repeat(depth)}1${close.repeat(depth)}`);
}

/** Values that have broken somebody's parser before. Raw JSON: some of them no object of ours can hold. */
const ODD_VALUES = [
  'null',
  'true',
  '-0',
  '1e400',
  '-1',
  '9007199254740993',
  '0.1',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"4111111111111111"',
  '"<script>alert(1)</script>"',
  `"'; drop table payments; --"`,
  '"${jndi:ldap://127.0.0.1/a}"',
  '"\\u202e\\ufeff"',
  '"2026-02-30T25:61:61Z"',
  '"-4990"',
  '"4990,00"',
  '"99999999999999999999999999"',
  '"XXX"',
  '{}',
  '[]',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"toString":1,"hasOwnProperty":1}',
  `"${'x'.repeat(70_000)}"`,
  `[${'1,'.repeat(5_000)}1]`,
];

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A message as it should be, but for one field: gone, doubled, misspelt, or with an odd value. */
export function oddField(random: Random, example: object): Buffer {
  const mark = '"\u{10ffff}odd"';
  const copy = structuredClone(example) as Json;
  const [holder, name] = oneOf(fieldsOf(copy), random);
  const fields = holder as Record<string, Json>;
  const change = random();
  const odd = oneOf(ODD_VALUES, random);
  if (change < 0.15) delete fields[name];
  else if (change < 0.25) {
    fields[`${name}X`] = fields[name] as Json;
    delete fields[name];
  } else fields[name] = JSON.parse(mark) as string;
  const text = JSON.stringify(copy).replace(mark, () => odd);
  if (change < 0.35) return Buffer.from(text.replace(/\{/, `{"__proto__":${odd},`));
  return Buffer.from(text);
}

/** Every field with its holder, at any depth. */
function fieldsOf(value: Json): [object, string][] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, below]): [object, string][] => [
    [value, name],
    ...fieldsOf(below),
  ]);
}
