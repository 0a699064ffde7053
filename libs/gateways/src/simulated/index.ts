import type { GatewayName } from '../accounts.js';
import { ADYEN_EVENTS } from './adyen.js';
import { GOCARDLESS_EVENTS } from './gocardless.js';
import { PAYPAL_EVENTS } from './paypal.js';
import { STRIPE_EVENTS } from './stripe.js';

export { adyenItem, adyenWebhook } from './adyen.js';
export type { AdyenFields, AdyenSigner } from './adyen.js';
export { createAuthority, issue } from './authority.js';
export type { Authority, CertificateOptions, Issued } from './authority.js';
export { authorityAt, hostCertificate } from './certificate-host.js';
export type { CertificateHost } from './certificate-host.js';
export { gocardlessEvent, gocardlessWebhook } from './gocardless.js';
export { simulatedId } from './happening.js';
export type { Happening, SimulatedWebhook } from './happening.js';
export { paypalEvent, paypalWebhook } from './paypal.js';
export type { PayPalSigner } from './paypal.js';
export { stripeEvent, stripeWebhook } from './stripe.js';

/** What each gateway can be made to tell. */
export const SIMULATED_EVENTS: Readonly<Record<GatewayName, readonly string[]>> = {
  stripe: STRIPE_EVENTS,
  adyen: ADYEN_EVENTS,
  paypal: PAYPAL_EVENTS,
  gocardless: GOCARDLESS_EVENTS,
};
