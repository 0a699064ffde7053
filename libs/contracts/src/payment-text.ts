import type {
  Adoption,
  Anomaly,
  Dispute,
  Money,
  Operation,
  Origin,
  Payment,
  ShareSize,
  Splits,
} from '@paylog/payment-domain';

/**
 * The state of a payment as canonical JSON: the very text that `canonicalJson(toWirePayment(payment))` gives, written in
 * one go. A rebuild makes one a payment and an append one an event, and building, copying and sorting objects first costs
 * several times as much.
 */
export function paymentText(payment: Payment): string {
  const { amounts, anomalies, currency, disputes, operations, terms, unresolved } = payment;
  return (
    `{${adoptionsText(payment.adoptions)}"amounts":${sumsText(amounts, amounts.voided)}` +
    `,"anomalies":${list(anomalies, anomalyText)}` +
    `,"closed":${payment.closed}` +
    (currency === undefined ? '' : `,"currency":${quoted(currency)}`) +
    disputesText(disputes, payment.disputeStatus) +
    `,"final":${payment.final},"held":${payment.held},"label":"${payment.label}"` +
    `,"operations":${list(operations, operationText)}` +
    originText(payment.origin) +
    `,"otherCurrencies":${otherCurrenciesText(payment.otherCurrencies)}` +
    (terms === undefined ? '' : `,"terms":${termsText(terms)}`) +
    `,"unresolved":${list(unresolved, quoted)}}`
  );
}

function operationText(operation: Operation): string {
  const { aliases, amount, asked, foreign, id, kind, parent, participant, reason, status } =
    operation;
  return (
    `{"aliases":${list(aliases, quoted)}` +
    (amount === undefined ? '' : `,"amount":${moneyText(amount)}`) +
    (asked === undefined ? '' : `,"asked":${moneyText(asked)}`) +
    `,"foreign":${foreign},"id":${quoted(id)},"kind":"${kind}"` +
    (parent === undefined ? '' : `,"parent":${quoted(parent)}`) +
    (participant === undefined ? '' : `,"participant":${quoted(participant)}`) +
    (reason === undefined ? '' : `,"reason":${quoted(reason)}`) +
    `,"status":"${status}"}`
  );
}

function adoptionsText(adoptions: readonly Adoption[] | undefined): string {
  return adoptions === undefined ? '' : `"adoptions":${list(adoptions, adoptionText)},`;
}

function adoptionText(adoption: Adoption): string {
  const { at, into, operator, orderId, payment, reason, storefront } = adoption;
  return (
    `{"at":${quoted(at)},"into":"${into}","operator":${quoted(operator)}` +
    `,"orderId":${quoted(orderId)},"payment":"${payment}","reason":${quoted(reason)}` +
    `,"storefront":${quoted(storefront)}}`
  );
}

function originText(origin: Origin | undefined): string {
  if (origin === undefined) return '';
  const { account, gateway, mode, object } = origin;
  return (
    `,"origin":{"account":${quoted(account)},"gateway":${quoted(gateway)},"mode":"${mode}"` +
    `,"object":${quoted(object)}}`
  );
}

/** Where nothing is in dispute, which is nearly always, nothing is said. */
function sumsText(sums: Omit<Payment['amounts'], 'voided'>, voided?: bigint): string {
  const { authorized, captured, chargedBack, disputed, disputeFees, refunded } = sums;
  return (
    `{"authorized":"${authorized}","captured":"${captured}"` +
    (chargedBack > 0n ? `,"chargedBack":"${chargedBack}"` : '') +
    (disputeFees > 0n ? `,"disputeFees":"${disputeFees}"` : '') +
    (disputed > 0n ? `,"disputed":"${disputed}"` : '') +
    `,"refunded":"${refunded}"` +
    (voided === undefined ? '}' : `,"voided":"${voided}"}`)
  );
}

function disputesText(
  disputes: readonly Dispute[],
  status: NonNullable<Payment['disputeStatus']> | undefined,
): string {
  if (disputes.length === 0) return '';
  return (
    (status === undefined
      ? ''
      : `,"disputeStatus":{"outcome":"${status.outcome}","stage":"${status.stage}"}`) +
    `,"disputes":${list(disputes, disputeText)}`
  );
}

function disputeText(dispute: Dispute): string {
  const { amount, fee, id, outcome, parent, reason, reinstated, respondBy, stage, withdrawn } =
    dispute;
  const head = amount === undefined ? '{' : `{"amount":${moneyText(amount)},`;
  return (
    `${head}"fee":"${fee}","id":${quoted(id)}` +
    (outcome === undefined ? '' : `,"outcome":"${outcome}"`) +
    (parent === undefined ? '' : `,"parent":${quoted(parent)}`) +
    (reason === undefined ? '' : `,"reason":${quoted(reason)}`) +
    `,"reinstated":"${reinstated}"` +
    (respondBy === undefined ? '' : `,"respondBy":${quoted(respondBy)}`) +
    (stage === undefined ? '' : `,"stage":"${stage}"`) +
    `,"withdrawn":"${withdrawn}"}`
  );
}

const anomalyText = ({ about, kind }: Anomaly): string =>
  `{"about":${list(about, quoted)},"kind":"${kind}"}`;

const moneyText = ({ currency, minor }: Money): string =>
  `{"currency":${quoted(currency)},"minor":"${minor}"}`;

function otherCurrenciesText(sums: Payment['otherCurrencies']): string {
  const texts = Object.keys(sums)
    .sort()
    .map((currency) => `${quoted(currency)}:${sumsText(sums[currency] as (typeof sums)[string])}`);
  return `{${texts.join(',')}}`;
}

function termsText(terms: NonNullable<Payment['terms']>): string {
  const { account, amount, attempt, captureMode, gateway, mode, orderId, shipping } = terms;
  const { splits, storefront } = terms;
  return (
    `{"account":${quoted(account)},"amount":${moneyText(amount)},"attempt":${attempt}` +
    `,"captureMode":"${captureMode}","gateway":${quoted(gateway)},"mode":"${mode}"` +
    `,"orderId":${quoted(orderId)}` +
    (shipping === undefined ? '' : `,"shipping":"${shipping}"`) +
    (splits === undefined ? '' : `,"splits":${splitsText(splits)}`) +
    `,"storefront":${quoted(storefront)}}`
  );
}

function splitsText({ participants, platformFee, refunds }: Splits): string {
  const shares = list(
    participants,
    ({ participant, ...size }) => `{${sizeText(size)},"participant":${quoted(participant)}}`,
  );
  return (
    `{"participants":${shares}` +
    (platformFee === undefined ? '' : `,"platformFee":{${sizeText(platformFee)}}`) +
    `,"refunds":{` +
    (refunds.participant === undefined ? '' : `"participant":${quoted(refunds.participant)},`) +
    `"rule":"${refunds.rule}"}}`
  );
}

/** Has one of the two, or both where nobody checked. */
function sizeText({ basisPoints, minor }: ShareSize): string {
  const percent = basisPoints === undefined ? '' : `"basisPoints":${basisPoints}`;
  const fixed = minor === undefined ? '' : `"minor":"${minor}"`;
  return percent + (percent !== '' && fixed !== '' ? ',' : '') + fixed;
}

function list<T>(items: readonly T[], text: (item: T) => string): string {
  let texts = '';
  for (const item of items) texts += texts === '' ? text(item) : `,${text(item)}`;
  return `[${texts}]`;
}

/** Ids, nearly always: nothing in them to escape. */
const PLAIN = /^[\w.:-]*$/;

const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));
