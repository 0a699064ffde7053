import { type Ask, jsonIn } from './database.js';
import type {
  IntentMessage,
  LedgerBalance,
  LedgerEntry,
  LedgerLine,
  PaymentState,
  StateCopy,
  StoredWebhook,
  ToldFact,
  VersionedState,
} from './evidence.js';

/*
 * What lies beside the logs, one function a question. Rows come as base64 where they are somebody's bytes: what can't
 * be decoded must not end the look.
 */

interface Data {
  readonly id: string;
  readonly stream: string;
  readonly type: string;
  readonly data: string;
}

const DATA = `r.id, r.stream, r.type, encode(r.data, 'base64') as data`;

export async function readWebhooks(ask: Ask): Promise<StoredWebhook[]> {
  const rows = await ask<{
    id: string;
    data: string;
    body: string | null;
    outcome: string | null;
  }>(`
    select r.id, encode(r.data, 'base64') as data, encode(sha256(b.body), 'hex') as body, m.outcome
    from evidence.rows r
    left join evidence_bodies b on b.evidence_id = r.id
    left join mapped_evidence m on m.evidence_id = r.id`);
  return rows.map(({ id, data, body, outcome }) => {
    const said = jsonIn<{ account?: string; eventId?: string | null; sha256?: string }>(data);
    return {
      id,
      account: said?.account ?? '',
      eventId: said?.eventId ?? undefined,
      sha256: said?.sha256 ?? '',
      bodySha256: body ?? undefined,
      outcome: outcome ?? undefined,
    };
  });
}

export async function readToldFacts(ask: Ask): Promise<ToldFact[]> {
  const rows = await ask<Data>(`select ${DATA} from facts.rows r where r.type = 'FactRecorded'`);
  return rows.map(({ id, stream, data }) => {
    const said = jsonIn<{ evidence?: { id?: string; eventId?: string; sha256?: string } }>(data);
    const { id: evidenceId = '', eventId = '', sha256 = '' } = said?.evidence ?? {};
    return { id, paymentId: stream, evidenceId, eventId, sha256 };
  });
}

export async function readIntentMessages(ask: Ask): Promise<IntentMessage[]> {
  const rows = await ask<Data>(`select ${DATA} from intents.rows r order by r.lane, r.position`);
  return rows.map(({ stream, type, data }) => ({
    paymentId: stream,
    type,
    data: jsonIn<IntentMessage['data']>(data) ?? {},
  }));
}

export async function readProjected(ask: Ask): Promise<VersionedState[]> {
  return ask<VersionedState>(
    `select payment_id as "paymentId", version, state from query.payments order by payment_id`,
  );
}

export async function readLastStates(ask: Ask): Promise<VersionedState[]> {
  const rows = await ask<Data & { version: number }>(`
    select distinct on (r.stream) ${DATA}, r.version
    from payments.rows r order by r.stream, r.version desc`);
  return rows.flatMap(({ stream, version, data }) => {
    const state = jsonIn<{ state?: PaymentState }>(data)?.state;
    return state === undefined ? [] : [{ paymentId: stream, version, state }];
  });
}

/** Who keeps a copy of the state of each payment, and where. */
const COPIES: Readonly<Record<string, string>> = {
  intent: 'select payment_id as "paymentId", version from payments',
  fulfillment: 'select payment_id as "paymentId", state_version as version from knowledge',
  reconciliation: 'select payment_id as "paymentId", version from books.payments',
};

export async function readCopies(ask: Ask, service: string): Promise<StateCopy[]> {
  const sql = COPIES[service];
  if (sql === undefined) return [];
  const rows = await ask<Omit<StateCopy, 'service'>>(sql);
  return rows.map((row) => ({ ...row, service }));
}

export async function readEntries(ask: Ask): Promise<LedgerEntry[]> {
  const rows = await ask<{
    entryId: string;
    paymentId: string | null;
    currency: string;
    lines: LedgerLine[] | null;
  }>(`
    select e.entry_id as "entryId", e.payment_id as "paymentId", e.currency, l.lines
    from books.entries e left join (
      select entry_id, jsonb_agg(jsonb_build_object('account', account, 'side', side,
        'minor', minor::text, 'currency', currency) order by line) as lines
      from books.ledger_lines group by entry_id
    ) l using (entry_id)`);
  return rows.map(({ paymentId, lines, ...rest }) => ({
    ...rest,
    paymentId: paymentId ?? undefined,
    lines: lines ?? [],
  }));
}

/** The entries as the ledger's own log holds them. */
export async function readPublishedEntries(ask: Ask): Promise<LedgerEntry[]> {
  const rows = await ask<Data>(`select ${DATA} from ledger.rows r`);
  return rows.map(({ id, data }) => {
    const said = jsonIn<Partial<LedgerEntry>>(data);
    return {
      entryId: id,
      paymentId: said?.paymentId,
      currency: said?.currency ?? '',
      lines: said?.lines ?? [],
    };
  });
}

export async function readBalances(ask: Ask): Promise<LedgerBalance[]> {
  return ask<LedgerBalance>(
    `select account, currency, sum(minor)::text as minor from books.balances group by 1, 2`,
  );
}
