import type { SecretName } from './configuration.js';

/** A process of the system: its own database, if it has one, and the secrets it may see. */
interface ServiceEntry {
  readonly database?: string;
  readonly secrets: readonly SecretName[];
  readonly readyPath: string;
}

const table = {
  'sandbox-gateway': { secrets: [], readyPath: '/sandbox/health' },
  intent: {
    database: 'paylog_intent',
    secrets: ['READ_TOKEN_PRIVATE_KEY', 'READ_TOKEN_PUBLIC_KEY', 'STRIPE_MAIN_API_KEY'],
    readyPath: '/health/ready',
  },
  'webhook-ingest': {
    database: 'paylog_webhook_ingest',
    secrets: [
      'STRIPE_MAIN_WEBHOOK_SECRET',
      'ADYEN_MAIN_HMAC_KEY',
      'PAYPAL_MAIN_WEBHOOK_ID',
      'GOCARDLESS_MAIN_WEBHOOK_SECRET',
    ],
    readyPath: '/health/ready',
  },
  'payment-state': {
    database: 'paylog_payment_state',
    secrets: ['READ_TOKEN_PUBLIC_KEY'],
    readyPath: '/health/ready',
  },
  fulfillment: { database: 'paylog_fulfillment', secrets: [], readyPath: '/health/ready' },
  reconciliation: {
    database: 'paylog_reconciliation',
    secrets: ['RECONCILIATION_SIGNING_KEY', 'STRIPE_MAIN_API_KEY'],
    readyPath: '/health/ready',
  },
} as const satisfies Record<string, ServiceEntry>;

export type ServiceName = keyof typeof table;

/** The services that keep something. */
export type StatefulService = Exclude<ServiceName, 'sandbox-gateway'>;

/** Every process of the system, the gateway first: the others call it. */
export const SERVICES: Readonly<Record<ServiceName, ServiceEntry>> = table;

export const SERVICE_NAMES = Object.keys(table) as ServiceName[];

export const STATEFUL_SERVICES = SERVICE_NAMES.filter(
  (name): name is StatefulService => SERVICES[name].database !== undefined,
);

/** The role a service works as: it sees its own database only. */
export function roleOf(service: StatefulService): string {
  return `paylog_${service.replaceAll('-', '_')}`;
}
