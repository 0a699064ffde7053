import type Stripe from 'stripe';

export interface ApiErrorFields {
  readonly type: 'card_error' | 'invalid_request_error' | 'api_error' | 'idempotency_error';
  readonly code?: string;
  readonly message: string;
  readonly param?: string;
  readonly decline_code?: string;
  readonly advice_code?: string;
  readonly charge?: string;
  readonly payment_intent?: Stripe.PaymentIntent;
}

/** An answer that is not a success. `stored` under the idempotency key once the endpoint has begun its work. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly fields: ApiErrorFields,
    readonly stored: boolean,
  ) {
    super(fields.message);
  }
}

/** The parameters are wrong: nothing began, nothing is stored. */
export function invalidParameter(param: string, message: string, code?: string): ApiError {
  return new ApiError(
    400,
    { type: 'invalid_request_error', message, param, ...(code === undefined ? {} : { code }) },
    false,
  );
}

/** The parameters are fine, the object's state is not. */
export function refusedByState(
  code: string,
  message: string,
  more: Partial<ApiErrorFields> = {},
): ApiError {
  return new ApiError(400, { type: 'invalid_request_error', code, message, ...more }, true);
}

export function missing(what: string, id: string, param = 'id'): ApiError {
  return new ApiError(
    404,
    {
      type: 'invalid_request_error',
      code: 'resource_missing',
      message: `No such ${what}: '${id}'`,
      param,
    },
    false,
  );
}
