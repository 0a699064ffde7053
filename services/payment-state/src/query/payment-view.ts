import type { PaymentState } from '@paylog/contracts';
import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { LABELS } from '@paylog/payment-domain';
import { forShopper, sharesIn, type ShareView } from './shares.js';

const MINOR = 'Minor units as a decimal string';

@ApiSchema({ name: 'Sums' })
class SumsView {
  @ApiProperty({ description: MINOR, example: '1000' })
  authorized!: string;
  @ApiProperty({ description: `${MINOR}; what was reversed is taken off`, example: '1000' })
  captured!: string;
  @ApiProperty({ description: MINOR, example: '0' })
  refunded!: string;
  @ApiProperty({ description: `${MINOR}: released uncaptured`, example: '0' })
  voided!: string;
  @ApiPropertyOptional({ description: `${MINOR}: taken by disputes, may come back; absent: none` })
  disputed?: string;
  @ApiPropertyOptional({ description: `${MINOR}: lost to disputes; absent: none` })
  chargedBack?: string;
  @ApiPropertyOptional({ description: `${MINOR}; absent: none` })
  disputeFees?: string;
}

@ApiSchema({ name: 'Order' })
class OrderView {
  @ApiProperty({ example: 'shop' })
  storefront!: string;
  @ApiProperty({ example: 'order-17' })
  orderId!: string;
  @ApiProperty({ description: 'From 1', example: 1 })
  attempt!: number;
  @ApiProperty({ example: { minor: '1000', currency: 'EUR' } })
  amount!: { minor: string; currency: string };
}

const SIGNED = `${MINOR}, with a sign where it is below zero`;

@ApiSchema({ name: 'Share' })
class ShareDocument implements ShareView {
  @ApiProperty({ enum: ['participant', 'platform_fee', 'storefront'] })
  by!: ShareView['by'];
  @ApiPropertyOptional({ example: 'seller-7' })
  participant?: string;
  @ApiProperty({ description: `${MINOR}: of what was captured`, example: '7200' })
  captured!: string;
  @ApiProperty({ description: `${MINOR}: of what was refunded`, example: '720' })
  refunded!: string;
  @ApiProperty({ description: `${MINOR}: of what disputes took for good`, example: '0' })
  chargedBack!: string;
  @ApiProperty({ description: `${MINOR}: held by disputes, not passed on yet`, example: '0' })
  disputed!: string;
  @ApiProperty({ description: `${SIGNED}: captured less what went back`, example: '6480' })
  net!: string;
  @ApiProperty({ description: `${SIGNED}: passed on less what was taken back`, example: '7200' })
  paidOut!: string;
  @ApiProperty({ description: `${SIGNED}: net less what was paid out`, example: '-720' })
  owed!: string;
}

/** What `GET /v1/payments/{id}` answers: the present state, as `payments.events.v1` carries it. For /docs. */
@ApiSchema({ name: 'Payment' })
export class PaymentDocument {
  @ApiProperty({ example: 'pay3kq7dm2vohw5zn6tqx4ub7yeyr' })
  paymentId!: string;
  @ApiProperty({ description: 'Number of events so far; 0 while nothing is known', example: 5 })
  version!: number;
  @ApiPropertyOptional({ type: OrderView, description: 'Absent until the terms are known' })
  order?: OrderView;
  @ApiPropertyOptional({ description: 'Of all amounts, ISO 4217', example: 'EUR' })
  currency?: string;
  @ApiProperty({ type: SumsView })
  amounts!: SumsView;
  @ApiProperty({ enum: LABELS, description: 'Derived; it may go back', example: 'captured' })
  label!: string;
  @ApiProperty({ description: 'Nothing is open or due. Cancel an order on `failed` and `final`' })
  final!: boolean;
  @ApiProperty({ description: 'A message about it is parked: nothing irreversible may happen' })
  held!: boolean;
  @ApiProperty({ description: "The attempt can't be paid any more" })
  closed!: boolean;
  @ApiProperty({
    type: [String],
    description: 'Operations whose outcome the gateway must be asked',
  })
  unresolved!: string[];
  @ApiProperty({
    type: [Object],
    description: 'Each with id, kind, status, amounts, aliases at the gateway',
  })
  operations!: object[];
  @ApiPropertyOptional({
    type: [ShareDocument],
    description: 'Of a split payment; for API keys only, not for a shopper’s read token',
  })
  shares?: ShareView[];
  @ApiPropertyOptional({
    type: [Object],
    description:
      'Cases: stage, outcome, amount, reason, `respondBy`, and what each withdrew, reinstated and cost',
  })
  disputes?: object[];
  @ApiPropertyOptional({
    type: Object,
    description: 'Of the case that needs somebody most',
    example: { stage: 'chargeback', outcome: 'opened' },
  })
  disputeStatus?: object;
  @ApiPropertyOptional({ type: Object, description: 'Of one that was found at a gateway: where' })
  origin?: object;
  @ApiPropertyOptional({
    type: [Object],
    description: 'Found payments that an operator gave to an order: which, into which, who and why',
  })
  adoptions?: object[];
  @ApiProperty({ type: [Object], description: "What does not fit together, and what it's about" })
  anomalies!: object[];
}

export interface PaymentView extends Omit<PaymentState, 'terms'> {
  readonly paymentId: string;
  readonly version: number;
  readonly order?: NonNullable<PaymentState['terms']>;
  readonly shares?: readonly ShareView[];
}

export function toView(paymentId: string, version: number, state: PaymentState): PaymentView {
  const shares = sharesIn(state);
  return { ...viewOf(paymentId, version, state), ...(shares && { shares }) };
}

/** Without what is between the storefront and those who share in the payment. */
export function toShoppersView(
  paymentId: string,
  version: number,
  state: PaymentState,
): PaymentView {
  return viewOf(paymentId, version, forShopper(state));
}

function viewOf(paymentId: string, version: number, state: PaymentState): PaymentView {
  const { terms, ...rest } = state;
  return { paymentId, version, ...(terms && { order: terms }), ...rest };
}

/** A payment whose read token is valid but whose first event has not come yet. */
export function notYetKnown(paymentId: string): PaymentView {
  return {
    paymentId,
    version: 0,
    amounts: { authorized: '0', captured: '0', refunded: '0', voided: '0' },
    otherCurrencies: {},
    label: 'initialized',
    final: false,
    unresolved: [],
    held: false,
    closed: false,
    operations: [],
    anomalies: [],
  };
}
