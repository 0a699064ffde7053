import { isoDecimals, type WireMoney } from '@paylog/contracts';
import { formatMajor } from '@paylog/payment-domain';
import type {
  DisputeEntry,
  EvidencePack,
  GoodsEntry,
  TimelineEntry,
  WebhookEntry,
} from './evidence-pack.js';
import { html, type Html } from './html.js';

/** Allows a page nothing but its own style, in its headers and in the file that is left when they are gone. */
export const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'";

/** A page that needs nothing else: to be kept, printed, or sent on. */
export function renderPack(pack: EvidencePack): string {
  const title = `Evidence for ${pack.order?.orderId ?? pack.found?.orderId ?? pack.paymentId}`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        ${STYLE}
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p>
            Payment ${pack.paymentId}, as known to Paylog on ${when(pack.generatedAt)}. All times
            are UTC.
          </p>
        </header>
        ${orderSection(pack)} ${disputesSection(pack.disputes)} ${moneySection(pack)}
        ${goodsSection(pack.fulfillment)} ${timelineSection(pack.timeline)}
        ${webhooksSection(pack.webhooks)}
      </body>
    </html> `;
  return page.markup;
}

const STYLE = html`<style>
  body {
    font: 10pt/1.4 sans-serif;
    color: #111;
    max-width: 62rem;
    margin: 2rem auto;
    padding: 0 1rem;
  }
  h1 {
    font-size: 16pt;
    margin: 0 0 0.5rem;
  }
  h2 {
    font-size: 12pt;
    margin: 1.5rem 0 0.3rem;
    break-after: avoid;
  }
  table {
    border-collapse: collapse;
    width: 100%;
    margin-bottom: 0.5rem;
  }
  thead {
    display: table-header-group;
  }
  tr {
    break-inside: avoid;
  }
  th,
  td {
    border: 1px solid #bbb;
    padding: 0.25rem 0.4rem;
    text-align: left;
    vertical-align: top;
    overflow-wrap: anywhere;
  }
  th {
    background: #eee;
  }
  th[scope='row'] {
    width: 14rem;
  }
  code {
    font-size: 8.5pt;
  }
  .amount {
    text-align: right;
    white-space: nowrap;
  }
  .until {
    font-weight: bold;
  }
  .retracted td {
    text-decoration: line-through;
    color: #666;
  }
  @page {
    margin: 15mm;
  }
  @media print {
    body {
      margin: 0;
      max-width: none;
      font-size: 9pt;
    }
  }
</style>`;

function orderSection({ order, found }: EvidencePack): Html {
  if (order !== undefined) {
    return html`<h2>The order and its terms</h2>
      ${facts([
        ['Order', `${order.orderId} (attempt ${order.attempt})`],
        ['Storefront', order.storefront],
        ['Amount agreed', amountOf(order.amount)],
        ['Agreed', when(order.agreedAt)],
        ['To be captured', order.captureMode === 'manual' ? 'later, on request' : 'at once'],
        ['Gateway', `${order.gateway}, account ${order.account}${testOnly(order.mode)}`],
      ])}`;
  }
  if (found === undefined) {
    return html`<h2>The order and its terms</h2>
      <p>Not known yet.</p>`;
  }
  return html`<h2>Found at the gateway</h2>
    ${facts([
      ['Order', found.orderId ?? 'nobody has said which one it belongs to'],
      ['Storefront', found.storefront],
      ['Gateway', `${found.gateway}, account ${found.account}${testOnly(found.mode)}`],
      ['There called', found.object],
    ])}`;
}

function disputesSection(disputes: readonly DisputeEntry[]): Html {
  if (disputes.length === 0) {
    return html`<h2>Disputes</h2>
      <p>None is known.</p>`;
  }
  return html`<h2>Disputes</h2>
    ${disputes.map((one) =>
      facts([
        ['Dispute', one.id],
        ['Stage', one.stage && words(one.stage)],
        ['Outcome so far', one.outcome && words(one.outcome)],
        ['Reason given', one.reason],
        ['Amount in dispute', one.amount && amountOf(one.amount)],
        [
          'Evidence is taken until',
          one.respondBy && html`<span class="until">${when(one.respondBy)}</span>`,
        ],
        ['About', one.about],
        ['Withdrawn', one.withdrawn && amountOf(one.withdrawn)],
        ['Given back', one.reinstated && amountOf(one.reinstated)],
        ['Fee', one.fee && amountOf(one.fee)],
      ]),
    )}`;
}

function moneySection({ state, operations }: EvidencePack): Html {
  const { amounts } = state;
  const sums = amounts && [
    ['Authorized', amountOf(amounts.authorized)] as const,
    ['Captured', amountOf(amounts.captured)] as const,
    ['Refunded', amountOf(amounts.refunded)] as const,
    ['Released uncaptured', amountOf(amounts.voided)] as const,
    ['Held by disputes', amountOf(amounts.disputed)] as const,
    ['Lost to disputes', amountOf(amounts.chargedBack)] as const,
    ['Fees of disputes', amountOf(amounts.disputeFees)] as const,
  ];
  return html`<h2>The money</h2>
    ${facts([['State', words(state.label) + (state.final ? '' : ' (not final)')], ...(sums ?? [])])}
    ${table(
      ['Operation', 'Status', 'Amount', 'Reason', 'Ids at the gateway'],
      operations.map(
        (one) =>
          html`<tr>
            <td>${words(one.kind)}<br /><code>${one.id}</code></td>
            <td>${words(one.status)}</td>
            ${amountCell(one.amount)}
            <td>${one.reason}</td>
            <td><code>${one.gatewayIds.join(' ')}</code></td>
          </tr>`,
      ),
    )}`;
}

function goodsSection(fulfillment: readonly GoodsEntry[]): Html {
  return html`<h2>The goods</h2>
    ${table(
      ['Time', 'Decision', 'Order', 'Reason', 'Id'],
      fulfillment.map(
        (one) =>
          html`<tr>
            <td>${when(one.at)}</td>
            <td>${words(one.what.replace(/^Fulfillment/, ''))}</td>
            <td>${one.orderId}${one.part === 'all' ? '' : `, part ${one.part}`}</td>
            <td>${one.reason}</td>
            <td><code>${one.id}</code> because of <code>${one.causedBy}</code></td>
          </tr>`,
      ),
    )}`;
}

function timelineSection(timeline: readonly TimelineEntry[]): Html {
  return html`<h2>What happened</h2>
    <p>
      By the time that each source gives; gateways often give whole seconds, and the order within
      one says nothing.
    </p>
    ${table(
      ['Time', 'What', 'Amount', 'About', 'Told by'],
      timeline.map(
        (one) =>
          html`<tr class="${one.retracted ? 'retracted' : ''}">
            <td>${when(one.at)}</td>
            <td>
              ${words(one.what)}${one.stage && ` (${words(one.stage)})`}${one.reason && `: ${one.reason}`}<br /><code
                >${one.factId}</code
              >
            </td>
            ${amountCell(one.amount)}
            <td><code>${one.about}</code></td>
            <td>
              ${SOURCES[one.source]}${one.evidence && html`<br /><code>${one.evidence}</code>`}
            </td>
          </tr>`,
      ),
    )}`;
}

const SOURCES: Readonly<Record<TimelineEntry['source'], string>> = {
  request: 'the storefront’s request',
  response: 'the gateway’s answer to our call',
  webhook: 'the gateway’s signed webhook',
  poll: 'the gateway, when asked',
  settlement: 'the gateway’s settlement report',
  clock: 'a time that ran out',
  operator: 'an operator',
};

function webhooksSection(webhooks: readonly WebhookEntry[]): Html {
  return html`<h2>Verified webhooks</h2>
    <p>
      The signature of each was checked, over the bytes as they came, before it was answered. The
      sha256 is of those bytes, which the merchant keeps under the given id.
    </p>
    ${table(
      ['Received', 'Event', 'Told', 'Verified with', 'Body'],
      webhooks.map(
        (one) =>
          html`<tr>
            <td>${one.receivedAt && when(one.receivedAt)}</td>
            <td>${one.eventId}<br />account ${one.account}</td>
            <td>
              ${one.told.map((each) => html`${words(each)}<br />`)}${
                one.unconfirmed && 'not covered by the signature: the gateway was asked'
              }
            </td>
            <td>${one.verifiedWith}</td>
            <td><code>${one.evidence}</code><br />sha256 <code>${one.sha256}</code></td>
          </tr>`,
      ),
    )}`;
}

type Fact = readonly [name: string, value: Html | string | undefined];

/** What is known; rows of which nothing is known are left out. */
function facts(rows: readonly Fact[]): Html {
  const known = rows.filter(([, value]) => value !== undefined && value !== '');
  return html`<table>
    <tbody>
      ${known.map(
        ([name, value]) =>
          html`<tr>
            <th scope="row">${name}</th>
            <td>${value}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function table(columns: readonly string[], rows: readonly Html[]): Html {
  if (rows.length === 0) return html`<p>None is known.</p>`;
  return html`<table>
    <thead>
      <tr>
        ${columns.map((each) => html`<th scope="col">${each}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

const amountCell = (amount: WireMoney | undefined): Html =>
  html`<td class="amount">${amount && amountOf(amount)}</td>`;

function amountOf({ minor, currency }: WireMoney): string {
  return `${formatMajor(BigInt(minor), isoDecimals(currency))} ${currency}`;
}

const testOnly = (mode: string): string => (mode === 'test' ? ' (test mode: no real money)' : '');

/** `2026-03-01T12:00:00.123Z` for people; what is no such time stays as it is. */
const when = (time: string): string =>
  time.replace(/^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.\d+)?Z$/, '$1 $2');

/** `CaptureSucceeded` and `partially_refunded` as words. */
function words(name: string): string {
  const spaced = name.replaceAll('_', ' ').replace(/(?<=[a-z])[A-Z]/g, ' $&');
  return spaced.charAt(0).toUpperCase() + spaced.slice(1).toLowerCase();
}
