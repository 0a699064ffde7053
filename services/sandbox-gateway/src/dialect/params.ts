import { parse } from 'qs';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { ApiError, invalidParameter } from '../gateway/api-error.js';
import { TOKENS } from '../gateway/behaviour.js';
import { EVIDENCE, type EvidenceField } from '../gateway/dispute-objects.js';

/** Form bodies and query strings as the provider takes them: nested keys in brackets, every value a string. */
export function parseForm(text: string): Record<string, unknown> {
  return parse(text, {
    depth: 4,
    arrayLimit: 200,
    parameterLimit: 1000,
    strictDepth: false,
  });
}

const text = Type.String({ maxLength: 5000 });
const id = Type.String({ minLength: 1, maxLength: 255 });
const amount = Type.String({ pattern: '^[1-9][0-9]{0,11}$' });
/** Zero closes a partly captured payment. */
const amountOrZero = Type.String({ pattern: '^(0|[1-9][0-9]{0,11})$' });
const integer = Type.String({ pattern: '^[0-9]{1,12}$' });
const flag = Type.Union([Type.Literal('true'), Type.Literal('false')]);
const optional = Type.Optional;
/** 50 keys of 40 characters with values of 500, as reported second hand. */
const metadata = Type.Record(
  Type.String({ pattern: '^[^\\[\\]]{1,40}$' }),
  Type.String({ maxLength: 500 }),
  { maxProperties: 50, additionalProperties: false },
);
const expand = Type.Array(text);
const exact = { additionalProperties: false } as const;

const futureUsage = Type.Union([Type.Literal('on_session'), Type.Literal('off_session')]);
const requested = Type.Union([Type.Literal('if_available'), Type.Literal('never')]);
const paymentMethodOptions = Type.Object(
  {
    card: optional(
      Type.Object(
        {
          request_multicapture: optional(requested),
          request_incremental_authorization: optional(requested),
        },
        exact,
      ),
    ),
  },
  exact,
);

export const createIntentParams = Compile(
  Type.Object(
    {
      amount,
      currency: Type.String({ pattern: '^[a-zA-Z]{3}$' }),
      capture_method: optional(
        Type.Union([
          Type.Literal('automatic'),
          Type.Literal('automatic_async'),
          Type.Literal('manual'),
        ]),
      ),
      confirm: optional(flag),
      payment_method: optional(id),
      payment_method_types: optional(Type.Array(text)),
      payment_method_options: optional(paymentMethodOptions),
      automatic_payment_methods: optional(
        Type.Object({ enabled: flag, allow_redirects: optional(text) }, exact),
      ),
      customer: optional(id),
      description: optional(text),
      metadata: optional(metadata),
      return_url: optional(text),
      off_session: optional(flag),
      setup_future_usage: optional(futureUsage),
      transfer_data: optional(Type.Object({ destination: id, amount: optional(amount) }, exact)),
      transfer_group: optional(id),
      expand: optional(expand),
    },
    exact,
  ),
);

export const confirmParams = Compile(
  Type.Object(
    {
      payment_method: optional(id),
      return_url: optional(text),
      off_session: optional(flag),
      expand: optional(expand),
    },
    exact,
  ),
);

export const captureParams = Compile(
  Type.Object(
    {
      amount_to_capture: optional(amountOrZero),
      final_capture: optional(flag),
      metadata: optional(metadata),
      expand: optional(expand),
    },
    exact,
  ),
);

export const incrementParams = Compile(
  Type.Object(
    {
      amount,
      description: optional(text),
      metadata: optional(metadata),
      expand: optional(expand),
    },
    exact,
  ),
);

export const cancelParams = Compile(
  Type.Object(
    {
      cancellation_reason: optional(
        Type.Union([
          Type.Literal('abandoned'),
          Type.Literal('duplicate'),
          Type.Literal('fraudulent'),
          Type.Literal('requested_by_customer'),
        ]),
      ),
      expand: optional(expand),
    },
    exact,
  ),
);

export const refundParams = Compile(
  Type.Object(
    {
      charge: optional(id),
      payment_intent: optional(id),
      amount: optional(amount),
      reason: optional(
        Type.Union([
          Type.Literal('duplicate'),
          Type.Literal('fraudulent'),
          Type.Literal('requested_by_customer'),
        ]),
      ),
      metadata: optional(metadata),
      reverse_transfer: optional(flag),
      expand: optional(expand),
    },
    exact,
  ),
);

export const transferParams = Compile(
  Type.Object(
    {
      amount,
      currency: Type.String({ pattern: '^[a-zA-Z]{3}$' }),
      destination: id,
      description: optional(text),
      metadata: optional(metadata),
      source_transaction: optional(id),
      transfer_group: optional(id),
      expand: optional(expand),
    },
    exact,
  ),
);

export const reversalParams = Compile(
  Type.Object(
    {
      amount: optional(amount),
      description: optional(text),
      metadata: optional(metadata),
      expand: optional(expand),
    },
    exact,
  ),
);

const evidenceText = Type.String({ maxLength: 150_000 });
const evidence = Type.Object(
  {
    ...(Object.fromEntries(EVIDENCE.map((field) => [field, optional(evidenceText)])) as Record<
      EvidenceField,
      Type.TOptional<Type.TString>
    >),
    appeal: optional(
      Type.Object(
        {
          card: optional(
            Type.Object(
              {
                reason_for_filing: optional(evidenceText),
                supporting_files: optional(Type.Array(id)),
              },
              exact,
            ),
          ),
        },
        exact,
      ),
    ),
  },
  exact,
);

export const disputeParams = Compile(
  Type.Object(
    {
      evidence: optional(evidence),
      submit: optional(flag),
      metadata: optional(metadata),
      expand: optional(expand),
    },
    exact,
  ),
);

/** Of calls that take nothing but the object in their path. */
export const bareParams = Compile(Type.Object({ expand: optional(expand) }, exact));

export const reportRunParams = Compile(
  Type.Object(
    {
      report_type: text,
      parameters: Type.Object(
        {
          interval_start: integer,
          interval_end: integer,
          currency: optional(text),
          columns: optional(Type.Array(text)),
          timezone: optional(text),
          reporting_category: optional(text),
        },
        exact,
      ),
      expand: optional(expand),
    },
    exact,
  ),
);

const range = Type.Union([
  integer,
  Type.Object(
    {
      gt: optional(integer),
      gte: optional(integer),
      lt: optional(integer),
      lte: optional(integer),
    },
    exact,
  ),
]);
export type Range = Static<typeof range>;

export const listParams = Compile(
  Type.Object(
    {
      created: optional(range),
      arrival_date: optional(range),
      limit: optional(Type.String({ pattern: '^([1-9][0-9]?|100)$' })),
      starting_after: optional(id),
      ending_before: optional(id),
      customer: optional(id),
      charge: optional(id),
      payment_intent: optional(id),
      payout: optional(id),
      transfer_group: optional(id),
      destination: optional(id),
      source: optional(id),
      currency: optional(text),
      status: optional(text),
      type: optional(text),
      types: optional(Type.Array(text)),
      delivery_success: optional(flag),
      expand: optional(expand),
    },
    exact,
  ),
);

export const searchParams = Compile(
  Type.Object(
    {
      query: text,
      limit: optional(Type.String({ pattern: '^([1-9][0-9]?|100)$' })),
      page: optional(text),
      expand: optional(expand),
    },
    exact,
  ),
);

/** Checks parameters before anything begins: what fails here is not stored under the idempotency key. */
export function checked<T>(
  validator: {
    Check(value: unknown): value is T;
    Errors(value: unknown): TLocalizedValidationError[];
  },
  params: unknown,
): T {
  if (validator.Check(params)) return params;
  const faults = validator.Errors(params);
  // An unknown parameter is reported twice: by its own path, and by the object that does not have it.
  throw parameterError(faults.find(({ keyword }) => keyword !== 'boolean') ?? faults[0]);
}

function parameterError(fault: TLocalizedValidationError | undefined): ApiError {
  if (fault === undefined) return invalidParameter('', 'Invalid request.');
  const path = bracketed(fault.instancePath);
  const under = (name: string): string => (path === '' ? name : `${path}[${name}]`);
  if (fault.keyword === 'additionalProperties') {
    const param = under(fault.params.additionalProperties[0] ?? '');
    return invalidParameter(param, `Received unknown parameter: ${param}`, 'parameter_unknown');
  }
  if (fault.keyword === 'required') {
    const param = under(fault.params.requiredProperties[0] ?? '');
    return invalidParameter(param, `Missing required param: ${param}.`, 'parameter_missing');
  }
  return invalidParameter(path, `Invalid ${path}: ${fault.message}`, 'parameter_invalid');
}

/** `/parameters/columns/0` → `parameters[columns][0]`. */
function bracketed(pointer: string): string {
  const [first = '', ...rest] = pointer.split('/').slice(1);
  return first + rest.map((part) => `[${part}]`).join('');
}

/** A token that doesn't exist is refused like one of another account. */
export function requireToken(paymentMethod: string | undefined): void {
  if (paymentMethod === undefined || TOKENS.includes(paymentMethod)) return;
  throw invalidParameter(
    'payment_method',
    `No such PaymentMethod: '${paymentMethod}'`,
    'resource_missing',
  );
}
