import type { GatewayName } from './accounts.js';
import { providers } from './providers.js';
import { SIMULATED_EVENTS } from './simulated/index.js';
import { createStripeClient } from './stripe/client.js';
import { createStripeSettlement } from './stripe/reports.js';
import type { Webhooks } from './webhooks.js';

/** Who can be called, and whose reports are read. */
const CLIENTS: Partial<Record<GatewayName, unknown>> = { stripe: createStripeClient };
const SETTLEMENTS: Partial<Record<GatewayName, unknown>> = { stripe: createStripeSettlement };

const START = '<!-- parts: made by `npm run generate` -->';
const END = '<!-- end of parts -->';

const NAMES: Readonly<Record<GatewayName, string>> = {
  stripe: 'Stripe',
  adyen: 'Adyen',
  paypal: 'PayPal',
  gocardless: 'GoCardless',
};

const yes = (is: boolean): string => (is ? 'yes' : '–');

const ROWS: readonly (readonly [string, (webhooks: Webhooks) => string])[] = [
  ['fields', ({ gateway }) => `[fields.md](src/${gateway}/fields.md)`],
  ['signature covers', ({ inWords }) => inWords.covers],
  ['webhooks → facts', ({ inWords }) => inWords.money],
  ['things a delivery', ({ inWords }) => inWords.things],
  ['delivery known by', ({ inWords }) => inWords.knownBy],
  ['answer, taken', ({ acknowledgement }) => String(acknowledgement.accepted)],
  ['answer, bad signature', ({ acknowledgement }) => String(acknowledgement.refused)],
  ['simulated events', ({ gateway }) => String(SIMULATED_EVENTS[gateway].length)],
  ['calls (`GatewayClient`)', ({ gateway }) => yes(CLIENTS[gateway] !== undefined)],
  ['reports (`SettlementSource`)', ({ gateway }) => yes(SETTLEMENTS[gateway] !== undefined)],
];

/** The README with the table of what works for whom, as the code is now. */
export function withPartsTable(readme: string): string {
  const [before, rest] = split(readme, START);
  const [, after] = split(rest, END);
  return `${before}${START}\n\n${table()}\n\n${END}${after}`;
}

function table(): string {
  const columns = providers();
  const rows = [
    ['part', ...columns.map(({ gateway }) => NAMES[gateway])],
    ...ROWS.map(([part, cell]) => [part, ...columns.map(cell)]),
  ];
  // As Prettier writes tables, which looks at this file too.
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((row) => (row[i] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

function split(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  if (at === -1) throw new Error(`the README lacks the line ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
