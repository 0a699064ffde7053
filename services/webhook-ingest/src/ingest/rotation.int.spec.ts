import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AccountsSource, followAccounts } from '@paylog/gateways';
import { eventually } from '@paylog/testing';
import { type Running, run } from '../testing/running.js';
import { ACCOUNT, bytes, paid, PAYMENT, signed } from '../testing/stripe.js';
import { fromRow } from './evidence.js';

const OLD = { secret: 'STRIPE_WEBHOOK_SECRET', value: 'whsec_drill_old' };
const NEW = { secret: 'STRIPE_WEBHOOK_SECRET_2', value: 'whsec_drill_new' };

const directory = mkdtempSync(join(tmpdir(), 'rotation-'));
let source: AccountsSource;
let running: Running;
beforeAll(async () => {
  put(OLD.secret, OLD.value);
  list(OLD);
  source = followAccounts({
    file: join(directory, 'accounts.json'),
    mode: 'test',
    env: { SECRETS_DIR: directory },
    secrets: 'webhooks',
    logger: { info: () => undefined, warn: () => undefined },
    everyMs: 200,
    settleMs: 50,
  });
  running = await run({ accounts: () => source.current() });
});
afterAll(async () => {
  source.stop();
  await running.stop();
  rmSync(directory, { recursive: true });
});

function put(name: string, text: string): void {
  writeFileSync(join(directory, `.${name}`), text);
  renameSync(join(directory, `.${name}`), join(directory, name));
}

function list(...secrets: { secret: string }[]): void {
  const { webhookSecrets: _of, ...account } = ACCOUNT;
  const webhookSecrets = secrets.map(({ secret }) => ({ secret }));
  put('accounts.json', JSON.stringify([{ ...account, apiKeySecret: 'NONE', webhookSecrets }]));
}

interface Sent {
  readonly status: number;
  /** When nothing of it had left us yet, and when it was answered. */
  readonly at: number;
  readonly answeredAt: number;
}

/** Webhooks one after the other, several at once, until it is told to stop. */
class Sender {
  readonly sent: Sent[] = [];
  #stopped = false;
  readonly #lanes: Promise<void>[];

  constructor(
    private readonly name: string,
    private readonly secret: () => string,
  ) {
    this.#lanes = [0, 1, 2].map((lane) => this.#send(lane));
  }

  async stop(): Promise<readonly Sent[]> {
    this.#stopped = true;
    await Promise.all(this.#lanes);
    return this.sent;
  }

  async #send(lane: number): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const body = bytes(paid(`evt_${this.name}_${lane}_${n}`, PAYMENT));
      const at = performance.now();
      const status = await running.post(body, { signature: signed(body, this.secret()) });
      this.sent.push({ status, at, answeredAt: performance.now() });
      await sleep(2);
    }
  }
}

const has = (...values: string[]) => {
  const there = source.current()[0]?.webhookSecrets.map(({ value }) => value);
  return there?.join() === values.join();
};
const some = (sender: Sender, more: number) => {
  const until = sender.sent.length + more;
  return eventually('some more were sent', () => sender.sent.length >= until);
};

async function secretsInEvidence(): Promise<Set<string>> {
  const lanes = Array.from({ length: running.evidence.lanes }, (_, lane) => lane);
  const rows = await Promise.all(lanes.map((lane) => running.evidence.readLane(lane, 0n, 5_000)));
  return new Set(rows.flat().map(({ data }) => fromRow(data).secret));
}

describe('the rotation drill', () => {
  it('refuses no valid webhook at any step, and accepts none of the old secret once it is revoked', async () => {
    let signing = OLD.value;
    const gateway = new Sender('gateway', () => signing);
    const thief = new Sender('thief', () => OLD.value);
    await some(gateway, 30);

    put(NEW.secret, NEW.value);
    list(OLD, NEW);
    await eventually('both secrets count', () => has(OLD.value, NEW.value));
    await some(gateway, 30);
    signing = NEW.value;
    await some(gateway, 30);
    // What was signed before the switch has come by now.
    unlinkSync(join(directory, OLD.secret));
    await eventually('the old one is revoked', () => has(NEW.value));
    const revokedAt = performance.now();
    await some(gateway, 30);
    await some(thief, 30);

    const valid = await gateway.stop();
    const stolen = await thief.stop();
    expect(valid.filter(({ status }) => status !== 200)).toEqual([]);
    const after = stolen.filter(({ at }) => at > revokedAt);
    expect(after.length).toBeGreaterThanOrEqual(20);
    expect(after.filter(({ status }) => status !== 401)).toEqual([]);
    // The thief's were taken before: the drill would see one that is taken after.
    expect(stolen.some(({ status }) => status === 200)).toBe(true);
    expect(await secretsInEvidence()).toEqual(new Set([OLD.secret, NEW.secret]));
  });

  it('stops taking a secret at its notAfter, without anybody reading anything', async () => {
    const notAfter = new Date(Date.now() + 700).toISOString();
    const { webhookSecrets: _of, ...account } = ACCOUNT;
    const webhookSecrets = [{ secret: NEW.secret, notAfter }];
    put('accounts.json', JSON.stringify([{ ...account, apiKeySecret: 'NONE', webhookSecrets }]));
    const [last] = await eventually('the date counts', () => {
      const there = source.current()[0]?.webhookSecrets;
      return there?.[0]?.notAfter === notAfter && there;
    });
    expect(last?.value).toBe(NEW.value);
    const body = bytes(paid('evt_in_time', PAYMENT));
    expect(await running.post(body, { signature: signed(body, NEW.value) })).toBe(200);
    await eventually('its time has passed', () => Date.now() > Date.parse(notAfter));
    const late = bytes(paid('evt_late', PAYMENT));
    expect(await running.post(late, { signature: signed(late, NEW.value) })).toBe(401);
  });
});
