import type Stripe from 'stripe';
import { invalidParameter } from '../gateway/api-error.js';
import { cancelIntent, captureIntent, incrementIntent } from '../gateway/authorizations.js';
import { behaviourOf, drawn, type CallFault, type CallKind } from '../gateway/behaviour.js';
import { confirmIntent, createIntent } from '../gateway/payment-intents.js';
import { acceptDispute, respond } from '../gateway/disputes.js';
import { createRefund } from '../gateway/refunds.js';
import { idOf } from '../gateway/reference.js';
import { createRun, REPORT_TYPE } from '../gateway/reports.js';
import { approveReview } from '../gateway/risk.js';
import { createTransfer, reverseTransfer } from '../gateway/transfers.js';
import type { Caller, World } from '../gateway/world.js';
import {
  cancelParams,
  captureParams,
  checked,
  bareParams,
  confirmParams,
  createIntentParams,
  disputeParams,
  incrementParams,
  refundParams,
  reportRunParams,
  requireToken,
  reversalParams,
  transferParams,
} from './params.js';

/** A call that changes something, checked and ready. */
export interface Prepared {
  readonly run: (caller: Caller) => unknown;
  /** By this name it can be told to go wrong. */
  readonly call?: CallKind;
  /** How its answer goes wrong, by the payment's token. */
  readonly fault: CallFault | undefined;
}

/** Checks a call's parameters. `id` is the object in the path. */
export type Prepare = (world: World, params: unknown, id: string) => Prepared;

export const CALLS: Readonly<Record<string, Prepare>> = {
  '/v1/payment_intents': prepareCreate,
  '/v1/payment_intents/:id/confirm': prepareConfirm,
  '/v1/payment_intents/:id/capture': prepareCapture,
  '/v1/payment_intents/:id/increment_authorization': prepareIncrement,
  '/v1/payment_intents/:id/cancel': prepareCancel,
  '/v1/refunds': prepareRefund,
  '/v1/transfers': prepareTransfer,
  '/v1/transfers/:id/reversals': prepareReversal,
  '/v1/disputes/:id': prepareResponse,
  '/v1/disputes/:id/close': prepareAcceptance,
  '/v1/reviews/:id/approve': prepareApproval,
  '/v1/reporting/report_runs': prepareReportRun,
};

function prepareCreate(world: World, given: unknown): Prepared {
  const params = checked(createIntentParams, given);
  requireToken(params.payment_method);
  if (params.confirm === 'true' && params.payment_method === undefined) {
    throw invalidParameter(
      'payment_method',
      'Confirming needs a payment_method.',
      'parameter_missing',
    );
  }
  if (params.confirm === 'true' && params.return_url === undefined && redirects(params)) {
    throw invalidParameter(
      'return_url',
      'Payment methods that redirect need a return_url, or allow_redirects=never.',
      'parameter_missing',
    );
  }
  const method = tokenOf(world, params.payment_method, params.metadata);
  return {
    call: 'create',
    fault: faultOf(method, 'create'),
    run: (caller) =>
      createIntent(world, caller, {
        amount: Number(params.amount),
        currency: params.currency.toLowerCase(),
        captureMethod: params.capture_method ?? 'automatic_async',
        confirm: params.confirm === 'true',
        metadata: params.metadata ?? {},
        cardOptions: params.payment_method_options?.card ?? {},
        offSession: params.off_session === 'true',
        setupFutureUsage: params.setup_future_usage ?? null,
        transferData: transferDataIn(params.transfer_data),
        transferGroup: params.transfer_group ?? null,
        ...(method === undefined ? {} : { paymentMethod: method }),
        ...(params.customer === undefined ? {} : { customer: params.customer }),
        ...(params.description === undefined ? {} : { description: params.description }),
        ...(params.return_url === undefined ? {} : { returnUrl: params.return_url }),
      }),
  };
}

function transferDataIn(given: { destination: string; amount?: string } | undefined) {
  if (given === undefined) return null;
  const { destination, amount } = given;
  return { destination, ...(amount === undefined ? {} : { amount: Number(amount) }) };
}

function redirects(params: {
  automatic_payment_methods?: { enabled: 'true' | 'false'; allow_redirects?: string };
}): boolean {
  const methods = params.automatic_payment_methods;
  return methods?.enabled === 'true' && methods.allow_redirects !== 'never';
}

function prepareConfirm(world: World, given: unknown, id: string): Prepared {
  const params = checked(confirmParams, given);
  requireToken(params.payment_method);
  const known = world.store.get('intents', id)?.object.metadata;
  const method = tokenOf(world, params.payment_method, known);
  return {
    call: 'confirm',
    fault: undefined,
    run: (caller) =>
      confirmIntent(world, caller, id, {
        offSession: params.off_session === 'true',
        ...(method === undefined ? {} : { paymentMethod: method }),
        ...(params.return_url === undefined ? {} : { returnUrl: params.return_url }),
      }),
  };
}

function prepareCapture(world: World, given: unknown, id: string): Prepared {
  const params = checked(captureParams, given);
  return {
    call: 'capture',
    fault: faultOf(methodOf(world, id), 'capture'),
    run: (caller) =>
      captureIntent(world, caller, id, {
        final: params.final_capture !== 'false',
        metadata: params.metadata ?? {},
        ...(params.amount_to_capture === undefined
          ? {}
          : { amount: Number(params.amount_to_capture) }),
      }),
  };
}

function prepareIncrement(world: World, given: unknown, id: string): Prepared {
  const params = checked(incrementParams, given);
  return {
    call: 'increment',
    fault: faultOf(methodOf(world, id), 'increment'),
    run: (caller) =>
      incrementIntent(world, caller, id, {
        amount: Number(params.amount),
        metadata: params.metadata ?? {},
        ...(params.description === undefined ? {} : { description: params.description }),
      }),
  };
}

function prepareCancel(world: World, given: unknown, id: string): Prepared {
  const params = checked(cancelParams, given);
  return {
    call: 'cancel',
    fault: faultOf(methodOf(world, id), 'cancel'),
    run: (caller) => cancelIntent(world, caller, id, params.cancellation_reason ?? null),
  };
}

function prepareRefund(world: World, given: unknown): Prepared {
  const params = checked(refundParams, given);
  const { charge, payment_intent: paymentIntent } = params;
  if ((charge === undefined) === (paymentIntent === undefined)) {
    throw invalidParameter('payment_intent', 'Give one of charge and payment_intent.');
  }
  const method =
    charge === undefined
      ? methodOf(world, paymentIntent ?? '')
      : (world.store.get('charges', charge)?.object.payment_method ?? undefined);
  return {
    call: 'refund',
    fault: faultOf(method, 'refund'),
    run: (caller) =>
      createRefund(world, caller, {
        metadata: params.metadata ?? {},
        ...(charge === undefined ? {} : { charge }),
        ...(paymentIntent === undefined ? {} : { paymentIntent }),
        ...(params.amount === undefined ? {} : { amount: Number(params.amount) }),
        ...(params.reason === undefined ? {} : { reason: params.reason }),
        reverseTransfer: params.reverse_transfer === 'true',
      }),
  };
}

function prepareTransfer(world: World, given: unknown): Prepared {
  const params = checked(transferParams, given);
  return {
    call: 'transfer',
    fault: params.destination.includes('timeout') ? 'lost' : undefined,
    run: (caller) =>
      createTransfer(world, caller, {
        amount: Number(params.amount),
        currency: params.currency.toLowerCase(),
        destination: params.destination,
        metadata: params.metadata ?? {},
        ...(params.description === undefined ? {} : { description: params.description }),
        ...(params.source_transaction === undefined ? {} : { source: params.source_transaction }),
        ...(params.transfer_group === undefined ? {} : { group: params.transfer_group }),
      }),
  };
}

function prepareReversal(world: World, given: unknown, id: string): Prepared {
  const params = checked(reversalParams, given);
  const destination = idOf(world.store.get('transfers', id)?.object.destination);
  return {
    call: 'reversal',
    fault: destination.includes('reversalTimeout') ? 'lost' : undefined,
    run: (caller) =>
      reverseTransfer(world, caller, id, {
        metadata: params.metadata ?? {},
        ...(params.amount === undefined ? {} : { amount: Number(params.amount) }),
      }),
  };
}

function prepareResponse(world: World, given: unknown, id: string): Prepared {
  const params = checked(disputeParams, given);
  return {
    fault: undefined,
    run: (caller) =>
      respond(world, caller, id, {
        evidence: params.evidence ?? {},
        submit: params.submit !== 'false',
        metadata: params.metadata ?? {},
      }),
  };
}

function prepareAcceptance(world: World, given: unknown, id: string): Prepared {
  checked(bareParams, given);
  return { fault: undefined, run: (caller) => acceptDispute(world, caller, id) };
}

function prepareApproval(world: World, given: unknown, id: string): Prepared {
  checked(bareParams, given);
  return { fault: undefined, run: (caller) => approveReview(world, caller, id) };
}

function prepareReportRun(world: World, given: unknown): Prepared {
  const { report_type: reportType, parameters } = checked(reportRunParams, given);
  if (reportType !== REPORT_TYPE) {
    throw invalidParameter('report_type', `The sandbox writes ${REPORT_TYPE} only.`);
  }
  return {
    fault: undefined,
    run: (caller): Stripe.Reporting.ReportRun =>
      createRun(world, caller, {
        reportType,
        intervalStart: Number(parameters.interval_start),
        intervalEnd: Number(parameters.interval_end),
        ...(parameters.currency === undefined ? {} : { currency: parameters.currency }),
        ...(parameters.columns === undefined ? {} : { columns: parameters.columns }),
      }),
  };
}

/** A seeded token, drawn: by our payment's id, which is the same in every run of a seed. */
function tokenOf(
  world: World,
  token: string | undefined,
  metadata: Readonly<Record<string, string>> = {},
): string | undefined {
  return token === undefined
    ? undefined
    : drawn(token, world.seed, metadata['paylog_payment'] ?? '');
}

function methodOf(world: World, intentId: string): string | undefined {
  const method = world.store.get('intents', intentId)?.object.payment_method;
  return typeof method === 'string' ? method : undefined;
}

function faultOf(paymentMethod: string | undefined, kind: CallKind): CallFault | undefined {
  return paymentMethod === undefined ? undefined : behaviourOf(paymentMethod)?.calls?.[kind];
}
