import type { Storefronts } from '../ingest/order-messages.js';

/** One storefront with one account. */
export const STOREFRONTS: Storefronts = {
  mode: 'test',
  list: [{ storefront: 'shop', topic: 'storefront.orders.v1', account: 'stripe-main' }],
  gateways: new Map([['stripe-main', 'stripe']]),
};
