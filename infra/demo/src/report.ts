import Table from 'cli-table3';
import type { Run } from '@paylog/local';
import type { DemoOptions, Outcome } from './demo.js';

/** The one JSON object of `--json`. Stable: checks and other tools read it. */
export interface Report {
  readonly ok: boolean;
  readonly stack: string;
  readonly seed: number;
  readonly orders: number;
  readonly durationMs: number;
  readonly payments: Outcome['payments'];
  readonly scenarios: Readonly<Record<string, string>>;
  readonly webhooks: Outcome['webhooks'];
  readonly fulfillment: Outcome['fulfillment'];
  readonly gateway: Outcome['gateway'];
  readonly ledger: Outcome['ledger'];
  readonly reconciliation: Outcome['reconciliation'];
  readonly deadLetters: Outcome['deadLetters'];
  readonly parked: Outcome['parked'];
  readonly rebuild: Outcome['rebuild'];
  readonly verify: string;
}

export function toReport(
  options: DemoOptions,
  run: Run,
  outcome: Outcome,
  durationMs: number,
): Report {
  const { scenarios, counted: _counted, ...figures } = outcome;
  const told = [...scenarios].map(
    ([name, problems]) => [name, problems.join('; ') || 'ok'] as const,
  );
  return {
    ok: brokenPromises(outcome).length === 0,
    stack: stackOf(run),
    seed: options.seed,
    orders: options.orders,
    durationMs,
    payments: figures.payments,
    scenarios: Object.fromEntries(told),
    webhooks: figures.webhooks,
    fulfillment: figures.fulfillment,
    gateway: figures.gateway,
    ledger: figures.ledger,
    reconciliation: figures.reconciliation,
    deadLetters: figures.deadLetters,
    parked: figures.parked,
    rebuild: figures.rebuild,
    verify: figures.verify,
  };
}

/** Each is a sentence that somebody was promised the opposite of. */
export function brokenPromises(outcome: Outcome): string[] {
  const { webhooks, fulfillment, gateway, ledger, reconciliation, parked } = outcome;
  const broken: string[] = [];
  const must = (holds: boolean, otherwise: string) => {
    if (!holds) broken.push(otherwise);
  };
  const { sent, accepted, duplicates, rejected, lost } = webhooks;
  must(lost === 0, `${lost} webhooks are lost`);
  must(sent === accepted + duplicates + rejected + lost, 'webhooks do not add up');
  must(fulfillment.releasedTwice === 0, `${fulfillment.releasedTwice} orders were released twice`);
  must(gateway.capturedTwice === 0, `${gateway.capturedTwice} payments were captured twice`);
  for (const [currency, minor] of Object.entries(ledger.imbalance)) {
    must(minor === '0', `the ledger is off by ${minor} ${currency}`);
  }
  const { planted, found, invented } = reconciliation;
  must(planted.join() === found.join(), `${planted.length} discrepancies, ${found.length} found`);
  must(invented.length === 0, `exceptions nobody planted: ${invented.join(', ')}`);
  must(parked.now === 0, `${parked.now} messages are still parked`);
  for (const [source, result] of Object.entries(outcome.rebuild)) {
    must(result === 'equal', `the rebuild from ${source} is different`);
  }
  must(outcome.verify === 'ok', `verify: ${outcome.verify}`);
  for (const [name, problems] of outcome.scenarios) {
    must(problems.length === 0, `${name}: ${problems.slice(0, 5).join('; ')}`);
  }
  return broken;
}

/** For people. */
export function describe(report: Report, outcome: Outcome, run: Run): string {
  const broken = brokenPromises(outcome);
  const verdict = broken.length === 0 ? 'Every promise held.' : `Broken:\n${list(broken)}`;
  return [figuresTable(report), scenariosTable(report), verdict, whereToLook(run)].join('\n\n');
}

function figuresTable(report: Report): string {
  const { webhooks, reconciliation, ledger, fulfillment, gateway, parked, rebuild } = report;
  const table = plainTable([18, 84]);
  const counts = (record: Readonly<Record<string, number | string>>) =>
    Object.entries(record)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ');
  const seconds = (report.durationMs / 1_000).toFixed(1);
  table.push(
    ['orders', `${report.orders} in ${seconds} s, seed ${report.seed}, ${report.stack}`],
    ['payments', counts(report.payments)],
    ['webhooks', counts({ ...webhooks })],
    ['goods', `${fulfillment.released} released, ${fulfillment.releasedTwice} twice`],
    ['gateway', `${gateway.capturedTwice} captured twice`],
    ['ledger', `${ledger.entries} entries, off by ${counts(ledger.imbalance)}`],
    [
      'reconciliation',
      `${reconciliation.matched} lines matched; ${reconciliation.planted.length} discrepancies planted, ` +
        `${reconciliation.found.length} found, ${reconciliation.invented.length} invented`,
    ],
    [
      'dead letters',
      Object.entries(report.deadLetters)
        .map(([topic, count]) => `${count} ${topic}`)
        .join('\n'),
    ],
    ['parked', `${parked.now} now, ${parked.replayed} mended and replayed`],
    ['rebuild', `from Postgres ${rebuild.postgres}, from Kafka ${rebuild.kafka}`],
    ['verify', report.verify],
  );
  return table.toString();
}

/** No colours: it is read in files too. */
function plainTable(colWidths: number[]) {
  return new Table({
    colWidths,
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
}

function scenariosTable({ scenarios }: Report): string {
  const table = plainTable([34, 68]);
  for (const [name, said] of Object.entries(scenarios)) {
    table.push([name, said.length > 300 ? `${said.slice(0, 300)} …` : said]);
  }
  return table.toString();
}

function whereToLook(run: Run): string {
  const { services } = run;
  const url = (service: keyof typeof services) => services[service][0] ?? '';
  return [
    'Where to look next, while it runs:',
    `  one order     curl -H "authorization: Bearer ${run.apiKey}" "${url('payment-state')}/v1/payments?orderId=…"`,
    `  APIs          ${url('intent')}/docs  ${url('payment-state')}/docs  ${url('reconciliation')}/docs`,
    `  the gateway   ${url('sandbox-gateway')}/sandbox/truth`,
    `  topics        brokers ${run.kafka.brokers.join(',')}`,
    `  logs          ${run.logs}`,
    '  commands      npm run verify | npm run rebuild -- payment-state --from kafka | npm run stuck | npm run smoke',
  ].join('\n');
}

function stackOf({ kafka, postgres }: Run): string {
  if (kafka.source === postgres.source) return kafka.source;
  return `kafka ${kafka.source}, postgres ${postgres.source}`;
}

const list = (items: readonly string[]) => items.map((item) => `  - ${item}`).join('\n');
