import { signatureHeader } from '@paylog/gateways';
import type { Asked } from './ask.js';
import { integerBetween, oneOf, type Random } from '../random.js';
import { brokenUtf8, deeplyNested, flipped, oddField, randomBytes, truncated } from './mutate.js';
import { pick } from './pick.js';

export interface FuzzedRequest extends Asked {
  /** Signed as it should be: it must be stored, whatever it says. Else nobody may take it in. */
  readonly genuine: boolean;
}

export interface Signer {
  readonly secret: string;
  /** As the gateway's clock has it. */
  readonly seconds: number;
  readonly path: string;
}

const BODY_BYTES_MAX = 1_048_576;
const TOO_LARGE_SHARE = 0.0005;
const LARGE_SHARE = 0.0005;

type Kind = (random: Random, from: Delivery) => Partial<FuzzedRequest>;

interface Delivery extends Signer {
  readonly body: Buffer;
  readonly signature: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Who can sign may say anything; whatever is wrong with the signature, nobody is let in. */
const KINDS: readonly (readonly [number, Kind])[] = [
  [6, (random, from) => signed(oddBody(random, from.body), from)],
  [1, oddContentType],
  [2, oddOtherHeaders],
  [1, oneOfManySignatures],
  [6, wrongSignature],
  [4, oddSignatureHeader],
  [2, wrongTime],
  [4, otherBody],
  [3, wrongPath],
  [2, wrongMethod],
  [1, longHeaders],
];

export function fuzzedRequest(random: Random, signer: Signer, number: number): FuzzedRequest {
  const body = Buffer.from(JSON.stringify(aboutNobody(random, number)));
  const signature = signatureHeader(body, signer.secret, signer.seconds);
  const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
  const plain = { method: 'POST', path: signer.path, headers, body, genuine: true };
  const from = { ...signer, body, signature, headers };
  const size = random();
  if (size < TOO_LARGE_SHARE) {
    const large = Buffer.alloc(BODY_BYTES_MAX + integerBetween(random, 1, 100_000), ' ');
    return { ...plain, ...signed(large, from), genuine: false };
  }
  if (size < TOO_LARGE_SHARE + LARGE_SHARE) {
    return { ...plain, ...signed(Buffer.alloc(BODY_BYTES_MAX - 1, ' '), from) };
  }
  return { ...plain, ...pick(KINDS, random)(random, from) };
}

/** An event that names a payment intent of nobody's. */
function aboutNobody(random: Random, number: number): Record<string, unknown> {
  return {
    id: `evt_flood_${number}`,
    object: 'event',
    created: 1_780_000_000,
    type: oneOf(['payment_intent.succeeded', 'charge.refunded', 'customer.updated'], random),
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    data: {
      object: { id: `pi_flood_${number}`, object: 'payment_intent', amount: 4990, currency: 'eur' },
    },
  };
}

function signed(body: Buffer, { secret, seconds, headers }: Delivery): Partial<FuzzedRequest> {
  return {
    body,
    headers: { ...headers, 'stripe-signature': signatureHeader(body, secret, seconds) },
  };
}

function oddBody(random: Random, body: Buffer): Buffer {
  const makers: (() => Buffer)[] = [
    () => randomBytes(random, 800),
    () => truncated(random, body),
    () => flipped(random, body),
    () => brokenUtf8(random, body),
    () => deeplyNested(random),
    () => oddField(random, JSON.parse(body.toString()) as object),
    () => oddField(random, JSON.parse(body.toString()) as object),
  ];
  return oneOf(makers, random)();
}

/** Not what was signed, unless chance puts in what stood there: then it is signed as it should be. */
function otherBody(random: Random, { body }: Delivery): Partial<FuzzedRequest> {
  const other = oddBody(random, body);
  return { body: other, genuine: other.equals(body) };
}

function oddContentType(random: Random, from: Delivery): Partial<FuzzedRequest> {
  const types = [
    'text/plain',
    'application/xml',
    'multipart/form-data; boundary=x',
    'x',
    'application/json; charset=utf-7',
  ];
  return { headers: { ...from.headers, 'content-type': oneOf(types, random) } };
}

function oddOtherHeaders(random: Random, { headers }: Delivery): Partial<FuzzedRequest> {
  const odd = oneOf<Record<string, string | string[]>>(
    [
      { traceparent: 'x'.repeat(200) },
      { 'user-agent': '' },
      { cookie: 'a=b; '.repeat(500) },
      { authorization: 'Bearer nobody' },
      { 'x-forwarded-for': '127.0.0.1, '.repeat(100) },
      { accept: 'image/png' },
      { 'accept-encoding': 'br;q=1.0, x;q=0' },
      { 'idempotency-key': '\u00e9\u00ff' },
      { 'x-odd': ['a', 'b', 'c'] },
      { __proto__x: '1', constructor: '1' },
    ],
    random,
  );
  return { headers: { ...headers, ...odd } };
}

/** While a secret is being changed, a gateway signs with both. */
function oneOfManySignatures(
  random: Random,
  { headers, signature }: Delivery,
): Partial<FuzzedRequest> {
  const [time, right] = signature.split(',') as [string, string];
  const wrong = `v1=${'0'.repeat(64)}`;
  const all = oneOf(
    [
      [time, wrong, right],
      [time, right, wrong],
      [time, 'v0=ab', right],
    ],
    random,
  );
  return { headers: { ...headers, 'stripe-signature': all.join(',') } };
}

function wrongSignature(random: Random, from: Delivery): Partial<FuzzedRequest> {
  const { body, seconds, headers, signature } = from;
  const [time, right] = signature.split(',') as [string, string];
  const signatures = [
    signatureHeader(body, 'whsec_of_a_stranger', seconds),
    signatureHeader(Buffer.concat([body, Buffer.from(' ')]), from.secret, seconds),
    signature.replace('v1', 'v0'),
    signature.toUpperCase(),
    signature.slice(0, -2),
    `${signature}00`,
    `t=${seconds + 1},${right}`,
    right,
    time,
    // Only the first few of many are looked at.
    [time, ...Array.from({ length: 400 }, () => `v1=${'a'.repeat(64)}`)].join(','),
  ];
  return { headers: { ...headers, 'stripe-signature': oneOf(signatures, random) }, genuine: false };
}

function oddSignatureHeader(
  random: Random,
  { headers, seconds }: Delivery,
): Partial<FuzzedRequest> {
  const { 'stripe-signature': _right, ...rest } = headers as Record<string, string>;
  const odd = oneOf<string | string[] | undefined>(
    [
      undefined,
      '',
      '=',
      ',,,,',
      't=,v1=',
      `t=${seconds}`,
      `t=-${seconds},v1=00`,
      't=1e9,v1=00',
      `t=${'9'.repeat(40)},v1=${'0'.repeat(64)}`,
      randomBytes(random, 300).toString('hex'),
      '\u00ff\u00fe'.repeat(50),
      'v1='.repeat(2_000),
      [`t=${seconds}`, `v1=${'0'.repeat(64)}`],
    ],
    random,
  );
  const other = odd === undefined ? {} : { 'stripe-signature': odd };
  return { headers: { ...rest, ...other }, genuine: false };
}

function wrongTime(
  random: Random,
  { body, secret, seconds, headers }: Delivery,
): Partial<FuzzedRequest> {
  const off = oneOf([-86_400 * 365, -3_600, -900, 900, 3_600, 86_400 * 365], random);
  const signature = signatureHeader(body, secret, seconds + off);
  return { headers: { ...headers, 'stripe-signature': signature }, genuine: false };
}

function wrongPath(random: Random, { path }: Delivery): Partial<FuzzedRequest> {
  const paths = [
    path.replace('stripe-main', 'nobody'),
    path.replace('/stripe/', '/adyen/'),
    `${path}/more`,
    path.replace('stripe-main', '%00'),
    path.replace('stripe-main', '..%2f..%2fetc%2fpasswd'),
    path.replace('stripe-main', '%E0%A4%A'),
    path.replace('stripe-main', 'x'.repeat(5_000)),
    path.replace('stripe-main', '__proto__'),
    '/',
    '/operations/parked',
    '/operations/webhooks/rejected?limit=-1',
  ];
  return { path: oneOf(paths, random), genuine: false };
}

function wrongMethod(random: Random): Partial<FuzzedRequest> {
  const method = oneOf(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'], random);
  return { method, genuine: false };
}

function longHeaders(_random: Random, { headers }: Delivery): Partial<FuzzedRequest> {
  return { headers: { ...headers, 'x-long': 'x'.repeat(20_000) }, genuine: false };
}
